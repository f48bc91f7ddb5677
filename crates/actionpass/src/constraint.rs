//! Constraints over facts, and the vocabulary that gives their names a meaning.
//!
//! The vocabulary is data: a constraint's name maps to a fact and an [`Operator`]. Policy checks constraints when it
//! decides, and a verifier checks the same constraints, through the same vocabulary, on the facts at the moment of
//! execution. A name that no vocabulary knows is an error, never "no constraint".

mod violation;
mod vocabulary;

use std::{fmt, sync::Arc};

use self::violation::{MAX_OFFENDING, Parts};
pub use self::{
    violation::Violation,
    vocabulary::{FactDefinition, FactType, Vocabulary},
};
use crate::{
    action::Facts,
    glob::{GlobError, PathGlobs},
    json::{Json, Object, ScanError},
};

/// The most constraints on one pass.
pub const MAX_CONSTRAINTS: usize = 64;

/// How a constraint's operand is compared with its fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operator {
    /// The fact is an integer, at most the operand.
    AtMost,
    /// The fact is an integer, at least the operand.
    AtLeast,
    /// The fact is the operand: of the same type and value.
    Equals,
    /// The fact is one of the operand's elements.
    OneOf,
    /// Every element of the fact is one of the operand's elements.
    SubsetOf,
    /// No path in the fact matches any of the operand's patterns; see [`PathGlobs::deny`].
    NoneMatch,
    /// Every path in the fact matches one of the operand's patterns; see [`PathGlobs::allow`].
    AllMatch,
    /// The fact is `true`; the operand is `true` too, for there is nothing else to say.
    IsTrue,
    /// The fact is there, whatever its value; the operand is `true`, for there is nothing else to say.
    Present,
}

impl Operator {
    /// How it compares, as a phrase between the fact and the operand: `at most`, `one of`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::AtMost => "at most",
            Self::AtLeast => "at least",
            Self::Equals => "equals",
            Self::OneOf => "one of",
            Self::SubsetOf => "subset of",
            Self::NoneMatch => "none match",
            Self::AllMatch => "all match",
            Self::IsTrue => "is",
            Self::Present => "present",
        }
    }
}

/// Constraints that an action must meet: on a rule, and on the pass that the rule leads to.
///
/// Clones share what was compiled: a rule's constraints go onto every pass that it leads to.
#[derive(Clone, Default)]
pub struct Constraints(Arc<Compiled>);

#[derive(Clone, Default)]
struct Compiled {
    written: Arc<Object>,
    tests: Vec<Constraint>,
}

impl Constraints {
    /// No constraints.
    pub fn none() -> Self {
        Self::default()
    }

    /// Names and operands, as they were written.
    pub fn as_object(&self) -> &Object {
        &self.0.written
    }

    /// The same, shared: for the pass that carries them.
    pub(crate) fn share(&self) -> Arc<Object> {
        Arc::clone(&self.0.written)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.tests.is_empty()
    }

    /// Checks every constraint, and stops at the first that `facts` do not meet.
    ///
    /// # Errors
    ///
    /// [`Violation`] says which constraint, the value seen and the value allowed. A fact that is missing or of another
    /// type meets no constraint.
    pub fn check(&self, facts: &Facts) -> Result<(), Violation> {
        self.0.tests.iter().try_for_each(|constraint| constraint.check(facts))
    }

    /// Every violation, where [`Constraints::check`] stops at the first.
    pub fn violations(&self, facts: &Facts) -> Vec<Violation> {
        self.0.tests.iter().filter_map(|constraint| constraint.check(facts).err()).collect()
    }

    /// Joins the constraints of several permits: all must hold.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::Conflict`] if both constrain one name differently: a pass can carry each name once.
    pub fn merge(self, other: Self) -> Result<Self, ConstraintError> {
        // Most often one of the two has none, and then the other's are shared: to copy what patterns are compiled to costs more
        // than to decide.
        if self.is_empty() {
            return Ok(other);
        }
        if other.is_empty() {
            return Ok(self);
        }
        let mut joined = Arc::unwrap_or_clone(self.0);
        for constraint in &other.0.tests {
            match joined.written.get(&constraint.name) {
                Some(known) if *known == constraint.allowed => {}
                Some(_) => return Err(ConstraintError::Conflict { name: constraint.name.clone() }),
                None => {
                    Arc::make_mut(&mut joined.written)
                        .insert(constraint.name.clone(), constraint.allowed.clone());
                    joined.tests.push(constraint.clone());
                }
            }
        }
        Ok(Self(Arc::new(joined)))
    }
}

impl PartialEq for Constraints {
    fn eq(&self, other: &Self) -> bool {
        self.0.written == other.0.written
    }
}

impl fmt::Debug for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.written.iter()).finish()
    }
}

#[derive(Clone)]
struct Constraint {
    name: String,
    fact: String,
    allowed: Json,
    test: Test,
}

#[derive(Clone)]
enum Test {
    AtMost(i64),
    AtLeast(i64),
    Equals(Json),
    OneOf(Vec<Json>),
    SubsetOf(Vec<Json>),
    NoneMatch(PathGlobs),
    AllMatch(PathGlobs),
    IsTrue,
    Present,
}

