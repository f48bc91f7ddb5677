//! What a policy engine answers: an [`Evaluation`], with the [`Reason`]s that led to it.

use std::{fmt, time::Duration};

use crate::{
    constraint::{Constraints, Violation},
    hash::PolicyVersion,
    json::{Object, without_noncharacters},
    name::EngineName,
};

/// What policy says of an action. There is no fourth: what cannot be decided is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The action may go ahead, within the constraints.
    Permit,
    /// The action may go ahead once a human has approved exactly it.
    StepUp,
    /// The action may not go ahead.
    Deny,
}

impl Effect {
    /// `permit`, `step_up` or `deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::StepUp => "step_up",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer of a policy engine, or of several together.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Evaluation {
    effect: Effect,
    engines: Vec<EngineName>,
    policy_version: PolicyVersion,
    reasons: Vec<Reason>,
    constraints: Constraints,
    ttl: Option<Duration>,
    approvers: Vec<String>,
    sensitive: Vec<String>,
    trial: Option<Box<Trial>>,
}

/// What would have been decided, were the policies in force that are only on trial. It decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The decision there would have been.
    pub effect: Effect,
    /// Why, the deciding reasons first.
    pub reasons: Vec<Reason>,
}

impl Evaluation {
    /// An answer by `engines`, under the policy of this version.
    pub fn new(
        effect: Effect,
        engines: Vec<EngineName>,
        policy_version: PolicyVersion,
        reasons: Vec<Reason>,
    ) -> Self {
        Self {
            effect,
            engines,
            policy_version,
            reasons,
            constraints: Constraints::none(),
            ttl: None,
            approvers: Vec::new(),
            sensitive: Vec::new(),
            trial: None,
        }
    }

    /// Binds a permit to constraints: the pass will carry them, and its verifier will check them again.
    pub fn with_constraints(mut self, constraints: Constraints) -> Self {
        self.constraints = constraints;
        self
    }

    /// Asks for a pass that lives this long; the gate's own maximum still holds.
    pub fn with_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.ttl = ttl;
        self
    }

    /// Names who may approve a step-up.
    pub fn with_approvers(mut self, approvers: Vec<String>) -> Self {
        self.approvers = approvers;
        self
    }

    /// Names the facts that the ledger is to hold as salted commitments, their values apart, where they can be erased.
    /// `payload_hash` names the payload's hash, from which a payload that can be guessed could be found.
    pub fn with_sensitive(mut self, names: Vec<String>) -> Self {
        self.sensitive = names;
        self
    }

    /// Says what would have been decided with the policies that are on trial; `None` if none of them is about the action.
    pub fn with_trial(mut self, trial: Option<Trial>) -> Self {
        self.trial = trial.map(Box::new);
        self
    }

    /// What was decided.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The engines that decided.
    pub fn engines(&self) -> &[EngineName] {
        &self.engines
    }

    /// The digest over the policy sources that were in force.
    pub fn policy_version(&self) -> PolicyVersion {
        self.policy_version
    }

    /// Why, the deciding reasons first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Why, by value.
    pub fn into_reasons(self) -> Vec<Reason> {
        self.reasons
    }

    /// What a permit is bound to.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// How long a pass shall live, if a policy says so.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Who may approve a step-up.
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// The facts that the ledger is to hold as commitments.
    pub fn sensitive(&self) -> &[String] {
        &self.sensitive
    }

    /// What would have been decided with the policies that are on trial, if one of them is about the action.
    pub fn trial(&self) -> Option<&Trial> {
        self.trial.as_deref()
    }

    /// The engines and their answer, as the pass carries it: `cedar+rego:pass`, `native:step_up`, `native:deny`.
    pub fn label(&self) -> String {
        let mut label = String::with_capacity(24);
        for (at, engine) in self.engines.iter().enumerate() {
            if at > 0 {
                label.push('+');
            }
            label.push_str(engine.as_str());
        }
        if label.is_empty() {
            label.push_str("none");
        }
        label.push(':');
        label.push_str(match self.effect {
            Effect::Permit => "pass",
            Effect::StepUp => "step_up",
            Effect::Deny => "deny",
        });
        label
    }
}

