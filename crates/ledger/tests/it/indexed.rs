//! What the index answers is what a scan over everything answers.

use std::{fs, thread};

use axtary_actionpass::{Json, Object, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, Entry, FileLedger, Index, Options, ReadFailure, Reader, Tree};
use proptest::prelude::*;

use crate::kit::{Scene, about, append, pass};

/// How many passes the records are about.
const PASSES: usize = 9;

/// What is appended to a random ledger.
#[derive(Clone, Debug)]
enum Step {
    Decision(usize),
    Outcome(usize),
    /// A record about one pass that names another elsewhere.
    Mention(usize, usize),
    Other,
    /// Somebody opens the index.
    Index,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..PASSES).prop_map(Step::Decision),
        (0..PASSES).prop_map(Step::Outcome),
        (0..PASSES, 0..PASSES).prop_map(|(about, other)| Step::Mention(about, other)),
        Just(Step::Other),
        Just(Step::Index),
    ];
    prop::collection::vec(step, 0..40)
}

fn take(scene: &Scene, ledger: &FileLedger, step: &Step) {
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let record = match step {
        Step::Decision(number) => about(RecordKind::Decision, &pass(*number), "decision"),
        Step::Outcome(number) => about(RecordKind::Outcome, &pass(*number), "outcome"),
        Step::Mention(number, other) => {
            let facts = Object::new().with("action_pass_id", pass(*other).as_str());
            let body = Object::new()
                .with("a", pass(*other).as_str())
                .with("action_pass_id", pass(*number).as_str())
                .with("facts", facts);
            Record::new(RecordKind::Outcome, at, &body)
        }
        Step::Other => Record::new(RecordKind::Policy, at, &Object::new()),
        Step::Index => return drop(Index::open(scene.path()).unwrap()),
    };
    ledger.sync(&ledger.append(&record).unwrap()).unwrap();
}

fn scan(scene: &Scene) -> Vec<Entry> {
    Reader::open(scene.path()).unwrap().map(Result::unwrap).collect()
}

/// Demands that every answer of the index is that of a scan, over the records that are there.
pub(crate) fn answers_are_those_of_a_scan(scene: &Scene, index: &Index) {
    let entries = scan(scene);
    let first = index.first();
    assert_eq!(index.len(), first + entries.len() as u64);
    for entry in &entries {
        assert_eq!(&index.record(entry.seq).unwrap(), entry);
    }
    for number in 0..PASSES {
        let pass = pass(number);
        let is_about = |entry: &&Entry| {
            entry.body.get("action_pass_id").and_then(Json::as_str) == Some(pass.as_str())
        };
        let mut about: Vec<_> = entries.iter().filter(is_about).cloned().collect();
        match (index.history_of(&pass), about.iter().position(|entry| entry.kind == "decision")) {
            (Ok(history), Some(decision)) => {
                assert_eq!(history.decision(), &about.remove(decision));
                assert_eq!(history.outcomes(), about);
            }
            (found, None) => assert_eq!(found.unwrap_err().code(), "ledger.no_such_pass"),
            (found, Some(_)) => panic!("{pass:?} is in the ledger: {found:?}"),
        }
    }
    if first == 0 {
        proofs_lead_to_the_roots(&entries, index);
    }
}

