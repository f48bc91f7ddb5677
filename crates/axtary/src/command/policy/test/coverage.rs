//! Which policies ever decided a case. A policy fired if it was a reason for the decision that it stands for: a permit permitted, a
//! `forbid` forbade, a step-up stepped up; a rule on trial, if it would have. That a permit was looked at and not met is no firing,
//! nor is that a policy failed: such a policy was not seen to do what it is for.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use axtary_actionpass::{Cause, EngineName, Evaluation, PolicyInfo, Reason};

use super::{cases::ExpectedReason, run::PolicySet};

/// How often each policy of a set fired.
pub(super) struct Fired {
    policies: Vec<(PolicyInfo, u64)>,
    /// Where each id stands among the policies; two engines may use one id.
    positions: HashMap<String, Vec<usize>>,
}

/// What the cases exercised of a set of policies.
pub(crate) struct Coverage {
    pub(crate) files: Vec<PathBuf>,
    /// Each policy, with how often it fired.
    pub(crate) policies: Vec<(PolicyInfo, u64)>,
}

impl Fired {
    pub(super) fn of(policies: Vec<PolicyInfo>) -> Self {
        let mut positions: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, policy) in policies.iter().enumerate() {
            positions.entry(policy.id.clone()).or_default().push(position);
        }
        Self { policies: policies.into_iter().map(|policy| (policy, 0)).collect(), positions }
    }

    /// Counts each policy once for a decision, however many reasons it gives.
    pub(super) fn count(&mut self, evaluation: &Evaluation) {
        let trial = evaluation.trial().map_or([].as_slice(), |trial| trial.reasons.as_slice());
        let decided = evaluation.reasons().iter().chain(trial).filter(|reason| decided(reason));
        let fired: BTreeSet<usize> = decided
            .filter_map(|reason| self.position(Some(reason.engine()), reason.policy()?))
            .collect();
        for position in fired {
            if let Some((_, count)) = self.policies.get_mut(position) {
                *count += 1;
            }
        }
    }

    /// Whether the set has the policy that a reason names.
    pub(super) fn knows(&self, reason: &ExpectedReason) -> bool {
        self.position(reason.engine.as_ref(), &reason.id).is_some()
    }

    fn position(&self, engine: Option<&EngineName>, id: &str) -> Option<usize> {
        let is_of = |position: &&usize| match (engine, self.policies.get(**position)) {
            (Some(engine), Some((policy, _))) => policy.engine == *engine,
            (None, found) => found.is_some(),
            (Some(_), None) => false,
        };
        self.positions.get(id)?.iter().find(is_of).copied()
    }

    /// What the policies are called.
    pub(super) fn names(&self) -> impl Iterator<Item = (&EngineName, &str)> {
        self.policies.iter().map(|(policy, _)| (&policy.engine, policy.id.as_str()))
    }

    pub(super) fn into_policies(self) -> Vec<(PolicyInfo, u64)> {
        self.policies
    }
}

fn decided(reason: &Reason) -> bool {
    match reason.cause() {
        Cause::Permitted | Cause::Forbidden | Cause::StepUp => true,
        Cause::NoPermit | Cause::Violated(_) | Cause::Failed { .. } => false,
    }
}

impl Coverage {
    pub(super) fn of(set: PolicySet) -> Self {
        Self { files: set.files(), policies: set.fired.into_policies() }
    }

    /// The policies that never fired.
    pub(crate) fn never(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.policies.iter().filter(|(_, fired)| *fired == 0).map(|(policy, _)| policy)
    }
}
