//! `policy_version` is a digest over what policies say: layout, comments and the order of sources do not change it, and all else
//! does.

use std::collections::HashSet;

use axtary_actionpass::{FactType, PolicyEngine, PolicyVersion, Vocabulary};
use axtary_policy::{
    CedarBuilder, CedarEngine, CedarSchema, LivePolicy, PolicyStack, RegoBuilder, RegoEngine,
    TemplateLink,
};

use crate::kit::{call, evaluate};

fn cedar(builder: CedarBuilder) -> PolicyVersion {
    builder.build().unwrap().policy_version()
}

fn rego(builder: RegoBuilder) -> PolicyVersion {
    builder.build().unwrap().policy_version()
}

/// Refuses two that are equal.
fn all_differ(versions: &[PolicyVersion]) {
    let different: HashSet<_> = versions.iter().collect();
    assert_eq!(different.len(), versions.len(), "{versions:?}");
}

#[test]
fn cedar_policies_that_say_the_same_have_one_version() {
    let a = r#"@id("a") permit (principal == Agent::"x", action, resource) when { context.payload.n <= 3 };"#;
    let b = r#"@id("b") @reason("no") forbid (principal, action, resource) unless { true };"#;
    let of =
        |sources: &[(&str, &str)]| CedarEngine::from_sources(sources).unwrap().policy_version();
    let version = of(&[("main", &format!("{a}\n{b}"))]);
    let laid_out = r#"
        // why
        @reason ( "no" )
        @id("b")
        forbid (principal,
                action, resource,) // all
        unless { true };
        @id("a")
        permit (principal == Agent::"\u{78}", action, resource)
        when { (context["payload"].n <= 3) };
    "#;
    assert_eq!(of(&[("main", laid_out)]), version);
    assert_eq!(of(&[("one", a), ("two", b)]), version);
    assert_eq!(of(&[("two", b), ("one", a)]), version);
    all_differ(&[
        version,
        of(&[("main", a)]),
        of(&[("main", &a.replace("<= 3", "<= 4"))]),
        of(&[("main", &a.replace("<=", "<"))]),
        of(&[("main", &a.replace("permit", "forbid"))]),
        of(&[("main", &a.replace("\"x\"", "\"y\""))]),
        of(&[("main", &a.replace("when", "unless"))]),
        of(&[("main", &a.replace("@id(\"a\")", "@id(\"c\")"))]),
        of(&[("main", &a.replace("@id(\"a\")", "@id(\"a\") @ttl(\"5m\")"))]),
        of(&[("main", &a.replace("<= 3", "<= 9223372036854775807"))]),
        of(&[("main", &a.replace("<= 3", "<= 9223372036854775806"))]),
    ]);
}

#[test]
fn the_groups_links_and_schema_of_a_cedar_engine_are_in_its_version() {
    let template = r#"@id("t") permit (principal == ?principal, action, resource);"#;
    let link =
        |id: &str, agent: &str| TemplateLink::new("t", id).principal(format!("Agent::{agent:?}"));
    let base = || CedarEngine::builder().source("main", template);
    let facts = Vocabulary::new().with_fact("n", FactType::Integer, "a number");
    let schema = |tool: &str| CedarSchema::new([(tool, "repo", &facts)]).unwrap();
    let version = cedar(base().link(link("a", "x")).link(link("b", "y")));
    assert_eq!(cedar(base().link(link("b", "y")).link(link("a", "x"))), version);
    all_differ(&[
        version,
        cedar(base().link(link("a", "y")).link(link("b", "x"))),
        cedar(base().link(link("a", "x"))),
        cedar(base().link(link("a", "x")).group("g", ["x"])),
        cedar(base().link(link("a", "x")).group("g", ["y"])),
        cedar(base().link(link("a", "x")).schema(&schema("a.b"))),
        cedar(base().link(link("a", "x")).schema(&schema("a.c"))),
    ]);
}

#[test]
fn rego_modules_that_say_the_same_have_one_version() {
    let a = "package axtary\n\nallow if {\n    input.tool == \"a  b\"\n    data.lib.ok\n}\n";
    let b = "package lib\nok := true\n";
    let of = |modules: &[(&str, &str)]| RegoEngine::from_modules(modules).unwrap().policy_version();
    let version = of(&[("a", a), ("b", b)]);
    let laid_out = "# why\npackage axtary # here\nallow if { # there\n\n\tinput.tool  ==  \"a  b\"\r\n\tdata.lib.ok\n\n}";
    assert_eq!(of(&[("b", b), ("a", laid_out)]), version);
    all_differ(&[
        version,
        of(&[("a", &a.replace("a  b", "a b")), ("b", b)]),
        of(&[("a", &a.replace("==", "!=")), ("b", b)]),
        of(&[("a", &a.replace("data.lib.ok", "not data.lib.ok")), ("b", b)]),
        of(&[("a", a), ("b", &b.replace("true", "false"))]),
    ]);
}

#[test]
fn the_rules_that_a_rego_engine_asks_are_in_its_version() {
    let text = "package axtary\nallow := true\nother := true\ndeny contains \"x\" if input.tool == \"x\"\nno := deny\n";
    let base = || RegoEngine::builder().module("main", text);
    all_differ(&[
        rego(base()),
        rego(base().allow("data.axtary.other")),
        rego(base().deny("data.axtary.no")),
        rego(base().step_up("data.axtary.other")),
    ]);
    assert_eq!(rego(base().allow("data.axtary.allow")), rego(base()));
}

#[test]
fn one_text_under_two_engines_has_two_versions() {
    let cedar = CedarEngine::from_sources(&[("a", "permit (principal, action, resource);")]);
    let rego = RegoEngine::from_modules(&[("a", "package axtary\nallow := true")]);
    assert_ne!(cedar.unwrap().policy_version(), rego.unwrap().policy_version());
}

#[test]
fn a_stack_has_the_version_of_what_its_engines_hold_now() {
    let load = |agent: &str| {
        CedarEngine::from_sources(&[(
            "main",
            format!("permit (principal == Agent::{agent:?}, action, resource);"),
        )])
    };
    let rego = || {
        RegoEngine::from_modules(&[("main", "package axtary\nallow if input.tool != \"x\"")])
            .unwrap()
    };
    let live = LivePolicy::new(load("a").unwrap());
    let stack = PolicyStack::new().with(live.clone()).with(rego());
    let before = stack.policy_version();
    assert_eq!(evaluate(&stack, &call()).policy_version(), before);

    assert!(live.reload(|| load("b")).unwrap().is_change());
    let after = PolicyStack::new().with(load("b").unwrap()).with(rego()).policy_version();
    assert_ne!(before, after);
    assert_eq!(stack.policy_version(), after);
    assert_eq!(evaluate(&stack, &call()).policy_version(), after);

    assert!(live.reload(|| load("a")).unwrap().is_change());
    assert_eq!(stack.policy_version(), before);
}
