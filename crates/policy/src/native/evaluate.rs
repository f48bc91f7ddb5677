//! An action against the rules that can apply to it.

use std::time::Duration;

use axtary_actionpass::{
    Action, Cause, Condition, Constraints, Effect, EngineError, EngineName, Evaluation, Facts,
    Object, PolicyEngine, PolicyInfo, PolicyVersion, Reason, Trace, Trial, Violation,
};

use super::{
    NativeEngine,
    compile::{CompiledRule, Outcome},
    when::{Applies, seen},
};

impl PolicyEngine for NativeEngine {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        let mut found = Found::default();
        let mut on_trial = false;
        let mut sensitive: Vec<String> = Vec::new();
        for position in self.index.candidates(action) {
            let Some(rule) = self.rules.get(position).filter(|rule| rule.matches(action)) else {
                continue;
            };
            for fact in &rule.sensitive {
                if !sensitive.contains(fact) {
                    sensitive.push(fact.clone());
                }
            }
            if rule.enforce {
                found.take(rule, action);
            } else {
                on_trial = true;
            }
        }
        let trial = on_trial.then(|| self.trial(action));
        Ok(self.answer(found).with_sensitive(sensitive).with_trial(trial))
    }

    fn policy_version(&self) -> PolicyVersion {
        self.version
    }

    fn policies(&self) -> Vec<PolicyInfo> {
        self.rules.iter().map(|rule| self.info(rule)).collect()
    }

    fn trace(&self, action: &Action) -> Vec<Trace> {
        let facts = action.facts();
        let trace = |rule: &CompiledRule| {
            let mut conditions = rule.when.conditions(facts);
            if let Outcome::Permit { constraints, .. } | Outcome::StepUp { constraints, .. } =
                &rule.outcome
            {
                let violations = constraints.violations(facts);
                conditions.extend(constraints.as_object().iter().map(|(name, operand)| {
                    let violation = violations.iter().find(|found| found.constraint() == name);
                    Condition {
                        text: format!("constraint {name}: {operand}"),
                        holds: Some(violation.is_none()),
                        seen: violation.map_or_else(Object::new, |found| seen(found.fact(), facts)),
                    }
                }));
            }
            Trace { policy: self.info(rule), conditions }
        };
        let candidates = self.index.candidates(action).into_iter();
        let rules = candidates.filter_map(|position| self.rules.get(position));
        rules.filter(|rule| rule.matches(action)).map(trace).collect()
    }

    /// Every fact of the vocabulary that the rules were read by.
    fn neutral_facts(&self) -> Facts {
        self.neutral.clone()
    }
}

impl CompiledRule {
    /// Whether the rule is about this call; its conditions come after.
    fn matches(&self, action: &Action) -> bool {
        self.tool.matches(action.tool().as_str())
            && self.agent.matches(action.actor().agent_id().as_str())
            && self.resource.matches(action.resource().as_str())
            && self
                .human_owner
                .as_ref()
                .is_none_or(|patterns| patterns.matches(action.actor().human_owner().as_str()))
            && self.task.as_ref().is_none_or(|patterns| {
                action.intent().task_id().is_some_and(|task| patterns.matches(task.as_str()))
            })
    }

    fn because(&self, cause: Cause) -> Reason {
        Reason::new(EngineName::NATIVE, cause).by(self.id.as_str()).saying(self.reason.clone())
    }
}

/// What the rules that apply come to.
#[derive(Default)]
struct Found<'a> {
    forbidden: Vec<Reason>,
    failed: Vec<Reason>,
    step_up: Option<StepUp<'a>>,
    permit: Option<Permit<'a>>,
    violated: Vec<(&'a CompiledRule, Vec<Violation>)>,
}

/// The step-ups that apply, joined: each must hold, whoever approves.
#[derive(Default)]
struct StepUp<'a> {
    reasons: Vec<Reason>,
    approvers: Vec<String>,
    constraints: Vec<&'a Constraints>,
    violated: Vec<(&'a CompiledRule, Vec<Violation>)>,
}

struct Permit<'a> {
    rule: &'a CompiledRule,
    constraints: &'a Constraints,
    ttl: Option<Duration>,
}

