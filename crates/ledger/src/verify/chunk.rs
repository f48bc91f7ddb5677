//! Reading a chunk of a file: the lines that start in it, each hashed and read. A line belongs to the chunk in which it starts, and is
//! read on behind its end, so chunks can be read in any order and by anybody.

use std::{
    fs::File,
    io::{self, BufRead as _},
    ops::Range,
};

use axtary_actionpass::LedgerHash;

use super::frame::Frame;
use crate::{
    error::Problem,
    file,
    line::{Entry, MAX_LINE_BYTES},
};

/// What can be read at any offset.
pub(super) trait Source: Sync {
    /// Fills as much of `buffer` from `offset` on as there is, and says how much.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Source for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        file::read_at(self, offset, buffer)
    }
}

/// What stands in a chunk, in order.
#[derive(Debug)]
pub(super) enum Item {
    /// A line of our format.
    Line(Line),
    /// Lines that are not of our format, in a row.
    Unreadable {
        /// Where the first of them starts.
        offset: u64,
        /// How many there are.
        lines: u64,
        /// What is wrong with the first.
        problem: Problem,
    },
}

/// A line of our format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Where it starts.
    pub(super) offset: u64,
    /// Where the next one starts.
    pub(super) end: u64,
    pub(super) frame: Frame,
    pub(super) hash: LedgerHash,
}

/// Reads chunks into one buffer.
#[derive(Default)]
pub(super) struct ChunkReader {
    /// Bytes of the file from `start` on; behind `filled` of them, left over ones.
    buffer: Vec<u8>,
    filled: usize,
    start: u64,
}

/// How much more is read at once for a line that goes on behind its chunk.
const MORE: usize = 8 * 1024;

impl ChunkReader {
    /// Reads the lines that start in this range of the file.
    pub(super) fn read(
        &mut self,
        source: &impl Source,
        range: Range<u64>,
    ) -> io::Result<Vec<Item>> {
        // The byte before tells whether a line starts where the range does.
        self.start = range.start.saturating_sub(1);
        self.filled = 0;
        self.fill(source, size(range.end - self.start))?;
        let mut at = if range.start == 0 { Some(0) } else { self.behind_newline(0) };
        let end = size(range.end - self.start).min(self.filled);
        let mut items = Vec::new();
        while let Some(line) = at.filter(|at| *at < end) {
            at = self.behind_newline(line);
            while at.is_none() && self.filled - line <= MAX_LINE_BYTES {
                let known = self.filled;
                if self.fill(source, MORE)? == 0 {
                    break;
                }
                at = self.behind_newline(known);
            }
            push(&mut items, self.item(line, at));
        }
        Ok(items)
    }

    /// Reads up to `more` bytes behind those that are there.
    fn fill(&mut self, source: &impl Source, more: usize) -> io::Result<usize> {
        let wanted = self.filled + more;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let free = self.buffer.get_mut(self.filled..wanted).unwrap_or_default();
        let read = source.read_at(self.start + offset(self.filled), free)?;
        self.filled += read;
        Ok(read)
    }

    /// Where the next line starts, at or behind `from`.
    fn behind_newline(&self, from: usize) -> Option<usize> {
        let bytes = self.bytes(from, self.filled);
        // Of the standard library's ways to look for a byte, the fast one.
        let mut rest = bytes;
        let skipped = rest.skip_until(b'\n').ok()?;
        (bytes.get(..skipped)?.last() == Some(&b'\n')).then_some(from + skipped)
    }

    fn item(&self, start: usize, end: Option<usize>) -> Item {
        let at = self.start + offset(start);
        let unreadable = |problem| Item::Unreadable { offset: at, lines: 1, problem };
        let line = self.bytes(start, end.map_or(self.filled, |end| end - 1));
        let Some(end) = end.filter(|_| line.len() <= MAX_LINE_BYTES) else {
            let cut_short = line.len() <= MAX_LINE_BYTES;
            return unreadable(if cut_short { Problem::Torn } else { Problem::TooLong });
        };
        match Frame::read(line).map_or_else(|| Entry::parse(line).map(Frame::from), Ok) {
            Ok(frame) => {
                let (end, hash) = (self.start + offset(end), LedgerHash::of_line(line));
                Item::Line(Line { offset: at, end, frame, hash })
            }
            Err(problem) => unreadable(problem),
        }
    }

    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.buffer.get(start..end).unwrap_or_default()
    }
}

/// Adds an item; unreadable lines in a row are one, or a chunk of newlines would be as many.
fn push(items: &mut Vec<Item>, item: Item) {
    match (items.last_mut(), item) {
        (Some(Item::Unreadable { lines, .. }), Item::Unreadable { .. }) => *lines += 1,
        (_, item) => items.push(item),
    }
}

// INVARIANT: only lengths of buffers pass through these.
fn offset(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

fn size(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
