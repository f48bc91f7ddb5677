//! The one place where engines meet: every engine must permit, a denial wins, a step-up wins over a permit.

use std::fmt;

use axtary_actionpass::{
    Action, Cause, ConstraintError, Constraints, Effect, EngineError, EngineName, Evaluation,
    Facts, Object, PolicyEngine, PolicyInfo, PolicyVersion, Reason, Trace, Trial,
};

/// Policy engines that decide together.
///
/// | one engine | another | together |
/// |---|---|---|
/// | permit | permit | permit, within the constraints of both, for the shorter ttl |
/// | step-up | permit | step-up |
/// | deny | anything, a failure included | deny |
/// | fails as a whole | permit or step-up | the failure |
///
/// A stack without engines denies everything. What any engine calls sensitive is, whatever they decide; and if one of them has
/// a policy on trial, the answer says what all would come to with it.
///
/// # Example
///
/// ```
/// use axtary_policy::{CedarEngine, PolicyStack, RegoEngine};
///
/// let cedar = CedarEngine::from_sources(&[("all.cedar", "permit (principal, action, resource);")])?;
/// let rego = RegoEngine::from_modules(&[(
///     "release.rego",
///     r#"
///     package axtary
///
///     allow if input.tool != "github.releases.create"
///     "#,
/// )])?;
/// let stack = PolicyStack::new().with(cedar).with(rego);
/// # let _ = stack;
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
pub struct PolicyStack {
    engines: Vec<Box<dyn PolicyEngine>>,
    /// The versions of the engines when they were added, and the digest over them. An engine may be replaced since then, as
    /// a [`LivePolicy`](crate::LivePolicy) is.
    versions: Vec<PolicyVersion>,
    version: PolicyVersion,
}

impl Default for PolicyStack {
    fn default() -> Self {
        Self::new()
    }
}

impl PolicyStack {
    /// A stack without engines.
    pub fn new() -> Self {
        Self { engines: Vec::new(), versions: Vec::new(), version: version(&[]) }
    }

    /// Adds an engine, which must permit too from now on.
    #[must_use]
    pub fn with(mut self, engine: impl PolicyEngine + 'static) -> Self {
        self.versions.push(engine.policy_version());
        self.engines.push(Box::new(engine));
        self.version = version(&self.versions);
        self
    }

    /// The digest over the versions that the engines have now.
    fn version_of(&self, versions: &[PolicyVersion]) -> PolicyVersion {
        if versions == self.versions { self.version } else { version(versions) }
    }
}

/// The digest over the policies of all engines, in whichever order they stand; of one, its own.
fn version(versions: &[PolicyVersion]) -> PolicyVersion {
    match versions {
        [only] => *only,
        all => PolicyVersion::of_sources(
            all.iter().map(|version| ("engine", version.as_bytes().as_slice())),
        ),
    }
}

impl PolicyEngine for PolicyStack {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        // Every engine is asked, even behind a denial, so that all reasons are known at once.
        let mut answers = Vec::with_capacity(self.engines.len());
        let mut failures = Vec::new();
        let mut versions = Vec::with_capacity(self.engines.len());
        for engine in &self.engines {
            match engine.evaluate(action) {
                Ok(answer) => {
                    // Of the policy that answered, which may be another by now.
                    versions.push(answer.policy_version());
                    answers.push(answer);
                }
                Err(failure) => {
                    versions.push(engine.policy_version());
                    failures.push(failure);
                }
            }
        }
        let version = self.version_of(&versions);
        let sensitive = sensitive(&answers);
        let trial = trial(&answers, &failures);
        let together = match (strictest(&answers), failures.first()) {
            (Some(Effect::Deny), _) => denial(answers, failures, version),
            (None | Some(Effect::Permit | Effect::StepUp), Some(failure)) => {
                return Err(failure.clone());
            }
            (Some(effect @ (Effect::Permit | Effect::StepUp)), None) => {
                permission(effect, answers, version)
            }
            (None, None) => nothing_loaded(version),
        };
        Ok(together.with_sensitive(sensitive).with_trial(trial))
    }

    fn policy_version(&self) -> PolicyVersion {
        let versions: Vec<_> = self.engines.iter().map(|engine| engine.policy_version()).collect();
        self.version_of(&versions)
    }

    /// Those of all engines, in their order.
    fn policies(&self) -> Vec<PolicyInfo> {
        self.engines.iter().flat_map(|engine| engine.policies()).collect()
    }

    fn trace(&self, action: &Action) -> Vec<Trace> {
        self.engines.iter().flat_map(|engine| engine.trace(action)).collect()
    }

    /// Those of all engines: what one names, another may read.
    fn neutral_facts(&self) -> Facts {
        let mut facts = Object::new();
        for engine in &self.engines {
            for (name, value) in engine.neutral_facts().iter() {
                facts.insert(name, value.clone());
            }
        }
        Facts::new(facts).unwrap_or_default()
    }
}

