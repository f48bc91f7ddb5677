//! The Merkle tree over a ledger's lines (RFC 6962, section 2.1), held as its frontier: the roots of the full subtrees that
//! cover it, of which there are as many as its size has one bits.
//!
//! Appending and asking for the root cost a handful of hashes, whatever the size; no leaf is kept.

use std::fmt;

use axtary_actionpass::LedgerHash;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// A node of the tree: a leaf hash, or the hash of two nodes.
pub(crate) type Node = [u8; 32];

/// The root of a tree: what a checkpoint signs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RootHash(pub(crate) Node);

impl RootHash {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Wraps a root that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Base64, as a checkpoint has it.
impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes two nodes into one.
pub(crate) fn join(left: &Node, right: &Node) -> Node {
    let mut hasher = Sha256::new();
    hasher.update([1_u8]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// A tree that grows.
///
/// # Example
///
/// ```
/// use axtary_actionpass::LedgerHash;
/// use axtary_ledger::Tree;
///
/// let mut tree = Tree::new();
/// for line in ["one", "two", "three"] {
///     tree.append(&LedgerHash::of_line(line.as_bytes()));
/// }
/// assert_eq!(tree.size(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    // INVARIANT: one node for each one bit of `size`, the largest subtree first.
    frontier: Vec<Node>,
}

impl Tree {
    /// A tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, frontier: Vec::new() }
    }

    /// A tree that grew to `size` leaves elsewhere, if that many leaves have a frontier of this length.
    pub(crate) fn from_frontier(size: u64, frontier: Vec<Node>) -> Option<Self> {
        let nodes = usize::try_from(size.count_ones()).ok()?;
        (frontier.len() == nodes).then_some(Self { size, frontier })
    }

    /// The roots of the full subtrees, the largest first.
    pub(crate) fn frontier(&self) -> &[Node] {
        &self.frontier
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: &LedgerHash) {
        self.append_with(leaf, |_| {});
    }

    /// Adds a leaf, and hands over the nodes that it completes: itself, and the roots of ever larger full subtrees.
    pub(crate) fn append_with(&mut self, leaf: &LedgerHash, mut take: impl FnMut(&Node)) {
        let mut node = *leaf.as_bytes();
        take(&node);
        // Each trailing one bit is a full subtree as large as the one that the leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.frontier.pop() {
                node = join(&left, &node);
                take(&node);
            }
        }
        self.frontier.push(node);
        self.size += 1;
    }

    /// The root over all leaves; of none, the hash of nothing.
    pub fn root(&self) -> RootHash {
        let mut subtrees = self.frontier.iter().rev();
        let Some(smallest) = subtrees.next() else { return RootHash(Sha256::digest([]).into()) };
        RootHash(subtrees.fold(*smallest, |right, left| join(left, &right)))
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

/// The largest power of two below `size`: where a tree of more than one leaf is split.
pub(crate) fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}
