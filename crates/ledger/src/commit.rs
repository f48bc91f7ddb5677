//! Group commit: one sync for all records that wait for it.
//!
//! A lone caller syncs for itself, without a change of thread. While it signs its pass, the disk already works: writing has the kernel
//! start at once. Who comes while a sync runs waits for the next; once two or more wait, a thread of the ledger's own leads the
//! syncs, one after the other, for as long as there is something to sync. So a disk that is busy is never left idle until a waiting
//! thread gets a processor.
//!
//! The first failure stops the ledger. A sync that failed is never tried again: the kernel may have dropped the pages and
//! would report success (<https://wiki.postgresql.org/wiki/Fsync_Errors>).

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use axtary_actionpass::{Appended, Record};

use crate::{
    checkpoint::Checkpoint,
    error::{IoFailure, WriteError},
    file::{Disk, beside},
    head::Head,
    line,
    options::{Durability, Options},
    segment,
    state::{Saved, TreeState},
};

/// After how many records a buffered ledger looks whether its file is still in place.
const LOOK_EVERY: u64 = 256;

/// After how many records the tree's state is saved, so that opening reads no more than these.
const SAVE_EVERY: u64 = 2048;

/// A log that is open for writing.
pub(crate) struct Log {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    writer: Mutex<Writer>,
    /// Something was synced, or nothing will be any more.
    synced: Condvar,
    /// There is something for the committer to do.
    work: Condvar,
}

struct Writer {
    /// The line being written; kept for its memory.
    line: Vec<u8>,
    /// The end of what is written.
    end: Head,
    /// The tree over what is written.
    tree: TreeState,
    /// The end of what is durable.
    durable: Head,
    /// How many records the saved state of the tree has.
    saved: u64,
    /// The last checkpoint that was signed.
    signed: Option<String>,
    /// Whether a thread is syncing.
    syncing: bool,
    /// Whether the committer leads.
    handed_over: bool,
    /// Whether the ledger is being closed.
    closing: bool,
    /// Tasks that wait for a record, by its number.
    tasks: BTreeMap<u64, Waker>,
    /// The failure that stopped the ledger.
    stopped: Option<String>,
}

impl Log {
    pub(crate) fn new(
        disk: Box<dyn Disk>,
        path: PathBuf,
        options: Options,
        end: Head,
        tree: TreeState,
        saved: u64,
    ) -> Self {
        let writer = Writer {
            line: Vec::with_capacity(2048),
            end,
            tree,
            durable: end,
            saved,
            signed: None,
            syncing: false,
            handed_over: false,
            closing: false,
            tasks: BTreeMap::new(),
            stopped: None,
        };
        let (writer, synced, work) = (Mutex::new(writer), Condvar::new(), Condvar::new());
        Self { disk, path, options, writer, synced, work }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.writer().end.records
    }

    pub(crate) fn append(&self, record: &Record) -> Result<Appended, WriteError> {
        let mut guard = self.writer();
        guard.demand_running()?;
        if guard.end.bytes >= self.options.segment_bytes {
            guard = self.roll_over(guard)?;
        }
        let writer = &mut *guard;
        let seq = writer.end.records;
        let hash = line::write(&mut writer.line, seq, &writer.end.last, record)?;
        let written = self
            .keep_disclosures(seq, record)
            .and_then(|()| self.write_line(&writer.line, &writer.end));
        if let Err(error) = written {
            self.stop(writer, &error);
            return Err(error);
        }
        let start = writer.end.bytes;
        writer.end = writer.end.after(writer.line.len(), hash);
        writer.tree.append(hash);
        match self.options.durability {
            Durability::Synced if !writer.syncing && writer.is_alone() => {
                // Whoever comes back to sync finds that half done. If it fails, the sync will tell.
                drop(self.disk.start_writeback(start, writer.line.len()));
            }
            Durability::Synced => {}
            Durability::Buffered => {
                if writer.end.records - writer.saved >= SAVE_EVERY {
                    let saved = Saved { head: writer.end, tree: writer.tree.clone() };
                    if let Err(error) = self.save_tree(&saved) {
                        self.stop(writer, &error);
                        return Err(error);
                    }
                    writer.saved = writer.end.records;
                }
            }
        }
        Ok(Appended { seq, hash })
    }