/// One reason for a decision: which engine, which policy, and what about the action decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    engine: EngineName,
    policy: Option<String>,
    cause: Cause,
    text: Option<String>,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The policy permits the action.
    Permitted,
    /// The policy forbids the action.
    Forbidden,
    /// The policy demands a human's approval.
    StepUp,
    /// No policy permits the action.
    NoPermit,
    /// The policy would permit the action, did the facts meet this constraint.
    Violated(Violation),
    /// The policy could not be evaluated on this action.
    Failed {
        /// How it failed, in one line.
        message: String,
    },
}

impl Reason {
    /// A reason given by `engine`.
    pub fn new(engine: EngineName, cause: Cause) -> Self {
        let cause = match cause {
            Cause::Failed { message } => Cause::Failed { message: recordable(message) },
            Cause::Permitted
            | Cause::Forbidden
            | Cause::StepUp
            | Cause::NoPermit
            | Cause::Violated(_) => cause,
        };
        Self { engine, policy: None, cause, text: None }
    }

    /// Names the policy.
    #[must_use]
    pub fn by(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(recordable(policy.into()));
        self
    }

    /// Adds the policy author's own words.
    #[must_use]
    pub fn saying(mut self, text: Option<String>) -> Self {
        self.text = text.map(recordable);
        self
    }

    /// The engine that gave this reason.
    pub fn engine(&self) -> &EngineName {
        &self.engine
    }

    /// The policy that decided, if one did.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// What decided.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The policy author's own words.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// This reason as JSON, the form in which it is recorded.
    pub fn to_json(&self) -> Object {
        let cause = match &self.cause {
            Cause::Permitted => "permitted",
            Cause::Forbidden => "forbidden",
            Cause::StepUp => "step_up",
            Cause::NoPermit => "no_permit",
            Cause::Violated(_) => "violated",
            Cause::Failed { .. } => "failed",
        };
        let mut object = Object::new().with("cause", cause).with("engine", self.engine.as_str());
        if let Some(policy) = &self.policy {
            object.insert("policy", policy.as_str());
        }
        if let Some(text) = &self.text {
            object.insert("text", text.as_str());
        }
        match &self.cause {
            Cause::Permitted | Cause::Forbidden | Cause::StepUp | Cause::NoPermit => {}
            Cause::Violated(violation) => {
                object.insert("violation", violation.to_json());
            }
            Cause::Failed { message } => {
                object.insert("message", message.as_str());
            }
        }
        object
    }

    /// This reason as JSON, without what it says of the values of these facts. The policy author's own words stand.
    pub(crate) fn to_json_without(&self, facts: &[String]) -> Object {
        let mut object = self.to_json();
        if let Cause::Violated(violation) = &self.cause
            && facts.iter().any(|fact| fact == violation.fact())
        {
            object.insert("violation", violation.to_json_without_values());
        }
        object
    }
}

/// The longest text of a reason, in bytes.
const MAX_TEXT: usize = 4096;

/// Makes a text fit to be recorded: a decision is not lost because of how an engine words its reason.
fn recordable(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text = text.chars().take(MAX_TEXT / 4).chain(['…']).collect();
    }
    without_noncharacters(text)
}

/// `` `native:small-changes`: `files_changed` is 14, at most 12 allowed ``
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(f, "`{}:{policy}`: ", self.engine)?,
            None => write!(f, "`{}`: ", self.engine)?,
        }
        match (&self.cause, &self.text) {
            (Cause::Violated(violation), _) => write!(f, "{violation}"),
            (Cause::Failed { message }, _) => write!(f, "the policy failed: {message}"),
            (_, Some(text)) => f.write_str(text),
            (Cause::Permitted, None) => f.write_str("permits this action"),
            (Cause::Forbidden, None) => f.write_str("forbids this action"),
            (Cause::StepUp, None) => f.write_str("asks for a human's approval"),
            (Cause::NoPermit, None) => f.write_str("no policy permits this action"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_can_be_recorded_however_it_is_worded() {
        let reason =
            Reason::new(EngineName::REGO, Cause::Failed { message: "a\u{FFFF}b".to_owned() })
                .by("\u{FDD0}")
                .saying(Some("x".repeat(100_000)));
        let json = crate::Json::Object(reason.to_json());
        assert!(json.within_profile().is_ok());
        assert!(json.to_canonical().len() < 5000);
        assert_eq!(reason.to_string(), "`rego:\u{FFFD}`: the policy failed: a\u{FFFD}b");
    }
}
