//! Each decision says which policy, where, which condition, and what would have permitted; and can be made again from its
//! record.

use std::sync::Arc;

use axtary_actionpass::{
    Guard, Json, Object, PolicyEngine, RecordKind, SigningKey, testing::MemoryLedger,
};
use axtary_policy::{
    CedarEngine, Explanation, NativeEngine, PolicyStack, RecordedError, RegoEngine, TemplateLink,
    recorded_action,
};
use insta::assert_snapshot;

use crate::kit::{Call, call, evaluate, vocabulary};

const NATIVE: &str = r#"version: 1
rules:
  - id: small-changes
    effect: permit
    agent: codex-prod
    tool: "github.**"
    resource: repo:company/*
    when: { base_branch: main }
    constraints: { max_files_changed: 12, blocked_paths: [".env*"] }
    sensitive: paths
  - id: no-production
    effect: forbid
    agent: "**"
    tool: "**"
    resource: "**"
    when: { touches_production: true }
    reason: "production is frozen"
"#;

const CEDAR: &str = r#"
@id("small")
permit (principal == Agent::"codex-prod", action in Action::"github", resource)
when { context.payload.max_files_changed <= 12 && context.payload.base_branch == "main" }
unless { context.payload.touches_production };

@id("by-template")
permit (principal == ?principal, action, resource) when { context.intent.task_id == "T-1" };

@id("other") permit (principal == Agent::"else", action, resource);
"#;

fn native() -> NativeEngine {
    NativeEngine::from_yaml("rules.yml", NATIVE, &vocabulary()).unwrap()
}

fn cedar() -> CedarEngine {
    let link = TemplateLink::new("by-template", "linked").principal("Agent::\"codex-prod\"");
    CedarEngine::builder().source("main.cedar", CEDAR).link(link).build().unwrap()
}

fn rego() -> RegoEngine {
    let text = "package axtary\n\nallow if input.payload.max_files_changed <= 12\n\ndeny contains \"no\" if false";
    RegoEngine::from_modules(&[("main.rego", text)]).unwrap()
}

fn good() -> Call {
    call().fact("base_branch", "main").fact("paths", Json::from(vec!["src/a.rs"]))
}

fn explain(engine: &impl PolicyEngine, call: &Call) -> Explanation {
    Explanation::of(engine, &call.action()).unwrap()
}

#[test]
fn a_native_decision_names_rule_line_condition_value_and_remedy() {
    assert_snapshot!(explain(&native(), &good()), @r#"
    native:pass
      `native:small-changes`: permits this action
        at rules.yml:3
        holds: when base_branch: "main"; base_branch is "main"
        holds: constraint blocked_paths: [".env*"]
        holds: constraint max_files_changed: 12
    "#);
    let large =
        good().fact("max_files_changed", 14).fact("paths", Json::from(vec!["a", "web/.env"]));
    assert_snapshot!(explain(&native(), &large), @r#"
    native:deny
      `native:small-changes`: `paths` holds `web/.env`, which blocked_paths blocks
        at rules.yml:3
        holds: when base_branch: "main"; base_branch is "main"
        does not hold: constraint blocked_paths: [".env*"]; paths is ["a","web/.env"]
        does not hold: constraint max_files_changed: 12; max_files_changed is 14
        to permit: leave out `web/.env`
      `native:small-changes`: `max_files_changed` is 14, at most 12 allowed
        at rules.yml:3
        holds: when base_branch: "main"; base_branch is "main"
        does not hold: constraint blocked_paths: [".env*"]; paths is ["a","web/.env"]
        does not hold: constraint max_files_changed: 12; max_files_changed is 14
        to permit: bring `max_files_changed` down by 2, to 12
    "#);
    assert_snapshot!(explain(&native(), &good().fact("touches_production", true)), @r"
    native:deny
      `native:no-production`: production is frozen
        at rules.yml:11
        holds: when touches_production: true; touches_production is true
    ");
    assert_snapshot!(explain(&native(), &good().fact("base_branch", "dev")), @r#"
    native:deny
      `native`: no policy permits this action
      near: `native:small-changes`
        at rules.yml:3
        does not hold: when base_branch: "main"; base_branch is "dev"
        holds: constraint blocked_paths: [".env*"]
        holds: constraint max_files_changed: 12
    "#);
    assert_snapshot!(explain(&native(), &good().without("touches_production")), @r"
    native:deny
      `native:no-production`: the policy failed: its condition `touches_production` cannot be decided: the fact `touches_production` is missing
        at rules.yml:11
        cannot be decided: when touches_production: true
    ");
}

#[test]
fn a_cedar_decision_says_which_condition_of_which_policy_failed() {
    assert_snapshot!(explain(&cedar(), &good()), @r#"
    cedar:pass
      `cedar:small`: permits this action
        at main.cedar:2
        holds: when { context.payload.max_files_changed <= 12 }; max_files_changed is 12
        holds: when { context.payload.base_branch == "main" }; base_branch is "main"
        holds: unless { context.payload.touches_production }; touches_production is false
    "#);
    let large = good().fact("max_files_changed", 14).fact("touches_production", true);
    assert_snapshot!(explain(&cedar(), &large), @r#"
    cedar:deny
      `cedar`: no policy permits this action
      near: `cedar:linked`
        at main.cedar
        does not hold: when { context.intent.task_id == "T-1" }
      near: `cedar:small`
        at main.cedar:2
        does not hold: when { context.payload.max_files_changed <= 12 }; max_files_changed is 14
        holds: when { context.payload.base_branch == "main" }; base_branch is "main"
        does not hold: unless { context.payload.touches_production }; touches_production is true
    "#);
    assert_snapshot!(explain(&cedar(), &good().without("base_branch")), @r#"
    cedar:deny
      `cedar:small`: the policy failed: record does not have the attribute `base_branch`
        at main.cedar:2
        holds: when { context.payload.max_files_changed <= 12 }; max_files_changed is 12
        cannot be decided: when { context.payload.base_branch == "main" }
        holds: unless { context.payload.touches_production }; touches_production is false
    "#);
}

#[test]
fn a_rego_decision_says_which_rule_and_where_it_starts() {
    assert_snapshot!(explain(&rego(), &good()), @r"
    rego:pass
      `rego:data.axtary.allow`: permits this action
        at main.rego:3
    ");
}

#[test]
fn an_explanation_is_data_too() {
    let stack = PolicyStack::new().with(native()).with(cedar()).with(rego());
    let large = good().fact("max_files_changed", 14);
    assert_snapshot!(Json::from(explain(&stack, &large).to_json()), @r#"{"decision":"deny","near":[{"conditions":[{"condition":"when { context.payload.max_files_changed <= 12 }","holds":false,"seen":{"max_files_changed":14}},{"condition":"when { context.payload.base_branch == \"main\" }","holds":true,"seen":{"base_branch":"main"}},{"condition":"unless { context.payload.touches_production }","holds":true,"seen":{"touches_production":false}}],"engine":"cedar","file":"main.cedar","line":2,"policy":"small"},{"conditions":[{"condition":"when { context.intent.task_id == \"T-1\" }","holds":false}],"engine":"cedar","file":"main.cedar","policy":"linked"}],"policy":"native+cedar+rego:deny","policy_version":"sha256:0cf5af8cda916833f4994e07b43ea3f93235c251834752baf2fd965c508b8c77","reasons":[{"cause":"violated","conditions":[{"condition":"when base_branch: \"main\"","holds":true,"seen":{"base_branch":"main"}},{"condition":"constraint blocked_paths: [\".env*\"]","holds":true},{"condition":"constraint max_files_changed: 12","holds":false,"seen":{"max_files_changed":14}}],"engine":"native","file":"rules.yml","line":3,"policy":"small-changes","violation":{"allowed":12,"constraint":"max_files_changed","fact":"max_files_changed","remedy":"bring `max_files_changed` down by 2, to 12","seen":14}},{"cause":"no_permit","engine":"cedar"},{"cause":"no_permit","engine":"rego"}]}"#);
}

#[test]
fn a_decision_can_be_made_again_from_its_record() {
    let stack = Arc::new(PolicyStack::new().with(native()).with(cedar()).with(rego()));
    let ledger = Arc::new(MemoryLedger::new());
    let key = SigningKey::generate().unwrap();
    let issuer = "https://gate.example".parse().unwrap();
    let guard = Guard::new(Arc::clone(&stack), Arc::clone(&ledger), key, issuer).unwrap();
    let calls = [good(), good().fact("max_files_changed", 14), good().task(None), call()];
    for call in &calls {
        let _pass_or_refusal = guard.check(&call.action()).is_ok();
    }
    let records = ledger.records();
    assert_eq!(records.len(), calls.len());
    for (record, call) in records.iter().zip(&calls) {
        assert_eq!(record.kind(), RecordKind::Decision);
        let Ok(Json::Object(body)) = Json::parse(record.body()) else { panic!("{record:?}") };
        if call.facts.get("paths").is_some() {
            assert_eq!(
                recorded_action(&body, &Object::new()),
                Err(RecordedError::Withheld(vec!["paths".to_owned()]))
            );
        }
        let action = recorded_action(&body, &call.facts).unwrap();
        assert_eq!(action.facts().as_object(), &call.facts);
        let again = stack.evaluate(&action).unwrap();
        assert_eq!(again, evaluate(&stack, call));
        assert_eq!(body.get("decision"), Some(&Json::from(again.effect().as_str())));
    }
}

#[test]
fn a_record_of_another_form_is_refused() {
    let error = recorded_action(&Object::new().with("tool", "a.b"), &Object::new()).unwrap_err();
    assert_snapshot!(error, @"the record is no decision: it has no object `intent`");
}
