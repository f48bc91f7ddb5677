//! A rule as written becomes a rule that can be evaluated, or a fault that says what to write instead.
//!
//! YAML and the builder both come through here, so that neither can say what the other cannot.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use axtary_actionpass::{
    Constraints, Effect, FactType, Json, MAX_CONSTRAINTS, Object, Operator, PayloadHash, Principal,
    Vocabulary,
};

use super::{
    NativeEngine,
    pattern::{Kind, Patterns},
    rule::Rule,
    when::When,
};
use crate::ttl;

/// The longest id, in bytes.
const MAX_ID_BYTES: usize = 128;
/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1024;
/// The most approvers of one rule.
const MAX_APPROVERS: usize = 16;

/// A rule that can be evaluated.
#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    pub(super) id: String,
    pub(super) agent: Patterns,
    pub(super) human_owner: Option<Patterns>,
    pub(super) tool: Patterns,
    pub(super) resource: Patterns,
    pub(super) task: Option<Patterns>,
    pub(super) when: When,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) sensitive: Vec<String>,
    pub(super) enforce: bool,
    /// Where it stands in its source, if that is a text.
    pub(super) line: Option<u64>,
}

/// What a rule that applies leads to.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Permit { constraints: Constraints, ttl: Option<Duration> },
    StepUp { constraints: Constraints, approvers: Vec<String> },
    Forbid,
}

impl Outcome {
    pub(super) fn effect(&self) -> Effect {
        match self {
            Self::Permit { .. } => Effect::Permit,
            Self::StepUp { .. } => Effect::StepUp,
            Self::Forbid => Effect::Deny,
        }
    }
}

/// What is wrong with a rule, and in which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The position of the rule; behind the last if the rules as a whole are at fault.
    pub(super) rule: usize,
    pub(super) part: Part,
    pub(super) message: String,
}

/// A part of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Id,
    Agent,
    HumanOwner,
    Tool,
    Resource,
    Task,
    When(Option<String>),
    Constraints(Option<String>),
    Ttl,
    Approvers,
    Reason,
    Sensitive,
}

/// Compiles rules, of which there must be one at least.
pub(super) fn rules(rules: &[Rule], vocabulary: &Vocabulary) -> Result<Vec<CompiledRule>, Fault> {
    let as_a_whole = |message: String| Fault { rule: rules.len(), part: Part::Id, message };
    if rules.is_empty() {
        return Err(as_a_whole(
            "there is no rule, so everything would be denied; add a rule".to_owned(),
        ));
    }
    if rules.len() > NativeEngine::MAX_RULES {
        return Err(as_a_whole(format!(
            "there are more than {} rules; use patterns",
            NativeEngine::MAX_RULES
        )));
    }
    let mut ids = HashSet::with_capacity(rules.len());
    let mut compiled = Vec::with_capacity(rules.len());
    let mut shared = Shared::default();
    for (position, written) in rules.iter().enumerate() {
        let fault = |(part, message)| Fault {
            rule: position,
            part,
            message: format!("the rule `{}`: {message}", shown(&written.id)),
        };
        if !ids.insert(written.id.as_str()) {
            return Err(fault((Part::Id, "its id stands twice; give it another".to_owned())));
        }
        compiled.push(rule(written, vocabulary, &mut shared).map_err(fault)?);
    }
    Ok(compiled)
}

type Refused = (Part, String);

/// Constraints by their canonical form: many rules demand the same, and path patterns are costly to compile and to keep.
type Shared = HashMap<Vec<u8>, Constraints>;

