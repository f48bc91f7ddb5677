//! Writing: one line and one write call a record, and one sync for all records that wait for it.
//!
//! Whoever needs a record durable, and finds no sync under way, syncs for everything written so far; who comes while that
//! runs waits, and the first of the waiters leads the next. A lone caller so syncs itself, without a change of thread.
//!
//! The first failure stops the ledger. A sync that failed is never tried again: the kernel may have dropped the pages and
//! would report success (<https://wiki.postgresql.org/wiki/Fsync_Errors>).

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use axtary_actionpass::{Appended, Ledger, LedgerError, Record};

use crate::{
    error::{IoFailure, WriteError},
    file::{Disk, beside},
    head::Head,
    line,
    lock::Lock,
    open::Repair,
};

/// What a record survives once it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process and of the power: each record is on the disk before it is acknowledged, in the file that
    /// bears the ledger's name at that moment.
    #[default]
    Synced,
    /// The end of the process: records reach the disk when the operating system sees fit, and when the ledger is closed.
    /// That the file bears the name no more is noticed within 256 records.
    Buffered,
}

/// A ledger in a file, open for writing.
///
/// Dropping it makes durable what is not yet, and lets the next writer in.
pub struct FileLedger {
    disk: Box<dyn Disk>,
    path: PathBuf,
    durability: Durability,
    repair: Option<Repair>,
    writer: Mutex<Writer>,
    synced: Condvar,
    // The last field: the lock is let go once the files are closed.
    _lock: Option<Lock>,
}

/// After how many records a buffered ledger looks whether its file is still in place.
const LOOK_EVERY: u64 = 256;

struct Writer {
    /// The line being written; kept for its memory.
    line: Vec<u8>,
    /// The end of what is written.
    end: Head,
    /// The end of what is durable.
    durable: Head,
    /// Whether a thread is syncing.
    syncing: bool,
    /// The failure that stopped the ledger.
    stopped: Option<String>,
}

impl FileLedger {
    pub(crate) fn start(
        disk: Box<dyn Disk>,
        path: PathBuf,
        durability: Durability,
        end: Head,
        repair: Option<Repair>,
        lock: Option<Lock>,
    ) -> Self {
        let line = Vec::with_capacity(2048);
        let writer = Writer { line, end, durable: end, syncing: false, stopped: None };
        Self {
            disk,
            path,
            durability,
            repair,
            writer: Mutex::new(writer),
            synced: Condvar::new(),
            _lock: lock,
        }
    }

    /// What opening took off the end of the log, if a crash had left half a line there.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.writer().end.records
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The log's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `record` behind all others.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if it was not written whole. Unless the record itself was refused, the ledger has stopped.
    pub fn append(&self, record: &Record) -> Result<Appended, WriteError> {
        let mut guard = self.writer();
        let writer = &mut *guard;
        writer.demand_running()?;
        let seq = writer.end.records;
        let hash = line::write(&mut writer.line, seq, &writer.end.last, record)?;
        if let Err(error) = self.write_line(&writer.line, &writer.end) {
            writer.stop(&error);
            return Err(error);
        }
        writer.end = writer.end.after(writer.line.len(), hash);
        Ok(Appended { seq, hash })
    }

    /// Waits until a record is as durable as this ledger promises.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if that is not certain. The ledger has then stopped.
    pub fn sync(&self, appended: &Appended) -> Result<(), WriteError> {
        let mut writer = self.writer();
        loop {
            writer.demand_running()?;
            if appended.seq >= writer.end.records {
                let (seq, records) = (appended.seq, writer.end.records);
                return Err(WriteError::NotAppended { seq, records });
            }
            let durable = appended.seq < writer.durable.records;
            if durable || self.durability == Durability::Buffered {
                return Ok(());
            }
            writer = if writer.syncing {
                self.synced.wait(writer).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.lead(writer)?
            };
        }
    }

