//! The guard proves itself before it arms: it evaluates an action that nothing may permit, and must see a refusal.

use crate::{
    action::{Action, Actor, Facts, Intent, Payload},
    decision::{Effect, Reason},
    error::InputError,
    ports::{EngineError, PolicyEngine},
};

/// Why a gate does not arm. A gate that cannot show a refusal never runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// Policy permits the canary action, and so anything at all.
    #[error(
        "the policy permits the canary action, so it would permit anything: {}; narrow the rule to the agents, tools \
         and resources it is meant for",
        list(reasons)
    )]
    PermitsEverything {
        /// The rules that permitted it.
        reasons: Vec<Reason>,
    },
    /// The policy engine failed on the canary action.
    #[error("the policy engine cannot decide on the canary action: {0}")]
    Engine(#[from] EngineError),
    /// The canary action could not be built.
    #[error("the canary action cannot be built: {0}")]
    Canary(#[from] InputError),
}

fn list(reasons: &[Reason]) -> String {
    if reasons.is_empty() {
        return "no rule is named".to_owned();
    }
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Shows that a policy can refuse, as [`Guard::new`](crate::Guard::new) demands of its own: for those who put another in its
/// place later.
///
/// # Errors
///
/// [`ArmError`] names the rule that permits everything, or the engine that failed.
// A denial or a step-up is a refusal; a permit is not, and neither is a failure.
pub fn prove_refusal(policy: &impl PolicyEngine) -> Result<(), ArmError> {
    // Once without facts; and once with neutral ones, so that a condition which cannot be decided without facts does not
    // hide a rule that permits everything.
    for facts in [Facts::default(), policy.neutral_facts()] {
        let evaluation = policy.evaluate(&canary(facts)?)?;
        match evaluation.effect() {
            Effect::Deny | Effect::StepUp => {}
            Effect::Permit => {
                return Err(ArmError::PermitsEverything { reasons: evaluation.into_reasons() });
            }
        }
    }
    Ok(())
}

/// An agent, a tool and a resource of names that no rule is written for.
fn canary(facts: Facts) -> Result<Action, InputError> {
    let actor = Actor::new("axtary-canary".parse()?, "axtary-canary".parse()?);
    Action::builder(actor, "axtary.canary".parse()?, "axtary:canary".parse()?)
        .intent(Intent::new("prove that the gate can refuse")?)
        .audience("axtary-canary".parse()?)
        .payload(Payload::parse(b"{}")?)
        .facts(facts)
        .build()
}
