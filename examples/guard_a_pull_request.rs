//! The whole story of a gate in front of an agent's pull requests, on a small git repository that it makes.
//!
//!     cargo run --example guard_a_pull_request
//!     cargo run --example guard_a_pull_request -- --repo PATH --base main --head my-branch
//!
//! An agent proposes five branches: one is permitted, three are denied, one needs a human. Then the executor verifies the
//! pass; and at last the ledger is verified, tampered with, and verified again.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, fs, path::Path, time::Duration};

use axtary_actionpass::{
    Action, ActionPass, Actor, Clock as _, Execution, FixedClock, Guard, Intent, Issuer, KeySet,
    MemoryStore, Payload, Refusal, SigningKey, SystemClock, Verifier,
};
use axtary_adapter_github::{
    BranchName, ChangeSet, PullRequest, RepositoryName, normalize, vocabulary,
};
use axtary_examples::DemoRepository;
use axtary_ledger::{Durability, FileLedger, verify};
use axtary_policy::{NativeEngine, PolicyStack};
use git2::Repository;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => story(folder.path()),
        ["--repo", repo, "--base", base, "--head", head] => {
            let gate = Gate::arm(&folder.path().join("ledger.jsonl"))?;
            gate.propose(&Repository::open(repo)?, base, head).map(drop)
        }
        _ => Err("usage: guard_a_pull_request [--repo PATH --base REF --head REF]".into()),
    }
}

fn story(folder: &Path) -> Result<()> {
    let demo = DemoRepository::create(&folder.join("web-app"))?;
    let ledger = folder.join("ledger.jsonl");
    let gate = Gate::arm(&ledger)?;

    chapter("A small change with tests");
    let fix = gate.propose(demo.repository(), "main", "agent/fix-login")?;
    chapter("A path that is blocked");
    gate.propose(demo.repository(), "main", "agent/rewrite-billing")?;
    chapter("Too many files");
    gate.propose(demo.repository(), "main", "agent/rename-everything")?;
    chapter("No tests");
    gate.propose(demo.repository(), "main", "agent/skip-the-tests")?;
    chapter("A change to production");
    gate.propose(demo.repository(), "main", "agent/change-the-deployment")?;

    let (action, pass) = fix.ok_or("the small change is permitted")?;
    execute(&gate, &action, &pass)?;

    drop(gate);
    tamper(&ledger)
}

/// A gate over native rules, with its key, its clock and its ledger.
struct Gate {
    guard: Guard,
    key: SigningKey,
    clock: FixedClock,
}

fn issuer() -> Result<Issuer> {
    Ok("https://gate.example".parse()?)
}

impl Gate {
    fn arm(ledger: &Path) -> Result<Self> {
        let rules = NativeEngine::from_yaml(
            "pull_requests.yml",
            include_str!("pull_requests.yml"),
            &vocabulary(),
        )?;
        let policy = PolicyStack::new().with(rules);
        let ledger = FileLedger::open(ledger, Durability::Synced)?;
        let key = SigningKey::generate()?;
        // A clock that this program can move; a gate of yours leaves the system's in place.
        let clock = FixedClock::new(SystemClock.now()?);
        let guard = Guard::new(policy, ledger, key.clone(), issuer()?)?.with_clock(clock.clone());
        Ok(Self { guard, key, clock })
    }

    /// Asks the gate whether the agent may propose to merge `head` into `base`, and says what it answered.
    fn propose(
        &self,
        repository: &Repository,
        base: &str,
        head: &str,
    ) -> Result<Option<(Action, ActionPass)>> {
        let (base, head) = (BranchName::new(base)?, BranchName::new(head)?);
        let changes = ChangeSet::between(repository, &base, &head)?;
        let call = PullRequest::new(
            RepositoryName::new("company/web-app")?,
            base,
            head,
            "Fix the login redirect",
        );
        let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
        let intent = Intent::new("fix the login redirect")?.with_task("AXT-418".parse()?);
        let action = normalize(&call, &changes, actor, intent, "github-executor".parse()?)?;
        match self.guard.check(&action) {
            Ok(pass) => {
                println!(
                    "permitted:\n{}",
                    serde_json::to_string_pretty(&pass.claims().view(self.clock.now()?))?
                );
                return Ok(Some((action, pass)));
            }
            Err(Refusal::Denied(why)) => {
                for reason in why.reasons() {
                    println!("denied by {reason}");
                }
            }
            Err(Refusal::ApprovalRequired(request)) => {
                println!("{request}\n  for exactly the payload {}", request.payload_hash());
            }
            Err(Refusal::Unavailable(part)) => return Err(part.into()),
        }
        Ok(None)
    }
}

/// What the executor downstream does with the pass.
fn execute(gate: &Gate, action: &Action, pass: &ActionPass) -> Result<()> {
    chapter("The executor verifies the pass");
    let keys = KeySet::new().trust(issuer()?, gate.key.verifying_key())?;
    let verifier = Verifier::new(keys, "github-executor".parse()?, MemoryStore::default())?
        .with_vocabulary(vocabulary())
        .with_clock(gate.clock.clone());
    let execution = Execution {
        tool: action.tool(),
        resource: action.resource(),
        payload: action.payload(),
        facts: action.facts(),
    };

    let mut changed = action.payload().canonical().to_vec();
    if let Some(byte) = changed.iter_mut().find(|byte| **byte == b'F') {
        *byte = b'f';
    }
    let changed = Payload::parse(&changed)?;
    report(
        "one byte of the payload changed",
        verifier.verify(pass.token(), &Execution { payload: &changed, ..execution }),
    );
    report("as it was issued", verifier.verify(pass.token(), &execution));
    report("the same pass again", verifier.verify(pass.token(), &execution));

    let later = gate.guard.check(action)?;
    gate.clock.advance(Duration::from_secs(11 * 60));
    report("a new pass, eleven minutes later", verifier.verify(later.token(), &execution));
    Ok(())
}

fn report<T>(what: &str, result: std::result::Result<T, axtary_actionpass::VerifyError>) {
    match result {
        Ok(_) => println!("{what}: accepted"),
        Err(error) => println!("{what}: refused ({}), {error}", error.code()),
    }
}

/// What an auditor sees, before and after somebody edits the ledger.
fn tamper(ledger: &Path) -> Result<()> {
    chapter("The ledger");
    println!("verified: {} records", verify(ledger)?.records);
    let mut bytes = fs::read(ledger)?;
    let blocked = b"\"decision\":\"deny\"";
    let at = bytes
        .windows(blocked.len())
        .position(|window| window == blocked)
        .ok_or("a denial was recorded")?;
    if let Some(byte) = bytes.get_mut(at + 12) {
        *byte = b'D';
    }
    fs::write(ledger, bytes)?;
    match verify(ledger) {
        Ok(_) => Err("a changed byte was not found".into()),
        Err(finding) => {
            println!("one byte changed: {finding}");
            Ok(())
        }
    }
}

fn chapter(title: &str) {
    println!("\n== {title}");
}
