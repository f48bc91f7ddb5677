//! A constraint that is not met: what was seen, what is allowed, and what would help.

use std::fmt;

use super::Operator;
use crate::json::{Json, Object};

/// The most elements of a list that a violation names.
pub(super) const MAX_OFFENDING: usize = 8;
/// A constraint that the facts do not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub(super) Box<Parts>);

// Boxed, so that a check which succeeds returns one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) constraint: String,
    pub(super) fact: String,
    pub(super) operator: Operator,
    pub(super) seen: Option<Json>,
    pub(super) offending: Vec<Json>,
    pub(super) allowed: Json,
}

impl Violation {
    /// The constraint's name.
    pub fn constraint(&self) -> &str {
        &self.0.constraint
    }

    /// The fact it is about.
    pub fn fact(&self) -> &str {
        &self.0.fact
    }

    /// The fact's value; `None` if the fact is missing, or if [`Violation::offending`] names its elements.
    pub fn seen(&self) -> Option<&Json> {
        self.0.seen.as_ref()
    }

    /// The elements of a list that are not allowed, the first eight of them.
    pub fn offending(&self) -> &[Json] {
        &self.0.offending
    }

    /// The constraint's operand: what is allowed.
    pub fn allowed(&self) -> &Json {
        &self.0.allowed
    }

    /// The smallest change to the call that would meet this constraint, where there is one.
    pub fn remedy(&self) -> Option<String> {
        let offending = || list(&self.0.offending);
        match self.0.operator {
            Operator::AtMost => {
                let over = self.0.seen.as_ref()?.as_i64()?.checked_sub(self.0.allowed.as_i64()?)?;
                Some(format!("bring `{}` down by {over}, to {}", self.0.fact, self.0.allowed))
            }
            Operator::AtLeast => {
                let under =
                    self.0.allowed.as_i64()?.checked_sub(self.0.seen.as_ref()?.as_i64()?)?;
                Some(format!("bring `{}` up by {under}, to {}", self.0.fact, self.0.allowed))
            }
            Operator::Equals | Operator::IsTrue => {
                Some(format!("make `{}` {}", self.0.fact, show(&self.0.allowed)))
            }
            Operator::OneOf => Some(format!("make `{}` one of {}", self.0.fact, self.0.allowed)),
            Operator::Present => None,
            Operator::SubsetOf | Operator::NoneMatch | Operator::AllMatch => {
                (!self.0.offending.is_empty()).then(|| format!("leave out {}", offending()))
            }
        }
    }

    /// What is recorded of this violation if the fact's value is not to be.
    pub(crate) fn to_json_without_values(&self) -> Object {
        Object::new()
            .with("allowed", self.0.allowed.clone())
            .with("constraint", self.0.constraint.as_str())
            .with("fact", self.0.fact.as_str())
    }

    /// This violation as JSON, the form in which it is recorded.
    pub fn to_json(&self) -> Object {
        let mut object = self.to_json_without_values();
        if let Some(seen) = &self.0.seen {
            object.insert("seen", seen.clone());
        }
        if !self.0.offending.is_empty() {
            object.insert("offending", self.0.offending.clone());
        }
        if let Some(remedy) = self.remedy() {
            object.insert("remedy", remedy);
        }
        object
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = &self.0.fact;
        if !self.0.offending.is_empty() {
            let items = list(&self.0.offending);
            return match self.0.operator {
                Operator::NoneMatch => {
                    write!(f, "`{fact}` holds {items}, which {} blocks", self.0.constraint)
                }
                _ => {
                    write!(f, "`{fact}` holds {items}, which {} does not allow", self.0.constraint)
                }
            };
        }
        let Some(seen) = &self.0.seen else {
            return write!(
                f,
                "the fact `{fact}` is missing, so {} cannot be met",
                self.0.constraint
            );
        };
        let (seen, allowed) = (show(seen), show(&self.0.allowed));
        match self.0.operator {
            Operator::AtMost => write!(f, "`{fact}` is {seen}, at most {allowed} allowed"),
            Operator::AtLeast => write!(f, "`{fact}` is {seen}, at least {allowed} required"),
            Operator::Equals | Operator::IsTrue | Operator::Present => {
                write!(f, "`{fact}` is {seen}, must be {allowed}")
            }
            Operator::OneOf => write!(f, "`{fact}` is {seen}, must be one of {allowed}"),
            Operator::SubsetOf | Operator::NoneMatch | Operator::AllMatch => {
                write!(f, "`{fact}` is {seen}, must be a list")
            }
        }
    }
}

fn list(items: &[Json]) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// A value in a message: text in backticks and without control characters, cut to a readable length.
fn show(value: &Json) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), |text| format!("`{}`", text.escape_debug()));
    if text.chars().count() <= 256 { text } else { text.chars().take(256).chain(['…']).collect() }
}
