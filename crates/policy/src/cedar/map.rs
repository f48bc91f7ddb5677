//! An action becomes a Cedar request, without a detour through JSON: in Cedar's JSON, `__entity` and `__extn` are
//! escapes, and a fact that holds such a member would become an entity or an extension value.
//!
//! Only what some policy reads is mapped.

use axtary_actionpass::{Action, Facts, Json};
use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};

use super::reads::RequestReads;
use crate::{reads::Reads, select::Scope};

/// Maps actions.
pub(super) struct Mapper {
    agent: EntityTypeName,
    action: EntityTypeName,
    reads: RequestReads,
}

/// A request, with the names that candidates are found by.
pub(super) struct Mapped {
    pub(super) principal: EntityUid,
    pub(super) action: EntityUid,
    pub(super) resource: EntityUid,
    pub(super) request: Request,
}

impl Mapped {
    pub(super) fn scope(&self) -> Scope<&EntityUid> {
        Scope {
            agent: Some(&self.principal),
            tool: Some(&self.action),
            resource: Some(&self.resource),
        }
    }
}

impl Mapper {
    pub(super) fn new(reads: RequestReads) -> Result<Self, String> {
        Ok(Self { agent: entity_type("Agent")?, action: entity_type("Action")?, reads })
    }

    /// Maps an action; the error says which part has no form in Cedar.
    pub(super) fn map(&self, action: &Action) -> Result<Mapped, String> {
        let uid = |entity_type: &EntityTypeName, id: &str| {
            EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
        };
        let principal = uid(&self.agent, action.actor().agent_id().as_str());
        let tool = uid(&self.action, action.tool().as_str());
        let resource = uid(&resource_type(action.resource().kind())?, action.resource().id());
        let request = Request::new(
            principal.clone(),
            tool.clone(),
            resource.clone(),
            self.context(action)?,
            None,
        )
        .map_err(|error| error.to_string())?;
        Ok(Mapped { principal, action: tool, resource, request })
    }

    fn context(&self, action: &Action) -> Result<Context, String> {
        let members = &self.reads.members;
        let mut pairs = Vec::with_capacity(4);
        if members.contains("intent") {
            pairs.push(("intent".to_owned(), self.intent(action)?));
        }
        if members.contains("payload") {
            pairs.push(("payload".to_owned(), self.payload(action.facts())?));
        }
        if members.contains("human_owner") {
            pairs.push(("human_owner".to_owned(), text(action.actor().human_owner().as_str())));
        }
        if members.contains("audience") {
            pairs.push(("audience".to_owned(), text(action.audience().as_str())));
        }
        Context::from_pairs(pairs).map_err(|error| error.to_string())
    }

    fn intent(&self, action: &Action) -> Result<RestrictedExpression, String> {
        let intent = action.intent();
        let task = intent.task_id().map_or("", |task| task.as_str());
        let parts = [("text", intent.text()), ("task_id", task)].into_iter();
        let parts = parts.filter(|(name, _)| self.reads.intent.contains(name));
        record(parts.map(|(name, part)| (name, text(part))))
    }

    fn payload(&self, facts: &Facts) -> Result<RestrictedExpression, String> {
        match &self.reads.payload {
            Reads::All => fields(facts.iter()),
            Reads::Named(names) => {
                let names = names.iter().map(String::as_str);
                fields(names.filter_map(|name| Some((name, facts.get(name)?))))
            }
        }
    }
}

pub(super) fn entity_type(name: &str) -> Result<EntityTypeName, String> {
    name.parse().map_err(|_| format!("`{name}` is no entity type"))
}

/// The entity type of a resource: `slack_channel` is `SlackChannel`.
///
/// Only words of letters and digits that start with a letter, joined by single underscores, have one: else two types
/// of resources could share an entity type, and a policy for the one would hold for the other.
pub(super) fn resource_type(kind: &str) -> Result<EntityTypeName, String> {
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

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn fields<'a>(
    members: impl Iterator<Item = (&'a str, &'a Json)>,
) -> Result<RestrictedExpression, String> {
    let fields: Vec<_> = members
        .map(|(name, value)| Ok((name, expression(value)?)))
        .collect::<Result<_, String>>()?;
    record(fields)
}

fn record<'a>(
    fields: impl IntoIterator<Item = (&'a str, RestrictedExpression)>,
) -> Result<RestrictedExpression, String> {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    RestrictedExpression::new_record(fields).map_err(|error| error.to_string())
}

/// Facts are at most [`axtary_actionpass::MAX_DEPTH`] deep, which bounds the recursion.
fn expression(value: &Json) -> Result<RestrictedExpression, String> {
    Ok(match value {
        Json::Bool(value) => RestrictedExpression::new_bool(*value),
        Json::Number(number) => RestrictedExpression::new_long(
            number.as_i64().ok_or_else(|| format!("the fraction {number} has no form in Cedar"))?,
        ),
        Json::String(text) => RestrictedExpression::new_string(text.clone()),
        Json::Array(items) => RestrictedExpression::new_set(
            items.iter().map(expression).collect::<Result<Vec<_>, _>>()?,
        ),
        Json::Object(members) => fields(members.iter())?,
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
