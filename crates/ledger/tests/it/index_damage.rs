//! An index that is damaged, out of date, of another ledger, or left by a crash is never believed: what it answers is what a scan
//! answers.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use axtary_actionpass::RecordKind;
use axtary_ledger::{FileLedger, Index};
use proptest::prelude::*;

use crate::{
    indexed::answers_are_those_of_a_scan,
    kit::{Scene, about, pass},
};

/// A ledger in segments, about all passes.
fn scene(records: usize) -> Scene {
    let scene = Scene::new();
    write(&scene.open_in_segments(), 0..records);
    scene
}

fn write(ledger: &FileLedger, records: std::ops::Range<usize>) {
    for number in records {
        let kind = if number < 6 { RecordKind::Decision } else { RecordKind::Outcome };
        let record = about(kind, &pass(number % 6), &number.to_string());
        ledger.sync(&ledger.append(&record).unwrap()).unwrap();
    }
}

/// The files of a scene's index, the lock apart.
fn files(scene: &Scene) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        (path, content)
    };
    let mut files: BTreeMap<_, _> =
        fs::read_dir(scene.beside("index")).unwrap().map(read).collect();
    files.remove(&scene.beside("index").join("lock"));
    files
}

fn put(path: &Path, content: Option<&Vec<u8>>) {
    match content {
        Some(content) => fs::write(path, content).unwrap(),
        None => drop(fs::remove_file(path)),
    }
}

/// Opens the index twice: the first may have to build it anew, the second finds it whole.
fn answers(scene: &Scene) {
    for _ in 0..2 {
        let index = Index::open(scene.path()).unwrap();
        assert!(index.is_kept());
        answers_are_those_of_a_scan(scene, &index);
    }
}

