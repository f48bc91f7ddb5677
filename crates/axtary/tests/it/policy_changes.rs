//! Which policy is in force is in the ledger, from before it took force; and a policy is replaced as a whole or not at all.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use axtary::{
    Axtary, OpenError,
    actionpass::{ArmError, Json, Refusal},
    ledger::{Entry, Reader, verify},
};

use crate::{
    killed::action,
    kit::{Gate, Ran, text},
};

const RULES: &str = "policy/rules.yml";
const LEDGER: &str = ".axtary/ledger.jsonl";

fn open(gate: &Gate) -> Axtary {
    Axtary::open(gate.path("axtary.yml")).unwrap()
}

fn permits(open: &Axtary) -> bool {
    open.guard().check(&action(open)).is_ok()
}

fn records(gate: &Gate) -> Vec<Entry> {
    Reader::open(gate.path(LEDGER)).unwrap().map(Result::unwrap).collect()
}

/// The records of policy changes: the version, and the one before.
fn changes(gate: &Gate) -> Vec<(String, Option<String>)> {
    let text =
        |entry: &Entry, name: &str| entry.body.get(name).and_then(Json::as_str).map(str::to_owned);
    let records = records(gate);
    let policy = records.iter().filter(|entry| entry.kind == "policy");
    policy.map(|entry| (text(entry, "policy_version").unwrap(), text(entry, "before"))).collect()
}

#[test]
fn a_gate_records_its_policy_when_it_opens_if_it_is_another_than_before() {
    let gate = Gate::new();
    let first = open(&gate).policy_version().to_string();
    assert_eq!(changes(&gate), [(first.clone(), None)]);
    gate.check("agent/leak", &[]).code(3);
    open(&gate);
    assert_eq!(changes(&gate).len(), 1, "the same policy is recorded once");
    gate.edit(RULES, "max_files_changed: 20", "max_files_changed: 10");
    gate.check("agent/fix", &[]).code(0);
    let second = open(&gate).policy_version().to_string();
    let both = [(first.clone(), None), (second.clone(), Some(first.clone()))];
    assert_eq!(changes(&gate), both);
    // It is what the decisions behind it were made under, and what is printed.
    let decision = records(&gate).pop().unwrap();
    assert_eq!(text(&decision.body, "policy_version"), second);
    let json = gate.run(&["policy", "check", "--json"]).code(0).json();
    assert_eq!(text(&json, "policy_version"), second);
    verify(gate.path(LEDGER)).unwrap();
}

#[test]
fn a_policy_that_is_not_in_force_any_more_is_recorded_when_it_is_again() {
    let gate = Gate::new();
    for (from, to) in [("20", "10"), ("10", "20"), ("20", "10")] {
        open(&gate);
        gate.edit(RULES, &format!("changed: {from}"), &format!("changed: {to}"));
    }
    let changes = changes(&gate);
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[0].0, changes[2].0);
}

