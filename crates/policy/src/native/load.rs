//! Rules from YAML, strictly: unknown keys, duplicates, anchors and unquoted surprises are errors with a place.

use std::{collections::BTreeMap, fmt, time::Duration};

use axtary_actionpass::{Effect, Json, Number, Object, Vocabulary};
use serde::{
    Deserialize,
    de::{Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DefaultMessageFormatter, Location, MessageFormatter, Spanned};

use super::{
    NativeEngine,
    compile::{self, CompiledRule, Fault, Part},
    rule::Rule,
};
use crate::{
    error::{LoadError, Place},
    source::Source,
    ttl,
};

/// The deepest nesting; rules need five levels.
const MAX_DEPTH: usize = 16;
/// The most YAML nodes that are read: some fifty for each of the most rules.
const MAX_NODES: usize = 50 * NativeEngine::MAX_RULES;

/// Reads and compiles the rules of a source.
pub(super) fn rules(
    source: Source<'_>,
    vocabulary: &Vocabulary,
) -> Result<(Vec<Rule>, Vec<CompiledRule>), LoadError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        no_schema: true,
        with_snippet: false,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
    };
    let file: File = serde_saphyr::from_str_with_options(source.text, options)
        .map_err(|error| syntax(source, &error))?;
    if file.version.value != 1 {
        let message = format!("the version is {}, but only 1 is known", file.version.value);
        return Err(LoadError::new(source.name, message).at(place(&file.version)));
    }
    let written: Vec<Rule> = file
        .rules
        .iter()
        .map(|rule| rule.to_rule().map_err(|fault| located(source, rule, &fault)))
        .collect::<Result<_, _>>()?;
    let compiled =
        compile::rules(&written, vocabulary).map_err(|fault| match file.rules.get(fault.rule) {
            Some(rule) => located(source, rule, &fault),
            None => LoadError::new(source.name, fault.message),
        })?;
    Ok((written, compiled))
}

fn syntax(source: Source<'_>, error: &serde_saphyr::Error) -> LoadError {
    let error = error.without_snippet();
    let place = error.location().and_then(known);
    let message = match error {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or_default();
            format!("the key `{}` stands twice; keep one", key.escape_debug())
        }
        serde_saphyr::Error::Budget { .. } => format!(
            "the source must be one YAML document without anchors and aliases, at most {MAX_DEPTH} levels deep; split \
             or flatten it"
        ),
        other => DefaultMessageFormatter.format_message(other).into_owned(),
    };
    LoadError::new(source.name, message).at(place)
}

/// The error of a rule, at the part that is at fault, or at its id if that part is not there.
fn located(source: Source<'_>, rule: &FileRule, fault: &Fault) -> LoadError {
    let place = rule.place(&fault.part).or_else(|| place(&rule.id));
    LoadError::new(source.name, fault.message.as_str()).at(place)
}

fn place<T>(value: &Spanned<T>) -> Option<Place> {
    known(value.referenced)
}

fn known(location: Location) -> Option<Place> {
    (location.line() > 0).then(|| Place { line: location.line(), column: location.column() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u64>,
    rules: Vec<FileRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    id: Spanned<String>,
    effect: FileEffect,
    #[serde(default, deserialize_with = "present")]
    agent: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    human_owner: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    tool: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    resource: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    task: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    when: Option<Spanned<Operands>>,
    #[serde(default, deserialize_with = "present")]
    constraints: Option<Spanned<Operands>>,
    #[serde(default, deserialize_with = "present")]
    ttl: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "present")]
    approvers: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "present")]
    sensitive: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "present")]
    enforce: Option<bool>,
}

/// A key that stands there has a value: `constraints:` with nothing behind it must not mean "no constraints".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Names of constraints, each with its operand.
struct Operands(BTreeMap<String, Spanned<Operand>>);

