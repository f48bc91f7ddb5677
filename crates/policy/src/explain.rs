//! Why an action was decided as it was: each reason with the place of its policy and the conditions that decided, and the
//! nearest change that would have permitted.

use std::fmt;

use axtary_actionpass::{
    Action, Cause, Condition, Effect, EngineError, EngineName, Evaluation, Json, Object,
    PolicyEngine, PolicyInfo, Reason, Trace,
};

/// A decision, explained. Its [`Display`](fmt::Display) is for a terminal; [`Explanation::to_json`] for programs.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Operator, Vocabulary, testing};
/// use axtary_policy::{Explanation, NativeEngine, Rule};
///
/// let vocabulary = Vocabulary::new().with_constraint("max_count", Operator::AtMost, "count");
/// let rule = Rule::permit("few").agent("agent").tool("**").resource("**").constraint("max_count", 0);
/// let engine = NativeEngine::builder(&vocabulary).rule(rule).build()?;
///
/// let explanation = Explanation::of(&engine, &testing::action("slack.messages.post")?)?;
/// println!("{explanation}");
/// assert_eq!(explanation.findings()[0].remedy().as_deref(), Some("bring `count` down by 3, to 0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    evaluation: Evaluation,
    findings: Vec<Finding>,
    near: Vec<Trace>,
}

/// A reason, with the policy behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    reason: Reason,
    policy: Option<PolicyInfo>,
    conditions: Vec<Condition>,
}

impl Finding {
    /// The reason, as the decision gives it.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The policy that gave it, and where it stands.
    pub fn policy(&self) -> Option<&PolicyInfo> {
        self.policy.as_ref()
    }

    /// The conditions of the policy over this action.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The nearest change to the call that would meet what it did not, where one is known.
    pub fn remedy(&self) -> Option<String> {
        match self.reason.cause() {
            Cause::Violated(violation) => violation.remedy(),
            Cause::Permitted
            | Cause::Forbidden
            | Cause::StepUp
            | Cause::NoPermit
            | Cause::Failed { .. } => None,
        }
    }

    fn to_json(&self) -> Object {
        let mut object = self.reason.to_json();
        if let Some(policy) = &self.policy {
            place(policy, &mut object);
        }
        if !self.conditions.is_empty() {
            object.insert("conditions", conditions_to_json(&self.conditions));
        }
        object
    }
}

impl Explanation {
    /// Decides on an action, and explains the decision.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if the policy cannot decide at all.
    pub fn of(policy: &impl PolicyEngine, action: &Action) -> Result<Self, EngineError> {
        let evaluation = policy.evaluate(action)?;
        let (policies, traces) = (policy.policies(), policy.trace(action));
        let finding = |reason: &Reason| {
            let of = |info: &PolicyInfo| {
                info.engine == *reason.engine() && Some(info.id.as_str()) == reason.policy()
            };
            let trace = traces.iter().find(|trace| of(&trace.policy));
            Finding {
                reason: reason.clone(),
                policy: policies.iter().find(|info| of(info)).cloned(),
                conditions: trace.map(|trace| trace.conditions.clone()).unwrap_or_default(),
            }
        };
        let findings: Vec<Finding> = evaluation.reasons().iter().map(finding).collect();
        Ok(Self { near: near(&evaluation, traces), findings, evaluation })
    }

    /// The decision.
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Its reasons, each with the policy behind it.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Where nothing permits: the policies about the action that would, did their conditions hold; those with the fewest that
    /// do not hold first.
    pub fn near(&self) -> &[Trace] {
        &self.near
    }

    /// The explanation as JSON.
    pub fn to_json(&self) -> Object {
        let mut object = Object::new()
            .with("decision", self.evaluation.effect().as_str())
            .with("policy", self.evaluation.label())
            .with("policy_version", self.evaluation.policy_version().to_string())
            .with("reasons", self.findings.iter().map(Finding::to_json).collect::<Vec<_>>());
        if !self.near.is_empty() {
            let near = |trace: &Trace| {
                let mut object = Object::new()
                    .with("conditions", conditions_to_json(&trace.conditions))
                    .with("engine", trace.policy.engine.as_str())
                    .with("policy", trace.policy.id.as_str());
                place(&trace.policy, &mut object);
                object
            };
            object.insert("near", self.near.iter().map(near).collect::<Vec<_>>());
        }
        if let Some(trial) = self.evaluation.trial() {
            let reasons: Vec<Object> = trial.reasons.iter().map(Reason::to_json).collect();
            let trial =
                Object::new().with("decision", trial.effect.as_str()).with("reasons", reasons);
            object.insert("trial", trial);
        }
        object
    }
}

/// The permits that are about an action which nothing permits.
fn near(evaluation: &Evaluation, mut traces: Vec<Trace>) -> Vec<Trace> {
    let nothing = |engine: &EngineName| {
        let mut reasons = evaluation.reasons().iter();
        reasons.any(|r| r.engine() == engine && *r.cause() == Cause::NoPermit)
    };
    let unmet = |trace: &Trace| {
        trace.conditions.iter().filter(|condition| condition.holds != Some(true)).count()
    };
    traces.retain(|trace| {
        let permits = trace.policy.effect != Some(Effect::Deny);
        permits && nothing(&trace.policy.engine) && unmet(trace) > 0
    });
    traces.sort_by_key(unmet);
    traces
}

fn place(policy: &PolicyInfo, object: &mut Object) {
    object.insert("file", policy.file.as_str());
    if let Some(line) = policy.line.and_then(|line| i32::try_from(line).ok()) {
        object.insert("line", line);
    }
}

fn conditions_to_json(conditions: &[Condition]) -> Vec<Object> {
    let one = |condition: &Condition| {
        let holds = condition.holds.map_or(Json::from("undecided"), Json::from);
        let object = Object::new().with("condition", condition.text.as_str()).with("holds", holds);
        if condition.seen.is_empty() { object } else { object.with("seen", condition.seen.clone()) }
    };
    conditions.iter().map(one).collect()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.evaluation.label())?;
        for finding in &self.findings {
            writeln!(f, "  {}", finding.reason)?;
            if let Some(policy) = &finding.policy {
                write_place(f, policy)?;
            }
            write_conditions(f, &finding.conditions)?;
            if let Some(remedy) = finding.remedy() {
                writeln!(f, "    to permit: {remedy}")?;
            }
        }
        for trace in &self.near {
            writeln!(f, "  near: `{}:{}`", trace.policy.engine, trace.policy.id)?;
            write_place(f, &trace.policy)?;
            write_conditions(f, &trace.conditions)?;
        }
        if let Some(trial) = self.evaluation.trial() {
            writeln!(f, "on trial: {}", trial.effect)?;
            trial.reasons.iter().try_for_each(|reason| writeln!(f, "  {reason}"))?;
        }
        Ok(())
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, policy: &PolicyInfo) -> fmt::Result {
    match policy.line {
        Some(line) => writeln!(f, "    at {}:{line}", policy.file),
        None => writeln!(f, "    at {}", policy.file),
    }
}

fn write_conditions(f: &mut fmt::Formatter<'_>, conditions: &[Condition]) -> fmt::Result {
    for condition in conditions {
        let holds = match condition.holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "cannot be decided",
        };
        write!(f, "    {holds}: {}", condition.text)?;
        for (name, value) in condition.seen.iter() {
            write!(f, "; {name} is {value}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}
