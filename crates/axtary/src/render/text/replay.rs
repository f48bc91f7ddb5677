//! What a replay came to, for humans.

use std::fmt::{self, Write as _};

use axtary_actionpass::Json;

use crate::{
    command::{Aim, Example, Group, PassedOver, ReplayReport},
    render::escape::Inline,
};

pub(super) fn replayed(out: &mut String, report: &ReplayReport) -> fmt::Result {
    let ledger = Inline(report.ledger.display());
    writeln!(out, "{} decisions in {ledger}", report.decisions)?;
    writeln!(out, "policy version {}", report.version)?;
    match report.aim {
        Aim::InForce => {
            writeln!(out, "  {:>8}  come to the same", report.compared - report.differing)?;
            writeln!(out, "  {:>8}  come to something else", report.differing)?;
            if report.other_version > 0 {
                writeln!(
                    out,
                    "  {:>8}  were made under another version of the policy, and not compared (--all does)",
                    report.other_version
                )?;
            }
        }
        Aim::WhatIf => writeln!(out, "  {:>8}  were made again", report.compared)?,
    }
    for (why, passed_over) in &report.passed_over {
        not_again(out, why, passed_over)?;
    }
    for ((recorded, now), group) in &report.groups {
        if report.aim == Aim::WhatIf || group.differing > 0 {
            writeln!(out, "\n{recorded} -> {now}: {}", group.count)?;
            told(out, group, report.aim, recorded == now)?;
        }
    }
    let never = report.never_fired();
    if report.compared > 0 && !never.is_empty() {
        writeln!(out, "\nnever fired:")?;
        for policy in never {
            write!(out, "  {}:{} in {}", policy.engine, Inline(&policy.id), Inline(&policy.file))?;
            match policy.line {
                Some(line) => writeln!(out, ":{line}")?,
                None => writeln!(out)?,
            }
        }
    }
    Ok(())
}

fn not_again(out: &mut String, why: &str, passed_over: &PassedOver) -> fmt::Result {
    writeln!(out, "  {:>8}  cannot be made again ({why})", passed_over.count)?;
    for (seq, why) in &passed_over.examples {
        writeln!(out, "            record {seq}: {}", Inline(why))?;
    }
    Ok(())
}

fn told(out: &mut String, group: &Group, aim: Aim, same_decision: bool) -> fmt::Result {
    for (decider, count) in &group.by {
        match &decider.policy {
            Some(policy) => {
                writeln!(out, "  {count:>8}  by {}:{}", decider.engine, Inline(policy))?
            }
            None => writeln!(out, "  {count:>8}  by {}, by no policy of it", decider.engine)?,
        }
    }
    // With another decision, the rest is another too.
    for (member, count) in group.members.iter().filter(|_| same_decision) {
        writeln!(out, "  {count:>8}  with other {member}")?;
    }
    group.examples.iter().try_for_each(|one| example(out, one, aim))
}

fn example(out: &mut String, example: &Example, aim: Aim) -> fmt::Result {
    write!(out, "  record {}  {}", example.seq, example.at)?;
    for (_, value) in &example.call {
        write!(out, "  {}", Inline(value))?;
    }
    writeln!(out)?;
    for reason in &example.reasons {
        writeln!(out, "    {}", Inline(reason))?;
    }
    if aim == Aim::InForce {
        for difference in &example.differences {
            let shown = |value: &Option<Json>| {
                value.as_ref().map_or_else(|| "nothing".to_owned(), Json::to_string)
            };
            let (recorded, again) = (shown(&difference.recorded), shown(&difference.again));
            writeln!(out, "    {}: recorded {recorded}", difference.member)?;
            writeln!(out, "    {}: now      {again}", difference.member)?;
        }
    }
    Ok(())
}
