//! Rego: the entrypoints, and the traps of the language and of its engine.

use axtary_actionpass::{Effect, Json, Object, PolicyEngine};
use axtary_policy::RegoEngine;
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate};

fn engine(rules: &str) -> RegoEngine {
    let text = format!("package axtary\n{rules}");
    RegoEngine::from_modules(&[("main.rego", text)]).unwrap()
}

#[test]
fn only_the_boolean_true_permits() {
    assert_eq!(
        answer(&engine("allow := true"), &call()),
        "rego:pass\n`rego:data.axtary.allow`: permits this action"
    );
    for rules in ["allow := false", "allow if 1 == 2", "default allow := false"] {
        assert_eq!(
            answer(&engine(rules), &call()),
            "rego:deny\n`rego`: no policy permits this action"
        );
    }
    for (value, found) in [
        ("1", "a number"),
        ("\"true\"", "a string"),
        ("[true]", "a list"),
        ("{true}", "a set"),
        ("{\"a\": true}", "an object"),
        ("null", "null"),
    ] {
        assert_eq!(
            answer(&engine(&format!("allow := {value}")), &call()),
            format!(
                "rego:deny\n`rego:data.axtary.allow`: the policy failed: its value is {found}, must be true or false"
            )
        );
    }
}

#[test]
fn every_entry_of_deny_denies_and_is_a_reason() {
    let rules = r#"
        allow := true
        deny contains "too many files" if input.payload.max_files_changed > 10
        deny contains sprintf("not %s", [input.actor.agent_id]) if input.tool == "github.pull_requests.create"
        deny contains 7 if input.payload.max_files_changed == 11
    "#;
    let engine = engine(rules);
    assert_snapshot!(answer(&engine, &call()), @r"
    rego:deny
    `rego:data.axtary.deny`: not codex-prod
    `rego:data.axtary.deny`: too many files
    ");
    let other = call().tool("github.issues.create").fact("max_files_changed", 11);
    assert_snapshot!(answer(&engine, &other), @r"
    rego:deny
    `rego:data.axtary.deny`: 7
    `rego:data.axtary.deny`: too many files
    ");
    let none = call().tool("github.issues.create").fact("max_files_changed", 1);
    assert_eq!(evaluate(&engine, &none).effect(), Effect::Permit);
}

#[test]
fn a_deny_or_step_up_of_another_type_denies() {
    assert_snapshot!(answer(&engine("allow := true\ndeny := true"), &call()), @r"
    rego:deny
    `rego:data.axtary.deny`: the policy failed: its value is a boolean, must be a set of strings
    ");
    assert_snapshot!(answer(&engine("allow := true\nstep_up := \"security\""), &call()), @r"
    rego:deny
    `rego:data.axtary.step_up`: the policy failed: its value is a string, must be true, false, or a set of approvers
    ");
    assert_snapshot!(answer(&engine("allow := true\nstep_up contains 1"), &call()), @r"
    rego:deny
    `rego:data.axtary.step_up`: the policy failed: its value is a number, must be true, false, or a set of approvers
    ");
}

#[test]
fn step_up_asks_its_approvers_and_yields_to_deny() {
    let rules = r#"
        allow := true
        step_up contains "security" if input.payload.touches_production
        step_up contains "release" if input.payload.touches_production
        deny contains "no" if input.payload.max_files_changed > 12
    "#;
    let engine = engine(rules);
    let production = call().fact("touches_production", true);
    let evaluation = evaluate(&engine, &production);
    assert_eq!(evaluation.label(), "rego:step_up");
    assert_eq!(evaluation.approvers(), ["release", "security"]);
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &production.fact("max_files_changed", 13)).effect(), Effect::Deny);
    let always = self::engine("default allow := false\nstep_up := true");
    assert_eq!(evaluate(&always, &call()).effect(), Effect::StepUp);
}

#[test]
fn an_error_denies_even_under_not() {
    for (rules, what) in [
        (
            "allow if not bad\nbad if startswith(input.payload.max_files_changed, \"x\")",
            "a builtin on another type",
        ),
        (
            "allow if not z\nz := 1 if input.payload.max_files_changed\nz := 2 if input.payload.max_files_changed",
            "two values of one rule",
        ),
        (
            "allow if not f(1)\nf(x) := 1 if x == 1\nf(x) := 2 if x == 1",
            "two values of one function",
        ),
        ("allow if 1 / (input.payload.max_files_changed - 12) > 0", "division by zero"),
        ("allow if to_number(input.tool) > 0", "a conversion"),
        (
            "allow := true\ndeny contains \"x\" if startswith(input.payload.max_files_changed, \"x\")",
            "an error in deny",
        ),
        (
            "allow := true\nstep_up if startswith(input.payload.max_files_changed, \"x\")",
            "an error in step_up",
        ),
    ] {
        let evaluation = evaluate(&engine(rules), &call());
        let text = crate::kit::show(&evaluation);
        assert!(
            text.starts_with("rego:deny\n") && text.contains("the policy failed"),
            "{what}: {text}"
        );
    }
    assert_snapshot!(answer(&engine("allow if not bad\nbad if startswith(input.payload.max_files_changed, \"x\")"), &call()), @r"
    rego:deny
    `rego:data.axtary.allow`: the policy failed: main.rego:3:32: `startswith` expects string argument. Got `12` instead
    ");
}

#[test]
fn work_beyond_the_budget_is_a_failure_of_the_engine_even_under_not() {
    let pairs =
        "count([1 | some a in input.payload.items; some b in input.payload.items; a == b]) < 0";
    let many = Json::from((0..1000).collect::<Vec<i32>>());
    for rules in [format!("allow if {pairs}"), format!("allow if not slow\nslow if {pairs}")] {
        let engine = engine(&rules);
        let error = engine.evaluate(&call().fact("items", many.clone()).action()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the rego engine: `data.axtary.allow` takes more than 20000 steps on this action; simplify the module, or bound \
             the facts"
        );
        // Nothing of it is left for the next call.
        assert!(engine.evaluate(&call().fact("items", vec![1]).action()).is_ok());
    }
}

#[test]
fn the_deepest_chain_of_rules_that_loads_can_be_evaluated() {
    let chain = |rules: usize| {
        let links: String =
            (1..rules).map(|n| format!("f{}(x) if {{ f{n}(x) }}\n", n - 1)).collect();
        let text = format!("package axtary\nallow if f0(1)\n{links}f{}(x) := true", rules - 1);
        RegoEngine::from_modules(&[("main.rego", text)])
    };
    let deepest = (1..200).rev().find_map(|rules| chain(rules).ok()).unwrap();
    assert_eq!(evaluate(&deepest, &call()).effect(), Effect::Permit);
    assert_eq!(
        chain(200).unwrap_err().to_string(),
        "main.rego:2:1: `data.axtary.allow` and the rules it refers to nest 601 levels deep, at most 100 are evaluated; \
         shorten the chain"
    );
}

#[test]
fn modules_refer_to_each_other_across_files() {
    let engine = RegoEngine::from_modules(&[
        (
            "main.rego",
            "package axtary\nimport data.lib.paths as p\nallow if { not p.secret(input.payload.path); data.lib.team[input.actor.agent_id] }",
        ),
        ("paths.rego", "package lib.paths\nsecret(path) if endswith(path, \".pem\")"),
        ("team.rego", "package lib\nteam := {\"codex-prod\"}"),
    ])
    .unwrap();
    assert_eq!(evaluate(&engine, &call().fact("path", "a.rs")).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &call().fact("path", "a.pem")).effect(), Effect::Deny);
    assert_eq!(evaluate(&engine, &call().agent("x").fact("path", "a.rs")).effect(), Effect::Deny);
}

#[test]
fn the_input_carries_every_part_of_the_action() {
    let engine = engine(
        r#"
        allow if input == {
            "actor": {"agent_id": "codex-prod", "human_owner": "alice@example.com"},
            "audience": "github-executor",
            "facts": {"flag": true, "list": [3, 1], "nested": {"text": "x"}},
            "intent": {"text": "fix the login redirect"},
            "payload": {"flag": true, "list": [3, 1], "nested": {"text": "x"}},
            "resource": "repo:company/web-app",
            "tool": "github.pull_requests.create",
        }
        "#,
    );
    let mut call = call().task(None);
    call.facts = Object::new()
        .with("flag", true)
        .with("list", vec![3, 1])
        .with("nested", Object::new().with("text", "x"));
    assert_eq!(evaluate(&engine, &call).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &call.task(Some("T-1"))).effect(), Effect::Deny);
}

#[test]
fn the_habits_of_rego_that_its_documentation_warns_of_are_as_it_says() {
    for (rules, call) in [
        // Types are ordered, so a bound holds for what is no number.
        ("allow if input.payload.max_files_changed <= 12", call().fact("max_files_changed", true)),
        // What is missing is undefined, and `not` of it holds.
        ("allow if not input.payload.touches_production", call().without("touches_production")),
    ] {
        assert_eq!(evaluate(&engine(rules), &call).effect(), Effect::Permit, "{rules}");
    }
    for (rules, call) in [
        (
            "allow if { is_number(input.payload.max_files_changed); input.payload.max_files_changed <= 12 }",
            call().fact("max_files_changed", true),
        ),
        (
            "allow if input.payload.touches_production == false",
            call().without("touches_production"),
        ),
    ] {
        assert_eq!(evaluate(&engine(rules), &call).effect(), Effect::Deny, "{rules}");
    }
}

#[test]
fn what_is_read_by_an_alias_a_whole_or_a_computed_name_is_in_the_input() {
    let facts = call().fact("max_files_changed", 12).fact("touches_production", false);
    for rules in [
        "import input.payload as facts\nallow if facts.max_files_changed == 12",
        "import input.payload.max_files_changed as files\nallow if files == 12",
        "allow if { some name; input.payload[name] == 12 }",
        "allow if count(input.facts) == 2",
        "allow if { some part in input; part == \"github-executor\" }",
        "allow if { walk(input, [path, value]); path == [\"payload\", \"max_files_changed\"]; value == 12 }",
        "allow if { payload := input.payload; payload.max_files_changed == 12 }",
        "allow if object.get(input, [\"payload\", \"max_files_changed\"], 0) == 12",
        "allow if many with input.payload.touches_production as true\nmany if input.payload == {\"max_files_changed\": 12, \"touches_production\": true}",
        "allow if f(input)\nf(x) if x.payload.max_files_changed == 12",
        "default few := false\nfew := input.payload.max_files_changed == 12\nallow if few",
        "allow if { every name in [\"max_files_changed\"] { input.payload[name] == 12 } }",
    ] {
        assert_eq!(evaluate(&engine(rules), &facts).effect(), Effect::Permit, "{rules}");
    }
}
