//! The vocabulary: which facts there are, and what a constraint's name means.

use std::{collections::BTreeMap, sync::Arc};

use super::{Compiled, Constraint, ConstraintError, Constraints, MAX_CONSTRAINTS, Operator, Test};
use crate::{
    action::Facts,
    glob::PathGlobs,
    json::{Json, Object},
};

/// The type of a fact, as its adapter publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactType {
    /// `true` or `false`
    Boolean,
    /// An integer.
    Integer,
    /// A string.
    Text,
    /// A list of strings.
    TextList,
}

/// What an adapter publishes of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactDefinition {
    /// The type of its value.
    pub fact_type: FactType,
    /// What it is counted in, such as `files`; of an integer only.
    pub unit: Option<&'static str>,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

/// The names that an adapter's constraints and facts go by.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{FactType, Facts, Object, Operator, Vocabulary};
///
/// let vocabulary = Vocabulary::new()
///     .with_fact("files_changed", FactType::Integer, "the number of files the call changes")
///     .with_constraint("max_files_changed", Operator::AtMost, "files_changed");
/// let constraints = vocabulary.read(&Object::new().with("max_files_changed", 12))?;
///
/// assert!(constraints.check(&Facts::new(Object::new().with("files_changed", 12))?).is_ok());
/// let violation = constraints.check(&Facts::new(Object::new().with("files_changed", 14))?).unwrap_err();
/// assert_eq!(violation.to_string(), "`files_changed` is 14, at most 12 allowed");
/// assert!(vocabulary.read(&Object::new().with("max_flies_changed", 12)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    facts: BTreeMap<String, FactDefinition>,
    constraints: BTreeMap<String, (Operator, String)>,
}

