use std::{
    path::Path,
    sync::{
        Arc, Barrier,
        mpsc::{self, Sender},
    },
    task::Wake,
    thread,
};

use axtary_actionpass::{LedgerHash, Object, RecordKind, SigningKey, Timestamp};

use super::*;
use crate::{
    checkpoint::Checkpoint,
    fake::{Content, FakeDisk, Fault, Gate},
    head::Head,
    line::Entry,
    note::NoteKey,
    options::{CheckpointSigner, Durability, Options},
    state::TreeState,
};

fn record(number: i32) -> Record {
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    Record::new(RecordKind::Decision, at, &Object::new().with("number", number))
}

/// Appends three records, and acknowledges those that were synced. Returns the number of calls before the ledger was closed.
fn write_three(disk: &FakeDisk, options: Options, acknowledged: &mut Vec<LedgerHash>) -> usize {
    let Ok(ledger) = disk.open_with(options) else { return usize::MAX };
    for number in 0..3 {
        let kept = ledger.append(&record(number)).and_then(|appended| {
            ledger.sync(&appended)?;
            Ok(appended.hash)
        });
        match kept {
            Ok(hash) => acknowledged.push(hash),
            Err(_) => {
                assert_stopped(&ledger);
                return usize::MAX;
            }
        }
    }
    disk.content().calls
}

fn assert_stopped(ledger: &FileLedger) {
    let last = Appended { seq: 2, hash: LedgerHash::from_bytes([0; 32]) };
    let error = ledger.append(&record(9)).unwrap_err();
    assert_eq!(error.code(), "ledger.stopped");
    assert!(
        error.to_string().contains("injected") || error.to_string().contains("bytes"),
        "{error}"
    );
    assert_eq!(ledger.sync(&last).unwrap_err().code(), "ledger.stopped");
}

/// Options under which each record fills a segment, and a checkpoint is signed of it.
fn small_segments() -> Options {
    let key = SigningKey::from_seed(&[3; 32]);
    let log = NoteKey::of_log("ledger.example/axtary", key.verifying_key().clone()).unwrap();
    Options::from(Durability::Synced)
        .with_segment_bytes(1)
        .with_checkpoints(CheckpointSigner::new(log, key))
}

/// Opens what is left, and demands that what was acknowledged is there, in an unbroken chain that can be gone on with.
fn assert_recovers(left: Content, options: &Options, acknowledged: &[LedgerHash]) {
    let disk = FakeDisk::with(left);
    let ledger = disk.open_with(options.clone()).unwrap();
    let appended = ledger.append(&record(7)).unwrap();
    ledger.sync(&appended).unwrap();
    drop(ledger);
    let content = disk.content();
    assert_eq!(content.durable, content.log);
    let head = Head::parse(&content.head).unwrap();
    let mut whole: Vec<u8> = content.closed.values().flatten().copied().collect();
    whole.extend(&content.log);
    let mut state = TreeState::start();
    let mut missing: Vec<_> = acknowledged.iter().chain([&appended.hash]).collect();
    for line in whole.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
        let entry = Entry::parse(line).unwrap();
        assert_eq!((entry.seq, entry.prev), (state.tree.size(), state.last));
        state.append(entry.hash);
        missing.retain(|hash| **hash != entry.hash);
    }
    assert!(missing.is_empty(), "an acknowledged record is gone");
    assert_eq!((head.records, head.last), (state.tree.size(), state.last));
    if let Some(signer) = &options.checkpoints {
        let signed = content.small.get(Path::new("/ledger.jsonl.checkpoint")).unwrap();
        let signed = Checkpoint::verify(signed, &signer.log).unwrap();
        assert_eq!((signed.size, signed.root), (state.tree.size(), state.tree.root()));
    }
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    let faults = [(0, false, false), (1, false, false), (99, true, false), (50, false, true)];
    for options in [Durability::Synced.into(), small_segments()] {
        for (written, reported, for_ever) in faults {
            for at in 0.. {
                let fault = Fault { at, written, reported, for_ever };
                let disk = FakeDisk::default();
                disk.content().fault = Some(fault);
                let mut acknowledged = Vec::new();
                let closing = write_three(&disk, options.clone(), &mut acknowledged);
                let left = disk.content().clone();
                if !left.has_failed() {
                    assert!(at > 12, "the faults reach every call of writing three records");
                    assert_eq!(acknowledged.len(), 3);
                    break;
                }
                assert!(acknowledged.len() < 3 || at >= closing, "{fault:?} was reported");
                assert_recovers(left.clone(), &options, &acknowledged);
                for log in left.after_power_loss() {
                    for head in [&left.head, &left.durable_head] {
                        let durable = log.clone();
                        let left = Content {
                            log: log.clone(),
                            durable,
                            head: head.clone(),
                            dropped: 0..0,
                            ..left.clone()
                        };
                        assert_recovers(left, &options, &acknowledged);
                    }
                }
            }
        }
    }
}

