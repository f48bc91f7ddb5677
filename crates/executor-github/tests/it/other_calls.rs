//! Every call that changes something is made in the same way: as it was checked, and not if the world is otherwise.

use axtary_actionpass::{Action, Actor, Cause, Effect, Guard, Intent, Outcome, testing};
use axtary_adapter_github::{
    BranchState, Caller, CheckRuns, CommitId, Evidence, PullRequestState, RepositoryState,
    RestRequest, normalize_request,
};
use axtary_executor_github::{ExecuteError, Report};
use axtary_github_server::{CheckRun, CommitStatus, Mishap};
use serde_json::{Value, json};

use crate::{
    kit::{Scene, branch, name, pushed_to},
    third_parties::fits_the_description,
};

/// A gate that permits every tool but one, with the checks that it is given.
struct Gate {
    scene: Scene,
    guard: Guard,
}

impl Gate {
    fn new() -> Self {
        let scene = Scene::new();
        let policy = testing::policy(|action: &Action| {
            let unknown = !action.tool().as_str().starts_with("github.")
                || action.tool().as_str() == "github.unknown";
            let constraints = constraints(action);
            let (effect, cause) = if unknown {
                (Effect::Deny, Cause::NoPermit)
            } else {
                (Effect::Permit, Cause::Permitted)
            };
            Ok(testing::answer(effect, cause).with_constraints(constraints))
        });
        let guard = scene.guard_of(policy);
        Self { scene, guard }
    }

    /// The evidence as a gate has it that looks into the repository itself.
    fn evidence(&self, passed: bool) -> Evidence {
        let mut world = self.scene.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        let commit =
            |name: &str| CommitId::new(&repository.branch(name).unwrap().to_string()).unwrap();
        let mut state = RepositoryState::new(name(), branch("main")).unwrap();
        for name in ["main", "fix"] {
            let protected = repository.protected.contains(name);
            state = state.with_branch(branch(name), BranchState { sha: commit(name), protected });
        }
        for (base, head) in [("main", "fix"), ("fix", "main")] {
            let set = axtary_adapter_github::ChangeSet::between(
                &repository.git,
                &branch(base),
                &branch(head),
            );
            state = state.with_changes(set.unwrap());
        }
        let pull = PullRequestState {
            base: branch("main"),
            base_sha: commit("main"),
            head_repository: name(),
            head: branch("fix"),
            head_sha: commit("fix"),
            signed_commits: false,
        };
        let runs = if passed {
            vec![axtary_adapter_github::CheckRun {
                name: "test".to_owned(),
                app_id: 15_368,
                head_sha: commit("fix"),
                conclusion: Some(axtary_adapter_github::Conclusion::Success),
            }]
        } else {
            Vec::new()
        };
        let checks = CheckRuns::new(commit("fix"), [15_368], runs);
        Evidence::new().with_repository(state.with_pull_request(1, pull).with_checks(checks))
    }

    /// The action of a request, and its pass.
    fn permitted(&self, method: &str, path: &str, body: &Value) -> (Action, String) {
        self.permitted_query(method, path, "", body)
    }

