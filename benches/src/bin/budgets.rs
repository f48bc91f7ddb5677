//! Holds what `hot_path` measured against its budgets, and prints a table, or JSON with `--json`.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use axtary_actionpass::Object;

/// What is held against what.
enum Measure {
    /// The first takes at most so many times as long as the second.
    AtMost(&'static str, &'static str, f64),
    /// The first's rate is at least so many times the second's.
    RateAtLeast(&'static str, &'static str, f64),
    /// It takes at most so many nanoseconds.
    Nanoseconds(&'static str, f64),
    /// It gets through so many megabytes of its ledger in a second.
    Megabytes(&'static str, f64),
}

const BUDGETS: [(&str, Measure); 17] = [
    ("check, native rules, buffered", Measure::AtMost("check/native_buffered", "bare/sign", 1.35)),
    (
        "check, native + Cedar + Rego, buffered",
        Measure::AtMost("check/all_buffered", "bare/sign", 1.8),
    ),
    ("evaluate only, native, 10 rules", Measure::Nanoseconds("evaluate/native_10", 300.0)),
    ("evaluate only, native, 100 rules", Measure::Nanoseconds("evaluate/native_100", 1_000.0)),
    (
        "evaluate only, native, 10,000 rules of one agent",
        Measure::Nanoseconds("evaluate/native_10000_of_one_agent", 3_000.0),
    ),
    ("evaluate only, Cedar, 10 policies", Measure::Nanoseconds("evaluate/cedar_10", 4_000.0)),
    (
        "Cedar engine, 10,000 policies vs 10",
        Measure::AtMost("evaluate/cedar_10000", "evaluate/cedar_10", 1.2),
    ),
    (
        "Cedar engine, 10,000 policies vs bare Cedar",
        Measure::AtMost("evaluate/cedar_10000", "bare/cedar_10000", 1.0),
    ),
    (
        "verify, with payload hash and single use",
        Measure::AtMost("verify/verify", "bare/verify_strict", 1.25),
    ),
    (
        "durable check, single caller",
        Measure::AtMost("check/native_synced", "bare/append_fdatasync", 1.2),
    ),
    (
        "durable check, 64 callers, rate vs buffered",
        Measure::RateAtLeast("check/native_synced_64", "check/native_buffered_64", 0.6),
    ),
    (
        "durable append, 64 callers, rate vs one sync each",
        Measure::RateAtLeast("ledger/append_synced_64", "bare/append_fdatasync", 8.0),
    ),
    ("append, buffered", Measure::Nanoseconds("ledger/append_buffered", 3_000.0)),
    ("open a ledger of 1,000,000 records", Measure::Nanoseconds("ledger/open", 20_000_000.0)),
    ("prove any of 1,000,000 records", Measure::Nanoseconds("ledger/prove_inclusion", 5_000_000.0)),
    ("verify a ledger", Measure::Megabytes("ledger/verify", 400.0)),
    (
        "canonicalize 600 bytes vs hashing them",
        Measure::AtMost("verify/canonicalize_600", "bare/sha256_600", 10.0),
    ),
];

struct Row {
    what: &'static str,
    measured: String,
    goal: String,
    met: bool,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let json = std::env::args().any(|argument| argument == "--json");
    let rows =
        BUDGETS.iter().map(|(what, measure)| row(what, measure)).collect::<Result<Vec<_>, _>>()?;
    if json {
        let rows: Vec<Object> = rows.iter().map(to_json).collect();
        println!("{}", serde_json::to_string_pretty(&Object::new().with("budgets", rows))?);
    } else {
        println!("{:<52} {:>12} {:>12}  met", "what", "measured", "goal");
        for Row { what, measured, goal, met } in &rows {
            println!("{what:<52} {measured:>12} {goal:>12}  {}", if *met { "yes" } else { "NO" });
        }
        let bare = |name| median(name).map(|ns| format!("{:.1} µs", ns / 1000.0));
        println!(
            "\nbare sign {}, bare verify_strict {}, bare append + fdatasync {}",
            bare("bare/sign")?,
            bare("bare/verify_strict")?,
            bare("bare/append_fdatasync")?
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn row(what: &'static str, measure: &Measure) -> Result<Row, Box<dyn Error>> {
    Ok(match *measure {
        Measure::AtMost(ours, reference, goal) => {
            let ratio = median(ours)? / median(reference)?;
            Row {
                what,
                measured: format!("{ratio:.2} x"),
                goal: format!("<= {goal} x"),
                met: ratio <= goal,
            }
        }
        Measure::RateAtLeast(ours, reference, goal) => {
            let ratio = median(reference)? / median(ours)?;
            Row {
                what,
                measured: format!("{ratio:.2} x"),
                goal: format!(">= {goal} x"),
                met: ratio >= goal,
            }
        }
        Measure::Nanoseconds(ours, goal) => {
            let time = median(ours)?;
            Row {
                what,
                measured: duration(time),
                goal: format!("<= {}", duration(goal)),
                met: time <= goal,
            }
        }
        Measure::Megabytes(ours, goal) => {
            let rate = bytes(ours)? / median(ours)? * 1000.0;
            Row {
                what,
                measured: format!("{rate:.0} MB/s"),
                goal: format!(">= {goal} MB/s"),
                met: rate >= goal,
            }
        }
    })
}

fn to_json(row: &Row) -> Object {
    Object::new()
        .with("what", row.what)
        .with("measured", row.measured.as_str())
        .with("goal", row.goal.as_str())
        .with("met", row.met)
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 10_000.0 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e7 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

/// The median time of a bench, in nanoseconds.
fn median(bench: &str) -> Result<f64, Box<dyn Error>> {
    let estimates = read(bench, "estimates.json")?;
    estimates
        .pointer("/median/point_estimate")
        .and_then(serde_json::Value::as_f64)
        .ok_or_else(|| format!("{bench} has no median").into())
}

/// The bytes that one iteration of a bench gets through.
fn bytes(bench: &str) -> Result<f64, Box<dyn Error>> {
    let benchmark = read(bench, "benchmark.json")?;
    benchmark
        .pointer("/throughput/Bytes")
        .and_then(serde_json::Value::as_f64)
        .ok_or_else(|| format!("{bench} has no throughput").into())
}

fn read(bench: &str, file: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let path = target.join("criterion").join(bench).join("new").join(file);
    let bytes = fs::read(&path).map_err(|error| {
        format!(
            "{}: {error}; run `cargo bench -p axtary-benches --bench hot_path` first",
            path.display()
        )
    })?;
    #[expect(
        clippy::disallowed_methods,
        reason = "criterion's own file, whose doubles are not of our profile"
    )]
    Ok(serde_json::from_slice(&bytes)?)
}
