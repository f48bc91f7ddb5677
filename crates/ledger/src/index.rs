//! The index: where each record stands, which are about a pass, and the hashes of the tree. With it, a record, a pass and a proof are
//! found without reading the ledger through.
//!
//! It is made by those who read, in a folder beside the log, and extended by what came since; the writer does not know of it. It
//! can be deleted at any time. Nothing is believed because it says so: a record that it leads to must be the one that is looked for,
//! with the hash that it has in the tree, and a proof must lead to the root. What does not fit is made anew from the log.
//!
//! | file | holds |
//! |---|---|
//! | `nodes` | the hash of every full subtree, in the order in which they become full: two for each record |
//! | `places` | for each record the offset in its segment, 8 bytes |
//! | `passes` | for each record about a pass its ULID and the record's number, 24 bytes, in blocks with a digest |
//! | `state` | what of this is complete, for which ledger, and the digests; written last |

mod build;
mod column;
mod history;
mod passes;
mod sign;
mod state;

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use axtary_actionpass::{Json, LedgerHash, PassId};

pub use self::history::{PassHistory, find};
use self::{column::Column, passes::Passes, state::State};
use crate::{
    error::{IoFailure, ReadFailure},
    file::{beside, open_or_create, read_at},
    line::{Entry, MAX_LINE_BYTES},
    proof::{ConsistencyProof, InclusionProof},
    segment::Segment,
    tree::{Node, RootHash, join},
    verify::Progress,
};

/// The index of a ledger, complete up to the moment at which it was opened.
#[derive(Debug)]
pub struct Index {
    ledger: PathBuf,
    segments: Vec<Segment>,
    nodes: Column,
    places: Column,
    passes: Passes,
    state: State,
    /// Held for as long as the index is used, so that nobody makes it anew meanwhile.
    _lock: Option<File>,
}

