//! A folder of tiles holds the tree of its checkpoint, whatever stood there before and wherever an export stopped.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use axtary_actionpass::SigningKey;
use axtary_ledger::{ExportError, NoteKey, Reader, TileDirectory, lines};
use tempfile::TempDir;

use crate::audited::{Audited, ORIGIN};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tiles = folder.path().join("tiles");
    (folder, tiles)
}

fn export(audited: &Audited, into: &Path, size: usize) -> Result<u64, ExportError> {
    let mut tiles = TileDirectory::open(into, &audited.log)?;
    let exported = tiles.export(audited.checkpoint(size).as_bytes(), audited.lines())?;
    assert_eq!(exported.records, size as u64);
    Ok(exported.tiles)
}

/// The files below a folder, without those that are not part of the format.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                walk(&path, root, files);
            } else if !name.starts_with('.') {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

#[test]
fn a_tree_is_exported_as_full_and_partial_tiles_of_every_level() {
    let audited = Audited::with_records(600);
    let (_folder, tiles) = folder();
    assert_eq!(export(&audited, &tiles, 600).unwrap(), 7);
    assert_eq!(
        names(&tiles),
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/88",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/88",
        ]
    );
    let files = files(&tiles);
    assert_eq!(files["checkpoint"], audited.checkpoint(600).as_bytes());
    let leaves = audited.leaves();
    assert_eq!(
        files["tile/0/001"],
        leaves[256..512].iter().flat_map(|leaf| *leaf.as_bytes()).collect::<Vec<_>>()
    );
    let line = audited.line(512);
    let length = u16::try_from(line.len()).unwrap().to_be_bytes();
    assert!(files["tile/entries/002.p/88"].starts_with(&[&length, line.as_slice()].concat()));
}

#[test]
fn an_empty_ledger_is_exported_as_a_checkpoint_alone() {
    let audited = Audited::with_records(0);
    let (_folder, tiles) = folder();
    assert_eq!(export(&audited, &tiles, 0).unwrap(), 0);
    assert_eq!(names(&tiles), ["checkpoint"]);
}

#[test]
fn exporting_step_by_step_leaves_what_one_export_does() {
    let audited = Audited::with_records(800);
    for (name, behind) in [("from the first record", false), ("from where the folder ends", true)] {
        let (_folder, tiles) = folder();
        for size in [0, 1, 2, 255, 256, 257, 300, 300, 511, 513, 768, 800] {
            let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
            let held = directory.checkpoint().map_or(0, |held| held.size);
            let skip = if behind { usize::try_from(held).unwrap() } else { 0 };
            let signed = audited.checkpoint(size);
            directory.export(signed.as_bytes(), audited.lines().skip(skip)).unwrap();
            drop(directory);

            let (_whole, whole) = folder();
            export(&audited, &whole, size).unwrap();
            let stepped = files(&tiles);
            for (file, bytes) in files(&whole) {
                assert_eq!(stepped.get(&file), Some(&bytes), "{name}, {size}: {file}");
            }
        }
        // Earlier checkpoints are served until the full tile is there: what else stands there is partial.
        let left: Vec<_> = names(&tiles).into_iter().filter(|name| name.contains(".p/")).collect();
        assert_eq!(
            left,
            [
                "tile/0/003.p/32",
                "tile/1/000.p/1",
                "tile/1/000.p/2",
                "tile/1/000.p/3",
                "tile/entries/003.p/32"
            ]
        );
    }
}

#[test]
fn a_full_tile_is_not_written_again() {
    let audited = Audited::with_records(600);
    let (_folder, tiles) = folder();
    export(&audited, &tiles, 550).unwrap();
    assert_eq!(
        export(&audited, &tiles, 600).unwrap(),
        2,
        "the partial tile of hashes and its entries"
    );
    assert_eq!(export(&audited, &tiles, 600).unwrap(), 0);
}

#[test]
fn a_checkpoint_that_witnesses_have_cosigned_replaces_the_one_that_they_had_not() {
    let audited = Audited::with_records(9);
    let (_folder, tiles) = folder();
    export(&audited, &tiles, 9).unwrap();
    let cosigned = format!("{}\u{2014} witness.example/w1 AAAAAAAA\n", audited.checkpoint(9));
    let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
    directory.export(cosigned.as_bytes(), []).unwrap();
    assert_eq!(files(&tiles)["checkpoint"], cosigned.as_bytes());
}

