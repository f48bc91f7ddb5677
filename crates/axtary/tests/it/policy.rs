//! Policy can be checked before it is in force, and whoever writes it is told what can be said.

use std::fs;

use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;

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

/// Puts a Cedar policy, a Rego bundle and what goes with them beside the rules of a gate.
fn add_cedar_and_rego(gate: &Gate) {
    gate.write(
        "policy/main.cedar",
        "permit (principal in AgentGroup::\"backend\", action in Action::\"github\", resource);\n\
         @id(\"reader\") permit (principal == ?principal, action, resource) when { context.intent.task_id == \"T-1\" };\n",
    );
    let module = "package company.authz\n\nmay if input.facts.files_changed <= data.limits.files\n";
    let bundle =
        bundle(&[("company/authz.rego", module), ("data.json", r#"{"limits":{"files":9}}"#)]);
    fs::write(gate.path("policy/authz.tar.gz"), bundle).unwrap();
    gate.edit(
        "axtary.yml",
        "  cedar: []\n  rego: []\n",
        "  cedar: [policy/main.cedar]\n  \
           groups: { backend: [codex-prod] }\n  \
           links: [{ template: reader, id: codex-reads, principal: 'Agent::\"claude\"' }]\n  \
           rego: [policy/authz.tar.gz]\n  \
           entrypoints: { allow: data.company.authz.may }\n",
    );
}

/// An OPA bundle of these files.
fn bundle(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len().try_into().unwrap());
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn groups_links_bundles_and_entrypoints_of_the_configuration_decide() {
    let gate = Gate::new();
    add_cedar_and_rego(&gate);
    let json = gate.check("agent/fix", &["--json"]).code(0).json();
    assert_eq!(
        text(json.get("view").unwrap().as_object().unwrap(), "policy"),
        "native+cedar+rego:pass"
    );
    let check = gate.run(&["policy", "check"]).code(0);
    assert_snapshot!(check.out.lines().take(3).collect::<Vec<_>>().join("\n"), @"
    policy/rules.yml: 2 policies
    policy/main.cedar: 2 policies
    policy/authz.tar.gz/company/authz.rego: 1 policy
    ");
    // Another group, another limit, another entrypoint: each is a denial or an error.
    gate.edit("axtary.yml", "backend: [codex-prod]", "backend: [codex-stage]");
    gate.check("agent/fix", &[]).code(3);
    gate.edit("axtary.yml", "backend: [codex-stage]", "backend: [codex-prod]");
    gate.edit("axtary.yml", "data.company.authz.may", "data.company.authz.might");
    let ran = gate.run(&["policy", "check"]).code(2);
    assert_snapshot!(ran.err, @"error: policy/authz.tar.gz/company/authz.rego: no module defines `data.company.authz.might`; write `package company.authz` and a rule `might`");
    gate.edit("axtary.yml", "data.company.authz.might", "data.company.authz.may");
    gate.edit("axtary.yml", "template: reader", "template: raeder");
    let ran = gate.run(&["policy", "check"]).code(2);
    assert_snapshot!(ran.err, @"error: axtary.yml: the link `codex-reads` is of the template `raeder`, which no source holds; correct its name");
    gate.edit("axtary.yml", "template: raeder", "template: reader");
    let broken = bundle(&[("company/authz.rego", "package company.authz\nmay if {")]);
    fs::write(gate.path("policy/authz.tar.gz"), broken).unwrap();
    let ran = gate.run(&["policy", "check"]).code(2);
    assert_snapshot!(ran.err, @"error: policy/authz.tar.gz/company/authz.rego:2:9: expecting expression");
}

#[test]
fn a_bundle_is_told_by_its_name() {
    let gate = Gate::empty();
    let module = "package axtary\nallow if input.tool == \"x.y\"\n";
    fs::write(gate.path("main.tar.gz"), bundle(&[("main.rego", module)])).unwrap();
    gate.run(&["policy", "check", "--policy", "main.tar.gz"]).code(0);
    gate.run(&["policy", "check", "--policy", "."]).code(0);
    fs::rename(gate.path("main.tar.gz"), gate.path("main.gz")).unwrap();
    let ran = gate.run(&["policy", "check", "--policy", "main.gz"]).code(2);
    assert!(ran.err.contains("tells no policy language"), "{ran:?}");
}
