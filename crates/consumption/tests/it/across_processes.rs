//! Of all processes and threads that want one pass, one gets it, also when they are killed in between.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use axtary_actionpass::{Consumption, PassId};
use axtary_consumption::SqliteStore;

use crate::kit::{consume, id};

const STORE: &str = "AXTARY_TEST_STORE";
const PASSES: usize = 60;

/// Runs as a child process of the tests below, and does nothing otherwise: four threads try to use every pass, and say
/// which they got.
#[test]
fn child_process_that_uses_every_pass() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let store = SqliteStore::open(path).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for step in 0..PASSES {
                    // Each thread starts elsewhere, so that they meet at different passes.
                    let pass = id((step + thread * PASSES / 4) % PASSES);
                    if consume(store, &pass, 1_000_000, 1).unwrap() == Consumption::First {
                        println!("\nfirst {pass}");
                    }
                }
            });
        }
    });
}

fn start(store: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "across_processes::child_process_that_uses_every_pass", "--nocapture"])
        .env(STORE, store)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Counts the passes that a child says it got, until it ends or was killed behind the `limit`th.
fn listen(mut child: Child, limit: usize) -> HashMap<PassId, usize> {
    let mut got = HashMap::new();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        if let Some(pass) = line.strip_prefix("first ").and_then(|id| PassId::new(id).ok()) {
            *got.entry(pass).or_default() += 1;
            if got.len() == limit {
                child.kill().unwrap();
            }
        }
    }
    let status = child.wait().unwrap();
    assert!(status.success() || got.len() >= limit, "{status}");
    got
}

fn race(store: &Path, limits: [usize; 8]) -> HashMap<PassId, usize> {
    let children = limits.map(|limit| (start(store), limit));
    let threads = children.map(|(child, limit)| std::thread::spawn(move || listen(child, limit)));
    let mut total = HashMap::new();
    for got in threads.map(|thread| thread.join().unwrap()) {
        for (pass, count) in got {
            *total.entry(pass).or_default() += count;
        }
    }
    total
}

#[test]
fn of_eight_processes_with_four_threads_each_exactly_one_uses_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    drop(SqliteStore::open(&store).unwrap());
    let got = race(&store, [usize::MAX; 8]);
    assert_eq!(got.len(), PASSES);
    assert!(got.values().all(|count| *count == 1), "{got:?}");
}

#[test]
fn killed_processes_never_let_a_pass_be_used_twice() {
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        drop(SqliteStore::open(&store).unwrap());
        // Seven are killed at different moments; those killed between use and report take their pass with them.
        let got = race(&store, [1, 1, 2, 2, 3, 3, 4, 1 + round]);
        assert!(got.values().all(|count| *count == 1), "{got:?}");
        let reopened = SqliteStore::open(&store).unwrap();
        for pass in got.keys() {
            assert_eq!(consume(&reopened, pass, 1_000_000, 1), Ok(Consumption::Already), "{pass}");
        }
        let late = race(&store, [usize::MAX; 8]);
        assert!(
            late.iter().all(|(pass, count)| *count == 1 && !got.contains_key(pass)),
            "{late:?}"
        );
    }
}
