//! Every record is a row of the table and an event of the stream, in order, and says no less there than an auditor asks for.

use std::{collections::BTreeMap, io};

use axtary_actionpass::{Event, Json, Object, PolicyVersion, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, FileLedger, Reader, write_csv, write_ocsf};

use crate::audited::Audited;

type Row = BTreeMap<String, String>;

fn csv(audited: &Audited) -> (String, Vec<Row>) {
    let mut out = Vec::new();
    let count = write_csv(Reader::open(audited.scene.path()).unwrap(), &mut out).unwrap();
    let rows: Vec<Row> =
        csv::Reader::from_reader(out.as_slice()).deserialize().map(Result::unwrap).collect();
    assert_eq!(count, rows.len() as u64);
    (String::from_utf8(out).unwrap(), rows)
}

fn ocsf(audited: &Audited) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    let count = write_ocsf(Reader::open(audited.scene.path()).unwrap(), &mut out).unwrap();
    let events: Vec<_> = out
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::Value::from(&Json::parse(line.trim_ascii_end()).unwrap()))
        .collect();
    assert_eq!(count, events.len() as u64);
    events
}

#[test]
fn another_reader_of_csv_finds_every_record_in_its_row() {
    let audited = Audited::with_records(9);
    let (text, rows) = csv(&audited);
    assert_eq!(
        text.lines().next().unwrap(),
        "seq,ts,kind,action_pass_id,agent_id,human_owner,tool,resource,decision,policy,policy_version,reasons,outcome,payload_hash,leaf_hash"
    );
    assert_eq!(text.matches("\r\n").count(), 10, "one line is one record");
    assert_eq!(text.matches('\n').count(), 10);
    let entries: Vec<_> = Reader::open(audited.scene.path()).unwrap().map(Result::unwrap).collect();
    for (row, entry) in rows.iter().zip(&entries) {
        assert_eq!(row["seq"], entry.seq.to_string());
        assert_eq!(row["ts"], entry.at.to_string());
        assert_eq!(row["leaf_hash"], entry.hash.to_string());
        let shown = entry.kind == "decision" && row["decision"] != "unavailable";
        assert_eq!(row["payload_hash"].starts_with("sha256:"), shown);
    }
    let column = |name: &str| rows.iter().map(|row| row[name].as_str()).collect::<Vec<_>>();
    assert_eq!(
        column("kind"),
        [
            "decision", "outcome", "decision", "outcome", "decision", "outcome", "decision",
            "decision", "decision"
        ]
    );
    assert_eq!(
        column("decision"),
        ["permit", "", "permit", "", "permit", "", "step_up", "deny", "unavailable"]
    );
    assert_eq!(column("outcome"), ["", "executed", "", "failed", "", "unknown", "", "", ""]);
    assert_eq!(rows[0]["agent_id"], "agent");
    assert_eq!(rows[0]["human_owner"], "owner@example.com");
    assert_eq!(rows[0]["resource"], "thing:one");
    assert_eq!(rows[0]["action_pass_id"], rows[1]["action_pass_id"]);
    assert_eq!(rows[7]["reasons"], "testing:closure forbidden");
    assert_eq!(
        rows[8]["reasons"],
        "policy failed: the cedar engine: =told to fail\\u000d\\u000a, \"loudly\""
    );
}

#[test]
fn what_an_agent_wrote_is_no_formula() {
    let audited = Audited::with_records(0);
    let ledger = FileLedger::open(audited.scene.path(), Durability::Synced).unwrap();
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let body = Object::new().with("tool", "=HYPERLINK(\"http://x\",\"y\")").with("resource", -7);
    let record = Record::new(RecordKind::Decision, at, &body);
    ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    let (_, rows) = csv(&audited);
    assert_eq!(rows[0]["tool"], "'=HYPERLINK(\"http://x\",\"y\")");
    assert_eq!(rows[0]["resource"], "'-7");
}

