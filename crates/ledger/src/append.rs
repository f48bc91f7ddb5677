//! A ledger that is open for writing.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    task::{Poll, Waker},
};

use axtary_actionpass::{Appended, Ledger, LedgerError, Record};

use crate::{commit::Log, error::WriteError, lock::Lock, open::Repair};

/// A ledger in files, open for writing.
///
/// Dropping it makes durable what is not yet, signs a last checkpoint if it has a key, and lets the next writer in.
pub struct FileLedger {
    log: Arc<Log>,
    repair: Option<Repair>,
    // The last field: the lock is let go once the files are closed.
    _lock: Option<Lock>,
}

impl FileLedger {
    pub(crate) fn start(log: Log, repair: Option<Repair>, lock: Option<Lock>) -> Self {
        Self { log: Arc::new(log), repair, _lock: lock }
    }

    /// What opening took off the end of the log, if a crash had left something there.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.log.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The absolute path of the open segment, which is the ledger's name.
    pub fn path(&self) -> &Path {
        &self.log.path
    }

    /// Writes `record` behind all others.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if it was not written whole. Unless the record itself was refused, the ledger has stopped.
    pub fn append(&self, record: &Record) -> Result<Appended, WriteError> {
        self.log.append(record)
    }

    /// Blocks until a record is as durable as this ledger promises.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if that is not certain. The ledger has then stopped.
    pub fn sync(&self, appended: &Appended) -> Result<(), WriteError> {
        self.log.sync(appended)
    }

    /// Makes all records durable, and signs a checkpoint of them: what a witness or an auditor keeps. `None` if there are no
    /// records, or the ledger was opened without a key for checkpoints.
    ///
    /// Such a checkpoint is also signed every 2,048 records and on closing, and kept beside the ledger.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if that failed. The ledger has then stopped.
    pub fn checkpoint(&self) -> Result<Option<String>, WriteError> {
        self.log.settle()
    }
}

impl Ledger for FileLedger {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        Ok(Self::append(self, record)?)
    }

    fn sync(&self, appended: &Appended) -> Result<(), LedgerError> {
        Ok(Self::sync(self, appended)?)
    }

    fn poll_sync(&self, appended: &Appended, waker: &Waker) -> Poll<Result<(), LedgerError>> {
        self.log.poll_sync(appended, waker).map_err(LedgerError::from)
    }
}

impl Drop for FileLedger {
    fn drop(&mut self) {
        self.log.close();
        // Nobody waits for this any more; if it fails, head and checkpoint stay behind, which is safe.
        drop(self.log.settle());
    }
}

impl fmt::Debug for FileLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLedger")
            .field("path", &self.log.path)
            .field("options", &self.log.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
