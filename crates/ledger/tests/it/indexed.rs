//! The index answers as reading everything would, is never believed where it is wrong, and costs nothing to lose.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axtary_actionpass::{LedgerHash, Object, PassId, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, FileLedger, Index, Options, Reader, Tree};
use proptest::prelude::*;

use crate::kit::Scene;

/// The id of a pass made at this second.
fn pass(second: u32) -> PassId {
    // 48 bits of milliseconds in 10 digits of base 32; the ids here differ in the last of them.
    let digits = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digit = |at: u32| char::from(digits[usize::try_from(second >> (5 * at) & 31).unwrap()]);
    let text = format!("ap_01K1A2B3{}{}{}000000000000000", digit(2), digit(1), digit(0));
    PassId::new(text).unwrap()
}

/// Appends a decision for each of these passes, and an outcome for every third, in segments of a few records.
fn write(scene: &Scene, passes: impl IntoIterator<Item = u32>) -> Vec<LedgerHash> {
    let options = Options::from(Durability::Buffered).with_segment_bytes(1000);
    let ledger = FileLedger::open(scene.path(), options).unwrap();
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let mut hashes = Vec::new();
    let mut append = |kind, second, text: &str| {
        let body = Object::new().with("action_pass_id", pass(second).as_str()).with("text", text);
        hashes.push(ledger.append(&Record::new(kind, at, &body)).unwrap().hash);
    };
    for second in passes {
        append(
            RecordKind::Decision,
            second,
            "\"action_pass_id\":\"ap_01K1A2B3C4D5E6F7G8H9J0K1M2\"",
        );
        if second.is_multiple_of(3) {
            append(RecordKind::Outcome, second, "done");
        }
    }
    hashes
}

