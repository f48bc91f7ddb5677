//! Reading a ledger, also while another process writes it. Nothing here locks, changes or verifies; a line without its
//! newline is no record yet and is left out.

mod filter;
mod lines;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

pub use self::filter::Filter;
use self::lines::At;
pub(crate) use self::lines::Lines;
use crate::{
    error::{BadLine, IoFailure, ReadFailure},
    file::{Identity, read_at},
    line::Entry,
    segment::Segment,
};

/// The records of a ledger, first to last, over all its segments that are there. Ends behind the first failure, and at the end of
/// the log; [`Reader::follow`] goes on from there.
#[derive(Debug)]
pub struct Reader {
    ledger: PathBuf,
    filter: Filter,
    /// The segments that are not read yet.
    segments: VecDeque<Segment>,
    current: Option<Current>,
    /// The number of the next record.
    next: Option<u64>,
    failed: bool,
}

/// The segment that is being read.
#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: File,
    lines: Lines<BufReader<At>>,
}

/// What stands at the place that was read up to.
enum Next {
    Entry(Entry),
    /// A line that is not wanted.
    Passed,
    /// The start of a line.
    Torn,
    End,
}

impl Reader {
    /// Starts at the first record that the ledger at `ledger` has.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::Io`] if it cannot be opened.
    pub fn open(ledger: impl AsRef<Path>) -> Result<Self, ReadFailure> {
        let ledger = ledger.as_ref().to_owned();
        let segments =
            Segment::all(&ledger).map_err(|error| IoFailure::new("open", &ledger, error))?.into();
        let filter = Filter::all();
        Ok(Self { ledger, filter, segments, current: None, next: None, failed: false })
    }

    /// Leaves out what the filter does not accept.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Goes on at the end of the log as it grows: `wait` is called there, and reading ends once it says `false`.
    pub fn follow<W: FnMut() -> bool>(self, wait: W) -> Follow<W> {
        Follow { reader: self, wait }
    }

    /// The next record, [`Next::Torn`] and [`Next::End`] only at the end of the log.
    fn read(&mut self) -> Result<Next, ReadFailure> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(segment) = self.segments.pop_front() else { return Ok(Next::End) };
                self.current = Some(Current::open(&segment)?);
                continue;
            };
            match current.next(&self.filter, &mut self.next)? {
                Next::End if !self.segments.is_empty() => self.current = None,
                next => return Ok(next),
            }
        }
    }

    /// Looks whether the log has grown since its end was met: in the same file, or in others that came after it.
    fn look_again(&mut self) -> Result<(), ReadFailure> {
        let ledger = &self.ledger;
        let failed = |error| ReadFailure::Io(IoFailure::new("read", ledger, error));
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let segments = Segment::all(ledger).map_err(failed)?;
        let identity = Identity::of(&current.file.metadata().map_err(failed)?);
        // What came behind the file that is held open; nothing, if that is still the last.
        let mut later = VecDeque::new();
        for segment in segments.into_iter().rev() {
            let file = segment.open().map_err(failed)?;
            if Identity::of(&file.metadata().map_err(failed)?) == identity {
                break;
            }
            // A closed segment in front of the place that was read up to: the held file is not among them any more.
            if segment.first().zip(self.next).is_some_and(|(first, next)| first < next) {
                break;
            }
            later.push_front(segment);
        }
        current.lines = current.lines.again();
        self.segments = later;
        self.current = Some(current);
        Ok(())
    }
}

impl Current {
    fn open(segment: &Segment) -> Result<Self, ReadFailure> {
        let path = segment.path().to_owned();
        let failed = |error| IoFailure::new("open", segment.path(), error);
        let file = segment.open().map_err(failed)?;
        let lines = Lines::from(file.try_clone().map_err(failed)?, 0, 1);
        Ok(Self { path, file, lines })
    }

