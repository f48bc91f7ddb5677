//! Conditions under which a rule applies: met, unmet, or undecidable for want of a fact.

use axtary_actionpass::{ConstraintError, Constraints, Facts, Json, Object, Operator, Vocabulary};

/// All conditions of a rule.
#[derive(Clone, Debug, Default)]
pub(super) struct When(Vec<Condition>);

/// Whether a rule applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
    /// No condition is unmet, but this one cannot be decided: the message says why.
    Undecided(String),
}

/// One condition: a constraint, with what its operator compares.
#[derive(Clone, Debug)]
struct Condition {
    name: String,
    fact: String,
    operator: Operator,
    operand: Json,
    constraint: Constraints,
}

impl When {
    /// Compiles one condition more; the name must be known to the vocabulary.
    pub(super) fn add(
        &mut self,
        name: &str,
        operand: &Json,
        vocabulary: &Vocabulary,
    ) -> Result<(), ConstraintError> {
        let constraint = vocabulary.read(&Object::new().with(name, operand.clone()))?;
        // `read` has found the name, so this finds it too.
        let meaning = vocabulary.constraints().find(|(known, _, _)| *known == name);
        if let Some((_, operator, fact)) = meaning {
            self.0.push(Condition {
                name: name.to_owned(),
                fact: fact.to_owned(),
                operator,
                operand: operand.clone(),
                constraint,
            });
        }
        Ok(())
    }

    /// Decides over the facts. An unmet condition settles it, whatever is missing beside it.
    pub(super) fn decide(&self, facts: &Facts) -> Applies {
        let mut answer = Applies::Yes;
        for condition in &self.0 {
            match condition.decide(facts) {
                Applies::Yes => {}
                Applies::No => return Applies::No,
                undecided @ Applies::Undecided(_) => {
                    if answer == Applies::Yes {
                        answer = undecided;
                    }
                }
            }
        }
        answer
    }
}

impl When {
    /// Each condition, for those who explain a decision.
    pub(super) fn conditions(&self, facts: &Facts) -> Vec<axtary_actionpass::Condition> {
        let explain = |condition: &Condition| axtary_actionpass::Condition {
            text: format!("when {}: {}", condition.name, condition.operand),
            holds: match condition.decide(facts) {
                Applies::Yes => Some(true),
                Applies::No => Some(false),
                Applies::Undecided(_) => None,
            },
            seen: seen(&condition.fact, facts),
        };
        self.0.iter().map(explain).collect()
    }
}

/// A fact, if it is there.
pub(super) fn seen(fact: &str, facts: &Facts) -> Object {
    facts.get(fact).map_or_else(Object::new, |value| Object::new().with(fact, value.clone()))
}

impl Condition {
    fn decide(&self, facts: &Facts) -> Applies {
        if self.operator == Operator::Present {
            return if facts.get(&self.fact).is_some() { Applies::Yes } else { Applies::No };
        }
        let Some(fact) = facts.get(&self.fact) else {
            return self.undecided(format_args!("the fact `{}` is missing", self.fact));
        };
        if !self.compares(fact) {
            let found = fact.type_name();
            return self.undecided(format_args!(
                "the fact `{}` is of a type ({found}) that it does not compare",
                self.fact
            ));
        }
        if self.constraint.check(facts).is_ok() { Applies::Yes } else { Applies::No }
    }

    /// Whether the fact is of a type over which the operator has a meaning. Only then does "unmet" mean that the
    /// opposite holds; otherwise a `forbid` would be skipped for a fact that says nothing.
    fn compares(&self, fact: &Json) -> bool {
        let like = |one: &Json, other: &Json| one.type_name() == other.type_name();
        match self.operator {
            Operator::AtMost | Operator::AtLeast => fact.as_i64().is_some(),
            Operator::IsTrue => fact.as_bool().is_some(),
            Operator::Equals => like(fact, &self.operand),
            Operator::OneOf => {
                self.operand.as_array().is_some_and(|items| items.iter().any(|i| like(i, fact)))
            }
            Operator::SubsetOf => fact.as_array().is_some_and(|elements| {
                elements.iter().all(|element| {
                    self.operand
                        .as_array()
                        .is_some_and(|items| items.iter().any(|item| like(item, element)))
                })
            }),
            Operator::NoneMatch | Operator::AllMatch => fact
                .as_array()
                .is_some_and(|elements| elements.iter().all(|e| e.as_str().is_some())),
            // An operator that is added to the core is undecided here until this list knows it.
            _ => false,
        }
    }

