//! Issuing: a permit and the record of it become a pass, and nothing else does.
//!
//! The steps are types. A [`Permit`] exists only for an evaluation that permits; sealing it takes the place in the ledger
//! at which its decision was written; and the sealed pass is released only against [`Recorded`], which stands for a
//! record that is as durable as the ledger promises.

use std::time::Duration;

use crate::{
    action::Action,
    clock::Timestamp,
    decision::{Effect, Evaluation},
    error::{Part, Unavailable},
    name::Issuer,
    pass::{ActionPass, Claims, Header, PassId, Token},
    ports::{Appended, Ledger, Signer},
    record::Record,
};

/// How long passes live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) default: Duration,
    pub(crate) max: Duration,
}

/// What the gate signs with: its name, its key, and the header that never changes.
pub(crate) struct Seal {
    pub(crate) issuer: Issuer,
    signer: Box<dyn Signer>,
    header: String,
}

impl Seal {
    pub(crate) fn new(issuer: Issuer, signer: Box<dyn Signer>) -> Self {
        Self { header: Header::segment(signer.algorithm(), signer.key_id()), issuer, signer }
    }
}

/// A permission to issue one pass.
pub(crate) struct Permit<'a> {
    action: &'a Action,
    evaluation: &'a Evaluation,
    id: PassId,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl<'a> Permit<'a> {
    /// A permit, if the evaluation is one.
    pub(crate) fn of(
        action: &'a Action,
        evaluation: &'a Evaluation,
        id: PassId,
        now: Timestamp,
        lifetime: Lifetime,
    ) -> Option<Self> {
        match evaluation.effect() {
            Effect::Permit => {}
            Effect::StepUp | Effect::Deny => return None,
        }
        // NumericDate has whole seconds; rounding down never lengthens a pass.
        let seconds = evaluation.ttl().unwrap_or(lifetime.default).min(lifetime.max).as_secs();
        let issued_at = Timestamp::from_seconds(now.seconds()).unwrap_or(now);
        let expires_at = issued_at.later(Duration::from_secs(seconds.max(1)));
        Some(Self { action, evaluation, id, issued_at, expires_at })
    }

    /// The record of this decision.
    pub(crate) fn record(&self, now: Timestamp) -> Record {
        Record::decision(now, self.action, self.evaluation, Some((&self.id, self.expires_at)))
    }

    /// Signs the pass that carries the decision's place in the ledger.
    pub(crate) fn seal(self, appended: &Appended, seal: &Seal) -> Result<Sealed, Unavailable> {
        let action = self.action;
        let claims = Claims {
            issuer: seal.issuer.clone(),
            audience: action.audience().clone(),
            actor: action.actor().clone(),
            id: self.id,
            issued_at: self.issued_at,
            not_before: self.issued_at,
            expires_at: self.expires_at,
            intent: action.intent().clone(),
            tool: action.tool().clone(),
            resource: action.resource().clone(),
            constraints: self.evaluation.constraints().as_object().clone(),
            payload_hash: action.payload().hash(),
            policy: self.evaluation.label(),
            policy_version: self.evaluation.policy_version(),
            ledger_hash: appended.hash,
            bindings: action.bindings().clone(),
        };
        let signed = Token::to_sign(&seal.header, &claims.write());
        if signed.len() > crate::pass::MAX_TOKEN_BYTES - 87 {
            return Err(Unavailable::new(
                Part::Signer,
                "the pass would be larger than 16 KiB; shorten the intent or the constraints",
            ));
        }
        let signature = seal
            .signer
            .sign(signed.as_bytes())
            .map_err(|error| Unavailable::new(Part::Signer, error))?;
        Ok(Sealed(ActionPass::new(Token::join(signed, &signature), claims)))
    }
}

/// A signed pass that nobody has seen: its record may not be durable yet.
#[must_use]
pub(crate) struct Sealed(ActionPass);

impl Sealed {
    /// Lets the pass out.
    pub(crate) fn release(self, _: Recorded) -> ActionPass {
        self.0
    }
}

/// A record that is as durable as its ledger promises.
#[must_use]
pub(crate) struct Recorded(());

impl Recorded {
    /// Waits for the record.
    pub(crate) fn wait(ledger: &dyn Ledger, appended: &Appended) -> Result<Self, Unavailable> {
        ledger
            .sync(appended)
            .map(|()| Self(()))
            .map_err(|error| Unavailable::new(Part::Ledger, error))
    }
}
