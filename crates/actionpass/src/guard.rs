//! The gate: evaluate, record, issue. One way through, for permits and refusals alike.

mod canary;
mod run;

use std::{fmt, time::Duration};

pub use self::{canary::ArmError, run::AuthorizeError};
use crate::{
    action::Action,
    clock::{Clock, SystemClock, Timestamp},
    decision::Effect,
    error::{ApprovalRequest, Denied, Part, Refusal, Unavailable},
    hash::LedgerHash,
    issue::{Lifetime, Permit, Recorded, Seal},
    name::Issuer,
    pass::{ActionPass, PassId},
    ports::{Ledger, PolicyEngine, Signer},
    record::Record,
};

/// The gate in front of a tool: an [`Action`] goes in, an [`ActionPass`] or a [`Refusal`] comes out, and the ledger has
/// it either way.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Guard, Refusal, SigningKey, testing};
///
/// let policy = testing::permit_if(|action| action.tool().as_str() == "slack.messages.post");
/// let guard = Guard::new(policy, testing::MemoryLedger::new(), SigningKey::generate()?, "https://gate.example".parse()?)?;
///
/// let pass = guard.check(&testing::action("slack.messages.post")?)?;
/// assert_eq!(pass.claims().audience().as_str(), "executor");
///
/// match guard.check(&testing::action("slack.channels.delete")?) {
///     Ok(pass) => unreachable!("{pass:?}"),
///     Err(Refusal::Denied(why)) => assert_eq!(why.policy(), "testing:deny"),
///     Err(Refusal::ApprovalRequired(request)) => unreachable!("{request}"),
///     Err(Refusal::Unavailable(part)) => unreachable!("{part}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Guard {
    policy: Box<dyn PolicyEngine>,
    ledger: Box<dyn Ledger>,
    seal: Seal,
    clock: Box<dyn Clock>,
    lifetime: Lifetime,
}

impl Guard {
    /// How long a pass lives if no policy says otherwise: ten minutes.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(600);
    /// How long a pass lives at most, unless [`Guard::with_max_ttl`] says less: one hour.
    pub const MAX_TTL: Duration = Duration::from_secs(3600);

    /// Arms a gate, once it has shown that it can refuse: a canary action that nothing may permit is evaluated first.
    ///
    /// `issuer` is the name under which verifiers trust the signer's key.
    ///
    /// # Errors
    ///
    /// [`ArmError`] names the rule that permits everything, or the engine that failed.
    pub fn new(
        policy: impl PolicyEngine + 'static,
        ledger: impl Ledger + 'static,
        signer: impl Signer + 'static,
        issuer: Issuer,
    ) -> Result<Self, ArmError> {
        canary::prove_refusal(&policy)?;
        Ok(Self {
            policy: Box::new(policy),
            ledger: Box::new(ledger),
            seal: Seal::new(issuer, Box::new(signer)),
            clock: Box::new(SystemClock),
            lifetime: Lifetime { default: Self::DEFAULT_TTL, max: Self::MAX_TTL },
        })
    }

    /// Reads the time from another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Bounds how long a pass lives, whatever policy says; at most [`Guard::MAX_TTL`].
    #[must_use]
    pub fn with_max_ttl(mut self, max: Duration) -> Self {
        self.lifetime.max = max.min(Self::MAX_TTL);
        self
    }

    /// Decides on `action`, and issues a pass if the decision is a permit. The decision is recorded first.
    ///
    /// Blocks until the record is as durable as the ledger promises. Needs no async runtime.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for everything that is not a permit, a part of the gate that fails included.
    pub fn check(&self, action: &Action) -> Result<ActionPass, Refusal> {
        let now = self.now()?;
        let evaluation = match self.policy.evaluate(action) {
            Ok(evaluation) => evaluation,
            Err(error) => {
                let cause = Unavailable::new(Part::Policy, error);
                // The refusal stands whether or not this record is kept; a ledger that fails too is the graver news.
                self.keep(&Record::undecided(now, action, &cause))?;
                return Err(cause.into());
            }
        };
        let id = match evaluation.effect() {
            Effect::Permit => PassId::generate(now)?,
            Effect::Deny => {
                let hash = self.keep(&Record::decision(now, action, &evaluation, None))?;
                return Err(Refusal::Denied(Box::new(Denied::new(action, evaluation, hash))));
            }
            Effect::StepUp => {
                let hash = self.keep(&Record::decision(now, action, &evaluation, None))?;
                return Err(Refusal::ApprovalRequired(Box::new(ApprovalRequest::new(
                    action, evaluation, hash,
                ))));
            }
        };
        let permit = Permit::of(action, &evaluation, id, now, self.lifetime)
            .ok_or_else(|| Unavailable::new(Part::Policy, "the decision is not a permit"))?;
        let appended = self.ledger.append(&permit.record(now)).map_err(ledger_failed)?;
        // Signed while the record settles, released after.
        let sealed = permit.seal(&appended, &self.seal)?;
        let recorded = Recorded::wait(&*self.ledger, &appended)?;
        Ok(sealed.release(recorded))
    }

    /// Keeps a record and waits for it.
    fn keep(&self, record: &Record) -> Result<LedgerHash, Unavailable> {
        let appended = self.ledger.append(record).map_err(ledger_failed)?;
        Recorded::wait(&*self.ledger, &appended).map(|_| appended.hash)
    }

    fn now(&self) -> Result<Timestamp, Unavailable> {
        self.clock.now().map_err(|error| Unavailable::new(Part::Clock, error))
    }
}

fn ledger_failed(error: crate::LedgerError) -> Unavailable {
    Unavailable::new(Part::Ledger, error)
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("issuer", &self.seal.issuer).finish_non_exhaustive()
    }
}