#[test]
fn a_half_written_line_is_cut_off_at_once() {
    let disk = FakeDisk::default();
    let ledger = disk.open().unwrap();
    let appended = ledger.append(&record(0)).unwrap();
    ledger.sync(&appended).unwrap();
    let whole = disk.content().log.clone();
    // The call before the append asks for the log's length.
    let at = disk.content().calls + 1;
    disk.content().fault = Some(Fault { at, written: 40, reported: true, for_ever: false });
    let error = ledger.append(&record(1)).unwrap_err();
    assert_eq!(error.code(), "ledger.io");
    assert!(error.to_string().contains("only 40 of"), "{error}");
    assert_eq!(disk.content().log, whole);
}

#[test]
fn a_sync_that_failed_is_not_tried_again_and_its_records_are_built_upon_by_nothing() {
    let disk = FakeDisk::default();
    let ledger = disk.open().unwrap();
    let kept = ledger.append(&record(0)).unwrap();
    ledger.sync(&kept).unwrap();
    let lost = ledger.append(&record(1)).unwrap();
    let Content { calls, syncs, .. } = disk.content().clone();
    // The call before the sync asks whether the log is in place.
    let at = calls + 1;
    disk.content().fault = Some(Fault { at, written: 0, reported: false, for_ever: false });
    assert_eq!(ledger.sync(&lost).unwrap_err().code(), "ledger.io");
    assert_eq!(ledger.sync(&lost).unwrap_err().code(), "ledger.stopped");
    drop(ledger);
    assert_eq!(disk.content().syncs, syncs + 1);

    // The pages that the failed sync dropped would be gone after a power loss, whatever a later sync says.
    let ledger = disk.open().unwrap();
    assert_eq!(ledger.len(), 1);
    let next = ledger.append(&record(2)).unwrap();
    ledger.sync(&next).unwrap();
    let left = disk.content().clone();
    let log = left.durable.clone();
    assert_recovers(
        Content { log, dropped: 0..0, ..left },
        &Durability::Synced.into(),
        &[kept.hash, next.hash],
    );
}

#[test]
fn one_sync_serves_all_that_wait() {
    let disk = FakeDisk::default();
    let ledger = Arc::new(disk.open().unwrap());
    let before = disk.content().syncs;
    let (begun, first_began) = mpsc::channel();
    let (let_through, through) = mpsc::channel();
    disk.hold_next_sync(Gate { begun, through });
    let append_and_sync = |number| {
        let ledger = Arc::clone(&ledger);
        move || {
            let appended = ledger.append(&record(number)).unwrap();
            ledger.sync(&appended)
        }
    };
    let first = thread::spawn(append_and_sync(0));
    first_began.recv().unwrap();
    let written = Arc::new(Barrier::new(9));
    let others: Vec<_> = (1..9)
        .map(|number| {
            let (ledger, written) = (Arc::clone(&ledger), Arc::clone(&written));
            thread::spawn(move || {
                let appended = ledger.append(&record(number)).unwrap();
                written.wait();
                ledger.sync(&appended)
            })
        })
        .collect();
    written.wait();
    let_through.send(()).unwrap();
    first.join().unwrap().unwrap();
    for other in others {
        other.join().unwrap().unwrap();
    }
    assert_eq!(disk.content().syncs - before, 2, "one for the first, one for the eight others");
    let left = disk.content().clone();
    assert_eq!(left.durable, left.log);
}

#[test]
fn a_failed_sync_is_reported_to_all_that_wait_for_it() {
    let disk = FakeDisk::default();
    let ledger = Arc::new(disk.open().unwrap());
    let appended: Vec<_> = (0..4).map(|number| ledger.append(&record(number)).unwrap()).collect();
    let at = disk.content().calls;
    disk.content().fault = Some(Fault { at, written: 0, reported: false, for_ever: false });
    let waiting: Vec<_> = appended
        .into_iter()
        .map(|appended| {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || ledger.sync(&appended))
        })
        .collect();
    for waiting in waiting {
        assert!(waiting.join().unwrap().is_err());
    }
}

