//! Bytes that only grow: those that a file holds, and behind them those that no file holds yet, or ever will.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
};

use super::Damaged;
use crate::file::read_at;

/// A growing array of items of one width.
#[derive(Debug, Default)]
pub(super) struct Array {
    file: Option<File>,
    /// How many bytes the file holds; more may stand behind them, which mean nothing.
    stored: u64,
    rest: Vec<u8>,
}

impl Array {
    /// An array of the first bytes of a file, if it has so many.
    pub(super) fn of(file: File, stored: u64) -> Result<Self, Damaged> {
        let length = file.metadata().map_err(|_| Damaged)?.len();
        if length < stored {
            return Err(Damaged);
        }
        Ok(Self { file: Some(file), stored, rest: Vec::new() })
    }

    /// Fills `buffer` with an item, or with several that were stored at one time.
    pub(super) fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), Damaged> {
        let Some(behind) = at.checked_sub(self.stored) else {
            let file = self.file.as_ref().ok_or(Damaged)?;
            // Where the file went: it was damaged, or taken away.
            return match read_at(file, at, buffer) {
                Ok(read) if read == buffer.len() => Ok(()),
                Ok(_) | Err(_) => Err(Damaged),
            };
        };
        let rest = usize::try_from(behind).ok().and_then(|behind| self.rest.get(behind..));
        let item = rest.and_then(|rest| rest.get(..buffer.len())).ok_or(Damaged)?;
        buffer.copy_from_slice(item);
        Ok(())
    }

    pub(super) fn push(&mut self, item: &[u8]) {
        self.rest.extend_from_slice(item);
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> u64 {
        self.stored + u64::try_from(self.rest.len()).unwrap_or(u64::MAX)
    }

    /// How many of them no file holds.
    pub(super) fn unstored(&self) -> usize {
        self.rest.len()
    }

    /// Has the file hold all of them. If that fails, they stay as they are.
    pub(super) fn store(&mut self) -> io::Result<()> {
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        // What a crash left behind those that are known.
        file.set_len(self.stored)?;
        file.seek(SeekFrom::Start(self.stored))?;
        file.write_all(&self.rest)?;
        self.stored = self.len();
        self.rest.clear();
        Ok(())
    }
}
