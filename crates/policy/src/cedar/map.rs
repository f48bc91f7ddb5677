//! An action becomes a Cedar request, without a detour through JSON: in Cedar's JSON, `__entity` and `__extn` are
//! escapes, and a fact that holds such a member would become an entity or an extension value.

use axtary_actionpass::{Action, Json, Object};
use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};

use crate::error::LoadError;

/// Maps actions.
pub(super) struct Mapper {
    agent: EntityTypeName,
    action: EntityTypeName,
}

/// A request, with the names that candidates are found by.
pub(super) struct Mapped {
    pub(super) principal: EntityUid,
    pub(super) action: EntityUid,
    pub(super) resource: EntityUid,
    pub(super) request: Request,
}

impl Mapper {
    pub(super) fn new() -> Result<Self, LoadError> {
        let parse = |name: &str| -> Result<EntityTypeName, LoadError> {
            name.parse().map_err(|_| LoadError::new("cedar", format!("`{name}` is no entity type")))
        };
        Ok(Self { agent: parse("Agent")?, action: parse("Action")? })
    }

    /// Maps an action; the error says which part has no form in Cedar.
    pub(super) fn map(&self, action: &Action) -> Result<Mapped, String> {
        let uid = |entity_type: &EntityTypeName, id: &str| {
            EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
        };
        let principal = uid(&self.agent, action.actor().agent_id().as_str());
        let tool = uid(&self.action, action.tool().as_str());
        let resource = uid(&resource_type(action.resource().kind())?, action.resource().id());
        let request =
            Request::new(principal.clone(), tool.clone(), resource.clone(), context(action)?, None)
                .map_err(|error| error.to_string())?;
        Ok(Mapped { principal, action: tool, resource, request })
    }
}

/// The entity type of a resource: `slack_channel` is `SlackChannel`.
///
/// Only words of letters and digits that start with a letter, joined by single underscores, have one: else two types
/// of resources could share an entity type, and a policy for the one would hold for the other.
fn resource_type(kind: &str) -> Result<EntityTypeName, String> {
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

fn context(action: &Action) -> Result<Context, String> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let task = action.intent().task_id().map_or("", |task| task.as_str());
    let intent = RestrictedExpression::new_record([
        ("text".to_owned(), text(action.intent().text())),
        ("task_id".to_owned(), text(task)),
    ])
    .map_err(|error| error.to_string())?;
    Context::from_pairs([
        ("intent".to_owned(), intent),
        ("payload".to_owned(), record(action.facts().as_object())?),
        ("human_owner".to_owned(), text(action.actor().human_owner().as_str())),
        ("audience".to_owned(), text(action.audience().as_str())),
    ])
    .map_err(|error| error.to_string())
}

fn record(object: &Object) -> Result<RestrictedExpression, String> {
    let fields: Vec<(String, RestrictedExpression)> = object
        .iter()
        .map(|(name, value)| Ok((name.to_owned(), expression(value)?)))
        .collect::<Result<_, String>>()?;
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
        Json::Object(object) => record(object)?,
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
