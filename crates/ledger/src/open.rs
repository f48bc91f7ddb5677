//! Opening: lock, find the end of the log, repair what a crash left, refuse everything else. What is read is the state of the
//! tree as it was last saved, and the records behind it, of which there are few: the cost does not grow with the log.
//!
//! Behind the records that were durable, a crash may leave half a line, and a power loss holes of zeros where pages did not reach
//! the disk, in any order. What is acknowledged is in front of all that. So the log is cut at the first line that is torn or has a hole;
//! a line that is wrong in another way was not written by us, and refuses to open.

use std::{
    fmt,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use axtary_actionpass::{Clock as _, Event, LedgerHash, Record, SystemClock};

use crate::{
    append::FileLedger,
    checkpoint::Checkpoint,
    commit::{Log, checkpoint_path},
    error::{BadLine, CheckpointError, IoFailure, OpenError, Problem, WriteError},
    file::{Disk, Files, beside},
    head::Head,
    line::MAX_LINE_BYTES,
    lock::Lock,
    options::Options,
    read::Lines,
    segment,
    state::{Saved, TreeState},
};

/// What a repair took off the end of a log: what a crash had left of records that nobody was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// How many bytes.
    pub bytes: u64,
    /// The file that they were moved to.
    pub moved_to: PathBuf,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, moved_to } = self;
        write!(f, "a write was cut short; its {bytes} bytes were moved to `{}`", moved_to.display())
    }
}

impl FileLedger {
    /// Opens the ledger at `path` for writing, and creates it if there is none. `options` may be a [`Durability`] alone.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if another writer has it, or if its end is not as it was written. Half a line at the end is no error:
    /// it is moved aside, [`FileLedger::repair`] tells of it, and so does a record.
    ///
    /// [`Durability`]: crate::Durability
    pub fn open(path: impl AsRef<Path>, options: impl Into<Options>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        // A later change of the working folder must not lead elsewhere.
        let path =
            std::path::absolute(path).map_err(|e| IoFailure::new("find the folder of", path, e))?;
        let lock = Lock::acquire(&path)?;
        let files = Files::open(&path)?;
        Self::on(Box::new(files), path, options.into(), Some(lock))
    }

    /// Opens the ledger on a disk.
    pub(crate) fn on(
        disk: Box<dyn Disk>,
        path: PathBuf,
        options: Options,
        lock: Option<Lock>,
    ) -> Result<Self, OpenError> {
        let Recovered { end, tree, saved, repair } =
            Opening::new(&*disk, &path, &options).recover()?;
        let ledger = Self::start(Log::new(disk, path, options, end, tree, saved), repair, lock);
        if let Some(repair) = ledger.repair() {
            ledger.record_repair(repair).map_err(OpenError::Unrecorded)?;
        }
        Ok(ledger)
    }

    fn record_repair(&self, repair: &Repair) -> Result<(), WriteError> {
        let moved_to = repair.moved_to.file_name().unwrap_or_default().to_string_lossy();
        let at = SystemClock.now().map_err(WriteError::Clock)?;
        let event = Event::Repair { bytes: repair.bytes, moved_to: &moved_to };
        let appended = self.append(&Record::event(at, &event))?;
        self.sync(&appended)
    }
}

/// A log whose end is known and durable.
struct Recovered {
    end: Head,
    tree: TreeState,
    /// How many records the saved state has.
    saved: u64,
    repair: Option<Repair>,
}

/// A ledger that is being opened.
struct Opening<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    head_path: PathBuf,
    options: &'a Options,
}

impl<'a> Opening<'a> {
    fn new(disk: &'a dyn Disk, path: &'a Path, options: &'a Options) -> Self {
        Self { disk, path, head_path: beside(path, "head"), options }
    }

