//! A repository on a GitHub of our own, a gate, and an executor.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axtary_actionpass::{
    Action, Actor, Appended, Bindings, Cause, Effect, Facts, FixedClock, Guard, Intent, Json,
    KeySet, Ledger, LedgerError, MemoryStore, Object, Payload, PolicyEngine, Record, SigningKey,
    Timestamp, Verifier, testing,
};
use axtary_adapter_github::{BranchName, PullRequest, RepositoryName, normalize, vocabulary};
use axtary_executor_github::{ApiUrl, Client, ExecuteError, GitHubExecutor, Report, Secret};
use axtary_github_server::{Exchange, Fault, GitHubServer, Mishap, NOW};

pub(crate) const TOKEN: &str = "ghp_0123456789abcdefSECRET";

pub(crate) struct Scene {
    pub(crate) server: GitHubServer,
    pub(crate) clock: FixedClock,
    pub(crate) ledger: Arc<testing::MemoryLedger>,
    pub(crate) guard: Guard,
    pub(crate) executor: GitHubExecutor,
    /// What was waited, in order.
    pub(crate) waits: Arc<Mutex<Vec<Duration>>>,
}

impl Scene {
    /// `main`, and `fix` one commit ahead; a gate that binds every pass to three changed files and none below `.github`.
    pub(crate) fn new() -> Self {
        Self::with_client(|url| Client::with_token(url, Secret::new(TOKEN)).unwrap())
    }

    /// The same with a client that does not wait long for what will not come.
    pub(crate) fn impatient() -> Self {
        Self::with_client(|url| {
            let client = Client::with_token(url, Secret::new(TOKEN)).unwrap();
            client.with_timeout(Duration::from_secs(1))
        })
    }

    pub(crate) fn with_client(client: impl FnOnce(ApiUrl) -> Client) -> Self {
        let server = GitHubServer::start().unwrap();
        {
            let mut world = server.world();
            world.grant_token(TOKEN);
            let repository = world.create_repository("company", "web-app").unwrap();
            let before = [("README.md", "Hello\n"), ("src/login.rs", "fn login() {}\n")];
            let after = [("README.md", "Hello\n"), ("src/login.rs", "fn login() { go() }\n")];
            let main = repository.commit("main", &before, &[]).unwrap();
            repository.commit("fix", &after, &[main]).unwrap();
        }
        let clock = FixedClock::new(Timestamp::from_seconds(NOW).unwrap());
        let waits = Arc::new(Mutex::new(Vec::new()));
        let client = client(ApiUrl::new(server.url()).unwrap()).with_clock(clock.clone(), {
            let (clock, waits) = (clock.clone(), Arc::clone(&waits));
            move |wait| {
                clock.advance(wait);
                waits.lock().unwrap().push(wait);
            }
        });
        let key = SigningKey::from_seed(&[7; 32]);
        let issuer = || "https://gate.example".parse().unwrap();
        let keys = KeySet::new().trust(issuer(), key.verifying_key()).unwrap();
        let verifier =
            Verifier::new(keys, "github-executor".parse().unwrap(), MemoryStore::default())
                .unwrap()
                .with_vocabulary(vocabulary())
                .with_clock(clock.clone());
        let ledger = Arc::new(testing::MemoryLedger::new());
        let policy = testing::policy(|action: &Action| {
            if action.tool().as_str() != "github.pull_requests.create" {
                return Ok(testing::answer(Effect::Deny, Cause::NoPermit));
            }
            let constraints = Object::new()
                .with("blocked_paths", vec![".github/**"])
                .with("max_files_changed", 3);
            let constraints = vocabulary().read(&constraints).unwrap();
            Ok(testing::answer(Effect::Permit, Cause::Permitted).with_constraints(constraints))
        });
        let guard = Guard::new(policy, Shared(Arc::clone(&ledger)), key, issuer())
            .unwrap()
            .with_clock(clock.clone());
        let executor = GitHubExecutor::new(client, verifier).with_check_apps([15_368]);
        Self { server, clock, ledger, guard, executor, waits }
    }

