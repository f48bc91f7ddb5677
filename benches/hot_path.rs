//! The hot path, beside the bare operations that it cannot do without, in one run.
//!
//!     cargo bench -p axtary-benches --bench hot_path && cargo run --release -p axtary-benches --bin budgets

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use std::{
    fs::OpenOptions,
    hint::black_box,
    io::Write as _,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use axtary_actionpass::{
    Execution, Guard, Json, KeySet, Ledger, MemoryStore, Payload, PolicyEngine, Record, RecordKind,
    SigningKey, Timestamp, Verifier,
};
use axtary_benches::{
    action, cedar, cedar_request, cedar_text, issuer, native, native_of_one_agent, payload, rego,
    vocabulary,
};
use axtary_ledger::{Durability, FileLedger, Index, verify};
use axtary_policy::PolicyStack;
use cedar_policy::{Authorizer, Entities, PolicySet};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const SEED: [u8; 32] = [7; 32];
/// Concurrent callers, where there are many.
const CALLERS: usize = 64;
/// Records in the ledger that is verified and opened.
const RECORDS: usize = 1_000_000;

fn key() -> SigningKey {
    SigningKey::from_seed(&SEED)
}

fn all_three() -> PolicyStack {
    PolicyStack::new().with(native(1).unwrap()).with(cedar(1).unwrap()).with(rego().unwrap())
}

fn guard(folder: &TempDir, policy: impl PolicyEngine + 'static, durability: Durability) -> Guard {
    let name = format!("{durability:?}-{}.jsonl", folder.path().read_dir().unwrap().count());
    let ledger = FileLedger::open(folder.path().join(name), durability).unwrap();
    Guard::new(policy, ledger, key(), issuer().unwrap()).unwrap()
}

/// How long `CALLERS` threads take for `times` calls of `call` in all.
fn concurrently(times: u64, call: impl Fn() + Sync) -> Duration {
    // Enough for each that starting and ending the threads does not count.
    let each = times.div_ceil(CALLERS as u64).max(200);
    let barrier = Barrier::new(CALLERS + 1);
    let elapsed = thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    (0..each).for_each(|_| call());
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        start.elapsed()
    });
    // Every thread makes the same number of calls, more in all than were asked for.
    elapsed.mul_f64(times as f64 / (each * CALLERS as u64) as f64)
}

fn bare(c: &mut Criterion) {
    let mut group = c.benchmark_group("bare");
    let folder = TempDir::new().unwrap();
    let token =
        guard(&folder, native(1).unwrap(), Durability::Buffered).check(&action().unwrap()).unwrap();
    let message = token.token().rsplit_once('.').unwrap().0.as_bytes().to_vec();
    let key = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let (public, signature) = (key.verifying_key(), key.sign(&message));
    group.bench_function("sign", |b| b.iter(|| key.sign(black_box(&message))));
    group.bench_function("verify_strict", |b| {
        b.iter(|| public.verify_strict(black_box(&message), &signature).unwrap())
    });

    let bytes = payload();
    group.bench_function("sha256_600", |b| b.iter(|| Sha256::digest(black_box(&bytes))));

    for count in [10, 10_000] {
        let policies: PolicySet = cedar_text(count).parse().unwrap();
        let (authorizer, entities, request) =
            (Authorizer::new(), Entities::empty(), cedar_request().unwrap());
        group.bench_function(format!("cedar_{count}"), |b| {
            b.iter(|| authorizer.is_authorized(black_box(&request), &policies, &entities));
        });
    }
    group.finish();
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    let (folder, action) = (TempDir::new().unwrap(), action().unwrap());
    let native_buffered = guard(&folder, native(10).unwrap(), Durability::Buffered);
    group.bench_function("native_buffered", |b| b.iter(|| native_buffered.check(&action).unwrap()));
    let all_buffered = guard(&folder, all_three(), Durability::Buffered);
    group.bench_function("all_buffered", |b| b.iter(|| all_buffered.check(&action).unwrap()));
    let synced = guard(&folder, native(10).unwrap(), Durability::Synced);
    group.sample_size(10);
    group.bench_function("native_buffered_64", |b| {
        b.iter_custom(|times| {
            concurrently(times, || drop(native_buffered.check(&action).unwrap()))
        });
    });
    group.bench_function("native_synced_64", |b| {
        b.iter_custom(|times| concurrently(times, || drop(synced.check(&action).unwrap())));
    });
    group.finish();
}

