//! Opening: lock, look at the end of the log, repair what a crash left, refuse everything else. The cost does not grow
//! with the log.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use axtary_actionpass::LedgerHash;

use crate::{
    append::{Durability, FileLedger},
    error::{BadLine, IoFailure, OpenError, Problem},
    file::{Disk, Files, beside},
    head::Head,
    line::{Entry, MAX_LINE_BYTES, NO_LINE},
    lock::Lock,
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
    /// Opens the ledger at `path` for writing, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if another writer has it, or if its end is not as it was written. Half a line at the end is no error:
    /// it is moved aside, and [`FileLedger::repair`] tells of it.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<Self, OpenError> {
        let path = path.as_ref();
        // A later change of the working folder must not lead elsewhere.
        let path =
            std::path::absolute(path).map_err(|e| IoFailure::new("find the folder of", path, e))?;
        let lock = Lock::acquire(&path)?;
        let files = Files::open(&path)?;
        Self::on(Box::new(files), path, durability, Some(lock))
    }

    /// Opens the ledger on a disk.
    pub(crate) fn on(
        disk: Box<dyn Disk>,
        path: PathBuf,
        durability: Durability,
        lock: Option<Lock>,
    ) -> Result<Self, OpenError> {
        let (head, repair) = recover(&*disk, &path)?;
        Ok(Self::start(disk, path, durability, head, repair, lock))
    }
}

/// Brings a log and its head into agreement, both durable.
fn recover(disk: &dyn Disk, path: &Path) -> Result<(Head, Option<Repair>), OpenError> {
    let failed = |operation| move |error| OpenError::Io(IoFailure::new(operation, path, error));
    let head_path = beside(path, "head");
    let head_failed = |operation| {
        let path = &head_path;
        move |error| OpenError::Io(IoFailure::new(operation, path, error))
    };

    let text = disk.read_head().map_err(head_failed("read"))?;
    let durable =
        Head::parse(&text).ok_or_else(|| OpenError::BadHead { head: head_path.clone() })?;
    let len = disk.len().map_err(failed("inspect"))?;
    let tail = Tail { disk, path, len };
    let whole = tail.whole_lines()?;
    // What was durable is never cut, whatever it looks like now.
    if whole < durable.bytes {
        let (bytes, Head { bytes: durable, records, .. }) = (whole, durable);
        return Err(OpenError::Truncated { path: path.to_owned(), bytes, durable, records });
    }
    let head = tail.last_record(whole)?;
    tail.demand(&durable, &head)?;

    let mut repair = None;
    if len > whole {
        let moved_to = disk.set_aside(whole).map_err(failed("set the torn end aside of"))?;
        disk.cut(whole).map_err(failed("cut the torn end off"))?;
        repair = Some(Repair { bytes: len - whole, moved_to });
    }
    // Lines that a killed process wrote may be in the page cache alone; what follows is chained to them.
    disk.sync().map_err(failed("sync"))?;
    disk.write_head(head.to_text().as_bytes()).map_err(head_failed("write"))?;
    disk.sync_head().map_err(head_failed("sync"))?;
    Ok((head, repair))
}

/// The end of a log.
struct Tail<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    len: u64,
}

/// A line and its newline, as an offset: what may lie between two newlines, and one byte more.
const REACH: u64 = MAX_LINE_BYTES as u64 + 1;

