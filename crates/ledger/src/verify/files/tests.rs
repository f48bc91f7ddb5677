use std::fs;

use axtary_actionpass::{Object, Record, RecordKind, SigningKey, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::{
    line,
    segment::closed_path,
    verify::{FindingKind, Verification, Verified, VerifyFailure, verify},
};

/// A ledger of twelve records on disk, in segments of four, with the states between them, its head and its checkpoint.
struct Archive {
    folder: TempDir,
    key: SigningKey,
    states: Vec<TreeState>,
}

impl Archive {
    fn new() -> Self {
        let (folder, key) = (tempfile::tempdir().unwrap(), SigningKey::from_seed(&[3; 32]));
        let mut archive = Self { folder, key, states: vec![TreeState::start()] };
        let ledger = archive.ledger();
        for first in [0, 4, 8] {
            let state = archive.states.last().unwrap().clone();
            if first > 0 {
                fs::write(state_path(&ledger, first), state.to_text()).unwrap();
            }
            let lines = archive.four_records(first);
            let path = if first == 8 { ledger.clone() } else { closed_path(&ledger, first) };
            fs::write(path, &lines).unwrap();
            let bytes = u64::try_from(lines.len()).unwrap();
            let last = archive.states.last().unwrap().last;
            let head = Head { records: first + 4, segment: first, bytes, last };
            fs::write(beside(&ledger, "head"), head.to_text()).unwrap();
        }
        archive.write_checkpoint(12);
        archive
    }

    fn four_records(&mut self, first: u64) -> Vec<u8> {
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let record = Record::new(RecordKind::Decision, at, &Object::new());
        let mut log = Vec::new();
        for seq in first..first + 4 {
            let mut state = self.states.last().unwrap().clone();
            let mut line = Vec::new();
            state.append(line::write(&mut line, seq, &state.last, &record).unwrap());
            self.states.push(state);
            log.extend(line);
        }
        log
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    fn log(&self) -> NoteKey {
        NoteKey::of_log("ledger", self.key.verifying_key()).unwrap()
    }

    fn checkpoint(&self, size: usize) -> Checkpoint {
        Checkpoint::of(&self.log(), &self.states[size].tree)
    }

    fn write_checkpoint(&self, size: usize) {
        let note = self.checkpoint(size).sign(&self.log(), &self.key).unwrap();
        fs::write(beside(&self.ledger(), "checkpoint"), note).unwrap();
    }

    fn verify(&self) -> Result<Verified, VerifyFailure> {
        Verification::of(self.ledger()).with_key(self.log()).run()
    }

    fn found(&self) -> Vec<FindingKind> {
        let failure = self.verify().unwrap_err();
        failure.findings().iter().map(|finding| finding.kind.clone()).collect()
    }

    fn archive(&self, first: u64) {
        fs::remove_file(closed_path(&self.ledger(), first)).unwrap();
    }
}

#[test]
fn a_ledger_of_several_files_verifies() {
    let archive = Archive::new();
    let verified = archive.verify().unwrap();
    assert_eq!((verified.records, verified.first, verified.anchored), (12, 0, 12));
    assert_eq!((verified.root, verified.checkpointed), (archive.states[12].tree.root(), 12));
    // Without its key, nobody signed anything.
    assert_eq!(verify(archive.ledger()).unwrap().checkpointed, 0);
}

#[test]
fn archived_segments_are_vouched_for_by_a_checkpoint_behind_them() {
    let archive = Archive::new();
    archive.archive(0);
    let verified = archive.verify().unwrap();
    assert_eq!((verified.records, verified.first, verified.checkpointed), (12, 4, 12));
    archive.archive(4);
    let verified = archive.verify().unwrap();
    assert_eq!((verified.records, verified.first, verified.checkpointed), (12, 8, 12));
    assert_eq!(verified.root, archive.states[12].tree.root());
    // One of exactly the archived records does; one of fewer says nothing of them.
    archive.write_checkpoint(8);
    assert_eq!(archive.verify().unwrap().checkpointed, 8);
    archive.write_checkpoint(7);
    assert_eq!(archive.verify().unwrap().checkpointed, 0);
}

#[test]
fn a_state_that_was_made_up_is_found_by_a_checkpoint() {
    let archive = Archive::new();
    archive.archive(0);
    let mut forged = TreeState::start();
    (0..3).for_each(|_| forged.append(archive.states[1].last));
    forged.append(archive.states[4].last);
    fs::write(state_path(&archive.ledger(), 4), forged.to_text()).unwrap();
    let found = archive.found();
    let bad_state = FindingKind::BadState(state_path(&archive.ledger(), 8));
    assert_eq!(found, [bad_state, FindingKind::ForkedFromCheckpoint { size: 12 }]);
    // Without the state of later, the checkpoint alone tells.
    fs::remove_file(state_path(&archive.ledger(), 8)).unwrap();
    assert_eq!(archive.found(), [FindingKind::ForkedFromCheckpoint { size: 12 }]);
}

#[test]
fn a_state_that_is_damaged_or_gone_is_found() {
    let archive = Archive::new();
    let path = state_path(&archive.ledger(), 4);
    let text = fs::read(&path).unwrap();
    let damaged = [&text[1..], &archive.states[3].to_text().into_bytes(), &[b'0'; 5000], b""];
    for damaged in damaged {
        fs::write(&path, damaged).unwrap();
        assert_eq!(archive.found(), [FindingKind::BadState(path.clone())]);
    }
    archive.archive(0);
    assert_eq!(archive.found(), [FindingKind::BadState(path.clone())]);
    fs::remove_file(&path).unwrap();
    assert_eq!(archive.found(), [FindingKind::BadState(path.clone())]);
    fs::write(&path, text).unwrap();
    archive.verify().unwrap();
}

#[test]
fn a_checkpoint_that_its_key_did_not_sign_is_found() {
    let archive = Archive::new();
    let path = beside(&archive.ledger(), "checkpoint");
    let other = SigningKey::from_seed(&[4; 32]);
    let by_another = NoteKey::of_log("ledger", other.verifying_key()).unwrap();
    let signed = archive.checkpoint(12).sign(&by_another, &other).unwrap();
    for note in [signed.into_bytes(), vec![b'x'; 70_000], Vec::new()] {
        fs::write(&path, note).unwrap();
        assert!(matches!(&*archive.found(), [FindingKind::BadCheckpoint { .. }]));
    }
    // One that is gone vouches for nothing, which the answer says.
    fs::remove_file(&path).unwrap();
    assert_eq!(archive.verify().unwrap().checkpointed, 0);
}

#[test]
fn a_ledger_put_back_to_an_older_copy_is_found_by_the_checkpoint() {
    let archive = Archive::new();
    let ledger = archive.ledger();
    // Log, head and state of when the second segment was open; the checkpoint is kept elsewhere.
    fs::rename(closed_path(&ledger, 4), &ledger).unwrap();
    fs::remove_file(state_path(&ledger, 8)).unwrap();
    let bytes = fs::metadata(&ledger).unwrap().len();
    let head = Head { records: 8, segment: 4, bytes, last: archive.states[8].last };
    fs::write(beside(&ledger, "head"), head.to_text()).unwrap();
    assert_eq!(verify(&ledger).unwrap().anchored, 8);
    assert_eq!(archive.found(), [FindingKind::BehindCheckpoint { records: 8, size: 12 }]);
}

#[test]
fn a_middle_segment_that_is_gone_is_named() {
    let archive = Archive::new();
    archive.archive(4);
    let segment = Some(closed_path(&archive.ledger(), 4));
    assert_eq!(archive.found(), [FindingKind::Missing { first: 4, last: 7, segment }]);
}

#[test]
fn a_damaged_head_hides_no_other_damage() {
    let archive = Archive::new();
    let path = beside(&archive.ledger(), "head");
    fs::write(&path, "x").unwrap();
    let log = fs::read_to_string(archive.ledger()).unwrap();
    fs::write(archive.ledger(), log.replace("\"seq\":9,", "\"seq\":6,")).unwrap();
    let failure = archive.verify().unwrap_err();
    let VerifyFailure::Damaged(damage) = &failure else { panic!("{failure}") };
    let kinds: Vec<_> = damage.findings().iter().map(|finding| finding.kind.code()).collect();
    assert_eq!(kinds, ["ledger.edited", "ledger.bad_head"], "{damage:#?}");
    assert_eq!(damage.intact(), 9);
}

#[test]
fn a_file_that_cannot_be_read_is_no_finding() {
    let archive = Archive::new();
    archive.archive(0);
    fs::create_dir(closed_path(&archive.ledger(), 0)).unwrap();
    let failure = archive.verify().unwrap_err();
    assert_eq!(failure.code(), "ledger.io");
    assert!(failure.findings().is_empty());
}
