//! The one place where engines meet: every engine must permit, a denial wins, a step-up wins over a permit.

use std::fmt;

use axtary_actionpass::{
    Action, Cause, ConstraintError, Constraints, Effect, EngineError, EngineName, Evaluation,
    Facts, Object, PolicyEngine, PolicyVersion, Reason,
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
/// A stack without engines denies everything.
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
#[derive(Default)]
pub struct PolicyStack {
    engines: Vec<Box<dyn PolicyEngine>>,
}

impl PolicyStack {
    /// A stack without engines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an engine, which must permit too from now on.
    #[must_use]
    pub fn with(mut self, engine: impl PolicyEngine + 'static) -> Self {
        self.engines.push(Box::new(engine));
        self
    }
}

impl PolicyEngine for PolicyStack {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        // Every engine is asked, even behind a denial, so that all reasons are known at once.
        let mut answers = Vec::with_capacity(self.engines.len());
        let mut failures = Vec::new();
        for engine in &self.engines {
            match engine.evaluate(action) {
                Ok(answer) => answers.push(answer),
                Err(failure) => failures.push(failure),
            }
        }
        match (strictest(&answers), failures.first()) {
            (Some(Effect::Deny), _) => Ok(denial(answers, failures)),
            (None | Some(Effect::Permit | Effect::StepUp), Some(failure)) => Err(failure.clone()),
            (Some(effect @ (Effect::Permit | Effect::StepUp)), None) => {
                Ok(permission(effect, answers))
            }
            (None, None) => Ok(nothing_loaded()),
        }
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
        f.debug_struct("PolicyStack").field("engines", &self.engines.len()).finish()
    }
}

/// Deny before step-up before permit.
fn strictest(answers: &[Evaluation]) -> Option<Effect> {
    let rank = |effect: &Effect| match effect {
        Effect::Permit => 0,
        Effect::StepUp => 1,
        Effect::Deny => 2,
    };
    answers.iter().map(Evaluation::effect).max_by_key(rank)
}

fn nothing_loaded() -> Evaluation {
    let name = EngineName::new("stack").unwrap_or(EngineName::NATIVE);
    let reason = Reason::new(name, Cause::NoPermit)
        .saying(Some("no policy is loaded; add an engine to the stack".to_owned()));
    Evaluation::new(Effect::Deny, Vec::new(), PolicyVersion::of_sources([]), vec![reason])
}

/// A denial says why each engine that denies does so, and which engines failed beside it.
fn denial(answers: Vec<Evaluation>, failures: Vec<EngineError>) -> Evaluation {
    let (engines, version) = identity(&answers);
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
fn permission(effect: Effect, answers: Vec<Evaluation>) -> Evaluation {
    let (engines, version) = identity(&answers);
    let mut constraints = Constraints::none();
    let mut ttl = None;
    let mut approvers: Vec<String> = Vec::new();
    for answer in &answers {
        constraints = match constraints.merge(answer.constraints().clone()) {
            Ok(joined) => joined,
            Err(conflict) => return conflicting(answer, &conflict, engines, version),
        };
        ttl = [ttl, answer.ttl()].into_iter().flatten().min();
        for approver in answer.approvers() {
            if !approvers.contains(approver) {
                approvers.push(approver.clone());
            }
        }
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

/// The engines that answered, in order, and the digest over all their policies.
fn identity(answers: &[Evaluation]) -> (Vec<EngineName>, PolicyVersion) {
    let mut engines: Vec<EngineName> = Vec::with_capacity(answers.len());
    for engine in answers.iter().flat_map(Evaluation::engines) {
        if !engines.contains(engine) {
            engines.push(engine.clone());
        }
    }
    let version = match answers {
        [only] => only.policy_version(),
        _ => {
            let parts: Vec<_> = answers.iter().map(|a| (a.policy_version(), a.engines())).collect();
            PolicyVersion::of_sources(parts.iter().map(|(version, engines)| {
                let name = engines.first().map_or("", EngineName::as_str);
                (name, version.as_bytes().as_slice())
            }))
        }
    };
    (engines, version)
}