    fn permitted_query(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: &Value,
    ) -> (Action, String) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = format!("/repos/company/web-app{path}");
        let request = RestRequest { method, path: &path, query, body: &body, headers: &[] };
        let caller = Caller {
            actor: Actor::new("codex".parse().unwrap(), "alice@example.com".parse().unwrap()),
            intent: Intent::new("work").unwrap(),
            audience: "github-executor".parse().unwrap(),
        };
        let action = normalize_request(&request, &self.evidence(true), &caller).unwrap().remove(0);
        let token = self.guard.check(&action).unwrap().token().to_owned();
        (action, token)
    }

    fn execute(&self, method: &str, path: &str, body: &Value) -> Result<Report, ExecuteError> {
        let (action, token) = self.permitted(method, path, body);
        self.scene.execute(&action, &token)
    }

    /// Makes a call, and sees what was sent and what was observed.
    fn makes(&self, method: &str, path: &str, body: &Value, observed: &str, status: u32) {
        let report = self.execute(method, path, body).unwrap();
        assert_eq!(report.outcome(), Outcome::Executed, "{path}: {:?}", report.error());
        assert!(report.observed().get(observed).is_some(), "{path}: {:?}", report.observed());
        assert_eq!(report.observed().get("status"), Some(&status.into()), "{path}");
        let sent = self.scene.exchanges().last().unwrap().request.clone();
        assert_eq!((sent.method.as_str(), &sent.body), (method, body), "{path}");
        assert_eq!(sent.target, format!("/repos/company/web-app{path}"));
    }

    fn tip(&self, name: &str) -> String {
        let mut world = self.scene.server.world();
        world.repository("company", "web-app").unwrap().branch(name).unwrap().to_string()
    }

    /// Opens a pull request, and has its head checked.
    fn open_pull_request(&self) {
        let report = self.execute(
            "POST",
            "/pulls",
            &json!({ "title": "Fix", "head": "fix", "base": "main" }),
        );
        assert_eq!(report.unwrap().outcome(), Outcome::Executed);
        let head = self.tip("fix");
        let mut world = self.scene.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        repository.checks.push(CheckRun::completed(&head, "test", 15_368, "success"));
    }
}

/// A merge needs tests that passed.
fn constraints(action: &Action) -> axtary_actionpass::Constraints {
    let mut constraints = axtary_actionpass::Object::new();
    if action.tool().as_str() == "github.pull_requests.merge" {
        constraints.insert("tests_passed", true);
    }
    axtary_adapter_github::vocabulary().read(&constraints).unwrap()
}

#[test]
fn files_branches_comments_and_merges_are_made_as_they_were_checked() {
    let gate = Gate::new();
    gate.open_pull_request();
    let fix = gate.tip("fix");
    let write = json!({ "message": "Write", "content": "aGVsbG8K", "branch": "fix" });
    let review = json!({ "event": "COMMENT", "body": "Hm.", "commit_id": fix });
    let new = json!({ "ref": "refs/heads/new", "sha": fix });
    gate.makes("POST", "/issues/1/comments", &json!({ "body": "Done." }), "id", 201);
    gate.makes("POST", "/git/refs", &new, "object_sha", 201);
    gate.makes("POST", "/pulls/1/reviews", &review, "id", 200);
    gate.makes("PATCH", "/pulls/1", &json!({ "title": "Better" }), "number", 200);
    let reviewers = json!({ "reviewers": ["bob"] });
    gate.makes("POST", "/pulls/1/requested_reviewers", &reviewers, "number", 201);
    gate.makes("PUT", "/pulls/1/merge", &json!({ "sha": fix }), "sha", 200);
    gate.makes("PUT", "/contents/docs/a%20b.md", &write, "commit_sha", 201);
    let back = json!({ "sha": gate.tip("main"), "force": true });
    gate.makes("PATCH", "/git/refs/heads/fix", &back, "ref", 200);
    gate.makes("DELETE", "/git/refs/heads/fix", &json!(null), "status", 204);
    fits_the_description(&gate.scene.server, "calls");
}

#[test]
fn an_agent_without_a_token_reads_with_a_pass() {
    let gate = Gate::new();
    gate.open_pull_request();
    let read = |target: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (action, token) = gate.permitted_query("GET", path, query, &json!(null));
        gate.scene.inject("GET", "/pulls", Mishap::bad_gateway());
        gate.scene.execute(&action, &token).unwrap()
    };
    let report = read("/pulls?head=company%3Afix&state=open");
    assert_eq!(report.outcome(), Outcome::Executed, "{:?}", report.error());
    assert_eq!(report.answer().unwrap().as_array().unwrap().len(), 1);
    assert_eq!(report.observed().len(), 1, "the ledger keeps the status: {:?}", report.observed());
    let report = read("/contents/src/login.rs?ref=fix");
    assert!(report.answer().unwrap().as_object().unwrap().get("content").is_some());
    let report = read("/contents/nothing");
    assert_eq!(report.outcome(), Outcome::Failed);
    assert!(report.answer().is_none());
}

