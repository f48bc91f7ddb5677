//! Reading on as a ledger grows.

use super::Reader;
use crate::{error::ReadFailure, line::Entry};

/// The records of a ledger, those that are there and then each that is written. Ends behind the first failure, and once nobody
/// waits any more.
#[derive(Debug)]
pub struct Follow<W> {
    reader: Reader,
    wait: W,
}

impl Reader {
    /// Goes on as the ledger grows, over the segments that are begun. Where there is no further record, `wait` is called, and
    /// says whether to look again.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use std::{thread, time::Duration};
    ///
    /// use axtary_ledger::{Filter, Reader};
    ///
    /// let denials = Reader::open("audit.jsonl")?.with_filter(Filter::all().with_decision("deny"));
    /// let twice_a_second = || {
    ///     thread::sleep(Duration::from_millis(500));
    ///     true
    /// };
    /// for entry in denials.follow(twice_a_second) {
    ///     let entry = entry?;
    ///     // Tell somebody.
    /// #   let _ = entry;
    /// }
    /// # Ok::<(), axtary_ledger::ReadFailure>(())
    /// ```
    pub fn follow<W: FnMut() -> bool>(self, wait: W) -> Follow<W> {
        Follow { reader: self, wait }
    }
}

impl<W: FnMut() -> bool> Iterator for Follow<W> {
    type Item = Result<Entry, ReadFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(read) = self.reader.next() {
                return Some(read);
            }
            if self.reader.is_over || !(self.wait)() {
                return None;
            }
            if let Err(failure) = self.reader.look_again() {
                return Some(Err(failure));
            }
        }
    }
}
