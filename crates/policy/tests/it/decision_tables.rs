//! What each language makes of facts that are odd or missing, of names that look alike, of what fails, and of engines that disagree:
//! tables to be checked by eye.
//!
//! | cell | means |
//! |---|---|
//! | `permit`, `step_up` | as they say |
//! | `deny` | a policy forbids it, or none permits it |
//! | `failed` | denied, since a policy could not be evaluated on it |
//! | `unavailable` | an engine failed as a whole |
//! | `-` | it never comes to policy: an action of this kind cannot be made |
//!
//! The policies are written as the documentation advises: in Rego, the type of a fact is asked for beside its value. Cedar cannot ask
//! for it, and its `==` and `contains` compare values of any types: there a forbid passes a value of another type over, which native
//! rules deny.

mod table;

use std::sync::Arc;

use axtary_actionpass::{Cause, Effect, EngineError, EngineName, testing};
use axtary_policy::{CedarEngine, PolicyStack, RegoEngine};
use insta::assert_snapshot;

use self::table::{Condition, Engine, Shape, aligned, cell};
use crate::kit::call;

#[test]
fn a_bound_is_met_by_integers_alone() {
    let condition = Condition {
        fact: "files",
        native: ("max_files", 3.into()),
        cedar: "context.payload.files <= 3",
        rego: ("is_number(input.facts.files)", "input.facts.files <= 3"),
    };
    assert_snapshot!(condition.table(&[
        ("within", Some("3")),
        ("beyond", Some("4")),
        ("zero", Some("0")),
        ("negative", Some("-1")),
        ("the greatest integer", Some("9007199254740991")),
        ("overflowing", Some("9007199254740992")),
        ("beyond 64 bits", Some("18446744073709551616")),
        ("a fraction", Some("2.5")),
        ("missing", None),
        ("null", Some("null")),
        ("a text", Some("\"3\"")),
        ("a boolean", Some("true")),
        ("a list", Some("[3]")),
        ("an empty list", Some("[]")),
        ("an object", Some("{}")),
    ]), @r#"
                                                permit                  forbid                  step_up
    it is                 files                 native  cedar   rego    native  cedar   rego    native   cedar    rego
    within                3                     permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    beyond                4                     deny    deny    deny    permit  permit  permit  permit   permit   permit
    zero                  0                     permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    negative              -1                    permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    the greatest integer  9007199254740991      deny    deny    deny    permit  permit  permit  permit   permit   permit
    overflowing           9007199254740992      -       -       -       -       -       -       -        -        -
    beyond 64 bits        18446744073709551616  -       -       -       -       -       -       -        -        -
    a fraction            2.5                   -       -       -       -       -       -       -        -        -
    missing                                     deny    failed  deny    failed  failed  deny    failed   failed   deny
    null                  null                  -       -       -       -       -       -       -        -        -
    a text                "3"                   deny    failed  deny    failed  failed  deny    failed   failed   deny
    a boolean             true                  deny    failed  deny    failed  failed  deny    failed   failed   deny
    a list                [3]                   deny    failed  deny    failed  failed  deny    failed   failed   deny
    an empty list         []                    deny    failed  deny    failed  failed  deny    failed   failed   deny
    an object             {}                    deny    failed  deny    failed  failed  deny    failed   failed   deny
    "#);
}

#[test]
fn a_text_is_equal_to_itself_alone_whatever_it_looks_like() {
    let condition = Condition {
        fact: "branch",
        native: ("branch", "main".into()),
        cedar: r#"context.payload.branch == "main""#,
        rego: ("is_string(input.facts.branch)", "input.facts.branch == \"main\""),
    };
    assert_snapshot!(condition.table(&[
        ("the one", Some(r#""main""#)),
        ("another", Some(r#""next""#)),
        ("of another case", Some(r#""Main""#)),
        ("with a Cyrillic a", Some(r#""m\u0430in""#)),
        ("with an invisible space", Some(r#""ma\u200bin""#)),
        ("with a full-width m", Some(r#""\uff4dain""#)),
        ("with a space behind", Some(r#""main ""#)),
        ("longer", Some(r#""main2""#)),
        ("empty", Some(r#""""#)),
        ("with half a surrogate", Some(r#""main\ud800""#)),
        ("missing", None),
        ("null", Some("null")),
        ("a number", Some("1")),
        ("a list of it", Some(r#"["main"]"#)),
        ("an empty list", Some("[]")),
    ]), @r#"
                                           permit                  forbid                  step_up
    it is                    branch        native  cedar   rego    native  cedar   rego    native   cedar    rego
    the one                  "main"        permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    another                  "next"        deny    deny    deny    permit  permit  permit  permit   permit   permit
    of another case          "Main"        deny    deny    deny    permit  permit  permit  permit   permit   permit
    with a Cyrillic a        "m\u0430in"   deny    deny    deny    permit  permit  permit  permit   permit   permit
    with an invisible space  "ma\u200bin"  deny    deny    deny    permit  permit  permit  permit   permit   permit
    with a full-width m      "\uff4dain"   deny    deny    deny    permit  permit  permit  permit   permit   permit
    with a space behind      "main "       deny    deny    deny    permit  permit  permit  permit   permit   permit
    longer                   "main2"       deny    deny    deny    permit  permit  permit  permit   permit   permit
    empty                    ""            deny    deny    deny    permit  permit  permit  permit   permit   permit
    with half a surrogate    "main\ud800"  -       -       -       -       -       -       -        -        -
    missing                                deny    failed  deny    failed  failed  deny    failed   failed   deny
    null                     null          -       -       -       -       -       -       -        -        -
    a number                 1             deny    deny    deny    failed  permit  deny    failed   permit   deny
    a list of it             ["main"]      deny    deny    deny    failed  permit  deny    failed   permit   deny
    an empty list            []            deny    deny    deny    failed  permit  deny    failed   permit   deny
    "#);
}

#[test]
fn one_of_several_is_met_by_each_of_them_alone() {
    let condition = Condition {
        fact: "branch",
        native: ("branches", vec!["main", "next"].into()),
        cedar: r#"["main", "next"].contains(context.payload.branch)"#,
        rego: ("is_string(input.facts.branch)", "input.facts.branch in [\"main\", \"next\"]"),
    };
    assert_snapshot!(condition.table(&[
        ("one of them", Some(r#""next""#)),
        ("another", Some(r#""old""#)),
        ("of another case", Some(r#""NEXT""#)),
        ("missing", None),
        ("a number", Some("1")),
        ("a list of both", Some(r#"["main","next"]"#)),
        ("an empty list", Some("[]")),
    ]), @r#"
                                      permit                  forbid                  step_up
    it is            branch           native  cedar   rego    native  cedar   rego    native   cedar    rego
    one of them      "next"           permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    another          "old"            deny    deny    deny    permit  permit  permit  permit   permit   permit
    of another case  "NEXT"           deny    deny    deny    permit  permit  permit  permit   permit   permit
    missing                           deny    failed  deny    failed  failed  deny    failed   failed   deny
    a number         1                deny    deny    deny    failed  permit  deny    failed   permit   deny
    a list of both   ["main","next"]  deny    deny    deny    failed  permit  deny    failed   permit   deny
    an empty list    []               deny    deny    deny    failed  permit  deny    failed   permit   deny
    "#);
}

#[test]
fn a_subset_is_met_by_lists_of_what_is_named_alone() {
    let condition = Condition {
        fact: "kinds",
        native: ("kinds", vec!["code", "docs"].into()),
        cedar: r#"["code", "docs"].containsAll(context.payload.kinds)"#,
        rego: (
            "is_array(input.facts.kinds); every kind in input.facts.kinds { is_string(kind) }",
            "every kind in input.facts.kinds { kind in [\"code\", \"docs\"] }",
        ),
    };
    assert_snapshot!(condition.table(&[
        ("one of them", Some(r#"["code"]"#)),
        ("one twice", Some(r#"["code","code"]"#)),
        ("one more", Some(r#"["code","data"]"#)),
        ("an empty list", Some("[]")),
        ("of another case", Some(r#"["Code"]"#)),
        ("with a Cyrillic c", Some(r#"["\u0441ode"]"#)),
        ("with a number", Some(r#"["code",1]"#)),
        ("a list in it", Some(r#"[["code"]]"#)),
        ("missing", None),
        ("null in it", Some("[null]")),
        ("a text", Some(r#""code""#)),
        ("an object", Some(r#"{"code":true}"#)),
    ]), @r#"
                                        permit                  forbid                  step_up
    it is              kinds            native  cedar   rego    native  cedar   rego    native   cedar    rego
    one of them        ["code"]         permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    one twice          ["code","code"]  permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    one more           ["code","data"]  deny    deny    deny    permit  permit  permit  permit   permit   permit
    an empty list      []               permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    of another case    ["Code"]         deny    deny    deny    permit  permit  permit  permit   permit   permit
    with a Cyrillic c  ["\u0441ode"]    deny    deny    deny    permit  permit  permit  permit   permit   permit
    with a number      ["code",1]       deny    deny    deny    failed  permit  deny    failed   permit   deny
    a list in it       [["code"]]       deny    deny    deny    failed  permit  deny    failed   permit   deny
    missing                             deny    failed  deny    failed  failed  deny    failed   failed   deny
    null in it         [null]           -       -       -       -       -       -       -        -        -
    a text             "code"           deny    failed  deny    failed  failed  deny    failed   failed   deny
    an object          {"code":true}    deny    failed  deny    failed  failed  deny    failed   failed   deny
    "#);
}

#[test]
fn a_flag_is_met_by_true_alone() {
    let condition = Condition {
        fact: "tested",
        native: ("requires_tests", true.into()),
        cedar: "context.payload.tested",
        rego: ("is_boolean(input.facts.tested)", "input.facts.tested == true"),
    };
    assert_snapshot!(condition.table(&[
        ("true", Some("true")),
        ("false", Some("false")),
        ("missing", None),
        ("null", Some("null")),
        ("a text", Some("\"true\"")),
        ("one", Some("1")),
        ("an empty list", Some("[]")),
    ]), @r#"
                           permit                  forbid                  step_up
    it is          tested  native  cedar   rego    native  cedar   rego    native   cedar    rego
    true           true    permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    false          false   deny    deny    deny    permit  permit  permit  permit   permit   permit
    missing                deny    failed  deny    failed  failed  deny    failed   failed   deny
    null           null    -       -       -       -       -       -       -        -        -
    a text         "true"  deny    failed  deny    failed  failed  deny    failed   failed   deny
    one            1       deny    failed  deny    failed  failed  deny    failed   failed   deny
    an empty list  []      deny    failed  deny    failed  failed  deny    failed   failed   deny
    "#);
}

#[test]
fn a_fact_is_present_whatever_its_value() {
    let condition = Condition {
        fact: "files",
        native: ("requires_files", true.into()),
        cedar: "context.payload has files",
        rego: ("true", "input.facts.files != null"),
    };
    assert_snapshot!(condition.table(&[
        ("there", Some("1")),
        ("missing", None),
        ("null", Some("null")),
        ("false", Some("false")),
        ("an empty list", Some("[]")),
    ]), @"
                          permit                  forbid                  step_up
    it is          files  native  cedar   rego    native  cedar   rego    native   cedar    rego
    there          1      permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    missing               deny    deny    deny    permit  permit  permit  permit   permit   permit
    null           null   -       -       -       -       -       -       -        -        -
    false          false  permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    an empty list  []     permit  permit  permit  deny    deny    deny    step_up  step_up  step_up
    ");
}

#[test]
fn an_agent_is_met_by_its_own_name_alone() {
    let condition = Condition {
        fact: "files",
        native: ("max_files", 3.into()),
        cedar: "context.payload.files <= 3",
        rego: ("is_number(input.facts.files)", "input.facts.files <= 3"),
    };
    let engines = condition.engines(Shape::Permit);
    let mut rows = vec![vec!["its name is".to_owned()]];
    rows[0].extend(engines.iter().map(|(name, _)| (*name).to_owned()));
    for name in
        ["codex-prod", "Codex-Prod", "codex-prod2", "codex", "c\u{43e}dex-prod", "codex-prod ", ""]
    {
        let mut row = vec![format!("\"{}\"", name.escape_default())];
        let is_a_name = name.parse::<axtary_actionpass::AgentId>().is_ok();
        let call = call().fact("files", 3).agent(name);
        row.extend(
            engines.iter().map(
                |(_, engine)| {
                    if is_a_name { cell(engine, &call) } else { "-".to_owned() }
                },
            ),
        );
        rows.push(row);
    }
    assert_snapshot!(aligned(&rows), @r#"
    its name is         native  cedar   rego
    "codex-prod"        permit  permit  permit
    "Codex-Prod"        deny    deny    deny
    "codex-prod2"       deny    deny    deny
    "codex"             deny    deny    deny
    "c\u{43e}dex-prod"  -       -       -
    "codex-prod "       -       -       -
    ""                  -       -       -
    "#);
}

#[test]
fn an_engine_that_fails_permits_nothing_and_says_why() {
    let cedar = |text: &str| -> Engine {
        Arc::new(CedarEngine::from_sources(&[("main.cedar", text)]).unwrap())
    };
    let rego = |rules: &str| -> Engine {
        let module = format!("package axtary\n\n{rules}\n");
        Arc::new(RegoEngine::from_modules(&[("main.rego", module)]).unwrap())
    };
    let all = r#"permit (principal == Agent::"codex-prod", action, resource);"#;
    let many = (0..200).map(|number| number.to_string()).collect::<Vec<_>>().join(",\n");
    let wiki = call().resource("old-wiki:a");
    let rows = [
        (
            "Cedar: a permit errs beside one that permits",
            cedar(&format!(
                "{all} permit (principal, action, resource) when {{ context.payload.files < 3 }};"
            )),
            call(),
        ),
        (
            "Cedar: a forbid errs",
            cedar(&format!(
                "{all} forbid (principal, action, resource) when {{ context.payload.files > 3 }};"
            )),
            call(),
        ),
        (
            "Cedar: an integer overflows",
            cedar(
                "permit (principal == Agent::\"codex-prod\", action, resource) when { context.payload.max_files_changed * 9007199254740991 > 0 };",
            ),
            call().fact("max_files_changed", 1_000_000),
        ),
        ("Cedar: the resource has no form in Cedar", cedar(all), wiki.clone()),
        ("Rego: `allow` is no boolean", rego("allow := 1"), call()),
        (
            "Rego: a rule has two values",
            rego("allow := true if input.tool\nallow := false if input.resource"),
            call(),
        ),
        (
            "Rego: a builtin fails under `not`",
            rego("allow if not bad\nbad if to_number(input.intent.text) > 3"),
            call(),
        ),
        ("Rego: `deny` is no set", rego("allow := true\ndeny := true"), call()),
        (
            "Rego: an approver is no name",
            rego("allow := true\nstep_up contains \"two words\""),
            call(),
        ),
        (
            "Rego: more steps than are allowed",
            rego(&format!("allow if {{ some a in [{many}]; some b in [{many}]; a + b < 0 }}")),
            call(),
        ),
    ];
    let mut told = Vec::new();
    for (what, engine, call) in rows {
        let message = match engine.evaluate(&call.action()) {
            Err(error) => error.to_string(),
            Ok(answer) => {
                answer.reasons().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
        };
        told.push(vec![what.to_owned(), cell(&engine, &call), message]);
    }
    assert_snapshot!(aligned(&told), @r#"
    Cedar: a permit errs beside one that permits  failed       `cedar:main.cedar:policy1`: the policy failed: record does not have the attribute `files`
    Cedar: a forbid errs                          failed       `cedar:main.cedar:policy1`: the policy failed: record does not have the attribute `files`
    Cedar: an integer overflows                   failed       `cedar:main.cedar:policy0`: the policy failed: integer overflow while attempting to multiply the values `1000000` and `9007199254740991`
    Cedar: the resource has no form in Cedar      failed       `cedar`: the policy failed: the resource type `old-wiki` has no Cedar entity type; it must be words of lower-case letters and digits that start with a letter, joined by single underscores
    Rego: `allow` is no boolean                   failed       `rego:data.axtary.allow`: the policy failed: its value is a number, must be true or false
    Rego: a rule has two values                   failed       `rego:data.axtary.allow`: the policy failed: main.rego:4:1: rule conflicts with rule at main.rego:3:1
    Rego: a builtin fails under `not`             failed       `rego:data.axtary.allow`: the policy failed: main.rego:4:30: could not parse string as number
    Rego: `deny` is no set                        failed       `rego:data.axtary.deny`: the policy failed: its value is a boolean, must be a set of strings
    Rego: an approver is no name                  failed       `rego:data.axtary.step_up`: the policy failed: an approver is refused: a human owner must be printable ASCII without spaces, at most 256 bytes, but is "two words"
    Rego: more steps than are allowed             unavailable  the rego engine: `data.axtary.allow` takes more than 20000 steps on this action; simplify the module, or bound the facts
    "#);
}

#[test]
fn of_two_engines_the_stricter_decides_and_a_failure_permits_nothing() {
    let answers = |effect, cause: Cause| -> Engine {
        Arc::new(testing::policy(move |_| Ok(testing::answer(effect, cause.clone()))))
    };
    let broken = EngineError { engine: EngineName::REGO, message: "broken".to_owned() };
    let engine = |name: &str| -> Engine {
        match name {
            "permit" => answers(Effect::Permit, Cause::Permitted),
            "step_up" => answers(Effect::StepUp, Cause::StepUp),
            "forbid" => answers(Effect::Deny, Cause::Forbidden),
            "undefined" => answers(Effect::Deny, Cause::NoPermit),
            _ => {
                let broken = broken.clone();
                Arc::new(testing::policy(move |_| Err(broken.clone())))
            }
        }
    };
    let all = ["permit", "step_up", "forbid", "undefined", "error"];
    let mut rows = vec![vec!["one \\ other".to_owned()]];
    rows[0].extend(all.iter().map(|name| (*name).to_owned()));
    for one in all {
        let together = |other: &str| {
            let stack = PolicyStack::new().with(engine(one)).with(engine(other));
            cell(&stack, &call())
        };
        rows.push(
            [one.to_owned()].into_iter().chain(all.iter().map(|other| together(other))).collect(),
        );
    }
    assert_snapshot!(aligned(&rows), @r"
    one \ other  permit       step_up      forbid  undefined  error
    permit       permit       step_up      deny    deny       unavailable
    step_up      step_up      step_up      deny    deny       unavailable
    forbid       deny         deny         deny    deny       failed
    undefined    deny         deny         deny    deny       failed
    error        unavailable  unavailable  failed  failed     unavailable
    ");
}
