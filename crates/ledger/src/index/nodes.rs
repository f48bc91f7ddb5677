//! The nodes of the tree, in the order in which records complete them: each leaf, and behind it the roots of the full subtrees that
//! it completes. So the file only grows, and where a node stands follows from its level and its number alone.
//!
//! ```text
//! leaf 0 | leaf 1, 0..2 | leaf 2 | leaf 3, 2..4, 0..4 | leaf 4 | …
//! ```

use std::fs::File;

use axtary_actionpass::LedgerHash;

use super::{Damaged, Doubt, array::Array};
use crate::tree::{Node, RootHash, Tree, join};

/// The bytes of a node.
const WIDTH: u64 = 32;

/// The nodes that are completed by the records behind the start of an index.
#[derive(Debug)]
pub(super) struct Nodes {
    array: Array,
    /// The tree at the start; of its nodes, only the frontier is known.
    start: Tree,
}

impl Nodes {
    /// None yet.
    pub(super) fn new(array: Array, start: Tree) -> Self {
        Self { array, start }
    }

    /// Those from the size of `start` to the size `end`, as a file holds them.
    pub(super) fn of(file: File, start: Tree, end: u64) -> Result<Self, Damaged> {
        let count = completed(end).checked_sub(completed(start.size())).ok_or(Damaged)?;
        Ok(Self { array: Array::of(file, count * WIDTH)?, start })
    }

    /// Adds a leaf to the tree, and the nodes that it completes to these.
    pub(super) fn append(&mut self, tree: &mut Tree, leaf: &LedgerHash) {
        tree.append_with(leaf, |node| self.array.push(node));
    }

    pub(super) fn array(&mut self) -> &mut Array {
        &mut self.array
    }

    /// The root of the first `size` leaves.
    pub(super) fn root(&self, size: u64) -> Result<RootHash, Doubt> {
        match size {
            0 => Ok(Tree::new().root()),
            size => self.subtree(0, size).map(RootHash::from_bytes),
        }
    }

    /// The root of the `length` leaves from `start`, which is a multiple of each power of two in `length`, as where a tree is split.
    pub(super) fn subtree(&self, start: u64, length: u64) -> Result<Node, Doubt> {
        let mut rest = length;
        let mut root = None;
        while rest > 0 {
            let level = rest.trailing_zeros();
            rest -= 1 << level;
            let node = self.node(level, (start + rest) >> level)?;
            root = Some(root.map_or(node, |right| join(&node, &right)));
        }
        root.ok_or(Doubt::Damaged)
    }

    /// The hash of a leaf.
    pub(super) fn leaf(&self, record: u64) -> Result<LedgerHash, Doubt> {
        self.node(0, record).map(LedgerHash::from_bytes)
    }

    /// The root of the `at`-th 2^`level` leaves.
    fn node(&self, level: u32, at: u64) -> Result<Node, Doubt> {
        let last = ((at + 1) << level) - 1;
        let start = self.start.size();
        if last < start {
            // The frontier has a full subtree for each one bit of the size, the largest first.
            let full = start >> level;
            let is_in_frontier = full % 2 == 1 && at + 1 == full;
            let place = usize::try_from((full / 2).count_ones()).unwrap_or(usize::MAX);
            let node = self.start.frontier().get(place).filter(|_| is_in_frontier);
            return node.copied().ok_or(Doubt::Archived { record: last });
        }
        let place = completed(last) + u64::from(level) - completed(start);
        let mut node = [0; 32];
        self.array.read(place * WIDTH, &mut node)?;
        Ok(node)
    }
}

/// How many nodes a tree of so many leaves has that are roots of full subtrees.
fn completed(leaves: u64) -> u64 {
    2 * leaves - u64::from(leaves.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::InclusionProof;

    #[test]
    fn every_node_is_found_where_it_stands_from_wherever_the_index_starts() {
        let leaves: Vec<_> = (0..70_u8).map(|n| LedgerHash::of_line(&[n])).collect();
        let tree = |size: usize| {
            let mut tree = Tree::new();
            leaves[..size].iter().for_each(|leaf| tree.append(leaf));
            tree
        };
        for start in 0..=leaves.len() {
            let mut end = tree(start);
            let mut nodes = Nodes::new(Array::default(), end.clone());
            leaves[start..].iter().for_each(|leaf| nodes.append(&mut end, leaf));
            assert_eq!(end, tree(leaves.len()));
            for size in start..=leaves.len() {
                assert_eq!(nodes.root(size as u64).unwrap(), tree(size).root());
                for index in start as u64..size as u64 {
                    let proof = InclusionProof::by(index, size as u64, |at, length| {
                        nodes.subtree(at, length)
                    });
                    let expected = InclusionProof::of(index, &leaves[..size]).unwrap();
                    assert_eq!(proof.unwrap(), expected);
                }
            }
            for (index, leaf) in (0_u64..).zip(&leaves[..start]) {
                let found = nodes.leaf(index);
                if start % 2 == 1 && index + 1 == start as u64 {
                    assert_eq!(found.unwrap(), *leaf);
                } else {
                    assert!(matches!(found, Err(Doubt::Archived { record }) if record == index));
                }
            }
        }
    }
}
