//! One record as one line, and back. What is written here is exactly what can be read back: canonical JSON of six members.

use axtary_actionpass::{Json, LedgerHash, MAX_DEPTH, Object, Record, Timestamp};

use crate::error::{Problem, WriteError};

/// The longest line in bytes, without its newline: what an entry bundle of C2SP tlog-tiles can hold.
pub const MAX_LINE_BYTES: usize = 65_535;

/// The `prev` of the first line.
pub(crate) const NO_LINE: LedgerHash = LedgerHash::from_bytes([0; 32]);

/// The version of the line format, as `v` carries it.
const VERSION: i64 = 1;

/// Appends the line of `record`, newline included, to `lines`; nothing if it is refused.
pub(crate) fn write(
    lines: &mut Vec<u8>,
    seq: u64,
    prev: &LedgerHash,
    record: &Record,
) -> Result<LedgerHash, WriteError> {
    let start = lines.len();
    let hash = write_line(lines, seq, prev, record);
    if hash.is_err() {
        lines.truncate(start);
    }
    hash
}

fn write_line(
    lines: &mut Vec<u8>,
    seq: u64,
    prev: &LedgerHash,
    record: &Record,
) -> Result<LedgerHash, WriteError> {
    let body = record.body();
    let too_long = |bytes| WriteError::TooLong { bytes, max: MAX_LINE_BYTES };
    if body.len() > MAX_LINE_BYTES {
        return Err(too_long(body.len()));
    }
    let start = lines.len();
    lines.extend_from_slice(b"{\"body\":");
    lines.extend_from_slice(body);
    lines.extend_from_slice(b",\"kind\":\"");
    lines.extend_from_slice(record.kind().as_str().as_bytes());
    lines.extend_from_slice(b"\",\"prev\":\"");
    prev.write(lines);
    lines.extend_from_slice(b"\",\"seq\":");
    lines.extend_from_slice(seq.to_string().as_bytes());
    lines.extend_from_slice(b",\"ts\":\"");
    record.at().write(lines);
    lines.extend_from_slice(b"\",\"v\":1}");
    let line = lines.get(start..).unwrap_or_default();
    if line.len() > MAX_LINE_BYTES {
        return Err(too_long(line.len()));
    }
    if !reads_back(body) {
        Entry::parse(line).map_err(WriteError::Unreadable)?;
    }
    let hash = LedgerHash::of_line(line);
    lines.push(b'\n');
    Ok(hash)
}

/// Whether canonical bytes are certain to pass the strict scan, at a glance: a body could break it only by its depth or
/// by a noncharacter. Bodies that are not certain are parsed.
fn reads_back(body: &[u8]) -> bool {
    body.is_ascii() && brackets(body) < MAX_DEPTH
}

/// How many brackets open. Counted in bytes, a chunk at a time, so that it compiles to vector instructions.
fn brackets(text: &[u8]) -> usize {
    // `[` and `{` differ in the bit 0x20 alone.
    let opens = |byte: &u8| u8::from(*byte | 0x20 == b'{');
    let in_chunk = |chunk: &[u8]| chunk.iter().map(opens).fold(0, u8::wrapping_add);
    text.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

/// One record as it stands in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The record's number, from zero (`seq`).
    pub seq: u64,
    /// What the record is about: `decision`, `outcome`, or a kind that a later version writes (`kind`).
    pub kind: String,
    /// When it happened (`ts`).
    pub at: Timestamp,
    /// The leaf hash of the line before; all zeros in the first (`prev`).
    pub prev: LedgerHash,
    /// The leaf hash of this line.
    pub hash: LedgerHash,
    /// What was recorded (`body`).
    pub body: Object,
}

impl Entry {
    /// Reads a line without its newline.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > MAX_LINE_BYTES {
            return Err(Problem::TooLong);
        }
        let json = Json::parse(bytes).map_err(Problem::Json)?;
        let mut canonical = Vec::with_capacity(bytes.len());
        json.write_canonical(&mut canonical);
        if canonical != bytes {
            return Err(Problem::NotCanonical);
        }
        let Json::Object(members) = json else { return Err(Problem::Member("body")) };
        if members.len() != 6 {
            return Err(Problem::Members);
        }
        let integer = |name| members.get(name)?.as_i64();
        let text = |name| members.get(name)?.as_str();
        if integer("v") != Some(VERSION) {
            return Err(Problem::Member("v"));
        }
        let seq =
            integer("seq").and_then(|seq| u64::try_from(seq).ok()).ok_or(Problem::Member("seq"))?;
        let prev = text("prev")
            .and_then(|prev| LedgerHash::parse(prev).ok())
            .ok_or(Problem::Member("prev"))?;
        let at = text("ts")
            .and_then(|ts| Timestamp::read(ts.as_bytes()))
            .ok_or(Problem::Member("ts"))?;
        let kind = text("kind").filter(|kind| is_kind(kind)).ok_or(Problem::Member("kind"))?;
        let kind = kind.to_owned();
        let body = members.into_iter().find_map(|(name, value)| match value {
            Json::Object(body) if name == "body" => Some(body),
            _ => None,
        });
        let body = body.ok_or(Problem::Member("body"))?;
        Ok(Self { seq, kind, at, prev, hash: LedgerHash::of_line(bytes), body })
    }
}

