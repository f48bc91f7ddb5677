//! Tiles, against the standard's own numbers, a published log, and the tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fs,
    path::Path,
};

use super::*;

/// The edge of a tree of these lines, and the tiles that it filled.
fn grown<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> (Edge, BTreeMap<String, Vec<u8>>) {
    let mut edge = Edge::default();
    let mut tiles = BTreeMap::new();
    for line in lines {
        let Ok(()) = edge.append(line, |tile, bytes| {
            let new = tiles.insert(tile.path(), bytes.to_vec()).is_none();
            assert!(new && tile.end() == edge_end(&tile), "{}", tile.path());
            Ok::<_, Infallible>(())
        });
    }
    (edge, tiles)
}

/// What `Tile::end` must be, by counting.
fn edge_end(tile: &Tile) -> u64 {
    match tile.content {
        Content::Entries | Content::Hashes(0) => (tile.index + 1) * 256,
        Content::Hashes(level) => (tile.index + 1) * 256_u64.pow(level + 1),
    }
}

#[test]
fn a_tree_of_70_000_has_the_tiles_that_the_standard_lists() {
    let numbers: Vec<_> = (0..70_000).map(|number: u32| number.to_string()).collect();
    let (edge, full) = grown(numbers.iter().map(String::as_bytes));
    let expected: BTreeSet<_> = [("0", 273), ("entries", 273), ("1", 1)]
        .into_iter()
        .flat_map(|(content, count)| {
            (0..count).map(move |index| format!("tile/{content}/{index:03}"))
        })
        .collect();
    assert_eq!(full.into_keys().collect::<BTreeSet<_>>(), expected);
    let partials: Vec<_> =
        edge.partials().map(|(tile, bytes)| (tile.path(), bytes.len())).collect();
    assert_eq!(
        partials,
        [
            ("tile/0/273.p/112".to_owned(), 112 * 32),
            ("tile/1/001.p/17".to_owned(), 17 * 32),
            ("tile/2/000.p/1".to_owned(), 32),
            ("tile/entries/273.p/112".to_owned(), 112 * 7),
        ]
    );
}

#[test]
fn indexes_are_written_in_groups_of_three_digits() {
    for (index, path) in [
        (5, "tile/0/005"),
        (999, "tile/0/999"),
        (1000, "tile/0/x001/000"),
        (1_234_067, "tile/0/x001/x234/067"),
        (u64::MAX >> 8, "tile/0/x072/x057/x594/x037/x927/935"),
    ] {
        assert_eq!(Tile::new(Content::Hashes(0), index, FULL).path(), path);
    }
    assert_eq!(Tile::new(Content::Entries, 1000, 7).path(), "tile/entries/x001/000.p/7");
}

#[test]
fn the_tiles_of_a_published_log_are_ours() {
    let entries = [
        "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven",
        "twelf", "threeten", "fourten", "fivten",
    ];
    let (edge, full) = grown(entries.iter().map(|entry| entry.as_bytes()));
    assert!(full.is_empty());
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tlog-tiles-log");
    let mut compared = 0;
    for (tile, bytes) in edge.partials() {
        assert_eq!(fs::read(published.join(tile.path())).unwrap(), bytes);
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn the_edge_of_any_tree_has_its_root_and_is_read_back_from_its_tiles() {
    let line = |number: u64| number.to_string().into_bytes();
    let mut tree = Tree::new();
    let mut edge = Edge::default();
    let mut tiles = BTreeMap::new();
    for size in 0..=1_100_u64 {
        assert_eq!(edge.root(), tree.root(), "{size}");
        tiles.extend(edge.partials().map(|(tile, bytes)| (tile.path(), bytes)));
        let read = Edge::read(size, |tile| Ok::<_, Infallible>(tiles[&tile.path()].clone()));
        assert_eq!(read.unwrap().as_ref(), Some(&edge), "{size}");
        tree.append(&LedgerHash::of_line(&line(size)));
        let Ok(()) = edge.append(&line(size), |_, _| Ok::<_, Infallible>(()));
    }
}

#[test]
fn an_edge_is_not_read_from_entries_that_its_hashes_do_not_stand_for() {
    let (edge, _) = grown([b"one".as_slice(), b"two", b"three"]);
    let tiles: Vec<_> = edge.partials().collect();
    let (_, bundle) = &tiles[1];
    for bad in [
        &b""[..],
        &bundle[..bundle.len() - 1],
        &bundle[5..],
        &[b"\0\x03onf".as_slice(), &bundle[5..]].concat(),
    ] {
        let read = Edge::read(3, |tile| {
            let hashes = matches!(tile.content, Content::Hashes(_));
            Ok::<_, Infallible>(if hashes { tiles[0].1.clone() } else { bad.to_vec() })
        });
        assert_eq!(read.unwrap(), None);
    }
}
