//! The gate: evaluate, record, issue. One way through, for permits and refusals alike.

mod canary;
mod run;

use std::{fmt, time::Duration};

pub use self::{
    canary::{ArmError, prove_refusal},
    run::AuthorizeError,
};
use crate::{
    action::Action,
    clock::{Clock, SystemClock, Timestamp},
    decision::Effect,
    error::{ApprovalRequest, Denied, Part, Refusal, Unavailable},
    issue::{Lifetime, Permit, Recorded, Seal, Sealed},
    name::Issuer,
    pass::{ActionPass, PassId},
    ports::{Appended, Ledger, PolicyEngine, Signer},
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
        prove_refusal(&policy)?;
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
        let unsettled = self.decide(action)?;
        let recorded = Recorded::wait(&*self.ledger, &unsettled.appended)?;
        unsettled.settle(recorded)
    }

    /// As [`Guard::check`], for a caller that must not block.
    async fn check_without_blocking(&self, action: &Action) -> Result<ActionPass, Refusal> {
        let unsettled = self.decide(action)?;
        let recorded = Recorded::settle(&*self.ledger, &unsettled.appended).await?;
        unsettled.settle(recorded)
    }

    /// Evaluates, records, and signs while the record settles.
    fn decide(&self, action: &Action) -> Result<Unsettled, Unavailable> {
        let now = self.now()?;
        let evaluation = match self.policy.evaluate(action) {
            Ok(evaluation) => evaluation,
            Err(error) => {
                let cause = Unavailable::new(Part::Policy, error);
                let appended = self.append(&Record::undecided(now, action, &cause)?)?;
                return Ok(Unsettled { appended, verdict: Err(cause.into()) });
            }
        };
        let refused = |evaluation| {
            let appended = self.append(&Record::decision(now, action, &evaluation, None)?)?;
            Ok::<_, Unavailable>((appended, evaluation))
        };
        match evaluation.effect() {
            Effect::Permit => {}
            Effect::Deny => {
                let (appended, evaluation) = refused(evaluation)?;
                let why = Denied::new(action, evaluation, appended.hash);
                return Ok(Unsettled { appended, verdict: Err(Refusal::Denied(Box::new(why))) });
            }
            Effect::StepUp => {
                let (appended, evaluation) = refused(evaluation)?;
                let request = Box::new(ApprovalRequest::new(action, evaluation, appended.hash));
                return Ok(Unsettled {
                    appended,
                    verdict: Err(Refusal::ApprovalRequired(request)),
                });
            }
        }
        let id = PassId::generate(now)?;
        let permit = Permit::of(action, &evaluation, id, now, self.lifetime)
            .ok_or_else(|| Unavailable::new(Part::Policy, "the decision is not a permit"))?;
        let appended = self.append(&permit.record(now)?)?;
        let sealed = permit.seal(&appended, &self.seal)?;
        Ok(Unsettled { appended, verdict: Ok(sealed) })
    }

    fn append(&self, record: &Record) -> Result<Appended, Unavailable> {
        self.ledger.append(record).map_err(|error| Unavailable::new(Part::Ledger, error))
    }

    fn now(&self) -> Result<Timestamp, Unavailable> {
        self.clock.now().map_err(|error| Unavailable::new(Part::Clock, error))
    }
}

/// A decision that is written, and of which nobody hears before its record is durable.
struct Unsettled {
    appended: Appended,
    verdict: Result<Sealed, Refusal>,
}

impl Unsettled {
    fn settle(self, recorded: Recorded) -> Result<ActionPass, Refusal> {
        self.verdict.map(|sealed| sealed.release(recorded))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("issuer", &self.seal.issuer).finish_non_exhaustive()
    }
}