impl fmt::Debug for PolicyStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyStack")
            .field("engines", &self.engines.len())
            .field("version", &self.policy_version())
            .finish()
    }
}

fn nothing_loaded(version: PolicyVersion) -> Evaluation {
    let name = EngineName::new("stack").unwrap_or(EngineName::NATIVE);
    let reason = Reason::new(name, Cause::NoPermit)
        .saying(Some("no policy is loaded; add an engine to the stack".to_owned()));
    Evaluation::new(Effect::Deny, Vec::new(), version, vec![reason])
}

/// A denial says why each engine that denies does so, and which engines failed beside it.
fn denial(
    answers: Vec<Evaluation>,
    failures: Vec<EngineError>,
    version: PolicyVersion,
) -> Evaluation {
    let engines = engines(&answers);
    let reasons = answers
        .into_iter()
        .filter(|answer| answer.effect() == Effect::Deny)
        .flat_map(Evaluation::into_reasons);
    let failed = failures
        .into_iter()
        .map(|failure| Reason::new(failure.engine, Cause::Failed { message: failure.message }));
    Evaluation::new(Effect::Deny, engines, version, reasons.chain(failed).collect())
}

/// A permit or a step-up is bound to what every engine binds it to, for the shortest of their lives.
fn permission(effect: Effect, answers: Vec<Evaluation>, version: PolicyVersion) -> Evaluation {
    let engines = engines(&answers);
    let mut constraints = Constraints::none();
    let mut ttl = None;
    let mut approvers: Vec<String> = Vec::new();
    for answer in &answers {
        constraints = match constraints.merge(answer.constraints().clone()) {
            Ok(joined) => joined,
            Err(conflict) => return conflicting(answer, &conflict, engines, version),
        };
        ttl = [ttl, answer.ttl()].into_iter().flatten().min();
        unite(&mut approvers, answer.approvers());
    }
    let reasons = answers
        .into_iter()
        .filter(|answer| answer.effect() == effect)
        .flat_map(Evaluation::into_reasons)
        .collect();
    Evaluation::new(effect, engines, version, reasons)
        .with_constraints(constraints)
        .with_ttl(ttl)
        .with_approvers(approvers)
}

/// A pass carries each constraint once, so engines that demand different things of one name cannot both be obeyed.
fn conflicting(
    answer: &Evaluation,
    conflict: &ConstraintError,
    engines: Vec<EngineName>,
    version: PolicyVersion,
) -> Evaluation {
    let message = format!("{conflict}: another engine constrains it too; let both say the same");
    let engine = answer.engines().first().cloned().unwrap_or(EngineName::NATIVE);
    let mut reason = Reason::new(engine, Cause::Failed { message });
    if let Some(policy) = answer.reasons().iter().find_map(Reason::policy) {
        reason = reason.by(policy);
    }
    Evaluation::new(Effect::Deny, engines, version, vec![reason])
}

/// Deny before step-up before permit.
fn strictest(answers: &[Evaluation]) -> Option<Effect> {
    answers.iter().map(Evaluation::effect).max_by_key(rank)
}

fn rank(effect: &Effect) -> u8 {
    match effect {
        Effect::Permit => 0,
        Effect::StepUp => 1,
        Effect::Deny => 2,
    }
}

/// What any of the engines calls sensitive, however they decide together.
fn sensitive(answers: &[Evaluation]) -> Vec<String> {
    let mut names = Vec::new();
    answers.iter().for_each(|answer| unite(&mut names, answer.sensitive()));
    names
}

fn unite(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

/// What the engines would come to with the policies that are on trial, if any of them has one about the action.
fn trial(answers: &[Evaluation], failures: &[EngineError]) -> Option<Trial> {
    answers.iter().find_map(Evaluation::trial)?;
    let each: Vec<(Effect, &[Reason])> = answers
        .iter()
        .map(|answer| match answer.trial() {
            Some(trial) => (trial.effect, trial.reasons.as_slice()),
            None => (answer.effect(), answer.reasons()),
        })
        .collect();
    let failed = failures.iter().map(|_| Effect::Deny);
    let effect = each.iter().map(|(effect, _)| *effect).chain(failed).max_by_key(rank)?;
    let reasons = each.into_iter().filter(|(theirs, _)| *theirs == effect);
    Some(Trial { effect, reasons: reasons.flat_map(|(_, reasons)| reasons.to_vec()).collect() })
}

/// The engines that answered, in order.
fn engines(answers: &[Evaluation]) -> Vec<EngineName> {
    let mut engines: Vec<EngineName> = Vec::with_capacity(answers.len());
    for engine in answers.iter().flat_map(Evaluation::engines) {
        if !engines.contains(engine) {
            engines.push(engine.clone());
        }
    }
    engines
}
