//! The last signed checkpoint shows that a ledger was rolled back or rewritten, when it is opened.

use std::fs;

use axtary_actionpass::{LedgerHash, SigningKey};
use axtary_ledger::{
    Checkpoint, CheckpointSigner, Durability, FileLedger, Index, NoteKey, Options, Tree,
};

use crate::kit::{Scene, append};

fn key(seed: u8) -> (NoteKey, SigningKey) {
    let key = SigningKey::from_seed(&[seed; 32]);
    (NoteKey::of_log("ledger.example/axtary", key.verifying_key().clone()).unwrap(), key)
}

fn signing(seed: u8) -> Options {
    let (log, key) = key(seed);
    Options::from(Durability::Synced).with_checkpoints(CheckpointSigner::new(log, key))
}

/// Appends and closes, which signs a checkpoint.
fn append_signed(scene: &Scene, numbers: std::ops::Range<i32>) -> Vec<LedgerHash> {
    let ledger = FileLedger::open(scene.path(), signing(3)).unwrap();
    numbers.map(|number| append(&ledger, number)).collect()
}

/// The files that whoever restores a copy of the ledger's folder would restore, without the checkpoint.
fn copy(scene: &Scene) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = [scene.path(), scene.beside("head"), scene.beside("tree")];
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

fn restore(files: &[(std::path::PathBuf, Vec<u8>)]) {
    files.iter().for_each(|(file, content)| fs::write(file, content).unwrap());
}

#[test]
fn a_checkpoint_is_signed_on_closing_and_whenever_it_is_asked_for() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), signing(3)).unwrap();
    assert_eq!(ledger.checkpoint().unwrap(), None, "there is nothing to sign");
    let mut tree = Tree::new();
    for number in 0..5 {
        tree.append(&append(&ledger, number));
        let signed = ledger.checkpoint().unwrap().unwrap();
        let checkpoint = Checkpoint::verify(signed.as_bytes(), &key(3).0).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (tree.size(), tree.root()));
        assert_eq!(fs::read_to_string(scene.beside("checkpoint")).unwrap(), signed);
    }
    tree.append(&append(&ledger, 5));
    drop(ledger);
    let kept = fs::read(scene.beside("checkpoint")).unwrap();
    let kept = Checkpoint::verify(&kept, &key(3).0).unwrap();
    assert_eq!((kept.size, kept.root), (6, tree.root()));
}

#[test]
fn an_older_copy_of_the_ledger_is_refused() {
    let scene = Scene::new();
    append_signed(&scene, 0..3);
    let older = copy(&scene);
    append_signed(&scene, 3..5);
    restore(&older);
    // With the key, and without it.
    for options in [signing(3), Durability::Synced.into()] {
        let error = FileLedger::open(scene.path(), options).unwrap_err();
        assert_eq!(error.code(), "ledger.rolled_back");
        assert!(error.to_string().contains("holds 3 records"), "{error}");
    }
}

#[test]
fn a_copy_of_the_whole_folder_is_refused_where_the_checkpoint_is_kept_elsewhere() {
    let (scene, elsewhere) = (Scene::new(), tempfile::tempdir().unwrap());
    let kept = elsewhere.path().join("checkpoint");
    let open = || {
        let (log, key) = key(3);
        let signer = CheckpointSigner::new(log, key).kept_in(&kept);
        let options = Options::from(Durability::Synced).with_checkpoints(signer);
        FileLedger::open(scene.path(), options)
    };
    append(&open().unwrap(), 0);
    let older = copy(&scene);
    append(&open().unwrap(), 1);
    restore(&older);
    assert_eq!(open().unwrap_err().code(), "ledger.rolled_back");
    assert!(!scene.beside("checkpoint").exists());
}

#[test]
fn another_history_of_the_same_length_is_refused() {
    let (scene, other) = (Scene::new(), Scene::new());
    append_signed(&scene, 0..3);
    append_signed(&other, 1..4);
    for file in ["head", "tree"] {
        fs::copy(other.beside(file), scene.beside(file)).unwrap();
    }
    scene.write(&other.log());
    let error = FileLedger::open(scene.path(), signing(3)).unwrap_err();
    assert_eq!(error.code(), "ledger.forked");
    // Longer than the checkpoint, with no saved state to start from.
    append_signed(&other, 4..6);
    fs::remove_file(scene.beside("tree")).unwrap();
    fs::copy(other.beside("head"), scene.beside("head")).unwrap();
    scene.write(&other.log());
    let error = FileLedger::open(scene.path(), signing(3)).unwrap_err();
    assert_eq!(error.code(), "ledger.forked");
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_key_is_refused() {
    let scene = Scene::new();
    append_signed(&scene, 0..2);
    let error = FileLedger::open(scene.path(), signing(4)).unwrap_err();
    assert_eq!(error.code(), "ledger.bad_checkpoint");
    fs::write(scene.beside("checkpoint"), "").unwrap();
    for options in [signing(3), Durability::Synced.into()] {
        let error = FileLedger::open(scene.path(), options).unwrap_err();
        assert_eq!(error.code(), "ledger.bad_checkpoint");
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_stops_the_ledger() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), signing(3)).unwrap();
    append(&ledger, 0);
    fs::create_dir(scene.beside("checkpoint")).unwrap();
    assert_eq!(ledger.checkpoint().unwrap_err().code(), "ledger.io");
    assert_eq!(ledger.append(&crate::kit::record(1)).unwrap_err().code(), "ledger.stopped");
}

#[test]
fn a_checkpoint_can_be_signed_of_a_ledger_that_another_writes_if_it_fits_the_kept_one() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), signing(3)).unwrap();
    let (log, key) = key(3);
    let signer = CheckpointSigner::new(log.clone(), key);
    let sign = || Index::open(scene.path()).unwrap().sign_checkpoint(&signer);
    assert_eq!(sign().unwrap_err().code(), "ledger.empty");
    let mut tree = Tree::new();
    for number in 0..3 {
        tree.append(&append(&ledger, number));
    }
    let signed = Checkpoint::verify(sign().unwrap().as_bytes(), &log).unwrap();
    assert_eq!((signed.size, signed.root), (3, tree.root()));
    drop(ledger);
    assert_eq!(fs::read_to_string(scene.beside("checkpoint")).unwrap(), sign().unwrap());

    let other = Scene::new();
    append_signed(&other, 7..9);
    fs::copy(other.beside("checkpoint"), scene.beside("checkpoint")).unwrap();
    assert_eq!(sign().unwrap_err().code(), "ledger.forked");
    append_signed(&other, 9..20);
    fs::copy(other.beside("checkpoint"), scene.beside("checkpoint")).unwrap();
    assert_eq!(sign().unwrap_err().code(), "ledger.rolled_back");
    fs::write(scene.beside("checkpoint"), "x").unwrap();
    assert_eq!(sign().unwrap_err().code(), "ledger.bad_checkpoint");
}

#[test]
fn no_checkpoint_is_signed_of_what_a_damaged_index_says() {
    let scene = Scene::with_records(7);
    let (log, key) = key(3);
    let signer = CheckpointSigner::new(log.clone(), key);
    let sign = || Index::open(scene.path()).unwrap().sign_checkpoint(&signer).unwrap();
    let right = sign();
    let path = scene.beside("index").join("nodes");
    let nodes = fs::read(&path).unwrap();
    for at in 0..nodes.len() {
        let mut damaged = nodes.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(sign(), right, "byte {at}");
    }
}
