//! The log goes on over several files, wherever it is interrupted.

use std::{fs, path::PathBuf};

use axtary_ledger::{Durability, FileLedger, OpenError, Options};

use crate::kit::{Scene, append};

/// Options under which two records fill a segment.
fn small() -> Options {
    Options::from(Durability::Synced).with_segment_bytes(300)
}

/// A ledger of seven records in four segments.
fn scene() -> Scene {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), small()).unwrap();
    for number in 0..7 {
        append(&ledger, number);
    }
    scene
}

fn closed(scene: &Scene, first: u64) -> PathBuf {
    scene.beside(&format!("{first:020}"))
}

fn reopen(scene: &Scene) -> Result<FileLedger, OpenError> {
    FileLedger::open(scene.path(), small())
}

#[test]
fn a_full_segment_is_closed_under_the_number_of_its_first_record() {
    let scene = scene();
    for first in [0, 2, 4] {
        let lines = fs::read_to_string(closed(&scene, first)).unwrap();
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.starts_with("{\"body\"") && lines.contains(&format!("\"seq\":{first},")));
        assert!(scene.beside(&format!("{:020}.tree", first + 2)).exists());
    }
    assert_eq!(scene.lines().len(), 1);
    assert_eq!(reopen(&scene).unwrap().len(), 7);
}

#[test]
fn closed_segments_are_not_needed_to_go_on() {
    let scene = scene();
    for first in [0, 2, 4] {
        fs::remove_file(closed(&scene, first)).unwrap();
    }
    let ledger = reopen(&scene).unwrap();
    assert_eq!(ledger.len(), 7);
    append(&ledger, 7);
    append(&ledger, 8);
    assert!(closed(&scene, 6).exists());
}

#[test]
fn a_crash_between_closing_a_segment_and_beginning_the_next_is_gone_on_from() {
    let scene = Scene::new();
    scene.append(3);
    let head = fs::read(scene.beside("head")).unwrap();
    // The full segment has its closed name; the next does not exist, or is empty, and the head is of before.
    fs::rename(scene.path(), closed(&scene, 0)).unwrap();
    fs::write(scene.beside(&format!("{:020}.tree", 3)), {
        let saved = fs::read_to_string(scene.beside("tree")).unwrap();
        saved.split_once('\n').unwrap().1.to_owned()
    })
    .unwrap();
    for begun in [false, true] {
        if begun {
            scene.write(b"");
        }
        fs::write(scene.beside("head"), &head).unwrap();
        let ledger = reopen(&scene).unwrap();
        assert_eq!(ledger.len(), 3);
        drop(ledger);
        fs::remove_file(scene.path()).unwrap();
    }
    fs::write(scene.beside("head"), &head).unwrap();
    let ledger = reopen(&scene).unwrap();
    append(&ledger, 3);
    assert_eq!(ledger.len(), 4);
    assert!(scene.log().starts_with(b"{\"body\""));
}

#[test]
fn a_lost_open_segment_is_not_begun_anew() {
    let scene = scene();
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(reopen(&scene).unwrap_err().code(), "ledger.truncated");
    scene.write(b"");
    assert_eq!(reopen(&scene).unwrap_err().code(), "ledger.truncated");
}

#[test]
fn closed_segments_without_a_head_are_not_gone_on_with() {
    let scene = scene();
    fs::remove_file(scene.beside("head")).unwrap();
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(reopen(&scene).unwrap_err().code(), "ledger.no_head");
}

#[test]
fn the_state_at_a_segments_start_is_needed_only_where_the_saved_one_is_not_there() {
    let scene = scene();
    let state = scene.beside(&format!("{:020}.tree", 6));
    fs::remove_file(&state).unwrap();
    drop(reopen(&scene).unwrap());
    fs::write(scene.beside("tree"), "damaged").unwrap();
    let error = reopen(&scene).unwrap_err();
    assert_eq!(error.code(), "ledger.no_tree");
    assert!(error.to_string().contains(&*state.to_string_lossy()), "{error}");
}

#[test]
fn a_name_that_is_taken_stops_the_ledger_instead_of_losing_what_stands_there() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), small()).unwrap();
    append(&ledger, 0);
    append(&ledger, 1);
    fs::write(closed(&scene, 0), "somebody else's").unwrap();
    let error = ledger.append(&crate::kit::record(2)).unwrap_err();
    assert_eq!(error.code(), "ledger.io");
    assert_eq!(fs::read_to_string(closed(&scene, 0)).unwrap(), "somebody else's");
}