impl Constraint {
    fn check(&self, facts: &Facts) -> Result<(), Violation> {
        let Some(seen) = facts.get(&self.fact) else {
            return Err(self.violation(None, Vec::new()));
        };
        let met = match &self.test {
            Test::AtMost(bound) => seen.as_i64().is_some_and(|value| value <= *bound),
            Test::AtLeast(bound) => seen.as_i64().is_some_and(|value| value >= *bound),
            Test::Equals(allowed) => seen == allowed,
            Test::OneOf(allowed) => allowed.contains(seen),
            Test::SubsetOf(allowed) => {
                return self.check_items(seen, |item| allowed.contains(item));
            }
            Test::NoneMatch(globs) => {
                return self.check_items(seen, |item| {
                    item.as_str().is_some_and(|path| !globs.matches(path))
                });
            }
            Test::AllMatch(globs) => {
                return self.check_items(seen, |item| {
                    item.as_str().is_some_and(|path| globs.matches(path))
                });
            }
            Test::IsTrue => seen.as_bool() == Some(true),
            Test::Present => true,
        };
        if met { Ok(()) } else { Err(self.violation(Some(seen.clone()), Vec::new())) }
    }

    /// Checks each element of a list; a fact that is not a list meets nothing.
    fn check_items(&self, seen: &Json, met: impl Fn(&Json) -> bool) -> Result<(), Violation> {
        let Some(items) = seen.as_array() else {
            return Err(self.violation(Some(seen.clone()), Vec::new()));
        };
        let offending: Vec<Json> =
            items.iter().filter(|item| !met(item)).take(MAX_OFFENDING).cloned().collect();
        if offending.is_empty() { Ok(()) } else { Err(self.violation(None, offending)) }
    }

    fn violation(&self, seen: Option<Json>, offending: Vec<Json>) -> Violation {
        let operator = match &self.test {
            Test::AtMost(_) => Operator::AtMost,
            Test::AtLeast(_) => Operator::AtLeast,
            Test::Equals(_) => Operator::Equals,
            Test::OneOf(_) => Operator::OneOf,
            Test::SubsetOf(_) => Operator::SubsetOf,
            Test::NoneMatch(_) => Operator::NoneMatch,
            Test::AllMatch(_) => Operator::AllMatch,
            Test::IsTrue => Operator::IsTrue,
            Test::Present => Operator::Present,
        };
        Violation(Box::new(Parts {
            constraint: self.name.clone(),
            fact: self.fact.clone(),
            operator,
            seen,
            offending,
            allowed: self.allowed.clone(),
        }))
    }
}