#[test]
fn a_changed_byte_anywhere_in_the_index_changes_no_answer() {
    let scene = scene(13);
    drop(Index::open(scene.path()).unwrap());
    let whole = files(&scene);
    assert!(whole.len() >= 4, "{:?}", whole.keys());
    for (path, content) in &whole {
        // Of a large file, every few bytes.
        for at in (0..content.len()).step_by(1 + content.len() / 200) {
            let mut changed = content.clone();
            changed[at] ^= 1 << (at % 8);
            for (path, content) in &whole {
                put(path, Some(content));
            }
            fs::write(path, changed).unwrap();
            let index = Index::open(scene.path()).unwrap();
            answers_are_those_of_a_scan(&scene, &index);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn damage_of_any_kind_changes_no_answer(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..100), cut in any::<bool>(),
        grown in any::<bool>(),
    ) {
        let scene = scene(13);
        drop(Index::open(scene.path()).unwrap());
        let files = files(&scene);
        let (path, content) = files.iter().nth(which.index(files.len())).unwrap();
        let mut changed = content.clone();
        let at = at.index(changed.len());
        if cut {
            changed.truncate(at);
        } else {
            changed.splice(at..(at + bytes.len()).min(content.len()), bytes);
        }
        fs::write(path, changed).unwrap();
        if grown {
            write(&scene.open_in_segments(), 13..17);
        }
        answers(&scene);
    }

    #[test]
    fn a_crash_at_any_moment_changes_no_answer(
        there in 1..8_usize, added in 1..8_usize, states in prop::collection::vec(0..4_u8, 12),
        at in any::<prop::sample::Index>(),
    ) {
        let scene = scene(there);
        drop(Index::open(scene.path()).unwrap());
        let before = files(&scene);
        write(&scene.open_in_segments(), there..there + added);
        drop(Index::open(scene.path()).unwrap());
        let after = files(&scene);
        // Of each file, what was before, what is now, a part of that, or zeros where a power loss left no more.
        let paths: Vec<_> = before.keys().chain(after.keys()).collect();
        for (path, state) in paths.into_iter().zip(states) {
            let (old, new) = (before.get(path), after.get(path));
            let part = new.map(|new| new[..at.index(new.len() + 1)].to_vec());
            let zeros = new.map(|new| {
                let mut zeros = new.clone();
                zeros[at.index(new.len())..].fill(0);
                zeros
            });
            match state {
                0 => put(path, old),
                1 => put(path, new),
                2 => put(path, part.as_ref()),
                _ => put(path, zeros.as_ref()),
            }
        }
        answers(&scene);
    }
}

#[test]
fn the_index_of_another_ledger_is_not_believed() {
    let (scene, other) = (scene(9), scene(11));
    drop(Index::open(scene.path()).unwrap());
    drop(Index::open(other.path()).unwrap());
    for (path, content) in files(&other) {
        fs::write(scene.beside("index").join(path.file_name().unwrap()), content).unwrap();
    }
    answers(&scene);
    // And one that has as many records, of the same length.
    let twin = |number| {
        let scene = Scene::new();
        let ledger = scene.open();
        (number..number + 5).for_each(|number| write(&ledger, number..number + 1));
        scene
    };
    let (scene, other) = (twin(0), twin(1));
    drop(Index::open(other.path()).unwrap());
    fs::rename(other.beside("index"), scene.beside("index")).unwrap();
    answers(&scene);
}

#[test]
fn a_ledger_that_was_rolled_back_or_written_anew_is_indexed_as_it_is() {
    let scene = Scene::new();
    write(&scene.open(), 0..9);
    drop(Index::open(scene.path()).unwrap());
    let lines = scene.lines();
    scene.write(&lines[..5].concat());
    answers(&scene);
    // It grows on, in another way.
    let other = Scene::new();
    other.write(&lines[..5].concat());
    fs::write(other.beside("head"), "").unwrap();
    write(&other.open(), 20..25);
    scene.write(&other.log());
    answers(&scene);
}

#[test]
fn a_record_that_was_edited_since_it_was_indexed_is_not_given_out() {
    let scene = Scene::new();
    write(&scene.open(), 0..9);
    let index = Index::open(scene.path()).unwrap();
    let edited =
        String::from_utf8(scene.log()).unwrap().replace("\"text\":\"3\"", "\"text\":\"8\"");
    scene.write(edited.as_bytes());
    assert_eq!(index.record(3).unwrap_err().code(), "ledger.edited");
    assert_eq!(index.history_of(&pass(3)).unwrap_err().code(), "ledger.edited");
    assert_eq!(Index::open(scene.path()).unwrap_err().code(), "ledger.edited");
    scene.write(edited.replace("\"text\":\"8\"", "\"text\":\"3\"").as_bytes());
    answers(&scene);
}

#[test]
fn a_record_that_is_not_chained_to_the_last_is_not_indexed() {
    for (from, to, code) in [
        ("\"seq\":4", "\"seq\":5", "ledger.out_of_place"),
        ("\"text\":\"3\"", "\"text\":\"8\"", "ledger.edited"),
        ("\"text\":\"4\"", "\"text\" :\"4\"", "ledger.not_canonical"),
    ] {
        let scene = Scene::new();
        write(&scene.open(), 0..3);
        drop(Index::open(scene.path()).unwrap());
        write(&scene.open(), 3..6);
        scene.write(String::from_utf8(scene.log()).unwrap().replace(from, to).as_bytes());
        assert_eq!(Index::open(scene.path()).unwrap_err().code(), code, "{to}");
    }
}

#[test]
fn where_the_folder_cannot_be_written_the_index_is_read_and_the_rest_kept_in_memory() {
    let scene = scene(7);
    // No folder can be made.
    fs::write(scene.beside("index"), "").unwrap();
    let index = Index::open(scene.path()).unwrap();
    assert!(!index.is_kept());
    answers_are_those_of_a_scan(&scene, &index);
    fs::remove_file(scene.beside("index")).unwrap();
    // There is one, in which the lock cannot be had.
    drop(Index::open(scene.path()).unwrap());
    let whole = files(&scene);
    let lock = scene.beside("index").join("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    for records in [7..7, 7..12] {
        write(&scene.open_in_segments(), records);
        let index = Index::open(scene.path()).unwrap();
        assert!(!index.is_kept());
        answers_are_those_of_a_scan(&scene, &index);
    }
    for (path, content) in whole {
        assert_eq!(fs::read(path).unwrap(), content, "nothing was written");
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_in_the_indexs_place() {
    let scene = scene(3);
    let elsewhere = scene.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, scene.beside("index")).unwrap();
    assert!(!Index::open(scene.path()).unwrap().is_kept());
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_index() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = scene(3);
    drop(Index::open(scene.path()).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.beside("index")), 0o700);
    for path in files(&scene).keys() {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
}

#[test]
fn damage_that_is_met_while_the_index_is_open_is_mended_at_once() {
    for name in ["nodes", "offsets", "passes.0"] {
        let scene = scene(9);
        let index = Index::open(scene.path()).unwrap();
        let path = scene.beside("index").join(name);
        let len = fs::metadata(&path).unwrap().len();
        fs::write(&path, vec![0; usize::try_from(len).unwrap()]).unwrap();
        answers_are_those_of_a_scan(&scene, &index);
        answers(&scene);
    }
}

#[test]
fn what_was_merged_or_left_by_a_crash_does_not_stay() {
    let scene = Scene::new();
    let ledger = scene.open();
    for number in 0..40 {
        write(&ledger, number..number + 1);
        drop(Index::open(scene.path()).unwrap());
        fs::write(scene.beside("index").join("passes.999"), "left").unwrap();
    }
    write(&ledger, 40..41);
    drop(Index::open(scene.path()).unwrap());
    let names = files(&scene).into_keys().map(|path| path.to_string_lossy().into_owned());
    let passes: Vec<_> = names.filter(|name| name.contains("passes")).collect();
    // Each has more than twice the entries of the next, of which there are 41 in all.
    assert!((1..=5).contains(&passes.len()), "{passes:?}");
    assert!(!passes.iter().any(|name| name.ends_with(".999")), "{passes:?}");
}
