//! Cedar texts become policies with ids of their own, in buckets by scope.

use std::{collections::HashMap, str::FromStr, time::Duration};

use axtary_actionpass::Principal;
use cedar_policy::{
    ActionConstraint, Effect, EntityUid, ParseErrors, Policy, PolicyId, PolicySet,
    PrincipalConstraint, ResourceConstraint, ffi::DetailedError,
};

use super::reads::ContextReads;
use crate::{
    error::{LoadError, Place},
    nesting::{self, Language},
    select::{Scope, ScopeIndex},
    source::Source,
    ttl,
};

/// The longest id, in bytes.
const MAX_ID_BYTES: usize = 256;
/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1024;

/// What loading yields.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) policies: HashMap<PolicyId, Annotated>,
    pub(super) index: ScopeIndex<PolicySet>,
    pub(super) reads: ContextReads,
}

/// What a policy says beside its conditions.
#[derive(Clone, Debug)]
pub(super) struct Annotated {
    /// Where it stands among all, which is the order of reasons.
    pub(super) position: usize,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    /// The source it stands in.
    pub(super) file: String,
    pub(super) line: Option<u64>,
}

/// What a satisfied policy leads to.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Forbid,
    Permit { ttl: Option<Duration> },
    StepUp { approvers: Vec<String>, ttl: Option<Duration> },
}

impl Outcome {
    pub(super) fn effect(&self) -> axtary_actionpass::Effect {
        match self {
            Self::Forbid => axtary_actionpass::Effect::Deny,
            Self::Permit { .. } => axtary_actionpass::Effect::Permit,
            Self::StepUp { .. } => axtary_actionpass::Effect::StepUp,
        }
    }
}

/// Loads every policy of every source.
pub(super) fn policies(sources: &[Source<'_>]) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    for source in sources {
        nesting::check(*source, Language::Cedar)?;
        let set = PolicySet::from_str(source.text).map_err(|errors| syntax(*source, &errors))?;
        if let Some(template) = set.templates().next() {
            let name = template.annotation("id").unwrap_or_else(|| template.id().as_ref());
            return Err(LoadError::new(
                source.name,
                format!(
                    "the template `{name}` is not linked and would never apply; write the entity in \
                     place of the slot"
                ),
            ));
        }
        if set.policies().next().is_none() {
            return Err(LoadError::new(
                source.name,
                "the source holds no policy; add one, or leave the source out",
            ));
        }
        let mut lines = Lines { text: source.text, read: 0 };
        for policy in set.policies() {
            loaded.add(*source, policy, lines.next_of(policy))?;
        }
    }
    Ok(loaded)
}

impl Loaded {
    fn add(
        &mut self,
        source: Source<'_>,
        policy: &Policy,
        line: Option<u64>,
    ) -> Result<(), LoadError> {
        // Cedar numbers the policies of each text from zero, so its own ids collide between texts.
        let name = match policy.annotation("id") {
            Some(id) => id.to_owned(),
            None => format!("{}:{}", source.name, policy.id()),
        };
        let refuse = |problem: String| {
            let shown = name.chars().take(64).collect::<String>().escape_debug().to_string();
            LoadError::new(source.name, format!("the policy `{shown}`: {problem}"))
        };
        if name.is_empty() || name.len() > MAX_ID_BYTES || name.contains(char::is_control) {
            return Err(refuse(format!(
                "an id has 1 to {MAX_ID_BYTES} bytes and no control characters"
            )));
        }
        let id = PolicyId::new(&name);
        let (outcome, reason) = annotated(policy).map_err(refuse)?;
        let (position, file) = (self.policies.len(), source.name.to_owned());
        let annotated = Annotated { position, outcome, reason, file, line };
        let policy = policy.new_id(id.clone());
        self.reads.add(&policy);
        let bucket = self.index.bucket(&scope(&policy));
        if self.policies.insert(id, annotated).is_some() {
            return Err(refuse("its id stands twice; give it another".to_owned()));
        }
        bucket.add(policy).map_err(|error| refuse(error.to_string()))
    }
}

/// Finds the lines of policies, which come in the order of their text.
struct Lines<'a> {
    text: &'a str,
    /// How far it was read.
    read: usize,
}

impl Lines<'_> {
    fn next_of(&mut self, policy: &Policy) -> Option<u64> {
        let written = policy.to_cedar()?;
        let at = self.read + self.text.get(self.read..)?.find(&written)?;
        self.read = at + written.len();
        Some(Place::of_offset(self.text, at).line)
    }
}