fn proofs_lead_to_the_roots(entries: &[Entry], index: &Index) {
    let mut tree = Tree::new();
    assert_eq!(index.root(0).unwrap(), tree.root());
    let mut earlier = Vec::new();
    for (entry, size) in entries.iter().zip(1..) {
        tree.append(&entry.hash);
        earlier.push(tree.root());
        let root = index.root(size).unwrap();
        assert_eq!(root, tree.root());
        for (entry, before) in entries.iter().zip(&earlier) {
            let proof = index.prove_inclusion(entry.seq, size).unwrap();
            assert_eq!(proof.verify(&entry.hash, &root), Ok(()));
            let proof = index.prove_consistency(entry.seq + 1, size).unwrap();
            assert_eq!(proof.verify(before, &root), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_answers_are_those_of_a_scan_however_the_ledger_and_the_index_grew(
        steps in steps(), segment in 200..2000_u64,
    ) {
        let scene = Scene::new();
        let options = Options::from(Durability::Buffered).with_segment_bytes(segment);
        let ledger = FileLedger::open(scene.path(), options).unwrap();
        steps.iter().for_each(|step| take(&scene, &ledger, step));
        let index = Index::open(scene.path()).unwrap();
        prop_assert!(index.is_kept());
        answers_are_those_of_a_scan(&scene, &index);
    }
}

#[test]
fn a_pass_is_found_with_everything_that_was_recorded_about_it() {
    let scene = Scene::new();
    let ledger = scene.open();
    for record in [
        about(RecordKind::Decision, &pass(1), pass(0).as_str()),
        about(RecordKind::Decision, &pass(0), "one"),
        about(RecordKind::Outcome, &pass(1), "two"),
        about(RecordKind::Outcome, &pass(0), "three"),
        about(RecordKind::Outcome, &pass(0), "four"),
    ] {
        ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    }
    let index = Index::open(scene.path()).unwrap();
    let history = index.history_of(&pass(0)).unwrap();
    assert_eq!(history.decision().seq, 1);
    assert_eq!(history.outcomes().iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4]);

    let failure = index.history_of(&pass(2)).unwrap_err();
    assert_eq!(failure.code(), "ledger.no_such_pass");
    assert!(failure.to_string().contains(pass(2).as_str()), "{failure}");
}

#[test]
fn what_is_not_there_is_refused() {
    let scene = Scene::with_records(3);
    let index = Index::open(scene.path()).unwrap();
    let refused = |failure: ReadFailure| (failure.code(), failure.to_string());
    for (code, text) in [
        refused(index.record(3).unwrap_err()),
        refused(index.root(4).unwrap_err()),
        refused(index.prove_inclusion(0, 4).unwrap_err()),
        refused(index.prove_consistency(1, 4).unwrap_err()),
    ] {
        assert_eq!(code, "ledger.no_such_record");
        assert!(text.ends_with("has no record 3: it holds 3"), "{text}");
    }
    for failure in [
        index.prove_inclusion(2, 2).unwrap_err(),
        index.prove_inclusion(0, 0).unwrap_err(),
        index.prove_consistency(0, 2).unwrap_err(),
        index.prove_consistency(3, 2).unwrap_err(),
    ] {
        assert_eq!(failure.code(), "ledger.no_proof", "{failure}");
    }
}

#[test]
fn an_index_of_nothing_is_empty_and_none_is_made_where_there_is_no_ledger() {
    let scene = Scene::new();
    assert_eq!(Index::open(scene.path()).unwrap_err().code(), "ledger.io");
    assert!(scene.files_beside().is_empty());
    drop(scene.open());
    let index = Index::open(scene.path()).unwrap();
    assert_eq!(index.len(), 0);
    assert_eq!(index.root(0).unwrap(), Tree::new().root());
    assert_eq!(index.history_of(&pass(0)).unwrap_err().code(), "ledger.no_such_pass");
}

#[test]
fn half_a_line_is_indexed_once_it_is_whole() {
    let scene = Scene::with_records(3);
    let whole = scene.log();
    scene.write(&whole[..whole.len() - 1]);
    assert_eq!(Index::open(scene.path()).unwrap().len(), 2);
    scene.write(&whole);
    answers_are_those_of_a_scan(&scene, &Index::open(scene.path()).unwrap());
}

#[test]
fn an_index_that_was_opened_answers_while_the_ledger_and_the_index_grow() {
    let scene = Scene::new();
    let ledger = scene.open_in_segments();
    for number in 0..5 {
        append(&ledger, number);
    }
    let before = Index::open(scene.path()).unwrap();
    let entries = scan(&scene);
    for (number, seq) in (5..40).zip(5_u64..) {
        append(&ledger, number);
        let index = Index::open(scene.path()).unwrap();
        assert_eq!(index.len(), seq + 1);
        assert_eq!(index.record(seq).unwrap().seq, seq);
    }
    assert_eq!(before.len(), 5);
    for entry in entries {
        assert_eq!(before.record(entry.seq).unwrap(), entry);
    }
    assert!(before.root(5).is_ok());
}

#[test]
fn many_readers_and_a_writer_get_along() {
    let scene = Scene::with_records(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            let ledger = scene.open_in_segments();
            for number in 1..60 {
                append(&ledger, number);
            }
        });
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 59 {
                    let index = Index::open(scene.path()).unwrap();
                    last = index.len() - 1;
                    assert_eq!(index.record(last).unwrap().seq, last);
                    assert!(index.prove_inclusion(last / 2, last + 1).is_ok());
                    assert!(index.is_kept());
                }
            });
        }
    });
    answers_are_those_of_a_scan(&scene, &Index::open(scene.path()).unwrap());
}

/// A ledger of seven records in four segments, whose first two are in an archive.
fn archived() -> (Scene, Vec<Entry>) {
    let scene = Scene::in_segments(7);
    let entries = scan(&scene);
    fs::create_dir(scene.beside("archive")).unwrap();
    move_to_archive(&scene, &[0, 2]);
    (scene, entries)
}

fn move_to_archive(scene: &Scene, segments: &[u64]) {
    for first in segments {
        fs::rename(scene.closed(*first), scene.beside("archive").join(first.to_string())).unwrap();
    }
}