pub(crate) fn is_kind(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::RecordKind;

    use super::*;

    fn line(body: &Object) -> Result<Vec<u8>, WriteError> {
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let mut line = b"before\n".to_vec();
        write(&mut line, 7, &NO_LINE, &Record::new(RecordKind::Decision, at, body))?;
        Ok(line.split_off(b"before\n".len()))
    }

    #[test]
    fn a_line_is_canonical_json_and_reads_back() {
        let body = Object::new().with("b", 2).with("a", "é\n");
        let line = line(&body).unwrap();
        let text = format!(
            r#"{{"body":{{"a":"é\n","b":2}},"kind":"decision","prev":"sha256:{:064}","seq":7,"ts":"2026-07-28T12:00:00.000Z","v":1}}"#,
            0
        );
        assert_eq!(line, format!("{text}\n").as_bytes());
        let entry = Entry::parse(text.as_bytes()).unwrap();
        assert_eq!((entry.seq, entry.kind.as_str()), (7, "decision"));
        assert_eq!((entry.prev, &entry.body), (NO_LINE, &body));
        assert_eq!(entry.hash, LedgerHash::of_line(text.as_bytes()));
    }

    #[test]
    fn a_line_of_65_535_bytes_is_the_longest() {
        let frame = line(&Object::new().with("text", "")).unwrap().len() - 1;
        let body = |bytes: usize| Object::new().with("text", "x".repeat(bytes - frame));
        assert_eq!(line(&body(65_535)).unwrap().len(), 65_536);
        for bytes in [65_536, 70_000] {
            let error = line(&body(bytes)).unwrap_err();
            assert_eq!(error.code(), "ledger.record_too_long");
        }
        assert_eq!(
            line(&body(65_536)).unwrap_err().to_string(),
            "the record's line would be 65536 bytes, at most 65535 are allowed; shorten the facts, the intent or the reasons"
        );
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        let mut deep = Object::new();
        for _ in 0..63 {
            deep = Object::new().with("x", deep);
        }
        assert_eq!(line(&deep).unwrap_err().code(), "ledger.record_unreadable");
        let noncharacter = Object::new().with("x", "\u{fdd0}");
        assert_eq!(line(&noncharacter).unwrap_err().code(), "ledger.record_unreadable");
        let many_brackets = Object::new().with("x", "[".repeat(500)).with("y", "é");
        assert!(line(&many_brackets).is_ok());
    }

    #[test]
    fn every_departure_from_the_format_is_named() {
        let good = String::from_utf8(line(&Object::new()).unwrap()).unwrap();
        let good = good.trim_end();
        for (from, to, problem) in [
            ("{\"body\"", "{ \"body\"", Problem::NotCanonical),
            (r#""seq":7"#, r#""seq":7.0"#, Problem::NotCanonical),
            (r#","v":1"#, r#","v":1,"w":1"#, Problem::Members),
            (r#","v":1"#, "", Problem::Members),
            (r#""v":1"#, r#""v":2"#, Problem::Member("v")),
            (r#""seq":7"#, r#""seq":-7"#, Problem::Member("seq")),
            (r#""seq":7"#, r#""seq":"7""#, Problem::Member("seq")),
            (".000Z", ".000+00:00", Problem::Member("ts")),
            (".000Z", "Z", Problem::Member("ts")),
            ("sha256:0", "sha256:A", Problem::Member("prev")),
            ("decision", "Decision", Problem::Member("kind")),
            ("decision", "", Problem::Member("kind")),
            (r#""body":{}"#, r#""body":[]"#, Problem::Member("body")),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_eq!(Entry::parse(bad.as_bytes()).unwrap_err(), problem, "{bad}");
        }
        for bad in ["", "{", "[]", "null", "\0\0\0"] {
            assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
