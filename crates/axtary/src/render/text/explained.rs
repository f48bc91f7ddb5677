//! A decision, explained to a person: each policy that decided with where it stands, its conditions, and what would have met them.

use std::fmt::{self, Write as _};

use axtary_actionpass::{Condition, Effect, PolicyInfo};
use axtary_policy::{Explanation, Finding};

use super::super::escape::Inline;
use crate::command::{Explained, RecordedDecision};

pub(super) fn tell(
    out: &mut String,
    Explained { explanation, recorded }: &Explained,
) -> fmt::Result {
    decided(out, explanation)?;
    let version = explanation.evaluation().policy_version().to_string();
    writeln!(out, "policy version {version}")?;
    recorded.as_ref().map_or(Ok(()), |recorded| then(out, recorded, &version))
}

/// The decision itself.
pub(super) fn decided(out: &mut String, explanation: &Explanation) -> fmt::Result {
    let evaluation = explanation.evaluation();
    writeln!(out, "{} ({})", word(evaluation.effect()), evaluation.label())?;
    for findings in explanation.findings().chunk_by(of_one_policy) {
        for finding in findings {
            writeln!(out, "  {}", Inline(finding.reason()))?;
            if let Some(remedy) = finding.remedy() {
                writeln!(out, "    help: {}", Inline(remedy))?;
            }
        }
        if let Some(finding) = findings.first() {
            finding.policy().map_or(Ok(()), |policy| place(out, policy))?;
            conditions(out, finding.conditions())?;
        }
    }
    if evaluation.effect() == Effect::Permit
        && let Some(ttl) = evaluation.ttl()
    {
        writeln!(out, "a pass lives {} seconds", ttl.as_secs())?;
    }
    if !evaluation.approvers().is_empty() {
        writeln!(out, "approvers: {}", Inline(evaluation.approvers().join(", ")))?;
    }
    if !explanation.near().is_empty() {
        writeln!(out, "these would not deny, did their conditions hold:")?;
        for trace in explanation.near() {
            writeln!(out, "  `{}:{}`", trace.policy.engine, Inline(&trace.policy.id))?;
            place(out, &trace.policy)?;
            conditions(out, &trace.conditions)?;
        }
    }
    if let Some(trial) = evaluation.trial() {
        writeln!(out, "with the policies on trial: {}", word(trial.effect))?;
        trial.reasons.iter().try_for_each(|reason| writeln!(out, "  {}", Inline(reason)))?;
    }
    Ok(())
}

/// A policy that gives several reasons is shown once behind them.
fn of_one_policy(one: &Finding, next: &Finding) -> bool {
    one.policy().is_some() && one.policy() == next.policy()
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permitted",
        Effect::StepUp => "a human must approve first",
        Effect::Deny => "denied",
    }
}

fn place(out: &mut String, policy: &PolicyInfo) -> fmt::Result {
    match policy.line {
        Some(line) => writeln!(out, "    at {}:{line}", Inline(&policy.file)),
        None => writeln!(out, "    at {}", Inline(&policy.file)),
    }
}

fn conditions(out: &mut String, conditions: &[Condition]) -> fmt::Result {
    for condition in conditions {
        let holds = match condition.holds {
            Some(true) => "holds",
            Some(false) => "fails",
            None => "undecided",
        };
        write!(out, "    {holds:<9}  {}", Inline(&condition.text))?;
        for (name, value) in condition.seen.iter() {
            write!(out, "; {} is {value}", Inline(name))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What was decided at the time.
fn then(out: &mut String, recorded: &RecordedDecision, version: &str) -> fmt::Result {
    let RecordedDecision { seq, at, decision, policy_version } = recorded;
    write!(out, "record {seq} ({at}) says {}, under ", Inline(decision))?;
    match policy_version {
        Some(then) if then == version => writeln!(out, "this version"),
        Some(then) => writeln!(out, "the version {}", Inline(then)),
        None => writeln!(out, "no policy, for a part had failed"),
    }
}