    /// Blocks until the record is as durable as this ledger promises. `hand_over` has the committer lead, if there can be one.
    pub(crate) fn sync(
        &self,
        appended: &Appended,
        hand_over: impl Fn() -> bool,
    ) -> Result<(), WriteError> {
        let mut writer = self.writer();
        loop {
            if self.is_settled(&writer, appended)? {
                return Ok(());
            }
            writer = if writer.syncing || writer.handed_over {
                self.synced.wait(writer).unwrap_or_else(PoisonError::into_inner)
            } else if writer.is_alone() || !hand_over() {
                self.lead(writer, false)?
            } else {
                writer.handed_over = true;
                self.work.notify_one();
                writer
            };
        }
    }

    /// As [`Log::sync`], for a task: never blocks for longer than a write takes, as long as there can be a committer.
    pub(crate) fn poll_sync(
        &self,
        appended: &Appended,
        waker: &Waker,
        hand_over: impl Fn() -> bool,
    ) -> Poll<Result<(), WriteError>> {
        let mut writer = self.writer();
        match self.is_settled(&writer, appended) {
            Ok(true) => return Poll::Ready(Ok(())),
            Ok(false) => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
        if !writer.handed_over {
            if !hand_over() {
                drop(writer);
                return Poll::Ready(self.sync(appended, || false));
            }
            writer.handed_over = true;
            self.work.notify_one();
        }
        writer.tasks.insert(appended.seq, waker.clone());
        Poll::Pending
    }

    /// Whether a record is as durable as this ledger promises.
    fn is_settled(&self, writer: &Writer, appended: &Appended) -> Result<bool, WriteError> {
        if appended.seq < writer.durable.records {
            return Ok(true);
        }
        writer.demand_running()?;
        if appended.seq >= writer.end.records {
            let (seq, records) = (appended.seq, writer.end.records);
            return Err(WriteError::NotAppended { seq, records });
        }
        Ok(self.options.durability == Durability::Buffered)
    }

    /// What the committer does, until the ledger is closed.
    pub(crate) fn commit(&self) {
        let mut writer = self.writer();
        while !writer.closing {
            let nothing = writer.end.records == writer.durable.records || writer.stopped.is_some();
            writer = if nothing {
                writer.handed_over = false;
                // Who appended meanwhile may lead from here on.
                self.synced.notify_all();
                let idle = |writer: &mut Writer| !writer.handed_over && !writer.closing;
                self.work.wait_while(writer, idle).unwrap_or_else(PoisonError::into_inner)
            } else if writer.syncing {
                // A lone caller has not finished yet.
                self.synced.wait(writer).unwrap_or_else(PoisonError::into_inner)
            } else {
                // A failure stops the ledger, and so tells everybody.
                self.lead(writer, false).unwrap_or_else(|_| self.writer())
            };
        }
    }

    /// Tells the committer to end.
    pub(crate) fn close(&self) {
        self.writer().closing = true;
        self.work.notify_all();
    }

    /// Makes everything durable and saves the tree's state; returns the checkpoint that was signed of it, if there are records and
    /// there is a key.
    pub(crate) fn settle(&self) -> Result<Option<String>, WriteError> {
        let mut writer = self.writer();
        while writer.syncing {
            writer = self.synced.wait(writer).unwrap_or_else(PoisonError::into_inner);
        }
        writer.demand_running()?;
        if writer.saved != writer.end.records || writer.durable != writer.end {
            writer = self.lead(writer, true)?;
        }
        Ok(writer.signed.clone())
    }

    /// Syncs for everybody, and lets others write meanwhile. Saves the tree's state if it is time, or if `save` says so.
    fn lead<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        save: bool,
    ) -> Result<MutexGuard<'a, Writer>, WriteError> {
        writer.syncing = true;
        let end = writer.end;
        let due = save || end.records - writer.saved >= SAVE_EVERY;
        let due = due.then(|| Saved { head: end, tree: writer.tree.clone() });
        drop(writer);
        let synced = self.sync_log();
        let lost = synced.is_err();
        let result = synced
            .and_then(|()| self.write_head(&end))
            .and_then(|()| due.as_ref().map(|saved| self.save(saved)).transpose());
        let mut writer = self.writer();
        writer.syncing = false;
        match result {
            Ok(None) => {}
            Ok(Some(signed)) => {
                writer.saved = end.records;
                writer.signed = signed;
            }
            Err(error) => {
                if lost {
                    // Of what is not durable, the page cache may now show what the disk will never hold. None of it was
                    // acknowledged, and nothing may be chained to it.
                    drop(self.disk.cut(writer.durable.bytes));
                }
                self.stop(&mut writer, &error);
                return Err(error);
            }
        }
        writer.durable = end;
        self.synced.notify_all();
        let waiting = writer.tasks.split_off(&end.records);
        let settled = std::mem::replace(&mut writer.tasks, waiting);
        if settled.is_empty() {
            return Ok(writer);
        }
        drop(writer);
        settled.into_values().for_each(Waker::wake);
        Ok(self.writer())
    }

    /// Closes the open segment and starts the next.
    fn roll_over<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
    ) -> Result<MutexGuard<'a, Writer>, WriteError> {
        while writer.syncing {
            writer = self.synced.wait(writer).unwrap_or_else(PoisonError::into_inner);
            writer.demand_running()?;
        }
        if writer.end.bytes < self.options.segment_bytes {
            return Ok(writer);
        }
        match self.close_segment(&writer) {
            Ok((next, signed)) => {
                writer.end = next;
                writer.durable = next;
                writer.saved = next.records;
                writer.signed = signed;
                self.synced.notify_all();
                let tasks = std::mem::take(&mut writer.tasks);
                tasks.into_values().for_each(Waker::wake);
                Ok(writer)
            }
            Err(error) => {
                self.stop(&mut writer, &error);
                Err(error)
            }
        }
    }

    /// Each step can be the last one before a crash: opening goes on from there.
    fn close_segment(&self, writer: &Writer) -> Result<(Head, Option<String>), WriteError> {
        let Writer { end, tree, .. } = writer;
        self.sync_log()?;
        self.write_head(end)?;
        self.sync_head()?;
        let state = segment::state_path(&self.path, end.records);
        self.disk
            .replace(&state, tree.to_text().as_bytes(), true)
            .map_err(|error| IoFailure::new("write", &state, error))?;
        self.disk
            .close_segment(end.segment)
            .map_err(|error| IoFailure::new("close the full segment of", &self.path, error))?;
        let next = end.in_next_segment();
        self.write_head(&next)?;
        self.sync_head()?;
        let signed = self.save(&Saved { head: next, tree: tree.clone() })?;
        Ok((next, signed))
    }

    /// Writes `line` at the end of the log.
    fn write_line(&self, line: &[u8], end: &Head) -> Result<(), WriteError> {
        // Each sync looks at the file's name; where there are none, now and then must do.
        let look = self.options.durability == Durability::Buffered;
        if look && end.records.is_multiple_of(LOOK_EVERY) {
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

    /// Keeps what a record withholds, durably, before the record can be.
    fn keep_disclosures(&self, seq: u64, record: &Record) -> Result<(), WriteError> {
        if record.disclosures().is_empty() {
            return Ok(());
        }
        let line = crate::sensitive::line(seq, record.disclosures());
        let path = beside(&self.path, "sensitive");
        let kept = self.disk.append_to(&path, &line);
        Ok(kept.map_err(|error| IoFailure::new("append to", &path, error))?)
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

    fn sync_head(&self) -> Result<(), WriteError> {
        let head = || beside(&self.path, "head");
        Ok(self.disk.sync_head().map_err(|error| IoFailure::new("sync", &head(), error))?)
    }

    /// Signs a checkpoint, if there is a key and there are records, and keeps it and the tree's state.
    fn save(&self, saved: &Saved) -> Result<Option<String>, WriteError> {
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

    fn save_tree(&self, saved: &Saved) -> Result<(), WriteError> {
        let path = beside(&self.path, "tree");
        // Opening can do without it, so it need not be durable.
        let written = self.disk.replace(&path, saved.to_text().as_bytes(), false);
        Ok(written.map_err(|error| IoFailure::new("write", &path, error))?)
    }

    fn sign(&self, tree: &TreeState) -> Result<Option<String>, WriteError> {
        match &self.options.checkpoints {
            Some(signer) if tree.tree.size() > 0 => {
                let checkpoint = Checkpoint::of(&signer.log, &tree.tree);
                Ok(Some(checkpoint.sign(&signer.log, &signer.key).map_err(WriteError::Unsigned)?))
            }
            Some(_) | None => Ok(None),
        }
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

    /// Remembers the first failure, of which those that follow say less, and tells all who wait.
    fn stop(&self, writer: &mut Writer, error: &WriteError) {
        writer.stopped.get_or_insert_with(|| error.to_string());
        self.synced.notify_all();
        std::mem::take(&mut writer.tasks).into_values().for_each(Waker::wake);
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

    /// Whether at most one record is not durable.
    fn is_alone(&self) -> bool {
        self.end.records - self.durable.records <= 1
    }
}

/// Where the last signed checkpoint is kept.
pub(crate) fn checkpoint_path(ledger: &std::path::Path, options: &Options) -> PathBuf {
    let elsewhere = options.checkpoints.as_ref().and_then(|signer| signer.file.clone());
    elsewhere.unwrap_or_else(|| beside(ledger, "checkpoint"))
}
