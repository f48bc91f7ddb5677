//! However a gate is killed, every pass that anybody saw has its decision in the ledger.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
};

use axtary::{
    Axtary,
    actionpass::{Action, Actor, Facts, Intent, Json, Object, Payload},
    ledger::{Reader, verify},
};

use crate::kit::Gate;

const ROUNDS: usize = 15;
const THREADS: usize = 4;

/// Names the gate to the process that is going to be killed.
const VICTIM: &str = "AXTARY_TEST_VICTIM";

/// A pull request that the policy of `axtary init` permits.
pub(crate) fn action(gate: &Axtary) -> Action {
    let actor = Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap());
    let facts = Object::new()
        .with("base_branch", "main")
        .with("files_changed", 2)
        .with("paths", vec!["src/login.rs", "tests/login.rs"])
        .with("production_categories", Vec::<&str>::new())
        .with("tests_changed", true)
        .with("touches_production", false);
    let tool = "github.pull_requests.create".parse().unwrap();
    Action::builder(actor, tool, "repo:company/web-app".parse().unwrap())
        .intent(Intent::new("fix the login redirect").unwrap())
        .audience(gate.audience().clone())
        .payload(Payload::parse(br#"{"title":"Fix the login redirect"}"#).unwrap())
        .facts(Facts::new(facts).unwrap())
        .build()
        .unwrap()
}

/// Not a test but the victim: issues passes and prints them until it is killed.
#[test]
fn victim() {
    let Some(config) = std::env::var_os(VICTIM) else { return };
    let gate = Axtary::open(config).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let pass = gate.guard().check(&action(&gate)).unwrap();
                    let hash = pass.claims().ledger_hash();
                    writeln!(std::io::stdout(), "pass {} {hash}", pass.id()).unwrap();
                }
            });
        }
    });
}

#[test]
fn every_pass_that_was_printed_before_a_kill_is_in_the_ledger() {
    let gate = Gate::empty();
    gate.run(&["init"]).code(0);
    let mut printed: HashMap<String, String> = HashMap::new();
    for round in 0..ROUNDS {
        let before = printed.len();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::victim", "--nocapture"])
            .env(VICTIM, gate.path("axtary.yml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).split(b'\n');
        let mut read = |most: usize| {
            let passes = lines.by_ref().map_while(Result::ok).filter_map(|line| pass(&line));
            printed.extend(passes.take(most));
        };
        read(1 + 7 * round);
        victim.kill().unwrap();
        // What is still in the pipe was printed too.
        read(usize::MAX);
        victim.wait().unwrap();
        assert!(printed.len() > before, "the victim of round {round} printed nothing");
    }

    let path = gate.path(".axtary/ledger.jsonl");
    // The next gate repairs what the last victim left.
    drop(Axtary::open(gate.path("axtary.yml")).unwrap());
    verify(&path).unwrap();
    for entry in Reader::open(&path).unwrap() {
        let entry = entry.unwrap();
        assert!(matches!(&*entry.kind, "decision" | "policy" | "repair"), "{}", entry.kind);
        if let Some(hash) = entry
            .body
            .get("action_pass_id")
            .and_then(Json::as_str)
            .and_then(|id| printed.remove(id))
        {
            assert_eq!(hash, entry.hash.to_string());
        }
    }
    assert!(printed.is_empty(), "passes without a decision: {printed:?}");
}

/// A whole line that tells of a pass; the test harness prints lines of its own, and the last may be cut short.
fn pass(line: &[u8]) -> Option<(String, String)> {
    let mut words = std::str::from_utf8(line).ok()?.strip_prefix("pass ")?.split(' ');
    let (id, hash) = (words.next()?, words.next()?);
    (hash.len() == "sha256:".len() + 64).then(|| (id.to_owned(), hash.to_owned()))
}