    /// Brings a log and its head into agreement, both durable.
    fn recover(&self) -> Result<Recovered, OpenError> {
        let text = self.disk.read_head().map_err(self.head_failed("read"))?;
        let durable = Head::parse(&text)
            .ok_or_else(|| OpenError::BadHead { head: self.head_path.clone() })?;
        let len = self.disk.len().map_err(self.failed("inspect"))?;
        let durable = self.finish_roll_over(durable, len)?;
        // What was durable is never cut, whatever it looks like now.
        if len < durable.bytes {
            return Err(self.truncated(len, &durable));
        }
        self.demand_line(&durable)?;
        let signed = self.signed()?;
        let start = self.start(&durable)?;
        let saved = start.head.records;
        let Replayed { end, tree } = self.replay(start, &durable, signed.as_ref())?;
        if let Some(signed) = signed.filter(|signed| signed.size > end.records) {
            return Err(CheckpointError::RolledBack {
                path: self.path.to_owned(),
                checkpoint: checkpoint_path(self.path, self.options),
                records: end.records,
                size: signed.size,
            }
            .into());
        }

        let mut repair = None;
        if len > end.bytes {
            let failed = self.failed("set the torn end aside of");
            let moved_to = self.disk.set_aside(end.bytes).map_err(failed)?;
            self.disk.cut(end.bytes).map_err(self.failed("cut the torn end off"))?;
            repair = Some(Repair { bytes: len - end.bytes, moved_to });
        }
        // Lines that a killed process wrote may be in the page cache alone, and if a sync failed on them, the kernel may take
        // them for written. What follows is chained to them.
        self.rewrite(durable.bytes, end.bytes)?;
        self.disk.sync().map_err(self.failed("sync"))?;
        self.keep_head(&end)?;
        Ok(Recovered { end, tree, saved, repair })
    }

    /// Goes on where a crash interrupted closing a segment: if it has its closed name, the next one is empty.
    fn finish_roll_over(&self, durable: Head, len: u64) -> Result<Head, OpenError> {
        let closed = segment::closed_path(self.path, durable.segment);
        let failed = |error| OpenError::Io(IoFailure::new("inspect", &closed, error));
        match self.disk.closed_len(durable.segment).map_err(failed)? {
            Some(closed_len) if closed_len == durable.bytes && len == 0 => {
                let next = durable.in_next_segment();
                self.keep_head(&next)?;
                Ok(next)
            }
            Some(_) => Err(self.corrupt(0, Problem::NotTheHead)),
            None => Ok(durable),
        }
    }

    /// Has the head say this, durably.
    fn keep_head(&self, head: &Head) -> Result<(), OpenError> {
        self.disk.write_head(head.to_text().as_bytes()).map_err(self.head_failed("write"))?;
        self.disk.sync_head().map_err(self.head_failed("sync"))
    }

    /// Demands that the last durable record stands where it stood.
    fn demand_line(&self, durable: &Head) -> Result<(), OpenError> {
        // An empty segment has no line to look at; the tree's state at its start tells the last hash.
        if durable.bytes == 0 {
            return Ok(());
        }
        let (start, line) = self.line_ending_at(durable.bytes)?;
        match line {
            Some(line) if LedgerHash::of_line(&line) == durable.last => Ok(()),
            Some(_) | None => Err(self.corrupt(start, Problem::NotTheHead)),
        }
    }

    /// The kept checkpoint, if there is one. Its signature is verified if the key is known; without a key its word still counts
    /// against a ledger that does not fit it.
    fn signed(&self) -> Result<Option<Checkpoint>, OpenError> {
        let path = checkpoint_path(self.path, self.options);
        let failed = |error| OpenError::Io(IoFailure::new("read", &path, error));
        let Some(text) = self.disk.read(&path).map_err(failed)? else { return Ok(None) };
        let checkpoint = match &self.options.checkpoints {
            Some(signer) => Checkpoint::verify(&text, &signer.log),
            None => Checkpoint::unverified(&text),
        };
        let refused = |error| CheckpointError::Refused { path: path.clone(), error };
        Ok(Some(checkpoint.map_err(refused)?))
    }