impl Vocabulary {
    /// A vocabulary without names: every constraint is unknown to it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_fact(mut self, name: &str, fact_type: FactType, meaning: &'static str) -> Self {
        self.facts.insert(name.to_owned(), FactDefinition { fact_type, unit: None, meaning });
        self
    }

    /// Says what a fact that was added is counted in.
    #[must_use]
    pub fn with_unit(mut self, fact: &str, unit: &'static str) -> Self {
        if let Some(definition) = self.facts.get_mut(fact) {
            definition.unit = Some(unit);
        }
        self
    }

    /// Adds a constraint: `name` compares its operand with `fact` by `operator`.
    #[must_use]
    pub fn with_constraint(mut self, name: &str, operator: Operator, fact: &str) -> Self {
        self.constraints.insert(name.to_owned(), (operator, fact.to_owned()));
        self
    }

    /// Joins two vocabularies, as a gate does that guards several surfaces.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::Conflict`] if both give one name a different meaning.
    pub fn merge(mut self, other: Self) -> Result<Self, ConstraintError> {
        for (name, definition) in other.facts {
            match self.facts.get(&name) {
                Some(known) if known.fact_type != definition.fact_type => {
                    return Err(ConstraintError::Conflict { name });
                }
                Some(_) => {}
                None => drop(self.facts.insert(name, definition)),
            }
        }
        for (name, meaning) in other.constraints {
            match self.constraints.get(&name) {
                Some(known) if *known != meaning => return Err(ConstraintError::Conflict { name }),
                Some(_) => {}
                None => drop(self.constraints.insert(name, meaning)),
            }
        }
        Ok(self)
    }

    /// Every fact that is declared, in a neutral value: no, zero, an empty text, an empty list.
    pub fn neutral_facts(&self) -> Facts {
        let value = |definition: &FactDefinition| match definition.fact_type {
            FactType::Boolean => Json::Bool(false),
            FactType::Integer => Json::from(0),
            FactType::Text => Json::from(""),
            FactType::TextList => Json::Array(Vec::new()),
        };
        let facts = self
            .facts
            .iter()
            .fold(Object::new(), |facts, (name, definition)| facts.with(name, value(definition)));
        // A name that is no name of a fact is never met, so its absence is as neutral as can be.
        Facts::new(facts).unwrap_or_default()
    }

    /// The facts by name.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &FactDefinition)> {
        self.facts.iter().map(|(name, definition)| (name.as_str(), definition))
    }

    /// The constraints by name, each with its operator and the fact it is about.
    pub fn constraints(&self) -> impl Iterator<Item = (&str, Operator, &str)> {
        self.constraints
            .iter()
            .map(|(name, (operator, fact))| (name.as_str(), *operator, fact.as_str()))
    }

    /// Reads constraints, names to operands, as policies and passes write them.
    ///
    /// # Errors
    ///
    /// [`ConstraintError`] if a name is unknown, an operand does not suit its operator, or there are more than
    /// [`MAX_CONSTRAINTS`].
    pub fn read(&self, written: &Object) -> Result<Constraints, ConstraintError> {
        if written.len() > MAX_CONSTRAINTS {
            return Err(ConstraintError::TooMany);
        }
        // What a rule says goes onto passes and into the ledger.
        written.within_profile_at(4).map_err(ConstraintError::Json)?;
        let tests = written
            .iter()
            .map(|(name, operand)| self.compile(name, operand))
            .collect::<Result<_, _>>()?;
        Ok(Constraints(Arc::new(Compiled { written: Arc::new(written.clone()), tests })))
    }

    fn compile(&self, name: &str, operand: &Json) -> Result<Constraint, ConstraintError> {
        let Some((operator, fact)) = self.constraints.get(name) else {
            return Err(ConstraintError::Unknown {
                name: name.chars().take(64).collect(),
                known: self.constraints.keys().cloned().collect(),
            });
        };
        let expected = |expected| ConstraintError::Operand { name: name.to_owned(), expected };
        let test = match operator {
            Operator::AtMost => {
                Test::AtMost(operand.as_i64().ok_or_else(|| expected("an integer"))?)
            }
            Operator::AtLeast => {
                Test::AtLeast(operand.as_i64().ok_or_else(|| expected("an integer"))?)
            }
            Operator::Equals => match operand {
                Json::Bool(_) | Json::String(_) => Test::Equals(operand.clone()),
                Json::Number(number) if number.as_i64().is_some() => Test::Equals(operand.clone()),
                Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                    return Err(expected("a boolean, an integer or a string"));
                }
            },
            Operator::OneOf | Operator::SubsetOf => {
                let items = operand
                    .as_array()
                    .filter(|items| !items.is_empty())
                    .filter(|items| {
                        items.iter().all(|item| item.as_str().is_some() || item.as_i64().is_some())
                    })
                    .ok_or_else(|| expected("a list of at least one string or integer"))?;
                match operator {
                    Operator::OneOf => Test::OneOf(items.to_vec()),
                    _ => Test::SubsetOf(items.to_vec()),
                }
            }
            Operator::NoneMatch | Operator::AllMatch => {
                let patterns = operand
                    .as_array()
                    .and_then(|items| items.iter().map(Json::as_str).collect::<Option<Vec<_>>>())
                    .ok_or_else(|| expected("a list of path patterns"))?;
                let glob = |error| ConstraintError::Glob { name: name.to_owned(), error };
                match operator {
                    Operator::NoneMatch => {
                        Test::NoneMatch(PathGlobs::deny(&patterns).map_err(glob)?)
                    }
                    _ => Test::AllMatch(PathGlobs::allow(&patterns).map_err(glob)?),
                }
            }
            Operator::IsTrue | Operator::Present => match (operator, operand) {
                (Operator::IsTrue, Json::Bool(true)) => Test::IsTrue,
                (_, Json::Bool(true)) => Test::Present,
                _ => return Err(expected("`true`; to demand nothing, leave the constraint out")),
            },
        };
        Ok(Constraint { name: name.to_owned(), fact: fact.clone(), allowed: operand.clone(), test })
    }
}
