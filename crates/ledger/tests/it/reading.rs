//! Reading: all records, the last ones, those that a filter accepts.

use std::{fs, path::Path};

use axtary_actionpass::{Json, Object, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, Entry, FileLedger, Filter, Options, ReadFailure, Reader, tail};

use crate::kit::{Scene, about, append, pass};

fn numbers(entries: impl IntoIterator<Item = Entry>) -> Vec<i64> {
    let number = |entry: Entry| entry.body.get("number").and_then(Json::as_i64);
    entries.into_iter().filter_map(number).collect()
}

fn read(path: &Path, filter: Filter) -> Vec<Entry> {
    Reader::open(path).unwrap().with_filter(filter).map(Result::unwrap).collect()
}

#[test]
fn entries_come_in_order_and_say_where_they_stand() {
    let scene = Scene::with_records(3);
    let entries: Vec<_> = Reader::open(scene.path()).unwrap().map(Result::unwrap).collect();
    let places: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(places, [0, 1, 2]);
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
fn a_reader_says_how_far_it_is_over_all_segments() {
    let scene = Scene::new();
    let options = Options::from(Durability::Buffered).with_segment_bytes(600);
    let ledger = FileLedger::open(scene.path(), options).unwrap();
    for number in 0..9 {
        append(&ledger, number);
    }
    let mut reader = Reader::open(scene.path()).unwrap();
    let of = reader.progress().of;
    let mut read = vec![reader.progress().bytes];
    while reader.next().transpose().unwrap().is_some() {
        assert_eq!(reader.progress().of, of);
        read.push(reader.progress().bytes);
    }
    assert_eq!((read.len(), read[0], read[9]), (10, 0, of));
    assert!(read.is_sorted_by(|one, next| one < next), "{read:?}");
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
        let seq = entries.first().map(|entry| entry.seq);
        assert_eq!(seq, (count > 0).then_some(first as u64));
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

#[test]
fn records_are_read_over_all_segments() {
    // Two records in each segment, and the last in the open one.
    let scene = Scene::in_segments(7);
    let entries = read(&scene.path(), Filter::all());
    assert!(entries.iter().map(|entry| entry.seq).eq(0..7));
    for count in 0..9 {
        let last = tail(scene.path(), count).unwrap();
        assert_eq!(last, entries[7_usize.saturating_sub(count)..], "{count}");
    }
}

#[test]
fn records_that_are_in_an_archive_are_left_out() {
    let scene = Scene::in_segments(7);
    fs::remove_file(scene.closed(0)).unwrap();
    assert_eq!(numbers(read(&scene.path(), Filter::all())), [2, 3, 4, 5, 6]);
    assert_eq!(numbers(tail(scene.path(), 9).unwrap()), [2, 3, 4, 5, 6]);
}

#[test]
fn segments_before_the_records_that_are_wanted_are_not_read() {
    let scene = Scene::in_segments(7);
    fs::write(scene.closed(0), "nothing that reads as a record\n").unwrap();
    assert_eq!(numbers(read(&scene.path(), Filter::all().with_records(2..))), [2, 3, 4, 5, 6]);
    assert_eq!(numbers(read(&scene.path(), Filter::all().with_records(5..))), [5, 6]);
    fs::write(scene.path(), "nor this\n").unwrap();
    assert_eq!(numbers(read(&scene.path(), Filter::all().with_records(3..=5))), [3, 4, 5]);
    for wanted in [1_u64, 6] {
        let mut reader =
            Reader::open(scene.path()).unwrap().with_filter(Filter::all().with_records(wanted..));
        assert_eq!(reader.find_map(Result::err).unwrap().code(), "ledger.not_json");
    }
}

#[test]
fn a_segment_that_is_missing_in_between_is_noticed() {
    let scene = Scene::in_segments(7);
    for missing in [2, 4] {
        let held = fs::read(scene.closed(missing)).unwrap();
        fs::remove_file(scene.closed(missing)).unwrap();
        let failure = Reader::open(scene.path()).unwrap().find_map(Result::err).unwrap();
        assert_eq!(failure.code(), "ledger.out_of_place");
        assert!(
            failure.to_string().contains(&format!("where record {missing} belongs")),
            "{failure}"
        );
        fs::write(scene.closed(missing), held).unwrap();
    }
}

#[test]
fn a_segment_that_starts_with_another_record_than_its_name_says_is_refused() {
    let scene = Scene::in_segments(3);
    fs::rename(scene.closed(0), scene.closed(1)).unwrap();
    let failure = Reader::open(scene.path()).unwrap().next().unwrap().unwrap_err();
    assert_eq!(failure.code(), "ledger.out_of_place");
}

#[test]
fn half_a_line_at_the_end_of_a_closed_segment_is_no_end() {
    let scene = Scene::in_segments(3);
    let mut closed = fs::read(scene.closed(0)).unwrap();
    closed.pop();
    fs::write(scene.closed(0), closed).unwrap();
    let mut reader = Reader::open(scene.path()).unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.next().unwrap().unwrap_err().code(), "ledger.torn");
    assert!(reader.next().is_none());
    assert_eq!(tail(scene.path(), 2).unwrap_err().code(), "ledger.torn");
}

#[test]
fn a_ledger_whose_next_segment_is_not_begun_yet_is_read() {
    let scene = Scene::in_segments(3);
    fs::rename(scene.path(), scene.closed(2)).unwrap();
    assert_eq!(numbers(read(&scene.path(), Filter::all())), [0, 1, 2]);
    assert_eq!(numbers(tail(scene.path(), 1).unwrap()), [2]);
}

#[test]
fn a_filter_lets_through_what_meets_all_its_conditions() {
    let scene = Scene::new();
    let ledger = scene.open();
    let at = |second| Timestamp::from_seconds(1_785_240_000 + second).unwrap();
    let calls = [
        ("codex", "github.pull_requests.create", "permit"),
        ("codex", "github.repos.delete", "deny"),
        ("claude", "github.repos.delete", "deny"),
        ("claude", "slack.messages.post", "permit"),
    ];
    for (second, (agent, tool, decision)) in (0..).zip(calls) {
        let body = Object::new()
            .with("agent_id", agent)
            .with("decision", decision)
            // What looks like a match, and is none.
            .with("intent", "codex claude slack.messages.post permit deny \"tool\":\"github.")
            .with("number", second)
            .with("tool", tool);
        let record = Record::new(RecordKind::Decision, at(i64::from(second)), &body);
        ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    }
    let pass = pass(0);
    ledger.sync(&ledger.append(&about(RecordKind::Outcome, &pass, "")).unwrap()).unwrap();

    let all = Filter::all;
    for (filter, expected) in [
        (all(), vec![0, 1, 2, 3]),
        (all().with_agent("codex"), vec![0, 1]),
        (all().with_tool("github.*"), vec![0, 1, 2]),
        (all().with_tool("github."), vec![]),
        (all().with_tool("github.*").with_decision("deny"), vec![1, 2]),
        (all().with_agent("claude").with_decision("permit"), vec![3]),
        (all().since(at(1)).until(at(3)), vec![1, 2]),
        (all().of_kind(RecordKind::Decision), vec![0, 1, 2, 3]),
        (all().with_resource("*"), vec![]),
    ] {
        let reader = Reader::open(scene.path()).unwrap().with_filter(filter.clone());
        assert_eq!(numbers(reader.map(Result::unwrap)), expected, "{filter:?}");
    }
    let of_kind = |filter: Filter| Reader::open(scene.path()).unwrap().with_filter(filter).count();
    assert_eq!(of_kind(all().of_kind(RecordKind::Outcome)), 1);
    assert_eq!(of_kind(all().with_pass(&pass)), 1);
}
