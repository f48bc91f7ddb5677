//! What must hold for any bytes at all: the fuzz targets, which a normal test runs over the seeds too. Each function panics
//! where its property is broken, and only there.

use std::{sync::OnceLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Action, Execution, FixedClock, Guard, Issuer, Json, KeySet, MemoryStore, Object, Payload,
    Signer as _, SigningKey, Timestamp, Verifier,
    testing::{MemoryLedger, action, permit_if},
};

/// The scan accepts nothing that `serde_json` refuses, and reads what it reads.
pub fn json_scan(bytes: &[u8]) {
    let Ok(json) = Json::parse(bytes) else { return };
    #[expect(
        clippy::disallowed_methods,
        reason = "the other reader is what the scan is compared with"
    )]
    let theirs: Result<serde_json::Value, _> = serde_json::from_slice(bytes);
    let theirs = theirs.as_ref().map(Json::try_from);
    assert!(
        matches!(theirs, Ok(Ok(ref other)) if *other == json),
        "the readers disagree: {theirs:?} and {json}"
    );
}

/// The canonical form is a fixed point, nothing else is recognized as one, and the payload's hash is of it.
pub fn canonical(bytes: &[u8]) {
    let Ok(json) = Json::parse(bytes) else {
        assert!(!Object::is_canonical(bytes, 0), "what is not JSON is recognized");
        return;
    };
    let canonical = json.to_canonical();
    let is_object = json.as_object().is_some();
    assert_eq!(Object::is_canonical(bytes, 0), is_object && canonical == bytes);
    assert_eq!(Object::is_canonical(&canonical, 0), is_object);
    assert_eq!(
        Json::parse(&canonical).as_ref(),
        Ok(&json),
        "the canonical form reads as another value"
    );
    let payload = Payload::parse(bytes);
    assert!(
        payload.is_ok_and(|payload| payload.canonical() == canonical),
        "the payload has another canonical form"
    );
}

/// Whatever claims a trusted key signs, verifying ends in claims that fit the call, or in a refusal.
pub fn pass_parse(bytes: &[u8]) {
    let Some(gate) = Gate::get() else { return };
    let header = gate.token.split('.').next().unwrap_or_default();
    // The first byte chooses: fuzz the claims under a good header, or the header over good claims.
    let (header, claims) = match bytes.split_first() {
        Some((0, rest)) => (
            URL_SAFE_NO_PAD.encode(rest),
            gate.token.split('.').nth(1).unwrap_or_default().to_owned(),
        ),
        Some((_, rest)) => (header.to_owned(), URL_SAFE_NO_PAD.encode(rest)),
        None => return,
    };
    let signed = format!("{header}.{claims}");
    let Ok(signature) = gate.key.sign(signed.as_bytes()) else { return };
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    if let Ok(claims) = gate.verifier.check_without_consuming(&token, &gate.execution()) {
        assert_eq!(claims.tool(), gate.action.tool());
        assert_eq!(claims.resource(), gate.action.resource());
        assert_eq!(claims.audience(), gate.action.audience());
        assert_eq!(claims.payload_hash(), gate.action.payload().hash());
        assert!(claims.constraints().is_empty(), "this verifier knows no constraint");
        assert!(claims.expires_at().since(claims.issued_at()) <= Verifier::MAX_LIFETIME);
    }
}

/// No text is accepted but the token that was issued.
pub fn verify(bytes: &[u8]) {
    let (Some(gate), Ok(text)) = (Gate::get(), std::str::from_utf8(bytes)) else { return };
    let accepted = gate.verifier.check_without_consuming(text, &gate.execution()).is_ok();
    assert_eq!(accepted, text == gate.token, "accepted: {text}");
}

/// A key set that is read publishes what was read, and nothing private.
pub fn jwks(bytes: &[u8]) {
    let Ok(issuer) = "gate".parse::<Issuer>() else { return };
    let Ok(keys) = KeySet::from_jwks(&issuer, bytes) else { return };
    assert!(!keys.is_empty());
    let published = Json::Object(keys.to_jwks()).to_canonical();
    let again = KeySet::from_jwks(&issuer, &published);
    assert!(
        again.is_ok_and(|again| again.to_jwks() == keys.to_jwks()),
        "what was published reads as another set"
    );
    assert!(!String::from_utf8_lossy(&published).contains("\"d\""));
}

/// A token for [`verify`] to start from; the seeds hold it.
pub fn issued_token() -> Option<String> {
    Gate::get().map(|gate| gate.token.clone())
}

/// A gate and a verifier with a fixed key and clock, and the one token that fits.
struct Gate {
    key: SigningKey,
    verifier: Verifier,
    action: Action,
    token: String,
}

impl Gate {
    fn get() -> Option<&'static Self> {
        static GATE: OnceLock<Option<Gate>> = OnceLock::new();
        GATE.get_or_init(Self::build).as_ref()
    }

    fn build() -> Option<Self> {
        let key = SigningKey::from_seed(&[7; 32]);
        let issuer: Issuer = "https://gate.example".parse().ok()?;
        let clock = FixedClock::new(Timestamp::from_seconds(1_785_240_000).ok()?);
        let policy = permit_if(|action| action.tool().as_str() == "thing.do");
        let guard = Guard::new(policy, MemoryLedger::new(), key.clone(), issuer.clone()).ok()?;
        let action = action("thing.do").ok()?;
        let token = guard.with_clock(clock.clone()).check(&action).ok()?.token().to_owned();
        let keys = KeySet::new().trust(issuer, key.verifying_key()).ok()?;
        let verifier =
            Verifier::new(keys, action.audience().clone(), MemoryStore::default()).ok()?;
        clock.advance(Duration::from_secs(1));
        Some(Self { key, verifier: verifier.with_clock(clock), action, token })
    }

    fn execution(&self) -> Execution<'_> {
        Execution {
            tool: self.action.tool(),
            resource: self.action.resource(),
            payload: self.action.payload(),
            facts: self.action.facts(),
        }
    }
}
