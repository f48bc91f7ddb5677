//! A gate, an executor behind it, and forged tokens.

use axtary_actionpass::{
    Action, ActionPass, Actor, Execution, Facts, FixedClock, Guard, Intent, Issuer, Json, KeySet,
    MemoryStore, Object, Operator, Payload, Signer, SigningKey, Timestamp, Verifier, VerifyError,
    Vocabulary, testing,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

pub(crate) const NOW: i64 = 1_785_240_000;

pub(crate) fn issuer() -> Issuer {
    "https://gate.example".parse().unwrap()
}

pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
}

pub(crate) fn constraints() -> Object {
    Object::new().with("max_files_changed", 12).with("blocked_paths", vec![".env*"])
}

pub(crate) fn facts(files_changed: i32) -> Facts {
    Facts::new(Object::new().with("files_changed", files_changed).with("paths", vec!["src/lib.rs"]))
        .unwrap()
}

/// A pull request in normal form.
pub(crate) fn action() -> Action {
    Action::builder(
        Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap()),
        "github.pull_requests.create".parse().unwrap(),
        "repo:company/web-app".parse().unwrap(),
    )
    .intent(Intent::new("fix the login redirect").unwrap().with_task("AXT-418".parse().unwrap()))
    .audience("github-executor".parse().unwrap())
    .payload(Payload::parse(br#"{"title":"Fix login","head":"fix","base":"main"}"#).unwrap())
    .facts(facts(3))
    .build()
    .unwrap()
}

/// A gate that permits the kit's action, under constraints, and an executor that trusts it.
pub(crate) struct Scene {
    pub(crate) key: SigningKey,
    pub(crate) clock: FixedClock,
    pub(crate) guard: Guard,
    pub(crate) verifier: Verifier,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let key = SigningKey::from_seed(&[7; 32]);
        let clock = FixedClock::new(Timestamp::from_seconds(NOW).unwrap());
        let bound = vocabulary().read(&constraints()).unwrap();
        let policy = testing::policy(move |action: &Action| {
            use axtary_actionpass::{Cause, Effect};
            Ok(if action.tool().as_str() == "github.pull_requests.create" {
                testing::answer(Effect::Permit, Cause::Permitted).with_constraints(bound.clone())
            } else {
                testing::answer(Effect::Deny, Cause::NoPermit)
            })
        });
        let guard = Guard::new(policy, testing::MemoryLedger::new(), key.clone(), issuer())
            .unwrap()
            .with_clock(clock.clone());
        let verifier = verifier(&key, &clock);
        Self { key, clock, guard, verifier }
    }

    pub(crate) fn pass(&self) -> ActionPass {
        self.guard.check(&action()).unwrap()
    }

    /// What the verifier says of a token for the kit's action.
    pub(crate) fn verify(&self, token: &str) -> Result<(), VerifyError> {
        self.verifier.verify(token, &execution(&action())).map(drop)
    }

    /// The code of the refusal of a token for the kit's action.
    pub(crate) fn refusal(&self, token: &str) -> &'static str {
        self.verify(token).expect_err("must be refused").code()
    }

    /// A token of the kit's action with other claims, signed by the trusted key.
    pub(crate) fn forge(&self, change: impl FnOnce(&mut Object)) -> String {
        let token = self.pass().token().to_owned();
        let (header, claims) = parts(&token);
        let Json::Object(mut claims) = Json::parse(&claims).unwrap() else {
            panic!("claims are an object")
        };
        change(&mut claims);
        sign(&self.key, &header, &Json::Object(claims).to_canonical())
    }
}

pub(crate) fn verifier(key: &SigningKey, clock: &FixedClock) -> Verifier {
    verifier_with(KeySet::new().trust(issuer(), key.verifying_key()).unwrap(), clock)
}

pub(crate) fn verifier_with(keys: KeySet, clock: &FixedClock) -> Verifier {
    Verifier::new(keys, "github-executor".parse().unwrap(), MemoryStore::default())
        .unwrap()
        .with_vocabulary(vocabulary())
        .with_clock(clock.clone())
}

pub(crate) fn execution(action: &Action) -> Execution<'_> {
    Execution {
        tool: action.tool(),
        resource: action.resource(),
        payload: action.payload(),
        facts: action.facts(),
    }
}

/// The decoded header and claims of a token.
pub(crate) fn parts(token: &str) -> (Vec<u8>, Vec<u8>) {
    let segments: Vec<&str> = token.split('.').collect();
    (URL_SAFE_NO_PAD.decode(segments[0]).unwrap(), URL_SAFE_NO_PAD.decode(segments[1]).unwrap())
}

/// A token of any header and claims, signed by `key`.
pub(crate) fn sign(key: &SigningKey, header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