    /// The same with the executor set otherwise.
    pub(crate) fn with_executor(self, set: impl FnOnce(GitHubExecutor) -> GitHubExecutor) -> Self {
        Self { executor: set(self.executor), ..self }
    }

    /// Another gate, whose passes the executor accepts too.
    pub(crate) fn guard_of(&self, policy: impl PolicyEngine + 'static) -> Guard {
        let issuer = "https://gate.example".parse().unwrap();
        let ledger = Shared(Arc::clone(&self.ledger));
        Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer)
            .unwrap()
            .with_clock(self.clock.clone())
    }

    /// The action of opening a pull request from `head`, looked at in the repository itself.
    pub(crate) fn action(&self, head: &str) -> Action {
        let mut world = self.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        let (base, head) = (branch("main"), branch(head));
        let changes =
            axtary_adapter_github::ChangeSet::between(&repository.git, &base, &head).unwrap();
        let call = PullRequest::new(name(), base, head, "Fix login").with_body("Because.");
        let actor = Actor::new("codex".parse().unwrap(), "alice@example.com".parse().unwrap());
        let intent = Intent::new("fix the login").unwrap();
        normalize(&call, &changes, actor, intent, "github-executor".parse().unwrap()).unwrap()
    }

    /// An action and the token of its pass.
    pub(crate) fn permitted(&self) -> (Action, String) {
        let action = self.action("fix");
        let token = self.guard.check(&action).unwrap().token().to_owned();
        (action, token)
    }

    pub(crate) fn execute(&self, action: &Action, token: &str) -> Result<Report, ExecuteError> {
        self.executor.execute(action.tool(), action.payload(), token)
    }

    pub(crate) fn execute_payload(
        &self,
        payload: &Payload,
        token: &str,
    ) -> Result<Report, ExecuteError> {
        self.executor.execute(&"github.pull_requests.create".parse().unwrap(), payload, token)
    }

    /// Commits `files` on top of a branch.
    pub(crate) fn push(&self, branch: &str, files: &[(&str, &str)]) {
        let mut world = self.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        let tip = repository.branch(branch).unwrap();
        repository.commit(branch, files, &[tip]).unwrap();
    }

    pub(crate) fn inject(&self, method: &'static str, path: &str, mishap: Mishap) {
        self.server.world().inject(Fault::at(method, path, mishap));
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.server.world().exchanges().to_vec()
    }

    /// How many requests there were that change something.
    pub(crate) fn writes(&self) -> usize {
        let writes = |exchange: &&Exchange| exchange.request.method != "GET";
        self.exchanges().iter().filter(writes).count()
    }

    /// The last record of the ledger.
    pub(crate) fn last_record(&self) -> Json {
        Json::parse(self.ledger.records().last().unwrap().body()).unwrap()
    }
}

/// A push that comes just before a request is looked at.
pub(crate) fn pushed_to(branch: &'static str) -> Mishap {
    Mishap::Before(Box::new(move |world| {
        let repository = world.repository("company", "web-app").unwrap();
        let tip = repository.branch(branch).unwrap();
        repository.commit(branch, &[("evil", "1")], &[tip]).unwrap();
    }))
}

/// An action with another payload, other facts or other bindings, as if a gate had been led to believe in it.
pub(crate) fn altered(
    action: &Action,
    payload: &Payload,
    facts: &Facts,
    bindings: Bindings,
) -> Action {
    Action::builder(action.actor().clone(), action.tool().clone(), action.resource().clone())
        .intent(action.intent().clone())
        .audience(action.audience().clone())
        .payload(payload.clone())
        .facts(facts.clone())
        .bindings(bindings)
        .build()
        .unwrap()
}

pub(crate) fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

pub(crate) fn name() -> RepositoryName {
    RepositoryName::new("company/web-app").unwrap()
}

/// A ledger that the test can look into.
struct Shared(Arc<testing::MemoryLedger>);

impl Ledger for Shared {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        self.0.append(record)
    }

    fn sync(&self, appended: &Appended) -> Result<(), LedgerError> {
        self.0.sync(appended)
    }
}