#[test]
fn every_decision_and_outcome_is_an_event_that_says_what_was_done() {
    let audited = Audited::with_records(9);
    let events = ocsf(&audited);
    let numbers = |name: &str| -> Vec<_> {
        events.iter().map(|event| event.get(name).and_then(serde_json::Value::as_u64)).collect()
    };
    let some = |numbers: [u64; 9]| numbers.map(Some).to_vec();
    assert_eq!(numbers("action_id"), some([1, 1, 1, 1, 1, 1, 2, 2, 2]));
    assert_eq!(numbers("disposition_id"), some([1, 1, 1, 1, 1, 1, 23, 2, 27]));
    assert_eq!(numbers("severity_id"), some([1, 1, 1, 2, 1, 3, 2, 3, 4]));
    assert_eq!(
        numbers("type_uid"),
        some([600_301, 600_301, 600_302, 600_302, 600_301, 600_301, 600_303, 600_304, 600_399])
    );
    assert_eq!(
        numbers("status_id"),
        [None, Some(1), None, Some(2), None, Some(0), None, None, None]
    );
    for (event, entry) in events.iter().zip(Reader::open(audited.scene.path()).unwrap()) {
        let entry = entry.unwrap();
        assert_eq!(event["metadata"]["sequence"], entry.seq);
        assert_eq!(event["metadata"]["uid"], entry.hash.to_string());
        assert_eq!(event["time"], entry.at.millis());
        assert_eq!(event["actor"]["user"]["name"], "owner@example.com");
        assert_eq!(event["actor"]["app_name"], "agent");
        assert_eq!(event["resources"][0]["name"], "one");
    }
    assert_eq!(events[3]["api"]["operation"], "docs.search");
    assert_eq!(events[3]["metadata"]["correlation_uid"], events[2]["metadata"]["correlation_uid"]);
    assert_eq!(events[8]["activity_name"], "pay");
}

#[test]
fn records_of_every_kind_are_rows_and_events_though_they_say_nothing() {
    let audited = Audited::with_records(0);
    audited.append_every_kind();
    let kinds = RecordKind::ALL.map(RecordKind::as_str);
    let (_, rows) = csv(&audited);
    assert_eq!(rows.iter().map(|row| row["kind"].as_str()).collect::<Vec<_>>(), kinds);
    let events = ocsf(&audited);
    let of = |event: &serde_json::Value| event["metadata"]["event_code"].clone();
    assert_eq!(events.iter().map(of).collect::<Vec<_>>(), kinds);
    assert!(events.iter().all(|event| event["activity_id"] == 99));
    assert!(events.iter().all(|event| event["api"]["operation"] == "unknown"));
    assert_eq!(events[0]["action_id"], 0, "a decision that says nothing was not let through");
}

#[test]
fn an_event_of_another_policy_says_which_and_which_was_before() {
    let audited = Audited::with_records(0);
    let ledger = FileLedger::open(audited.scene.path(), Durability::Buffered).unwrap();
    let version = |number: u8| PolicyVersion::from_bytes([number; 32]);
    let event = Event::Policy { version: version(2), before: Some(version(1)) };
    let record = Record::event(Timestamp::from_seconds(1_785_240_000).unwrap(), &event);
    ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    let unmapped = &ocsf(&audited)[0]["unmapped"];
    assert_eq!(unmapped["policy_version"], version(2).to_string());
    assert_eq!(unmapped["before"], version(1).to_string());
}

#[test]
fn an_outcome_whose_decision_is_not_exported_says_that_the_call_is_unknown() {
    let audited = Audited::with_records(9);
    let mut out = Vec::new();
    let second = Reader::open(audited.scene.path()).unwrap().skip(1).take(1);
    assert_eq!(write_ocsf(second, &mut out).unwrap(), 1);
    let event = serde_json::Value::from(&Json::parse(out.trim_ascii_end()).unwrap());
    assert_eq!(event["api"]["operation"], "unknown");
    assert_eq!(event["actor"]["session"]["uid"], event["metadata"]["correlation_uid"]);
}

#[test]
fn an_export_that_cannot_be_read_or_written_on_fails() {
    /// A disk with room for so many bytes.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let audited = Audited::with_records(9);
    let reader = || Reader::open(audited.scene.path()).unwrap();
    for room in [0, 100, 1000] {
        assert_eq!(write_csv(reader(), &mut Full(room)).unwrap_err().code(), "export.io");
        assert_eq!(write_ocsf(reader(), &mut Full(room)).unwrap_err().code(), "export.io");
    }

    let mut log = audited.scene.log();
    log.extend_from_slice(b"{}\n");
    audited.scene.write(&log);
    assert_eq!(write_csv(reader(), &mut Vec::new()).unwrap_err().code(), "ledger.bad_member");
    assert_eq!(write_ocsf(reader(), &mut Vec::new()).unwrap_err().code(), "ledger.bad_member");
}