#[test]
fn an_export_goes_on_after_the_first_segments_are_archived_but_leaves_no_gap() {
    let audited = Audited::with_records(600);
    let (early, late) = (audited.checkpoint(300), audited.checkpoint(600));
    let (_whole, whole) = folder();
    export(&audited, &whole, 600).unwrap();
    let (_folder, tiles) = folder();
    export(&audited, &tiles, 300).unwrap();
    let (_empty, empty) = folder();

    let mut closed: Vec<_> = fs::read_dir(audited.scene.path().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().unwrap().len() == 20)
        .collect();
    closed.sort();
    let archived = closed.iter().take(2);
    archived.for_each(|segment| fs::remove_file(segment).unwrap());
    let first = Reader::open(audited.scene.path()).unwrap().next().unwrap().unwrap().seq;
    assert!((1..300).contains(&first), "{first}");

    let mut directory = TileDirectory::open(&empty, &audited.log).unwrap();
    let failure = directory.export(early.as_bytes(), audited.lines()).unwrap_err();
    assert_eq!(failure.code(), "export.start");
    let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
    directory.export(late.as_bytes(), audited.lines()).unwrap();
    let left = files(&tiles);
    assert!(files(&whole).iter().all(|(file, bytes)| left.get(file) == Some(bytes)));
}

#[test]
fn an_export_that_stops_anywhere_is_finished_by_the_next_and_never_shows_a_tree_it_does_not_hold() {
    let audited = Audited::with_records(600);
    let (_whole, whole) = folder();
    export(&audited, &whole, 600).unwrap();
    for held in [None, Some(200)] {
        for stop in [0, 1, 255, 256, 300, 512, 599] {
            let (_folder, tiles) = folder();
            if let Some(held) = held {
                export(&audited, &tiles, held).unwrap();
            }
            let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
            let before = files(&tiles).get("checkpoint").cloned();
            let unreadable = lines("/nowhere/at/all").err().unwrap();
            let lines = audited.lines().take(stop).chain([Err(unreadable)]);
            let failure = directory.export(audited.checkpoint(600).as_bytes(), lines).unwrap_err();
            assert_eq!(failure.code(), "ledger.io", "{stop}");
            drop(directory);
            assert_eq!(files(&tiles).get("checkpoint").cloned(), before);

            export(&audited, &tiles, 600).unwrap();
            let left = files(&tiles);
            assert!(files(&whole).iter().all(|(file, bytes)| left.get(file) == Some(bytes)));
        }
    }
}

#[test]
fn a_folder_that_holds_another_tree_is_left_as_it_is() {
    let ours = Audited::with_records(600);
    let theirs = Audited::with_records(600);
    for (there, then) in [(100, 100), (100, 600), (255, 256), (300, 600), (600, 600)] {
        let (_folder, tiles) = folder();
        export(&theirs, &tiles, there).unwrap();
        for checkpointed in [true, false] {
            if !checkpointed {
                fs::remove_file(tiles.join("checkpoint")).unwrap();
            }
            let before = files(&tiles);
            let failure = export(&ours, &tiles, then).unwrap_err();
            assert_eq!(failure.code(), "export.other_tree", "{there}, {then}");
            let after = files(&tiles);
            assert!(before.iter().all(|(file, bytes)| after.get(file) == Some(bytes)));
            assert_eq!(after.get("checkpoint"), before.get("checkpoint"));
        }
    }
}

#[test]
fn lines_of_another_ledger_do_not_go_on_where_the_folder_ends() {
    let ours = Audited::with_records(600);
    let theirs = Audited::with_records(600);
    let (_folder, tiles) = folder();
    export(&theirs, &tiles, 300).unwrap();
    let before = files(&tiles);
    let mut directory = TileDirectory::open(&tiles, &ours.log).unwrap();
    let signed = ours.checkpoint(600);
    let failure = directory.export(signed.as_bytes(), ours.lines().skip(300)).unwrap_err();
    assert_eq!(failure.code(), "export.not_signed");
    drop(directory);
    let after = files(&tiles);
    assert!(before.iter().all(|(file, bytes)| after.get(file) == Some(bytes)));
    // What that left behind the checkpoint is nobody's tree, and is written over.
    export(&theirs, &tiles, 600).unwrap();
}

