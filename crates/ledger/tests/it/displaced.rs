//! A file that is removed, replaced or changed in length under the running ledger stops it, before another record is
//! acknowledged.

use std::{
    fs::{self, OpenOptions},
    io::Write,
};

use axtary_ledger::{Durability, FileLedger};

use crate::kit::{Scene, append, record};

/// Changes the file under a ledger that holds one record, and demands that it acknowledges at most `more` others.
fn stops(durability: Durability, more: i32, change: impl Fn(&Scene), seen: &str) {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), durability).unwrap();
    append(&ledger, 0);
    change(&scene);
    let next = |number| ledger.sync(&ledger.append(&record(number))?);
    let error = (0..=more).find_map(|number| next(number).err()).unwrap();
    assert_eq!(error.code(), "ledger.displaced");
    assert!(error.to_string().contains("audit.jsonl` "), "{error}");
    assert!(error.to_string().contains(seen), "{error}");
    assert_eq!(next(0).unwrap_err().code(), "ledger.stopped");
}

/// What changes the length is seen at the next record.
fn stops_at_once(change: impl Fn(&Scene), seen: &str) {
    stops(Durability::Synced, 0, &change, seen);
    stops(Durability::Buffered, 0, &change, seen);
}

/// What changes the name alone is seen at the next sync, and by a ledger that does not sync within 256 records.
fn stops_soon(change: impl Fn(&Scene)) {
    stops(Durability::Synced, 0, &change, "was removed or replaced");
    stops(Durability::Buffered, 256, &change, "was removed or replaced");
}

#[test]
fn a_truncated_file_stops_the_ledger() {
    stops_at_once(|scene| scene.write(b""), "is 0 bytes long");
}

#[test]
fn a_file_that_somebody_else_appends_to_stops_the_ledger() {
    let append = |scene: &Scene| {
        let mut log = OpenOptions::new().append(true).open(scene.path()).unwrap();
        log.write_all(b"{}\n").unwrap();
    };
    stops_at_once(append, "bytes long");
}

#[test]
fn a_removed_file_stops_the_ledger() {
    stops_soon(|scene| fs::remove_file(scene.path()).unwrap());
}

#[test]
fn a_file_renamed_away_stops_the_ledger() {
    stops_soon(|scene| fs::rename(scene.path(), scene.beside("old")).unwrap());
}

#[test]
fn a_file_replaced_by_its_copy_stops_the_ledger() {
    stops_soon(|scene| {
        fs::copy(scene.path(), scene.beside("copy")).unwrap();
        fs::rename(scene.beside("copy"), scene.path()).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn a_file_replaced_by_a_link_to_itself_stops_the_ledger() {
    stops_soon(|scene| {
        fs::rename(scene.path(), scene.beside("old")).unwrap();
        std::os::unix::fs::symlink(scene.beside("old"), scene.path()).unwrap();
    });
}
