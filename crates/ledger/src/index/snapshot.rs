//! An index as it is at one moment, and what it answers.

use std::path::{Path, PathBuf};

use axtary_actionpass::{Json, LedgerHash, PassId};

use super::{
    Doubt,
    contents::Contents,
    parts::{Parts, Spot},
    storage::Storage,
};
use crate::{
    error::ReadFailure,
    line::Entry,
    proof::{ConsistencyProof, InclusionProof, ProofError},
    tree::{Node, RootHash},
    verify::Progress,
};

/// An index, and the segments that were there when it was brought up to date.
#[derive(Debug)]
pub(super) struct Snapshot {
    ledger: PathBuf,
    contents: Contents,
    parts: Parts,
    is_kept: bool,
}

impl Snapshot {
    /// What the folder holds, brought up to date; or all anew.
    pub(super) fn open(
        ledger: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, ReadFailure> {
        // Nothing is left where there is no ledger.
        Parts::of(ledger)?;
        let mut storage = Storage::acquire(ledger);
        let parts = Parts::of(ledger)?;
        if let Ok((mut contents, spot)) = Contents::load(&storage, &parts) {
            match contents.catch_up(parts, spot, &mut storage, progress) {
                Ok(()) => return Self::of(ledger, contents, &storage),
                Err(Doubt::Failure(failure)) => return Err(failure),
                Err(Doubt::Damaged | Doubt::Archived { .. }) => {}
            }
        }
        Self::build(ledger, storage, progress)
    }

    /// All anew, from the first record that is there.
    pub(super) fn build(
        ledger: &Path,
        mut storage: Storage,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, ReadFailure> {
        let parts = Parts::of(ledger)?;
        let start = parts.start()?;
        let first = start.tree.size();
        let mut contents = Contents::new(start, &mut storage);
        let spot = Spot { segment: first, offset: 0, next: first };
        match contents.catch_up(parts, spot, &mut storage, progress) {
            Ok(()) => Self::of(ledger, contents, &storage),
            Err(doubt) => Err(Parts::of(ledger)?.failure(doubt)),
        }
    }

    fn of(ledger: &Path, contents: Contents, storage: &Storage) -> Result<Self, ReadFailure> {
        // Listed anew: what was open may be closed by now.
        let parts = Parts::of(ledger)?;
        Ok(Self { ledger: ledger.to_owned(), contents, parts, is_kept: storage.is_kept() })
    }

    pub(super) fn records(&self) -> u64 {
        self.contents.end.tree.size()
    }

    pub(super) fn first(&self) -> u64 {
        self.contents.start.tree.size()
    }

    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The line of a record.
    pub(super) fn line(&self, seq: u64) -> Result<Vec<u8>, Doubt> {
        self.demand(seq)?;
        self.contents.line(&self.parts, seq).map(|(line, _)| line)
    }

    /// A record.
    pub(super) fn record(&self, seq: u64) -> Result<Entry, Doubt> {
        Entry::parse(&self.line(seq)?).map_err(|_| Doubt::Damaged)
    }

    /// The records about a pass.
    pub(super) fn records_of(&self, pass: &PassId) -> Result<Vec<Entry>, Doubt> {
        let mut records = Vec::new();
        for seq in self.contents.passes.find(pass)? {
            let entry = self.record(seq)?;
            if entry.body.get("action_pass_id").and_then(Json::as_str) == Some(pass.as_str()) {
                records.push(entry);
            }
        }
        Ok(records)
    }

    /// The root of the first `size` records, which is shown to lead to the root over all: that one is not read from the nodes.
    pub(super) fn root(&self, size: u64) -> Result<RootHash, Doubt> {
        if let Some(last) = size.checked_sub(1) {
            self.demand(last)?;
        }
        let root = self.contents.nodes.root(size)?;
        let all = &self.contents.end.tree;
        if size > 0 {
            ConsistencyProof::by(size, all.size(), |start, length| self.subtree(start, length))?
                .verify(&root, &all.root())
                .map_err(|_| Doubt::Damaged)?;
        }
        Ok(root)
    }

    /// A proof of inclusion, which is verified.
    pub(super) fn inclusion(&self, seq: u64, size: u64) -> Result<InclusionProof, Doubt> {
        let root = self.root(size)?;
        if seq >= size {
            return Err(ProofError::OutsideTree.into());
        }
        // First of all, so that its own segment is named if that is needed.
        let leaf: LedgerHash = self.contents.nodes.leaf(seq)?;
        let proof = InclusionProof::by(seq, size, |start, length| self.subtree(start, length))?;
        proof.verify(&leaf, &root).map_err(|_| Doubt::Damaged)?;
        Ok(proof)
    }

    /// A proof of consistency, which is verified.
    pub(super) fn consistency(&self, earlier: u64, later: u64) -> Result<ConsistencyProof, Doubt> {
        let (before, after) = (self.root(earlier)?, self.root(later)?);
        let subtree = |start, length| self.subtree(start, length);
        let proof = ConsistencyProof::by(earlier, later, subtree)?;
        proof.verify(&before, &after).map_err(|_| Doubt::Damaged)?;
        Ok(proof)
    }

    /// What a caller is told.
    pub(super) fn failure(&self, doubt: Doubt) -> ReadFailure {
        self.parts.failure(doubt)
    }

    fn subtree(&self, start: u64, length: u64) -> Result<Node, Doubt> {
        self.contents.nodes.subtree(start, length)
    }

    fn demand(&self, seq: u64) -> Result<(), Doubt> {
        let records = self.records();
        if seq < records {
            return Ok(());
        }
        Err(ReadFailure::NoSuchRecord { path: self.ledger.clone(), seq, records }.into())
    }
}
