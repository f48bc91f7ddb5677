//! Issuing: a permit and the record of it become a pass, and nothing else does.
//!
//! The steps are types. A [`Permit`] exists only for an evaluation that permits; sealing it takes the place in the ledger
//! at which its decision was written; and the sealed pass is released only against [`Recorded`], which stands for a
//! record that is as durable as the ledger promises.

use std::{future::poll_fn, time::Duration};

use crate::{
    action::Action,
    clock::Timestamp,
    decision::{Effect, Evaluation},
    error::{Part, Unavailable},
    name::Issuer,
    pass::{ActionPass, Claims, Header, PassId, Token},
    ports::{Appended, Ledger, LedgerError, Signer},
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
    pub(crate) fn record(&self, now: Timestamp) -> Result<Record, Unavailable> {
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
            constraints: self.evaluation.constraints().share(),
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
    /// Blocks until the record is durable.
    pub(crate) fn wait(ledger: &dyn Ledger, appended: &Appended) -> Result<Self, Unavailable> {
        Self::once(ledger.sync(appended))
    }

    /// Waits until the record is durable, without blocking where the ledger knows how.
    pub(crate) async fn settle(
        ledger: &dyn Ledger,
        appended: &Appended,
    ) -> Result<Self, Unavailable> {
        Self::once(poll_fn(|context| ledger.poll_sync(appended, context.waker())).await)
    }

    fn once(synced: Result<(), LedgerError>) -> Result<Self, Unavailable> {
        synced.map(|()| Self(())).map_err(|error| Unavailable::new(Part::Ledger, error))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{
        Cause, Constraints, EngineName, Facts, Intent, Json, LedgerHash, Object, Operator, Payload,
        PolicyVersion, Reason, SigningKey, Vocabulary, action::Actor,
    };

    fn action() -> Action {
        let actor = Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap());
        let facts = Object::new()
            .with("files_changed", 3)
            .with("paths", vec!["src/login.rs", "tests/login.rs"]);
        Action::builder(
            actor,
            "github.pull_requests.create".parse().unwrap(),
            "repo:company/web-app".parse().unwrap(),
        )
        .intent(
            Intent::new("fix the login redirect").unwrap().with_task("AXT-418".parse().unwrap()),
        )
        .audience("github-executor".parse().unwrap())
        .payload(Payload::parse(br#"{"title":"Fix login","head":"fix","base":"main"}"#).unwrap())
        .facts(Facts::new(facts).unwrap())
        .build()
        .unwrap()
    }

    fn constraints() -> Constraints {
        Vocabulary::new()
            .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
            .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
            .read(&Object::new().with("blocked_paths", vec![".env*"]).with("max_files_changed", 12))
            .unwrap()
    }

    /// What a fixed key, clock and id lead to. The file is part of the documentation of the format.
    fn golden() -> String {
        let version = PolicyVersion::of_sources([("native:rules.yml", b"version: 1".as_slice())]);
        let reason = Reason::new(EngineName::NATIVE, Cause::Permitted).by("small-changes");
        let evaluation =
            Evaluation::new(Effect::Permit, vec![EngineName::NATIVE], version, vec![reason])
                .with_constraints(constraints());
        let action = action();
        let now = Timestamp::from_millis(1_785_240_000_250).unwrap();
        let lifetime =
            Lifetime { default: Duration::from_secs(600), max: Duration::from_secs(3600) };
        let id = PassId::new("ap_01K10000000000000000000000").unwrap();
        let permit = Permit::of(&action, &evaluation, id, now, lifetime).unwrap();
        let record = permit.record(now).unwrap();
        let appended = Appended { seq: 0, hash: LedgerHash::of_line(record.body()) };
        let key = SigningKey::from_seed(&[7; 32]);
        let seal = Seal::new("https://gate.example".parse().unwrap(), Box::new(key.clone()));
        let pass = permit.seal(&appended, &seal).unwrap().0;
        let file = Object::new()
            .with("claims", Json::parse(&pass.claims().write()).unwrap())
            .with("decision", Json::parse(record.body()).unwrap())
            .with("jwk", key.verifying_key().to_jwk(crate::Algorithm::EdDsa))
            .with("token", pass.token());
        serde_json::to_string_pretty(&file).unwrap() + "\n"
    }

    #[test]
    fn a_fixed_key_clock_and_id_give_the_pass_that_is_documented() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/pass.golden.json");
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            fs::write(&path, golden()).unwrap();
        }
        let documented = fs::read_to_string(&path).unwrap();
        assert!(
            documented == golden(),
            "run with UPDATE_VECTORS=1 and look at what changed:\n{}",
            golden()
        );
    }

    #[test]
    fn what_is_not_a_permit_issues_nothing() {
        for effect in [Effect::Deny, Effect::StepUp] {
            let version = PolicyVersion::of_sources([]);
            let evaluation = Evaluation::new(effect, vec![EngineName::NATIVE], version, Vec::new());
            let (action, now) = (action(), Timestamp::from_seconds(1_785_240_000).unwrap());
            let lifetime =
                Lifetime { default: Duration::from_secs(600), max: Duration::from_secs(3600) };
            let id = PassId::new("ap_01K10000000000000000000000").unwrap();
            assert!(Permit::of(&action, &evaluation, id, now, lifetime).is_none());
        }
    }
}