    fn next(&mut self, filter: &Filter, seq: &mut Option<u64>) -> Result<Next, ReadFailure> {
        let line = self.lines.next();
        let Some(line) = line.map_err(|error| IoFailure::new("read", &self.path, error))? else {
            return Ok(Next::End);
        };
        if line.is_torn() {
            return Ok(Next::Torn);
        }
        if !filter.may_accept(line.bytes) {
            *seq = seq.map(|seq| seq + 1);
            return Ok(Next::Passed);
        }
        let entry = line.parse(&self.path)?;
        *seq = Some(entry.seq + 1);
        Ok(if filter.accepts(&entry) { Next::Entry(entry) } else { Next::Passed })
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, ReadFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            match self.read() {
                Ok(Next::Entry(entry)) => return Some(Ok(entry)),
                Ok(Next::Passed) => {}
                Ok(Next::Torn | Next::End) => return None,
                Err(failure) => {
                    self.failed = true;
                    return Some(Err(failure));
                }
            }
        }
        None
    }
}

/// The records of a ledger that grows.
#[derive(Debug)]
pub struct Follow<W> {
    reader: Reader,
    wait: W,
}

impl<W: FnMut() -> bool> Iterator for Follow<W> {
    type Item = Result<Entry, ReadFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(read) = self.reader.next() {
                return Some(read);
            }
            if self.reader.failed || !(self.wait)() {
                return None;
            }
            if let Err(failure) = self.reader.look_again() {
                self.reader.failed = true;
                return Some(Err(failure));
            }
        }
    }
}

/// The last `count` records of the ledger at `ledger`, the newest last. Reads no more than their lines take.
///
/// # Errors
///
/// [`ReadFailure`] if the ledger cannot be read, or if one of these lines is not a record's.
pub fn tail(ledger: impl AsRef<Path>, count: usize) -> Result<Vec<Entry>, ReadFailure> {
    let ledger = ledger.as_ref();
    let segments = Segment::all(ledger).map_err(|e| IoFailure::new("open", ledger, e))?;
    let mut entries = VecDeque::new();
    for segment in segments.into_iter().rev() {
        for entry in tail_of(&segment, count - entries.len())?.into_iter().rev() {
            entries.push_front(entry);
        }
        if entries.len() == count {
            break;
        }
    }
    Ok(entries.into())
}

fn tail_of(segment: &Segment, count: usize) -> Result<Vec<Entry>, ReadFailure> {
    let path = segment.path();
    let failed = |operation| move |error| IoFailure::new(operation, path, error);
    let file = segment.open().map_err(failed("open"))?;
    let (start, end) = last_lines(&file, count).map_err(failed("read"))?;
    let mut lines = Lines::from(file, start, 1);
    let mut entries = Vec::new();
    while let Some(line) = lines.next().map_err(failed("read"))? {
        if line.offset >= end {
            break;
        }
        let bad = |problem| BadLine::new(path, None, line.offset, problem);
        entries.push(Entry::parse(line.bytes).map_err(bad)?);
    }
    Ok(entries)
}

/// Where the last `count` whole lines start, and where they end.
fn last_lines(file: &File, count: usize) -> io::Result<(u64, u64)> {
    let mut chunk_end = file.metadata()?.len();
    let mut end = None;
    let mut found = 0;
    let mut chunk = vec![0; CHUNK];
    while chunk_end > 0 {
        let chunk_start = chunk_end.saturating_sub(CHUNK as u64);
        chunk.resize(usize::try_from(chunk_end - chunk_start).unwrap_or(CHUNK), 0);
        let read = read_at(file, chunk_start, &mut chunk)?;
        let newlines =
            chunk.iter().take(read).enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        for (at, _) in newlines {
            let behind = chunk_start + u64::try_from(at).unwrap_or(u64::MAX) + 1;
            let end = *end.get_or_insert(behind);
            if found == count {
                return Ok((behind, end));
            }
            found += 1;
        }
        chunk_end = chunk_start;
    }
    Ok((0, end.unwrap_or(0)))
}

/// How much is read at once from the end.
const CHUNK: usize = 64 * 1024;
