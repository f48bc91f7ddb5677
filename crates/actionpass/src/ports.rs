//! The traits through which the core meets the rest: policy, ledger, single use, signing keys. Four ports, no logic;
//! the fifth, [`Clock`](crate::Clock), stands with the times it tells.

use std::{
    fmt,
    sync::Arc,
    task::{Poll, Waker},
};

use crate::{
    action::{Action, Facts},
    clock::Timestamp,
    decision::{Effect, Evaluation},
    hash::{LedgerHash, PolicyVersion},
    json::Object,
    key::{Algorithm, KeyId},
    name::{AgentId, EngineName},
    pass::PassId,
    record::Record,
};

/// Decides on actions. An engine reads an action's actor, intent, tool, resource and facts, and never its payload.
pub trait PolicyEngine: Send + Sync {
    /// Evaluates `action` under the policy in force.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if the engine as a whole failed. A single policy that errs on the action is an answer: a denial.
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError>;

    /// The digest over every policy source in force.
    fn policy_version(&self) -> PolicyVersion;

    /// The policies in force, for those who explain decisions or count which policy ever decided one. None, if they have no
    /// names.
    fn policies(&self) -> Vec<PolicyInfo> {
        Vec::new()
    }

    /// What each policy that is about the action asks of it, and whether that holds: for those who explain a decision. None,
    /// if the engine cannot look into its policies.
    fn trace(&self, action: &Action) -> Vec<Trace> {
        let _ = action;
        Vec::new()
    }

    /// Facts of every name that the policies may read, each of a neutral value, for the guard's self-test: without them, a
    /// condition that cannot be decided could hide a rule that permits everything. None, if the names are not known.
    fn neutral_facts(&self) -> Facts {
        Facts::default()
    }
}

/// A policy by the name that reasons call it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInfo {
    /// Its engine.
    pub engine: EngineName,
    /// Its name in reasons.
    pub id: String,
    /// What it leads to where it applies; `None` if that depends.
    pub effect: Option<Effect>,
    /// The source it stands in, as it was named when it was loaded.
    pub file: String,
    /// The line it starts at, if the source is a text.
    pub line: Option<u64>,
}

/// A policy that is about an action, with what it asks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The policy.
    pub policy: PolicyInfo,
    /// Its conditions, in its own order.
    pub conditions: Vec<Condition>,
}

/// A condition of a policy, over one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The condition, in the words of its language.
    pub text: String,
    /// Whether it holds; `None` if that cannot be decided.
    pub holds: Option<bool>,
    /// The facts it is about, as far as they are there.
    pub seen: Object,
}

/// A policy engine that failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {engine} engine: {message}")]
pub struct EngineError {
    /// Which engine.
    pub engine: EngineName,
    /// How it failed, in one line.
    pub message: String,
}

/// Keeps records in an order that cannot be changed afterwards.
pub trait Ledger: Send + Sync {
    /// Writes `record` behind all others and says where it stands. It need not be durable yet.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the record was not written whole; nothing may be released on its strength.
    fn append(&self, record: &Record) -> Result<Appended, LedgerError>;

    /// Waits until an appended record is as durable as this ledger promises.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if that is not certain; nothing may be released on the record's strength.
    fn sync(&self, appended: &Appended) -> Result<(), LedgerError>;

    /// Asks whether an appended record is as durable as this ledger promises, and has `waker` woken once it is, or once it
    /// is known that it will not be.
    ///
    /// A ledger that does not provide this blocks the executor's thread as [`Ledger::sync`] does.
    ///
    /// # Errors
    ///
    /// As [`Ledger::sync`].
    fn poll_sync(&self, appended: &Appended, waker: &Waker) -> Poll<Result<(), LedgerError>> {
        let _ = waker;
        Poll::Ready(self.sync(appended))
    }
}

/// Where a record stands in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Appended {
    /// The record's number, from zero.
    pub seq: u64,
    /// The leaf hash of its line.
    pub hash: LedgerHash,
}

/// A ledger that could not keep a record.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct LedgerError {
    /// What failed, where, and what to do, in one line.
    pub message: String,
    /// The error underneath, if there is one.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl LedgerError {
    /// Carries a ledger's own error through the port.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: error.to_string(), source: Some(Arc::new(error)) }
    }
}

