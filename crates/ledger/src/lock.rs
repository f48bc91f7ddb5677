//! One writer: a file beside the log that the kernel locks for as long as the ledger is open, and that names the writer.
//!
//! The file is never deleted, since whoever then locked the deleted one and whoever locked its successor would both
//! write. The kernel releases the lock of a process that dies, so that a file left behind is no obstacle.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
};

use crate::{
    error::{IoFailure, OpenError},
    file,
};

/// The right to write a log, for as long as it lives.
pub(crate) struct Lock(File);

impl Lock {
    pub(crate) fn acquire(log: &Path) -> Result<Self, OpenError> {
        let path = file::beside(log, "lock");
        let mut file = file::open_or_create(&path, OpenOptions::new().write(true))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: log.to_owned(), pid: holder(&file) });
            }
            Err(TryLockError::Error(error)) => {
                return Err(IoFailure::new("lock", &path, error).into());
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|e| IoFailure::new("write", &path, e))?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A pid that stays behind misleads only the next error message.
        drop(self.0.set_len(0));
        // Closing alone would not do: a child that is being spawned holds the file open until it becomes another program.
        drop(self.0.unlock());
    }
}

/// The process that the lock file names. The kernel decides who holds it; this is for the message alone.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    let read: io::Result<usize> = file.take(16).read_to_string(&mut text);
    read.ok().and_then(|_| text.trim_end().parse().ok())
}
