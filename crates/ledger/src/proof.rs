//! Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2), and their verification (RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2).
//!
//! A proof is made in one pass over the leaf hashes, from the few subtrees that it names. It is verified with nothing but the
//! hashes in it, so an auditor needs neither the ledger nor this library.

use axtary_actionpass::LedgerHash;

use crate::tree::{Node, RootHash, Tree, join, split};

/// The longest proof: as many hashes as a size has bits, and one.
const MAX_HASHES: usize = 65;

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The record or the earlier tree does not lie within the later tree.
    #[error("the proof is of something that lies outside the tree")]
    OutsideTree,
    /// The proof has more or fewer hashes than its sizes call for.
    #[error("the proof has another number of hashes than its sizes call for")]
    Length,
    /// The hashes do not lead to the root.
    #[error("the hashes of the proof do not lead to the root")]
    Root,
}

/// A proof that one record is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The number of the record, from zero.
    pub index: u64,
    /// The size of the tree.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root, the leaf's sibling first.
    pub hashes: Vec<[u8; 32]>,
}

impl InclusionProof {
    /// Makes the proof that the record `index` is in the tree of all `leaves`.
    ///
    /// # Errors
    ///
    /// [`ProofError::OutsideTree`] if there are fewer records.
    pub fn of(index: u64, leaves: &[LedgerHash]) -> Result<Self, ProofError> {
        let size = u64::try_from(leaves.len()).map_err(|_| ProofError::OutsideTree)?;
        Self::by(index, size, |start, length| subtree(leaves, start, length))
    }

    /// Makes the proof from the roots of subtrees, each given by its first record and how many it has.
    pub(crate) fn by<E: From<ProofError>>(
        index: u64,
        size: u64,
        subtree: impl Fn(u64, u64) -> Result<Node, E>,
    ) -> Result<Self, E> {
        if index >= size {
            return Err(ProofError::OutsideTree.into());
        }
        let mut hashes = Vec::new();
        let (mut start, mut length) = (0, size);
        while length > 1 {
            let left = split(length);
            if index < start + left {
                hashes.push(subtree(start + left, length - left)?);
                length = left;
            } else {
                hashes.push(subtree(start, left)?);
                start += left;
                length -= left;
            }
        }
        hashes.reverse();
        Ok(Self { index, size, hashes })
    }

    /// Verifies that `leaf` is in the tree with this root.
    ///
    /// # Errors
    ///
    /// [`ProofError`] says why the proof does not hold.
    pub fn verify(&self, leaf: &LedgerHash, root: &RootHash) -> Result<(), ProofError> {
        if self.index >= self.size {
            return Err(ProofError::OutsideTree);
        }
        if self.hashes.len() > MAX_HASHES {
            return Err(ProofError::Length);
        }
        let (mut from, mut last) = (self.index, self.size - 1);
        let mut node = *leaf.as_bytes();
        for hash in &self.hashes {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if from & 1 == 1 || from == last {
                node = join(hash, &node);
                climb(&mut from, &mut last);
            } else {
                node = join(&node, hash);
            }
            from >>= 1;
            last >>= 1;
        }
        finish(last, node == root.0)
    }
}

/// A proof that a tree is the beginning of a later one: nothing was changed or taken away in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The size of the earlier tree; at least one.
    pub earlier: u64,
    /// The size of the later tree.
    pub later: u64,
    /// The hashes from which both roots follow.
    pub hashes: Vec<[u8; 32]>,
}

impl ConsistencyProof {
    /// Makes the proof that the tree of the first `earlier` leaves is the beginning of the tree of all.
    ///
    /// # Errors
    ///
    /// [`ProofError::OutsideTree`] if `earlier` is zero, of which there is nothing to prove, or there are fewer records.
    pub fn of(earlier: u64, leaves: &[LedgerHash]) -> Result<Self, ProofError> {
        let later = u64::try_from(leaves.len()).map_err(|_| ProofError::OutsideTree)?;
        Self::by(earlier, later, |start, length| subtree(leaves, start, length))
    }

    /// As [`InclusionProof::by`].
    pub(crate) fn by<E: From<ProofError>>(
        earlier: u64,
        later: u64,
        subtree: impl Fn(u64, u64) -> Result<Node, E>,
    ) -> Result<Self, E> {
        if earlier == 0 || earlier > later {
            return Err(ProofError::OutsideTree.into());
        }
        let mut hashes = Vec::new();
        let (mut start, mut length, mut inner) = (0, later, earlier);
        // While the subtree is the earlier tree as a whole, its hash is known to whoever has the earlier root.
        let mut known = true;
        while inner < length {
            let left = split(length);
            if inner <= left {
                hashes.push(subtree(start + left, length - left)?);
                length = left;
            } else {
                hashes.push(subtree(start, left)?);
                start += left;
                length -= left;
                inner -= left;
                known = false;
            }
        }
        if !known {
            hashes.push(subtree(start, length)?);
        }
        hashes.reverse();
        Ok(Self { earlier, later, hashes })
    }

    /// Verifies that the tree with the root `before` is the beginning of the tree with the root `after`.
    ///
    /// # Errors
    ///
    /// [`ProofError`] says why the proof does not hold.
    pub fn verify(&self, before: &RootHash, after: &RootHash) -> Result<(), ProofError> {
        if self.earlier == 0 || self.earlier > self.later {
            return Err(ProofError::OutsideTree);
        }
        if self.earlier == self.later {
            return match self.hashes.as_slice() {
                [] if before == after => Ok(()),
                [] => Err(ProofError::Root),
                _ => Err(ProofError::Length),
            };
        }
        if self.hashes.len() > MAX_HASHES {
            return Err(ProofError::Length);
        }
        let mut hashes = self.hashes.iter();
        // An earlier tree that is a full subtree stands for itself.
        let first = if self.earlier.is_power_of_two() { Some(&before.0) } else { hashes.next() };
        let Some(first) = first.filter(|_| !self.hashes.is_empty()) else {
            return Err(ProofError::Length);
        };
        let (mut from, mut last) = (self.earlier - 1, self.later - 1);
        while from & 1 == 1 {
            from >>= 1;
            last >>= 1;
        }
        let (mut old, mut new) = (*first, *first);
        for hash in hashes {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if from & 1 == 1 || from == last {
                old = join(hash, &old);
                new = join(hash, &new);
                climb(&mut from, &mut last);
            } else {
                new = join(&new, hash);
            }
            from >>= 1;
            last >>= 1;
        }
        finish(last, old == before.0 && new == after.0)
    }
}

/// Steps over the levels at which a node on the right edge has no sibling.
fn climb(from: &mut u64, last: &mut u64) {
    while *from & 1 == 0 && *from != 0 {
        *from >>= 1;
        *last >>= 1;
    }
}

fn finish(last: u64, equal: bool) -> Result<(), ProofError> {
    match (last, equal) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        (_, true | false) => Err(ProofError::Length),
    }
}

/// The root of the `length` leaves from `start`.
fn subtree(leaves: &[LedgerHash], start: u64, length: u64) -> Result<Node, ProofError> {
    let index = |at: u64| usize::try_from(at).map_err(|_| ProofError::OutsideTree);
    let leaves =
        leaves.get(index(start)?..index(start + length)?).ok_or(ProofError::OutsideTree)?;
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.append(leaf));
    Ok(tree.root().0)
}
