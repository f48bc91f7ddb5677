//! Reading a ledger, also while another process writes it. Nothing here locks, changes or verifies; a line without its
//! newline is no record yet and is left out.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use axtary_actionpass::{Json, PassId, RecordKind};

use crate::{
    error::{BadLine, IoFailure, Problem, ReadFailure},
    file::open_to_read,
    line::{Entry, MAX_LINE_BYTES},
};

/// The records of a ledger, first to last. Ends behind the first failure.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    ended: bool,
}

impl Reader {
    /// Starts at the first record of the ledger at `path`.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::Io`] if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadFailure> {
        let path = path.as_ref();
        let log = open_to_read(path).map_err(|error| IoFailure::new("open", path, error))?;
        Ok(Self { path: path.to_owned(), lines: Lines::of(BufReader::new(log)), ended: false })
    }

    /// The next record whose line `wanted` lets through.
    fn next_where(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Option<Result<Entry, ReadFailure>> {
        while !self.ended {
            let read = match self.lines.next() {
                Ok(Some(line)) if line.is_torn() => None,
                Ok(Some(line)) if !wanted(line.bytes) => continue,
                Ok(Some(line)) => Some(line.parse(&self.path).map_err(ReadFailure::Line)),
                Ok(None) => None,
                Err(error) => Some(Err(IoFailure::new("read", &self.path, error).into())),
            };
            self.ended = !matches!(read, Some(Ok(_)));
            return read;
        }
        None
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, ReadFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_where(|_| true)
    }
}

/// What a ledger holds about one pass, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassHistory {
    decision: Entry,
    outcomes: Vec<Entry>,
}

impl PassHistory {
    /// The decision that led to the pass.
    pub fn decision(&self) -> &Entry {
        &self.decision
    }

    /// How its action ended, and anything else that was recorded about the pass; empty while nobody knows.
    pub fn outcomes(&self) -> &[Entry] {
        &self.outcomes
    }
}

/// Looks for a pass in the ledger at `path`, from front to end.
///
/// # Errors
///
/// [`ReadFailure::NoSuchPass`] if no decision led to it; others if the ledger cannot be read on.
pub fn find(path: impl AsRef<Path>, pass: &PassId) -> Result<PassHistory, ReadFailure> {
    let path = path.as_ref();
    let mut reader = Reader::open(path)?;
    // Ids need no escapes, so a line that is about the pass holds its bytes; few others are parsed.
    let mentions =
        |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| line.contains(pass.as_str()));
    let mut decision = None;
    let mut outcomes = Vec::new();
    while let Some(entry) = reader.next_where(mentions) {
        let entry = entry?;
        if entry.body.get("action_pass_id").and_then(Json::as_str) != Some(pass.as_str()) {
            continue;
        }
        if decision.is_none() && entry.kind == RecordKind::Decision.as_str() {
            decision = Some(entry);
        } else {
            outcomes.push(entry);
        }
    }
    match decision {
        Some(decision) => Ok(PassHistory { decision, outcomes }),
        None => Err(ReadFailure::NoSuchPass { path: path.to_owned(), pass: *pass }),
    }
}

/// The last `count` records of the ledger at `path`, the newest last. Reads no more than their lines take.
///
/// The numbers of their lines are inferred from their `seq`.
///
/// # Errors
///
/// [`ReadFailure`] if the ledger cannot be read, or if one of these lines is not a record's.
pub fn tail(path: impl AsRef<Path>, count: usize) -> Result<Vec<Entry>, ReadFailure> {
    let path = path.as_ref();
    let failed = |operation| move |error| IoFailure::new(operation, path, error);
    let mut log = open_to_read(path).map_err(failed("open"))?;
    let (start, end) = last_lines(&mut log, count).map_err(failed("read"))?;
    log.seek(SeekFrom::Start(start)).map_err(failed("read"))?;
    let mut lines = Lines::of(BufReader::new(log.take(end - start)));
    lines.offset = start;
    let mut entries = Vec::new();
    while let Some(line) = lines.next().map_err(failed("read"))? {
        let bad = |problem| BadLine::new(path, None, line.offset, problem);
        let mut entry = Entry::parse(line.bytes, 0).map_err(bad)?;
        entry.line = entry.seq + 1;
        entries.push(entry);
    }
    Ok(entries)
}

/// Where the last `count` whole lines start, and where they end.
fn last_lines(log: &mut File, count: usize) -> io::Result<(u64, u64)> {
    let mut chunk_end = log.metadata()?.len();
    let mut end = None;
    let mut found = 0;
    let mut chunk = Vec::with_capacity(CHUNK);
    while chunk_end > 0 {
        let chunk_start = chunk_end.saturating_sub(CHUNK as u64);
        log.seek(SeekFrom::Start(chunk_start))?;
        chunk.clear();
        log.take(chunk_end - chunk_start).read_to_end(&mut chunk)?;
        let newlines = chunk.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
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

/// The raw lines of a log. Memory is bounded, whatever the log holds.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    line: u64,
    offset: u64,
    buffer: Vec<u8>,
}

/// A line that was not looked at yet.
#[derive(Debug)]
pub(crate) struct RawLine<'a> {
    /// Its number, from one.
    pub(crate) line: u64,
    /// Where it starts.
    pub(crate) offset: u64,
    /// Its bytes, without the newline; cut short if there are more than a line may have.
    pub(crate) bytes: &'a [u8],
    has_newline: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn of(input: R) -> Self {
        Self { input, line: 0, offset: 0, buffer: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        self.offset += u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.buffer.clear();
        let most = u64::try_from(MAX_LINE_BYTES + 1).unwrap_or(u64::MAX);
        (&mut self.input).take(most).read_until(b'\n', &mut self.buffer)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let bytes = self.buffer.strip_suffix(b"\n");
        Ok(Some(RawLine {
            line: self.line,
            offset: self.offset,
            bytes: bytes.unwrap_or(&self.buffer),
            has_newline: bytes.is_some(),
        }))
    }
}

impl RawLine<'_> {
    /// Whether the log ends within this line.
    pub(crate) fn is_torn(&self) -> bool {
        !self.has_newline && self.bytes.len() <= MAX_LINE_BYTES
    }

    pub(crate) fn parse(&self, path: &Path) -> Result<Entry, BadLine> {
        let bad = |problem| BadLine::new(path, Some(self.line), self.offset, problem);
        if self.is_torn() {
            return Err(bad(Problem::Torn));
        }
        Entry::parse(self.bytes, self.line).map_err(bad)
    }
}
