//! Verifying a whole ledger: every line is read once, in constant memory, and fitted to the line before it.

use std::{collections::HashSet, io::BufRead, path::Path};

use axtary_actionpass::LedgerHash;

use crate::{
    error::{BadLine, IoFailure, Problem, VerifyFailure},
    file::{beside, open_to_read, read_head},
    head::Head,
    line::{Entry, NO_LINE},
    read::Lines,
};

/// A ledger in which every line fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many records it holds.
    pub records: u64,
    /// The leaf hash of its last line; `None` if it holds no record.
    pub last: Option<LedgerHash>,
    /// How many bytes were verified.
    pub bytes: u64,
    /// How many records, from the front, something outside the log vouches for: its head, or a hash that was expected.
    /// Behind them, an edit of the very last line and lines that are gone from the end would not show.
    pub anchored: u64,
}

/// Verifies the ledger at `path` against its head.
///
/// A ledger that is being written may end in half a line for a moment, which is reported as [`Problem::Torn`].
///
/// # Errors
///
/// [`VerifyFailure`] with the first thing that is wrong.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, VerifyFailure> {
    verify_against(path, &[])
}

/// Verifies the ledger at `path` against its head, and demands that it holds lines with these hashes: the `ledger_hash` of
/// passes that were issued, or the last hash of an earlier verification.
///
/// Who rewrites both the ledger and its head is found only in this way.
///
/// # Errors
///
/// [`VerifyFailure`] with the first thing that is wrong.
pub fn verify_against(
    path: impl AsRef<Path>,
    expected: &[LedgerHash],
) -> Result<Verified, VerifyFailure> {
    let path = path.as_ref();
    // The head is read first: a ledger that grows meanwhile still holds what it names.
    let head = match read_head(path)? {
        None => Head::EMPTY,
        Some(text) => Head::parse(&text)
            .filter(|head| head.segment == 0)
            .ok_or_else(|| VerifyFailure::BadHead { head: beside(path, "head") })?,
    };
    let log = open_to_read(path).map_err(|error| IoFailure::new("open", path, error))?;
    let lines = Lines::of(std::io::BufReader::with_capacity(BUFFER, log));
    verify_lines(path, lines, head, expected)
}

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

pub(crate) fn verify_lines<R: BufRead>(
    path: &Path,
    mut lines: Lines<R>,
    head: Head,
    expected: &[LedgerHash],
) -> Result<Verified, VerifyFailure> {
    let read = |error| IoFailure::new("read", path, error);
    let mut missing: HashSet<LedgerHash> = expected.iter().copied().collect();
    let mut verified = Verified { records: 0, last: None, bytes: 0, anchored: 0 };
    let mut last: Option<Link> = None;
    while let Some(raw) = lines.next().map_err(read)? {
        let end = raw.end();
        let link = match raw.parse(path) {
            Ok(entry) => Link::of(&entry, raw.offset),
            Err(bad) => return Err(VerifyFailure::Line { bad, intact: verified.records }),
        };
        if let Some(problem) = link.misfit(last.as_ref()) {
            let mut blamed = link;
            if let Some(before) = last
                && problem == Problem::Edited
                && link.prev != before.hash
                && verified.anchored < verified.records
                && link.is_vouched_for(&mut lines, &head).map_err(read)? != Some(false)
            {
                blamed = before;
            }
            return Err(blamed.failure(path, problem));
        }
        verified = Verified { records: link.line, last: Some(link.hash), bytes: end, ..verified };
        if link.line == head.records {
            if (link.hash, end) != (head.last, head.bytes) {
                return Err(link.failure(path, Problem::NotTheHead));
            }
            verified.anchored = link.line;
        }
        if missing.remove(&link.hash) {
            verified.anchored = link.line;
        }
        last = Some(link);
    }
    if verified.records < head.records {
        let (records, durable) = (verified.records, head.records);
        return Err(VerifyFailure::Truncated { path: path.to_owned(), records, durable });
    }
    match missing.into_iter().min() {
        None => Ok(verified),
        Some(hash) => Err(VerifyFailure::Absent { path: path.to_owned(), hash }),
    }
}

/// What of a line takes part in the chain.
#[derive(Clone, Copy)]
struct Link {
    line: u64,
    offset: u64,
    seq: u64,
    prev: LedgerHash,
    hash: LedgerHash,
}

impl Link {
    fn of(entry: &Entry, offset: u64) -> Self {
        let Entry { line, seq, prev, hash, .. } = *entry;
        Self { line, offset, seq, prev, hash }
    }

    /// Why this line cannot follow `last`.
    fn misfit(&self, last: Option<&Self>) -> Option<Problem> {
        let (expected, prev) = last.map_or((0, NO_LINE), |last| (last.seq + 1, last.hash));
        match (self.seq == expected, self.prev == prev) {
            (true, true) => None,
            // With the right predecessor it stands in its place, so its number was edited.
            (true, false) | (false, true) => Some(Problem::Edited),
            (false, false) => Some(Problem::OutOfPlace { seq: self.seq, expected }),
        }
    }

    /// Whether what follows this line names its hash; `None` if nothing does follow.
    ///
    /// Where a line and its predecessor do not fit, this tells which of the two was edited.
    fn is_vouched_for<R: BufRead>(
        &self,
        lines: &mut Lines<R>,
        head: &Head,
    ) -> std::io::Result<Option<bool>> {
        let next = lines.next()?.and_then(|next| Entry::parse(next.bytes, next.line).ok());
        Ok(match next {
            Some(next) => Some(next.prev == self.hash),
            None if head.records == self.line => Some(head.last == self.hash),
            None => None,
        })
    }

    fn failure(&self, path: &Path, problem: Problem) -> VerifyFailure {
        let bad = BadLine::new(path, Some(self.line), self.offset, problem);
        VerifyFailure::Line { bad, intact: self.line - 1 }
    }
}
