//! A request against the policies that can apply to it.

use std::{borrow::Cow, sync::LazyLock, time::Duration};

use axtary_actionpass::{
    Action, Cause, Effect, EngineError, EngineName, Evaluation, PolicyEngine, PolicyInfo,
    PolicyVersion, Reason, Trace,
};
use cedar_policy_core::{
    ast::{Expr, Literal, SlotEnv, ValueKind},
    entities::Entities,
    evaluator::Evaluator,
};

use super::{
    CedarEngine,
    load::{LoadedPolicy, Outcome},
    map::Mapped,
};
use crate::{error::one_line, nesting::with_room};

impl PolicyEngine for CedarEngine {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        let mapped = match self.mapper.map(action) {
            Ok(mapped) => mapped,
            Err(message) => return Ok(self.failed(message)),
        };
        let entities = match self.entities(action, &mapped) {
            Ok(entities) => entities,
            Err(message) => return Ok(self.failed(message)),
        };
        // Cedar's answer over all policies is: the satisfied forbids if there are any, else the satisfied permits, and all
        // errors. A policy whose scope does not fit is neither satisfied nor in error, so the candidates are enough.
        let found = with_room(self.depth, || {
            let evaluator = mapped.evaluator(&entities);
            let mut found = Found::default();
            for policy in self.candidates(&mapped) {
                match holds(&evaluator, &policy.condition, policy.slots()) {
                    Ok(true) => found.satisfied.push(policy),
                    Ok(false) => {}
                    Err(message) => found.failed.push((policy, message)),
                }
            }
            found
        });
        Ok(self.conclude(found))
    }

    fn policy_version(&self) -> PolicyVersion {
        self.version
    }

    fn policies(&self) -> Vec<PolicyInfo> {
        self.policies.iter().map(LoadedPolicy::info).collect()
    }

    fn trace(&self, action: &Action) -> Vec<Trace> {
        with_room(self.depth, || self.trace_candidates(action).unwrap_or_default())
    }
}

/// What the policies that apply come to, in their order.
#[derive(Default)]
struct Found<'a> {
    satisfied: Vec<&'a LoadedPolicy>,
    failed: Vec<(&'a LoadedPolicy, String)>,
}

/// Whether a condition holds; the error is Cedar's, and no answer.
pub(super) fn holds(
    evaluator: &Evaluator<'_>,
    condition: &Expr,
    slots: &SlotEnv,
) -> Result<bool, String> {
    let value =
        evaluator.interpret(condition, slots).map_err(|error| one_line(&error.to_string()))?;
    match value.value_kind() {
        ValueKind::Lit(Literal::Bool(holds)) => Ok(*holds),
        ValueKind::Lit(_)
        | ValueKind::Set(_)
        | ValueKind::Record(_)
        | ValueKind::ExtensionValue(_) => Err("its condition is neither true nor false".to_owned()),
    }
}

impl CedarEngine {
    /// The policies whose scope can fit, in their order.
    pub(super) fn candidates(&self, mapped: &Mapped) -> impl Iterator<Item = &LoadedPolicy> {
        let positions = self.index.candidates(mapped.scope()).into_iter();
        positions.filter_map(|position| self.policies.get(position))
    }

    /// What the parts of a request are in, if a policy asks.
    pub(super) fn entities(
        &self,
        action: &Action,
        mapped: &Mapped,
    ) -> Result<Cow<'static, Entities>, String> {
        static NONE: LazyLock<Entities> = LazyLock::new(Entities::new);
        match &self.hierarchy {
            None => Ok(Cow::Borrowed(&NONE)),
            Some(hierarchy) => hierarchy.of(action, mapped).map(Cow::Owned),
        }
    }

    /// A denial, since the action has no form in Cedar.
    fn failed(&self, message: String) -> Evaluation {
        let reason = Reason::new(EngineName::CEDAR, Cause::Failed { message });
        self.answer(Effect::Deny, vec![reason])
    }

    fn conclude(&self, found: Found<'_>) -> Evaluation {
        let (mut forbidden, mut step_up, mut permitted) = (Vec::new(), Vec::new(), Vec::new());
        let mut ttl: Option<Duration> = None;
        let mut approvers: Vec<String> = Vec::new();
        for policy in found.satisfied {
            let because = |cause| because(policy, cause);
            let life = match &policy.outcome {
                Outcome::Forbid => {
                    forbidden.push(because(Cause::Forbidden));
                    None
                }
                Outcome::Permit { ttl } => {
                    permitted.push(because(Cause::Permitted));
                    *ttl
                }
                Outcome::StepUp { approvers: named, ttl } => {
                    step_up.push(because(Cause::StepUp));
                    for approver in named {
                        if !approvers.contains(approver) {
                            approvers.push(approver.clone());
                        }
                    }
                    *ttl
                }
            };
            ttl = [ttl, life].into_iter().flatten().min();
        }
        if !forbidden.is_empty() || !found.failed.is_empty() {
            forbidden.extend(
                found
                    .failed
                    .into_iter()
                    .map(|(policy, message)| because(policy, Cause::Failed { message })),
            );
            return self.answer(Effect::Deny, forbidden);
        }
        if !step_up.is_empty() {
            return self.answer(Effect::StepUp, step_up).with_approvers(approvers).with_ttl(ttl);
        }
        if !permitted.is_empty() {
            return self.answer(Effect::Permit, permitted).with_ttl(ttl);
        }
        self.answer(Effect::Deny, vec![Reason::new(EngineName::CEDAR, Cause::NoPermit)])
    }

    fn answer(&self, effect: Effect, reasons: Vec<Reason>) -> Evaluation {
        Evaluation::new(effect, vec![EngineName::CEDAR], self.version, reasons)
    }
}

fn because(policy: &LoadedPolicy, cause: Cause) -> Reason {
    Reason::new(EngineName::CEDAR, cause).by(policy.id.as_str()).saying(policy.reason.clone())
}
