//! Gathering what is verified: the files of a ledger that hold records, and those beside it that say where these start and end.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::finding::FindingKind;
use crate::{
    checkpoint::Checkpoint,
    error::IoFailure,
    file::{beside, read_head, read_small},
    head::Head,
    note::NoteKey,
    segment::{Segment, state_path},
    state::TreeState,
};

/// What is verified.
#[derive(Debug)]
pub(super) struct Files<S> {
    /// The head; one that names no record if there is none, or none that can be read.
    pub(super) head: Head,
    /// The ledger's own checkpoint, if it has one and its key is known.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The files that hold records, oldest first.
    pub(super) parts: Vec<Part<S>>,
    pub(super) start: Start,
    /// What is wrong with the files beside.
    pub(super) damaged: Vec<FindingKind>,
}

/// One file of a ledger.
#[derive(Debug)]
pub(super) struct Part<S> {
    pub(super) path: PathBuf,
    /// The number of its first record, as its name says.
    pub(super) first: Option<u64>,
    /// The tree's state at its start, if it stands beside it.
    pub(super) state: Option<NamedState>,
    pub(super) source: S,
    /// How many bytes of it are verified. A line that starts in them is read to its end, also if that was written later.
    pub(super) length: u64,
}

/// A state of the tree in a file of its own.
#[derive(Debug)]
pub(super) struct NamedState {
    pub(super) path: PathBuf,
    /// The size that its name says.
    pub(super) size: u64,
    /// `None` if it is damaged.
    pub(super) state: Option<TreeState>,
}

/// Where the records that are there start.
#[derive(Debug)]
pub(super) struct Start {
    /// The number of the first: zero, unless older segments were archived.
    pub(super) first: u64,
    /// What is in front of it; `None` if that is not known.
    pub(super) state: Option<TreeState>,
}

impl Files<File> {
    /// Finds the files of the ledger at `ledger`.
    pub(super) fn of(ledger: &Path, key: Option<&NoteKey>) -> Result<Self, IoFailure> {
        let mut damaged = Vec::new();
        // What names records is read before them: a ledger that grows meanwhile still holds what was named.
        let checkpoint = match key {
            Some(key) => own_checkpoint(ledger, key)?.unwrap_or_else(|kind| {
                damaged.push(kind);
                None
            }),
            None => None,
        };
        let head = match read_head(ledger)?.map(|text| Head::parse(&text)) {
            None => Head::EMPTY,
            Some(Some(head)) => head,
            Some(None) => {
                damaged.push(FindingKind::BadHead(beside(ledger, "head")));
                Head::EMPTY
            }
        };
        let segments =
            Segment::all(ledger).map_err(|e| IoFailure::new("find the segments of", ledger, e))?;
        let mut parts = Vec::with_capacity(segments.len());
        for segment in &segments {
            parts.push(part(ledger, segment, &head)?);
        }
        let start = start(ledger, &parts, &mut damaged);
        Ok(Self { head, checkpoint, parts, start, damaged })
    }
}

fn part(ledger: &Path, segment: &Segment, head: &Head) -> Result<Part<File>, IoFailure> {
    let path = segment.path().to_owned();
    let failed = |operation| {
        let path = &path;
        move |error| IoFailure::new(operation, path, error)
    };
    let source = segment.open().map_err(failed("open"))?;
    let length = source.metadata().map_err(failed("inspect"))?.len();
    let size = segment.first().unwrap_or(head.segment);
    let at = state_path(ledger, size);
    let state = read_small(&at)
        .map_err(|error| IoFailure::new("read", &at, error))?
        .map(|text| NamedState { path: at, size, state: TreeState::parse(&text) });
    Ok(Part { first: segment.first(), path, state, source, length })
}

/// Where the records start: with the first of all, or at the state beside the oldest segment that is there.
fn start(ledger: &Path, parts: &[Part<File>], damaged: &mut Vec<FindingKind>) -> Start {
    let oldest = parts.first();
    // The open segment's name does not say with which record it starts; a state beside it does.
    let named =
        oldest.and_then(|part| part.first.or_else(|| part.state.as_ref().map(|state| state.size)));
    let first = named.unwrap_or(0);
    if first == 0 {
        return Start { first, state: Some(TreeState::start()) };
    }
    let state = oldest
        .and_then(|part| part.state.as_ref()?.state.clone())
        .filter(|state| state.tree.size() == first);
    if state.is_none() {
        damaged.push(FindingKind::BadState(state_path(ledger, first)));
    }
    Start { first, state }
}

/// The checkpoint that a ledger's writer keeps beside it; why it is refused, if it is.
fn own_checkpoint(
    ledger: &Path,
    key: &NoteKey,
) -> Result<Result<Option<Checkpoint>, FindingKind>, IoFailure> {
    let path = beside(ledger, "checkpoint");
    let note = read_small(&path).map_err(|error| IoFailure::new("read", &path, error))?;
    let Some(note) = note else { return Ok(Ok(None)) };
    Ok(match Checkpoint::verify(&note, key) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(reason) => Err(FindingKind::BadCheckpoint { path, reason }),
    })
}

#[cfg(test)]
mod tests;
