//! Reading a ledger, also while another process writes it. Nothing here locks, changes or verifies; a line without its
//! newline is no record yet and is left out.

mod filter;
mod follow;
mod lines;
mod tail;
mod walk;

use std::path::Path;

pub use self::{filter::Filter, follow::Follow, tail::tail};
pub(crate) use self::{
    lines::{Lines, first_record},
    walk::{LogLine, Walk},
};
use crate::{error::ReadFailure, line::Entry, verify::Progress};

/// The records of a ledger, first to last, over all its segments that are there. Ends behind the first failure, and at the end of
/// the log; [`Reader::follow`] goes on from there.
///
/// Of segments in an archive nothing is known here: the first record is then another than number 0.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    filter: Filter,
    /// Whether the end of the log was met.
    at_end: bool,
    /// Whether there is nothing more to read, however the log grows.
    is_over: bool,
}

impl Reader {
    /// Starts at the first record that the ledger at `ledger` has.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::Io`] if it cannot be opened.
    pub fn open(ledger: impl AsRef<Path>) -> Result<Self, ReadFailure> {
        let walk = Walk::open(ledger.as_ref())?;
        Ok(Self { walk, filter: Filter::all(), at_end: false, is_over: false })
    }

    /// Leaves out what the filter does not accept. Most of these lines are not even parsed, so that one is no canonical JSON may pass
    /// unnoticed.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.walk.skip_to(filter.first());
        self.filter = filter;
        self
    }

    /// How far the reading is, for those who wait for it.
    pub fn progress(&self) -> Progress {
        self.walk.progress()
    }

    fn read(&mut self) -> Result<Option<Entry>, ReadFailure> {
        while !self.is_over
            && let Some(LogLine { path, seq, raw }) = self.walk.next()?
        {
            self.is_over = self.filter.ends_before(seq + 1);
            if !self.filter.may_accept(seq, raw.bytes) {
                continue;
            }
            let entry = raw.parse(path)?;
            if self.filter.accepts(&entry) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn look_again(&mut self) -> Result<(), ReadFailure> {
        self.at_end = false;
        self.walk.look_again().inspect_err(|_| self.is_over = true)
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, ReadFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at_end {
            return None;
        }
        let read = self.read().inspect_err(|_| self.is_over = true).transpose();
        self.at_end = read.is_none();
        read
    }
}
