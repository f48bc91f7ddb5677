//! The three entrypoints, over one action.

use std::panic::{self, AssertUnwindSafe};

use axtary_actionpass::{
    Action, Cause, Effect, EngineError, EngineName, Evaluation, PolicyEngine, PolicyInfo,
    PolicyVersion, Principal, Reason,
};
use regorus::{Engine, LimitError, Value};

use super::{RegoEngine, builder::Entrypoints, load::take_apart};
use crate::error::one_line;

/// The most reasons of one denial.
const MAX_REASONS: usize = 64;
/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 1024;
/// The most approvers of one step-up.
const MAX_APPROVERS: usize = 16;

impl PolicyEngine for RegoEngine {
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        // What panics in the interpreter has decided nothing. It worked on a copy, which is gone.
        panic::catch_unwind(AssertUnwindSafe(|| self.ask_all(action))).unwrap_or_else(|_| {
            Err(EngineError {
                engine: EngineName::REGO,
                message: "the interpreter panicked on this action; simplify the module".to_owned(),
            })
        })
    }

    fn policy_version(&self) -> PolicyVersion {
        self.version
    }

    fn policies(&self) -> Vec<PolicyInfo> {
        self.policies.clone()
    }
}

/// What a rule evaluates to, or how it failed on this action.
type Answer<T> = Result<T, String>;

/// Evaluates one rule. Work without end is not an answer; it is a failure of the engine.
fn ask(engine: &mut Engine, rule: &str) -> Result<Answer<Value>, EngineError> {
    match engine.eval_rule(rule.to_owned()) {
        Ok(value) => Ok(Ok(value)),
        Err(error) => {
            let text = error.to_string();
            // Inside a function, regorus makes a text of it.
            let is_over_budget =
                matches!(error.downcast_ref(), Some(LimitError::TimeLimitExceeded { .. }))
                    || text.contains("execution exceeded time limit");
            if !is_over_budget {
                return Ok(Err(failure(&text)));
            }
            Err(EngineError {
                engine: EngineName::REGO,
                message: format!(
                    "`{rule}` takes more than {} steps on this action; simplify the module, or bound the facts",
                    RegoEngine::MAX_STEPS
                ),
            })
        }
    }
}

/// What went wrong in a module, and where.
fn failure(text: &str) -> String {
    let (place, message) = take_apart(text);
    match place {
        Some(place) => format!("{}: {}", one_line(place), one_line(message)),
        None => one_line(message),
    }
}

/// What `deny` holds.
fn reasons(value: Value) -> Answer<Vec<String>> {
    let entries: Vec<&Value> = match &value {
        Value::Undefined => Vec::new(),
        Value::Set(set) => set.iter_sorted().collect(),
        Value::Array(items) => items.iter().collect(),
        other => return Err(wrong_type(other, "a set of strings")),
    };
    Ok(entries
        .into_iter()
        .take(MAX_REASONS)
        .map(|entry| {
            let text = match entry {
                Value::String(text) => one_line(text),
                other => one_line(&other.to_string()),
            };
            text.chars().take(MAX_REASON_CHARS).collect()
        })
        .collect())
}

/// Whether `step_up` asks for approval, and from whom.
fn approvers(value: Value) -> Answer<Option<Vec<String>>> {
    let expected = "true, false, or a set of approvers";
    let entries: Vec<&Value> = match &value {
        Value::Undefined | Value::Bool(false) => return Ok(None),
        Value::Bool(true) => return Ok(Some(Vec::new())),
        Value::Set(set) => set.iter_sorted().collect(),
        Value::Array(items) => items.iter().collect(),
        other => return Err(wrong_type(other, expected)),
    };
    if entries.is_empty() {
        return Ok(None);
    }
    if entries.len() > MAX_APPROVERS {
        return Err(format!("it names more than {MAX_APPROVERS} approvers"));
    }
    entries
        .into_iter()
        .map(|entry| match entry {
            Value::String(name) => match Principal::new(name.as_ref()) {
                Ok(name) => Ok(name.as_str().to_owned()),
                Err(error) => Err(format!("an approver is refused: {error}")),
            },
            other => Err(wrong_type(other, expected)),
        })
        .collect::<Answer<Vec<_>>>()
        .map(Some)
}

/// Whether `allow` is `true`. Nothing else is, however true it looks.
fn permission(value: Value) -> Answer<bool> {
    match value {
        Value::Bool(allowed) => Ok(allowed),
        Value::Undefined => Ok(false),
        other => Err(wrong_type(&other, "true or false")),
    }
}

fn wrong_type(value: &Value, expected: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "undefined",
    };
    format!("its value is {found}, must be {expected}")
}

impl RegoEngine {
    fn ask_all(&self, action: &Action) -> Result<Evaluation, EngineError> {
        let mut engine = self.engine.clone();
        engine.set_input(self.mapper.input(action));
        // All three are evaluated, whatever the first says: an error in any of them denies.
        let Entrypoints { allow, deny, step_up } = &self.entrypoints;
        let denials = deny.as_ref().map(|rule| ask(&mut engine, rule)).transpose()?;
        let step_up = step_up.as_ref().map(|rule| ask(&mut engine, rule)).transpose()?;
        let allow = ask(&mut engine, allow)?;
        Ok(self.conclude(
            denials.map_or(Ok(Vec::new()), |answer| answer.and_then(reasons)),
            step_up.map_or(Ok(None), |answer| answer.and_then(approvers)),
            allow.and_then(permission),
        ))
    }

    fn conclude(
        &self,
        denials: Answer<Vec<String>>,
        step_up: Answer<Option<Vec<String>>>,
        allow: Answer<bool>,
    ) -> Evaluation {
        let Entrypoints { allow: allow_rule, deny: deny_rule, step_up: step_up_rule } =
            &self.entrypoints;
        let because = |rule: &str, cause| Reason::new(EngineName::REGO, cause).by(rule);
        let deny_rule = deny_rule.as_deref().unwrap_or_default();
        let step_up_rule = step_up_rule.as_deref().unwrap_or_default();
        let answer = |effect, reasons| {
            Evaluation::new(effect, vec![EngineName::REGO], self.version, reasons)
        };
        let mut refusals = Vec::new();
        match &denials {
            Ok(texts) => refusals.extend(texts.iter().map(|text| {
                because(deny_rule, Cause::Forbidden)
                    .saying(Some(text.clone()).filter(|text| !text.is_empty()))
            })),
            Err(message) => {
                refusals.push(because(deny_rule, Cause::Failed { message: message.clone() }));
            }
        }
        if let Err(message) = &step_up {
            refusals.push(because(step_up_rule, Cause::Failed { message: message.clone() }));
        }
        if let Err(message) = &allow {
            refusals.push(because(allow_rule, Cause::Failed { message: message.clone() }));
        }
        if !refusals.is_empty() {
            return answer(Effect::Deny, refusals);
        }
        match (step_up, allow) {
            (Ok(Some(approvers)), _) => {
                answer(Effect::StepUp, vec![because(step_up_rule, Cause::StepUp)])
                    .with_approvers(approvers)
            }
            (Ok(None), Ok(true)) => {
                answer(Effect::Permit, vec![because(allow_rule, Cause::Permitted)])
            }
            (Ok(None), Ok(false)) | (Err(_), _) | (_, Err(_)) => {
                answer(Effect::Deny, vec![Reason::new(EngineName::REGO, Cause::NoPermit)])
            }
        }
    }
}
