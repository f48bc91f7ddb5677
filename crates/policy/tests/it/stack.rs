//! How engines decide together.

use std::time::Duration;

use axtary_actionpass::{
    Action, Cause, Effect, EngineError, EngineName, Evaluation, Object, PolicyEngine,
    PolicyVersion, Reason, testing,
};
use axtary_policy::{CedarEngine, NativeEngine, PolicyStack, RegoEngine, Rule};
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate, vocabulary};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Permit,
    StepUp,
    Deny,
    Fails,
}

const ALL: [Says; 4] = [Says::Permit, Says::StepUp, Says::Deny, Says::Fails];

/// An engine that always says the same.
fn engine(name: &'static str, says: Says) -> impl PolicyEngine {
    let engine = EngineName::new(name).unwrap();
    testing::policy(move |_: &Action| {
        let (effect, cause) = match says {
            Says::Permit => (Effect::Permit, Cause::Permitted),
            Says::StepUp => (Effect::StepUp, Cause::StepUp),
            Says::Deny => (Effect::Deny, Cause::Forbidden),
            Says::Fails => {
                let message = "it is out of order".to_owned();
                return Err(EngineError { engine: engine.clone(), message });
            }
        };
        Ok(Evaluation::new(
            effect,
            vec![engine.clone()],
            PolicyVersion::of_sources([(name, b"".as_slice())]),
            vec![Reason::new(engine.clone(), cause).by("rule")],
        ))
    })
}

