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

#[cfg(test)]
mod tests {
    use axtary_actionpass::{Record, RecordKind};
    use proptest::prelude::*;

    use super::*;
    use crate::line::{self, NO_LINE};

    fn line(seq: u64, body: &Object) -> Vec<u8> {
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let mut line = Vec::new();
        let record = Record::new(RecordKind::Outcome, at, body);
        line::write(&mut line, seq, &LedgerHash::of_line(b"before"), &record).unwrap();
        line.pop();
        line
    }

    #[test]
    fn the_frame_is_what_the_whole_line_says() {
        for seq in [0, 7, 10, MAX_NUMBER] {
            let line = line(seq, &Object::new().with("text", "é\",\"v\":1}"));
            let frame = Frame::read(&line).unwrap();
            assert_eq!(frame, Frame { seq, prev: LedgerHash::of_line(b"before") });
            assert_eq!(Frame::from(Entry::parse(&line).unwrap()), frame);
        }
    }

    #[test]
    fn what_only_looks_like_a_line_has_no_frame() {
        let good = String::from_utf8(line(7, &Object::new().with("a", 1))).unwrap();
        assert!(Frame::read(good.as_bytes()).is_some());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_LINE_BYTES));
        for (from, to) in [
            ("{\"body\"", "{ \"body\""),
            ("\"seq\":7", "\"seq\":07"),
            ("\"seq\":7", "\"seq\":"),
            ("\"seq\":7", "\"seq\":7.0"),
            ("\"seq\":7", "\"seq\":-7"),
            ("\"seq\":7", "\"seq\":9007199254740992"),
            ("\"seq\":7", "\"seq\":99999999999999999999"),
            (",\"v\":1", ",\"v\":2"),
            (",\"v\":1", ",\"v\":1,\"w\":1"),
            (".000Z", "Z"),
            ("sha256:", "sha512:"),
            ("outcome", "Outcome"),
            ("outcome", ""),
            ("outcome", &"x".repeat(33)),
            ("{\"a\":1}", "[]"),
            ("{\"a\":1}", "{\"a\":1},\"c\":1"),
            ("{\"a\":1}", "{\"a\":01}"),
            ("{\"a\":1}", &long),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(Frame::read(bad.as_bytes()), None, "{bad}");
            assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(Frame::read(b""), None);
    }

    proptest! {
        #[test]
        fn a_line_has_a_frame_exactly_if_it_reads_as_a_record(
            text in "[a-z\"\\\\\u{e9}]{0,8}", seq in 0..120_u64, at in any::<prop::sample::Index>(), byte in any::<u8>(), insert in any::<bool>(),
        ) {
            let mut line = line(seq, &Object::new().with("text", text).with("n", NO_LINE.to_string()));
            let at = at.index(line.len());
            match byte {
                0 => { line.remove(at); }
                byte if insert => line.insert(at, byte),
                byte => line[at] ^= byte,
            }
            prop_assert_eq!(Frame::read(&line), Entry::parse(&line).ok().map(Frame::from));
        }
    }
}
