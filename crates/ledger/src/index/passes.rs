//! Which records are about which pass: pairs of a ULID and a record's number, in the order of the records, in blocks. Of each block the
//! lowest and the highest ULID are known, and as a ULID begins with the time at which it was made, few blocks can hold a given one.

use std::io;

use axtary_actionpass::PassId;
use sha2::{Digest as _, Sha256};

use super::column::Column;

/// The pairs.
#[derive(Debug)]
pub(super) struct Passes {
    column: Column,
    /// The pairs of the block that is not full yet.
    last: Vec<u8>,
}

/// What is known of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) pairs: u64,
    pub(super) lowest: [u8; KEY],
    pub(super) highest: [u8; KEY],
    /// The digest over its pairs.
    pub(super) digest: [u8; 32],
}

/// The text of a ULID: it sorts as the ULID does.
pub(super) const KEY: usize = 26;
const PAIR: usize = KEY + 8;
/// The pairs of a full block.
const FULL: usize = 2048;

impl Passes {
    pub(super) fn in_column(column: Column) -> Self {
        Self { column, last: Vec::new() }
    }

    /// Brings the pairs to what these blocks say, ready to be added to.
    pub(super) fn resume(&mut self, blocks: &mut Vec<Block>) -> io::Result<()> {
        self.last.clear();
        let mut pairs: u64 = blocks.iter().map(|block| block.pairs).sum();
        if let Some(open) = blocks.pop_if(|block| block.pairs < FULL as u64) {
            pairs -= open.pairs;
            self.last = self.read(pairs, &open)?;
        }
        self.column.resize(pairs * PAIR as u64)
    }

    pub(super) fn add(
        &mut self,
        pass: &PassId,
        seq: u64,
        blocks: &mut Vec<Block>,
    ) -> io::Result<()> {
        self.last.extend_from_slice(key(pass));
        self.last.extend_from_slice(&seq.to_be_bytes());
        if self.last.len() / PAIR == FULL {
            self.close(blocks)?;
        }
        Ok(())
    }

    /// Writes the block that is not full, too.
    pub(super) fn finish(&mut self, blocks: &mut Vec<Block>) -> io::Result<()> {
        self.close(blocks)?;
        self.column.flush()?;
        self.column.sync()
    }

    fn close(&mut self, blocks: &mut Vec<Block>) -> io::Result<()> {
        let keys = || self.last.chunks_exact(PAIR).filter_map(|pair| pair.first_chunk::<KEY>());
        if let (Some(lowest), Some(highest)) = (keys().min(), keys().max()) {
            blocks.push(Block {
                pairs: u64::try_from(self.last.len() / PAIR).unwrap_or(u64::MAX),
                lowest: *lowest,
                highest: *highest,
                digest: Sha256::digest(&self.last).into(),
            });
            self.column.append(&self.last)?;
            self.last.clear();
        }
        Ok(())
    }

    /// The numbers of the records about a pass.
    pub(super) fn of(&self, pass: &PassId, blocks: &[Block]) -> io::Result<Vec<u64>> {
        let key = key(pass);
        let mut numbers = Vec::new();
        let mut start = 0;
        for block in blocks {
            if (&block.lowest[..]..=&block.highest[..]).contains(&key) {
                let pairs = self.read(start, block)?;
                for pair in pairs.chunks_exact(PAIR) {
                    if let Some((found, seq)) = pair.split_first_chunk::<KEY>()
                        && found == key
                        && let Ok(seq) = seq.try_into()
                    {
                        numbers.push(u64::from_be_bytes(seq));
                    }
                }
            }
            start += block.pairs;
        }
        Ok(numbers)
    }

    /// Reads a block that starts with this pair.
    fn read(&self, start: u64, block: &Block) -> io::Result<Vec<u8>> {
        let pairs = usize::try_from(block.pairs).unwrap_or(FULL).min(FULL);
        let mut bytes = vec![0; pairs * PAIR];
        self.column.read(start * PAIR as u64, &mut bytes)?;
        if Sha256::digest(&bytes).as_slice() == block.digest {
            Ok(bytes)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged; delete it"))
        }
    }
}

/// What of a pass's id differs from those of others.
fn key(pass: &PassId) -> &[u8] {
    pass.as_str().as_bytes().last_chunk::<KEY>().map_or(&[], |key| &key[..])
}