/// A durable decision beside a bare append and fdatasync of as many bytes, by turns: the disk's speed changes from one second to the
/// next, and the two are to see the same of it.
fn durable(c: &mut Criterion) {
    let (folder, action) = (TempDir::new().unwrap(), action().unwrap());
    let guard = guard(&folder, native(10).unwrap(), Durability::Synced);
    let file = OpenOptions::new().create(true).append(true).open(folder.path().join("bare"));
    let file = file.unwrap();
    let line = vec![b'x'; 1000];
    let bare = || {
        let start = Instant::now();
        (&file).write_all(&line).unwrap();
        file.sync_data().unwrap();
        start.elapsed()
    };
    let check = || {
        let start = Instant::now();
        let pass = guard.check(&action).unwrap();
        let elapsed = start.elapsed();
        drop(pass);
        elapsed
    };
    c.benchmark_group("bare").bench_function("append_fdatasync", |b| {
        b.iter_custom(|times| (0..times).map(|_| first_of(bare(), check())).sum());
    });
    c.benchmark_group("check").bench_function("native_synced", |b| {
        b.iter_custom(|times| (0..times).map(|_| first_of(check(), bare())).sum());
    });
}

/// The first of two times, both of which were taken.
fn first_of(first: Duration, _: Duration) -> Duration {
    first
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("evaluate");
    let action = action().unwrap();
    for count in [10, 100, 10_000] {
        let engine = native(count).unwrap();
        group.bench_function(format!("native_{count}"), |b| {
            b.iter(|| engine.evaluate(black_box(&action)).unwrap())
        });
    }
    let engine = native_of_one_agent(10_000).unwrap();
    group.bench_function("native_10000_of_one_agent", |b| {
        b.iter(|| engine.evaluate(black_box(&action)).unwrap())
    });
    for count in [10, 10_000] {
        let engine = cedar(count).unwrap();
        group.bench_function(format!("cedar_{count}"), |b| {
            b.iter(|| engine.evaluate(black_box(&action)).unwrap())
        });
    }
    let engine = rego().unwrap();
    group.bench_function("rego", |b| b.iter(|| engine.evaluate(black_box(&action)).unwrap()));
    group.finish();
}

fn verifying(c: &mut Criterion) {
    let mut group = c.benchmark_group("verify");
    let (folder, action, bytes) = (TempDir::new().unwrap(), action().unwrap(), payload());
    let guard = guard(&folder, native(1).unwrap(), Durability::Buffered);
    let keys = KeySet::new().trust(issuer().unwrap(), key().verifying_key()).unwrap();
    let verifier = Verifier::new(keys, action.audience().clone(), MemoryStore::default())
        .unwrap()
        .with_vocabulary(vocabulary());
    // With the payload read and hashed, and the pass used up: all that an executor does.
    group.bench_function("verify", |b| {
        b.iter_batched(
            || guard.check(&action).unwrap().token().to_owned(),
            |token| {
                let payload = Payload::parse(bytes.as_bytes()).unwrap();
                let execution = Execution {
                    tool: action.tool(),
                    resource: action.resource(),
                    payload: &payload,
                    facts: action.facts(),
                };
                verifier.verify(&token, &execution).unwrap()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("canonicalize_600", |b| {
        b.iter(|| Json::parse(black_box(bytes.as_bytes())).unwrap().to_canonical())
    });
    group.finish();
}

fn ledger(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    let folder = TempDir::new().unwrap();
    let record = decision();
    let buffered = FileLedger::open(folder.path().join("buffered"), Durability::Buffered).unwrap();
    group.bench_function("append_buffered", |b| b.iter(|| buffered.append(&record).unwrap()));
    let synced =
        Arc::new(FileLedger::open(folder.path().join("synced"), Durability::Synced).unwrap());
    group.bench_function("append_synced_64", |b| {
        b.iter_custom(|times| {
            concurrently(times, || {
                let appended = Ledger::append(&*synced, &record).unwrap();
                Ledger::sync(&*synced, &appended).unwrap();
            })
        });
    });

    let path = folder.path().join("large");
    let large = FileLedger::open(&path, Durability::Buffered).unwrap();
    for _ in 0..RECORDS {
        let _appended = large.append(&record).unwrap();
    }
    drop(large);
    group.sample_size(10);
    group.bench_function("open", |b| {
        b.iter(|| FileLedger::open(&path, Durability::Buffered).unwrap())
    });
    let index = Index::open(&path).unwrap();
    let records = index.len();
    let mut seq = 0;
    group.bench_function("prove_inclusion", |b| {
        b.iter(|| {
            // Any of them: far enough apart that no two share the lower half of their paths.
            seq = (seq + 314_159) % records;
            index.prove_inclusion(seq, records).unwrap()
        });
    });
    group.throughput(Throughput::Bytes(verify(&path).unwrap().bytes));
    group.bench_function("verify", |b| b.iter(|| verify(&path).unwrap()));
    group.finish();
}

/// A small decision, as a denial has it.
fn decision() -> Record {
    let action = action().unwrap();
    let body = axtary_actionpass::Object::new()
        .with("agent_id", action.actor().agent_id().as_str())
        .with("decision", "deny")
        .with("facts", action.facts().as_object().clone())
        .with("tool", action.tool().as_str());
    Record::new(RecordKind::Decision, Timestamp::from_seconds(1_785_240_000).unwrap(), &body)
}

criterion_group! {
    name = hot_path;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(30);
    targets = bare, check, durable, evaluate, verifying, ledger
}
criterion_main!(hot_path);
