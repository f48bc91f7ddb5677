//! What nests too deep is refused with its place, on the smallest stack that threads have by default; what loads is decided
//! on any stack.

use std::thread;

use axtary_actionpass::{Effect, FactType, PolicyEngine, Vocabulary};
use axtary_policy::{CedarEngine, CedarSchema, LoadError, NativeEngine, RegoEngine};

use crate::kit::call;

/// Runs on a stack of so many KiB.
fn on_stack<T: Send + 'static>(kib: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(kib * 1024).spawn(run).unwrap();
    thread.join().unwrap()
}

const SMALL: usize = 2048;

fn cedar(condition: &str) -> Result<CedarEngine, LoadError> {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    on_stack(SMALL, move || {
        let facts = Vocabulary::new().with_fact("t", FactType::Boolean, "true");
        let schema = CedarSchema::new([("github.pull_requests.create", "repo", &facts)]).unwrap();
        CedarEngine::builder().source("main.cedar", text).schema(&schema).build()
    })
}

/// The shapes of a condition that can be as deep as its text is long.
fn cedar_shapes(times: usize) -> Vec<String> {
    let repeat = |link: &str| link.repeat(times);
    let around = |open: &str, inside: &str, close: &str| {
        format!("{}{inside}{}", repeat(open), repeat(close))
    };
    vec![
        format!("{} true", repeat("if context.payload.t then true else ")),
        format!("{} true", repeat("if context.payload.t then true else\n")),
        around("if ", "true", " then true else true"),
        around("if true then ", "true", " else true"),
        around("(", "true", ")"),
        format!("{} == 1", around("[", "1", "]")),
        format!("{} == 1", around("{ a: ", "1", " }")),
        around("!(", "true", ")"),
        format!("false {}", repeat("|| context.payload.t ")),
        format!("true {}", repeat("&& context.payload.t == true ")),
        format!("1 {} == 1", repeat("+ 1 ")),
        format!("1 {} == 1", repeat("- 1 ")),
        format!("1 {} == 1", repeat("* 1 ")),
        format!("context{}", repeat(".payload")),
        format!("context has a{}", repeat(".payload")),
        format!("context{}", repeat("[\"payload\"]")),
        format!("[true]{}", repeat(".contains(true)")),
        format!("true }} {} when {{ true", repeat("when { true } ")),
        format!("true }} {} when {{ true", repeat("unless { false } ")),
        format!("true }} {}", repeat("when { true } unless { false // ")),
    ]
}