    fn undecided(&self, why: std::fmt::Arguments<'_>) -> Applies {
        Applies::Undecided(format!("its condition `{}` cannot be decided: {why}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(conditions: &[(&str, Json)], facts: Object) -> Applies {
        let vocabulary = Vocabulary::new()
            .with_constraint("at_most", Operator::AtMost, "n")
            .with_constraint("at_least", Operator::AtLeast, "n")
            .with_constraint("equals", Operator::Equals, "v")
            .with_constraint("one_of", Operator::OneOf, "v")
            .with_constraint("subset_of", Operator::SubsetOf, "l")
            .with_constraint("none", Operator::NoneMatch, "l")
            .with_constraint("all", Operator::AllMatch, "l")
            .with_constraint("is", Operator::IsTrue, "b")
            .with_constraint("present", Operator::Present, "b");
        let mut when = When::default();
        for (name, operand) in conditions {
            when.add(name, operand, &vocabulary).unwrap();
        }
        when.decide(&Facts::new(facts).unwrap())
    }

    fn list(items: &[&str]) -> Json {
        Json::from(items.to_vec())
    }

    #[test]
    fn every_operator_tells_met_from_unmet_from_undecided() {
        let a = || list(&["a"]);
        let check = |name: &str, operand: Json, fact: &str, met: Json, unmet: Json, other: Json| {
            let with = |facts| decide(&[(name, operand.clone())], facts);
            assert_eq!(with(Object::new().with(fact, met)), Applies::Yes, "{name}");
            assert_eq!(with(Object::new().with(fact, unmet)), Applies::No, "{name}");
            let undecided = with(Object::new().with(fact, other));
            assert!(matches!(undecided, Applies::Undecided(_)), "{name}: {undecided:?}");
            let missing = with(Object::new());
            assert!(matches!(missing, Applies::Undecided(_)), "{name}: {missing:?}");
        };
        check("at_most", 2.into(), "n", 2.into(), 3.into(), "2".into());
        check("at_least", 2.into(), "n", 2.into(), 1.into(), true.into());
        check("equals", "x".into(), "v", "x".into(), "y".into(), 1.into());
        check("equals", true.into(), "v", true.into(), false.into(), "true".into());
        check("one_of", list(&["x"]), "v", "x".into(), "y".into(), a());
        check("subset_of", a(), "l", a(), list(&["b"]), "a".into());
        check("subset_of", a(), "l", list(&[]), list(&["b"]), vec![1].into());
        check("none", list(&["b"]), "l", a(), list(&["b"]), "a".into());
        check("none", list(&["b"]), "l", list(&[]), list(&["b"]), vec![1].into());
        check("all", a(), "l", a(), list(&["b"]), vec![1].into());
        check("is", true.into(), "b", true.into(), false.into(), 1.into());
    }

    #[test]
    fn whether_a_fact_is_present_can_always_be_decided() {
        let condition = [("present", Json::from(true))];
        assert_eq!(decide(&condition, Object::new().with("b", "any")), Applies::Yes);
        assert_eq!(decide(&condition, Object::new()), Applies::No);
    }

    #[test]
    fn an_unmet_condition_settles_what_a_missing_fact_leaves_open() {
        let conditions = [("is", Json::from(true)), ("at_most", 2.into())];
        assert_eq!(decide(&conditions, Object::new().with("n", 3)), Applies::No);
        assert_eq!(
            decide(&conditions, Object::new().with("n", 2)),
            Applies::Undecided(
                "its condition `is` cannot be decided: the fact `b` is missing".to_owned()
            )
        );
    }
}
