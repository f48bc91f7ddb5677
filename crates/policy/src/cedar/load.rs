//! Cedar texts become policies with ids of their own, in buckets by scope.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
    time::Duration,
};

use axtary_actionpass::{EngineName, PolicyInfo, Principal};
use cedar_policy::{
    Effect, EntityUid, ParseErrors, Policy, PolicyId, PolicySet, PolicySetError, Schema, SlotId,
    Template, ValidationMode, Validator, ffi::DetailedError,
};
use cedar_policy_core::ast::{
    self, ActionConstraint, EntityReference, PrincipalOrResourceConstraint,
};

use super::{
    builder::TemplateLink, depth, reads::RequestReads, template::Templates, version::Version,
};
use crate::{
    error::{LoadError, Place},
    nesting::{self, MAX_TREE},
    select::{Named, ScopeIndex},
    source::Source,
    token::Language,
    ttl,
};

/// The longest id, in bytes.
const MAX_ID_BYTES: usize = 256;
/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1024;

/// What loading yields.
#[derive(Default)]
pub(super) struct Loaded {
    /// In the order of their sources, which is the order of reasons.
    pub(super) policies: Vec<LoadedPolicy>,
    ids: HashSet<String>,
    /// The positions of policies, by scope.
    pub(super) index: ScopeIndex,
    pub(super) reads: RequestReads,
    /// How deep the deepest condition nests.
    pub(super) depth: usize,
    pub(super) version: Version,
}

/// A policy, and what it says beside its conditions.
pub(super) struct LoadedPolicy {
    pub(super) id: String,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    /// The source it stands in.
    pub(super) file: String,
    pub(super) line: Option<u64>,
    /// Its scope and its conditions as one expression, which is what Cedar evaluates.
    pub(super) condition: ast::Expr,
    pub(super) policy: Policy,
}

impl LoadedPolicy {
    /// What stands in the place of its slots, if it comes of a template.
    pub(super) fn slots(&self) -> &ast::SlotEnv {
        let policy: &ast::Policy = self.policy.as_ref();
        policy.env()
    }

    pub(super) fn info(&self) -> PolicyInfo {
        PolicyInfo {
            engine: EngineName::CEDAR,
            id: self.id.clone(),
            effect: Some(self.outcome.effect()),
            file: self.file.clone(),
            line: self.line,
        }
    }
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

/// Loads every policy of every source, and makes the links of templates.
pub(super) fn policies(
    sources: &[Source<'_>],
    links: &[TemplateLink],
    schema: Option<&Schema>,
) -> Result<Loaded, LoadError> {
    let validator = schema.map(|schema| Validator::new(schema.clone()));
    let mut loaded = Loaded::default();
    let mut templates = Templates::default();
    for source in sources {
        nesting::check(*source, Language::Cedar)?;
        let set = PolicySet::from_str(source.text).map_err(|errors| syntax(*source, &errors))?;
        if set.is_empty() {
            return Err(LoadError::new(
                source.name,
                "the source holds no policy; add one, or leave the source out",
            ));
        }
        bound_depth(*source, &set)?;
        if let Some(validator) = &validator {
            validate(*source, &set, validator)?;
        }
        let mut places = Places { text: source.text, read: 0, place: Place::START };
        for policy in set.policies() {
            let name = name_of(*source, policy.annotation("id"), policy.id());
            loaded.add(Written { source: *source, name, place: places.next_of(policy) }, policy)?;
        }
        for template in set.templates() {
            let name = name_of(*source, template.annotation("id"), template.id());
            templates.add(*source, name, template)?;
        }
    }
    templates.link(links, &mut loaded)?;
    Ok(loaded)
}

/// Cedar numbers the policies of each text from zero, so its own ids collide between texts.
fn name_of(source: Source<'_>, written: Option<&str>, numbered: &PolicyId) -> String {
    written.map_or_else(|| format!("{}:{numbered}", source.name), str::to_owned)
}

/// Where a policy comes from.
pub(super) struct Written<'a> {
    pub(super) source: Source<'a>,
    pub(super) name: String,
    pub(super) place: Option<Place>,
}

impl Written<'_> {
    pub(super) fn refuse(&self, problem: &str) -> LoadError {
        let shown = self.name.chars().take(64).collect::<String>().escape_debug().to_string();
        LoadError::new(self.source.name, format!("the policy `{shown}`: {problem}")).at(self.place)
    }

    pub(super) fn check_name(&self) -> Result<(), LoadError> {
        let name = &self.name;
        if name.is_empty() || name.len() > MAX_ID_BYTES || name.contains(char::is_control) {
            return Err(self.refuse(&format!(
                "an id has 1 to {MAX_ID_BYTES} bytes and no control characters"
            )));
        }
        Ok(())
    }
}

impl Loaded {
    /// Adds a policy without slots.
    fn add(&mut self, written: Written<'_>, policy: &Policy) -> Result<(), LoadError> {
        let policy = policy.new_id(PolicyId::new(&written.name));
        self.version.policy(&written.name, policy.as_ref());
        self.register(&written, policy)
    }

