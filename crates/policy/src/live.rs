//! A policy that can be replaced while it decides, as a whole or not at all.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axtary_actionpass::{
    Action, ArmError, EngineError, Evaluation, Facts, PolicyEngine, PolicyInfo, PolicyVersion,
    Trace, prove_refusal,
};

use crate::error::ReloadError;

/// A policy in force, most often a [`PolicyStack`](crate::PolicyStack), which another can take the place of. Clones are handles to the same: one goes into the guard, and one
/// stays with whoever reloads.
///
/// A decision is made under one policy from start to end. A new one that does not load, or cannot refuse, leaves the old in
/// force.
///
/// # Example
///
/// ```
/// use axtary_policy::{CedarEngine, LivePolicy, PolicyStack};
/// use axtary_actionpass::PolicyEngine;
///
/// let load = |text: &str| {
///     Ok(PolicyStack::new().with(CedarEngine::from_sources(&[("main.cedar", text)])?))
/// };
/// let policy = LivePolicy::new(load(r#"permit (principal == Agent::"codex", action, resource);"#)?);
///
/// let reloaded = policy.reload(|| load(r#"permit (principal == Agent::"claude", action, resource);"#))?;
/// assert_eq!(reloaded.after, policy.policy_version());
///
/// assert!(policy.reload(|| load("permit (")).is_err());
/// assert!(policy.reload(|| load("permit (principal, action, resource);")).is_err(), "it cannot refuse");
/// assert_eq!(reloaded.after, policy.policy_version());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LivePolicy(Arc<Shared>);

struct Shared {
    in_force: RwLock<Arc<dyn PolicyEngine>>,
    /// Held while the policy is replaced, so that what is recorded of it stands in the order in which it happened.
    replacing: Mutex<()>,
}

/// Which policy took the place of which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reloaded {
    /// The version that was in force.
    pub before: PolicyVersion,
    /// The version that is.
    pub after: PolicyVersion,
}

impl Reloaded {
    /// Whether anything changed; only then is there something to record.
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

impl LivePolicy {
    /// Puts a policy in force.
    pub fn new(policy: impl PolicyEngine + 'static) -> Self {
        let in_force = RwLock::new(Arc::new(policy) as Arc<dyn PolicyEngine>);
        Self(Arc::new(Shared { in_force, replacing: Mutex::new(()) }))
    }

    /// Puts what `load` yields in the place of the policy in force, once it has shown that it can refuse.
    ///
    /// # Errors
    ///
    /// [`ReloadError`] if it does not load or permits everything. The old policy stays in force.
    pub fn reload<P: PolicyEngine + 'static>(
        &self,
        load: impl FnOnce() -> Result<P, crate::LoadError>,
    ) -> Result<Reloaded, ReloadError> {
        self.reload_recorded(|| Ok(load()?), |_| Ok(()))
    }

    /// As [`LivePolicy::reload`], for a gate that keeps a record of it: what `record` does of the change is done before the new policy
    /// takes force.
    ///
    /// # Errors
    ///
    /// Those of `load` and `record`, and [`ArmError`] if the new policy permits everything. The old policy stays in force.
    pub fn reload_recorded<P: PolicyEngine + 'static, E: From<ArmError>>(
        &self,
        load: impl FnOnce() -> Result<P, E>,
        record: impl FnOnce(&Reloaded) -> Result<(), E>,
    ) -> Result<Reloaded, E> {
        // Nothing is kept behind this lock that a thread which died with it could have broken.
        let _one_at_a_time = self.0.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = load()?;
        prove_refusal(&policy)?;
        let reloaded = Reloaded { before: self.policy_version(), after: policy.policy_version() };
        record(&reloaded)?;
        let policy: Arc<dyn PolicyEngine> = Arc::new(policy);
        let old = {
            let mut in_force = self.0.in_force.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *in_force, policy)
        };
        // Taken down behind the lock: nobody who decides waits for it.
        drop(old);
        Ok(reloaded)
    }

    /// The policy in force now, which a decision keeps to its end.
    fn in_force(&self) -> Arc<dyn PolicyEngine> {
        // What is behind the lock is whole at all times, so a thread that died with it has broken nothing.
        Arc::clone(&self.0.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PolicyEngine for LivePolicy {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        self.in_force().evaluate(action)
    }

    fn policy_version(&self) -> PolicyVersion {
        self.in_force().policy_version()
    }

    fn policies(&self) -> Vec<PolicyInfo> {
        self.in_force().policies()
    }

    fn trace(&self, action: &Action) -> Vec<Trace> {
        self.in_force().trace(action)
    }

    fn neutral_facts(&self) -> Facts {
        self.in_force().neutral_facts()
    }
}

impl fmt::Debug for LivePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LivePolicy").field("version", &self.policy_version()).finish()
    }
}
