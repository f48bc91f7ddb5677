//! What a ledger is asked to keep: one [`Record`] for each decision and each outcome.
//!
//! A record's body is canonical JSON from the moment it exists, so that a ledger copies bytes and nobody between the
//! decision and the disk can reword it. The members are described in `docs/formats/ledger.md`.

use std::fmt;

use crate::{
    action::Action,
    clock::Timestamp,
    decision::{Effect, Evaluation, Reason},
    error::Unavailable,
    hash::PayloadHash,
    json::{Object, ObjectWriter},
    name::AgentId,
    pass::PassId,
};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// Policy decided on an action.
    Decision,
    /// A permitted action ended, or may have.
    Outcome,
}

impl RecordKind {
    /// `decision` or `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Outcome => "outcome",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    kind: RecordKind,
    at: Timestamp,
    // INVARIANT: one canonical JSON object.
    body: Vec<u8>,
}

impl Record {
    /// A record of any kind, from its members.
    pub fn new(kind: RecordKind, at: Timestamp, body: &Object) -> Self {
        let mut bytes = Vec::with_capacity(512);
        body.write_canonical(&mut bytes);
        Self { kind, at, body: bytes }
    }

    /// What it is about.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The members, as one canonical JSON object.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A decision, with everything it depended on. `pass` is the id and the expiry of the pass that will follow.
    pub(crate) fn decision(
        at: Timestamp,
        action: &Action,
        evaluation: &Evaluation,
        pass: Option<(&PassId, Timestamp)>,
    ) -> Self {
        let mut body = start();
        if let Some((id, _)) = pass {
            body.text("action_pass_id", id.as_str());
        }
        body.text("agent_id", action.actor().agent_id().as_str());
        if !evaluation.approvers().is_empty() {
            body.texts("approvers", evaluation.approvers().iter().map(String::as_str));
        }
        body.text("audience", action.audience().as_str());
        bindings(&mut body, action);
        if evaluation.effect() == Effect::Permit {
            body.object("constraints", evaluation.constraints().as_object());
        }
        body.text("decision", evaluation.effect().as_str());
        delegations(&mut body, action);
        if let Some((_, expires)) = pass {
            body.plain("expires_at", |out| expires.write(out));
        }
        body.object("facts", action.facts().as_object());
        body.text("human_owner", action.actor().human_owner().as_str());
        body.nested("intent", |body| action.intent().write(body));
        body.plain("payload_hash", |out| action.payload().hash().write(out));
        body.text("policy", &evaluation.label());
        body.plain("policy_version", |out| evaluation.policy_version().write(out));
        body.objects("reasons", evaluation.reasons().iter().map(Reason::to_json));
        body.text("resource", action.resource().as_str());
        body.text("tool", action.tool().as_str());
        Self { kind: RecordKind::Decision, at, body: body.finish() }
    }

    /// A decision that could not be made, since a part of the gate failed.
    pub(crate) fn undecided(at: Timestamp, action: &Action, cause: &Unavailable) -> Self {
        let mut body = start();
        body.text("agent_id", action.actor().agent_id().as_str());
        body.text("audience", action.audience().as_str());
        bindings(&mut body, action);
        body.text("decision", "unavailable");
        delegations(&mut body, action);
        body.object("facts", action.facts().as_object());
        body.text("human_owner", action.actor().human_owner().as_str());
        body.nested("intent", |body| action.intent().write(body));
        body.text("message", cause.message());
        body.text("part", cause.part().as_str());
        body.plain("payload_hash", |out| action.payload().hash().write(out));
        body.text("resource", action.resource().as_str());
        body.text("tool", action.tool().as_str());
        Self { kind: RecordKind::Decision, at, body: body.finish() }
    }

    /// How a permitted action ended.
    pub(crate) fn outcome(
        at: Timestamp,
        pass: &PassId,
        payload_hash: PayloadHash,
        outcome: Outcome,
    ) -> Self {
        let mut body = start();
        body.text("action_pass_id", pass.as_str());
        body.text("outcome", outcome.as_str());
        body.plain("payload_hash", |out| payload_hash.write(out));
        Self { kind: RecordKind::Outcome, at, body: body.finish() }
    }
}

fn start() -> ObjectWriter {
    // Room for most decisions, so that the buffer does not move while it grows.
    ObjectWriter::start(Vec::with_capacity(2048))
}

/// What the action is bound to beyond the call, if there is anything.
fn bindings(body: &mut ObjectWriter, action: &Action) {
    let bindings = action.bindings();
    if !bindings.is_empty() {
        body.nested("bindings", |body| {
            bindings.write_approval(body);
            bindings.write_holder(body);
            bindings.write_tool_hash(body);
            bindings.write_transaction(body);
        });
    }
}

/// The agents that handed the task on, if any did.
fn delegations(body: &mut ObjectWriter, action: &Action) {
    let agents = action.actor().delegations();
    if !agents.is_empty() {
        body.texts("delegated_by", agents.iter().map(AgentId::as_str));
    }
}

/// How a permitted action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The tool ran and said that it succeeded.
    Executed,
    /// The tool ran and said that it failed.
    Failed,
    /// Nobody knows: the tool was dropped or panicked while it ran. It may have had its effect.
    Unknown,
}

impl Outcome {
    /// `executed`, `failed` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
