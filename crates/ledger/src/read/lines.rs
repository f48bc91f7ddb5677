//! The raw lines of a file. Memory is bounded, whatever the file holds.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use crate::{
    error::{BadLine, IoFailure, Problem},
    file::read_at,
    line::{Entry, MAX_LINE_BYTES},
    segment::Segment,
    verify::Frame,
};

/// The lines of an input, first to last.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    line: u64,
    offset: u64,
    buffer: Vec<u8>,
}

/// A line that was not looked at yet.
#[derive(Clone, Copy, Debug)]
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
        Ok(if self.advance()? { Some(self.current()) } else { None })
    }

    /// Reads the next line, if there is one.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        self.offset += u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.buffer.clear();
        let most = u64::try_from(MAX_LINE_BYTES + 1).unwrap_or(u64::MAX);
        (&mut self.input).take(most).read_until(b'\n', &mut self.buffer)?;
        if self.buffer.is_empty() {
            return Ok(false);
        }
        self.line += 1;
        Ok(true)
    }

    /// The line that was read last.
    pub(super) fn current(&self) -> RawLine<'_> {
        let bytes = self.buffer.strip_suffix(b"\n");
        RawLine {
            line: self.line,
            offset: self.offset,
            bytes: bytes.unwrap_or(&self.buffer),
            has_newline: bytes.is_some(),
        }
    }
}

impl Lines<BufReader<At>> {
    /// The lines of a file from an offset on, at which the line with this number starts.
    pub(crate) fn from(file: File, offset: u64, line: u64) -> Self {
        Self::buffered(BUFFER, file, offset, line)
    }

    /// As [`Lines::from`], if little more than one line is wanted.
    pub(crate) fn few_from(file: File, offset: u64) -> Self {
        Self::buffered(FEW, file, offset, 1)
    }

    fn buffered(capacity: usize, file: File, offset: u64, line: u64) -> Self {
        let input = BufReader::with_capacity(capacity, At { file, offset });
        Self { input, line: line.saturating_sub(1), offset, buffer: Vec::new() }
    }
}

/// How much is read at once.
const BUFFER: usize = 256 * 1024;
/// What most lines are shorter than.
const FEW: usize = 4 * 1024;

/// Reads a file from an offset on, and moves no cursor that somebody else uses.
#[derive(Debug)]
pub(crate) struct At {
    file: File,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, self.offset, buffer)?;
        self.offset = self.offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl RawLine<'_> {
    /// Whether the file ends within this line.
    pub(crate) fn is_torn(&self) -> bool {
        !self.has_newline && self.bytes.len() <= MAX_LINE_BYTES
    }

    /// Whether it has more bytes than a line may have; what follows is then not the next line.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes.len() > MAX_LINE_BYTES
    }

    /// Where the next line starts.
    pub(crate) fn end(&self) -> u64 {
        self.offset + u64::try_from(self.bytes.len() + 1).unwrap_or(u64::MAX)
    }

    pub(crate) fn parse(&self, path: &Path) -> Result<Entry, BadLine> {
        if self.is_torn() {
            return Err(self.bad(path, Problem::Torn));
        }
        Entry::parse(self.bytes).map_err(|problem| self.bad(path, problem))
    }

    /// What of the line takes part in the chain; or what is wrong with it.
    pub(crate) fn frame(&self, path: &Path) -> Result<Frame, BadLine> {
        Frame::read(self.bytes).map_or_else(|| self.parse(path).map(Frame::from), Ok)
    }

    pub(crate) fn bad(&self, path: &Path, problem: Problem) -> BadLine {
        BadLine::new(path, Some(self.line), self.offset, problem)
    }
}

/// The number of the first record in a segment, as its name says, or else its first line; `None` while there is none.
pub(crate) fn first_record(segment: &Segment) -> Result<Option<u64>, IoFailure> {
    if let Some(first) = segment.first() {
        return Ok(Some(first));
    }
    let failed = |error| IoFailure::new("read", segment.path(), error);
    let mut lines = Lines::few_from(segment.open().map_err(failed)?, 0);
    let line = lines.next().map_err(failed)?.filter(|line| !line.is_torn());
    Ok(line.and_then(|line| Frame::read(line.bytes)).map(|frame| frame.seq))
}
