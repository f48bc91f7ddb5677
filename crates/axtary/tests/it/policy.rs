//! Policy can be checked before it is in force, and whoever writes it is told what can be said.

use crate::kit::{Gate, text};

#[test]
fn a_policy_that_loads_is_counted_and_its_version_told() {
    let gate = Gate::new();
    let ran = gate.run(&["policy", "check"]).code(0);
    assert!(ran.out.starts_with("policy/rules.yml: 2 policies\npolicy version sha256:"), "{ran:?}");
    let json = gate.run(&["policy", "check", "--json"]).code(0).json();
    assert!(ran.out.contains(text(&json, "policy_version")));
}

#[test]
fn a_policy_that_does_not_load_or_permits_everything_is_a_mistake_with_a_place() {
    let gate = Gate::empty();
    gate.write("a.cedar", "permit (principal, action, resource);");
    let ran = gate.run(&["policy", "check", "--policy", "a.cedar"]).code(2);
    assert!(ran.err.contains("permit"), "{ran:?}");
    gate.write("a.cedar", "permit (principal == Agent::\"a\", action, resource)\nwhen { context.payload.file_changed < 2 };");
    let ran = gate.run(&["policy", "check", "--policy", "a.cedar"]).code(2);
    assert!(ran.err.contains("a.cedar:2:"), "{ran:?}");
    assert!(ran.err.contains("file_changed"), "{ran:?}");
}

#[test]
fn a_folder_stands_for_the_policies_in_it_and_a_name_must_tell_its_language() {
    let gate = Gate::new();
    gate.write("policy/more.rego", "package axtary\nallow if input.tool == \"x\"\n");
    gate.write("policy/rules.cases.yml", "not: policy");
    gate.write("notes.txt", "none");
    let json = gate.run(&["policy", "check", "--policy", "policy", "--json"]).code(0).json();
    let policies = json.get("policies").and_then(|list| list.as_array()).unwrap();
    assert_eq!(policies.len(), 3, "{policies:?}");
    let ran = gate.run(&["policy", "check", "--policy", "notes.txt"]).code(2);
    assert!(ran.err.contains("tells no policy language"), "{ran:?}");
    gate.run(&["policy", "check", "--policy", "nowhere.cedar"]).code(2);
    gate.run(&["policy", "check", "--policy", ".axtary"]).code(2);
    gate.run(&["policy", "check", "--policy", "policy", "--policy", "policy/rules.yml"]).code(2);
}

#[test]
fn schemas_are_of_what_is_guarded() {
    let gate = Gate::empty();
    let schema = gate.run(&["policy", "schema", "--json"]).code(0).json();
    assert_eq!(text(&schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    let cedar = gate.run(&["policy", "cedar-schema"]).code(0).out;
    assert!(cedar.contains("action \"github.pull_requests.create\""), "{cedar}");
    let json = gate.run(&["policy", "cedar-schema", "--json"]).code(0).json();
    assert_eq!(text(&json, "schema"), cedar);
}
