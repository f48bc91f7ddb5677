//! `axtary ledger`: what was decided can be read, and what was changed is found.

use axtary::actionpass::Json;
use insta::assert_snapshot;

use crate::{
    killed::action,
    kit::{Gate, steady, text},
};

const LEDGER: &str = ".axtary/ledger.jsonl";

#[test]
fn a_ledger_as_it_was_written_verifies() {
    let gate = Gate::after_three_decisions();
    let ran = gate.run(&["ledger", "verify"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    verified: .axtary/ledger.jsonl holds 4 records as they were written, the last SHA256
    the first 4 are those that a checkpoint was signed of
    ");
    let json = gate.run(&["ledger", "verify", "--json"]).code(0).json();
    assert_eq!(json.get("records").and_then(Json::as_i64), Some(4));
    assert_eq!(json.get("anchored").and_then(Json::as_i64), Some(4));
}

#[test]
fn one_changed_byte_is_found_and_its_line_named() {
    let gate = Gate::after_three_decisions();
    gate.edit(LEDGER, "\"decision\":\"deny\"", "\"decision\":\"denY\"");
    let ran = gate.run(&["ledger", "verify"]).code(3);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("line 3 at byte "), "{}", ran.err);
    let json = gate.run(&["ledger", "verify", "--json"]).code(3).json();
    assert_eq!(text(&json, "code"), "ledger.edited");
}

#[test]
fn a_ledger_that_is_not_there_is_not_verified() {
    let ran = Gate::new().run(&["ledger", "verify", "--json"]).code(5);
    assert_eq!(text(&ran.json(), "code"), "ledger.io");
}

#[test]
fn a_hash_that_was_kept_elsewhere_must_be_in_the_ledger() {
    let gate = Gate::after_three_decisions();
    let json = gate.run(&["ledger", "verify", "--json"]).code(0).json();
    gate.run(&["ledger", "verify", "--expect", text(&json, "last")]).code(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let ran = gate.run(&["ledger", "verify", "--json", "--expect", &other]).code(3);
    assert_eq!(text(&ran.json(), "code"), "ledger.absent");
}

#[test]
fn the_last_records_are_shown_a_line_each() {
    let gate = Gate::after_three_decisions();
    let ran = gate.run(&["ledger", "tail"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    0  TIME  policy  SHA256
    1  TIME  decision  permit  codex-prod  github.pull_requests.create  repo:company/web-app  AP_ID
    2  TIME  decision  deny  codex-prod  github.pull_requests.create  repo:company/web-app
    3  TIME  decision  step_up  codex-prod  github.pull_requests.create  repo:company/web-app
    ");
    let json = gate.run(&["ledger", "tail", "-n", "2", "--json"]).code(0).json();
    let records = json.get("records").and_then(Json::as_array).unwrap();
    let seqs: Vec<_> =
        records.iter().map(|r| r.as_object().and_then(|r| r.get("seq")?.as_i64())).collect();
    assert_eq!(seqs, [Some(2), Some(3)]);
}

#[test]
fn a_ledger_is_read_without_its_gate() {
    let gate = Gate::after_three_decisions();
    std::fs::remove_file(gate.path("axtary.yml")).unwrap();
    gate.run(&["ledger", "tail"]).code(2);
    gate.run(&["ledger", "tail", "--ledger", LEDGER]).code(0);
    gate.run(&["ledger", "verify", "--ledger", LEDGER]).code(0);
}

#[test]
fn a_pass_is_shown_with_all_that_its_decision_depended_on() {
    let gate = Gate::new();
    let open = axtary::Axtary::open(gate.path("axtary.yml")).unwrap();
    let id = open.guard().check(&action(&open)).unwrap().id().to_string();
    let ran = gate.run(&["ledger", "show", &id]).code(0);
    assert_snapshot!(steady(&ran.out), @r#"
    decision in record 1, TIME
    SHA256
      action_pass_id: AP_ID
      agent_id: codex-prod
      audience: github-executor
      constraints:
        base_branches: ["main","master","develop"]
        blocked_paths: [".env*","*.pem","*.key","id_rsa*",".axtary/","axtary.yml"]
        max_files_changed: 20
        requires_tests: true
        touches_production: false
      decision: permit
      expires_at: TIME
      facts:
        base_branch: main
        files_changed: 2
        paths: ["src/login.rs","tests/login.rs"]
        production_categories: []
        tests_changed: true
        touches_production: false
      human_owner: alice@example.com
      intent:
        text: fix the login redirect
      payload_hash: SHA256
      policy: native:pass
      policy_version: SHA256
      reasons:
        {"cause":"permitted","engine":"native","policy":"small-tested-changes"}
      resource: repo:company/web-app
      tool: github.pull_requests.create
    outcome: unknown
    "#);
    let json = gate.run(&["ledger", "show", &id, "--json"]).code(0).json();
    assert_eq!(text(&json, "outcome"), "unknown");
    let decision = json.get("decision").and_then(Json::as_object).unwrap();
    assert_eq!(decision.get("seq").and_then(Json::as_i64), Some(1));
}

#[test]
fn the_outcome_of_a_call_is_shown() {
    let gate = Gate::new();
    let open = axtary::Axtary::open(gate.path("axtary.yml")).unwrap();
    let action = action(&open);
    let mut id = String::new();
    let ran = pollster::block_on(open.guard().authorize(&action, |pass| {
        id = pass.id().to_string();
        std::future::ready(Err::<(), _>("the tool failed"))
    }));
    assert!(ran.is_err());
    let ran = gate.run(&["ledger", "show", &id]).code(0);
    assert!(ran.out.contains("\n  outcome: failed\n"), "{}", ran.out);
    assert!(ran.out.ends_with("\noutcome: failed\n"), "{}", ran.out);
}

#[test]
fn a_pass_that_nothing_led_to_is_said_to_be_unknown() {
    let gate = Gate::after_three_decisions();
    let ran = gate.run(&["ledger", "show", "ap_01ARZ3NDEKTSV4RRFFQ69G5FAV", "--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "ledger.no_such_pass");
}

#[test]
fn a_line_that_is_no_record_is_not_shown() {
    let gate = Gate::after_three_decisions();
    let ledger = gate.read(LEDGER);
    gate.write(LEDGER, &format!("{ledger}not a record\n"));
    let ran = gate.run(&["ledger", "tail", "--json"]).code(3);
    assert_eq!(text(&ran.json(), "code"), "ledger.not_json");
}
