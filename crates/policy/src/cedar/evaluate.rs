//! A request against the policies that can apply to it.

use std::time::Duration;

use axtary_actionpass::{
    Action, Cause, Effect, EngineError, EngineName, Evaluation, PolicyEngine, PolicyInfo,
    PolicyVersion, Reason, Trace,
};
use cedar_policy::{AuthorizationError, Entities, PolicyId, Response};

use super::{
    CedarEngine,
    load::{Annotated, Outcome},
    map::Mapped,
};
use crate::error::one_line;

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
        // Each bucket is a policy set of its own. Cedar's answer over all of them is: the satisfied forbids if there are
        // any, else the satisfied permits, and all errors. So it can be put together from the answers of each.
        let mut found = Found::default();
        for policies in self.index.candidates(mapped.scope()) {
            let response = self.authorizer.is_authorized(&mapped.request, policies, &entities);
            found.take(&response, self)?;
        }
        Ok(self.conclude(found))
    }

    fn policy_version(&self) -> PolicyVersion {
        self.version
    }

    fn policies(&self) -> Vec<PolicyInfo> {
        let mut policies: Vec<_> = self.policies.iter().collect();
        policies.sort_by_key(|(_, policy)| policy.position);
        policies.into_iter().map(|(id, policy)| policy.info(id)).collect()
    }

    fn trace(&self, action: &Action) -> Vec<Trace> {
        self.trace_candidates(action).unwrap_or_default()
    }
}

/// What the policies that apply come to.
#[derive(Default)]
struct Found<'a> {
    satisfied: Vec<(&'a str, &'a Annotated)>,
    failed: Vec<(&'a str, &'a Annotated, String)>,
}

impl<'a> Found<'a> {
    fn take(&mut self, response: &Response, engine: &'a CedarEngine) -> Result<(), EngineError> {
        for id in response.diagnostics().reason() {
            self.satisfied.push(engine.policy(id)?);
        }
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let (id, policy) = engine.policy(error.policy_id())?;
            self.failed.push((id, policy, one_line(&error.inner().to_string())));
        }
        Ok(())
    }
}

impl CedarEngine {
    /// The policy of this id. That there is one is an invariant; should it break, the engine has failed.
    fn policy(&self, id: &PolicyId) -> Result<(&str, &Annotated), EngineError> {
        self.policies.get_key_value(id).map(|(id, policy)| (id.as_ref(), policy)).ok_or_else(|| {
            EngineError {
                engine: EngineName::CEDAR,
                message: format!("the policy `{id}` is not among those that were loaded"),
            }
        })
    }

    /// What the parts of a request are in, if a policy asks.
    pub(super) fn entities(&self, action: &Action, mapped: &Mapped) -> Result<Entities, String> {
        let named = [&mapped.principal, &mapped.action, &mapped.resource];
        match &self.hierarchy {
            None => Ok(Entities::empty()),
            Some(hierarchy) => hierarchy.of(action, named),
        }
    }

    /// A denial, since the action has no form in Cedar.
    fn failed(&self, message: String) -> Evaluation {
        let reason = Reason::new(EngineName::CEDAR, Cause::Failed { message });
        self.answer(Effect::Deny, vec![reason])
    }

    fn conclude(&self, mut found: Found<'_>) -> Evaluation {
        found.satisfied.sort_by_key(|(_, policy)| policy.position);
        found.failed.sort_by_key(|(_, policy, _)| policy.position);
        let (mut forbidden, mut step_up, mut permitted) = (Vec::new(), Vec::new(), Vec::new());
        let mut ttl: Option<Duration> = None;
        let mut approvers: Vec<String> = Vec::new();
        for (id, policy) in found.satisfied {
            let because = |cause| because(id, policy, cause);
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
                    .map(|(id, policy, message)| because(id, policy, Cause::Failed { message })),
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

fn because(id: &str, policy: &Annotated, cause: Cause) -> Reason {
    Reason::new(EngineName::CEDAR, cause).by(id).saying(policy.reason.clone())
}
