//! Stands in for the gate elsewhere that issues the passes: one rule, and a ledger that keeps nothing.

use std::error::Error;

use axtary_actionpass::{
    Action, Actor, Appended, Cause, Effect, EngineError, EngineName, Evaluation, Facts, Guard,
    Intent, Ledger, LedgerError, LedgerHash, Object, Operator, Payload, PolicyEngine,
    PolicyVersion, Reason, Record, SigningKey, Vocabulary,
};

/// Issues a pass for posting `body` to the channel `releases`.
pub(crate) fn issue(key: SigningKey, body: &str) -> Result<String, Box<dyn Error>> {
    let guard = Guard::new(OneRule, Forgetful, key, "https://gate.example".parse()?)?;
    let actor = Actor::new("release-bot".parse()?, "alice@example.com".parse()?);
    let action = Action::builder(actor, "chat.messages.post".parse()?, "channel:releases".parse()?)
        .intent(Intent::new("announce the release")?)
        .audience("chat-executor".parse()?)
        .payload(Payload::parse(body.as_bytes())?)
        .facts(Facts::new(Object::new().with("characters", 12))?)
        .build()?;
    Ok(guard.check(&action)?.token().to_owned())
}

struct OneRule;

impl PolicyEngine for OneRule {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        let failed = |message: String| EngineError { engine: EngineName::NATIVE, message };
        let version = self.policy_version();
        let reason = |cause| Reason::new(EngineName::NATIVE, cause).by("one-rule");
        if action.actor().agent_id().as_str() != "release-bot" {
            return Ok(Evaluation::new(
                Effect::Deny,
                vec![EngineName::NATIVE],
                version,
                vec![reason(Cause::NoPermit)],
            ));
        }
        let constraints = Vocabulary::new()
            .with_constraint("max_characters", Operator::AtMost, "characters")
            .read(&Object::new().with("max_characters", 500))
            .map_err(|error| failed(error.to_string()))?;
        let permit = Evaluation::new(
            Effect::Permit,
            vec![EngineName::NATIVE],
            version,
            vec![reason(Cause::Permitted)],
        );
        Ok(permit.with_constraints(constraints))
    }

    fn policy_version(&self) -> PolicyVersion {
        PolicyVersion::of_sources([("one-rule", b"release-bot posts short messages".as_slice())])
    }
}

struct Forgetful;

impl Ledger for Forgetful {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        Ok(Appended { seq: 0, hash: LedgerHash::of_line(record.body()) })
    }

    fn sync(&self, _: &Appended) -> Result<(), LedgerError> {
        Ok(())
    }
}