#[test]
fn a_policy_that_permits_everything_is_not_recorded() {
    let gate = Gate::new();
    open(&gate);
    let rules = "version: 1\nrules:\n  - { id: all, effect: permit, agent: '**', tool: '**', resource: '**' }\n";
    gate.write(RULES, rules);
    assert!(matches!(Axtary::open(gate.path("axtary.yml")), Err(OpenError::Arm(_))));
    assert_eq!(records(&gate).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_gate_whose_policy_cannot_be_recorded_does_not_open() {
    let gate = Gate::new();
    for _ in 0..8 {
        gate.check("agent/leak", &[]).code(3);
    }
    let before = gate.read(LEDGER);
    assert!(before.len() > 8 * 1024, "{}", before.len());
    gate.edit(RULES, "max_files_changed: 20", "max_files_changed: 10");
    // The ledger is as large as a file may be; what stands beside it is smaller.
    let check = "trap '' XFSZ; ulimit -f 8; exec \"$0\" check github.pull_requests.create --repo=web-app --base=main \
                 --head=agent/fix --title=t --agent=a --owner=o --json";
    let ran = Ran::of(
        std::process::Command::new("bash")
            .args(["-c", check, env!("CARGO_BIN_EXE_axtary")])
            .current_dir(gate.path("")),
    )
    .code(5);
    let message = text(&ran.json(), "message").to_owned();
    assert!(
        message.starts_with("the policy that was to come into force could not be recorded: "),
        "{message}"
    );
    assert_eq!(changes(&gate).len(), 1);
    gate.check("agent/fix", &[]).code(0);
    assert_eq!(changes(&gate).len(), 2);
    verify(gate.path(LEDGER)).unwrap();
}

#[test]
fn a_gate_decides_by_the_new_policy_from_the_reload_on_and_has_recorded_it() {
    let gate = Gate::new();
    let open = open(&gate);
    let before = open.policy_version();
    assert!(permits(&open));
    gate.edit(RULES, "max_files_changed: 20", "max_files_changed: 1");
    assert!(permits(&open));
    let reloaded = open.reload().unwrap();
    assert!(reloaded.is_change());
    assert_eq!((reloaded.before, reloaded.after), (before, open.policy_version()));
    assert!(matches!(open.guard().check(&action(&open)), Err(Refusal::Denied(_))));
    assert!(!open.reload().unwrap().is_change());
    let recorded = changes(&gate);
    let (before, after) = (before.to_string(), open.policy_version().to_string());
    assert_eq!(recorded, [(before.clone(), None), (after, Some(before))]);
    let kinds: Vec<String> = records(&gate).into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["policy", "decision", "decision", "policy", "decision"]);
}

#[test]
fn what_axtary_yml_says_of_policy_is_read_again_too() {
    let gate = Gate::new();
    let open = open(&gate);
    gate.write("main.cedar", "permit (principal in AgentGroup::\"nobody\", action, resource);");
    gate.edit("axtary.yml", "cedar: []", "cedar: [main.cedar]\n  groups: { nobody: [other] }");
    assert!(open.reload().unwrap().is_change());
    assert!(!permits(&open));
    gate.edit("axtary.yml", "[other]", "[other, codex-prod]");
    assert!(open.reload().unwrap().is_change());
    assert!(permits(&open));
}

#[test]
fn a_new_version_that_is_broken_leaves_the_old_in_force_and_is_told_with_its_place() {
    let gate = Gate::new();
    let open = open(&gate);
    let version = open.policy_version();
    let good = gate.read(RULES);
    let refused = |text: &str| {
        gate.write(RULES, text);
        let error = open.reload().unwrap_err();
        assert!(permits(&open));
        assert_eq!(open.policy_version(), version);
        error
    };
    let error = refused(&good.replace("ttl: 10m", "ttl: 2h")).to_string();
    assert!(error.contains("policy/rules.yml:34:10: "), "{error}");
    let all = "version: 1\nrules:\n  - { id: all, effect: permit, agent: '**', tool: '**', resource: '**' }\n";
    assert!(matches!(refused(all), OpenError::Arm(ArmError::PermitsEverything { .. })));
    assert!(matches!(refused("version: 1\nrules: []"), OpenError::Policy { .. }));
    fs::remove_file(gate.path(RULES)).unwrap();
    assert!(matches!(open.reload(), Err(OpenError::File(_))));
    gate.write(RULES, &good);
    gate.edit("axtary.yml", "native:", "nativ:");
    assert!(matches!(open.reload(), Err(OpenError::Config(_))));
    assert_eq!(changes(&gate).len(), 1, "nothing of it is recorded");
}

#[test]
fn a_new_version_that_cannot_be_recorded_does_not_come_into_force() {
    let gate = Gate::new();
    let open = open(&gate);
    let version = open.policy_version();
    gate.edit(RULES, "max_files_changed: 20", "max_files_changed: 1");
    fs::rename(gate.path(LEDGER), gate.path("elsewhere.jsonl")).unwrap();
    let error = open.reload().unwrap_err();
    assert!(matches!(error, OpenError::Unrecorded(_)), "{error}");
    assert_eq!(open.policy_version(), version);
}

#[test]
fn every_decision_while_policy_is_reloaded_is_under_a_version_that_was_recorded_before_it() {
    let gate = Gate::new();
    gate.edit("axtary.yml", "durability: synced", "durability: buffered");
    let open = open(&gate);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let action = action(&open);
                while !done.load(Ordering::Acquire) {
                    let decided = open.guard().check(&action);
                    assert!(!matches!(decided, Err(Refusal::Unavailable(_))), "{decided:?}");
                }
            });
        }
        for (from, to) in [("20", "1"), ("1", "20")].into_iter().cycle().take(20) {
            gate.edit(RULES, &format!("changed: {from}\n"), &format!("changed: {to}\n"));
            assert!(open.reload().unwrap().is_change());
        }
        done.store(true, Ordering::Release);
    });
    drop(open);
    verify(gate.path(LEDGER)).unwrap();
    let mut recorded: Vec<String> = Vec::new();
    for entry in records(&gate) {
        let version = text(&entry.body, "policy_version").to_owned();
        if entry.kind == "policy" {
            let before = entry.body.get("before").and_then(Json::as_str);
            assert_eq!(before, recorded.last().map(String::as_str));
            recorded.push(version);
        } else {
            assert!(recorded.contains(&version), "record {}", entry.seq);
            let permits = text(&entry.body, "decision") == "permit";
            assert_eq!(permits, version == recorded[0], "record {}", entry.seq);
        }
    }
    assert_eq!(recorded.len(), 21);
}

#[test]
fn a_change_of_policy_is_shown() {
    let gate = Gate::new();
    open(&gate);
    let ran = gate.run(&["ledger", "tail", "--kind", "policy"]).code(0);
    let version = open(&gate).policy_version().to_string();
    assert!(ran.out.contains(&version), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1);
}
