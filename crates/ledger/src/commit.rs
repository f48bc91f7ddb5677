//! Group commit: one write and one sync for all records that wait for them.
//!
//! A lone caller writes and syncs for itself, without a change of thread. While it signs its pass, the disk already works: writing has
//! the kernel start at once. What others append while a sync runs stays in memory until the next one, which writes it all at once.
//! When two or more wait, a thread of the ledger's own, the committer, leads the syncs, one after the other, for as long as there is
//! something to sync: so a disk that has work is not left idle until some waiting thread gets a processor.
//!
//! The first failure stops the ledger. A sync that failed is never tried again: the kernel may have dropped the pages and
//! would report success (<https://wiki.postgresql.org/wiki/Fsync_Errors>).

mod store;
mod wake;

use std::{
    mem,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Poll, Waker},
    thread::{self, JoinHandle},
};

use axtary_actionpass::{Appended, LedgerHash, Record};

pub(crate) use self::store::checkpoint_path;
use self::wake::{Held, THIS_THREAD};
use crate::{
    error::WriteError,
    file::Disk,
    head::Head,
    line,
    options::{Durability, Options},
    state::{Saved, TreeState},
};

/// After how many records a buffered ledger looks whether its file is still in place.
const LOOK_EVERY: u64 = 256;

/// After how many records the tree's state is saved, so that opening reads no more than these.
const SAVE_EVERY: u64 = 2048;

/// How much may stay in memory while a sync runs.
const MAX_UNWRITTEN: usize = 1024 * 1024;

/// A log that is open for writing.
pub(crate) struct Log {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    writer: Mutex<Writer>,
    /// How many records are durable. Only ever written under the lock; read without it by those who were woken.
    durable: AtomicU64,
    /// A sync has ended.
    synced: Condvar,
    /// There is something for the committer to do.
    work: Condvar,
}

/// The thread that leads while many wait.
enum Committer {
    /// It was not needed yet.
    NotStarted,
    Running(JoinHandle<()>),
    /// It could not be started, or was ended.
    Unavailable,
}

