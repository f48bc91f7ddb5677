//! One meaning in three languages: a generated policy, written as native rules, as Cedar and as Rego, decides generated actions
//! alike.
//!
//! Generated are permits, step-ups and forbids, by agents, owners, tools, resources and tasks that are named exactly or by
//! pattern, with every operator under `when` and `constraints`, approvers and lifetimes; actions of which facts are missing, and, for
//! the languages that can tell, of another type.
//!
//! What a language cannot say, or says otherwise, is left out, or said by what stands for it:
//!
//! - Cedar has no patterns over ids. Groups of agents, families of tools and organizations stand for `codex-*`, `github.*` and
//!   `repo:company/*`, which is the same for the names that are generated.
//! - Cedar cannot ask for the type of a value, and denies where a type does not fit, even in a permit that native rules would pass
//!   over. So facts of another type are for native rules and Rego alone; `decision_tables` shows what each makes of them.
//! - Cedar has no quantifier over a set. Of the paths that are generated, those that a pattern matches are listed for it. The
//!   language of patterns itself is tested in `axtary-actionpass`.
//! - Rego gives no lifetime, and one rule gives the approvers of all step-ups, so each of these names an approver.
//! - Native rules deny where two step-ups constrain one name differently, which only they can: here they constrain it alike.
//! - Trials, commitments and constraints on passes are native alone.
//!
//! `AXTARY_ACTIONS` says how many actions are tried.

mod cedar;
pub(crate) mod model;
mod rego;

use std::time::Duration;

use axtary_actionpass::{Effect, Evaluation, PolicyEngine};
use axtary_policy::{CedarEngine, NativeEngine, RegoEngine};
use proptest::prelude::*;

use self::model::{ACTIONS_PER_POLICY, Policy, Types, calls, policies};
use crate::kit::Call;

/// How many are tried in all, if nobody says.
const DEFAULT_ACTIONS: u32 = 2_000;

fn config() -> ProptestConfig {
    let actions = std::env::var("AXTARY_ACTIONS")
        .map_or(DEFAULT_ACTIONS, |actions| actions.parse().expect("AXTARY_ACTIONS is a number"));
    ProptestConfig { cases: actions.div_ceil(ACTIONS_PER_POLICY), ..ProptestConfig::default() }
}

/// One policy in three languages.
pub(crate) struct Engines {
    pub(crate) native: NativeEngine,
    pub(crate) cedar: CedarEngine,
    pub(crate) rego: RegoEngine,
}

impl Engines {
    pub(crate) fn of(policy: &Policy) -> Self {
        let (cedar, rego) = (cedar::text(policy), rego::text(policy));
        let builder = cedar::groups(CedarEngine::builder()).source("main.cedar", cedar.as_str());
        Self {
            native: policy.native(),
            cedar: builder.build().expect(&cedar),
            rego: RegoEngine::from_modules(&[("main.rego", rego.as_str())]).expect(&rego),
        }
    }
}

/// What engines must agree about.
#[derive(Debug, PartialEq)]
struct Answer {
    effect: Effect,
    approvers: Vec<String>,
}

fn answer(engine: &impl PolicyEngine, call: &Call) -> (Answer, Option<Duration>) {
    let evaluation: Evaluation = engine.evaluate(&call.action()).unwrap();
    let mut approvers = evaluation.approvers().to_vec();
    approvers.sort();
    (Answer { effect: evaluation.effect(), approvers }, evaluation.ttl())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn three_languages_decide_alike(policy in policies(), calls in calls(Types::Right)) {
        let engines = Engines::of(&policy);
        for call in &calls {
            let (native, native_ttl) = answer(&engines.native, call);
            let (cedar, cedar_ttl) = answer(&engines.cedar, call);
            let (rego, _) = answer(&engines.rego, call);
            prop_assert_eq!(&native, &cedar, "{:#?}\n{}", call, cedar::text(&policy));
            prop_assert_eq!(&native, &rego, "{:#?}\n{}", call, rego::text(&policy));
            if native.effect == Effect::Permit {
                prop_assert_eq!(native_ttl, cedar_ttl, "{:#?}\n{}", call, cedar::text(&policy));
            }
        }
    }

    #[test]
    fn native_rules_and_rego_decide_alike_on_facts_of_any_type(policy in policies(), calls in calls(Types::Any)) {
        let rego = rego::text(&policy);
        let engine = RegoEngine::from_modules(&[("main.rego", rego.as_str())]).expect(&rego);
        let native = policy.native();
        for call in &calls {
            let (theirs, _) = answer(&engine, call);
            prop_assert_eq!(answer(&native, call).0, theirs, "{:#?}\n{}", call, rego);
        }
    }
}

/// What is generated would prove little if all of it were denied.
#[test]
fn every_decision_comes_about_often() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut counts = [0_u32; 3];
    for _ in 0..40 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let native = policy.native();
        for call in calls(Types::Right).new_tree(&mut runner).unwrap().current() {
            counts[match answer(&native, &call).0.effect {
                Effect::Permit => 0,
                Effect::StepUp => 1,
                Effect::Deny => 2,
            }] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 40 * ACTIONS_PER_POLICY / 20), "{counts:?}");
}