    /// Writes `line` at the end of the log.
    fn write_line(&self, line: &[u8], end: &Head) -> Result<(), WriteError> {
        // Each sync looks at the file's name; where there are none, now and then must do.
        if self.durability == Durability::Buffered && end.records.is_multiple_of(LOOK_EVERY) {
            self.demand_in_place()?;
        }
        let end = end.bytes;
        let len = self.disk.len().map_err(|error| IoFailure::new("inspect", &self.path, error))?;
        if len != end {
            return Err(self.displaced(format!("is {len} bytes long where {end} were written")));
        }
        let error = match self.disk.append(line) {
            Ok(written) if written == line.len() => return Ok(()),
            Ok(written) => std::io::Error::new(
                std::io::ErrorKind::WriteZero,
                format!("only {written} of {} bytes were written", line.len()),
            ),
            Err(error) => error,
        };
        // If the half line cannot be cut off either, the next open moves it aside.
        drop(self.disk.cut(end));
        Err(IoFailure::new("append to", &self.path, error).into())
    }

    /// Syncs for everybody.
    fn lead<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
    ) -> Result<MutexGuard<'a, Writer>, WriteError> {
        writer.syncing = true;
        let end = writer.end;
        drop(writer);
        let synced = self.sync_log();
        let lost = synced.is_err();
        let result = synced.and_then(|()| self.write_head(&end));
        let mut writer = self.writer();
        writer.syncing = false;
        self.synced.notify_all();
        if let Err(error) = result {
            writer.stop(&error);
            if lost {
                // Of what is not durable, the page cache may now show what the disk will never hold. None of it was
                // acknowledged, and nothing may be chained to it.
                drop(self.disk.cut(writer.durable.bytes));
            }
            return Err(error);
        }
        writer.durable = end;
        Ok(writer)
    }

    /// Makes what is written durable.
    fn sync_log(&self) -> Result<(), WriteError> {
        self.demand_in_place()?;
        Ok(self.disk.sync().map_err(|error| IoFailure::new("sync", &self.path, error))?)
    }

    /// Has the head say what is durable.
    fn write_head(&self, durable: &Head) -> Result<(), WriteError> {
        let written = self.disk.write_head(durable.to_text().as_bytes());
        let head = || beside(&self.path, "head");
        Ok(written.map_err(|error| IoFailure::new("write", &head(), error))?)
    }

    fn demand_in_place(&self) -> Result<(), WriteError> {
        match self.disk.is_in_place() {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.displaced("was removed or replaced")),
            Err(error) => Err(IoFailure::new("inspect", &self.path, error).into()),
        }
    }

    fn displaced(&self, seen: impl Into<String>) -> WriteError {
        WriteError::Displaced { path: self.path.clone(), seen: seen.into() }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A thread that panicked in between left the log longer than it is known to be, at worst; the next append finds
        // that.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn demand_running(&self) -> Result<(), WriteError> {
        match &self.stopped {
            None => Ok(()),
            Some(cause) => Err(WriteError::Stopped { cause: cause.clone() }),
        }
    }

    /// Remembers the first failure; those that follow from it say less.
    fn stop(&mut self, error: &WriteError) {
        self.stopped.get_or_insert_with(|| error.to_string());
    }
}

impl Ledger for FileLedger {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        Ok(Self::append(self, record)?)
    }

    fn sync(&self, appended: &Appended) -> Result<(), LedgerError> {
        Ok(Self::sync(self, appended)?)
    }
}

impl Drop for FileLedger {
    fn drop(&mut self) {
        let Writer { end, durable, stopped, .. } =
            self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() && end != durable {
            let end = *end;
            // Nobody waits for this any more; if it fails, the head stays behind, which is safe.
            drop(self.sync_log().and_then(|()| self.write_head(&end)));
        }
    }
}

impl fmt::Debug for FileLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLedger")
            .field("path", &self.path)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
