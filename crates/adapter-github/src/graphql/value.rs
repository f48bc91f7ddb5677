//! From a value as it is written to what the server will take it for: without variables.

use std::collections::BTreeSet;

use apollo_parser::cst::{CstNode, Value};
use axtary_actionpass::{Json, Object};

use super::document::{Operation, name_of, refuse};
use crate::error::NormalizeError;

/// The value of an argument that is an object; `clientMutationId`, which only comes back, is left out.
pub(super) fn input(
    value: &Value,
    operation: &Operation,
    variables: &Object,
) -> Result<Object, NormalizeError> {
    let resolve = Resolve { variables: Some((operation, variables)) };
    match resolve.value(value)? {
        Some(Json::Object(object)) => Ok(object
            .into_iter()
            .filter(|(name, _)| name != "clientMutationId")
            .fold(Object::new(), |object, (name, value)| object.with(name, value))),
        Some(other) => refuse(format!("`input` is an object, not {}", other.type_name())),
        None => refuse("`input` is a variable that is not given".into()),
    }
}

/// Fills in variables; where there are none, as in a default, a variable is refused.
struct Resolve<'o> {
    variables: Option<(&'o Operation, &'o Object)>,
}

impl Resolve<'_> {
    /// `None` is a variable that is not given and has no default: the member that it stands for is left out.
    fn value(&self, value: &Value) -> Result<Option<Json>, NormalizeError> {
        match value {
            Value::Variable(variable) => self.variable(&name_of(variable.name())?),
            written => self.written(written).map(Some),
        }
    }

    fn variable(&self, name: &str) -> Result<Option<Json>, NormalizeError> {
        let Some((operation, given)) = self.variables else {
            return refuse(format!("the variable `{name}` stands in a default"));
        };
        match (given.get(name), operation.variables.get(name)) {
            (_, None) => refuse(format!("the variable `{name}` is not declared")),
            (Some(given), Some(_)) => Ok(Some(given.clone())),
            (None, Some(None)) => Ok(None),
            (None, Some(Some(default))) => Resolve { variables: None }.value(default),
        }
    }

    fn written(&self, value: &Value) -> Result<Json, NormalizeError> {
        match value {
            Value::ListValue(list) => {
                let mut items = Vec::new();
                for item in list.values() {
                    // An element that is not given is `null`.
                    items.push(self.value(&item)?.unwrap_or(Json::Null));
                }
                Ok(Json::Array(items))
            }
            Value::ObjectValue(object) => {
                let mut members = Object::new();
                let mut names = BTreeSet::new();
                for field in object.object_fields() {
                    let name = name_of(field.name())?;
                    if !names.insert(name.clone()) {
                        return refuse(format!("the member `{name}` stands twice"));
                    }
                    let Some(value) = field.value() else {
                        return refuse(format!("the member `{name}` has no value"));
                    };
                    if let Some(value) = self.value(&value)? {
                        members.insert(name, value);
                    }
                }
                Ok(members.into())
            }
            leaf => read_leaf(leaf),
        }
    }
}

fn read_leaf(value: &Value) -> Result<Json, NormalizeError> {
    match value {
        Value::BooleanValue(value) => Ok(value.true_token().is_some().into()),
        Value::NullValue(_) => Ok(Json::Null),
        Value::EnumValue(value) => Ok(name_of(value.name())?.into()),
        Value::StringValue(_) | Value::IntValue(_) | Value::FloatValue(_) => {
            let text = value.syntax().text().to_string();
            let text = text.trim();
            if text.starts_with(r#"""""#) {
                return refuse(
                    "it holds a block string, of which servers cut the indent differently; send the text as a variable"
                        .into(),
                );
            }
            // Their grammar is that of JSON, but for `\u{…}`, which is refused.
            Ok(Json::parse(text.as_bytes())?)
        }
        Value::Variable(_) | Value::ListValue(_) | Value::ObjectValue(_) => {
            refuse("a value is not where it belongs".into())
        }
    }
}
