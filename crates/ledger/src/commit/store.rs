//! What a log does with its files. Nothing here holds the lock, or decides when.

use std::path::{Path, PathBuf};

use axtary_actionpass::Record;

use super::{LOOK_EVERY, Log};
use crate::{
    checkpoint::Checkpoint,
    error::{IoFailure, WriteError},
    file::beside,
    head::Head,
    options::{Durability, Options},
    segment,
    state::{Saved, TreeState},
};

impl Log {
    /// Closes the segment that ends at `end`, and begins the next. Each step can be the last one before a crash: opening goes on from there.
    pub(super) fn close_segment(
        &self,
        end: &Head,
        tree: &TreeState,
    ) -> Result<(Head, Option<String>), WriteError> {
        self.sync_log()?;
        self.keep_head(end)?;
        let state = segment::state_path(&self.path, end.records);
        self.disk
            .replace(&state, tree.to_text().as_bytes(), true)
            .map_err(|error| IoFailure::new("write", &state, error))?;
        self.disk
            .close_segment(end.segment)
            .map_err(|error| IoFailure::new("close the full segment of", &self.path, error))?;
        let next = end.in_next_segment();
        self.keep_head(&next)?;
        let signed = self.save(&Saved { head: next, tree: tree.clone() })?;
        Ok((next, signed))
    }

    /// Writes lines that the log is to end with at `end`.
    pub(super) fn write_at_end(&self, lines: &[u8], end: &Head) -> Result<(), WriteError> {
        // Each sync looks at the file's name; where there are none, now and then must do.
        let look = self.options.durability == Durability::Buffered;
        if look && end.records.is_multiple_of(LOOK_EVERY) {
            self.demand_in_place()?;
        }
        let start = end.bytes.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        let len = self.disk.len().map_err(|error| IoFailure::new("inspect", &self.path, error))?;
        if len != start {
            return Err(self.displaced(format!("is {len} bytes long where {start} were written")));
        }
        let error = match self.disk.append(lines) {
            Ok(written) if written == lines.len() => return Ok(()),
            Ok(written) => std::io::Error::new(
                std::io::ErrorKind::WriteZero,
                format!("only {written} of {} bytes were written", lines.len()),
            ),
            Err(error) => error,
        };
        // If the half line cannot be cut off either, the next open moves it aside.
        drop(self.disk.cut(start));
        Err(IoFailure::new("append to", &self.path, error).into())
    }

    /// Keeps what a record withholds, durably, before the record can be.
    pub(super) fn keep_disclosures(&self, seq: u64, record: &Record) -> Result<(), WriteError> {
        if record.disclosures().is_empty() {
            return Ok(());
        }
        let line = crate::sensitive::line(seq, record.disclosures());
        let path = beside(&self.path, "sensitive");
        let kept = self.disk.append_to(&path, &line);
        Ok(kept.map_err(|error| IoFailure::new("append to", &path, error))?)
    }

    /// Makes what is written durable.
    pub(super) fn sync_log(&self) -> Result<(), WriteError> {
        self.demand_in_place()?;
        Ok(self.disk.sync().map_err(|error| IoFailure::new("sync", &self.path, error))?)
    }

    /// Has the head say what is durable.
    pub(super) fn write_head(&self, durable: &Head) -> Result<(), WriteError> {
        let written = self.disk.write_head(durable.to_text().as_bytes());
        let head = || beside(&self.path, "head");
        Ok(written.map_err(|error| IoFailure::new("write", &head(), error))?)
    }

    /// As [`Log::write_head`], durably.
    fn keep_head(&self, durable: &Head) -> Result<(), WriteError> {
        self.write_head(durable)?;
        let head = || beside(&self.path, "head");
        Ok(self.disk.sync_head().map_err(|error| IoFailure::new("sync", &head(), error))?)
    }

    /// Signs a checkpoint, if there is a key and there are records, and keeps it and the tree's state.
    pub(super) fn save(&self, saved: &Saved) -> Result<Option<String>, WriteError> {
        let signed = self.sign(&saved.tree)?;
        // The checkpoint first: opening reads on from the older state, and so comes by the root that was signed.
        if let Some(signed) = &signed {
            let path = checkpoint_path(&self.path, &self.options);
            let written = self.disk.replace(&path, signed.as_bytes(), true);
            written.map_err(|error| IoFailure::new("write", &path, error))?;
        }
        self.save_tree(saved)?;
        Ok(signed)
    }

    pub(super) fn save_tree(&self, saved: &Saved) -> Result<(), WriteError> {
        let path = beside(&self.path, "tree");
        // Opening can do without it, so it need not be durable.
        let written = self.disk.replace(&path, saved.to_text().as_bytes(), false);
        Ok(written.map_err(|error| IoFailure::new("write", &path, error))?)
    }

    pub(super) fn sign(&self, tree: &TreeState) -> Result<Option<String>, WriteError> {
        match &self.options.checkpoints {
            Some(signer) if tree.tree.size() > 0 => {
                let checkpoint = Checkpoint::of(&signer.log, &tree.tree);
                Ok(Some(checkpoint.sign(&signer.log, &signer.key).map_err(WriteError::Unsigned)?))
            }
            Some(_) | None => Ok(None),
        }
    }

    pub(super) fn demand_in_place(&self) -> Result<(), WriteError> {
        match self.disk.is_in_place() {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.displaced("was removed or replaced")),
            Err(error) => Err(IoFailure::new("inspect", &self.path, error).into()),
        }
    }

    pub(super) fn displaced(&self, seen: impl Into<String>) -> WriteError {
        WriteError::Displaced { path: self.path.clone(), seen: seen.into() }
    }
}

/// Where the last signed checkpoint is kept.
pub(crate) fn checkpoint_path(ledger: &Path, options: &Options) -> PathBuf {
    match &options.checkpoints {
        Some(signer) => signer.kept_of(ledger),
        None => beside(ledger, "checkpoint"),
    }
}
