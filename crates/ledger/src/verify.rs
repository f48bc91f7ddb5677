//! Verifying a whole ledger: every line of every segment is hashed, read and fitted to the line before it, and what does not
//! fit is told by its kind.
//!
//! ```text
//! files -> chunks, read by several threads -> lines -> runs that fit -> findings
//!                                             leaves -> tree -> checkpoints
//! ```
//!
//! # How a finding gets its kind
//!
//! A whole ledger is one run of lines, each of which names the hash of the one before it and the number behind its. Damage leaves several runs,
//! and perhaps unreadable lines between them. They are walked over in the order in which they stand; at each it is known which number
//! and which hash belong there.
//!
//! | the run | is |
//! |---|---|
//! | fits | taken |
//! | does not fit, and one that fits stands further back | *reordered*, if another run leads to it or it to another, and its numbers stand nowhere else; else *inserted* |
//! | names the right hash, and has another number | *edited*: its number was |
//! | has the right number, and names another hash | if what follows speaks against it, *edited*, or *forked* if it is several lines; else the line before it was *edited*, unless something outside the log vouches for that |
//! | has a higher number | out of place as above, if a run further back starts in the gap; *inserted*, if the head says that the ledger ends here; else the records in the gap are *missing* |
//! | has a lower number | *inserted*; but if it follows the same line as the one before it and goes on, that one was; *forked*, if something vouches for its end |
//!
//! What follows a line vouches for it by naming its hash, or speaks against it by naming another: the next line, the head, a hash
//! that is expected. Unreadable lines are *inserted* if the chain goes on without them, else the records in their place were
//! *edited*. A last line without its newline is *torn*.
//!
//! The trunk is what fits from the first record on, whatever stands in between. Its tree is compared with every
//! checkpoint: another root at its size means that the ledger was *forked* before, and fewer records that it was *truncated*
//! behind.

mod chunk;
mod files;
mod finding;
mod frame;
mod join;
mod judge;
#[cfg(test)]
mod memory;
mod piece;
mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use axtary_actionpass::LedgerHash;

pub use self::finding::{Damage, Finding, FindingKind, Place, VerifyFailure};
pub(crate) use self::frame::Frame;
use self::{
    chunk::Source,
    files::Files,
    join::Joiner,
    judge::{Found, Verdict, judge},
    piece::Spot,
    read::{Split, read_all},
};
use crate::{checkpoint::Checkpoint, note::NoteKey, tree::RootHash};

/// A ledger in which every line fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many records it holds, archived ones included.
    pub records: u64,
    /// The number of the first record that was read: 0, unless older segments were archived.
    pub first: u64,
    /// The leaf hash of its last line; `None` if it holds no record.
    pub last: Option<LedgerHash>,
    /// The root of the tree over all records.
    pub root: RootHash,
    /// How many bytes were verified.
    pub bytes: u64,
    /// How many records, from the front, something outside the log vouches for: its head, a hash that was expected, or a checkpoint.
    /// Behind them, an edit of the very last line and lines that are gone from the end would not show.
    pub anchored: u64,
    /// The size of the largest checkpoint with the same root; 0 if there is none. All records up to it are those that were signed,
    /// archived ones included.
    pub checkpointed: u64,
}

/// How far a verification is, or a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes were read.
    pub bytes: u64,
    /// How many there are to read.
    pub of: u64,
}

/// Verifies the ledger at `path` against its head.
///
/// A ledger that is being written may end in half a line for a moment, which is reported as [`FindingKind::Torn`].
///
/// # Errors
///
/// [`VerifyFailure`] with all that is wrong.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, VerifyFailure> {
    Verification::of(path).run()
}

/// Verifies the ledger at `path` against its head, and demands that it holds lines with these hashes: the `ledger_hash` of
/// passes that were issued, or the last hash of an earlier verification.
///
/// Who rewrites both the ledger and its head is found only in this way, or by a checkpoint ([`Verification::with_checkpoint`]).
///
/// # Errors
///
/// [`VerifyFailure`] with all that is wrong.
pub fn verify_against(
    path: impl AsRef<Path>,
    expected: &[LedgerHash],
) -> Result<Verified, VerifyFailure> {
    Verification::of(path).with_expected(expected).run()
}