#[test]
fn a_damaged_tile_is_found() {
    let audited = Audited::with_records(600);
    let (_whole, whole) = folder();
    export(&audited, &whole, 600).unwrap();
    for file in names(&whole) {
        let (_folder, tiles) = folder();
        export(&audited, &tiles, 600).unwrap();
        let mut damaged = fs::read(tiles.join(&file)).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(tiles.join(&file), damaged).unwrap();
        let failure = export(&audited, &tiles, 600).unwrap_err();
        let other = if file == "checkpoint" { "export.other_log" } else { "export.other_tree" };
        assert_eq!(failure.code(), other, "{file}");
        assert!(failure.to_string().contains(&file), "{failure}");
    }
    // Where an export goes on without the lines before, it relies on the edge alone, and looks at all of that.
    for file in ["tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"] {
        for damage in [Some(Vec::new()), Some(vec![0; 9000]), None] {
            let (_folder, tiles) = folder();
            export(&audited, &tiles, 600).unwrap();
            match &damage {
                Some(bytes) => fs::write(tiles.join(file), bytes).unwrap(),
                None => fs::remove_file(tiles.join(file)).unwrap(),
            }
            let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
            let signed = audited.checkpoint(600);
            let failure = directory.export(signed.as_bytes(), []).unwrap_err();
            assert_eq!(failure.code(), "export.other_tree", "{file}");
        }
    }
}

#[test]
fn a_checkpoint_is_exported_only_if_the_records_have_its_root() {
    let audited = Audited::with_records(600);
    let (_folder, tiles) = folder();
    let mut directory = TileDirectory::open(&tiles, &audited.log).unwrap();
    let mut code = |signed: &str, lines: Vec<Vec<u8>>| {
        let lines = lines.into_iter().map(Ok);
        directory.export(signed.as_bytes(), lines).unwrap_err().code()
    };
    let lines: Vec<_> = audited.lines().map(Result::unwrap).collect();
    let signed = audited.checkpoint(600);
    assert_eq!(code(&signed, lines[..599].to_vec()), "export.short");
    assert_eq!(code(&signed, Vec::new()), "export.short");
    assert_eq!(code(&signed, lines[1..].to_vec()), "export.start");
    let mut edited = lines.clone();
    edited[599].push(b' ');
    assert_eq!(code(&signed, edited), "export.not_signed");
    let mut long = lines.clone();
    long[3] = vec![b' '; 65_536];
    assert_eq!(code(&signed, long), "ledger.line_too_long");
    let mut strange = lines.clone();
    strange[0] = b"{}".to_vec();
    assert_eq!(code(&signed, strange), "ledger.bad_member");

    let stranger = SigningKey::from_seed(&[1; 32]);
    let other = NoteKey::of_log(ORIGIN, stranger.verifying_key()).unwrap();
    assert_eq!(code(&signed.replace("600", "599"), lines.clone()), "export.checkpoint");
    drop(directory);
    assert!(!tiles.join("checkpoint").exists());

    export(&audited, &tiles, 600).unwrap();
    assert_eq!(TileDirectory::open(&tiles, &other).unwrap_err().code(), "export.other_log");
}

#[test]
fn an_earlier_checkpoint_does_not_replace_a_later_one() {
    let audited = Audited::with_records(600);
    let (_folder, tiles) = folder();
    export(&audited, &tiles, 600).unwrap();
    let failure = export(&audited, &tiles, 599).unwrap_err();
    assert_eq!(failure.code(), "export.behind");
    assert_eq!(
        failure.to_string(),
        "the folder holds 600 records, and the checkpoint is of 599; export a later one"
    );
}

#[test]
fn a_second_export_into_one_folder_is_refused_while_the_first_goes_on() {
    let audited = Audited::with_records(9);
    let (_folder, tiles) = folder();
    let first = TileDirectory::open(&tiles, &audited.log).unwrap();
    let failure = TileDirectory::open(&tiles, &audited.log).unwrap_err();
    assert_eq!(failure.code(), "export.busy");
    drop(first);
    assert!(TileDirectory::open(&tiles, &audited.log).is_ok());
}
