//! Threads that append at the same time.

use std::{sync::Arc, thread};

use axtary_actionpass::Json;
use axtary_ledger::{Durability, FileLedger, Reader, verify};

use crate::kit::{Scene, append, record};

fn append_from_16_threads(durability: Durability) {
    let scene = Scene::new();
    let ledger = Arc::new(FileLedger::open(scene.path(), durability).unwrap());
    let threads: Vec<_> = (0..16)
        .map(|thread| {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || {
                let appended = (0..20).map(|number| {
                    let appended = ledger.append(&record(thread * 100 + number)).unwrap();
                    ledger.sync(&appended).unwrap();
                    appended
                });
                appended.collect::<Vec<_>>()
            })
        })
        .collect();
    let appended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(ledger.len(), 320);
    drop(ledger);

    let verified = verify(scene.path()).unwrap();
    assert_eq!((verified.records, verified.anchored), (320, 320));
    let entries: Vec<_> = Reader::open(scene.path()).unwrap().map(Result::unwrap).collect();
    for (thread, appended) in (0..).zip(appended) {
        for (number, appended) in (0..).zip(appended) {
            let entry = &entries[usize::try_from(appended.seq).unwrap()];
            assert_eq!((entry.seq, entry.hash), (appended.seq, appended.hash));
            let written = entry.body.get("number").and_then(Json::as_i64);
            assert_eq!(written, Some(i64::from(thread * 100 + number)));
        }
    }
}

#[test]
fn records_stand_in_the_order_of_their_numbers() {
    append_from_16_threads(Durability::Synced);
}

#[test]
fn records_stand_in_the_order_of_their_numbers_when_buffered() {
    append_from_16_threads(Durability::Buffered);
}

#[test]
fn the_head_of_a_synced_ledger_covers_each_acknowledged_record_at_once() {
    let scene = Scene::new();
    let ledger = scene.open();
    for number in 0..3 {
        append(&ledger, number);
        let verified = verify(scene.path()).unwrap();
        assert_eq!(verified.anchored, verified.records);
    }
}

#[test]
fn the_head_of_a_buffered_ledger_covers_its_records_once_it_is_closed() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), Durability::Buffered).unwrap();
    append(&ledger, 0);
    let verified = verify(scene.path()).unwrap();
    assert_eq!((verified.records, verified.anchored), (1, 0));
    drop(ledger);
    let verified = verify(scene.path()).unwrap();
    assert_eq!((verified.records, verified.anchored), (1, 1));
}

#[test]
fn a_ledger_that_grows_while_it_is_verified_is_whole() {
    let scene = Scene::new();
    let ledger = scene.open();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..300 {
                append(&ledger, number);
            }
        });
        while !writer.is_finished() {
            match verify(scene.path()) {
                Ok(verified) => assert!(verified.anchored <= verified.records),
                // Half of a write, seen while it was made.
                Err(failure) => assert_eq!(failure.code(), "ledger.torn", "{failure}"),
            }
        }
    });
    assert_eq!(verify(scene.path()).unwrap().anchored, 300);
}