/// Why a constraint cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// No vocabulary knows the name.
    #[error("the constraint `{name}` is unknown; known are {}", .known.join(", "))]
    Unknown {
        /// The name as written.
        name: String,
        /// The names that the vocabulary knows.
        known: Vec<String>,
    },
    /// The operand is of a type that the operator does not compare.
    #[error("the constraint `{name}` takes {expected}")]
    Operand {
        /// The constraint.
        name: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A path pattern is refused.
    #[error("the constraint `{name}` cannot be read: {error}")]
    Glob {
        /// The constraint.
        name: String,
        /// Why.
        error: GlobError,
    },
    /// One name has two meanings or two operands.
    #[error("`{name}` has two different meanings here")]
    Conflict {
        /// The name.
        name: String,
    },
    /// An operand that a record or a pass could not hold.
    #[error("an operand is refused: {0}")]
    Json(ScanError),
    /// More constraints than one pass may carry.
    #[error("there are more than 64 constraints")]
    TooMany,
}
#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new()
            .with_constraint("at_most", Operator::AtMost, "n")
            .with_constraint("at_least", Operator::AtLeast, "n")
            .with_constraint("equals", Operator::Equals, "v")
            .with_constraint("one_of", Operator::OneOf, "v")
            .with_constraint("subset_of", Operator::SubsetOf, "l")
            .with_constraint("blocked_paths", Operator::NoneMatch, "l")
            .with_constraint("allowed_paths", Operator::AllMatch, "l")
            .with_constraint("requires", Operator::IsTrue, "b")
            .with_constraint("present", Operator::Present, "b")
    }

    fn object(text: &str) -> Object {
        match Json::parse(text.as_bytes()).unwrap() {
            Json::Object(object) => object,
            other => panic!("{other}"),
        }
    }

    /// What a constraint says of facts: empty if it is met.
    fn check(constraint: &str, facts: &str) -> String {
        let constraints = vocabulary().read(&object(constraint)).unwrap();
        let facts = Facts::new(object(facts)).unwrap();
        constraints.check(&facts).err().map_or_else(String::new, |violation| violation.to_string())
    }

    #[test]
    fn each_operator_holds_up_to_its_bound_and_not_beyond() {
        assert_eq!(check(r#"{"at_most": 12}"#, r#"{"n": 12}"#), "");
        assert_eq!(check(r#"{"at_most": 12}"#, r#"{"n": 13}"#), "`n` is 13, at most 12 allowed");
        assert_eq!(check(r#"{"at_least": 2}"#, r#"{"n": 2}"#), "");
        assert_eq!(check(r#"{"at_least": 2}"#, r#"{"n": 1}"#), "`n` is 1, at least 2 required");
        assert_eq!(check(r#"{"equals": "main"}"#, r#"{"v": "main"}"#), "");
        assert_eq!(
            check(r#"{"equals": "main"}"#, r#"{"v": "Main"}"#),
            "`v` is `Main`, must be `main`"
        );
        assert_eq!(check(r#"{"one_of": ["a", 1]}"#, r#"{"v": 1}"#), "");
        assert_eq!(
            check(r#"{"one_of": ["a"]}"#, r#"{"v": "b"}"#),
            r#"`v` is `b`, must be one of ["a"]"#
        );
        assert_eq!(check(r#"{"subset_of": ["a", "b"]}"#, r#"{"l": ["b"]}"#), "");
        assert_eq!(
            check(r#"{"subset_of": ["a"]}"#, r#"{"l": ["a", "c"]}"#),
            "`l` holds `c`, which subset_of does not allow"
        );
        assert_eq!(check(r#"{"blocked_paths": [".env*"]}"#, r#"{"l": ["src/a.rs"]}"#), "");
        assert_eq!(
            check(r#"{"blocked_paths": [".env*"]}"#, r#"{"l": ["src/a.rs", "web/.env.local"]}"#),
            "`l` holds `web/.env.local`, which blocked_paths blocks"
        );
        assert_eq!(
            check(r#"{"allowed_paths": ["src/**"]}"#, r#"{"l": ["src/a.rs", "SRC/b.rs"]}"#),
            "`l` holds `SRC/b.rs`, which allowed_paths does not allow"
        );
        assert_eq!(check(r#"{"requires": true}"#, r#"{"b": true}"#), "");
        assert_eq!(check(r#"{"requires": true}"#, r#"{"b": false}"#), "`b` is false, must be true");
        assert_eq!(check(r#"{"present": true}"#, r#"{"b": 0}"#), "");
    }

    #[test]
    fn a_fact_that_is_missing_or_of_another_type_meets_no_constraint() {
        for constraint in [
            r#"{"at_most": 12}"#,
            r#"{"at_least": -12}"#,
            r#"{"equals": true}"#,
            r#"{"one_of": ["a"]}"#,
            r#"{"subset_of": ["a"]}"#,
            r#"{"blocked_paths": ["a"]}"#,
            r#"{"allowed_paths": ["**"]}"#,
            r#"{"requires": true}"#,
            r#"{"present": true}"#,
        ] {
            assert!(check(constraint, "{}").contains("is missing"), "{constraint}");
            let other = r#"{"n": "1", "v": ["a"], "l": "a", "b": 1}"#;
            if constraint.contains("present") {
                continue;
            }
            assert_ne!(check(constraint, other), "", "{constraint}");
        }
        assert_ne!(
            check(r#"{"blocked_paths": ["a"]}"#, r#"{"l": [1]}"#),
            "",
            "an element that is not a path"
        );
        assert_ne!(check(r#"{"equals": 1}"#, r#"{"v": true}"#), "", "true is not 1");
    }

    #[test]
    fn an_operand_that_does_not_suit_its_operator_is_refused() {
        for constraint in [
            r#"{"at_most": "12"}"#,
            r#"{"at_most": 1.5}"#,
            r#"{"equals": null}"#,
            r#"{"equals": []}"#,
            r#"{"one_of": []}"#,
            r#"{"one_of": "a"}"#,
            r#"{"blocked_paths": []}"#,
            r#"{"blocked_paths": [1]}"#,
            r#"{"blocked_paths": ["../x"]}"#,
            r#"{"requires": false}"#,
            r#"{"present": false}"#,
        ] {
            assert!(vocabulary().read(&object(constraint)).is_err(), "{constraint}");
        }
    }

    #[test]
    fn an_unknown_constraint_is_refused_with_the_names_that_are_known() {
        let error = Vocabulary::new()
            .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
            .read(&object(r#"{"max_file_changed": 3}"#))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the constraint `max_file_changed` is unknown; known are max_files_changed"
        );
    }

    #[test]
    fn merging_refuses_one_name_with_two_operands() {
        let read = |text| vocabulary().read(&object(text)).unwrap();
        let merged =
            read(r#"{"at_most": 1}"#).merge(read(r#"{"at_most": 1, "equals": "x"}"#)).unwrap();
        assert_eq!(merged.as_object(), &object(r#"{"at_most": 1, "equals": "x"}"#));
        assert!(read(r#"{"at_most": 1}"#).merge(read(r#"{"at_most": 2}"#)).is_err());
    }

    #[test]
    fn a_violation_says_the_smallest_change_that_would_pass() {
        let constraints = vocabulary().read(&object(r#"{"at_most": 12}"#)).unwrap();
        let violation =
            constraints.check(&Facts::new(object(r#"{"n": 14}"#)).unwrap()).unwrap_err();
        assert_eq!(violation.remedy().as_deref(), Some("bring `n` down by 2, to 12"));
    }
}