#[test]
fn a_refused_record_does_not_stop_the_ledger() {
    let disk = FakeDisk::default();
    let ledger = disk.open().unwrap();
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let long = Object::new().with("text", "x".repeat(65_535));
    let error = ledger.append(&Record::new(RecordKind::Decision, at, &long)).unwrap_err();
    assert_eq!(error.code(), "ledger.record_too_long");
    assert!(disk.content().log.is_empty());
    let appended = ledger.append(&record(0)).unwrap();
    assert_eq!(appended.seq, 0);
    ledger.sync(&appended).unwrap();
}

#[test]
fn a_record_of_another_ledger_is_not_said_to_be_durable() {
    let ledger = FakeDisk::default().open().unwrap();
    let foreign = Appended { seq: 0, hash: LedgerHash::from_bytes([1; 32]) };
    assert_eq!(ledger.sync(&foreign).unwrap_err().code(), "ledger.not_appended");
}

/// Lets a task be polled by hand, and tells when it was woken.
struct Woken(Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.send(()).ok();
    }
}

#[test]
fn a_task_that_waits_is_woken_once_its_record_is_durable_and_blocks_nobody_meanwhile() {
    let disk = FakeDisk::default();
    let ledger = disk.open().unwrap();
    let (begun, sync_began) = mpsc::channel();
    let (let_through, through) = mpsc::channel();
    disk.hold_next_sync(Gate { begun, through });
    let (woken, wakes) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(woken)));
    let poll = |appended| Ledger::poll_sync(&ledger, appended, &waker);

    let first = ledger.append(&record(0)).unwrap();
    assert!(poll(&first).is_pending(), "this thread goes on while the sync is held");
    sync_began.recv().unwrap();
    let second = ledger.append(&record(1)).unwrap();
    assert!(poll(&second).is_pending());
    assert!(poll(&second).is_pending());
    let_through.send(()).unwrap();
    wakes.recv().unwrap();
    assert!(matches!(poll(&first), Poll::Ready(Ok(()))));
    wakes.recv().unwrap();
    assert!(matches!(poll(&second), Poll::Ready(Ok(()))));
    let left = disk.content().clone();
    assert_eq!(left.durable, left.log);
}

#[test]
fn a_task_that_waits_is_woken_and_told_when_the_sync_fails() {
    let disk = FakeDisk::default();
    let ledger = disk.open().unwrap();
    let appended = ledger.append(&record(0)).unwrap();
    let at = disk.content().calls;
    disk.content().fault = Some(Fault { at, written: 0, reported: false, for_ever: false });
    let (woken, wakes) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(woken)));
    if Ledger::poll_sync(&ledger, &appended, &waker).is_pending() {
        wakes.recv().unwrap();
    }
    assert!(matches!(Ledger::poll_sync(&ledger, &appended, &waker), Poll::Ready(Err(_))));
}

#[test]
fn a_waker_may_come_back_for_the_ledger() {
    struct Returns(Arc<FileLedger>, Appended, Sender<bool>);
    impl Wake for Returns {
        fn wake(self: Arc<Self>) {
            self.2.send(self.0.sync(&self.1).is_ok()).ok();
        }
    }
    let ledger = Arc::new(FakeDisk::default().open().unwrap());
    let appended = ledger.append(&record(0)).unwrap();
    let (settled, settles) = mpsc::channel();
    let waker = Waker::from(Arc::new(Returns(Arc::clone(&ledger), appended, settled)));
    if Ledger::poll_sync(&*ledger, &appended, &waker).is_pending() {
        assert!(settles.recv().unwrap());
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a task's own trouble");
        }
    }
    let ledger = Arc::new(FakeDisk::default().open().unwrap());
    let waker = Waker::from(Arc::new(Panics));
    let first = ledger.append(&record(0)).unwrap();
    let polled = Ledger::poll_sync(&*ledger, &first, &waker);
    assert!(!matches!(polled, Poll::Ready(Err(_))));
    for number in 1..4 {
        let appended = ledger.append(&record(number)).unwrap();
        ledger.sync(&appended).unwrap();
    }
    ledger.sync(&first).unwrap();
}