    /// Adds a template with its slots filled.
    pub(super) fn add_link(
        &mut self,
        written: &Written<'_>,
        template: &Template,
        slots: HashMap<SlotId, EntityUid>,
    ) -> Result<(), LoadError> {
        let refuse = |error: PolicySetError| written.refuse(&error.to_string());
        let id = PolicyId::new(&written.name);
        let mut alone = PolicySet::new();
        alone.add_template(template.clone()).map_err(refuse)?;
        alone.link(template.id().clone(), id.clone(), slots).map_err(|_| {
            let slots: Vec<String> = template.slots().map(ToString::to_string).collect();
            written.refuse(&format!(
                "its template takes {}; give an entity for each, and for no other",
                slots.join(" and ")
            ))
        })?;
        let Some(policy) = alone.policy(&id) else {
            return Err(written.refuse("it cannot be linked"));
        };
        self.register(written, policy.clone())
    }

    /// Notes a policy, what it says beside its conditions, and what it reads.
    fn register(&mut self, written: &Written<'_>, policy: Policy) -> Result<(), LoadError> {
        written.check_name()?;
        let (outcome, reason) = annotated(&policy).map_err(|problem| written.refuse(&problem))?;
        if !self.ids.insert(written.name.clone()) {
            return Err(written.refuse("its id stands twice; give it another"));
        }
        self.reads.add(&policy);
        let tree: &ast::Policy = policy.as_ref();
        let condition = tree.condition();
        self.depth = self.depth.max(depth::of(&condition));
        self.index_under(tree);
        self.policies.push(LoadedPolicy {
            id: written.name.clone(),
            outcome,
            reason,
            file: written.source.name.to_owned(),
            line: written.place.map(|place| place.line),
            condition,
            policy,
        });
        Ok(())
    }
}

impl Loaded {
    /// Puts the next policy into the index, under what it compares with `==` in its scope. Everything else is left open, and
    /// decided by Cedar; so are the types of entities.
    fn index_under(&mut self, policy: &ast::Policy) {
        let (principal, resource) = (policy.principal_constraint(), policy.resource_constraint());
        let action = match policy.action_constraint() {
            ActionConstraint::Eq(uid) => Named::Is(uid.eid().as_ref()),
            ActionConstraint::Any | ActionConstraint::In(_) => Named::Any,
        };
        let scope = [named(principal.as_inner()), action, named(resource.as_inner())];
        self.index.add(scope, self.policies.len());
    }
}

fn named(constraint: &PrincipalOrResourceConstraint) -> Named<'_> {
    match constraint {
        PrincipalOrResourceConstraint::Eq(EntityReference::EUID(uid)) => {
            Named::Is(uid.eid().as_ref())
        }
        PrincipalOrResourceConstraint::Eq(EntityReference::Slot(_))
        | PrincipalOrResourceConstraint::Any
        | PrincipalOrResourceConstraint::In(_)
        | PrincipalOrResourceConstraint::Is(_)
        | PrincipalOrResourceConstraint::IsIn(..) => Named::Any,
    }
}

/// What the text was bounded by is a count of its tokens. This is the tree itself, before anything walks it.
fn bound_depth(source: Source<'_>, set: &PolicySet) -> Result<(), LoadError> {
    let set: &ast::PolicySet = set.as_ref();
    // Policies without slots are templates too.
    for template in set.all_templates() {
        if template.non_scope_constraints().is_some_and(|tree| depth::of(tree) > MAX_TREE) {
            let place = template.loc().map(|loc| Place::of_offset(source.text, loc.start()));
            let message = format!(
                "the policy `{}`: its conditions nest deeper than {MAX_TREE} levels; split it",
                template.id()
            );
            return Err(LoadError::new(source.name, message).at(place));
        }
    }
    Ok(())
}

/// The first of the errors, which are one for each action that the policy can be about.
fn validate(source: Source<'_>, set: &PolicySet, validator: &Validator) -> Result<(), LoadError> {
    match validator.validate(set, ValidationMode::Strict).validation_errors().next() {
        None => Ok(()),
        Some(error) => Err(detailed(source, &DetailedError::from(error))),
    }
}

/// Finds the places of policies, which come in the order of their text.
struct Places<'a> {
    text: &'a str,
    /// How far it was read, and the place that this is.
    read: usize,
    place: Place,
}

impl Places<'_> {
    fn next_of(&mut self, policy: &Policy) -> Option<Place> {
        let policy: &ast::Policy = policy.as_ref();
        let start = policy.loc()?.start();
        // Only what stands between this policy and the one before is read: a text may hold many.
        self.place = self.place.further(self.text.get(self.read..start)?);
        self.read = start;
        Some(self.place)
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
    detailed(source, &DetailedError::from(errors))
}

fn detailed(source: Source<'_>, detail: &DetailedError) -> LoadError {
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
        let loaded = policies(&[Source::new("main", &text).unwrap()], &[], None).unwrap();
        let candidates =
            |agent, tool, resource| loaded.index.candidates([agent, tool, resource]).len();
        assert_eq!(candidates("x", "x", "x"), 1);
        assert_eq!(candidates("a7", "x", "x"), 2);
        assert_eq!(candidates("a7", "a.t7", "r7"), 5);
    }
}
