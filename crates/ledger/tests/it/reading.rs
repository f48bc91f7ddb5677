//! Reading: all records, the last ones, those of one pass.

use std::{fs, io::Write};

use axtary_actionpass::{Json, Object, PassId, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, FileLedger, Filter, Options, ReadFailure, Reader, find, tail};

use crate::kit::{Scene, append};

fn numbers(entries: impl IntoIterator<Item = axtary_ledger::Entry>) -> Vec<i64> {
    let number = |entry: axtary_ledger::Entry| entry.body.get("number").and_then(Json::as_i64);
    entries.into_iter().filter_map(number).collect()
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
    assert_eq!(history.decision().seq, 1);
    assert_eq!(history.outcomes().iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4]);

    let unknown = PassId::new("ap_01K1A2B3C4D5E6F7G8H9J0K1M4").unwrap();
    let failure = find(scene.path(), &unknown).unwrap_err();
    assert_eq!(failure.code(), "ledger.no_such_pass");
    assert!(failure.to_string().contains(unknown.as_str()), "{failure}");
}

/// A ledger of nine records in segments of two.
fn in_segments() -> Scene {
    let scene = Scene::new();
    let options = Options::from(Durability::Synced).with_segment_bytes(300);
    let ledger = FileLedger::open(scene.path(), options).unwrap();
    (0..9).for_each(|number| assert_ne!(append(&ledger, number).as_bytes(), &[0; 32]));
    scene
}

#[test]
fn segments_are_read_as_one_log() {
    let scene = in_segments();
    let entries = Reader::open(scene.path()).unwrap().map(Result::unwrap);
    assert_eq!(numbers(entries), (0..9).collect::<Vec<_>>());
    for count in 0..11 {
        let first = 9_i64.saturating_sub(count as i64).max(0);
        assert_eq!(numbers(tail(scene.path(), count).unwrap()), (first..9).collect::<Vec<_>>());
    }
    // As in the moment between closing a segment and beginning the next.
    fs::remove_file(scene.path()).unwrap();
    let entries = Reader::open(scene.path()).unwrap().map(Result::unwrap);
    assert_eq!(numbers(entries), (0..8).collect::<Vec<_>>());
}

#[test]
fn a_reader_that_follows_goes_on_over_segments_and_half_lines() {
    let scene = Scene::new();
    let options = Options::from(Durability::Synced).with_segment_bytes(300);
    let ledger = FileLedger::open(scene.path(), options).unwrap();
    append(&ledger, 0);
    let mut written = 1;
    // Grows by one record, by none, by several segments, and by nothing more.
    let mut steps = [1, 0, 7, 2].into_iter();
    let wait = || {
        let Some(more) = steps.next() else { return false };
        for number in written..written + more {
            append(&ledger, number);
        }
        written += more;
        true
    };
    let followed = Reader::open(scene.path()).unwrap().follow(wait).map(Result::unwrap);
    assert_eq!(numbers(followed), (0..11).collect::<Vec<_>>());

    drop(ledger);
    let whole = scene.log();
    let (start, rest) = whole.split_at(whole.len() - 20);
    scene.write(start);
    let mut rests = [rest].into_iter();
    let wait = || match rests.next() {
        None => false,
        Some(rest) => {
            fs::File::options().append(true).open(scene.path()).unwrap().write_all(rest).unwrap();
            true
        }
    };
    let followed = Reader::open(scene.path()).unwrap().follow(wait).map(Result::unwrap);
    assert_eq!(numbers(followed), (0..11).collect::<Vec<_>>());
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
    let pass = PassId::new("ap_01K1A2B3C4D5E6F7G8H9J0K1M2").unwrap();
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
