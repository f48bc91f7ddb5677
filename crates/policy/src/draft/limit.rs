//! The tightest constraints that observed facts meet, and why a fact is not limited.

use std::collections::{BTreeMap, BTreeSet};

use axtary_actionpass::{FactType, Json, MAX_CONSTRAINTS, Number, Object, Operator, Vocabulary};

use super::{
    paths,
    seen::{Scalar, Seen},
};

/// What limits a rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    /// Names of constraints, with their operands.
    pub(super) constraints: Object,
    /// Facts that are limited, and never varied.
    pub(super) constant: Vec<String>,
    /// Facts whose limit lets through more than what was seen of them.
    pub(super) wide: Vec<String>,
    /// Facts that are not limited, and why.
    pub(super) loose: Vec<(String, &'static str)>,
}

/// The most values that a constraint lists.
const MAX_LISTED: usize = 16;
/// The most bytes of one rule's constraints: they go onto every pass.
const MAX_BYTES: usize = 8 * 1024;

/// The operators, those first that say most of a fact; of which the first that can is used.
const BY_STRENGTH: [&[Operator]; 7] = [
    &[Operator::Equals],
    &[Operator::IsTrue],
    &[Operator::OneOf],
    &[Operator::SubsetOf],
    &[Operator::AtMost, Operator::AtLeast],
    &[Operator::AllMatch],
    &[Operator::Present],
];

/// The limits that all these facts, of so many records, meet.
pub(super) fn limits(
    facts: &BTreeMap<String, Seen>,
    records: u64,
    vocabulary: &Vocabulary,
) -> Limits {
    let mut limits = Limits::default();
    let mut room = MAX_BYTES;
    for (fact, seen) in facts {
        match draw(fact, seen, records, vocabulary) {
            Ok(drawn) => {
                let bytes = Json::Object(drawn.clone()).to_canonical().len();
                if bytes > room || limits.constraints.len() + drawn.len() > MAX_CONSTRAINTS {
                    limits.loose.push((fact.clone(), "a pass has no room for more constraints"));
                    continue;
                }
                room -= bytes;
                if is_wide(&drawn, vocabulary) {
                    limits.wide.push(fact.clone());
                }
                for (name, operand) in drawn {
                    limits.constraints.insert(name, operand);
                }
                if !seen.varies {
                    limits.constant.push(fact.clone());
                }
            }
            Err(why) => limits.loose.push((fact.clone(), why)),
        }
    }
    limits
}

/// Whether a constraint holds patterns, and one of them stands for more than one path.
fn is_wide(drawn: &Object, vocabulary: &Vocabulary) -> bool {
    let mut patterns = vocabulary.constraints().filter_map(|(name, operator, _)| {
        drawn.get(name).filter(|_| operator == Operator::AllMatch)
    });
    patterns.any(|operand| {
        let mut patterns = operand.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
        patterns.any(paths::is_wide)
    })
}

/// The constraints of one fact, or why there is none.
fn draw(
    fact: &str,
    seen: &Seen,
    records: u64,
    vocabulary: &Vocabulary,
) -> Result<Object, &'static str> {
    let about: Vec<(&str, Operator)> = vocabulary
        .constraints()
        .filter(|(_, _, about)| *about == fact)
        .map(|(name, operator, _)| (name, operator))
        .collect();
    if about.is_empty() {
        return Err("no constraint is about them");
    }
    if seen.withheld > 0 {
        return Err("they are withheld");
    }
    if seen.records < records {
        return Err("they are not in every record");
    }
    let definition = vocabulary.facts().find(|(name, _)| *name == fact);
    if !definition.is_none_or(|(_, definition)| is_of_type(seen, definition.fact_type)) {
        return Err("values of another type than theirs were seen");
    }
    let mut why = "no constraint can say what was seen";
    for operators in BY_STRENGTH {
        let mut drawn = Object::new();
        for operator in operators {
            let Some((name, _)) = about.iter().find(|(_, known)| known == operator) else {
                continue;
            };
            match operand(seen, *operator) {
                Ok(operand) => drop(drawn.insert(*name, operand)),
                Err(problem) => why = problem,
            }
        }
        if !drawn.is_empty() {
            return Ok(drawn);
        }
    }
    Err(why)
}