fn rule(
    rule: &Rule,
    vocabulary: &Vocabulary,
    shared: &mut Shared,
) -> Result<CompiledRule, Refused> {
    check_id(&rule.id)?;
    check_reason(rule.reason.as_deref())?;
    Ok(CompiledRule {
        id: rule.id.clone(),
        agent: required(Part::Agent, Kind::Agent, "agent", &rule.agent)?,
        human_owner: optional(Part::HumanOwner, Kind::HumanOwner, &rule.human_owner)?,
        tool: required(Part::Tool, Kind::Tool, "tool", &rule.tool)?,
        resource: required(Part::Resource, Kind::Resource, "resource", &rule.resource)?,
        task: optional(Part::Task, Kind::Task, &rule.task)?,
        when: when(rule.when.as_ref(), vocabulary)?,
        outcome: outcome(rule, vocabulary, shared)?,
        reason: rule.reason.clone(),
        sensitive: sensitive(&rule.sensitive, vocabulary)?,
        enforce: rule.enforce,
        line: rule.line,
    })
}

fn check_id(id: &str) -> Result<(), Refused> {
    let fits = (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        return Ok(());
    }
    Err((Part::Id, format!("an id is printable ASCII without spaces, 1 to {MAX_ID_BYTES} bytes")))
}

fn check_reason(reason: Option<&str>) -> Result<(), Refused> {
    let refused = reason.is_some_and(|reason| {
        reason.is_empty() || reason.len() > MAX_REASON_BYTES || reason.contains(char::is_control)
    });
    if refused {
        let message = format!("a reason is one line of 1 to {MAX_REASON_BYTES} bytes");
        return Err((Part::Reason, message));
    }
    Ok(())
}

fn required(part: Part, kind: Kind, name: &str, written: &[String]) -> Result<Patterns, Refused> {
    if written.is_empty() {
        // A part that is left out must not mean "any": the widest rule would be the one with the most omissions.
        let message = format!("it names no `{name}`; name one, or write `**` for any");
        return Err((part, message));
    }
    Patterns::compile(kind, written).map_err(|message| (part, message))
}

fn optional(part: Part, kind: Kind, written: &[String]) -> Result<Option<Patterns>, Refused> {
    if written.is_empty() {
        return Ok(None);
    }
    Patterns::compile(kind, written).map(Some).map_err(|message| (part, message))
}

fn when(written: Option<&Object>, vocabulary: &Vocabulary) -> Result<When, Refused> {
    let mut when = When::default();
    for (name, operand) in operands(written, "when", Part::When)? {
        let fault = |message| (Part::When(Some(name.to_owned())), message);
        check_type(name, operand, vocabulary).map_err(fault)?;
        when.add(name, operand, vocabulary).map_err(|error| fault(error.to_string()))?;
    }
    Ok(when)
}

fn outcome(rule: &Rule, vocabulary: &Vocabulary, shared: &mut Shared) -> Result<Outcome, Refused> {
    if rule.effect == Effect::Deny && rule.constraints.is_some() {
        let message = "a `forbid` has no `constraints`; write conditions under `when`";
        return Err((Part::Constraints(None), message.to_owned()));
    }
    if rule.effect != Effect::Permit && rule.ttl.is_some() {
        return Err((Part::Ttl, "only a `permit` has a `ttl`; leave it out".to_owned()));
    }
    if rule.effect != Effect::StepUp && !rule.approvers.is_empty() {
        let message = "only a `step_up` has `approvers`; leave them out, or change the effect";
        return Err((Part::Approvers, message.to_owned()));
    }
    Ok(match rule.effect {
        Effect::Permit => Outcome::Permit {
            constraints: constraints(rule.constraints.as_ref(), vocabulary, shared)?,
            ttl: rule.ttl.map(ttl::check).transpose().map_err(|message| (Part::Ttl, message))?,
        },
        Effect::StepUp => Outcome::StepUp {
            constraints: constraints(rule.constraints.as_ref(), vocabulary, shared)?,
            approvers: approvers(&rule.approvers)?,
        },
        Effect::Deny => Outcome::Forbid,
    })
}

