//! What a decision costs over policies that grow, ours beside bare Cedar, and what a policy takes of memory: two tables, and the
//! costs drawn into the file that is named. What `benches/agentmesh` printed is drawn too, if its file is named behind.
//!
//!     cargo run --release -p axtary-benches --bin policy_cost -- docs/policy-cost.svg target/agentmesh.txt

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{error::Error, fs, hint::black_box, time::Instant};

use axtary_actionpass::PolicyEngine;
use axtary_benches::{
    action, cedar, cedar_request, cedar_text, native, native_of_one_agent, rego_of,
};
use cedar_policy::{Authorizer, Entities, PolicySet};
use peak_alloc::PeakAlloc;
use plotters::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

type Failure = Box<dyn Error>;

const COUNTS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
/// Rego looks at every rule, and its budget of steps ends before more.
const MOST_REGO_RULES: usize = 1_000;
const SAMPLES: usize = 31;
/// How long one sample takes, about.
const SAMPLE_SECONDS: f64 = 0.01;

/// Something that is measured: a name, and points of a number of policies and seconds.
struct Curve {
    name: &'static str,
    points: Vec<(usize, f64)>,
}

fn main() -> Result<(), Failure> {
    memory()?;
    let mut curves = vec![
        curve("native, other agents", &COUNTS, |count| decision(native(count)?))?,
        curve("native, one agent", &COUNTS, |count| decision(native_of_one_agent(count)?))?,
        curve("Cedar engine", &COUNTS, |count| decision(cedar(count)?))?,
        curve("bare Cedar", &COUNTS, bare_cedar)?,
    ];
    let counts: Vec<usize> = COUNTS.into_iter().filter(|count| *count <= MOST_REGO_RULES).collect();
    curves.push(curve("Rego engine", &counts, |count| decision(rego_of(count)?))?);
    let mut arguments = std::env::args().skip(1);
    let svg = arguments.next();
    if let Some(path) = arguments.next() {
        curves.push(Curve { name: "agentmesh 4.0.0", points: read(&path)? });
    }
    table(&curves);
    svg.map_or(Ok(()), |path| draw(&path, &curves))
}

/// The bytes that are left on the heap when policies are loaded, for each.
fn memory() -> Result<(), Failure> {
    println!("{:>9} {:>14} {:>14} {:>14}", "bytes of", "native rule", "Cedar policy", "bare Cedar");
    for count in [10_000, 100_000] {
        let native = bytes(|| Ok(native(count)?))?;
        let cedar = bytes(|| Ok(cedar(count)?))?;
        let bare = bytes(|| Ok(cedar_text(count).parse::<PolicySet>()?))?;
        let [native, cedar, bare] = [native, cedar, bare].map(|bytes| bytes / count);
        println!("{count:>9} {native:>14} {cedar:>14} {bare:>14}");
    }
    println!();
    Ok(())
}

fn bytes<T>(load: impl FnOnce() -> Result<T, Failure>) -> Result<usize, Failure> {
    let before = MEMORY.current_usage();
    let _loaded = load()?;
    Ok(MEMORY.current_usage().saturating_sub(before))
}

/// A decision of an engine, which must permit.
fn decision(engine: impl PolicyEngine + 'static) -> Result<Box<dyn Fn()>, Failure> {
    let action = action()?;
    let decide = move || engine.evaluate(black_box(&action));
    let effect = decide()?.effect();
    if effect != axtary_actionpass::Effect::Permit {
        return Err(format!("the policy comes to {effect}").into());
    }
    Ok(Box::new(move || drop(black_box(decide()))))
}

fn bare_cedar(count: usize) -> Result<Box<dyn Fn()>, Failure> {
    let policies: PolicySet = cedar_text(count).parse()?;
    let (authorizer, entities, request) = (Authorizer::new(), Entities::empty(), cedar_request()?);
    Ok(Box::new(move || {
        drop(black_box(authorizer.is_authorized(black_box(&request), &policies, &entities)));
    }))
}

fn curve(
    name: &'static str,
    counts: &[usize],
    load: impl Fn(usize) -> Result<Box<dyn Fn()>, Failure>,
) -> Result<Curve, Failure> {
    let mut points = Vec::new();
    for &count in counts {
        points.push((count, cost(&load(count)?)));
    }
    Ok(Curve { name, points })
}

/// The median time of one call.
fn cost(call: &dyn Fn()) -> f64 {
    let time = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    let once = time(1).min(time(1)).max(1e-9);
    // At least one call, and no more than make sense.
    let calls = (1..=100_000).rev().find(|calls| f64::from(*calls) * once <= SAMPLE_SECONDS);
    let mut times: Vec<f64> = (0..SAMPLES).map(|_| time(calls.unwrap_or(1))).collect();
    times.sort_unstable_by(f64::total_cmp);
    times.get(SAMPLES / 2).copied().unwrap_or_default()
}

/// Lines of a number of policies and seconds.
fn read(path: &str) -> Result<Vec<(usize, f64)>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let point = |line: &str| {
        let (count, seconds) = line.split_once(' ').ok_or_else(|| format!("{path}: `{line}`"))?;
        Ok::<_, Failure>((count.parse()?, seconds.parse()?))
    };
    text.lines().map(point).collect()
}

fn table(curves: &[Curve]) {
    print!("{:>22}", "µs a decision of");
    COUNTS.iter().for_each(|count| print!("{count:>12}"));
    println!();
    for curve in curves {
        print!("{:>22}", curve.name);
        curve.points.iter().for_each(|(_, seconds)| print!("{:>12.2}", seconds * 1e6));
        println!();
    }
}

fn draw(path: &str, curves: &[Curve]) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (720, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let slowest = curves.iter().flat_map(|curve| &curve.points).map(|(_, seconds)| *seconds);
    let slowest = slowest.fold(0.0, f64::max) * 1e6;
    let mut chart = ChartBuilder::on(&root)
        .caption("a decision, µs", ("sans-serif", 16))
        .margin(12)
        .margin_right(32)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((10.0..100_000.0).log_scale(), (0.1..slowest * 2.0).log_scale())?;
    let plain = |value: &f64| value.to_string();
    chart
        .configure_mesh()
        .x_desc("policies")
        .x_label_formatter(&plain)
        .y_label_formatter(&plain)
        .light_line_style(WHITE)
        .draw()?;
    let colors = [BLUE, CYAN, RED, MAGENTA, GREEN, BLACK];
    for (curve, color) in curves.iter().zip(colors) {
        let points = curve.points.iter().map(|(count, seconds)| (*count as f64, seconds * 1e6));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}
