//! The last records, read from the end.

use std::{fs::File, io, path::Path};

use super::lines::Lines;
use crate::{
    error::{BadLine, IoFailure, Problem, ReadFailure},
    file::read_at,
    line::Entry,
    segment::Segment,
};

/// The last `count` records of the ledger at `ledger`, the newest last. Reads no more than their lines take.
///
/// # Errors
///
/// [`ReadFailure`] if the ledger cannot be read, or if one of these lines is not a record's.
pub fn tail(ledger: impl AsRef<Path>, count: usize) -> Result<Vec<Entry>, ReadFailure> {
    let ledger = ledger.as_ref();
    let mut segments =
        Segment::all(ledger).map_err(|e| IoFailure::new("find the segments of", ledger, e))?;
    let mut entries = Vec::new();
    while entries.len() < count
        && let Some(segment) = segments.pop()
    {
        let mut earlier = last_of(&segment, count - entries.len())?;
        earlier.append(&mut entries);
        entries = earlier;
    }
    Ok(entries)
}

/// The last `count` records of a segment.
fn last_of(segment: &Segment, count: usize) -> Result<Vec<Entry>, ReadFailure> {
    let path = segment.path();
    let file = segment.open().map_err(|e| IoFailure::new("open", path, e))?;
    let read = |error| IoFailure::new("read", path, error);
    let (start, end) = last_lines(&file, count).map_err(read)?;
    let length = file.metadata().map_err(read)?.len();
    if segment.first().is_some() && end < length {
        return Err(BadLine::new(path, None, end, Problem::Torn).into());
    }
    let mut lines = Lines::from(file, start, 1);
    let mut entries = Vec::new();
    while let Some(line) = lines.next().map_err(read)?.filter(|line| line.offset < end) {
        let bad = |problem| BadLine::new(path, None, line.offset, problem);
        entries.push(Entry::parse(line.bytes).map_err(bad)?);
    }
    Ok(entries)
}

/// Where the last `count` whole lines start, and where they end.
fn last_lines(log: &File, count: usize) -> io::Result<(u64, u64)> {
    let mut chunk_end = log.metadata()?.len();
    let mut end = None;
    let mut found = 0;
    let mut chunk = vec![0; CHUNK];
    while chunk_end > 0 {
        let chunk_start = chunk_end.saturating_sub(CHUNK as u64);
        let length = usize::try_from(chunk_end - chunk_start).unwrap_or(CHUNK);
        let chunk = chunk.get_mut(..length).unwrap_or_default();
        let read = read_at(log, chunk_start, chunk)?;
        let bytes = chunk.iter().take(read);
        let newlines = bytes.enumerate().rev().filter(|(_, byte)| **byte == b'\n');
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
