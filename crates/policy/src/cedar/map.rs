//! An action becomes a Cedar request, value by value and without a detour through JSON: in Cedar's JSON, `__entity` and
//! `__extn` are escapes, and a fact that holds such a member would become an entity or an extension value.
//!
//! Only what some policy reads is mapped.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use axtary_actionpass::{Action, Facts, Json};
use cedar_policy_core::{
    ast::{Context, Eid, EntityType, EntityUID, EntityUIDEntry, Request, Value},
    entities::Entities,
    evaluator::Evaluator,
    extensions::Extensions,
    pst::SmolStr,
};

use super::reads::RequestReads;
use crate::{reads::Reads, select::Scope};

/// Maps actions.
pub(super) struct Mapper {
    agent: EntityType,
    action: EntityType,
    reads: RequestReads,
    /// The facts that are read; `None` stands for all.
    facts: Option<Vec<SmolStr>>,
    resource_types: ResourceTypes,
}

/// The entity types of resources that were met. Cedar makes them by its parser, which costs as much as a whole decision.
#[derive(Default)]
struct ResourceTypes(RwLock<HashMap<String, EntityType>>);

/// Adapters have few types of resources; no more are kept, whoever makes them up.
const MAX_RESOURCE_TYPES: usize = 256;

impl ResourceTypes {
    fn of(&self, kind: &str) -> Result<EntityType, String> {
        // Whole at all times: a thread that died with the lock has broken nothing.
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(kind) {
            return Ok(known.clone());
        }
        let new = resource_type(kind)?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_RESOURCE_TYPES {
            known.insert(kind.to_owned(), new.clone());
        }
        Ok(new)
    }
}

/// A request.
pub(super) struct Mapped {
    pub(super) principal: Arc<EntityUID>,
    pub(super) action: Arc<EntityUID>,
    pub(super) resource: Arc<EntityUID>,
    context: Context,
}

impl Mapped {
    /// The names that candidates are found by.
    pub(super) fn scope(&self) -> Scope<&str> {
        [&self.principal, &self.action, &self.resource].map(|uid| uid.eid().as_ref())
    }

    /// What evaluates conditions over this request.
    pub(super) fn evaluator<'a>(&self, entities: &'a Entities) -> Evaluator<'a> {
        let known =
            |uid: &Arc<EntityUID>| EntityUIDEntry::Known { euid: Arc::clone(uid), loc: None };
        // Without a schema there is nothing to check: policies were, when they were loaded.
        let request = Request::new_unchecked(
            known(&self.principal),
            known(&self.action),
            known(&self.resource),
            Some(self.context.clone()),
        );
        Evaluator::new(request, entities, Extensions::all_available())
    }
}

impl Mapper {
    pub(super) fn new(reads: RequestReads) -> Result<Self, String> {
        let facts = match &reads.payload {
            Reads::All => None,
            Reads::Named(names) => Some(names.iter().map(SmolStr::from).collect()),
        };
        Ok(Self {
            agent: entity_type("Agent")?,
            action: entity_type("Action")?,
            reads,
            facts,
            resource_types: ResourceTypes::default(),
        })
    }

    /// Maps an action; the error says which part has no form in Cedar.
    pub(super) fn map(&self, action: &Action) -> Result<Mapped, String> {
        let resource = action.resource();
        Ok(Mapped {
            principal: Arc::new(uid(&self.agent, action.actor().agent_id().as_str())),
            action: Arc::new(uid(&self.action, action.tool().as_str())),
            resource: Arc::new(uid(&self.resource_types.of(resource.kind())?, resource.id())),
            context: self.context(action)?,
        })
    }