/// What a policy compares with `==` in its scope. Everything else is left open, and decided by Cedar.
fn scope(policy: &Policy) -> Scope<EntityUid> {
    Scope {
        agent: match policy.principal_constraint() {
            PrincipalConstraint::Eq(uid) => Some(uid),
            PrincipalConstraint::Any
            | PrincipalConstraint::In(_)
            | PrincipalConstraint::Is(_)
            | PrincipalConstraint::IsIn(..) => None,
        },
        tool: match policy.action_constraint() {
            ActionConstraint::Eq(uid) => Some(uid),
            ActionConstraint::Any | ActionConstraint::In(_) => None,
        },
        resource: match policy.resource_constraint() {
            ResourceConstraint::Eq(uid) => Some(uid),
            ResourceConstraint::Any
            | ResourceConstraint::In(_)
            | ResourceConstraint::Is(_)
            | ResourceConstraint::IsIn(..) => None,
        },
    }
}

/// What the annotations of a policy make of it, and what it says of itself.
fn annotated(policy: &Policy) -> Result<(Outcome, Option<String>), String> {
    for (name, _) in policy.annotations() {
        // A misspelt `@step_up` would turn a step-up into a permit.
        if !matches!(name, "id" | "reason" | "step_up" | "ttl") {
            return Err(format!(
                "the annotation `@{name}` is unknown; known are @id, @reason, @step_up and @ttl, and notes go into \
                 comments"
            ));
        }
    }
    let ttl = policy.annotation("ttl").map(ttl::parse).transpose()?;
    let step_up = policy.annotation("step_up").map(approvers).transpose()?;
    let reason = policy.annotation("reason").map(reason).transpose()?;
    let outcome = match (policy.effect(), step_up, ttl) {
        (Effect::Permit, None, ttl) => Outcome::Permit { ttl },
        (Effect::Permit, Some(approvers), ttl) => Outcome::StepUp { approvers, ttl },
        (Effect::Forbid, None, None) => Outcome::Forbid,
        (Effect::Forbid, Some(_), _) | (Effect::Forbid, None, Some(_)) => {
            return Err("only a permit has @step_up or @ttl; leave them out".to_owned());
        }
    };
    Ok((outcome, reason))
}

/// Reads `security, release`; an empty text names nobody in particular.
fn approvers(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|approver| {
            Principal::new(approver.trim()).map(|name| name.as_str().to_owned()).map_err(|_| {
                format!(
                    "@step_up names approvers between commas, as in `security, release`, but is `{}`",
                    text.escape_debug()
                )
            })
        })
        .collect()
}

fn reason(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_REASON_BYTES || text.contains(char::is_control) {
        return Err(format!("@reason is one line of 1 to {MAX_REASON_BYTES} bytes"));
    }
    Ok(text.to_owned())
}

/// The first of Cedar's errors: those behind it are often its consequences.
fn syntax(source: Source<'_>, errors: &ParseErrors) -> LoadError {
    let detail = DetailedError::from(errors);
    let label = detail.source_locations.first();
    let mut message = detail.message.clone();
    if let Some(label) = label.and_then(|label| label.label.as_deref()) {
        message.push_str(": ");
        message.push_str(label);
    }
    if let Some(help) = &detail.help {
        message.push_str("; ");
        message.push_str(help);
    }
    LoadError::new(source.name, message)
        .at(label.map(|label| Place::of_offset(source.text, label.loc.start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_for_other_agents_tools_and_resources_are_not_candidates() {
        let mut text = String::from("permit (principal, action, resource);");
        for n in 0..100 {
            for scope in [
                format!(r#"principal == Agent::"a{n}", action, resource"#),
                format!(r#"principal, action == Action::"a.t{n}", resource"#),
                format!(r#"principal, action, resource == Repo::"r{n}""#),
                format!(
                    r#"principal == Agent::"a{n}", action == Action::"a.t{n}", resource == Repo::"r{n}""#
                ),
            ] {
                text.push_str(&format!("forbid ({scope});"));
            }
        }
        let loaded = policies(&[Source::new("main", &text).unwrap()]).unwrap();
        let candidates = |agent: &str, tool: &str, resource: &str| -> usize {
            let call: Scope<EntityUid> = Scope {
                agent: Some(format!("Agent::{agent:?}").parse().unwrap()),
                tool: Some(format!("Action::{tool:?}").parse().unwrap()),
                resource: Some(format!("Repo::{resource:?}").parse().unwrap()),
            };
            loaded.index.candidates(call).map(PolicySet::num_of_policies).sum()
        };
        assert_eq!(candidates("x", "x", "x"), 1);
        assert_eq!(candidates("a7", "x", "x"), 2);
        assert_eq!(candidates("a7", "a.t7", "r7"), 5);
    }
}
