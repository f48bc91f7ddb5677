//! What an index knows of a ledger: read from its folder as far as it fits the ledger, and brought up to the ledger's end.

use std::fs::File;

use axtary_actionpass::LedgerHash;

use super::{
    Damaged, Doubt,
    array::Array,
    manifest::Manifest,
    nodes::Nodes,
    parts::{Parts, Spot},
    passes::Passes,
    storage::Storage,
};
use crate::{
    error::ReadFailure,
    read::LogLine,
    state::TreeState,
    verify::{Frame, Progress},
};

/// What an index knows of the records from its start on.
#[derive(Debug)]
pub(super) struct Contents {
    /// The tree in front of them.
    pub(super) start: TreeState,
    /// The tree with them.
    pub(super) end: TreeState,
    pub(super) nodes: Nodes,
    pub(super) passes: Passes,
    /// Where each record's line starts in its segment.
    offsets: Array,
}

const NODES: &str = "nodes";
const OFFSETS: &str = "offsets";

/// The bytes of an offset.
const OFFSET: u64 = 8;

/// After how many bytes of the log it is told how far it is.
const TELL_EVERY: u64 = 4 * 1024 * 1024;

impl Contents {
    /// Nothing yet, behind this state.
    pub(super) fn new(start: TreeState, storage: &mut Storage) -> Self {
        storage.clear();
        let nodes = Nodes::new(storage.create(NODES), start.tree.clone());
        let offsets = storage.create(OFFSETS);
        Self { end: start.clone(), start, nodes, passes: Passes::default(), offsets }
    }

    /// What the folder holds, and where in the ledger that ends; if it is whole, and is of these records.
    pub(super) fn load(storage: &Storage, parts: &Parts) -> Result<(Self, Spot), Damaged> {
        let Manifest { start, end, passes } = storage.manifest().ok_or(Damaged)?;
        let (first, size) = (start.tree.size(), end.tree.size());
        // Without a record it fits every ledger; and what came back from an archive is to be found again.
        if first == size || parts.first().is_some_and(|there| there < first) {
            return Err(Damaged);
        }
        let file = |name| -> Result<File, Damaged> { storage.open(name).map_err(|_| Damaged) };
        let nodes = Nodes::of(file(NODES)?, start.tree.clone(), size)?;
        let offsets = Array::of(file(OFFSETS)?, (size - first) * OFFSET)?;
        let passes = Passes::of(&passes, storage)?;
        let contents = Self { start, end, nodes, passes, offsets };
        let spot = match contents.line(parts, size - 1) {
            Ok((line, spot)) if LedgerHash::of_line(&line) == contents.end.last => spot,
            Err(Doubt::Archived { .. }) => parts.behind_archived(&contents.end)?,
            Ok(_) | Err(Doubt::Damaged | Doubt::Failure(_)) => return Err(Damaged),
        };
        Ok((contents, spot))
    }

    /// Adds the records behind this place, which is the end of those that are there, and keeps them.
    pub(super) fn catch_up(
        &mut self,
        parts: Parts,
        spot: Spot,
        storage: &mut Storage,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Doubt> {
        let (mut walk, of) = parts.walk_from(spot)?;
        let mut so_far = Progress { bytes: 0, of };
        let mut told = 0;
        while let Some(line) = walk.next()? {
            self.append(&line)?;
            so_far.bytes += line.raw.end() - line.raw.offset;
            if so_far.bytes - told >= TELL_EVERY {
                told = so_far.bytes;
                // It may have grown since it was measured.
                so_far.of = so_far.of.max(told);
                progress(so_far);
                self.store_if_much(storage)?;
            }
        }
        if self.end.tree.size() > spot.next {
            self.keep(storage)?;
        }
        Ok(())
    }

    /// The line of this record, which is the one that was indexed, and the place behind it.
    pub(super) fn line(&self, parts: &Parts, record: u64) -> Result<(Vec<u8>, Spot), Doubt> {
        let place = record.checked_sub(self.start.tree.size()).ok_or(Doubt::Archived { record })?;
        let mut offset = [0; 8];
        self.offsets.read(place * OFFSET, &mut offset)?;
        let found = parts.line(record, u64::from_le_bytes(offset))?;
        let (line, spot) = found.ok_or(Doubt::Damaged)?;
        if LedgerHash::of_line(&line) != self.nodes.leaf(record)? {
            return Err(Doubt::Damaged);
        }
        Ok((line, spot))
    }

    fn append(&mut self, line: &LogLine<'_>) -> Result<(), ReadFailure> {
        let LogLine { path, raw, .. } = line;
        let Frame { seq, prev } = raw.frame(path)?;
        self.end.demand_next(seq, prev).map_err(|problem| raw.bad(path, problem))?;
        let leaf = LedgerHash::of_line(raw.bytes);
        self.nodes.append(&mut self.end.tree, &leaf);
        self.end.last = leaf;
        self.offsets.push(&raw.offset.to_le_bytes());
        self.passes.add(raw.bytes, seq);
        Ok(())
    }

    fn store_if_much(&mut self, storage: &mut Storage) -> Result<(), Damaged> {
        storage.store_if_much(self.nodes.array());
        storage.store_if_much(&mut self.offsets);
        if self.passes.are_many() { self.passes.sort(storage) } else { Ok(()) }
    }

    fn keep(&mut self, storage: &mut Storage) -> Result<(), Damaged> {
        self.passes.sort(storage)?;
        storage.store(self.nodes.array());
        storage.store(&mut self.offsets);
        let (start, end, passes) = (self.start.clone(), self.end.clone(), self.passes.files());
        storage.keep(&Manifest { start, end, passes });
        Ok(())
    }
}
