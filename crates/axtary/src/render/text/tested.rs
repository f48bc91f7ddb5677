//! What came of cases, as text: first those that fail, each with its decision explained; the count last, where one looks.

use std::fmt::{self, Write as _};

use super::{super::escape::Inline, explained};
use crate::command::{Coverage, PolicyCheck, Tested};

pub(super) fn tell(out: &mut String, tested: &Tested) -> fmt::Result {
    for file in &tested.files {
        let path = Inline(file.path.display());
        for check in file.checks.iter().filter(|check| check.failed.is_some()) {
            write!(out, "FAIL {path}")?;
            if let Some(line) = check.line {
                write!(out, ":{line}")?;
            }
            writeln!(out, ": {}", Inline(&check.case))?;
            failed(out, check)?;
            writeln!(out)?;
        }
    }
    covered(out, &tested.coverage)?;
    counted(out, tested)
}

/// How a check failed.
pub(in crate::render) fn failed(out: &mut String, check: &PolicyCheck) -> fmt::Result {
    let Some(failed) = &check.failed else { return Ok(()) };
    writeln!(out, "  policy: {}", Inline(&check.policies))?;
    failed.unmet.iter().try_for_each(|unmet| writeln!(out, "  {}", Inline(unmet)))?;
    if let Some(explanation) = &failed.explanation {
        let mut decided = String::new();
        explained::decided(&mut decided, explanation)?;
        decided.lines().try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    Ok(())
}

/// The policies that never fired, by set, and how many did.
fn covered(out: &mut String, coverage: &[Coverage]) -> fmt::Result {
    if coverage.is_empty() {
        return Ok(());
    }
    for set in coverage.iter().filter(|set| set.never().next().is_some()) {
        let files: Vec<String> = set.files.iter().map(|path| path.display().to_string()).collect();
        writeln!(out, "{}:", Inline(files.join(" + ")))?;
        for policy in set.never() {
            let (id, file) = (Inline(&policy.id), Inline(&policy.file));
            write!(out, "  never fired: `{}:{id}` at {file}", policy.engine)?;
            policy.line.map_or(Ok(()), |line| write!(out, ":{line}"))?;
            writeln!(out)?;
        }
    }
    let all: usize = coverage.iter().map(|set| set.policies.len()).sum();
    let never: usize = coverage.iter().map(|set| set.never().count()).sum();
    writeln!(out, "{} of {} fired", all - never, count(all, "policy", "policies"))
}

fn counted(out: &mut String, tested: &Tested) -> fmt::Result {
    let (checks, failed) = (tested.checks().count(), tested.failed());
    let cases = count(tested.cases, "case", "cases");
    let files = count(tested.files.len(), "file", "files");
    write!(out, "{cases} in {files}, {}: ", count(checks, "decision", "decisions"))?;
    match failed {
        0 => writeln!(out, "all as expected")?,
        failed => writeln!(out, "{failed} not as expected")?,
    }
    match tested.uncovered().count() {
        0 => Ok(()),
        never => {
            let never = count(never, "policy", "policies");
            writeln!(
                out,
                "{never} never decided a case, and `--require-coverage` demands that each does"
            )
        }
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
