//! Whatever a guard recorded, its policy decides again alike, from the record alone.

use std::sync::Arc;

use axtary_actionpass::{Guard, Json, Object, SigningKey, testing::MemoryLedger};
use axtary_policy::{NativeEngine, PolicyStack, Rule, replay};
use proptest::prelude::*;

use crate::{
    kit::vocabulary,
    sameness::{
        Engines,
        model::{Policy, Types, calls, policies},
    },
};

/// The policy in three languages, and a rule on trial beside them.
fn stack(policy: &Policy) -> PolicyStack {
    let Engines { native, cedar, rego } = Engines::of(policy);
    let vocabulary = vocabulary();
    let all = |rule: Rule| rule.agent("*").tool("**").resource("**");
    let trial = NativeEngine::builder(&vocabulary)
        .rule(all(Rule::forbid("trial")).on_trial())
        .rule(all(Rule::permit("rest")).constraint("touches_production", false))
        .build();
    PolicyStack::new().with(native).with(cedar).with(rego).with(trial.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn what_a_guard_recorded_is_decided_again_alike(policy in policies(), calls in calls(Types::Any)) {
        let ledger = Arc::new(MemoryLedger::new());
        let key = SigningKey::from_seed(&[7; 32]);
        let issuer = "https://gate.example".parse().unwrap();
        let policy = Arc::new(stack(&policy));
        let guard = Guard::new(Arc::clone(&policy), Arc::clone(&ledger), key, issuer);
        // A policy that permits everything is refused, and decides nothing.
        prop_assume!(guard.is_ok());
        let guard = guard.unwrap();
        for call in &calls {
            let call = call.clone().fact("touches_production", false);
            let _pass_or_refusal = guard.check(&call.action()).is_ok();
        }
        let records = ledger.records();
        prop_assert_eq!(records.len(), calls.len());
        for record in &records {
            let body = Json::parse(record.body()).unwrap();
            let again = replay(&policy, record.at(), body.as_object().unwrap(), &Object::new());
            let again = again.unwrap();
            prop_assert!(again.differences.is_empty(), "{:#?}", again);
        }
    }
}
