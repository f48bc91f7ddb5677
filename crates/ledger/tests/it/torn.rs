//! A write that was cut short is taken off the end, moved aside and reported; what was acknowledged is never taken off.

use std::fs;

use axtary_actionpass::Json;
use axtary_ledger::{Durability, FileLedger, OpenError, tail, verify};

use crate::kit::Scene;

/// Three lines of a ledger, of which two are durable.
fn two_durable_lines_and_a_third() -> (Scene, Vec<Vec<u8>>) {
    let scene = Scene::with_records(2);
    let head = fs::read(scene.beside("head")).unwrap();
    scene.append(1);
    fs::write(scene.beside("head"), head).unwrap();
    let lines = scene.lines();
    (scene, lines)
}

fn refused(scene: &Scene) -> OpenError {
    let log = scene.log();
    let error = FileLedger::open(scene.path(), Durability::Synced).unwrap_err();
    assert_eq!(scene.log(), log, "a refused ledger is left as it is");
    assert_eq!(scene.files_beside(), ["audit.jsonl.head", "audit.jsonl.lock"]);
    error
}

#[test]
fn a_write_cut_short_at_any_byte_is_taken_off_and_moved_aside() {
    let (scene, lines) = two_durable_lines_and_a_third();
    let head = fs::read(scene.beside("head")).unwrap();
    let durable = lines[..2].concat();
    for bytes in 1..lines[2].len() {
        let torn = &lines[2][..bytes];
        scene.write(&[&durable, torn].concat());
        fs::write(scene.beside("head"), &head).unwrap();
        let ledger = scene.open();
        let repair = ledger.repair().expect("the repair is reported");
        assert_eq!(repair.bytes, u64::try_from(bytes).unwrap());
        assert_eq!(fs::read(&repair.moved_to).unwrap(), torn);
        assert!(scene.log().starts_with(&durable));
        // The third record is that of the repair.
        let last = tail(scene.path(), 1).unwrap().remove(0);
        assert_eq!((ledger.len(), last.kind.as_str(), last.seq), (3, "repair", 2));
        let moved_to = last.body.get("moved_to").and_then(Json::as_str).unwrap();
        assert_eq!(scene.beside("").with_file_name(moved_to), repair.moved_to);
        fs::remove_file(&repair.moved_to).unwrap();
    }
    scene.append(1);
    assert_eq!(verify(scene.path()).unwrap().anchored, 4);
}

#[test]
fn a_whole_line_behind_the_durable_ones_is_kept() {
    let (scene, _) = two_durable_lines_and_a_third();
    let ledger = scene.open();
    assert_eq!((ledger.len(), ledger.repair()), (3, None));
    drop(ledger);
    assert_eq!(verify(scene.path()).unwrap().anchored, 3);
}

#[test]
fn a_durable_line_that_was_edited_is_refused_with_whole_lines_behind_it() {
    let (scene, lines) = two_durable_lines_and_a_third();
    let edited =
        String::from_utf8(lines[1].clone()).unwrap().replace("\"number\":1", "\"number\":7");
    scene.write(&[&lines[0], edited.as_bytes(), &lines[2]].concat());
    let error = refused(&scene);
    assert_eq!(error.code(), "ledger.corrupt");
    assert!(error.to_string().contains(&format!("at byte {}", lines[0].len())), "{error}");
}

#[test]
fn the_first_line_of_all_may_be_cut_short_too() {
    let line = Scene::with_records(1).log();
    let scene = Scene::with_records(0);
    scene.write(&line[..line.len() - 1]);
    let ledger = scene.open();
    assert_eq!(ledger.len(), 1, "the record of the repair");
    assert_eq!(ledger.repair().unwrap().moved_to, scene.beside("torn-1"));
}

#[test]
fn each_torn_end_gets_a_file_of_its_own() {
    let scene = Scene::with_records(1);
    for (number, torn) in [(1, "{\"bo"), (2, "{\"body\":{")] {
        scene.write(&[&*scene.log(), torn.as_bytes()].concat());
        let moved_to = scene.open().repair().unwrap().moved_to.clone();
        assert_eq!(moved_to, scene.beside(&format!("torn-{number}")));
        assert_eq!(fs::read_to_string(moved_to).unwrap(), torn);
    }
}

