//! The raw lines of a ledger, over all its segments, and on into those that are begun meanwhile.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::lines::{At, Lines, RawLine};
use crate::{
    error::{IoFailure, Problem, ReadFailure},
    file::Identity,
    segment::Segment,
    verify::Progress,
};

/// The lines of a ledger, first to last.
#[derive(Debug)]
pub(crate) struct Walk {
    ledger: PathBuf,
    /// Those that are not read yet, oldest first.
    segments: VecDeque<Segment>,
    part: Option<Part>,
    /// The number of the next record, once a line or a name has told it.
    next: Option<u64>,
    /// The bytes of the segments that were read to their ends.
    behind: u64,
}

/// The segment that is being read.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    /// The number of its first record, once its name or that record's line has told it.
    first: Option<u64>,
    /// Whether nothing more is written to it.
    closed: bool,
    lines: Lines<BufReader<At>>,
    /// Where the lines that were read end, and how many of this file are in front of that.
    end: (u64, u64),
    /// Whether the next line is the first that is read, or that is read again.
    is_fresh: bool,
}

/// A line, and the record that it must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLine<'a> {
    /// The file that it stands in.
    pub(crate) path: &'a Path,
    /// The record's number, counted from the first line of its segment.
    pub(crate) seq: u64,
    pub(crate) raw: RawLine<'a>,
}

impl Walk {
    /// Starts at the first record that is there.
    pub(crate) fn open(ledger: &Path) -> Result<Self, ReadFailure> {
        let segments = Segment::all(ledger)
            .map_err(|e| IoFailure::new("find the segments of", ledger, e))?
            .into();
        Ok(Self { ledger: ledger.to_owned(), segments, part: None, next: None, behind: 0 })
    }

    /// Goes on in the first of these segments, at an offset that is behind so many lines of it, with the record `next`.
    pub(crate) fn go_on(
        ledger: &Path,
        mut segments: VecDeque<Segment>,
        offset: u64,
        lines: u64,
        next: u64,
    ) -> Result<Self, ReadFailure> {
        let first = segments.pop_front();
        let mut walk =
            Self { ledger: ledger.to_owned(), segments, part: None, next: Some(next), behind: 0 };
        walk.part = first.map(|segment| Part::open(&segment, (offset, lines))).transpose()?;
        Ok(walk)
    }

    /// Leaves out the segments that end before the record `seq`, as far as their names tell.
    pub(super) fn skip_to(&mut self, seq: u64) {
        // Only what a name says of the next segment tells where one ends.
        while self.segments.get(1).and_then(Segment::first).is_some_and(|next| next <= seq) {
            self.segments.pop_front();
        }
    }

    /// The next whole line. None at the end, for now: more may be written.
    pub(crate) fn next(&mut self) -> Result<Option<LogLine<'_>>, ReadFailure> {
        while !self.advance()? {
            if self.segments.is_empty() {
                self.find_later()?;
            }
            let Some(segment) = self.segments.pop_front() else { return Ok(None) };
            let before = self.part.replace(Part::open(&segment, (0, 0))?);
            self.behind += before.map_or(0, |part| part.end.0);
        }
        let (Some(part), Some(next)) = (&self.part, self.next) else { return Ok(None) };
        Ok(Some(LogLine { path: &part.path, seq: next - 1, raw: part.lines.current() }))
    }

    /// How many bytes were read, and how many there are with what is not read yet, as far as files tell of themselves.
    pub(super) fn progress(&self) -> Progress {
        let here = self.part.as_ref().map_or(0, |part| part.end.0);
        let len = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let this = self.part.as_ref().and_then(|part| part.file.metadata().ok());
        let ahead: u64 = self.segments.iter().map(|segment| len(segment.path())).sum();
        let of = self.behind + this.map_or(here, |metadata| metadata.len()) + ahead;
        Progress { bytes: self.behind + here, of }
    }

    /// Looks for what was written since the end was reached.
    pub(super) fn look_again(&mut self) -> Result<(), ReadFailure> {
        match &mut self.part {
            Some(part) if !part.closed => part.look_again(&self.ledger),
            Some(_) | None => Ok(()),
        }
    }

    /// Reads the next line of this segment, if it has one.
    fn advance(&mut self) -> Result<bool, ReadFailure> {
        let Some(part) = &mut self.part else { return Ok(false) };
        let read = |error| IoFailure::new("read", &part.path, error);
        if !part.lines.advance().map_err(read)? {
            return Ok(false);
        }
        let line = part.lines.current();
        if line.is_torn() && !part.closed {
            return Ok(false);
        }
        if line.is_torn() || line.is_too_long() {
            let problem = if line.is_torn() { Problem::Torn } else { Problem::TooLong };
            return Err(line.bad(&part.path, problem).into());
        }
        if part.is_fresh {
            let seq = line.frame(&part.path)?.seq;
            let named = part.first.map(|first| first + part.end.1);
            let expected = [named, self.next].into_iter().flatten().find(|known| *known != seq);
            if let Some(expected) = expected {
                return Err(line.bad(&part.path, Problem::OutOfPlace { seq, expected }).into());
            }
            part.first = Some(seq.saturating_sub(part.end.1));
            self.next = Some(seq);
            part.is_fresh = false;
        }
        part.end = (line.end(), line.line);
        self.next = self.next.map(|next| next + 1);
        Ok(true)
    }

    /// Finds the segments that were begun since this one, the last that was known, was closed.
    fn find_later(&mut self) -> Result<(), ReadFailure> {
        let Some(part) = self.part.as_ref().filter(|part| part.closed) else { return Ok(()) };
        let segments = match Segment::all(&self.ledger) {
            Ok(segments) => segments,
            // Between closing one and beginning the next.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(IoFailure::new("find the segments of", &self.ledger, error).into());
            }
        };
        let is_later = |segment: &Segment| {
            segment.first().is_none_or(|first| part.first < Some(first) && self.next <= Some(first))
        };
        self.segments = segments.into_iter().filter(is_later).collect();
        Ok(())
    }
}

impl Part {
    fn open(segment: &Segment, end: (u64, u64)) -> Result<Self, ReadFailure> {
        let path = segment.path().to_owned();
        let opened = |error| IoFailure::new("open", &path, error);
        let file = segment.open().map_err(opened)?;
        let lines = lines(&file, end).map_err(opened)?;
        let first = segment.first();
        Ok(Self { path, file, first, closed: first.is_some(), lines, end, is_fresh: true })
    }

    /// Goes on behind the last whole line.
    fn look_again(&mut self, ledger: &Path) -> Result<(), ReadFailure> {
        let inspected = |error| IoFailure::new("inspect", &self.path, error);
        // Before the rest is read: once it is known to be closed, its rest is all that there is.
        let closed = !is_in_place(&self.file, ledger).map_err(inspected)?;
        let bytes = self.file.metadata().map_err(inspected)?.len();
        if bytes < self.end.0 {
            return Err(ReadFailure::CutBack { path: self.path.clone(), bytes, read: self.end.0 });
        }
        self.lines = lines(&self.file, self.end).map_err(inspected)?;
        self.closed = closed;
        self.is_fresh = true;
        Ok(())
    }
}

fn lines(file: &File, (offset, lines): (u64, u64)) -> io::Result<Lines<BufReader<At>>> {
    Ok(Lines::from(file.try_clone()?, offset, lines + 1))
}

/// Whether this file still bears the ledger's name.
fn is_in_place(file: &File, ledger: &Path) -> io::Result<bool> {
    match fs::metadata(ledger) {
        Ok(metadata) => Ok(Identity::of(&metadata) == Identity::of(&file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
