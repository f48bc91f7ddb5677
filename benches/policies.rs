//! What policy costs: each engine beside the bare one that it is built on, over policies that grow.
//!
//!     cargo bench -p axtary-benches --bench policies

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use std::{cell::LazyCell, hint::black_box, time::Duration};

use axtary_actionpass::PolicyEngine;
use axtary_benches::{
    REGO, REGO_INPUT, action, cedar, cedar_request, cedar_text, native, native_of_one_agent, rego,
};
use axtary_policy::PolicyStack;
use cedar_policy::{Authorizer, Entities, PolicySet};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ed25519_dalek::Signer as _;
use regorus::{Engine, Value};

const COUNTS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];

fn growing(c: &mut Criterion) {
    let action = action().unwrap();
    let mut group = c.benchmark_group("native");
    for count in COUNTS {
        // What a filter leaves out is not built.
        let engine = LazyCell::new(|| native(count).unwrap());
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| engine.evaluate(black_box(&action)).unwrap())
        });
    }
    group.finish();
    let mut group = c.benchmark_group("native_of_one_agent");
    for count in COUNTS {
        let engine = LazyCell::new(|| native_of_one_agent(count).unwrap());
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| engine.evaluate(black_box(&action)).unwrap())
        });
    }
    group.finish();
    let mut group = c.benchmark_group("cedar");
    for count in COUNTS {
        let engine = LazyCell::new(|| cedar(count).unwrap());
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| engine.evaluate(black_box(&action)).unwrap())
        });
    }
    group.finish();
    let mut group = c.benchmark_group("bare_cedar");
    for count in COUNTS {
        let policies = LazyCell::new(|| cedar_text(count).parse::<PolicySet>().unwrap());
        let (authorizer, entities, request) =
            (Authorizer::new(), Entities::empty(), cedar_request().unwrap());
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| authorizer.is_authorized(black_box(&request), &policies, &entities))
        });
    }
    group.finish();
}

fn engines(c: &mut Criterion) {
    let action = action().unwrap();
    let mut group = c.benchmark_group("engine");
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let message = [b'x'; 900];
    group.bench_function("bare_sign", |b| b.iter(|| key.sign(black_box(&message))));
    group.bench_function("bare_cedar_request", |b| {
        b.iter(|| cedar_request().unwrap());
    });
    let mut bare = Engine::new();
    bare.add_policy("policy.rego".to_owned(), REGO.to_owned()).unwrap();
    bare.compile_with_entrypoint(&"data.axtary.allow".into()).unwrap();
    let input = Value::from_json_str(REGO_INPUT).unwrap();
    group.bench_function("bare_rego", |b| {
        b.iter(|| {
            let mut engine = bare.clone();
            engine.set_input(black_box(&input).clone());
            engine.eval_rule("data.axtary.allow".to_owned()).unwrap()
        })
    });
    // As above, with the input made for each decision, as ours is.
    group.bench_function("bare_rego_from_json", |b| {
        b.iter(|| {
            let mut engine = bare.clone();
            engine.set_input(Value::from_json_str(black_box(REGO_INPUT)).unwrap());
            engine.eval_rule("data.axtary.allow".to_owned()).unwrap()
        })
    });
    let (native, cedar, rego) = (native(10).unwrap(), cedar(10).unwrap(), rego().unwrap());
    group.bench_function("native", |b| b.iter(|| native.evaluate(black_box(&action)).unwrap()));
    group.bench_function("cedar", |b| b.iter(|| cedar.evaluate(black_box(&action)).unwrap()));
    group.bench_function("rego", |b| b.iter(|| rego.evaluate(black_box(&action)).unwrap()));
    let stack = PolicyStack::new().with(native).with(cedar).with(rego);
    group.bench_function("all", |b| b.iter(|| stack.evaluate(black_box(&action)).unwrap()));
    group.finish();
}

criterion_group! {
    name = policies;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000))
        .sample_size(30);
    targets = engines, growing
}
criterion_main!(policies);
