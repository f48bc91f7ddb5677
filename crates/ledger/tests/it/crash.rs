//! `kill -9` at any moment: what was acknowledged is there afterwards.

use std::{
    io::{BufRead, BufReader},
    thread,
};

use axtary_actionpass::{Guard, LedgerHash, SigningKey, testing};
use axtary_ledger::{Durability, FileLedger, Options, verify_against};

use crate::kit::{Scene, append, child, heard, in_child, say};

/// How often the whole ledger is verified; every round the end of it is.
const VERIFIED_EVERY: usize = 20;

fn killed_at_any_moment(name: &str, durability: Durability, rounds: usize) {
    if let Some(path) = in_child() {
        return check_until_killed(FileLedger::open(path, options(durability)).unwrap());
    }
    let scene = Scene::new();
    let mut acknowledged = Vec::new();
    for round in 1..=rounds {
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

        let ledger = FileLedger::open(scene.path(), options(durability)).unwrap();
        append(&ledger, -1);
        drop(ledger);
        if round.is_multiple_of(VERIFIED_EVERY) {
            let verified = verify_against(scene.path(), &acknowledged).unwrap();
            assert_eq!(verified.anchored, verified.records);
        }
    }
    assert!(acknowledged.len() >= rounds);
}

/// Small segments, so that some are closed at the moment of the kill.
fn options(durability: Durability) -> Options {
    Options::from(durability).with_segment_bytes(40_000)
}

/// Has eight threads check an action each, and says of each pass where its decision was recorded.
fn check_until_killed(ledger: FileLedger) {
    let policy = testing::permit_if(|action| action.tool().as_str() == TOOL);
    let issuer = "https://gate.example".parse().unwrap();
    let guard = Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer).unwrap();
    let action = testing::action(TOOL).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    say(&guard.check(&action).unwrap().claims().ledger_hash().to_string());
                }
            });
        }
    });
}

const TOOL: &str = "slack.messages.post";

#[test]
fn every_acknowledged_record_survives_kill_9() {
    let name = "crash::every_acknowledged_record_survives_kill_9";
    killed_at_any_moment(name, Durability::Synced, 200);
}

#[test]
fn every_acknowledged_record_survives_kill_9_when_buffered() {
    let name = "crash::every_acknowledged_record_survives_kill_9_when_buffered";
    killed_at_any_moment(name, Durability::Buffered, 100);
}
