//! A coding agent opens a pull request, without a token of its own, on a GitHub that runs in this program.
//!
//!     cargo run --example agent_opens_a_pull_request
//!
//! Its branch changes a workflow beside the fix, and is denied. It moves the fix to a branch of its own, and is permitted: the
//! executor, which alone holds the token, looks at the branches once more and opens the pull request. A push that comes
//! between the decision and the request is refused.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use axtary_actionpass::{
    Action, ActionPass, Actor, Guard, Intent, Issuer, KeySet, MemoryStore, Refusal, SigningKey,
    Verifier,
};
use axtary_adapter_github::{
    BranchName, ChangeSet, PullRequest, RepositoryName, normalize, vocabulary,
};
use axtary_executor_github::{ApiUrl, Client, GitHubExecutor, Secret};
use axtary_github_server::GitHubServer;
use axtary_ledger::{Durability, FileLedger};
use axtary_policy::{NativeEngine, PolicyStack};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RULES: &str = r#"
version: 1
rules:
  - id: fixes-without-workflows
    effect: permit
    agent: codex-prod
    tool: github.pull_requests.create
    resource: repo:company/web-app
    constraints:
      base_branch: main
      blocked_paths: [".github/**"]
      max_files_changed: 12
      requires_tests: true
"#;

/// What the gate and the executor hold, and the agent does not.
const TOKEN: &str = "github_pat_of_the_executor";

fn main() -> Result<()> {
    let server = github()?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::open(&server, &folder.path().join("ledger.jsonl"))?;

    println!("== The agent proposes its branch, with a workflow in it");
    if gate.propose("agent/fix-login-and-ci")?.is_some() {
        return Err("a workflow must not pass".into());
    }

    println!("\n== It moves the fix to a branch of its own");
    push(&server, "agent/fix-login", "main", &[FIX, TEST])?;
    let (action, pass) = gate.propose("agent/fix-login")?.ok_or("the fix is permitted")?;
    gate.execute(&action, &pass)?;

    println!("\n== Another fix is permitted, and pushed to before the request");
    push(&server, "agent/fix-logout", "main", &[FIX, TEST])?;
    let (action, pass) = gate.propose("agent/fix-logout")?.ok_or("the fix is permitted")?;
    push(&server, "agent/fix-logout", "agent/fix-logout", &[FIX, TEST, WORKFLOW])?;
    gate.execute(&action, &pass)
}

/// A gate, and the executor behind it. In earnest they are two programs; only the executor has a token that writes.
struct Gate {
    guard: Guard,
    reader: Client,
    executor: GitHubExecutor,
}

impl Gate {
    fn open(server: &GitHubServer, ledger: &std::path::Path) -> Result<Self> {
        let rules = NativeEngine::from_yaml("rules.yml", RULES, &vocabulary())?;
        let key = SigningKey::generate()?;
        let issuer: Issuer = "https://gate.example".parse()?;
        let keys = KeySet::new().trust(issuer.clone(), key.verifying_key())?;
        let ledger = FileLedger::open(ledger, Durability::Synced)?;
        let guard = Guard::new(PolicyStack::new().with(rules), ledger, key, issuer)?;
        let client = || -> Result<Client> {
            Ok(Client::with_token(ApiUrl::new(server.url())?, Secret::new(TOKEN))?)
        };
        let verifier = Verifier::new(keys, "github-executor".parse()?, MemoryStore::default())?
            .with_vocabulary(vocabulary());
        Ok(Self { guard, reader: client()?, executor: GitHubExecutor::new(client()?, verifier) })
    }

    /// What the agent calls: a branch, and nothing that opens anything.
    fn propose(&self, head: &str) -> Result<Option<(Action, ActionPass)>> {
        let (base, head) = (BranchName::new("main")?, BranchName::new(head)?);
        let repository = RepositoryName::new("company/web-app")?;
        let changes: ChangeSet = self.reader.change_set(&repository, &base, &head)?;
        let call = PullRequest::new(repository, base, head, "Fix the login redirect");
        let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
        let intent = Intent::new("fix the login redirect")?.with_task("AXT-418".parse()?);
        let action = normalize(&call, &changes, actor, intent, "github-executor".parse()?)?;
        match self.guard.check(&action) {
            Ok(pass) => {
                println!("permitted, for exactly the payload {}", pass.claims().payload_hash());
                Ok(Some((action, pass)))
            }
            Err(Refusal::Denied(why)) => {
                for reason in why.reasons() {
                    println!("denied by {reason}");
                }
                Ok(None)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// What the executor does with the action's payload and the pass's token; and what the ledger keeps of it.
    fn execute(&self, action: &Action, pass: &ActionPass) -> Result<()> {
        match self.executor.execute(action.tool(), action.payload(), pass.token()) {
            Ok(report) => {
                let (outcome, observed) = (report.outcome(), report.observed());
                self.guard.record_outcome(pass.id(), outcome, observed)?;
                let number = observed.get("number").ok_or("a pull request has a number")?;
                println!("{outcome}: pull request {number}");
            }
            Err(error) => println!("not sent ({}): {error}", error.code()),
        }
        Ok(())
    }
}

const FIX: (&str, &str) = ("src/login.rs", "fn login() { redirect(); }\n");
const TEST: (&str, &str) = ("tests/login.rs", "fn login_redirects() { check(); }\n");
const WORKFLOW: (&str, &str) = (".github/workflows/ci.yml", "on: push\n");

/// A GitHub with the repository and the agent's first branch.
fn github() -> Result<GitHubServer> {
    let server = GitHubServer::start()?;
    server.world().grant_token(TOKEN);
    let before = [("src/login.rs", "fn login() {}\n"), ("tests/login.rs", "fn login_works() {}\n")];
    server.world().create_repository("company", "web-app")?.commit("main", &before, &[])?;
    push(&server, "agent/fix-login-and-ci", "main", &[FIX, TEST, WORKFLOW])?;
    Ok(server)
}

/// Commits files to a branch, on top of another.
fn push(server: &GitHubServer, branch: &str, onto: &str, files: &[(&str, &str)]) -> Result<()> {
    let mut world = server.world();
    let repository = world.repository("company", "web-app").ok_or("the repository is there")?;
    let parent = repository.branch(onto)?;
    repository.commit(branch, files, &[parent])?;
    Ok(())
}
