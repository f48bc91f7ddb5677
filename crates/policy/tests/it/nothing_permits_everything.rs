//! A rule for everything loads, and the guard refuses to arm with it and names it.

use axtary_actionpass::{Guard, PolicyEngine, SigningKey, testing::MemoryLedger};
use axtary_policy::{CedarEngine, NativeEngine, PolicyStack, RegoEngine, Rule};

use crate::kit::vocabulary;

fn arm(policy: impl PolicyEngine + 'static) -> Result<Guard, String> {
    let key = SigningKey::generate().unwrap();
    Guard::new(policy, MemoryLedger::new(), key, "https://gate.example".parse().unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn a_guard_does_not_arm_with_a_rule_for_everything_and_names_it() {
    let vocabulary = vocabulary();
    let rule = Rule::permit("open-door").agent("**").tool("**").resource("**");
    let native = NativeEngine::builder(&vocabulary).rule(rule).build().unwrap();
    let cedar =
        CedarEngine::from_sources(&[("a.cedar", "permit(principal, action, resource);")]).unwrap();
    let rego = RegoEngine::from_modules(&[("a.rego", "package axtary\nallow := true")]).unwrap();
    assert!(arm(native).unwrap_err().contains("`native:open-door`"));
    assert!(arm(cedar).unwrap_err().contains("`cedar:a.cedar:policy0`"));
    assert!(arm(rego).unwrap_err().contains("`rego:data.axtary.allow`"));
}

#[test]
fn a_condition_that_cannot_be_decided_does_not_hide_a_rule_for_everything() {
    let vocabulary = vocabulary();
    for beside in [Rule::step_up("ask"), Rule::forbid("never")] {
        let beside = beside.agent("**").tool("**").resource("**").when("touches_production", true);
        let open = Rule::permit("open-door").agent("**").tool("**").resource("**");
        let native = NativeEngine::builder(&vocabulary).rule(beside).rule(open).build().unwrap();
        assert!(arm(PolicyStack::new().with(native)).unwrap_err().contains("`native:open-door`"));
    }
}

#[test]
fn a_guard_arms_with_a_stack_that_can_refuse() {
    let vocabulary = vocabulary();
    let rule = Rule::permit("codex").agent("codex-prod").tool("**").resource("**");
    let native = NativeEngine::builder(&vocabulary).rule(rule).build().unwrap();
    let rego = RegoEngine::from_modules(&[("a.rego", "package axtary\nallow := true")]).unwrap();
    assert!(arm(PolicyStack::new().with(native).with(rego)).is_ok());
    assert!(arm(PolicyStack::new()).is_ok(), "a stack without engines refuses everything");
}