struct Writer {
    /// The lines that are not written to the file yet; kept for its memory.
    unwritten: Vec<u8>,
    /// The end of all records.
    end: Head,
    /// The tree over all records.
    tree: TreeState,
    /// The end of what is durable.
    durable: Head,
    /// How many records the saved state of the tree has.
    saved: u64,
    /// The last checkpoint that was signed.
    signed: Option<String>,
    /// Whether a thread is syncing.
    syncing: bool,
    committer: Committer,
    /// Whether the committer leads.
    handed_over: bool,
    /// Whether the ledger is being closed.
    closing: bool,
    /// Who waits for which record.
    waiting: Vec<(u64, Waker)>,
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
            unwritten: Vec::with_capacity(2048),
            end,
            tree,
            durable: end,
            saved,
            signed: None,
            syncing: false,
            committer: Committer::NotStarted,
            handed_over: false,
            closing: false,
            waiting: Vec::new(),
            stopped: None,
        };
        Self {
            disk,
            path,
            options,
            writer: Mutex::new(writer),
            durable: AtomicU64::new(end.records),
            synced: Condvar::new(),
            work: Condvar::new(),
        }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.writer().end.records
    }

    pub(crate) fn append(&self, record: &Record) -> Result<Appended, WriteError> {
        let mut writer = self.writer();
        writer.demand_running()?;
        if writer.end.bytes >= self.options.segment_bytes {
            writer = self.roll_over(writer)?;
        }
        let writer = &mut writer;
        let Head { records: seq, bytes: start, .. } = writer.end;
        let hash = writer.add(record)?;
        self.keep_disclosures(seq, record).or_else(|error| self.stop(writer, error))?;
        match self.options.durability {
            // Who syncs next writes it too.
            Durability::Synced if writer.syncing && writer.unwritten.len() < MAX_UNWRITTEN => {}
            Durability::Synced => {
                let length = writer.unwritten.len();
                self.write(writer)?;
                if !writer.syncing && writer.is_alone() {
                    // Whoever comes back to sync finds that half done. If it fails, the sync will tell.
                    drop(self.disk.start_writeback(start, length));
                }
            }
            Durability::Buffered => {
                self.write(writer)?;
                if writer.end.records - writer.saved >= SAVE_EVERY {
                    let saved = Saved { head: writer.end, tree: writer.tree.clone() };
                    self.save_tree(&saved).or_else(|error| self.stop(writer, error))?;
                    writer.saved = writer.end.records;
                }
            }
        }
        Ok(Appended { seq, hash })
    }

    /// Blocks until the record is as durable as this ledger promises.
    pub(crate) fn sync(self: &Arc<Self>, appended: &Appended) -> Result<(), WriteError> {
        loop {
            let mut writer = self.writer();
            if self.is_settled(&writer, appended)? {
                return Ok(());
            }
            let nobody_leads = !writer.syncing && !writer.handed_over;
            if nobody_leads && (writer.is_alone() || !self.hand_over(&mut writer)) {
                drop(self.lead(writer, false)?);
                continue;
            }
            writer.waiting.push((appended.seq, THIS_THREAD.with(Waker::clone)));
            drop(writer);
            thread::park();
            if appended.seq < self.durable.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    }

    /// As [`Log::sync`], for a task: does not block for longer than a write takes, as long as there can be a committer.
    pub(crate) fn poll_sync(
        self: &Arc<Self>,
        appended: &Appended,
        waker: &Waker,
    ) -> Poll<Result<(), WriteError>> {
        let mut writer = self.writer();
        match self.is_settled(&writer, appended) {
            Ok(true) => return Poll::Ready(Ok(())),
            Ok(false) => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
        if !writer.handed_over && !self.hand_over(&mut writer) {
            drop(writer);
            return Poll::Ready(self.sync(appended));
        }
        let is_this =
            |(seq, waiting): &(u64, Waker)| *seq == appended.seq && waiting.will_wake(waker);
        if !writer.waiting.iter().any(is_this) {
            writer.waiting.push((appended.seq, waker.clone()));
        }
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

    /// Has the committer lead from now on. `false` if there can be none: then the callers sync for themselves, only slower.
    fn hand_over(self: &Arc<Self>, writer: &mut Held<'_>) -> bool {
        if let Committer::NotStarted = writer.committer {
            let log = Arc::clone(self);
            let thread = thread::Builder::new().name("axtary-ledger".to_owned());
            writer.committer = match thread.spawn(move || log.commit()) {
                Ok(thread) => Committer::Running(thread),
                Err(_) => Committer::Unavailable,
            };
        }
        let can = matches!(writer.committer, Committer::Running(_));
        if can {
            writer.handed_over = true;
            self.work.notify_one();
        }
        can
    }

    /// What the committer does, until the ledger is closed.
    fn commit(self: &Arc<Self>) {
        let mut writer = self.writer();
        while !writer.closing {
            let nothing = writer.end.records == writer.durable.records || writer.stopped.is_some();
            writer = if nothing {
                writer.handed_over = false;
                while !writer.handed_over && !writer.closing {
                    writer = writer.wait(&self.work);
                }
                writer
            } else if writer.syncing {
                // A lone caller has not finished yet.
                writer.wait(&self.synced)
            } else {
                // A failure stops the ledger, and so tells everybody.
                self.lead(writer, false).unwrap_or_else(|_| self.writer())
            };
        }
    }

    /// Ends the committer.
    pub(crate) fn close(&self) {
        let mut writer = self.writer();
        writer.closing = true;
        self.work.notify_one();
        let committer = mem::replace(&mut writer.committer, Committer::Unavailable);
        drop(writer);
        if let Committer::Running(thread) = committer {
            drop(thread.join());
        }
    }

    /// Makes everything durable and saves the tree's state; returns the checkpoint that was signed of it, if there are records and
    /// there is a key.
    pub(crate) fn settle(self: &Arc<Self>) -> Result<Option<String>, WriteError> {
        let mut writer = self.writer();
        while writer.syncing {
            writer = writer.wait(&self.synced);
        }
        writer.demand_running()?;
        if writer.saved != writer.end.records || writer.durable != writer.end {
            writer = self.lead(writer, true)?;
        }
        Ok(writer.signed.clone())
    }

    /// Writes and syncs for everybody; others append meanwhile. Saves the tree's state if it is time, or if `save` says so.
    fn lead<'a>(
        self: &'a Arc<Self>,
        mut writer: Held<'a>,
        save: bool,
    ) -> Result<Held<'a>, WriteError> {
        self.write(&mut writer)?;
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
                return self.stop(&mut writer, error);
            }
        }
        self.settled(&mut writer, end);
        if !writer.handed_over {
            // Who came meanwhile has nobody to sync for them yet.
            match writer.waiting.len() {
                0 => self.write(&mut writer)?,
                1 => writer.wake_all(),
                _ => {
                    if !self.hand_over(&mut writer) {
                        writer.wake_all();
                    }
                }
            }
        }
        // Wakes them.
        drop(writer);
        Ok(self.writer())
    }

    /// Remembers what is durable now, and wakes those who wait for it.
    fn settled(&self, writer: &mut Held<'_>, durable: Head) {
        writer.durable = durable;
        self.durable.store(durable.records, Ordering::Release);
        self.synced.notify_all();
        writer.wake_if(|seq| seq < durable.records);
    }

    /// Closes the open segment and starts the next.
    fn roll_over<'a>(&'a self, mut writer: Held<'a>) -> Result<Held<'a>, WriteError> {
        while writer.syncing {
            writer = writer.wait(&self.synced);
            writer.demand_running()?;
        }
        if writer.end.bytes < self.options.segment_bytes {
            return Ok(writer);
        }
        self.write(&mut writer)?;
        match self.close_segment(&writer.end, &writer.tree) {
            Ok((next, signed)) => {
                writer.end = next;
                writer.saved = next.records;
                writer.signed = signed;
                self.settled(&mut writer, next);
                Ok(writer)
            }
            Err(error) => self.stop(&mut writer, error),
        }
    }

    /// Writes what is not written yet.
    fn write(&self, writer: &mut Held<'_>) -> Result<(), WriteError> {
        if writer.unwritten.is_empty() {
            return Ok(());
        }
        match self.write_at_end(&writer.unwritten, &writer.end) {
            Ok(()) => {
                writer.unwritten.clear();
                Ok(())
            }
            Err(error) => self.stop(writer, error),
        }
    }

    /// Remembers the first failure, of which those that follow say less, and tells all who wait.
    fn stop<T>(&self, writer: &mut Held<'_>, error: WriteError) -> Result<T, WriteError> {
        writer.stopped.get_or_insert_with(|| error.to_string());
        self.synced.notify_all();
        writer.wake_all();
        Err(error)
    }

    fn writer(&self) -> Held<'_> {
        // A thread that panicked in between left the log longer than it is known to be, at worst; the next append finds
        // that.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Held::of(writer)
    }
}

impl Writer {
    fn demand_running(&self) -> Result<(), WriteError> {
        match &self.stopped {
            None => Ok(()),
            Some(cause) => Err(WriteError::Stopped { cause: cause.clone() }),
        }
    }

    /// Adds a record's line to those that are to be written.
    fn add(&mut self, record: &Record) -> Result<LedgerHash, WriteError> {
        let before = self.unwritten.len();
        let hash = line::write(&mut self.unwritten, self.end.records, &self.end.last, record)?;
        self.end = self.end.after(self.unwritten.len() - before, hash);
        self.tree.append(hash);
        Ok(hash)
    }

    /// Whether at most one record is not durable.
    fn is_alone(&self) -> bool {
        self.end.records - self.durable.records <= 1
    }
}