fn constraints(
    written: Option<&Object>,
    vocabulary: &Vocabulary,
    shared: &mut Shared,
) -> Result<Constraints, Refused> {
    let mut canonical = Vec::new();
    written.unwrap_or(&Object::new()).write_canonical(&mut canonical);
    if let Some(known) = shared.get(&canonical).filter(|known| !known.is_empty()) {
        return Ok(known.clone());
    }
    // One by one first, so that a fault is that of one name.
    for (name, operand) in operands(written, "constraints", Part::Constraints)? {
        let fault = |message| (Part::Constraints(Some(name.to_owned())), message);
        check_type(name, operand, vocabulary).map_err(fault)?;
        vocabulary
            .read(&Object::new().with(name, operand.clone()))
            .map_err(|error| fault(error.to_string()))?;
    }
    let read = vocabulary
        .read(written.unwrap_or(&Object::new()))
        .map_err(|error| (Part::Constraints(None), error.to_string()))?;
    shared.insert(canonical, read.clone());
    Ok(read)
}

/// Names and operands, if there are any; an empty list of them is a slip.
fn operands<'a>(
    written: Option<&'a Object>,
    key: &str,
    part: fn(Option<String>) -> Part,
) -> Result<Vec<(&'a str, &'a Json)>, Refused> {
    let Some(written) = written else { return Ok(Vec::new()) };
    if written.is_empty() {
        return Err((part(None), format!("`{key}` is empty; leave it out, or name something")));
    }
    if written.len() > MAX_CONSTRAINTS {
        return Err((part(None), format!("`{key}` holds more than {MAX_CONSTRAINTS} names")));
    }
    Ok(written.iter().collect())
}

/// Checks that an operand can equal its fact at all, where the vocabulary says of which type the fact is: `on` in YAML is
/// a string, and equals no boolean.
fn check_type(name: &str, operand: &Json, vocabulary: &Vocabulary) -> Result<(), String> {
    let Some((_, operator, fact)) = vocabulary.constraints().find(|(known, _, _)| *known == name)
    else {
        return Ok(());
    };
    let Some((_, definition)) = vocabulary.facts().find(|(known, _)| *known == fact) else {
        return Ok(());
    };
    let (values, expected) = match definition.fact_type {
        FactType::Boolean => ("boolean", "true or false"),
        FactType::Integer => ("number", "an integer"),
        FactType::Text => ("string", "a string"),
        FactType::TextList => ("string", "a list of strings"),
        _ => return Ok(()),
    };
    let fits = match operator {
        Operator::Equals => operand.type_name() == values,
        Operator::OneOf | Operator::SubsetOf => operand
            .as_array()
            .is_none_or(|items| items.iter().all(|item| item.type_name() == values)),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "the constraint `{name}` is about `{fact}`, which is {expected}; `{operand}` does not fit"
    ))
}

fn approvers(written: &[String]) -> Result<Vec<String>, Refused> {
    if written.len() > MAX_APPROVERS {
        return Err((Part::Approvers, format!("there are more than {MAX_APPROVERS} approvers")));
    }
    for approver in written {
        Principal::new(approver.as_str()).map_err(|_| {
            let message = format!(
                "an approver is printable ASCII without spaces, at most 256 bytes, but is `{}`",
                shown(approver)
            );
            (Part::Approvers, message)
        })?;
    }
    Ok(written.to_vec())
}

/// A name that is misspelt would leave its fact in the open.
fn sensitive(written: &[String], vocabulary: &Vocabulary) -> Result<Vec<String>, Refused> {
    for name in written {
        let known = name == PayloadHash::NAME || vocabulary.facts().any(|(fact, _)| fact == name);
        if !known {
            let facts: Vec<&str> = vocabulary.facts().map(|(fact, _)| fact).collect();
            let message = format!(
                "the fact `{}` is unknown; known are {}, {}",
                shown(name),
                facts.join(", "),
                PayloadHash::NAME
            );
            return Err((Part::Sensitive, message));
        }
    }
    Ok(written.to_vec())
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect::<String>().escape_debug().to_string()
}
