//! A repository as GitHub would have it, in real commits, and what was read of it.

use axtary_actionpass::{Action, Actor, Intent};
use axtary_adapter_github::{
    BranchState, Caller, ChangeSet, CheckRun, CheckRuns, CommitId, Conclusion, Evidence, Node,
    NormalizeError, PullRequestState, RefName, RepositoryName, RepositoryState, RestRequest,
    normalize_request,
};
use git2::Oid;

use crate::kit::{Files, Repo, branch, files};

/// GitHub Actions.
const ACTIONS: u64 = 15_368;

pub(crate) struct World {
    pub(crate) evidence: Evidence,
    /// Names for commits, as cases write them: `$FIX`.
    commits: Vec<(&'static str, CommitId)>,
}

fn with(base: &Files, more: &[(&str, &str)]) -> Files {
    let mut all = base.clone();
    all.extend(files(more));
    all
}

fn id(oid: Oid) -> CommitId {
    CommitId::new(&oid.to_string()).unwrap()
}

impl World {
    /// `company/web-app`: `main`, protected, the default branch; `release`, protected; branches of agents.
    ///
    /// | pull request | from | into | what it is |
    /// |---|---|---|---|
    /// | 7 | `agent/fix` | `main` | small, tested |
    /// | 8 | `main` of `evil/web-app` | `main` | from a fork, its checks skipped |
    /// | 9 | `agent/workflow` | `main` | changes a workflow |
    /// | 10 | `agent/other` | `main` | not signed, no checks |
    pub(crate) fn new() -> Self {
        let repo = Repo::new();
        let start = files(&[("README.md", "a\n"), ("src/lib.rs", "fn a() {}\n")]);
        let main = repo.commit("main", &start, &[]);
        let tested = [("src/lib.rs", "fn b() {}\n"), ("tests/a.rs", "#[test]\nfn a() {}\n")];
        let fix = repo.commit("agent/fix", &with(&start, &tested), &[main]);
        let fork = repo.commit("fork", &with(&start, &[("src/evil.rs", "x\n")]), &[main]);
        let ci = with(&start, &[(".github/workflows/ci.yml", "on: push\n")]);
        let workflow = repo.commit("agent/workflow", &ci, &[main]);
        let other = repo.commit("agent/other", &with(&start, &[("docs/a.md", "x\n")]), &[main]);
        let next = repo.commit("next", &with(&start, &[("docs/b.md", "x\n")]), &[fix]);
        let release = repo.commit("release", &with(&start, &[("VERSION", "1\n")]), &[main]);

        let between = |base: Oid, base_name: &str, head: Oid, head_name: &str| {
            let (base, head) = (id(base), id(head));
            let (base_name, head_name) = (branch(base_name), branch(head_name));
            ChangeSet::between_commits(&repo.git, (&base_name, &base), (&head_name, &head)).unwrap()
        };
        let checks = |head: Oid, conclusion| {
            let run = CheckRun {
                name: "test".into(),
                app_id: ACTIONS,
                head_sha: id(head),
                conclusion: Some(conclusion),
            };
            CheckRuns::new(id(head), [ACTIONS], vec![run])
        };
        let pull = |head: Oid, name: &str| PullRequestState {
            base: branch("main"),
            base_sha: id(main),
            head_repository: web_app(),
            head: branch(name),
            head_sha: id(head),
            signed_commits: true,
        };
        let at = |oid: Oid, protected| BranchState { sha: id(oid), protected };
        let fork_pull = PullRequestState {
            head_repository: RepositoryName::new("evil/web-app").unwrap(),
            ..pull(fork, "main")
        };
        let state = RepositoryState::new(web_app(), branch("main"))
            .unwrap()
            .with_branch(branch("main"), at(main, true))
            .with_branch(branch("release"), at(release, true))
            .with_branch(branch("agent/fix"), at(fix, false))
            .with_branch(branch("agent/other"), at(other, false))
            .with_branch(branch("agent/workflow"), at(workflow, false))
            .with_tag(branch("v1"), id(main))
            .with_pull_request(7, pull(fix, "agent/fix"))
            .with_pull_request(8, fork_pull)
            .with_pull_request(9, pull(workflow, "agent/workflow"))
            .with_pull_request(
                10,
                PullRequestState { signed_commits: false, ..pull(other, "agent/other") },
            )
            .with_changes(between(main, "main", fix, "agent/fix"))
            .with_changes(between(main, "main", fork, "main"))
            .with_changes(between(main, "main", workflow, "agent/workflow"))
            .with_changes(between(main, "main", other, "agent/other"))
            .with_changes(between(release, "release", fix, "agent/fix"))
            .with_changes(between(fix, "agent/fix", main, "main"))
            .with_changes(between(fix, "agent/fix", next, "agent/fix"))
            .with_changes(between(fix, "agent/fix", other, "agent/fix"))
            .with_changes(between(fix, "agent/fix", workflow, "agent/fix"))
            .with_changes(between(release, "release", main, "main"))
            .with_checks(checks(fix, Conclusion::Success))
            .with_checks(checks(fork, Conclusion::Skipped))
            .with_checks(checks(workflow, Conclusion::Success))
            .with_checks(CheckRuns::new(id(other), [ACTIONS], Vec::new()));
        let reference = |name| Node::Ref(web_app(), RefName::new(name).unwrap());
        let evidence = Evidence::new()
            .with_repository(state)
            .with_node("R_web", Node::Repository(web_app()))
            .with_node("PR_7", Node::PullRequest(web_app(), 7))
            .with_node("PR_8", Node::PullRequest(web_app(), 8))
            .with_node("PR_9", Node::PullRequest(web_app(), 9))
            .with_node("I_3", Node::Issue(web_app(), 3))
            .with_node("REF_main", reference("refs/heads/main"))
            .with_node("REF_fix", reference("refs/heads/agent/fix"))
            .with_node("REF_v1", reference("refs/tags/v1"))
            .with_node("U_alice", Node::User("Alice".into()))
            .with_node("T_core", Node::Team("core".into()))
            .with_node("L_bug", Node::Label("bug".into()));
        let commits = vec![
            ("$MAIN", id(main)),
            ("$FIX", id(fix)),
            ("$FORK", id(fork)),
            ("$WORKFLOW", id(workflow)),
            ("$OTHER", id(other)),
            ("$NEXT", id(next)),
            ("$RELEASE", id(release)),
        ];
        Self { evidence, commits }
    }

    /// A text with the commits that it names.
    pub(crate) fn named(&self, text: &str) -> String {
        self.commits
            .iter()
            .fold(text.to_owned(), |text, (name, commit)| text.replace(name, commit.as_str()))
    }

    pub(crate) fn actions(
        &self,
        request: &RestRequest<'_>,
        agent: &str,
    ) -> Result<Vec<Action>, NormalizeError> {
        let caller = Caller {
            actor: Actor::new(agent.parse().unwrap(), "alice@example.com".parse().unwrap()),
            intent: Intent::new("fix").unwrap(),
            audience: "github-executor".parse().unwrap(),
        };
        normalize_request(request, &self.evidence, &caller)
    }

    /// What a request with this body comes to.
    pub(crate) fn rest(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Vec<Action>, NormalizeError> {
        let (path, body) = (self.named(path), self.named(body));
        let request =
            RestRequest { method, path: &path, body: body.as_bytes(), ..RestRequest::default() };
        self.actions(&request, "codex-prod")
    }
}

fn web_app() -> RepositoryName {
    RepositoryName::new("Company/Web-App").unwrap()
}
