//! Finding records without reading everything: a folder beside the log, `LEDGER.index`, which readers make and bring up to date, and
//! which can be deleted at any time.
//!
//! ```text
//! manifest     which records are indexed, the tree over them, and the digest of each file of passes
//! nodes        the nodes of the tree: leaf hashes, and the roots of all full subtrees
//! offsets      where each record's line starts in its segment
//! passes.N     which records name a pass, sorted
//! lock         held by the reader that writes
//! ```
//!
//! It is never believed. A record that is found through it must have the leaf hash in the tree; each proof and each root must lead to the
//! root over all records, which the manifest holds under a digest; pages of passes are checked against theirs. When it is opened, its last record
//! must be where it was, and each record behind must be chained to the one before. If anything is odd, all is built anew.

mod array;
mod contents;
mod history;
mod manifest;
mod nodes;
mod parts;
mod passes;
mod run;
mod sign;
mod snapshot;
mod storage;

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use axtary_actionpass::PassId;

pub use self::history::{PassHistory, find};
use self::{snapshot::Snapshot, storage::Storage};
use crate::{
    error::{IoFailure, ReadFailure},
    line::Entry,
    proof::{ConsistencyProof, InclusionProof},
    tree::RootHash,
    verify::Progress,
};

/// The index of a ledger, complete up to the moment at which it was opened: finds records by number and by pass, and makes proofs, in
/// time that hardly grows with the ledger.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Object, Record, RecordKind, Timestamp};
/// use axtary_ledger::{Durability, FileLedger, Index};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.jsonl");
/// # let at = Timestamp::from_seconds(1_785_240_000)?;
/// let ledger = FileLedger::open(&path, Durability::Synced)?;
/// for number in 0..5 {
///     let body = Object::new().with("number", number);
///     ledger.sync(&ledger.append(&Record::new(RecordKind::Decision, at, &body))?)?;
/// }
///
/// let index = Index::open(&path)?;
/// let record = index.record(3)?;
/// let proof = index.prove_inclusion(3, 5)?;
/// proof.verify(&record.hash, &index.root(5)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Index {
    ledger: PathBuf,
    // Replaced where it turns out to be damaged.
    snapshot: RwLock<Snapshot>,
}

/// What is in an index's folder is not what was written there, or not of this ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Damaged;

/// Why an index does not answer.
#[derive(Debug)]
enum Doubt {
    /// It must be built anew.
    Damaged,
    /// This record is in a segment that is not there.
    Archived { record: u64 },
    /// There is no answer.
    Failure(ReadFailure),
}

impl Index {
    /// Opens the index of the ledger at `ledger`, and brings it up to date; makes it if there is none.
    ///
    /// While another reader does so, waits. Where its folder cannot be written, what is missing of it is made in memory.
    ///
    /// # Errors
    ///
    /// [`ReadFailure`] if the ledger cannot be read, or a record that is not indexed yet is not chained to the one before.
    pub fn open(ledger: impl AsRef<Path>) -> Result<Self, ReadFailure> {
        Self::open_with(ledger, |_| {})
    }

    /// As [`Index::open`], and tells now and then how far reading is.
    ///
    /// # Errors
    ///
    /// As [`Index::open`].
    pub fn open_with(
        ledger: impl AsRef<Path>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Self, ReadFailure> {
        let ledger = ledger.as_ref();
        // A later change of the working folder must not lead elsewhere.
        let ledger = std::path::absolute(ledger)
            .map_err(|e| IoFailure::new("find the folder of", ledger, e))?;
        let snapshot = RwLock::new(Snapshot::open(&ledger, &mut progress)?);
        Ok(Self { ledger, snapshot })
    }

    /// How many records it knows, archived ones included.
    pub fn len(&self) -> u64 {
        self.snapshot().records()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the first record that it knows: 0, unless older segments were in an archive when it was made.
    pub fn first(&self) -> u64 {
        self.snapshot().first()
    }

    /// Whether it is kept beside the log. If not, since its folder cannot be written, the next to open it does the same work again.
    pub fn is_kept(&self) -> bool {
        self.snapshot().is_kept()
    }

    /// The record of this number.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::NoSuchRecord`] if there is none, [`ReadFailure::Archived`] if its segment is not there; others if it is not the
    /// one that was indexed.
    pub fn record(&self, seq: u64) -> Result<Entry, ReadFailure> {
        self.answer(|snapshot| snapshot.record(seq))
    }

    /// The line of the record of this number, without its newline: what a proof of inclusion is about.
    ///
    /// # Errors
    ///
    /// As [`Index::record`].
    pub fn line(&self, seq: u64) -> Result<Vec<u8>, ReadFailure> {
        self.answer(|snapshot| snapshot.line(seq))
    }

    /// The records about a pass, in their order; none, if there are none.
    ///
    /// # Errors
    ///
    /// As [`Index::record`], if one of them cannot be read.
    pub fn records_of(&self, pass: &PassId) -> Result<Vec<Entry>, ReadFailure> {
        self.answer(|snapshot| snapshot.records_of(pass))
    }

    /// The root of the tree of the first `size` records.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::NoSuchRecord`] if there are fewer, [`ReadFailure::Archived`] if records behind them were in an archive when
    /// the index was made.
    pub fn root(&self, size: u64) -> Result<RootHash, ReadFailure> {
        self.answer(|snapshot| snapshot.root(size))
    }

    /// Proves that a record is in the tree of the first `size` records.
    ///
    /// # Errors
    ///
    /// As [`Index::root`], and [`ReadFailure::Proof`] if it is not among these records.
    pub fn prove_inclusion(&self, seq: u64, size: u64) -> Result<InclusionProof, ReadFailure> {
        self.answer(|snapshot| snapshot.inclusion(seq, size))
    }

    /// Proves that the tree of the first `earlier` records is the beginning of the tree of the first `later`.
    ///
    /// # Errors
    ///
    /// As [`Index::root`], and [`ReadFailure::Proof`] if `earlier` is zero or greater than `later`.
    pub fn prove_consistency(
        &self,
        earlier: u64,
        later: u64,
    ) -> Result<ConsistencyProof, ReadFailure> {
        self.answer(|snapshot| snapshot.consistency(earlier, later))
    }

    /// Asks, and once more of an index that is made anew if this one is damaged.
    fn answer<T>(&self, ask: impl Fn(&Snapshot) -> Result<T, Doubt>) -> Result<T, ReadFailure> {
        let answer = {
            let snapshot = self.snapshot();
            match ask(&snapshot) {
                Err(Doubt::Damaged) => None,
                answer => Some(answer.map_err(|doubt| snapshot.failure(doubt))),
            }
        };
        if let Some(answer) = answer {
            return answer;
        }
        let storage = Storage::acquire(&self.ledger);
        let anew = Snapshot::build(&self.ledger, storage, &mut |_| {})?;
        let answer = ask(&anew).map_err(|doubt| anew.failure(doubt));
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = anew;
        answer
    }

    fn snapshot(&self) -> RwLockReadGuard<'_, Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Damaged> for Doubt {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}

impl<E: Into<ReadFailure>> From<E> for Doubt {
    fn from(failure: E) -> Self {
        Self::Failure(failure.into())
    }
}
