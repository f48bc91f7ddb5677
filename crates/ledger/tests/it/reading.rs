//! Reading: all records, the last ones, those of one pass.

use std::fs;

use axtary_actionpass::{Json, Object, PassId, Record, RecordKind, Timestamp};
use axtary_ledger::{FileLedger, ReadFailure, Reader, find, tail};

use crate::kit::{Scene, append};

fn numbers(entries: impl IntoIterator<Item = axtary_ledger::Entry>) -> Vec<i64> {
    let number = |entry: axtary_ledger::Entry| entry.body.get("number").and_then(Json::as_i64);
    entries.into_iter().filter_map(number).collect()
}

#[test]
fn entries_come_in_order_and_say_where_they_stand() {
    let scene = Scene::with_records(3);
    let entries: Vec<_> = Reader::open(scene.path()).unwrap().map(Result::unwrap).collect();
    let places: Vec<_> = entries.iter().map(|entry| (entry.line, entry.seq)).collect();
    assert_eq!(places, [(1, 0), (2, 1), (3, 2)]);
    assert_eq!(entries[2].prev, entries[1].hash);
    assert_eq!(entries[0].kind, "decision");
    assert_eq!(entries[0].at.to_string(), "2026-07-28T12:00:00.000Z");
    assert_eq!(numbers(entries), [0, 1, 2]);
}

#[test]
fn reading_stops_at_the_first_line_that_is_no_record() {
    let scene = Scene::with_records(3);
    let mut lines = scene.lines();
    lines[1] = b"{\"body\":{}}\n".to_vec();
    scene.write(&lines.concat());
    let mut reader = Reader::open(scene.path()).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let Some(Err(ReadFailure::Line(bad))) = reader.next() else { panic!("line 2 is no record") };
    assert_eq!((bad.line(), bad.offset()), (Some(2), u64::try_from(lines[0].len()).unwrap()));
    assert!(reader.next().is_none());
}

#[test]
fn a_line_of_any_length_is_refused_in_bounded_memory() {
    let scene = Scene::new();
    for newline in ["", "\n"] {
        let long = format!("{{\"body\":\"{}\"}}{newline}", "x".repeat(300_000));
        scene.write(long.as_bytes());
        let mut reader = Reader::open(scene.path()).unwrap();
        let failure = reader.next().unwrap().unwrap_err();
        assert_eq!(failure.code(), "ledger.line_too_long");
        assert!(reader.next().is_none());
    }
}

#[test]
fn a_ledger_is_read_while_it_is_written() {
    let scene = Scene::new();
    let ledger = scene.open();
    append(&ledger, 0);
    append(&ledger, 1);
    // As it looks for a moment while the third line is being written.
    fs::write(scene.path(), [scene.log(), b"{\"body\":".to_vec()].concat()).unwrap();
    let entries: Vec<_> = Reader::open(scene.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(numbers(entries), [0, 1]);
    assert_eq!(numbers(tail(scene.path(), 1).unwrap()), [1]);
}

#[test]
fn the_tail_is_the_last_records_in_order() {
    // More than one chunk of 64 KiB, with lines across its borders.
    let scene = Scene::with_records(0);
    let ledger = FileLedger::open(scene.path(), axtary_ledger::Durability::Buffered).unwrap();
    for number in 0..700 {
        append(&ledger, number);
    }
    assert!(scene.log().len() > 2 * 64 * 1024);
    for count in [0, 1, 2, 299, 300, 500, 699, 700, 701, usize::MAX] {
        let entries = tail(scene.path(), count).unwrap();
        let first = 700_usize.saturating_sub(count);
        assert_eq!(
            entries.first().map(|entry| entry.line),
            (count > 0).then_some(first as u64 + 1)
        );
        assert_eq!(numbers(entries), (first as i64..700).collect::<Vec<_>>(), "{count}");
    }
}

#[test]
fn the_tail_of_an_empty_ledger_is_empty() {
    let scene = Scene::with_records(0);
    assert!(tail(scene.path(), 3).unwrap().is_empty());
    scene.write(b"half a li");
    assert!(tail(scene.path(), 3).unwrap().is_empty());
}

fn about(kind: RecordKind, pass: &PassId, text: &str) -> Record {
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let body = Object::new().with("action_pass_id", pass.as_str()).with("text", text);
    Record::new(kind, at, &body)
}

#[test]
fn a_pass_is_found_with_everything_that_was_recorded_about_it() {
    let pass = PassId::new("ap_01K1A2B3C4D5E6F7G8H9J0K1M2").unwrap();
    let other = PassId::new("ap_01K1A2B3C4D5E6F7G8H9J0K1M3").unwrap();
    let scene = Scene::new();
    let ledger = scene.open();
    for record in [
        about(RecordKind::Decision, &other, pass.as_str()),
        about(RecordKind::Decision, &pass, "one"),
        about(RecordKind::Outcome, &other, "two"),
        about(RecordKind::Outcome, &pass, "three"),
        about(RecordKind::Outcome, &pass, "four"),
    ] {
        let appended = ledger.append(&record).unwrap();
        ledger.sync(&appended).unwrap();
    }
    let history = find(scene.path(), &pass).unwrap();
    assert_eq!(history.decision().line, 2);
    assert_eq!(history.outcomes().iter().map(|entry| entry.line).collect::<Vec<_>>(), [4, 5]);

    let unknown = PassId::new("ap_01K1A2B3C4D5E6F7G8H9J0K1M4").unwrap();
    let failure = find(scene.path(), &unknown).unwrap_err();
    assert_eq!(failure.code(), "ledger.no_such_pass");
    assert!(failure.to_string().contains(unknown.as_str()), "{failure}");
}
