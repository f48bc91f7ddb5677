//! `axtary verify`: every check of an executor but the last, on the pass of a real gate.

use std::{io::Write as _, process::Stdio};

use axtary::actionpass::Json;
use insta::assert_snapshot;

use crate::kit::{Gate, THE_CALL, command, steady, text};

#[test]
fn a_pass_for_this_call_is_valid_as_often_as_one_looks() {
    let gate = Gate::new();
    gate.permit();
    let ran = gate.verify(&[]).code(0);
    let (_, said) = ran.out.split_once("\n\n").unwrap();
    assert_snapshot!(said, @"valid for this call, and not used up: that it is used once is for its executor to see to");
    let again = gate.verify(&["--json"]).code(0).json();
    assert_eq!(again.get("valid"), Some(&Json::Bool(true)));
    assert_eq!(again.get("consumed"), Some(&Json::Bool(false)));
}

#[test]
fn a_pass_is_taken_from_the_command_line_and_from_standard_input_too() {
    let gate = Gate::new();
    gate.permit();
    let token = gate.read("pass.jws");
    let call = [&["--payload=payload.json", "--facts=facts.json"], THE_CALL.as_slice()].concat();
    gate.run(&[&["verify", token.trim_end()], call.as_slice()].concat()).code(0);

    let mut child = command(&gate.path(""))
        .args(["verify", "-"])
        .args(&call)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_changed_payload_is_refused() {
    let gate = Gate::new();
    gate.permit();
    gate.edit("payload.json", "Fix", "fix");
    let ran = gate.verify(&[]).code(3);
    assert_eq!(ran.out, "");
    assert_snapshot!(steady(&ran.err), @"error: the pass is for the payload SHA256, and this one is SHA256");
    assert_eq!(text(&gate.verify(&["--json"]).code(3).json(), "code"), "payload_mismatch");
}

#[test]
fn a_payload_that_is_not_strict_json_is_refused() {
    let gate = Gate::new();
    gate.permit();
    gate.write("payload.json", r#"{"title":"a","title":"b"}"#);
    assert_eq!(text(&gate.verify(&["--json"]).code(3).json(), "code"), "payload");
}

#[test]
fn another_tool_resource_audience_or_issuer_is_refused() {
    let gate = Gate::new();
    gate.permit();
    let files = ["verify", "pass.jws", "--payload=payload.json", "--facts=facts.json", "--json"];
    let [tool, resource] = THE_CALL;
    for (call, code) in [
        ([resource, "--tool=github.pull_requests.merge", ""], "tool_mismatch"),
        ([tool, "--resource=repo:company/other", ""], "resource_mismatch"),
        ([tool, resource, "--audience=other"], "audience_mismatch"),
        ([tool, resource, "--issuer=axtary://other"], "issuer_mismatch"),
    ] {
        let call = call.into_iter().filter(|argument| !argument.is_empty());
        let arguments: Vec<&str> = files.into_iter().chain(call).collect();
        assert_eq!(text(&gate.run(&arguments).code(3).json(), "code"), code);
    }
}

#[test]
fn a_pass_of_another_key_is_refused() {
    let (gate, other) = (Gate::new(), Gate::new());
    gate.permit();
    let keys = other.path(".axtary/jwks.json");
    let ran = gate.verify(&["--json", "--keys", keys.to_str().unwrap()]).code(3);
    assert_eq!(text(&ran.json(), "code"), "unknown_key");
}

#[test]
fn a_verifier_needs_no_gate() {
    let gate = Gate::new();
    gate.permit();
    let elsewhere = Gate::empty();
    for name in ["pass.jws", "payload.json", "facts.json"] {
        elsewhere.write(name, &gate.read(name));
    }
    elsewhere.write("jwks.json", &gate.read(".axtary/jwks.json"));
    let key = axtary::actionpass::SigningKey::from_pkcs8_pem(&gate.read(".axtary/pass.pem"));
    elsewhere.write("public.pem", &key.unwrap().verifying_key().to_spki_pem().unwrap());

    let trusting = ["--issuer=axtary://local", "--audience=github-executor"];
    for keys in ["--keys=jwks.json", "--keys=public.pem"] {
        elsewhere.verify(&[&[keys], trusting.as_slice()].concat()).code(0);
    }
    let ran = elsewhere.verify(&["--keys=jwks.json"]).code(2);
    assert_snapshot!(ran.err, @"
    error: axtary.yml: cannot open it: No such file or directory (os error 2)
    help: name the gate using `--config`, or give `--keys`, `--issuer` and `--audience`
    ");
}

#[test]
fn a_pass_with_constraints_needs_the_facts_and_is_told_so() {
    let gate = Gate::new();
    gate.permit();
    let call = ["verify", "pass.jws", "--payload=payload.json"];
    let ran = gate.run(&[&call, THE_CALL.as_slice()].concat()).code(3);
    assert_snapshot!(ran.err, @"
    error: the pass does not allow this: the fact `base_branch` is missing, so base_branches cannot be met
    help: give the facts using `--facts FILE`
    ");
}

#[test]
fn facts_that_break_a_constraint_are_refused() {
    let gate = Gate::new();
    gate.permit();
    gate.edit("facts.json", "\"tests_changed\":true", "\"tests_changed\":false");
    assert_eq!(text(&gate.verify(&["--json"]).code(3).json(), "code"), "constraint_violated");
    gate.write("facts.json", "[]");
    assert_eq!(text(&gate.verify(&["--json"]).code(2).json(), "code"), "usage");
}

#[test]
fn what_is_no_pass_is_refused() {
    let gate = Gate::new();
    gate.permit();
    gate.write("pass.jws", "not a pass");
    assert_eq!(text(&gate.verify(&["--json"]).code(3).json(), "code"), "not_compact_jws");
    std::fs::remove_file(gate.path("pass.jws")).unwrap();
    let ran = gate.verify(&["--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "file");
    gate.write("pass.jws", &"x".repeat(30_000));
    assert_eq!(text(&gate.verify(&["--json"]).code(2).json(), "code"), "file");
}
