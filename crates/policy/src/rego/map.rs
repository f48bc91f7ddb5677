//! An action becomes an OPA input document, value by value.

use std::collections::BTreeMap;

use axtary_actionpass::{Action, Json, Object};
use regorus::Value;

/// The input document of an action.
pub(super) fn input(action: &Action) -> Value {
    let facts = object(action.facts().as_object());
    let intent = action.intent();
    let task = intent.task_id().map(|task| ("task_id", Value::from(task.as_str())));
    document([
        (
            "actor",
            document([
                ("agent_id", action.actor().agent_id().as_str().into()),
                ("human_owner", action.actor().human_owner().as_str().into()),
            ]),
        ),
        ("audience", action.audience().as_str().into()),
        ("facts", facts.clone()),
        ("intent", document([("text", intent.text().into())].into_iter().chain(task))),
        ("payload", facts),
        ("resource", action.resource().as_str().into()),
        ("tool", action.tool().as_str().into()),
    ])
}

fn document<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members: BTreeMap<Value, Value> =
        members.into_iter().map(|(name, value)| (name.into(), value)).collect();
    members.into()
}

fn object(object: &Object) -> Value {
    document(object.iter().map(|(name, item)| (name, value(item))))
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
        Json::Object(members) => object(members),
    }
}
