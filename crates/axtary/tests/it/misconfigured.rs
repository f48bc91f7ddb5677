//! A gate that is not as it should be does not open, and says where and why.

use axtary::{Axtary, OpenError, actionpass::Json};
use insta::assert_snapshot;

use crate::kit::{Gate, text};

/// What the gate says once a file is changed.
#[track_caller]
fn said(name: &str, from: &str, to: &str) -> String {
    let gate = Gate::new();
    gate.edit(name, from, to);
    gate.check("agent/fix", &[]).code(2).err
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_column() {
    assert_snapshot!(said("axtary.yml", "max_ttl", "max_tll"), @"error: axtary.yml:31:1: unknown field `max_tll`, expected one of version, issuer, audience, signing_key, ledger, policy, max_ttl");
}

#[test]
fn a_file_that_is_missing_is_named() {
    assert_snapshot!(said("axtary.yml", "[policy/rules.yml]", "[policy/rule.yml]"), @"
    error: cannot open `policy/rule.yml`: No such file or directory (os error 2)
    help: put it where `axtary.yml` says, or change that
    ");
}

#[test]
fn a_name_that_no_checkpoint_can_be_signed_under_is_named() {
    assert_snapshot!(said("axtary.yml", "origin: axtary.local/ledger", "origin: a+b"), @r#"error: axtary.yml: `ledger.checkpoints.origin`: the name "a+b" must not be empty, nor hold spaces or `+`"#);
}

#[test]
fn a_gate_without_policy_does_not_open() {
    assert_snapshot!(said("axtary.yml", "[policy/rules.yml]", "[]"), @"
    error: axtary.yml: no policy is named, so nothing could be permitted
    help: name at least one file under `policy`, such as `native: [policy/rules.yml]`
    ");
}

#[test]
fn a_policy_that_does_not_load_is_named_with_its_line_and_column() {
    let said = said("policy/rules.yml", "max_files_changed", "max_flies_changed");
    assert!(
        said.starts_with(
            "error: policy/rules.yml:30:26: the rule `small-tested-changes`: the constraint \
             `max_flies_changed` is unknown; known are "
        ),
        "{said}"
    );
}

#[test]
fn a_policy_is_named_from_where_the_command_runs() {
    let gate = Gate::empty();
    gate.run(&["init", "gate"]).code(0);
    gate.edit("gate/policy/rules.yml", "ttl: 10m", "ttl: 2h");
    match Axtary::open(gate.path("gate/axtary.yml")) {
        Err(OpenError::Policy { path, error }) => {
            assert_eq!(path, gate.path("gate/policy/rules.yml"));
            assert_eq!(error.file(), "policy/rules.yml");
        }
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let gate = Gate::new();
    for mode in [0o644, 0o640, 0o620, 0o604] {
        fs::set_permissions(gate.path(".axtary/pass.pem"), fs::Permissions::from_mode(mode))
            .unwrap();
        let ran = gate.check("agent/fix", &["--json"]).code(2);
        assert_eq!(text(&ran.json(), "code"), "key.exposed");
    }
    let ran = gate.check("agent/fix", &[]).code(2);
    assert_snapshot!(ran.err, @"
    error: the signing key `.axtary/pass.pem` has the mode 0604, so others can use it
    help: run `chmod 600 .axtary/pass.pem`
    ");
    assert!(!gate.path(".axtary/ledger.jsonl").exists(), "nothing is decided without a key");
}

#[test]
fn what_is_no_key_is_refused_and_not_shown() {
    let gate = Gate::new();
    gate.edit(".axtary/pass.pem", "MC4CAQ", "MC4CAR");
    let ran = gate.check("agent/fix", &[]).code(2);
    assert_snapshot!(ran.err, @"error: the signing key `.axtary/pass.pem`: not an Ed25519 private key (PKCS#8) in PEM; make one with `axtary init` or `openssl genpkey -algorithm ed25519`");
}

#[test]
fn a_rule_for_everything_does_not_arm() {
    let gate = Gate::new();
    gate.write(
        "policy/rules.yml",
        "version: 1\nrules:\n  - { id: yes-to-all, effect: permit, agent: '**', tool: '**', resource: '**' }\n",
    );
    let ran = gate.check("agent/fix", &[]).code(2);
    assert_snapshot!(ran.err, @"error: the policy permits the canary action, so it would permit anything: `native:yes-to-all`: permits this action; narrow the rule to the agents, tools and resources it is meant for");
    let ran = gate.check("agent/fix", &["--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "policy.permits_everything");
}

#[test]
fn the_three_languages_decide_together() {
    let gate = Gate::new();
    gate.write("policy/main.cedar", "permit (principal, action, resource);");
    gate.write("policy/main.rego", "package axtary\nallow := input.payload.files_changed < 2\n");
    gate.edit("axtary.yml", "cedar: []", "cedar: [policy/main.cedar]");
    let view = gate.check("agent/fix", &["--json"]).code(0).out;
    assert!(view.contains("\"policy\":\"native+cedar:pass\""), "{view}");
    gate.edit("axtary.yml", "rego: []", "rego: [policy/main.rego]");
    let ran = gate.check("agent/fix", &["--json"]).code(3);
    assert_eq!(text(&ran.json(), "policy"), "native+cedar+rego:deny");
}

#[test]
fn a_ledger_that_was_tampered_with_is_unavailable() {
    let gate = Gate::new();
    gate.permit();
    gate.edit(".axtary/ledger.jsonl", "codex-prod", "codex-test");
    let ran = gate.check("agent/fix", &["--json"]).code(5);
    assert_eq!(text(&ran.json(), "code"), "ledger.corrupt");
}

#[test]
fn a_pass_lives_no_longer_than_the_gate_allows() {
    let gate = Gate::new();
    gate.edit("axtary.yml", "max_ttl: 10m", "max_ttl: 30s");
    let permit = gate.check("agent/fix", &["--json"]).code(0).json();
    let view = permit.get("view").and_then(Json::as_object).unwrap();
    let left = text(view, "expires_in");
    assert!(left.ends_with('s') && !left.contains('m'), "{left}");
}
