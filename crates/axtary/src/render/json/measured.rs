//! What decisions cost, as JSON. Times are in nanoseconds.

use std::time::Duration;

use axtary_actionpass::{Json, Number, Object};

use super::{number, shown};
use crate::command::{Cost, Measured, SMALL_SAMPLE};

pub(super) fn to_json(measured: &Measured) -> Object {
    let engines: Vec<Object> = measured
        .engines
        .iter()
        .map(|(engine, cost)| to_object(cost).with("engine", engine.as_str()))
        .collect();
    Object::new()
        .with("all", to_object(&measured.all))
        .with("calls", count(measured.calls))
        .with("calls_of", shown(&measured.calls_of))
        .with("debug_build", cfg!(debug_assertions))
        .with("engines", engines)
        .with("passed_over", count(measured.passed_over))
        .with("small_sample", measured.calls < SMALL_SAMPLE)
}

fn to_object(cost: &Cost) -> Object {
    let about = cost.about_a_call.and_then(|about| Number::try_from(about).ok());
    Object::new()
        .with("decisions", count(cost.decisions))
        .with("failures", count(cost.failures))
        .with("load_ns", nanoseconds(cost.load))
        .with("median_ns", nanoseconds(cost.median))
        .with("p99_ns", nanoseconds(cost.p99))
        .with("per_second", number(cost.per_second()))
        .with("policies", count(cost.policies))
        .with("policies_about_a_call", about.map_or(Json::Null, Json::Number))
}

fn count(value: usize) -> Json {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}

fn nanoseconds(time: Duration) -> Json {
    number(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