    /// Where to read on from: the saved state of the tree if it fits this segment, else the state at the segment's start.
    fn start(&self, durable: &Head) -> Result<Saved, OpenError> {
        let path = beside(self.path, "tree");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| OpenError::Io(IoFailure::new("read", &path, error))
        };
        let saved = self.disk.read(&path).map_err(failed(&path))?;
        if let Some(saved) = saved.and_then(|text| Saved::parse(&text))
            && saved.head.segment == durable.segment
            && self.fits(&saved.head)?
        {
            return Ok(saved);
        }
        let first = durable.segment;
        let tree = if first == 0 {
            TreeState::start()
        } else {
            let path = segment::state_path(self.path, first);
            let state = self.disk.read(&path).map_err(failed(&path))?;
            state
                .and_then(|text| TreeState::parse(&text))
                .filter(|state| state.tree.size() == first)
                .ok_or(OpenError::NoTree { state: path })?
        };
        let last = tree.last;
        Ok(Saved { head: Head { records: first, segment: first, bytes: 0, last }, tree })
    }

    /// Whether the last record of a saved state stands where it stood.
    fn fits(&self, saved: &Head) -> Result<bool, OpenError> {
        if saved.bytes == 0 {
            return Ok(saved.records == saved.segment);
        }
        if saved.bytes > self.disk.len().map_err(self.failed("inspect"))? {
            return Ok(false);
        }
        let (_, line) = self.line_ending_at(saved.bytes)?;
        Ok(line.is_some_and(|line| LedgerHash::of_line(&line) == saved.last))
    }

    /// Reads on from a state to the end of the log, or to the first line that a crash left incomplete.
    fn replay(
        &self,
        start: Saved,
        durable: &Head,
        signed: Option<&Checkpoint>,
    ) -> Result<Replayed, OpenError> {
        let Saved { head: mut end, mut tree } = start;
        let (base, forked) = (end.bytes, |size| CheckpointError::Forked {
            path: self.path.to_owned(),
            checkpoint: checkpoint_path(self.path, self.options),
            size,
        });
        let input = FromDisk { disk: self.disk, at: base };
        let mut lines = Lines::of(BufReader::with_capacity(BUFFER, input));
        loop {
            if end.bytes == durable.bytes && end != *durable {
                return Err(self.corrupt(end.bytes, Problem::NotTheHead));
            }
            if let Some(signed) = signed
                && signed.size == end.records
                && signed.root != tree.tree.root()
            {
                return Err(forked(signed.size).into());
            }
            let Some(line) = lines.next().map_err(self.failed("read"))? else { break };
            let offset = base + line.offset;
            // A crash leaves half a line at the very end; a power loss zeros.
            let incomplete = line.is_torn() || line.bytes.contains(&0);
            if incomplete && offset >= durable.bytes {
                break;
            }
            let entry =
                line.parse(self.path).map_err(|bad| self.corrupt(offset, bad.problem().clone()))?;
            tree.demand_next(entry.seq, entry.prev)
                .map_err(|problem| self.corrupt(offset, problem))?;
            end = end.after(line.bytes.len() + 1, entry.hash);
            tree.append(entry.hash);
        }
        if end.bytes < durable.bytes {
            return Err(self.truncated(end.bytes, durable));
        }
        Ok(Replayed { end, tree })
    }

    /// Writes what stands between these offsets once more.
    fn rewrite(&self, start: u64, end: u64) -> Result<(), OpenError> {
        let mut at = start;
        while at < end {
            let window = self.read(at, end.min(at.saturating_add(REACH)))?;
            self.disk.rewrite(at, &window).map_err(self.failed("write"))?;
            at += as_offset(window.len());
        }
        Ok(())
    }

    /// The line whose newline is the last byte before `end`, if there is one, and where it starts.
    fn line_ending_at(&self, end: u64) -> Result<(u64, Option<Vec<u8>>), OpenError> {
        let start = end.saturating_sub(REACH + 1);
        let mut window = self.read(start, end)?;
        if window.pop() != Some(b'\n') {
            return Ok((start, None));
        }
        let behind = window.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = window.split_off(behind);
        Ok((start + as_offset(behind), Some(line)))
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, OpenError> {
        // INVARIANT: `end - start` is at most `REACH + 1`.
        let mut window = vec![0; usize::try_from(end - start).unwrap_or(0)];
        let read = self.disk.read_at(start, &mut window).map_err(self.failed("read"))?;
        if read < window.len() {
            return Err(self.failed("read")(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(window)
    }

    fn truncated(&self, bytes: u64, durable: &Head) -> OpenError {
        let Head { bytes: durable, records, .. } = *durable;
        OpenError::Truncated { path: self.path.to_owned(), bytes, durable, records }
    }

    fn corrupt(&self, offset: u64, problem: Problem) -> OpenError {
        OpenError::Corrupt(BadLine::new(self.path, None, offset, problem))
    }

    fn failed(&self, operation: &'static str) -> impl Fn(io::Error) -> OpenError {
        move |error| OpenError::Io(IoFailure::new(operation, self.path, error))
    }

    fn head_failed(&self, operation: &'static str) -> impl Fn(io::Error) -> OpenError {
        move |error| OpenError::Io(IoFailure::new(operation, &self.head_path, error))
    }
}

/// The end of a log that was read through.
struct Replayed {
    end: Head,
    tree: TreeState,
}

/// Reads the open segment from an offset on.
struct FromDisk<'a> {
    disk: &'a dyn Disk,
    at: u64,
}

impl Read for FromDisk<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.disk.read_at(self.at, buffer)?;
        self.at += as_offset(read);
        Ok(read)
    }
}

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

/// A line and its newline, as an offset.
const REACH: u64 = MAX_LINE_BYTES as u64 + 1;

fn as_offset(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
