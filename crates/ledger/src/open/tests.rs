use axtary_actionpass::{Object, Record, RecordKind, Timestamp};

use crate::{
    fake::{Content, FakeDisk, Fault},
    head::Head,
};

fn ledger_of_one() -> Content {
    let disk = FakeDisk::default();
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let record = Record::new(RecordKind::Decision, at, &Object::new());
    let ledger = disk.open().unwrap();
    let appended = ledger.append(&record).unwrap();
    ledger.sync(&appended).unwrap();
    drop(ledger);
    disk.content().clone()
}

#[test]
fn lines_that_a_killed_process_left_in_memory_are_durable_before_the_head_names_them() {
    let Content { log, .. } = ledger_of_one();
    let disk = FakeDisk::holding(b"", Head::EMPTY.to_text().as_bytes());
    disk.content().log = log.clone();
    assert_eq!(disk.open().unwrap().len(), 1);
    let left = disk.content().clone();
    assert_eq!(left.durable, log);
    assert_eq!(Head::parse(&left.durable_head).unwrap().records, 1);
}

#[test]
fn a_repair_that_fails_anywhere_loses_nothing_and_is_done_by_the_next_open() {
    let Content { log: durable, head, .. } = ledger_of_one();
    let torn = [&durable, b"{\"body\":".as_slice()].concat();

    for at in 0.. {
        let disk = FakeDisk::holding(&torn, &head);
        disk.content().fault = Some(Fault { at, written: 0, reported: false, for_ever: false });
        let opened = disk.open();
        let failed = disk.content().has_failed();
        disk.content().fault = None;
        if !failed {
            assert!(at > 6, "the faults reach every call of a repair");
            assert!(opened.is_ok());
            break;
        }
        assert_eq!(opened.map(drop).unwrap_err().code(), "ledger.io", "call {at}");
        assert!(disk.content().log.starts_with(&durable));
        drop(disk.open().unwrap());
        assert!(disk.content().log.starts_with(&durable));
        let aside = disk.content().set_aside.concat();
        assert!(aside.starts_with(b"{\"body\":"), "what was cut off is kept, call {at}");
        // The repair is recorded, unless the fault was in recording it.
        let records = Head::parse(&disk.content().head).unwrap().records;
        assert!(records == 2 || records == 1 && at > 8, "call {at}");
    }
}