#[test]
fn a_merge_names_the_commit_so_that_github_itself_refuses_a_head_that_moved() {
    let gate = Gate::new();
    gate.open_pull_request();
    let (action, token) =
        gate.permitted("PUT", "/pulls/1/merge", &json!({ "sha": gate.tip("fix") }));
    gate.scene.inject("PUT", "/merge", pushed_to("fix"));
    let report = gate.scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Failed);
    let error = report.error().unwrap().to_string();
    assert!(error.contains("409: Head branch was modified"), "{error}");
}

#[test]
fn what_moves_while_the_call_is_looked_at_is_a_refusal() {
    let gate = Gate::new();
    gate.open_pull_request();
    let (action, token) =
        gate.permitted("PUT", "/pulls/1/merge", &json!({ "sha": gate.tip("fix") }));
    // After the pull request was read, and before it is read once more.
    gate.scene.inject("GET", "/statuses", pushed_to("main"));
    let error = gate.scene.execute(&action, &token).unwrap_err();
    assert_eq!(error.code(), "execute.moved", "{error}");
}

#[test]
fn a_merge_needs_checks_that_passed_on_exactly_this_commit_from_an_app_that_is_named() {
    let head = "the head";
    let run = |app: u64, conclusion: &str| CheckRun::completed(head, "test", app, conclusion);
    let status = |creator: &str, state: &str| CommitStatus {
        sha: head.to_owned(),
        context: "ci".to_owned(),
        state: state.to_owned(),
        creator: creator.to_owned(),
    };
    let queued =
        CheckRun { status: "queued".to_owned(), conclusion: None, ..run(15_368, "success") };
    let many = (0..120).map(|n| CheckRun { name: format!("test {n}"), ..run(15_368, "success") });
    let one_bad =
        many.clone().chain([CheckRun { name: "last".to_owned(), ..run(15_368, "failure") }]);
    let cases: Vec<(&str, Vec<CheckRun>, Vec<CommitStatus>, bool)> = vec![
        ("nothing", vec![], vec![], false),
        ("success", vec![run(15_368, "success")], vec![], true),
        ("another app", vec![run(7, "success")], vec![], false),
        ("neutral", vec![run(15_368, "neutral")], vec![], false),
        ("skipped", vec![run(15_368, "skipped")], vec![], false),
        ("stale", vec![run(15_368, "stale")], vec![], false),
        ("unheard of", vec![run(15_368, "splendid")], vec![], false),
        ("queued", vec![queued], vec![], false),
        ("run again", vec![run(15_368, "failure"), run(15_368, "success")], vec![], true),
        ("several pages", many.collect(), vec![], true),
        ("one failure on page two", one_bad.collect(), vec![], false),
        (
            "another commit",
            vec![CheckRun { head_sha: "main".to_owned(), ..run(15_368, "success") }],
            vec![],
            false,
        ),
        ("status of the app", vec![], vec![status("app-15368[bot]", "success")], true),
        ("status of a person", vec![], vec![status("mallory", "success")], false),
        ("status of another app", vec![], vec![status("app-7[bot]", "success")], false),
        (
            "pending status",
            vec![run(15_368, "success")],
            vec![status("app-15368[bot]", "pending")],
            false,
        ),
        (
            "failed status",
            vec![run(15_368, "success")],
            vec![status("app-15368[bot]", "error")],
            false,
        ),
        (
            "later status",
            vec![],
            vec![status("app-15368[bot]", "failure"), status("app-15368[bot]", "success")],
            true,
        ),
    ];
    for (what, checks, statuses, passes) in cases {
        let gate = Gate::new();
        gate.open_pull_request();
        let (fix, main) = (gate.tip("fix"), gate.tip("main"));
        {
            let mut world = gate.scene.server.world();
            let repository = world.repository("company", "web-app").unwrap();
            let at = |sha: &str| if sha == head { fix.clone() } else { main.clone() };
            repository.checks =
                checks.into_iter().map(|c| CheckRun { head_sha: at(&c.head_sha), ..c }).collect();
            repository.statuses =
                statuses.into_iter().map(|s| CommitStatus { sha: at(&s.sha), ..s }).collect();
        }
        match gate.execute("PUT", "/pulls/1/merge", &json!({ "sha": fix })) {
            Ok(report) => assert!(passes && report.outcome() == Outcome::Executed, "{what}"),
            Err(error) => {
                assert!(!passes && error.code() == "constraint_violated", "{what}: {error}")
            }
        }
    }
}

