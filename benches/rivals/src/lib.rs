//! What the rivals are compared on: one call, its pass, and the gate and the verifier for it.

use std::error::Error;

use axtary_actionpass::{
    Action, Actor, Appended, Cause, Effect, Facts, Guard, Intent, KeySet, Ledger, LedgerError,
    LedgerHash, MemoryStore, Object, Operator, Payload, PolicyEngine, Record, SigningKey, Verifier,
    Vocabulary, testing,
};

/// The seed of the signing key.
pub const SEED: [u8; 32] = [7; 32];

/// The payload as the agent wrote it: 600 bytes.
pub fn payload() -> String {
    let body = "The redirect behind the login lost its query. ".repeat(10);
    let payload = format!(
        r#"{{"title": "Fix the login redirect", "head": "agent/fix-login", "base": "main", "draft": false, "body": "{body}"}}"#
    );
    format!("{payload:<600}")
}

/// A pull request.
pub fn action() -> Result<Action, Box<dyn Error>> {
    let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
    let facts = Object::new()
        .with("files_changed", 3)
        .with("paths", vec!["src/login.rs", "src/session.rs", "tests/login.rs"]);
    Ok(Action::builder(
        actor,
        "github.pull_requests.create".parse()?,
        "repo:company/web-app".parse()?,
    )
    .intent(Intent::new("fix the login redirect")?.with_task("AXT-418".parse()?))
    .audience("github-executor".parse()?)
    .payload(Payload::parse(payload().as_bytes())?)
    .facts(Facts::new(facts)?)
    .build()?)
}

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
}

/// Hashes records, and keeps none.
struct Forgetful;

impl Ledger for Forgetful {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        Ok(Appended { seq: 0, hash: LedgerHash::of_line(record.body()) })
    }

    fn sync(&self, _: &Appended) -> Result<(), LedgerError> {
        Ok(())
    }
}

fn policy() -> Result<impl PolicyEngine, Box<dyn Error>> {
    let constraints = vocabulary().read(
        &Object::new()
            .with("max_files_changed", 12)
            .with("blocked_paths", vec![".env*", ".github/**"]),
    )?;
    Ok(testing::policy(move |action: &Action| {
        Ok(match action.tool().as_str() {
            "axtary.canary" => testing::answer(Effect::Deny, Cause::NoPermit),
            _ => testing::answer(Effect::Permit, Cause::Permitted)
                .with_constraints(constraints.clone()),
        })
    }))
}

/// A gate whose policy and ledger cost next to nothing: what is left is the record and the pass.
pub fn guard() -> Result<Guard, Box<dyn Error>> {
    Ok(Guard::new(
        policy()?,
        Forgetful,
        SigningKey::from_seed(&SEED),
        "https://gate.example".parse()?,
    )?)
}

/// The executor's verifier.
pub fn verifier() -> Result<Verifier, Box<dyn Error>> {
    let keys = KeySet::new()
        .trust("https://gate.example".parse()?, SigningKey::from_seed(&SEED).verifying_key())?;
    Ok(Verifier::new(keys, "github-executor".parse()?, MemoryStore::default())?
        .with_vocabulary(vocabulary()))
}
