//! `axtary policy explain`: every decision says which policy, where it stands, which of its conditions hold, and what would have
//! met the others.

use std::{io::Write as _, process::Stdio};

use axtary::actionpass::{Json, Object};
use insta::assert_snapshot;

use crate::kit::{Gate, Ran, command, steady, text};

const ACTION: &str = "\
agent: codex-prod
owner: alice@example.com
tool: github.pull_requests.create
resource: repo:company/web-app
intent: fix the login redirect
task: AXT-418
facts:
  base_branch: main
  files_changed: 2
  paths: [src/login.rs, tests/login.rs]
  production_categories: []
  tests_changed: true
  touches_production: false
";

/// What is said of the action, changed so.
fn explain(gate: &Gate, changes: &[(&str, &str)], code: i32) -> Ran {
    let action = changes.iter().fold(ACTION.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    gate.write("action.yml", &action);
    gate.run(&["policy", "explain", "--action", "action.yml"]).code(code)
}

#[test]
fn a_permit_names_its_rule_and_the_conditions_that_hold() {
    let ran = explain(&Gate::new(), &[], 0);
    assert_snapshot!(steady(&ran.out), @r#"
    permitted (native:pass)
      `native:small-tested-changes`: permits this action
        at policy/rules.yml:23
        holds      constraint base_branches: ["main","master","develop"]
        holds      constraint blocked_paths: [".env*","*.pem","*.key","id_rsa*",".axtary/","axtary.yml"]
        holds      constraint max_files_changed: 20
        holds      constraint requires_tests: true
        holds      constraint touches_production: false
    a pass lives 600 seconds
    policy version SHA256
    "#);
}

#[test]
fn a_denial_names_what_failed_with_the_value_and_what_would_permit() {
    let changes = [("files_changed: 2", "files_changed: 23"), ("tests/login.rs", "web/.env")];
    let ran = explain(&Gate::new(), &changes, 3);
    assert_snapshot!(steady(&ran.out), @r#"
    denied (native:deny)
      `native:small-tested-changes`: `paths` holds `web/.env`, which blocked_paths blocks
        help: leave out `web/.env`
      `native:small-tested-changes`: `files_changed` is 23, at most 20 allowed
        help: bring `files_changed` down by 3, to 20
        at policy/rules.yml:23
        holds      constraint base_branches: ["main","master","develop"]
        fails      constraint blocked_paths: [".env*","*.pem","*.key","id_rsa*",".axtary/","axtary.yml"]; paths is ["src/login.rs","web/.env"]
        fails      constraint max_files_changed: 20; files_changed is 23
        holds      constraint requires_tests: true
        holds      constraint touches_production: false
    policy version SHA256
    "#);
}

#[test]
fn a_step_up_names_who_may_approve() {
    let changes = [
        ("touches_production: false", "touches_production: true"),
        ("production_categories: []", "production_categories: [ci]"),
    ];
    let ran = explain(&Gate::new(), &changes, 4);
    assert_snapshot!(steady(&ran.out), @r#"
    a human must approve first (native:step_up)
      `native:production-needs-a-human`: changes to production need a maintainer's approval
        at policy/rules.yml:10
        holds      when base_branches: ["main","master","develop"]; base_branch is "main"
        holds      when production_categories: ["ci","ownership","infra","kubernetes","image","data","dependencies","runtime_flags"]; production_categories is ["ci"]
        holds      when touches_production: true; touches_production is true
    approvers: maintainers
    policy version SHA256
    "#);
}

#[test]
fn where_nothing_permits_the_nearest_policies_of_every_language_are_shown() {
    let gate = Gate::new();
    gate.write(
        "main.cedar",
        "@id(\"small\")\npermit (principal == Agent::\"codex-prod\", action == Action::\"github.pull_requests.create\", resource)\n\
         when { context.payload.files_changed < 2 && \
         context.payload.base_branch == \"main\" };\n",
    );
    gate.write(
        "rules.yml",
        "version: 1\nrules:\n  - id: only-develop\n    effect: permit\n    agent: codex-prod\n    tool: '**'\n    resource: '**'\n    \
         when: { base_branch: develop }\n    enforce: true\n",
    );
    let policy = ["--policy", "main.cedar", "--policy", "rules.yml"];
    gate.write("action.yml", &format!("audience: github-executor\n{ACTION}"));
    let explain = ["policy", "explain", "--action", "action.yml"];
    let ran = gate.run(&[&explain[..], &policy].concat()).code(3);
    assert_snapshot!(steady(&ran.out), @r#"
    denied (native+cedar:deny)
      `native`: no policy permits this action
      `cedar`: no policy permits this action
    these would not deny, did their conditions hold:
      `native:only-develop`
        at rules.yml:3
        fails      when base_branch: "develop"; base_branch is "main"
      `cedar:small`
        at main.cedar:1
        fails      when { context.payload.files_changed < 2 }; files_changed is 2
        holds      when { context.payload.base_branch == "main" }; base_branch is "main"
    policy version SHA256
    "#);
    let json = gate.run(&[&explain[..], &policy, &["--json"]].concat()).code(3).json();
    assert_eq!(json.get("near").and_then(Json::as_array).unwrap().len(), 2);
}

#[test]
fn what_a_rule_on_trial_would_have_led_to_is_said() {
    let gate = Gate::new();
    gate.edit("policy/rules.yml", "effect: permit", "effect: permit\n    enforce: false");
    let ran = explain(&gate, &[], 3);
    assert_snapshot!(steady(&ran.out), @r#"
    denied (native:deny)
      `native`: no policy permits this action
    these would not deny, did their conditions hold:
      `native:production-needs-a-human`
        at policy/rules.yml:10
        holds      when base_branches: ["main","master","develop"]; base_branch is "main"
        holds      when production_categories: ["ci","ownership","infra","kubernetes","image","data","dependencies","runtime_flags"]; production_categories is []
        fails      when touches_production: true; touches_production is false
    with the policies on trial: permitted
      `native:small-tested-changes`: permits this action
    policy version SHA256
    "#);
}

#[test]
fn a_recorded_decision_is_explained_by_its_number_and_by_its_pass() {
    let gate = Gate::new();
    gate.permit();
    gate.check("agent/leak", &[]).code(3);
    let tail = gate.run(&["ledger", "tail", "--kind", "decision", "--json"]).code(0).json();
    let records = tail.get("records").and_then(Json::as_array).unwrap();
    let decision = |at: usize| records[at].as_object().unwrap().clone();
    let seq = |at: usize| decision(at).get("seq").and_then(Json::as_i64).unwrap().to_string();
    let pass = decision(0).get("body").and_then(Json::as_object).cloned().unwrap();

    let record =
        |record: &str| ["policy", "explain", "--record", record, "--json"].map(str::to_owned);
    let run = |record: [String; 5], code| {
        gate.run(&record.each_ref().map(String::as_str)).code(code).json()
    };
    let permit = run(record(text(&pass, "action_pass_id")), 0);
    assert_eq!(permit, run(record(&seq(0)), 0));
    assert_eq!(text(&permit, "decision"), "permit");
    let recorded = permit.get("recorded").and_then(Json::as_object).unwrap();
    assert_eq!(text(recorded, "policy_version"), text(&permit, "policy_version"));
    let denial = run(record(&seq(1)), 3);
    let reasons = denial.get("reasons").and_then(Json::as_array).unwrap();
    assert_eq!(
        reasons[0].as_object().and_then(|r| r.get("file")).and_then(Json::as_str),
        Some("policy/rules.yml")
    );

    // Under another policy, and without the gate.
    gate.edit("policy/rules.yml", "blocked_paths: [\".env*\", ", "blocked_paths: [");
    gate.edit("policy/rules.yml", "requires_tests: true", "requires_tests: true # still");
    let ran = gate.run(&["policy", "explain", "--record", &seq(1)]).code(3);
    assert_snapshot!(steady(&ran.out), @r#"
    denied (native:deny)
      `native:small-tested-changes`: `tests_changed` is false, must be true
        help: make `tests_changed` true
      `native:small-tested-changes`: `touches_production` is true, must be false
        help: make `touches_production` false
        at policy/rules.yml:23
        holds      constraint base_branches: ["main","master","develop"]
        holds      constraint blocked_paths: ["*.pem","*.key","id_rsa*",".axtary/","axtary.yml"]
        holds      constraint max_files_changed: 20
        fails      constraint requires_tests: true; tests_changed is false
        fails      constraint touches_production: false; touches_production is true
    policy version SHA256
    record 2 (TIME) says deny, under the version SHA256
    "#);
    std::fs::remove_file(gate.path("axtary.yml")).unwrap();
    gate.run(&["policy", "explain", "--record", &seq(1)]).code(2);
    let elsewhere = ["--ledger", ".axtary/ledger.jsonl", "--policy", "policy/rules.yml"];
    gate.run(&[&["policy", "explain", "--record", &seq(1)][..], &elsewhere].concat()).code(3);
}

#[test]
fn a_record_that_is_no_decision_or_withholds_a_fact_is_not_explained() {
    let gate = Gate::new();
    gate.edit("policy/rules.yml", "ttl: 10m", "ttl: 10m\n    sensitive: [paths]");
    gate.permit();
    let tail = gate.run(&["ledger", "tail", "--kind", "decision", "--json"]).code(0).json();
    let decision: &Object =
        tail.get("records").and_then(Json::as_array).unwrap()[0].as_object().unwrap();
    let seq = decision.get("seq").and_then(Json::as_i64).unwrap().to_string();
    let explain = ["policy", "explain", "--record", &seq];
    // What is withheld stands beside the ledger, until it is erased.
    gate.run(&explain).code(0);
    std::fs::remove_file(gate.path(".axtary/ledger.jsonl.sensitive")).unwrap();
    let ran = gate.run(&explain).code(2);
    assert_snapshot!(ran.err, @"error: the record withholds paths, without which it cannot be decided on again; disclose their values");
    let json = gate.run(&["policy", "explain", "--record", "99", "--json"]).code(2).json();
    assert_eq!(text(&json, "code"), "ledger.no_such_record");
    gate.run(&["policy", "explain", "--record", "latest"]).code(2);
    gate.run(&["policy", "explain"]).code(2);
    gate.run(&["policy", "explain", "--action", "a.yml", "--record", "1"]).code(2);
    gate.run(&["policy", "explain", "--action", "a.yml", "--ledger", "l"]).code(2);
}

#[test]
fn an_action_is_read_from_standard_input_and_needs_neither_key_nor_ledger() {
    let gate = Gate::new();
    std::fs::remove_file(gate.path(".axtary/pass.pem")).unwrap();
    let mut child = command(&gate.path(""))
        .args(["policy", "explain", "--action", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ACTION.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!gate.path(".axtary/ledger.jsonl").exists(), "nothing is recorded");
}

#[test]
fn an_action_that_is_not_as_it_should_be_is_a_mistake_with_a_place() {
    let gate = Gate::new();
    let ran = explain(&gate, &[("files_changed: 2", "file_changed: 2")], 2);
    assert_snapshot!(ran.err, @"error: action.yml:9:17: the fact `file_changed` is unknown; did you mean `files_changed`?");
    let ran = explain(&gate, &[("owner: alice@example.com\n", "")], 2);
    assert_snapshot!(ran.err, @"error: action.yml: the action has no `owner`; write one");
    // Without a gate there is no audience to take.
    let ran =
        gate.run(&["policy", "explain", "--action", "action.yml", "--policy", "policy"]).code(2);
    assert!(ran.err.contains("action.yml"), "{ran:?}");
    gate.run(&["policy", "explain", "--action", "nowhere.yml"]).code(2);
}