#[test]
fn a_cedar_policy_that_nests_too_deep_is_refused_with_its_place() {
    for times in [100, 400, 5_000] {
        for condition in cedar_shapes(times) {
            let error = cedar(&condition).expect_err(&condition);
            assert!(error.line().is_some(), "{error}");
        }
    }
    let error = cedar(&cedar_shapes(400)[0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "main.cedar:1:585: brackets and `if` are nested deeper than 16; split the policy"
    );
    let error = cedar(&cedar_shapes(400)[8]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "main.cedar:1:1311: one expression has more than 64 operators in a chain; split it"
    );
}

/// 30 alternatives are no attack. Bare Cedar answers with an error here when the thread has little stack left.
#[test]
fn a_cedar_policy_that_loads_is_decided_the_same_on_every_stack() {
    let condition = format!("{} true", "context.payload.t == false || ".repeat(30));
    let engine = std::sync::Arc::new(cedar(&condition).unwrap());
    for kib in [512, 1024, SMALL, 8192] {
        let (engine, action) = (engine.clone(), call().fact("t", true).action());
        let answer = on_stack(kib, move || {
            assert_eq!(engine.trace(&action).len(), 1);
            engine.evaluate(&action).unwrap()
        });
        assert_eq!(answer.effect(), Effect::Permit, "{kib} KiB: {answer:?}");
    }
}

#[test]
fn what_is_long_and_not_deep_loads() {
    let set: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
    cedar(&format!("[{}].contains(1) && true", set.join(", "))).unwrap();
    let rules = "allow if input.facts.paths[0] == \"a\"\n".repeat(5_000);
    let steps = "input.facts.n + 1 == 2\n".repeat(500);
    let module = format!("package axtary\n{rules}\nallow if {{\n{steps}}}");
    on_stack(SMALL, move || RegoEngine::from_modules(&[("main.rego", module)])).unwrap();
}

fn rego(body: &str) -> Result<Effect, LoadError> {
    let text = format!("package axtary\nallow if {{\n{body}\n}}\nf(x) := x\nok := true\n");
    on_stack(SMALL, move || {
        let engine = RegoEngine::from_modules(&[("main.rego", text)])?;
        Ok(engine.evaluate(&call().action()).map_or(Effect::Deny, |answer| answer.effect()))
    })
}

/// Lines are kept short: `regorus` refuses long ones by itself.
fn rego_shapes(times: usize) -> Vec<String> {
    let repeat = |link: &str| link.repeat(times);
    let around = |open: &str, close: &str| format!("{}1{}", repeat(open), repeat(close));
    vec![
        format!("1{} > 0", repeat("\n+ 1")),
        format!("1{}", repeat("\n== 1")),
        format!("1{}", repeat("\n!= 1")),
        format!("{{1}}{} == {{1}}", repeat("\n| {1}")),
        format!("{{1}}{} == {{1}}", repeat("\n& {1}")),
        format!("1{}", repeat("\nin [true]")),
        format!("{}1 == 1", repeat("-\n")),
        format!("{} == 1", around("[\n", "]\n")),
        format!("{} == 1", around("{\n", "}\n")),
        format!("{} == 1", around("{\"a\":\n", "}\n")),
        format!("{} == 1", around("(\n", ")\n")),
        format!("{} == 1", around("f(\n", ")\n")),
        format!("{} == 1", around("[x |\nx := ", "]\n")),
        around("every x in [1] {\n", "}\n"),
        format!("input{}", repeat(".a")),
        format!("input{}", repeat("[0]")),
        format!("1{} > 0", repeat("\n+ f (1)")),
        format!("1{} > 0", repeat("\n+ contains(\"a\", \"b\")")),
        repeat("some _ in [1]\n"),
        repeat("[1][_]\n"),
        repeat("input.facts[_]\n"),
        repeat("walk([1], [_, _])\n"),
    ]
}

#[test]
fn a_rego_module_that_nests_too_deep_is_refused_with_its_place() {
    for times in [100, 400, 5_000] {
        for body in rego_shapes(times) {
            let error = rego(&body).expect_err(&body);
            assert!(error.line().is_some(), "{error}");
        }
    }
}

/// `else`, `not` and `with` stand beside one another, however many there are.
#[test]
fn a_rego_module_that_is_long_is_decided() {
    for (body, effect) in [
        ("not false\n".repeat(500), Effect::Permit),
        (format!("ok {}", "with input.x as 1\n".repeat(100)), Effect::Permit),
        ("some x in [1]\nx == 1\n".to_owned(), Effect::Permit),
        (
            format!("true }}\n{}\nallow if {{ false", "else := false if {\nfalse\n}\n".repeat(500)),
            Effect::Permit,
        ),
        (
            format!(
                "false }}\n{}\nallow if {{ false",
                "else := false if {\nfalse\n}\n".repeat(500)
            ),
            Effect::Deny,
        ),
    ] {
        assert_eq!(rego(&body).unwrap(), effect, "{:.60}", body);
    }
}

#[test]
fn a_rules_file_that_nests_too_deep_is_refused_with_its_place() {
    for (open, close) in [("[", "]"), ("{ a: ", "}"), ("- ", ""), ("? ", ""), ("[\n", "]\n")] {
        for times in [20, 400, 5_000] {
            let text =
                format!("version: 1\nrules:\n  {}1{}\n", open.repeat(times), close.repeat(times));
            let error = on_stack(SMALL, move || {
                NativeEngine::from_yaml("policy.yml", &text, &Vocabulary::new()).unwrap_err()
            });
            assert!(error.line().is_some(), "{error}");
        }
    }
}
