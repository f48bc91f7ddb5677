//! `kill -9` at any moment: what was acknowledged is there afterwards.

use std::{
    io::{BufRead, BufReader},
    sync::Arc,
    thread,
};

use axtary_actionpass::LedgerHash;
use axtary_ledger::{Durability, FileLedger, verify_against};

use crate::kit::{Scene, append, child, heard, in_child, record, say};

const ROUNDS: usize = 40;

fn killed_at_any_moment(name: &str, durability: Durability) {
    if let Some(path) = in_child() {
        return append_until_killed(FileLedger::open(path, durability).unwrap());
    }
    let scene = Scene::new();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let mut writer = child(name, &scene.path()).spawn().unwrap();
        let output = BufReader::new(writer.stdout.take().unwrap());
        let mut heard_until_kill = 0;
        // What stands in the pipe when the writer dies was acknowledged too.
        for line in output.split(b'\n').map(Result::unwrap) {
            let line = String::from_utf8(line).unwrap();
            let Some(Ok(hash)) = heard(&line).map(LedgerHash::parse) else { continue };
            acknowledged.push(hash);
            heard_until_kill += 1;
            if heard_until_kill == round * 3 % 50 + 1 {
                writer.kill().unwrap();
            }
        }
        let code = writer.wait().unwrap().code();
        assert!(!matches!(code, Some(0 | 101)), "the writer ends by being killed alone: {code:?}");

        let ledger = FileLedger::open(scene.path(), durability).unwrap();
        append(&ledger, -1);
        drop(ledger);
        let verified = verify_against(scene.path(), &acknowledged).unwrap();
        assert_eq!(verified.anchored, verified.records);
    }
    assert!(acknowledged.len() >= ROUNDS);
}

fn append_until_killed(ledger: FileLedger) {
    let ledger = Arc::new(ledger);
    let threads = [0, 1, 2, 3].map(|thread| {
        let ledger = Arc::clone(&ledger);
        thread::spawn(move || {
            for number in 0.. {
                let appended = ledger.append(&record(thread * 1_000_000 + number)).unwrap();
                ledger.sync(&appended).unwrap();
                say(&appended.hash.to_string());
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn every_acknowledged_record_survives_kill_9() {
    killed_at_any_moment("crash::every_acknowledged_record_survives_kill_9", Durability::Synced);
}

#[test]
fn every_acknowledged_record_survives_kill_9_when_buffered() {
    let name = "crash::every_acknowledged_record_survives_kill_9_when_buffered";
    killed_at_any_moment(name, Durability::Buffered);
}