#[test]
fn an_index_that_starts_behind_archived_segments_proves_what_is_there_and_names_what_is_not() {
    let (scene, entries) = archived();
    let index = Index::open(scene.path()).unwrap();
    assert_eq!((index.first(), index.len()), (4, 7));
    answers_are_those_of_a_scan(&scene, &index);
    let mut tree = Tree::new();
    let mut roots = vec![tree.root()];
    for entry in &entries {
        tree.append(&entry.hash);
        roots.push(tree.root());
    }
    for size in 4..=7_usize {
        assert_eq!(index.root(size as u64).unwrap(), roots[size]);
        for entry in &entries[4..size] {
            let proof = index.prove_inclusion(entry.seq, size as u64).unwrap();
            assert_eq!(proof.verify(&entry.hash, &roots[size]), Ok(()));
        }
        let proof = index.prove_consistency(4, size as u64).unwrap();
        assert_eq!(proof.verify(&roots[4], &roots[size]), Ok(()));
    }
    for (record, segment) in [(0, 0), (1, 0), (2, 2), (3, 2)] {
        for failure in
            [index.record(record).unwrap_err(), index.prove_inclusion(record, 7).unwrap_err()]
        {
            assert_eq!(failure.code(), "ledger.archived");
            let needed = format!("audit.jsonl.{segment:020}`");
            assert!(failure.to_string().contains(&needed), "{failure}");
        }
    }
    assert_eq!(index.root(3).unwrap_err().code(), "ledger.archived");
    assert_eq!(index.prove_consistency(2, 7).unwrap_err().code(), "ledger.archived");
    let failure = index.history_of(&pass(0)).unwrap_err();
    assert!(failure.to_string().ends_with("; its first 4 records are in an archive"), "{failure}");
}

#[test]
fn an_index_made_before_segments_were_archived_still_proves_what_was_in_them() {
    let scene = Scene::in_segments(7);
    fs::create_dir(scene.beside("archive")).unwrap();
    drop(Index::open(scene.path()).unwrap());
    let entries = scan(&scene);
    move_to_archive(&scene, &[0, 2]);
    let index = Index::open(scene.path()).unwrap();
    assert_eq!((index.first(), index.len()), (0, 7));
    proofs_lead_to_the_roots(&entries, &index);
    assert_eq!(index.record(6).unwrap(), entries[6]);
    assert_eq!(index.record(3).unwrap_err().code(), "ledger.archived");
}

#[test]
fn an_index_goes_on_behind_a_segment_that_was_archived_with_its_last_record() {
    let scene = Scene::in_segments(2);
    drop(Index::open(scene.path()).unwrap());
    fs::create_dir(scene.beside("archive")).unwrap();
    append(&scene.open_in_segments(), 2);
    move_to_archive(&scene, &[0]);
    let index = Index::open(scene.path()).unwrap();
    assert_eq!((index.first(), index.len()), (0, 3));
    // Without the state that vouches for it, the index of before is of another ledger for all that is known.
    let scene = Scene::in_segments(3);
    let last = scene.log();
    scene.write(b"");
    drop(Index::open(scene.path()).unwrap());
    scene.write(&last);
    fs::remove_file(scene.closed(0)).unwrap();
    fs::remove_file(scene.beside(&format!("{:020}.tree", 2))).unwrap();
    assert_eq!(Index::open(scene.path()).unwrap_err().code(), "ledger.no_tree");
}

#[test]
fn segments_that_come_back_from_the_archive_are_indexed() {
    let (scene, _) = archived();
    assert_eq!(Index::open(scene.path()).unwrap().first(), 4);
    for first in [0, 2] {
        fs::rename(scene.beside("archive").join(first.to_string()), scene.closed(first)).unwrap();
    }
    let index = Index::open(scene.path()).unwrap();
    assert_eq!(index.first(), 0);
    answers_are_those_of_a_scan(&scene, &index);
}

#[test]
fn progress_is_told_while_there_is_much_to_read() {
    let scene = Scene::with_records(3);
    let ledger = scene.open();
    let text = "x".repeat(60_000);
    for _ in 0..150 {
        let record = about(RecordKind::Decision, &pass(0), &text);
        ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    }
    let mut told = Vec::new();
    drop(Index::open_with(scene.path(), |progress| told.push(progress)).unwrap());
    assert!(told.len() >= 2, "{told:?}");
    assert!(told.iter().all(|progress| progress.of == scene.log().len() as u64));
    assert!(told.windows(2).all(|pair| pair[0].bytes < pair[1].bytes));
    let mut again = 0;
    drop(Index::open_with(scene.path(), |_| again += 1).unwrap());
    assert_eq!(again, 0, "nothing was left to do");
}