#[test]
fn a_list_of_checks_that_is_not_whole_is_refused() {
    let gate = Gate::new();
    gate.open_pull_request();
    for answer in [
        json!({ "total_count": 2, "check_runs": [] }),
        json!({ "check_runs": [] }),
        json!({}),
        json!([]),
    ] {
        gate.scene.inject("GET", "/check-runs", Mishap::instead(200, &[], answer));
        let error =
            gate.execute("PUT", "/pulls/1/merge", &json!({ "sha": gate.tip("fix") })).unwrap_err();
        assert_eq!(error.code(), "github_api.form", "{error}");
    }
}

#[test]
fn a_branch_is_protected_by_a_rule_of_its_own_or_by_a_ruleset() {
    for ruleset in [false, true] {
        let gate = Gate::new();
        let (action, token) = gate.permitted("DELETE", "/git/refs/heads/fix", &json!(null));
        {
            let mut world = gate.scene.server.world();
            let repository = world.repository("company", "web-app").unwrap();
            let protected = if ruleset { &mut repository.ruled } else { &mut repository.protected };
            protected.insert("fix".to_owned());
        }
        let report = gate.scene.execute(&action, &token);
        // Nothing in the pass forbids it; but the fact is read as it is.
        assert!(report.is_ok());
        let asked = gate.scene.exchanges();
        assert!(asked.iter().any(|e| e.request.target.contains("/rules/branches/fix")));
    }
}

#[test]
fn a_tag_is_followed_to_its_commit() {
    let gate = Gate::new();
    {
        let mut world = gate.scene.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        let main = repository.git.find_object(repository.branch("main").unwrap(), None).unwrap();
        let tagger = git2::Signature::new("A", "a@example.com", &git2::Time::new(0, 0)).unwrap();
        repository.git.tag("v1", &main, &tagger, "one", false).unwrap();
    }
    let tag = axtary_adapter_github::BranchName::new("v1").unwrap();
    let commit = CommitId::new(&gate.tip("main")).unwrap();
    let state = RepositoryState::new(name(), branch("main")).unwrap().with_tag(tag, commit);
    let evidence = Evidence::new().with_repository(state);
    let request = RestRequest {
        method: "DELETE",
        path: "/repos/company/web-app/git/refs/tags/v1",
        ..RestRequest::default()
    };
    let caller = Caller {
        actor: Actor::new("codex".parse().unwrap(), "alice@example.com".parse().unwrap()),
        intent: Intent::new("work").unwrap(),
        audience: "github-executor".parse().unwrap(),
    };
    let action = normalize_request(&request, &evidence, &caller).unwrap().remove(0);
    let token = gate.guard.check(&action).unwrap().token().to_owned();
    let report = gate.scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Executed);
    let another = gate.guard.check(&action).unwrap();
    let error = gate.scene.execute(&action, another.token()).unwrap_err();
    assert_eq!(error.code(), "execute.gone");
}