#[test]
fn zeros_at_the_end_are_a_write_cut_short_however_many() {
    let (scene, lines) = two_durable_lines_and_a_third();
    let head = fs::read(scene.beside("head")).unwrap();
    let durable = lines[..2].concat();
    for zeros in [1, 4096, 65_535, 65_536, 65_537, 200_000] {
        for start in [0, 100] {
            let torn = [&lines[2][..start], &vec![0; zeros]].concat();
            scene.write(&[&*durable, &torn].concat());
            fs::write(scene.beside("head"), &head).unwrap();
            let ledger = scene.open();
            let repair = ledger.repair().unwrap();
            assert_eq!(fs::read(&repair.moved_to).unwrap(), torn);
            assert_eq!(ledger.len(), 3, "the two durable ones, and the record of the repair");
        }
    }
}

/// As a power loss leaves them where pages reach the disk in another order than they were written in.
#[test]
fn whole_lines_behind_a_hole_are_taken_off_with_it() {
    let (scene, lines) = two_durable_lines_and_a_third();
    let head = fs::read(scene.beside("head")).unwrap();
    for hole in [1, 512] {
        let durable = lines[..2].concat();
        let torn = [&*vec![0; hole], &lines[2], b"{\"body\""].concat();
        scene.write(&[&*durable, &torn].concat());
        fs::write(scene.beside("head"), &head).unwrap();
        let ledger = scene.open();
        assert_eq!(fs::read(&ledger.repair().unwrap().moved_to).unwrap(), torn);
        assert!(scene.log().starts_with(&durable));
    }
}

#[test]
fn a_line_that_no_crash_leaves_is_corruption() {
    let (scene, lines) = two_durable_lines_and_a_third();
    let [first, second] = [lines[1].clone(), lines[0].clone()];
    for bad in [b"xxx\n".as_slice(), b"\n", &first, &second] {
        scene.write(&[&lines.concat(), bad].concat());
        let error = refused(&scene);
        assert_eq!(error.code(), "ledger.corrupt");
        let at = lines.concat().len();
        assert!(error.to_string().contains(&format!("the line at byte {at}")), "{error}");
    }
}

#[test]
fn an_end_that_is_longer_than_any_line_is_corruption() {
    let scene = Scene::with_records(1);
    scene.write(&[scene.log(), vec![b'x'; 65_536]].concat());
    assert_eq!(refused(&scene).code(), "ledger.corrupt");
    let whole = scene.lines().remove(0);
    scene.write(&[&*whole, &vec![b'x'; 65_535]].concat());
    assert_eq!(scene.open().repair().unwrap().bytes, 65_535);

    let scene = Scene::with_records(0);
    scene.write(&vec![b'x'; 65_536]);
    assert_eq!(refused(&scene).code(), "ledger.corrupt");
    scene.write(&vec![b'x'; 65_535]);
    assert_eq!(scene.open().repair().unwrap().bytes, 65_535);
}

#[test]
fn an_acknowledged_record_is_never_taken_off() {
    let scene = Scene::with_records(2);
    let log = scene.log();
    let before_the_last = scene.lines()[0].len();
    for cut in 0..log.len() {
        scene.write(&log[..cut]);
        assert_eq!(refused(&scene).code(), "ledger.truncated", "cut at {cut}");
        // Behind whole lines or within one: the records in front of the cut can still be read.
        let left = log[..cut].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(tail(scene.path(), 9).unwrap().len(), left);
        let code = verify(scene.path()).unwrap_err().code();
        let at_a_line = cut == 0 || log[cut - 1] == b'\n';
        assert_eq!(code, if at_a_line { "ledger.truncated" } else { "ledger.torn" });
    }
    scene.write(&[&log[..before_the_last], &vec![0; 500]].concat());
    assert_eq!(refused(&scene).code(), "ledger.corrupt");
}