/// Holds every answer of the index against what reading and computing everything gives.
fn assert_answers(scene: &Scene, index: &Index) {
    let entries: Vec<_> = Reader::open(scene.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(index.len(), entries.len() as u64);
    let mut tree = Tree::new();
    for (seq, entry) in (0..).zip(&entries) {
        assert_eq!(&index.record(seq).unwrap(), entry);
        tree.append(&entry.hash);
        assert_eq!(index.root(seq + 1).unwrap(), tree.root());
    }
    for size in 1..=index.len() {
        for seq in (0..size).step_by(3) {
            let proof = index.prove_inclusion(seq, size).unwrap();
            let leaf = entries[usize::try_from(seq).unwrap()].hash;
            proof.verify(&leaf, &index.root(size).unwrap()).unwrap();
            let proof = index.prove_consistency(seq + 1, size).unwrap();
            proof.verify(&index.root(seq + 1).unwrap(), &index.root(size).unwrap()).unwrap();
        }
    }
    for second in 0..40 {
        let id = pass(second);
        let scanned: Vec<_> = entries
            .iter()
            .filter(|entry| entry.body.get("action_pass_id").unwrap().as_str() == Some(id.as_str()))
            .cloned()
            .collect();
        assert_eq!(index.records_of(&id).unwrap(), scanned);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_index_answers_as_a_scan_does_however_it_came_to_be(
        parts in proptest::collection::vec(proptest::collection::vec(0..40_u32, 0..7), 1..4),
    ) {
        let scene = Scene::new();
        for part in parts {
            write(&scene, part);
            assert_answers(&scene, &Index::open(scene.path()).unwrap());
        }
        fs::remove_dir_all(scene.beside("index")).unwrap();
        assert_answers(&scene, &Index::open(scene.path()).unwrap());
    }
}

fn files(scene: &Scene) -> [PathBuf; 4] {
    ["nodes", "places", "passes", "state"].map(|name| scene.beside("index").join(name))
}

/// Asks for everything, and demands that each answer is right, or none.
fn assert_not_misled(scene: &Scene, hashes: &[LedgerHash], what: &str) {
    let mut tree = Tree::new();
    hashes.iter().for_each(|hash| tree.append(hash));
    let Ok(index) = Index::open(scene.path()) else { return };
    let size = index.len();
    assert_eq!(size, hashes.len() as u64, "{what}");
    for (seq, hash) in (0..).zip(hashes) {
        if let Ok(entry) = index.record(seq) {
            assert_eq!(&entry.hash, hash, "{what}");
        }
        // A proof is used against a root that is known from elsewhere, a checkpoint's.
        if let Ok(proof) = index.prove_inclusion(seq, size)
            && index.root(size).unwrap() == tree.root()
        {
            proof.verify(hash, &tree.root()).unwrap();
        }
    }
    for second in 0..20 {
        if let Ok(entries) = index.records_of(&pass(second)) {
            assert_eq!(entries.len(), if second % 3 == 0 { 2 } else { 1 }, "{what}");
        }
    }
}

#[test]
fn damage_anywhere_gives_no_wrong_answer() {
    let scene = Scene::new();
    let hashes = write(&scene, 0..20);
    drop(Index::open(scene.path()).unwrap());
    let whole = files(&scene).map(|file| fs::read(file).unwrap());
    let restore = || {
        for (file, content) in files(&scene).iter().zip(&whole) {
            fs::write(file, content).unwrap();
        }
    };
    for (file, content) in files(&scene).iter().zip(&whole) {
        for at in (0..content.len()).step_by(11) {
            let mut changed = content.clone();
            changed[at] ^= 0x10;
            fs::write(file, changed).unwrap();
            assert_not_misled(&scene, &hashes, &format!("{} at {at}", file.display()));
            restore();
        }
        for left in [0, content.len() / 2, content.len() - 1] {
            fs::write(file, &content[..left]).unwrap();
            assert_not_misled(&scene, &hashes, &format!("{} cut to {left}", file.display()));
            restore();
        }
        // As an interrupted extension leaves it.
        fs::write(file, [content, b"more than the state says".as_slice()].concat()).unwrap();
        assert_not_misled(&scene, &hashes, "longer");
        restore();
    }
    assert_answers(&scene, &Index::open(scene.path()).unwrap());
}

#[test]
fn the_index_of_another_history_is_made_anew() {
    let (scene, other) = (Scene::new(), Scene::new());
    write(&scene, 0..10);
    write(&other, 5..20);
    drop(Index::open(scene.path()).unwrap());
    // Rolled back, and replaced by another one.
    for entry in fs::read_dir(scene.folder()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in fs::read_dir(other.folder()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), scene.folder().join(entry.file_name())).unwrap();
    }
    assert_answers(&scene, &Index::open(scene.path()).unwrap());
}

#[test]
fn where_the_folder_cannot_be_written_the_index_is_made_in_memory() {
    let scene = Scene::new();
    write(&scene, 0..10);
    fs::write(scene.beside("index"), "in the way").unwrap();
    assert_answers(&scene, &Index::open(scene.path()).unwrap());
}

#[test]
fn a_ledger_that_is_no_chain_is_not_indexed() {
    let scene = Scene::with_records(3);
    let text = String::from_utf8(scene.log()).unwrap();
    scene.write(text.replace("\"number\":1", "\"number\":7").as_bytes());
    assert_eq!(Index::open(scene.path()).unwrap_err().code(), "ledger.out_of_place");
}

#[test]
fn a_record_that_was_changed_since_is_not_given() {
    let scene = Scene::with_records(3);
    drop(Index::open(scene.path()).unwrap());
    let text = String::from_utf8(scene.log()).unwrap();
    scene.write(text.replace("\"number\":1", "\"number\":7").as_bytes());
    let index = Index::open(scene.path()).unwrap();
    let failure = index.record(1).unwrap_err();
    assert_eq!(failure.code(), "ledger.misfit");
    assert!(failure.to_string().contains("verify the ledger"), "{failure}");
}

#[test]
fn of_archived_segments_only_what_is_needed_for_later_proofs_is_known() {
    let scene = Scene::new();
    let hashes = write(&scene, 0..20);
    let closed: Vec<PathBuf> = closed(scene.folder());
    fs::remove_file(&closed[0]).unwrap();
    fs::remove_file(&closed[1]).unwrap();
    let oldest: u64 = closed[2].extension().unwrap().to_str().unwrap().parse().unwrap();
    let index = Index::open(scene.path()).unwrap();
    let mut tree = Tree::new();
    hashes.iter().for_each(|hash| tree.append(hash));
    let size = index.len();
    assert_eq!(index.root(size).unwrap(), tree.root());
    for (seq, hash) in (0..).zip(&hashes) {
        if seq < oldest {
            assert_eq!(index.record(seq).unwrap_err().code(), "ledger.archived");
        } else {
            assert_eq!(index.record(seq).unwrap().hash, *hash);
            index.prove_inclusion(seq, size).unwrap().verify(hash, &tree.root()).unwrap();
        }
    }
    // An index that was made before knows the tree in front, too.
    assert_eq!(index.prove_inclusion(0, size).unwrap_err().code(), "ledger.archived");
}

fn closed(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_closed = |path: &PathBuf| path.extension().is_some_and(|end| end.len() == 20);
    let mut closed: Vec<_> = paths.filter(is_closed).collect();
    closed.sort();
    closed
}
