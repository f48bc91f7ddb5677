//! What of an index is complete, and for which ledger.

use std::{fs, io, path::Path};

use axtary_actionpass::LedgerHash;
use sha2::{Digest as _, Sha256};

use super::passes::{Block, KEY};
use crate::line::NO_LINE;

/// What of an index is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// How many records it knows, archived ones included.
    pub(super) size: u64,
    /// The first record of which the index knows the place.
    pub(super) first: u64,
    /// The leaf hash of the last record.
    pub(super) last: LedgerHash,
    /// The number of the first record in the segment in which the last one stands.
    pub(super) open_segment: u64,
    /// The offset in that segment behind the last record.
    pub(super) end: u64,
    pub(super) blocks: Vec<Block>,
}

impl Default for State {
    fn default() -> Self {
        Self { size: 0, first: 0, last: NO_LINE, open_segment: 0, end: 0, blocks: Vec::new() }
    }
}

const MAGIC: &[u8; 16] = b"axtary-index v1\n";
/// A bound on what is read: the blocks of thousands of millions of passes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

impl State {
    /// Reads the state; `None` if there is none, or it is damaged.
    pub(super) fn read(path: &Path) -> Option<Self> {
        if fs::metadata(path).ok()?.len() > MAX_BYTES {
            return None;
        }
        let bytes = fs::read(path).ok()?;
        let (content, digest) = bytes.split_last_chunk::<32>()?;
        if Sha256::digest(content).as_slice() != digest {
            return None;
        }
        let mut rest = content.strip_prefix(MAGIC)?;
        let mut number = || take::<8>(&mut rest).map(u64::from_be_bytes);
        let [size, first, open_segment, end] = [number()?, number()?, number()?, number()?];
        let last = LedgerHash::from_bytes(take::<32>(&mut rest)?);
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            blocks.push(Block {
                pairs: u64::from_be_bytes(take::<8>(&mut rest)?),
                lowest: take::<KEY>(&mut rest)?,
                highest: take::<KEY>(&mut rest)?,
                digest: take::<32>(&mut rest)?,
            });
        }
        Some(Self { size, first, last, open_segment, end, blocks })
    }

    /// Puts this state in the place of the last one.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut bytes = MAGIC.to_vec();
        for number in [self.size, self.first, self.open_segment, self.end] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(self.last.as_bytes());
        for Block { pairs, lowest, highest, digest } in &self.blocks {
            bytes.extend_from_slice(&pairs.to_be_bytes());
            bytes.extend_from_slice(lowest);
            bytes.extend_from_slice(highest);
            bytes.extend_from_slice(digest);
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        crate::file::replace(path, &bytes, false)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}