impl Index {
    /// Opens the index of the ledger at `ledger`, and brings it up to date. Where its folder cannot be written, it is made in memory.
    ///
    /// # Errors
    ///
    /// [`ReadFailure`] if the ledger cannot be read, or is not a chain.
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
        let folder = beside(ledger, "index");
        let Ok(lock) = lock(&folder) else {
            return Self::in_memory(ledger, &mut progress);
        };
        let failed = |error| ReadFailure::Io(IoFailure::new("use the index", &folder, error));
        let segments = segments(ledger)?;
        let file = |name: &str| Column::open(&folder.join(name)).map_err(failed);
        let mut index = Self {
            ledger: ledger.to_owned(),
            segments,
            nodes: file("nodes")?,
            places: file("places")?,
            passes: Passes::in_column(file("passes")?),
            state: State::read(&folder.join("state")).unwrap_or_default(),
            _lock: Some(lock),
        };
        if !index.is_of_this_ledger() {
            index.clear().map_err(failed)?;
        }
        if index.extend(&mut progress)? {
            index.save(&folder).map_err(failed)?;
        }
        Ok(index)
    }

    fn in_memory(ledger: &Path, progress: &mut impl FnMut(Progress)) -> Result<Self, ReadFailure> {
        let mut index = Self {
            ledger: ledger.to_owned(),
            segments: segments(ledger)?,
            nodes: Column::in_memory(),
            places: Column::in_memory(),
            passes: Passes::in_column(Column::in_memory()),
            state: State::default(),
            _lock: None,
        };
        index.extend(progress)?;
        Ok(index)
    }

    /// How many records it knows, archived ones included.
    pub fn len(&self) -> u64 {
        self.state.size
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record of this number.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::NoSuchRecord`] if there is none, [`ReadFailure::Archived`] if its segment is not there.
    pub fn record(&self, seq: u64) -> Result<Entry, ReadFailure> {
        let line = self.line(seq)?;
        Entry::parse(&line).map_err(|_| self.misfit(seq))
    }

    /// The line of the record of this number, without its newline: what a proof of inclusion is about.
    ///
    /// # Errors
    ///
    /// As [`Index::record`].
    pub fn line(&self, seq: u64) -> Result<Vec<u8>, ReadFailure> {
        let line = self.line_at(seq)?;
        let leaf = self.node(0, seq)?;
        if LedgerHash::of_line(&line).as_bytes() == &leaf {
            Ok(line)
        } else {
            Err(self.misfit(seq))
        }
    }

    /// The records about a pass, in their order; none, if there are none.
    ///
    /// # Errors
    ///
    /// [`ReadFailure`] if one of them cannot be read.
    pub fn records_of(&self, pass: &PassId) -> Result<Vec<Entry>, ReadFailure> {
        let numbers =
            self.passes.of(pass, &self.state.blocks).map_err(|error| self.failed(error))?;
        let mut entries = Vec::with_capacity(numbers.len());
        for seq in numbers {
            let entry = self.record(seq)?;
            if entry.body.get("action_pass_id").and_then(Json::as_str) == Some(pass.as_str()) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// The root of the tree of the first `size` records.
    ///
    /// # Errors
    ///
    /// [`ReadFailure`] if there are fewer.
    pub fn root(&self, size: u64) -> Result<RootHash, ReadFailure> {
        match size {
            0 => Ok(crate::Tree::new().root()),
            _ if size > self.len() => Err(self.no_such_record(size - 1)),
            _ => self.subtree(0, size).map(RootHash::from_bytes),
        }
    }

    /// Proves that a record is in the tree of the first `size` records.
    ///
    /// # Errors
    ///
    /// [`ReadFailure`] if there are fewer, or if what is needed for the proof was archived.
    pub fn prove_inclusion(&self, seq: u64, size: u64) -> Result<InclusionProof, ReadFailure> {
        let leaf = LedgerHash::from_bytes(self.node(0, seq)?);
        let root = self.root(size)?;
        let proof = InclusionProof::by(seq, size, |start, length| self.subtree(start, length))?;
        proof.verify(&leaf, &root).map_err(|_| self.misfit(seq))?;
        Ok(proof)
    }

    /// Proves that the tree of the first `earlier` records is the beginning of the tree of the first `later`.
    ///
    /// # Errors
    ///
    /// As [`Index::prove_inclusion`].
    pub fn prove_consistency(
        &self,
        earlier: u64,
        later: u64,
    ) -> Result<ConsistencyProof, ReadFailure> {
        let (before, after) = (self.root(earlier)?, self.root(later)?);
        let subtree = |start, length| self.subtree(start, length);
        let proof = ConsistencyProof::by(earlier, later, subtree)?;
        proof.verify(&before, &after).map_err(|_| self.misfit(earlier))?;
        Ok(proof)
    }

    /// The root of the `length` records from `start`, which is a multiple of the largest power of two in `length`.
    fn subtree(&self, start: u64, length: u64) -> Result<Node, ReadFailure> {
        let mut roots = Vec::new();
        let (mut at, mut rest) = (start, length);
        while rest > 0 {
            let level = u64::BITS - 1 - rest.leading_zeros();
            roots.push(self.node(level, at >> level)?);
            at += 1 << level;
            rest -= 1 << level;
        }
        let mut roots = roots.into_iter().rev();
        let smallest = roots.next().ok_or_else(|| self.no_such_record(start))?;
        Ok(roots.fold(smallest, |right, left| join(&left, &right)))
    }

    /// The hash of the `number`th full subtree of 2^`level` records.
    fn node(&self, level: u32, number: u64) -> Result<Node, ReadFailure> {
        let last = (number << level) + ((1 << level) - 1);
        if last >= self.len() {
            return Err(self.no_such_record(last));
        }
        let at = build::nodes_before(last) + u64::from(level);
        let mut node = [0; 32];
        self.nodes.read(at * 32, &mut node).map_err(|error| self.failed(error))?;
        // What was archived before the index was made, and was not needed for the tree since.
        if node == [0; 32] { Err(self.archived(last)) } else { Ok(node) }
    }

    fn line_at(&self, seq: u64) -> Result<Vec<u8>, ReadFailure> {
        if seq >= self.len() {
            return Err(self.no_such_record(seq));
        }
        let mut place = [0; 8];
        self.places.read(seq * 8, &mut place).map_err(|error| self.failed(error))?;
        let segment = self.segment_of(seq)?;
        let failed = |error| IoFailure::new("read", segment.path(), error);
        let file = segment.open().map_err(failed)?;
        let mut line = vec![0; MAX_LINE_BYTES + 1];
        let read = read_at(&file, u64::from_be_bytes(place), &mut line).map_err(failed)?;
        line.truncate(read);
        let end = line.iter().position(|byte| *byte == b'\n');
        line.truncate(end.ok_or_else(|| self.misfit(seq))?);
        Ok(line)
    }

    /// The segment in which a record stands.
    fn segment_of(&self, seq: u64) -> Result<&Segment, ReadFailure> {
        let first =
            |segment: &Segment| build::first_of(segment, &self.segments, self.state.open_segment);
        let at = self.segments.partition_point(|segment| first(segment) <= seq);
        let segment = at.checked_sub(1).and_then(|at| self.segments.get(at));
        // Between two that are there, one may be missing: then the hash tells.
        segment.ok_or_else(|| self.archived(seq))
    }

    fn no_such_record(&self, seq: u64) -> ReadFailure {
        ReadFailure::NoSuchRecord { path: self.ledger.clone(), seq, records: self.len() }
    }

    fn archived(&self, seq: u64) -> ReadFailure {
        let oldest = self.segments.first().and_then(Segment::first).unwrap_or(self.state.first);
        ReadFailure::Archived { path: self.ledger.clone(), seq, oldest }
    }

    /// The log and its index do not agree.
    fn misfit(&self, seq: u64) -> ReadFailure {
        ReadFailure::Misfit { seq, index: beside(&self.ledger, "index") }
    }

    fn failed(&self, error: io::Error) -> ReadFailure {
        IoFailure::new("use the index", &beside(&self.ledger, "index"), error).into()
    }
}

fn segments(ledger: &Path) -> Result<Vec<Segment>, ReadFailure> {
    Ok(Segment::all(ledger).map_err(|error| IoFailure::new("open", ledger, error))?)
}

/// Makes the folder if there is none, and waits until nobody else uses the index.
fn lock(folder: &Path) -> io::Result<File> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let lock = open_or_create(&folder.join("lock"), OpenOptions::new().write(true))
        .map_err(io::Error::other)?;
    lock.lock()?;
    Ok(lock)
}