impl<'de> Deserialize<'de> for Operands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Operands;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with operands, as in `{ max_files_changed: 12 }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Operands, A::Error> {
                // The deserializer refuses a name that stands twice.
                let mut operands = BTreeMap::new();
                while let Some((name, operand)) = map.next_entry()? {
                    operands.insert(name, operand);
                }
                Ok(Operands(operands))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileEffect {
    Permit,
    Forbid,
    StepUp,
}

impl FileRule {
    fn to_rule(&self) -> Result<Rule, Fault> {
        let effect = match self.effect {
            FileEffect::Permit => Effect::Permit,
            FileEffect::Forbid => Effect::Deny,
            FileEffect::StepUp => Effect::StepUp,
        };
        let list = |written: &Option<Spanned<OneOrMany>>| {
            written.as_ref().map(|list| list.value.0.clone()).unwrap_or_default()
        };
        let operands = |written: &Option<Spanned<Operands>>| {
            written.as_ref().map(|operands| {
                operands.value.0.iter().fold(Object::new(), |object, (name, operand)| {
                    object.with(name.as_str(), operand.value.0.clone())
                })
            })
        };
        Ok(Rule {
            agent: list(&self.agent),
            human_owner: list(&self.human_owner),
            tool: list(&self.tool),
            resource: list(&self.resource),
            task: list(&self.task),
            when: operands(&self.when),
            constraints: operands(&self.constraints),
            ttl: self.ttl()?,
            approvers: list(&self.approvers),
            reason: self.reason.as_ref().map(|reason| reason.value.clone()),
            sensitive: list(&self.sensitive),
            enforce: self.enforce.unwrap_or(true),
            line: place(&self.id).map(|place| place.line),
            ..Rule::new(self.id.value.as_str(), effect)
        })
    }

    fn ttl(&self) -> Result<Option<Duration>, Fault> {
        self.ttl
            .as_ref()
            .map(|written| ttl::parse(&written.value))
            .transpose()
            .map_err(|message| Fault { rule: 0, part: Part::Ttl, message })
    }

    fn place(&self, part: &Part) -> Option<Place> {
        let list = |written: &Option<Spanned<OneOrMany>>| written.as_ref().and_then(place);
        let text = |written: &Option<Spanned<String>>| written.as_ref().and_then(place);
        let operand = |written: &Option<Spanned<Operands>>, name: &Option<String>| {
            let written = written.as_ref()?;
            name.as_ref()
                .and_then(|name| written.value.0.get(name))
                .and_then(place)
                .or_else(|| place(written))
        };
        match part {
            Part::Id => place(&self.id),
            Part::Agent => list(&self.agent),
            Part::HumanOwner => list(&self.human_owner),
            Part::Tool => list(&self.tool),
            Part::Resource => list(&self.resource),
            Part::Task => list(&self.task),
            Part::When(name) => operand(&self.when, name),
            Part::Constraints(name) => operand(&self.constraints, name),
            Part::Ttl => text(&self.ttl),
            Part::Approvers => list(&self.approvers),
            Part::Reason => text(&self.reason),
            Part::Sensitive => list(&self.sensitive),
        }
    }
}

/// A string, or a list of at least one.
struct OneOrMany(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings; quote what looks like something else")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                if items.is_empty() {
                    return Err(A::Error::custom(
                        "the list is empty; leave it out, or name something",
                    ));
                }
                Ok(OneOrMany(items))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// The operand of a constraint: a boolean, an integer, a string, or a list of these.
struct Operand(Json);

impl<'de> Deserialize<'de> for Operand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Operand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, an integer, a string, or a list of these")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Operand, E> {
                Ok(Operand(value.into()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Operand, E> {
                Number::try_from(value).map(|number| Operand(number.into())).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Operand, E> {
                Number::try_from(value).map(|number| Operand(number.into())).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Operand, E> {
                Ok(Operand(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Operand, A::Error> {
                let mut items = Vec::new();
                while let Some(Operand(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Operand(Json::Array(items)))
            }
        }
        deserializer.deserialize_any(Read)
    }
}
