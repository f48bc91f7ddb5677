//! An action becomes an OPA input document, value by value. Only what some module reads is mapped.

use std::collections::BTreeMap;

use axtary_actionpass::{Action, Facts, Json};
use regorus::Value;

use crate::reads::Reads;

/// The parts of the input that some module reads.
#[derive(Clone, Debug, Default)]
pub(super) struct InputReads {
    members: Reads,
    actor: Reads,
    facts: Reads,
    intent: Reads,
    payload: Reads,
}

impl InputReads {
    /// Adds a read of what stands at a path below `input`.
    pub(super) fn add(&mut self, path: &[String]) {
        self.members.add(path);
        let (member, below) = match path.split_first() {
            Some((member, below)) => (Some(member.as_str()), below),
            None => (None, path),
        };
        for (name, reads) in [
            ("actor", &mut self.actor),
            ("facts", &mut self.facts),
            ("intent", &mut self.intent),
            ("payload", &mut self.payload),
        ] {
            if member.is_none_or(|member| member == name) {
                reads.add(below);
            }
        }
    }
}

/// Maps actions.
pub(super) struct Mapper {
    reads: InputReads,
    names: Names,
}

/// The names of members, of which every document has the same.
struct Names {
    actor: Value,
    agent_id: Value,
    audience: Value,
    facts: Value,
    human_owner: Value,
    intent: Value,
    payload: Value,
    resource: Value,
    task_id: Value,
    text: Value,
    tool: Value,
}

impl Mapper {
    pub(super) fn new(reads: InputReads) -> Self {
        let names = Names {
            actor: "actor".into(),
            agent_id: "agent_id".into(),
            audience: "audience".into(),
            facts: "facts".into(),
            human_owner: "human_owner".into(),
            intent: "intent".into(),
            payload: "payload".into(),
            resource: "resource".into(),
            task_id: "task_id".into(),
            text: "text".into(),
            tool: "tool".into(),
        };
        Self { reads, names }
    }

    /// The input document of an action.
    pub(super) fn input(&self, action: &Action) -> Value {
        let (members, names) = (&self.reads.members, &self.names);
        let mut input = BTreeMap::new();
        if members.contains("actor") {
            let reads = &self.reads.actor;
            let mut actor = BTreeMap::new();
            if reads.contains("agent_id") {
                actor.insert(names.agent_id.clone(), action.actor().agent_id().as_str().into());
            }
            if reads.contains("human_owner") {
                let owner = action.actor().human_owner().as_str();
                actor.insert(names.human_owner.clone(), owner.into());
            }
            input.insert(names.actor.clone(), actor.into());
        }
        if members.contains("audience") {
            input.insert(names.audience.clone(), action.audience().as_str().into());
        }
        if members.contains("facts") {
            input.insert(names.facts.clone(), facts(action.facts(), &self.reads.facts));
        }
        if members.contains("intent") {
            let reads = &self.reads.intent;
            let mut intent = BTreeMap::new();
            if let Some(task) = action.intent().task_id()
                && reads.contains("task_id")
            {
                intent.insert(names.task_id.clone(), task.as_str().into());
            }
            if reads.contains("text") {
                intent.insert(names.text.clone(), action.intent().text().into());
            }
            input.insert(names.intent.clone(), intent.into());
        }
        if members.contains("payload") {
            input.insert(names.payload.clone(), facts(action.facts(), &self.reads.payload));
        }
        if members.contains("resource") {
            input.insert(names.resource.clone(), action.resource().as_str().into());
        }
        if members.contains("tool") {
            input.insert(names.tool.clone(), action.tool().as_str().into());
        }
        input.into()
    }
}

fn facts(facts: &Facts, reads: &Reads) -> Value {
    match reads {
        Reads::All => object(facts.iter()),
        Reads::Named(names) => {
            let names = names.iter().map(String::as_str);
            object(names.filter_map(|name| Some((name, facts.get(name)?))))
        }
    }
}

/// An object of a document: of facts, or of data.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a str, &'a Json)>) -> Value {
    let members: BTreeMap<Value, Value> =
        members.map(|(name, item)| (name.into(), value(item))).collect();
    members.into()
}

/// Facts are at most [`axtary_actionpass::MAX_DEPTH`] deep, which bounds the recursion.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::from(integer),
            None => Value::from(number.as_f64()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Json::Object(members) => object(members.iter()),
    }
}