/// Whether all values have the type that the vocabulary gives the fact; a constraint on others does not load.
fn is_of_type(seen: &Seen, fact_type: FactType) -> bool {
    let all = |values: &BTreeSet<Scalar>, is: fn(&Scalar) -> bool| values.iter().all(is);
    let scalars = |is| {
        // Too many to be kept are too many to be listed.
        seen.scalars.get().is_some_and(|s| s.at_most(usize::MAX).is_none_or(|kept| all(kept, is)))
    };
    match fact_type {
        FactType::Boolean => scalars(|value| matches!(value, Scalar::Bool(_))),
        FactType::Integer => seen.integers.get().is_some(),
        FactType::Text => scalars(|value| matches!(value, Scalar::Text(_))),
        FactType::TextList => seen.elements.get().is_some_and(|elements| {
            let is_text = |value: &Scalar| matches!(value, Scalar::Text(_));
            elements.at_most(usize::MAX).is_none_or(|kept| all(kept, is_text))
        }),
        _ => true,
    }
}

/// The tightest operand that all values meet, or why there is none.
fn operand(seen: &Seen, operator: Operator) -> Result<Json, &'static str> {
    let scalars =
        || seen.scalars.get().ok_or("their values are neither texts, integers nor booleans");
    let integers = || seen.integers.get().copied().flatten().ok_or("their values are no integers");
    match operator {
        Operator::Equals => match scalars()?.at_most(1).and_then(BTreeSet::first) {
            Some(only) => Ok(json(only)),
            None => Err("they varied"),
        },
        Operator::IsTrue => match scalars()?.at_most(1).and_then(BTreeSet::first) {
            Some(Scalar::Bool(true)) => Ok(true.into()),
            Some(_) | None => Err("they were not always true"),
        },
        Operator::OneOf => listed(scalars()?.at_most(MAX_LISTED)),
        Operator::SubsetOf => {
            let elements = seen.elements.get().ok_or("their values are no lists")?;
            listed(elements.at_most(MAX_LISTED))
        }
        Operator::AtMost => Ok(integer(integers()?.1)),
        Operator::AtLeast => Ok(integer(integers()?.0)),
        Operator::AllMatch => {
            let elements = seen.elements.get().ok_or("their values are no lists")?;
            let elements = elements.at_most(usize::MAX).ok_or("there are too many paths")?;
            let text = |element: &Scalar| match element {
                Scalar::Text(path) => Some(path.clone()),
                Scalar::Bool(_) | Scalar::Integer(_) => None,
            };
            let paths = elements.iter().map(text).collect::<Option<_>>();
            let patterns = paths::patterns(&paths.ok_or("their elements are no paths")?)?;
            Ok(Json::from(patterns))
        }
        Operator::Present => Ok(true.into()),
        // What was seen says nothing of what must never be; and an operator that is added is not drawn until this knows it.
        _ => Err("no constraint can say what was seen"),
    }
}

fn listed(values: Option<&BTreeSet<Scalar>>) -> Result<Json, &'static str> {
    let values = values.ok_or("they have too many different values to list")?;
    if values.is_empty() {
        return Err("they were always empty, which no constraint can say");
    }
    if values.iter().any(|value| matches!(value, Scalar::Bool(_))) {
        return Err("they varied");
    }
    Ok(Json::Array(values.iter().map(json).collect()))
}

fn json(value: &Scalar) -> Json {
    match value {
        Scalar::Bool(value) => (*value).into(),
        Scalar::Integer(value) => integer(*value),
        Scalar::Text(text) => text.as_str().into(),
    }
}

fn integer(value: i64) -> Json {
    // It was read from JSON, in whose bounds it is.
    Number::try_from(value).map_or(Json::Null, Json::Number)
}
