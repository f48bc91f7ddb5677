//! Tiles (C2SP tlog-tiles): the hashes of a tree, and its entries, in pieces of 256 that never change once they are full.
//!
//! ```text
//! tile/0/x001/x234/067       256 leaf hashes
//! tile/1/005.p/17            17 hashes, each of a full tile of the level below
//! tile/entries/000.p/17      17 lines, each behind its length
//! ```

use axtary_actionpass::LedgerHash;

use crate::{
    line::MAX_LINE_BYTES,
    tree::{Node, RootHash, Tree},
};

/// How many hashes or entries a full tile has.
pub(super) const FULL: usize = 256;
/// The bits of a record's number that one level takes.
const BITS: u32 = 8;
/// The levels that a tree of 2^64 records has.
const LEVELS: usize = 8;
/// The most bytes that a file of the directory can have: 256 entries, each behind two bytes of length.
pub(super) const MAX_BYTES: usize = FULL * (2 + MAX_LINE_BYTES);

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Hashes of this level: of leaves at 0, of full tiles of the level below otherwise.
    Hashes(u32),
    /// Lines.
    Entries,
}

/// One file of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    content: Content,
    index: u64,
    /// How many hashes or entries it has, from 1 to 256.
    width: usize,
}

impl Tile {
    pub(super) fn new(content: Content, index: u64, width: usize) -> Self {
        Self { content, index, width }
    }

    /// Where it stands in the directory.
    pub(super) fn path(&self) -> String {
        if self.is_full() {
            self.full_path()
        } else {
            format!("{}/{}", self.partials(), self.width)
        }
    }

    /// The folder of the tile's partial forms.
    pub(super) fn partials(&self) -> String {
        format!("{}.p", self.full_path())
    }

    pub(super) fn is_full(&self) -> bool {
        self.width == FULL
    }

    /// The tile at the same place when it has as many hashes or entries as this.
    pub(super) fn of_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// How many records a tree must have for this tile to be one of its own.
    pub(super) fn end(&self) -> u64 {
        let level = match self.content {
            Content::Hashes(level) => level,
            Content::Entries => 0,
        };
        let width = u64::try_from(self.width).unwrap_or(u64::MAX);
        let hashes = self.index.saturating_mul(1 << BITS).saturating_add(width);
        let each = 1_u64.checked_shl(BITS * level).unwrap_or(u64::MAX);
        hashes.saturating_mul(each)
    }

    fn full_path(&self) -> String {
        // Groups of three digits, of which all but the last are marked.
        let mut path = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        match self.content {
            Content::Hashes(level) => format!("tile/{level}/{path}"),
            Content::Entries => format!("tile/entries/{path}"),
        }
    }
}

/// The right edge of a tree: the tiles that are not full yet. All that is held in memory while a tree of any size is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    size: u64,
    /// INVARIANT: the hashes of the last tile of each level, fewer than 256 each.
    levels: [Vec<Node>; LEVELS],
    /// The entries of the last tile.
    bundle: Vec<u8>,
}

impl Edge {
    /// How many records the tree has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a line of at most 65,535 bytes, and hands over the tiles that it fills.
    pub(super) fn append<E>(
        &mut self,
        line: &[u8],
        mut filled: impl FnMut(Tile, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let length = u16::try_from(line.len()).unwrap_or(u16::MAX);
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(line);
        let index = self.size >> BITS;
        self.size += 1;
        if self.size.is_multiple_of(1 << BITS) {
            filled(Tile::new(Content::Entries, index, FULL), &self.bundle)?;
            self.bundle.clear();
        }
        let mut node = *LedgerHash::of_line(line).as_bytes();
        for (level, hashes) in (0_u32..).zip(&mut self.levels) {
            hashes.push(node);
            if hashes.len() < FULL {
                break;
            }
            node = root(hashes).0;
            let bytes = std::mem::take(hashes).concat();
            let index = (self.size - 1) >> (BITS * (level + 1));
            filled(Tile::new(Content::Hashes(level), index, FULL), &bytes)?;
        }
        Ok(())
    }

    /// The tiles that are not full, in their partial form.
    pub(super) fn partials(&self) -> impl Iterator<Item = (Tile, Vec<u8>)> {
        let hashes = (0_u32..).zip(&self.levels).map(|(level, hashes)| {
            (tile_at(Content::Hashes(level), level, self.size), hashes.concat())
        });
        let entries = (tile_at(Content::Entries, 0, self.size), self.bundle.clone());
        hashes.chain([entries]).filter_map(|(tile, bytes)| Some((tile?, bytes)))
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> RootHash {
        // What a level does not cover is one more node to the right of the level above.
        let mut covered: Option<Node> = None;
        for hashes in &self.levels {
            let mut nodes = hashes.clone();
            nodes.extend(covered);
            covered = (!nodes.is_empty()).then(|| root(&nodes).0);
        }
        covered.map_or_else(|| Tree::new().root(), RootHash)
    }

    /// Reads the edge of a tree of `size` records out of its tiles, of which `read` gives the bytes.
    ///
    /// The hashes are what they are: the caller compares the root. `None` if an entry does not have the hash that stands for it.
    pub(super) fn read<E>(
        size: u64,
        mut read: impl FnMut(Tile) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Self>, E> {
        let mut edge = Self { size, ..Self::default() };
        for (level, hashes) in (0_u32..).zip(&mut edge.levels) {
            if let Some(tile) = tile_at(Content::Hashes(level), level, size) {
                hashes.extend(read(tile)?.as_chunks().0.iter().take(tile.width));
            }
        }
        if let Some(tile) = tile_at(Content::Entries, 0, size) {
            let Some(bundle) = edge.bundle_of(&read(tile)?) else { return Ok(None) };
            edge.bundle = bundle;
        }
        Ok(Some(edge))
    }

    /// The entries at the beginning of `bytes` that the hashes of the edge's leaves stand for.
    fn bundle_of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut rest = bytes;
        for leaf in self.levels.first()? {
            let (length, behind) = rest.split_first_chunk::<2>()?;
            let (line, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
            if LedgerHash::of_line(line).as_bytes() != leaf {
                return None;
            }
            rest = behind;
        }
        bytes.strip_suffix(rest).map(<[u8]>::to_vec)
    }
}

/// The partial tile that a tree of `size` records ends with at this level, unless it ends with a full one.
fn tile_at(content: Content, level: u32, size: u64) -> Option<Tile> {
    let hashes = size.checked_shr(BITS * level)?;
    let width = usize::try_from(hashes & 0xff).ok().filter(|width| *width > 0)?;
    Some(Tile::new(content, hashes >> BITS, width))
}

/// The root over nodes of equal size, of which the last may be smaller.
fn root(nodes: &[Node]) -> RootHash {
    let mut tree = Tree::new();
    nodes.iter().for_each(|node| tree.append(&LedgerHash::from_bytes(*node)));
    tree.root()
}

#[cfg(test)]
mod tests;