impl<'a> Found<'a> {
    fn take(&mut self, rule: &'a CompiledRule, action: &Action) {
        match (rule.when.decide(action.facts()), &rule.outcome) {
            (Applies::No, _) | (Applies::Undecided(_), Outcome::Permit { .. }) => {}
            (Applies::Undecided(message), Outcome::Forbid | Outcome::StepUp { .. }) => {
                self.failed.push(rule.because(Cause::Failed { message }));
            }
            (Applies::Yes, Outcome::Forbid) => {
                self.forbidden.push(rule.because(Cause::Forbidden));
            }
            (Applies::Yes, Outcome::StepUp { constraints, approvers }) => {
                let step_up = self.step_up.get_or_insert_default();
                step_up.reasons.push(rule.because(Cause::StepUp));
                for approver in approvers {
                    if !step_up.approvers.contains(approver) {
                        step_up.approvers.push(approver.clone());
                    }
                }
                let violations = constraints.violations(action.facts());
                if violations.is_empty() {
                    step_up.constraints.push(constraints);
                } else {
                    step_up.violated.push((rule, violations));
                }
            }
            (Applies::Yes, Outcome::Permit { constraints, ttl }) => {
                // The first permit that holds decides; what does not hold beside it is no reason.
                if self.permit.is_some() {
                    return;
                }
                let violations = constraints.violations(action.facts());
                if violations.is_empty() {
                    self.permit = Some(Permit { rule, constraints, ttl: *ttl });
                } else {
                    self.violated.push((rule, violations));
                }
            }
        }
    }
}

impl NativeEngine {
    fn info(&self, rule: &CompiledRule) -> PolicyInfo {
        PolicyInfo {
            engine: EngineName::NATIVE,
            id: rule.id.clone(),
            effect: Some(rule.outcome.effect()),
            file: self.file.clone(),
            line: rule.line,
        }
    }

    /// What all rules would come to, those on trial included.
    fn trial(&self, action: &Action) -> Trial {
        let mut found = Found::default();
        let rules = self
            .index
            .candidates(action)
            .into_iter()
            .filter_map(|position| self.rules.get(position));
        rules.filter(|rule| rule.matches(action)).for_each(|rule| found.take(rule, action));
        let answer = self.answer(found);
        Trial { effect: answer.effect(), reasons: answer.into_reasons() }
    }

    fn answer(&self, found: Found<'_>) -> Evaluation {
        let answer = |effect, reasons| {
            Evaluation::new(effect, vec![EngineName::NATIVE], self.version, reasons)
        };
        if !found.forbidden.is_empty() || !found.failed.is_empty() {
            let mut reasons = found.forbidden;
            reasons.extend(found.failed);
            return answer(Effect::Deny, reasons);
        }
        if let Some(step_up) = found.step_up {
            return self.step_up(step_up);
        }
        if let Some(permit) = found.permit {
            return answer(Effect::Permit, vec![permit.rule.because(Cause::Permitted)])
                .with_constraints(permit.constraints.clone())
                .with_ttl(permit.ttl);
        }
        answer(Effect::Deny, shortfall(found.violated))
    }
}

impl NativeEngine {
    /// No human is asked about what the rule itself rules out.
    fn step_up(&self, step_up: StepUp<'_>) -> Evaluation {
        let answer = |effect, reasons| {
            Evaluation::new(effect, vec![EngineName::NATIVE], self.version, reasons)
        };
        if !step_up.violated.is_empty() {
            return answer(Effect::Deny, shortfall(step_up.violated));
        }
        let joined = step_up
            .constraints
            .into_iter()
            .try_fold(Constraints::none(), |joined, constraints| joined.merge(constraints.clone()));
        match joined {
            Ok(constraints) => answer(Effect::StepUp, step_up.reasons)
                .with_approvers(step_up.approvers)
                .with_constraints(constraints),
            Err(conflict) => {
                let message =
                    format!("{conflict}: two `step_up` rules apply; let both say the same");
                answer(
                    Effect::Deny,
                    vec![Reason::new(EngineName::NATIVE, Cause::Failed { message })],
                )
            }
        }
    }
}

/// Why nothing permits the call: what the nearest permits ask for, those with the fewest violations first.
fn shortfall(mut violated: Vec<(&CompiledRule, Vec<Violation>)>) -> Vec<Reason> {
    if violated.is_empty() {
        return vec![Reason::new(EngineName::NATIVE, Cause::NoPermit)];
    }
    violated.sort_by_key(|(_, violations)| violations.len());
    violated
        .into_iter()
        .flat_map(|(rule, violations)| {
            violations.into_iter().map(|violation| rule.because(Cause::Violated(violation)))
        })
        .collect()
}