#[test]
fn every_pair_of_answers_combines_as_the_table_says() {
    let mut table = String::new();
    for one in ALL {
        for other in ALL {
            let stack = PolicyStack::new().with(engine("one", one)).with(engine("other", other));
            let together = match stack.evaluate(&call().action()) {
                Ok(evaluation) => crate::kit::show(&evaluation).replace('\n', " | "),
                Err(error) => format!("error: {error}"),
            };
            table.push_str(&format!("{one:?} + {other:?} = {together}\n"));
        }
    }
    assert_snapshot!(table, @r"
    Permit + Permit = one+other:pass | `one:rule`: permits this action | `other:rule`: permits this action
    Permit + StepUp = one+other:step_up | `other:rule`: asks for a human's approval
    Permit + Deny = one+other:deny | `other:rule`: forbids this action
    Permit + Fails = error: the other engine: it is out of order
    StepUp + Permit = one+other:step_up | `one:rule`: asks for a human's approval
    StepUp + StepUp = one+other:step_up | `one:rule`: asks for a human's approval | `other:rule`: asks for a human's approval
    StepUp + Deny = one+other:deny | `other:rule`: forbids this action
    StepUp + Fails = error: the other engine: it is out of order
    Deny + Permit = one+other:deny | `one:rule`: forbids this action
    Deny + StepUp = one+other:deny | `one:rule`: forbids this action
    Deny + Deny = one+other:deny | `one:rule`: forbids this action | `other:rule`: forbids this action
    Deny + Fails = one:deny | `one:rule`: forbids this action | `other`: the policy failed: it is out of order
    Fails + Permit = error: the one engine: it is out of order
    Fails + StepUp = error: the one engine: it is out of order
    Fails + Deny = other:deny | `other:rule`: forbids this action | `one`: the policy failed: it is out of order
    Fails + Fails = error: the one engine: it is out of order
    ");
}

#[test]
fn a_stack_without_engines_denies_everything() {
    assert_snapshot!(answer(&PolicyStack::new(), &call()), @r"
    none:deny
    `stack`: no policy is loaded; add an engine to the stack
    ");
}

#[test]
fn a_stack_of_one_answers_as_the_engine_does() {
    let cedar = || {
        CedarEngine::from_sources(&[("a", "@ttl(\"5m\") permit (principal, action, resource);")])
            .unwrap()
    };
    assert_eq!(evaluate(&PolicyStack::new().with(cedar()), &call()), evaluate(&cedar(), &call()));
}

#[test]
fn three_engines_permit_together_within_what_each_demands() {
    let vocabulary = vocabulary();
    let native = NativeEngine::builder(&vocabulary)
        .rule(
            Rule::permit("small")
                .agent("codex-prod")
                .tool("github.**")
                .resource("repo:company/*")
                .constraint("max_files_changed", 12)
                .ttl(Duration::from_secs(600)),
        )
        .build()
        .unwrap();
    let cedar = CedarEngine::from_sources(&[(
        "a.cedar",
        "@ttl(\"5m\") permit (principal, action, resource);",
    )])
    .unwrap();
    let rego = RegoEngine::from_modules(&[(
        "a.rego",
        "package axtary\nallow if input.payload.touches_production == false",
    )])
    .unwrap();
    let versions = [native.policy_version(), cedar.policy_version(), rego.policy_version()];
    let stack = PolicyStack::new().with(native).with(cedar).with(rego);
    let evaluation = evaluate(&stack, &call());
    assert_snapshot!(crate::kit::show(&evaluation), @r"
    native+cedar+rego:pass
    `native:small`: permits this action
    `cedar:a.cedar:policy0`: permits this action
    `rego:data.axtary.allow`: permits this action
    ");
    assert_eq!(evaluation.ttl(), Some(Duration::from_secs(300)));
    assert_eq!(evaluation.constraints().as_object(), &Object::new().with("max_files_changed", 12));
    assert!(!versions.contains(&evaluation.policy_version()));
    assert_snapshot!(answer(&stack, &call().fact("max_files_changed", 13).fact("touches_production", true)), @r"
    native+cedar+rego:deny
    `native:small`: `max_files_changed` is 13, at most 12 allowed
    `rego`: no policy permits this action
    ");
}

#[test]
fn a_step_up_keeps_the_constraints_of_the_permits_beside_it() {
    let stack = PolicyStack::new().with(bounded(12)).with(engine("other", Says::StepUp));
    let evaluation = evaluate(&stack, &call());
    assert_eq!(evaluation.label(), "native+other:step_up");
    assert_eq!(evaluation.constraints().as_object(), &Object::new().with("max_files_changed", 12));
}

fn bounded(files: i32) -> NativeEngine {
    let vocabulary = vocabulary();
    let rule = Rule::permit("bound").agent("**").tool("**").resource("**");
    NativeEngine::builder(&vocabulary)
        .rule(rule.constraint("max_files_changed", files))
        .build()
        .unwrap()
}

#[test]
fn constraints_that_cannot_both_go_onto_a_pass_deny() {
    let stack = PolicyStack::new().with(bounded(20)).with(bounded(30));
    assert_snapshot!(answer(&stack, &call()), @r"
    native:deny
    `native:bound`: the policy failed: `max_files_changed` has two different meanings here: another engine constrains it too; let both say the same
    ");
    let alike = PolicyStack::new().with(bounded(20)).with(bounded(20));
    assert_eq!(evaluate(&alike, &call()).effect(), Effect::Permit);
}

#[test]
fn approvers_of_several_engines_are_asked_once_each() {
    let asks = |approvers: &str| {
        let text = format!("@step_up({approvers:?}) permit (principal, action, resource);");
        CedarEngine::from_sources(&[("a", text)]).unwrap()
    };
    let stack = PolicyStack::new().with(asks("security, release")).with(asks("security, legal"));
    assert_eq!(evaluate(&stack, &call()).approvers(), ["security", "release", "legal"]);
}

#[test]
fn a_stack_can_stand_in_a_stack() {
    let inner =
        PolicyStack::new().with(engine("one", Says::Permit)).with(engine("two", Says::Permit));
    let stack = PolicyStack::new().with(inner).with(engine("three", Says::Permit));
    assert_eq!(evaluate(&stack, &call()).label(), "one+two+three:pass");
}

#[test]
fn what_one_engine_calls_sensitive_is_so_whatever_they_decide_together() {
    let vocabulary = vocabulary();
    let withholding = || {
        let rule = Rule::permit("all").agent("**").tool("**").resource("**").sensitive("paths");
        NativeEngine::builder(&vocabulary).rule(rule).build().unwrap()
    };
    for says in [Says::Permit, Says::StepUp, Says::Deny] {
        let stack = PolicyStack::new().with(engine("other", says)).with(withholding());
        assert_eq!(evaluate(&stack, &call()).sensitive(), ["paths"], "{says:?}");
    }
    let twice = PolicyStack::new().with(withholding()).with(withholding());
    assert_eq!(evaluate(&twice, &call()).sensitive(), ["paths"]);
}

#[test]
fn a_policy_on_trial_is_weighed_with_the_other_engines_and_decides_nothing() {
    let vocabulary = vocabulary();
    let wide = |rule: Rule| rule.agent("**").tool("**").resource("**");
    let trying = || {
        let engine = NativeEngine::builder(&vocabulary)
            .rule(wide(Rule::permit("all")))
            .rule(wide(Rule::step_up("ask")).on_trial());
        engine.build().unwrap()
    };
    let mut table = String::new();
    for says in [Says::Permit, Says::StepUp, Says::Deny] {
        let evaluation =
            evaluate(&PolicyStack::new().with(trying()).with(engine("other", says)), &call());
        let trial = evaluation.trial().unwrap();
        let reasons: Vec<String> = trial.reasons.iter().map(ToString::to_string).collect();
        table.push_str(&format!(
            "{says:?}: {}, on trial {} | {}\n",
            evaluation.label(),
            trial.effect,
            reasons.join(" | ")
        ));
    }
    assert_snapshot!(table, @r"
    Permit: native+other:pass, on trial step_up | `native:ask`: asks for a human's approval
    StepUp: native+other:step_up, on trial step_up | `native:ask`: asks for a human's approval | `other:rule`: asks for a human's approval
    Deny: native+other:deny, on trial deny | `other:rule`: forbids this action
    ");
    let without = PolicyStack::new().with(engine("one", Says::Permit));
    assert_eq!(evaluate(&without, &call()).trial(), None);
}

#[test]
fn the_version_is_over_all_engines_in_any_order_and_answers_carry_it() {
    let rego = |text: &str| {
        let module = format!("package axtary\n{text}");
        RegoEngine::from_modules(&[("a.rego", module)]).unwrap()
    };
    let one = || rego("allow := true");
    let other = || rego("allow := false");
    let version = |stack: PolicyStack| stack.policy_version();
    let stack = PolicyStack::new().with(one()).with(other());
    assert_eq!(evaluate(&stack, &call()).policy_version(), stack.policy_version());
    assert_eq!(version(stack), version(PolicyStack::new().with(other()).with(one())));
    assert_ne!(
        version(PolicyStack::new().with(one()).with(other())),
        version(PolicyStack::new().with(one()).with(one()))
    );
    assert_eq!(version(PolicyStack::new().with(one())), one().policy_version());
}