    fn context(&self, action: &Action) -> Result<Context, String> {
        let members = &self.reads.members;
        let mut context = BTreeMap::new();
        if members.contains("intent") {
            context.insert(SmolStr::new_static("intent"), self.intent(action));
        }
        if members.contains("payload") {
            context.insert(SmolStr::new_static("payload"), self.payload(action.facts())?);
        }
        if members.contains("human_owner") {
            let owner = action.actor().human_owner().as_str();
            context.insert(SmolStr::new_static("human_owner"), owner.into());
        }
        if members.contains("audience") {
            context.insert(SmolStr::new_static("audience"), action.audience().as_str().into());
        }
        Ok(Context::Value(Arc::new(context)))
    }

    fn intent(&self, action: &Action) -> Value {
        let intent = action.intent();
        let task = intent.task_id().map_or("", |task| task.as_str());
        let parts = [("text", intent.text()), ("task_id", task)].into_iter();
        let parts = parts.filter(|(name, _)| self.reads.intent.contains(name));
        Value::record(parts.map(|(name, part)| (SmolStr::new_static(name), part)), None)
    }

    fn payload(&self, facts: &Facts) -> Result<Value, String> {
        let Some(names) = &self.facts else { return record(facts.iter()) };
        let mut read = BTreeMap::new();
        for name in names {
            if let Some(fact) = facts.get(name) {
                read.insert(name.clone(), value(fact)?);
            }
        }
        Ok(Value::record_arc(Arc::new(read), None))
    }
}

pub(super) fn entity_type(name: &str) -> Result<EntityType, String> {
    name.parse().map_err(|_| format!("`{name}` is no entity type"))
}

pub(super) fn uid(entity_type: &EntityType, id: &str) -> EntityUID {
    EntityUID::from_components(entity_type.clone(), Eid::new(id), None)
}

/// The entity type of a resource: `slack_channel` is `SlackChannel`.
///
/// Only words of letters and digits that start with a letter, joined by single underscores, have one: else two types
/// of resources could share an entity type, and a policy for the one would hold for the other.
pub(super) fn resource_type(kind: &str) -> Result<EntityType, String> {
    let refused = || {
        format!(
            "the resource type `{kind}` has no Cedar entity type; it must be words of lower-case letters and digits \
             that start with a letter, joined by single underscores"
        )
    };
    let mut name = String::with_capacity(kind.len());
    for word in kind.split('_') {
        let mut letters = word.chars();
        let first = letters.next().filter(char::is_ascii_lowercase).ok_or_else(refused)?;
        name.push(first.to_ascii_uppercase());
        for letter in letters {
            if !letter.is_ascii_lowercase() && !letter.is_ascii_digit() {
                return Err(refused());
            }
            name.push(letter);
        }
    }
    name.parse().map_err(|_| refused())
}

fn record<'a>(members: impl Iterator<Item = (&'a str, &'a Json)>) -> Result<Value, String> {
    let fields: BTreeMap<SmolStr, Value> = members
        .map(|(name, member)| Ok((name.into(), value(member)?)))
        .collect::<Result<_, String>>()?;
    Ok(Value::record_arc(Arc::new(fields), None))
}

/// Facts are at most [`axtary_actionpass::MAX_DEPTH`] deep, which bounds the recursion.
fn value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => number
            .as_i64()
            .ok_or_else(|| format!("the fraction {number} has no form in Cedar"))?
            .into(),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            Value::set(items.iter().map(value).collect::<Result<Vec<_>, _>>()?, None)
        }
        Json::Object(members) => record(members.iter())?,
        Json::Null => return Err("`null` has no form in Cedar".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_type_becomes_an_entity_type_of_its_own() {
        assert_eq!(resource_type("repo").unwrap().to_string(), "Repo");
        assert_eq!(resource_type("slack_channel").unwrap().to_string(), "SlackChannel");
        assert_eq!(resource_type("s3_bucket2").unwrap().to_string(), "S3Bucket2");
        for kind in ["slack-channel", "slack__channel", "slack_", "_slack", "a_1", "", "Repo"] {
            assert!(resource_type(kind).is_err(), "{kind}");
        }
    }
}
