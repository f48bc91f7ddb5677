//! The frame of a line: what of it takes part in the chain, read from its fixed place without building the record.

use axtary_actionpass::{LedgerHash, Object, Timestamp};

use crate::line::{Entry, MAX_LINE_BYTES, is_kind};

/// What of a line takes part in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The record's number.
    pub(crate) seq: u64,
    /// The leaf hash of the line before.
    pub(crate) prev: LedgerHash,
}

impl Frame {
    /// Reads a line without its newline; `None` exactly where [`Entry::parse`](crate::line::Entry::parse) says what is wrong with it.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        if line.len() > MAX_LINE_BYTES {
            return None;
        }
        // From the end, where every member has a length that is known or a form that ends it.
        let rest = line.strip_prefix(b"{\"body\":")?.strip_suffix(b"\",\"v\":1}")?;
        let (rest, time) = rest.split_last_chunk::<24>()?;
        Timestamp::read(time)?;
        let rest = rest.strip_suffix(b",\"ts\":\"")?;
        let digits = rest.iter().rev().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit());
        let (rest, seq) = rest.split_at_checked(rest.len() - digits.count())?;
        let seq = read_number(seq)?;
        let rest = rest.strip_suffix(b"\",\"seq\":")?;
        let (rest, prev) = rest.split_last_chunk::<HASH_BYTES>()?;
        let prev = LedgerHash::parse(std::str::from_utf8(prev).ok()?).ok()?;
        let rest = rest.strip_suffix(b"\",\"prev\":\"")?;
        let quote = rest.iter().rev().take(MAX_KIND + 1).position(|byte| *byte == b'"')?;
        let (rest, kind) = rest.split_at_checked(rest.len() - quote)?;
        let body = rest.strip_suffix(b",\"kind\":\"")?;
        let kind = std::str::from_utf8(kind).ok()?;
        (is_kind(kind) && Object::is_canonical(body, 1)).then_some(Self { seq, prev })
    }
}

/// The length of a hash's text.
const HASH_BYTES: usize = "sha256:".len() + 64;
/// The most characters of a kind.
const MAX_KIND: usize = 32;
/// The most digits of a number.
const MAX_DIGITS: usize = 16;
/// The greatest number of the strict profile.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Reads a number in the one spelling that is written.
fn read_number(digits: &[u8]) -> Option<u64> {
    match digits {
        [] => None,
        [b'0', _, ..] => None,
        digits => {
            let number =
                digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
            (number <= MAX_NUMBER).then_some(number)
        }
    }
}

impl From<Entry> for Frame {
    fn from(Entry { seq, prev, .. }: Entry) -> Self {
        Self { seq, prev }
    }
}
