//! The head: how many records are durable, how far they reach into the open segment, and the hash of the last. It is what vouches for the
//! last line, which no later line does, and what shows that lines are missing from the end.
//!
//! It is rewritten in place, without a sync of its own, each time the log was synced, and made durable when the ledger is
//! opened. So after a power loss it may be older than the log, but it never names a record that was not durable.
//! One line of fixed length keeps it within one disk sector.

use axtary_actionpass::LedgerHash;

use crate::line::NO_LINE;

/// The end of the durable part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many records there are.
    pub(crate) records: u64,
    /// The number of the first record in the open segment.
    pub(crate) segment: u64,
    /// How many bytes the lines in that segment take.
    pub(crate) bytes: u64,
    /// The leaf hash of the last line.
    pub(crate) last: LedgerHash,
}

/// The length of a head's text.
pub(crate) const LENGTH: usize = 157;

impl Head {
    /// The head of a log without records.
    pub(crate) const EMPTY: Self = Self { records: 0, segment: 0, bytes: 0, last: NO_LINE };

    /// The head behind one more record, whose line is `line` bytes long, newline included.
    pub(crate) fn after(&self, line: usize, hash: LedgerHash) -> Self {
        let line = u64::try_from(line).unwrap_or(u64::MAX);
        let bytes = self.bytes.saturating_add(line);
        Self { records: self.records + 1, bytes, last: hash, ..*self }
    }

    /// The head once the open segment is closed, and the next one is empty.
    pub(crate) fn in_next_segment(&self) -> Self {
        Self { segment: self.records, bytes: 0, ..*self }
    }

    /// The text form.
    pub(crate) fn to_text(self) -> String {
        let Self { records, segment, bytes, last } = self;
        format!("axtary-ledger-head v1 {records:020} {segment:020} {bytes:020} {last}\n")
    }

    /// Reads the text form. An empty file is a head that names no record: it is how a person says that a log which lost
    /// its head is to be taken as it is.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::EMPTY);
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut fields =
            text.strip_prefix("axtary-ledger-head v1 ")?.strip_suffix('\n')?.split(' ');
        let head = Self {
            records: fields.next()?.parse().ok()?,
            segment: fields.next()?.parse().ok()?,
            bytes: fields.next()?.parse().ok()?,
            last: LedgerHash::parse(fields.next()?).ok()?,
        };
        // One spelling, so that any change of a byte is seen.
        (head.to_text() == text).then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_has_one_spelling() {
        let head = Head::EMPTY.after(905, LedgerHash::of_line(b"x"));
        let text = head.to_text();
        assert_eq!(text.len(), LENGTH);
        assert_eq!(Head::parse(text.as_bytes()), Some(head));
        assert_eq!(Head::parse(b""), Some(Head::EMPTY));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            assert_ne!(Head::parse(&changed), Some(head), "byte {at}");
        }
        for bad in [
            &text.replace("axtary", "xtary"),
            text.trim_end(),
            &text.replace(" 0", " +"),
            "\n",
            "\0",
        ] {
            assert_eq!(Head::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn the_largest_head_has_the_same_length() {
        let head = Head { records: u64::MAX, segment: u64::MAX, bytes: u64::MAX, last: NO_LINE };
        assert_eq!(head.to_text().len(), LENGTH);
    }
}