/// A verification, and what the ledger is held against besides its head.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Object, Record, RecordKind, SigningKey, Timestamp};
/// use axtary_ledger::{Checkpoint, Durability, FileLedger, NoteKey, Tree, Verification};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.jsonl");
/// # let at = Timestamp::from_seconds(1_785_240_000)?;
/// # let record = Record::new(RecordKind::Decision, at, &Object::new());
/// let ledger = FileLedger::open(&path, Durability::Synced)?;
/// let mut tree = Tree::new();
/// tree.append(&ledger.append(&record)?.hash);
///
/// // Kept where the gate's machine cannot reach it.
/// let key = SigningKey::generate()?;
/// let log = NoteKey::of_log("ledger.example", key.verifying_key())?;
/// let note = Checkpoint::of(&log, &tree).sign(&log, &key)?;
///
/// let checkpoint = Checkpoint::verify(note.as_bytes(), &log)?;
/// let verified = Verification::of(&path).with_checkpoint(checkpoint).run()?;
/// assert_eq!(verified.checkpointed, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is verified before it runs"]
pub struct Verification {
    path: PathBuf,
    expected: HashSet<LedgerHash>,
    checkpoints: Vec<Checkpoint>,
    key: Option<NoteKey>,
}

impl Verification {
    /// A verification of the ledger at `path`, against its head alone.
    pub fn of(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self { path, expected: HashSet::new(), checkpoints: Vec::new(), key: None }
    }

    /// Demands lines with these hashes. Those in segments that were archived are not found.
    pub fn with_expected(mut self, hashes: &[LedgerHash]) -> Self {
        self.expected.extend(hashes);
        self
    }

    /// Demands what a checkpoint says, whose signature is verified already: so many records at least, and its root over these.
    pub fn with_checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        self.checkpoints.push(checkpoint);
        self
    }

    /// Demands what the checkpoint beside the ledger says, if there is one; it must be signed by this key.
    pub fn with_key(mut self, log: NoteKey) -> Self {
        self.key = Some(log);
        self
    }

    /// Verifies.
    ///
    /// # Errors
    ///
    /// [`VerifyFailure`] with all that is wrong.
    pub fn run(self) -> Result<Verified, VerifyFailure> {
        self.run_with(|_| {})
    }

    /// Verifies, and tells now and then how far it is.
    ///
    /// # Errors
    ///
    /// [`VerifyFailure`] with all that is wrong.
    pub fn run_with(self, progress: impl FnMut(Progress)) -> Result<Verified, VerifyFailure> {
        let files = Files::of(&self.path, self.key.as_ref())?;
        self.verify(files, Split::for_this_machine(), progress)
    }

    fn verify<S: Source>(
        mut self,
        files: Files<S>,
        split: Split,
        mut progress: impl FnMut(Progress),
    ) -> Result<Verified, VerifyFailure> {
        let Files { head, checkpoint, parts, start, damaged } = files;
        self.checkpoints.extend(checkpoint);
        let mut joiner = Joiner::new(&start, head, self.expected, self.checkpoints);
        let mut so_far = Progress { bytes: 0, of: parts.iter().map(|part| part.length).sum() };
        read_all(&parts, split, |number, part, range, items| {
            joiner.take(number, part, items);
            so_far.bytes += range.end - range.start;
            progress(so_far);
        })?;
        let joined = joiner.finish();
        let Verdict { mut found, intact, records } = judge(&self.path, &start, &head, &joined);
        let beside = |kind| Found { kind, spot: None, record: records, intact };
        found.extend(damaged.into_iter().map(beside));
        found.sort_by_key(|found| found.spot.map_or((true, 0, 0), |at| (false, at.part, at.line)));
        let place = |spot: Spot| {
            let path = parts.get(spot.part).map(|part| part.path.clone()).unwrap_or_default();
            Place { path, line: spot.line, offset: spot.offset }
        };
        let mut findings: Vec<Finding> = found
            .into_iter()
            .map(|Found { kind, spot, record, intact }| Finding {
                kind,
                place: spot.map(place),
                record,
                intact,
            })
            .collect();
        let more =
            joined.more + u64::try_from(findings.len().saturating_sub(MAX_FINDINGS)).unwrap_or(0);
        findings.truncate(MAX_FINDINGS);
        match joined.trunk {
            Some(trunk) if findings.is_empty() && trunk.tree.size() == records => Ok(Verified {
                records,
                first: start.first,
                last: (records > 0).then_some(trunk.last),
                root: trunk.tree.root(),
                bytes: joined.bytes,
                anchored: joined.anchored,
                checkpointed: joined.checkpointed,
            }),
            _ => Err(VerifyFailure::Damaged(Damage { path: self.path, findings, more, intact })),
        }
    }
}

/// How many findings are told.
const MAX_FINDINGS: usize = 100;