impl Tail<'_> {
    /// Where the last whole line ends.
    ///
    /// Behind it may stand what a crash leaves: the start of one line, and zeros where the file's length reached the
    /// disk and its bytes did not. No newline, so no whole line, is among that.
    fn whole_lines(&self) -> Result<u64, OpenError> {
        let end = self.without_zeros()?;
        let start = end.saturating_sub(REACH);
        let window = self.read(start, end)?;
        match window.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => Ok(start + as_offset(newline) + 1),
            None if start == 0 && end < REACH => Ok(0),
            None => Err(self.corrupt(start, Problem::TooLong)),
        }
    }

    fn without_zeros(&self) -> Result<u64, OpenError> {
        let mut end = self.len;
        while end > 0 {
            let start = end.saturating_sub(REACH);
            let window = self.read(start, end)?;
            if let Some(last) = window.iter().rposition(|byte| *byte != 0) {
                return Ok(start + as_offset(last) + 1);
            }
            end = start;
        }
        Ok(0)
    }

    /// The head that the last whole line makes.
    fn last_record(&self, whole: u64) -> Result<Head, OpenError> {
        if whole == 0 {
            return Ok(Head::EMPTY);
        }
        let (start, line) = self.line_ending_at(whole)?;
        // The number of the line is not known, and not needed.
        let entry = Entry::parse(&line, 0).map_err(|problem| self.corrupt(start, problem))?;
        let first = start == 0;
        if first != (entry.seq == 0) {
            let problem = Problem::OutOfPlace { seq: entry.seq, expected: u64::from(!first) };
            return Err(self.corrupt(start, problem));
        }
        if first && entry.prev != NO_LINE {
            return Err(self.corrupt(start, Problem::Edited));
        }
        Ok(Head { records: entry.seq + 1, segment: 0, bytes: whole, last: entry.hash })
    }

    /// Demands that the durable records stand where they stood.
    fn demand(&self, durable: &Head, found: &Head) -> Result<(), OpenError> {
        if durable.records == 0 || durable == found {
            return Ok(());
        }
        let (start, line) = self.line_ending_at(durable.bytes)?;
        let same = LedgerHash::of_line(&line) == durable.last;
        // Each record behind the durable ones takes a line of its own.
        let grown = found.bytes > durable.bytes && found.records > durable.records;
        if same && grown { Ok(()) } else { Err(self.corrupt(start, Problem::NotTheHead)) }
    }

    /// The line whose newline is the last byte before `end`, and where it starts.
    fn line_ending_at(&self, end: u64) -> Result<(u64, Vec<u8>), OpenError> {
        let start = end.saturating_sub(REACH + 1);
        let mut window = self.read(start, end)?;
        if window.pop() != Some(b'\n') {
            return Err(self.corrupt(start, Problem::NotTheHead));
        }
        let behind = window.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = window.split_off(behind);
        Ok((start + as_offset(behind), line))
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, OpenError> {
        // INVARIANT: `end - start` is at most `REACH + 1`.
        let mut window = vec![0; usize::try_from(end - start).unwrap_or(0)];
        self.disk
            .read_at(start, &mut window)
            .map_err(|error| IoFailure::new("read", self.path, error))?;
        Ok(window)
    }

    fn corrupt(&self, offset: u64, problem: Problem) -> OpenError {
        OpenError::Corrupt(BadLine::new(self.path, None, offset, problem))
    }
}

fn as_offset(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::{Object, Record, RecordKind, Timestamp};

    use crate::{
        fake::{Content, FakeDisk, Fault},
        head::Head,
    };

    fn ledger_of_one() -> Content {
        let disk = FakeDisk::default();
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let record = Record::new(RecordKind::Decision, at, &Object::new());
        let ledger = disk.open().unwrap();
        let appended = ledger.append(&record).unwrap();
        ledger.sync(&appended).unwrap();
        drop(ledger);
        disk.content().clone()
    }

    #[test]
    fn lines_that_a_killed_process_left_in_memory_are_durable_before_the_head_names_them() {
        let Content { log, .. } = ledger_of_one();
        let disk = FakeDisk::holding(b"", Head::EMPTY.to_text().as_bytes());
        disk.content().log = log.clone();
        assert_eq!(disk.open().unwrap().len(), 1);
        let left = disk.content().clone();
        assert_eq!(left.durable, log);
        assert_eq!(Head::parse(&left.durable_head).unwrap().records, 1);
    }

    #[test]
    fn a_repair_that_fails_anywhere_loses_nothing_and_is_done_by_the_next_open() {
        let Content { log: durable, head, .. } = ledger_of_one();
        let torn = [&durable, b"{\"body\":".as_slice()].concat();

        for at in 0.. {
            let disk = FakeDisk::holding(&torn, &head);
            disk.content().fault = Some(Fault { at, written: 0, reported: false, for_ever: false });
            let opened = disk.open().map(drop);
            if !disk.content().has_failed() {
                assert!(at > 6, "the faults reach every call of a repair");
                assert!(opened.is_ok());
                break;
            }
            assert_eq!(opened.unwrap_err().code(), "ledger.io", "call {at}");
            assert!(disk.content().log.starts_with(&durable));
            let ledger = disk.open().unwrap();
            assert_eq!((ledger.len(), &disk.content().log), (1, &durable));
            let aside = disk.content().set_aside.concat();
            assert!(aside.starts_with(b"{\"body\":"), "what was cut off is kept, call {at}");
            assert_eq!(Head::parse(&disk.content().head).unwrap().records, 1);
        }
    }
}
