//! The files that a ledger's lines stand in, oldest first: closed segments, each named by the number of its first record, and
//! the open one, which bears the ledger's own name.
//!
//! ```text
//! audit.jsonl.00000000000000000000    records 0 to 399,999, closed
//! audit.jsonl.00000000000000400000    records 400,000 to 799,999, closed
//! audit.jsonl                         records from 800,000 on, being written
//! ```
//!
//! Closed segments never change, and may be moved to an archive, the oldest first. What later ones need of them, the [`TreeState`]
//! at their start, stays beside the log.
//!
//! [`TreeState`]: crate::state::TreeState

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::file::{Identity, beside, open_to_read};

/// The digits of a record's number in a file's name: enough for every `u64`, so that names sort as numbers.
const DIGITS: usize = 20;

/// One file of a ledger.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    /// The number of its first record, as its name says; `None` for the open segment, whose name does not.
    first: Option<u64>,
    /// The open segment's file, held so that it is the same one even if it is closed and renamed meanwhile.
    held: Option<File>,
}

impl Segment {
    /// The files of the ledger at `ledger`, oldest first, the open segment last.
    pub(crate) fn all(ledger: &Path) -> io::Result<Vec<Self>> {
        // The open one first: should it be closed before the folder is listed, it is met there again, and not missed.
        let held = match open_to_read(ledger) {
            Ok(held) => held,
            // For a moment, the full segment has its closed name, and the next one does not exist.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let segments = closed(ledger)?;
                return if segments.is_empty() { Err(error) } else { Ok(segments) };
            }
            Err(error) => return Err(error),
        };
        let identity = Identity::of(&held.metadata()?);
        let mut segments = closed(ledger)?;
        // Closed since it was opened; and so may others be, which are read another time.
        let is_held = |segment: &Self| {
            fs::metadata(&segment.path).is_ok_and(|metadata| Identity::of(&metadata) == identity)
        };
        if let Some(at) = segments.iter().rposition(is_held) {
            segments.truncate(at);
        }
        segments.push(Self { path: ledger.to_owned(), first: None, held: Some(held) });
        Ok(segments)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of its first record, if its name says so.
    pub(crate) fn first(&self) -> Option<u64> {
        self.first
    }

    /// Its file, to be read at offsets: handles may share one cursor.
    pub(crate) fn open(&self) -> io::Result<File> {
        match &self.held {
            Some(file) => file.try_clone(),
            None => open_to_read(&self.path),
        }
    }
}

/// The closed segments of a ledger, oldest first.
pub(crate) fn closed(ledger: &Path) -> io::Result<Vec<Segment>> {
    let segment =
        |first| Segment { path: closed_path(ledger, first), first: Some(first), held: None };
    Ok(named(ledger, "")?.into_iter().map(segment).collect())
}

/// The path that the segment with this record has, if it was closed and then moved to an archive.
pub(crate) fn of_archived(ledger: &Path, record: u64) -> io::Result<PathBuf> {
    // The states at the start of segments stay beside the log; in front of the first segment there is none.
    let starts = named(ledger, ".tree")?;
    let first = starts.into_iter().rev().find(|first| *first <= record);
    Ok(closed_path(ledger, first.unwrap_or(0)))
}

/// The numbers in the names of files beside a ledger, in order: `LEDGER.` and a number and this suffix.
fn named(ledger: &Path, suffix: &str) -> io::Result<Vec<u64>> {
    let folder = match ledger.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(number_in(ledger, &entry?.file_name(), suffix));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number that the name of a file beside this ledger carries, if it is of this form.
fn number_in(ledger: &Path, name: &std::ffi::OsStr, suffix: &str) -> Option<u64> {
    let prefix = ledger.file_name()?.to_str()?;
    let digits = name.to_str()?.strip_prefix(prefix)?.strip_prefix('.')?.strip_suffix(suffix)?;
    let all_digits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok())?
}

/// The path of the closed segment that starts with record `first`.
pub(crate) fn closed_path(ledger: &Path, first: u64) -> PathBuf {
    beside(ledger, &format!("{first:0DIGITS$}"))
}

/// The path of the tree's state at the start of the segment that starts with record `first`.
pub(crate) fn state_path(ledger: &Path, first: u64) -> PathBuf {
    beside(ledger, &format!("{first:0DIGITS$}.tree"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_read_oldest_first_and_nothing_else_is_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("audit.jsonl");
        let touch = |path: &Path| fs::write(path, "").unwrap();
        touch(&ledger);
        for first in [400_000, 0, u64::MAX] {
            touch(&closed_path(&ledger, first));
        }
        touch(&state_path(&ledger, 400_000));
        for other in
            ["head", "lock", "torn-1", "123", "0000000000000000000x", "000000000000000000000"]
        {
            touch(&beside(&ledger, other));
        }
        touch(&folder.path().join("other.jsonl.00000000000000000007"));
        let firsts: Vec<_> = Segment::all(&ledger).unwrap().iter().map(Segment::first).collect();
        assert_eq!(firsts, [Some(0), Some(400_000), Some(u64::MAX), None]);
    }

    #[test]
    fn a_segment_that_is_closed_while_it_is_listed_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("audit.jsonl");
        fs::write(closed_path(&ledger, 0), "older").unwrap();
        fs::write(&ledger, "old").unwrap();
        // As between the rename and the creation of its successor.
        fs::hard_link(&ledger, closed_path(&ledger, 2)).unwrap();
        let paths = |segments: Vec<Segment>| {
            segments.iter().map(|segment| segment.path().to_owned()).collect::<Vec<_>>()
        };
        let expected = [closed_path(&ledger, 0), ledger.clone()];
        assert_eq!(paths(Segment::all(&ledger).unwrap()), expected);
        // Its successor was closed, too, before the folder was listed.
        fs::write(closed_path(&ledger, 4), "newer").unwrap();
        assert_eq!(paths(Segment::all(&ledger).unwrap()), expected);
    }
}