/// Remembers which passes were used, and which may not be.
pub trait ConsumptionStore: Send + Sync {
    /// Uses a pass up: of all calls for one pass, in all threads, exactly one is told [`Consumption::First`]. A pass that
    /// was revoked is told so, and none that is told so counts as used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not certain that this is the first use; the pass is then refused.
    fn consume(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError>;

    /// Says what [`ConsumptionStore::consume`] would, and uses nothing up.
    ///
    /// # Errors
    ///
    /// [`StoreError`] as [`ConsumptionStore::consume`].
    fn look(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError>;

    /// Revokes passes from now on. What was revoked stays so.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not certain that every later [`ConsumptionStore::consume`] will see it.
    fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError>;
}

/// The use of a pass, as a store looks at it.
#[derive(Clone, Copy, Debug)]
pub struct PassUse<'a> {
    /// The pass.
    pub id: &'a PassId,
    /// The key that signed it.
    pub key: &'a KeyId,
    /// The agent that acts.
    pub agent: &'a AgentId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on no verifier accepts it any more; until then its use must be remembered.
    pub keep_until: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// Whether a pass may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Consumption {
    /// This was the first use.
    First,
    /// It had been used already.
    Already,
    /// It was revoked.
    Revoked(Revocation),
}

impl Consumption {
    /// `first`, `already` or `revoked`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Already => "already",
            Self::Revoked(_) => "revoked",
        }
    }
}

/// Which passes are revoked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revocation {
    /// One pass.
    Pass(PassId),
    /// Every pass that a key signed.
    Key(KeyId),
    /// Every pass of an agent.
    Agent(AgentId),
    /// Every pass that was issued before a moment.
    IssuedBefore(Timestamp),
}

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass(id) => write!(f, "the pass `{id}`"),
            Self::Key(id) => write!(f, "every pass of the key `{id}`"),
            Self::Agent(id) => write!(f, "every pass of the agent `{id}`"),
            Self::IssuedBefore(moment) => write!(f, "every pass issued before {moment}"),
        }
    }
}

/// A store that cannot say whether a pass was used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What failed and what to do, in one line.
    pub message: String,
}

/// Signs passes: a key in memory ([`SigningKey`](crate::SigningKey)), a KMS, an HSM.
pub trait Signer: Send + Sync {
    /// The id under which verifiers know the public key: its RFC 7638 thumbprint.
    fn key_id(&self) -> &KeyId;

    /// The name of the algorithm in the pass header.
    fn algorithm(&self) -> Algorithm;

    /// Signs `message` with Ed25519 (RFC 8032), pure, without context.
    ///
    /// # Errors
    ///
    /// [`SignError`] if no signature was made.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// A signature that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SignError {
    /// What failed, in one line; nothing of the key.
    pub message: String,
}

/// Each port is also served through a shared pointer, so that one ledger or store can serve several gates.
macro_rules! through_arc {
    ($port:ident { $(fn $method:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty;)* }) => {
        impl<T: $port + ?Sized> $port for Arc<T> {
            $(fn $method(&self $(, $arg: $type)*) -> $out {
                (**self).$method($($arg),*)
            })*
        }
    };
}

through_arc!(PolicyEngine {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError>;
    fn policy_version(&self) -> PolicyVersion;
    fn policies(&self) -> Vec<PolicyInfo>;
    fn trace(&self, action: &Action) -> Vec<Trace>;
    fn neutral_facts(&self) -> Facts;
});
through_arc!(Ledger {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError>;
    fn sync(&self, appended: &Appended) -> Result<(), LedgerError>;
    fn poll_sync(&self, appended: &Appended, waker: &Waker) -> Poll<Result<(), LedgerError>>;
});
through_arc!(ConsumptionStore {
    fn consume(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError>;
    fn look(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError>;
    fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError>;
});
through_arc!(Signer {
    fn key_id(&self) -> &KeyId;
    fn algorithm(&self) -> Algorithm;
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
});

impl fmt::Debug for dyn PolicyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyEngine")
    }
}
