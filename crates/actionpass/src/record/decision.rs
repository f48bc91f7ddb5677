//! The record of a decision: everything that it depended on, so that it can be derived again.

use super::{Record, RecordKind};
use crate::{
    action::Action,
    clock::Timestamp,
    decision::{Effect, Evaluation, Reason},
    disclosure::Disclosure,
    error::Unavailable,
    hash::PayloadHash,
    json::{Object, ObjectWriter},
    name::AgentId,
    pass::PassId,
};

impl Record {
    /// A decision, with everything it depended on. `pass` is the id and the expiry of the pass that will follow.
    ///
    /// A guard writes these; others make one to hold what a ledger has against what it would have.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if there is no randomness to withhold a fact by.
    pub fn decision(
        at: Timestamp,
        action: &Action,
        evaluation: &Evaluation,
        pass: Option<(&PassId, Timestamp)>,
    ) -> Result<Self, Unavailable> {
        let shown = Shown::without(action, evaluation.sensitive())?;
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
        shown.write_facts(&mut body);
        body.text("human_owner", action.actor().human_owner().as_str());
        body.nested("intent", |body| action.intent().write(body));
        shown.write_payload_hash(&mut body);
        body.text("policy", &evaluation.label());
        body.plain("policy_version", |out| evaluation.policy_version().write(out));
        let sensitive = evaluation.sensitive();
        let reason = |reason: &Reason| reason.to_json_without(sensitive);
        body.objects("reasons", evaluation.reasons().iter().map(reason));
        body.text("resource", action.resource().as_str());
        shown.write_commitments(&mut body);
        body.text("tool", action.tool().as_str());
        if let Some(trial) = evaluation.trial() {
            let reasons: Vec<Object> = trial.reasons.iter().map(reason).collect();
            let trial = Object::new().with("decision", trial.effect.as_str());
            body.object("trial", &trial.with("reasons", reasons));
        }
        Ok(shown.into_record(at, body))
    }

    /// A decision that could not be made, since a part of the gate failed. Which facts are sensitive was not decided either, so
    /// all are withheld.
    pub(crate) fn undecided(
        at: Timestamp,
        action: &Action,
        cause: &Unavailable,
    ) -> Result<Self, Unavailable> {
        let facts = action.facts().as_object().iter().map(|(name, _)| name);
        let all: Vec<String> = facts.chain([PayloadHash::NAME]).map(str::to_owned).collect();
        let shown = Shown::without(action, &all)?;
        let mut body = start();
        body.text("agent_id", action.actor().agent_id().as_str());
        body.text("audience", action.audience().as_str());
        bindings(&mut body, action);
        body.text("decision", "unavailable");
        delegations(&mut body, action);
        shown.write_facts(&mut body);
        body.text("human_owner", action.actor().human_owner().as_str());
        body.nested("intent", |body| action.intent().write(body));
        body.text("message", cause.message());
        body.text("part", cause.part().as_str());
        body.text("resource", action.resource().as_str());
        shown.write_commitments(&mut body);
        body.text("tool", action.tool().as_str());
        Ok(shown.into_record(at, body))
    }
}

/// What of an action a record shows, and what it withholds.
struct Shown<'a> {
    action: &'a Action,
    /// The facts that are left; `None` if all are.
    facts: Option<Object>,
    withheld: Vec<Disclosure>,
}

impl<'a> Shown<'a> {
    fn without(action: &'a Action, sensitive: &[String]) -> Result<Self, Unavailable> {
        let mut shown = Self { action, facts: None, withheld: Vec::new() };
        for name in sensitive {
            if shown.withholds(name) {
                continue;
            }
            let value = if name == PayloadHash::NAME {
                Some(action.payload().hash().to_string().into())
            } else {
                shown.facts.get_or_insert_with(|| action.facts().as_object().clone()).take(name)
            };
            // A fact that is not there has no value to withhold.
            if let Some(value) = value {
                shown.withheld.push(Disclosure::of(name, value)?);
            }
        }
        Ok(shown)
    }

    fn withholds(&self, name: &str) -> bool {
        self.withheld.iter().any(|disclosure| disclosure.name() == name)
    }

    fn write_facts(&self, body: &mut ObjectWriter) {
        let facts = self.facts.as_ref().unwrap_or_else(|| self.action.facts().as_object());
        body.object("facts", facts);
    }

    fn write_payload_hash(&self, body: &mut ObjectWriter) {
        if !self.withholds(PayloadHash::NAME) {
            body.plain(PayloadHash::NAME, |out| self.action.payload().hash().write(out));
        }
    }

    fn write_commitments(&self, body: &mut ObjectWriter) {
        if !self.withheld.is_empty() {
            let mut commitments = Object::new();
            for disclosure in &self.withheld {
                commitments.insert(disclosure.name(), disclosure.commitment().to_string());
            }
            body.object("sensitive", &commitments);
        }
    }

    fn into_record(self, at: Timestamp, body: ObjectWriter) -> Record {
        let (kind, disclosures) = (RecordKind::Decision, self.withheld);
        Record { kind, at, body: body.finish(), disclosures }
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
