//! What decisions cost, as a table.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use super::super::escape::Inline;
use crate::command::{Cost, Measured, SMALL_SAMPLE};

pub(super) fn tell(out: &mut String, measured: &Measured) -> fmt::Result {
    let calls = if measured.calls == 1 { "call" } else { "calls" };
    writeln!(
        out,
        "{} {calls} of {}, on one thread",
        measured.calls,
        Inline(measured.calls_of.display())
    )?;
    writeln!(
        out,
        "{:<8}{:>10}{:>14}{:>12}{:>12}{:>12}{:>14}{:>11}",
        "", "policies", "about a call", "load", "median", "p99", "decisions/s", "measured"
    )?;
    for (engine, cost) in &measured.engines {
        row(out, engine.as_str(), cost)?;
    }
    row(out, "all", &measured.all)?;
    if measured.all.failures > 0 {
        writeln!(
            out,
            "{} of all these decisions could not be made, since an engine failed",
            measured.all.failures
        )?;
    }
    if measured.passed_over > 0 {
        writeln!(
            out,
            "{} decisions were passed over: their facts are withheld, or nothing was decided",
            measured.passed_over
        )?;
    }
    if measured.calls < SMALL_SAMPLE {
        writeln!(
            out,
            "the sample is small: with fewer than {SMALL_SAMPLE} calls, p99 says little of the calls that are not among them"
        )?;
    }
    if cfg!(debug_assertions) {
        writeln!(
            out,
            "this `axtary` is built without optimization; one that is takes a fraction of it"
        )?;
    }
    Ok(())
}

fn row(out: &mut String, name: &str, cost: &Cost) -> fmt::Result {
    let about = cost.about_a_call.map_or_else(|| "-".to_owned(), |about| format!("{about:.1}"));
    writeln!(
        out,
        "{name:<8}{:>10}{about:>14}{:>12}{:>12}{:>12}{:>14}{:>11}",
        cost.policies,
        milliseconds(cost.load),
        microseconds(cost.median),
        microseconds(cost.p99),
        cost.per_second(),
        cost.decisions
    )
}

fn microseconds(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
