//! The strict scan: one pass over the bytes, which either yields a value of the profile or says where it broke a rule.

use super::{Json, Number, NumberError, Object, canonical::plain_prefix};

/// The deepest nesting of arrays and objects that is accepted.
pub const MAX_DEPTH: usize = 64;

/// The largest input, in bytes, that is looked at.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Why bytes are not a value of the strict profile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", place(*offset))]
pub struct ScanError {
    offset: Option<usize>,
    problem: ScanProblem,
}

fn place(offset: Option<usize>) -> String {
    offset.map_or_else(String::new, |offset| format!(", at byte {offset}"))
}

impl ScanError {
    /// What was wrong.
    pub fn problem(&self) -> &ScanProblem {
        &self.problem
    }

    /// The byte at which it was seen; `None` if the value was built in memory.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    pub(super) fn built(problem: ScanProblem) -> Self {
        Self { offset: None, problem }
    }
}

/// The rule of the strict profile that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanProblem {
    /// More bytes than the bound.
    #[error("the JSON is larger than {max} bytes")]
    TooLarge {
        /// The bound that was in force.
        max: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the JSON is nested deeper than 64 levels")]
    TooDeep,
    /// Not UTF-8.
    #[error("the JSON is not valid UTF-8")]
    Utf8,
    /// A byte order mark in front.
    #[error("the JSON starts with a byte order mark")]
    ByteOrderMark,
    /// Not JSON here.
    #[error("expected {expected}")]
    Syntax {
        /// What the grammar allows at this place.
        expected: &'static str,
    },
    /// Bytes behind the value.
    #[error("there are bytes behind the JSON value")]
    Trailing,
    /// The same member name twice in one object, after unescaping.
    #[error("the member {name:?} stands twice in one object")]
    Duplicate {
        /// The name, cut to 64 characters.
        name: String,
    },
    /// Half of a surrogate pair.
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    /// A code point that Unicode sets aside for ever.
    #[error("a string holds the noncharacter U+{code_point:04X}")]
    Noncharacter {
        /// The code point.
        code_point: u32,
    },
    /// A number outside the profile.
    #[error(transparent)]
    Number(NumberError),
}

/// Scans `bytes`, at most `max` of them.
pub(super) fn scan(bytes: &[u8], max: usize) -> Result<Json, ScanError> {
    let at = |offset, problem| Err(ScanError { offset: Some(offset), problem });
    if bytes.len() > max {
        return at(max, ScanProblem::TooLarge { max });
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return at(0, ScanProblem::ByteOrderMark);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return at(error.valid_up_to(), ScanProblem::Utf8),
    };
    let mut scanner = Scanner { text, offset: 0 };
    let value = scanner.value(0)?;
    scanner.space();
    match scanner.peek() {
        None => Ok(value),
        Some(_) => at(scanner.offset, ScanProblem::Trailing),
    }
}

/// Applies the rules that a value built in memory can break.
pub(super) fn check_built(value: &Json) -> Result<(), ScanError> {
    check_within(value, 1, &mut 0).map_err(ScanError::built)
}

/// The same of an object that will stand `levels` deep in another value.
pub(super) fn check_built_object(object: &Object, levels: usize) -> Result<(), ScanError> {
    check_members(object, levels + 1, &mut 0).map_err(ScanError::built)
}

/// The same of a string.
pub(crate) fn check_built_text(text: &str) -> Result<(), ScanError> {
    check_text(text, &mut 0).map_err(ScanError::built)
}

fn check_within(value: &Json, depth: usize, bytes: &mut usize) -> Result<(), ScanProblem> {
    if depth > MAX_DEPTH && matches!(value, Json::Array(_) | Json::Object(_)) {
        return Err(ScanProblem::TooDeep);
    }
    // Punctuation and short values count as eight bytes.
    *bytes = bytes.saturating_add(8);
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => check_text(text, bytes)?,
        Json::Array(items) => {
            for item in items {
                check_within(item, depth + 1, bytes)?;
            }
        }
        Json::Object(object) => check_members(object, depth, bytes)?,
    }
    if *bytes > MAX_BYTES { Err(ScanProblem::TooLarge { max: MAX_BYTES }) } else { Ok(()) }
}

fn check_members(object: &Object, depth: usize, bytes: &mut usize) -> Result<(), ScanProblem> {
    for (name, value) in object.iter() {
        check_text(name, bytes)?;
        check_within(value, depth + 1, bytes)?;
    }
    Ok(())
}

fn check_text(text: &str, bytes: &mut usize) -> Result<(), ScanProblem> {
    *bytes = bytes.saturating_add(text.len());
    refuse_noncharacters(text)
}

struct Scanner<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Result<Json, ScanError> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) | None => self.syntax("a JSON value"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, ScanError> {
        let start = self.offset;
        self.enter(depth)?;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(Object::new()));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.syntax("a member name in double quotes");
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return self.syntax("`:`");
            }
            members.push((name, self.value(depth)?));
            self.space();
            if self.take(b',') {
                continue;
            }
            if self.take(b'}') {
                break;
            }
            return self.syntax("`,` or `}`");
        }
        Object::from_members(members).map(Json::Object).map_err(|name| ScanError {
            offset: Some(start),
            problem: ScanProblem::Duplicate { name: name.chars().take(64).collect() },
        })
    }

    fn array(&mut self, depth: usize) -> Result<Json, ScanError> {
        self.enter(depth)?;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.take(b',') {
                continue;
            }
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            return self.syntax("`,` or `]`");
        }
    }

    /// Steps over an opening bracket, unless it opens one level too many.
    fn enter(&mut self, depth: usize) -> Result<(), ScanError> {
        if depth > MAX_DEPTH {
            return self.fail(ScanProblem::TooDeep);
        }
        self.offset += 1;
        Ok(())
    }

    /// Reads a string; the cursor is on its opening quote.
    fn string(&mut self) -> Result<String, ScanError> {
        self.offset += 1;
        let start = self.offset;
        let plain = self.plain_run();
        if self.take(b'"') {
            return self.checked(start, plain.to_owned());
        }
        let mut unescaped = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return self.checked(start, unescaped);
                }
                Some(b'\\') => {
                    self.offset += 1;
                    unescaped.push(self.escape()?);
                }
                Some(_) => return self.syntax("no control character in a string"),
                None => return self.syntax("the closing quote of a string"),
            }
            unescaped.push_str(self.plain_run());
        }
    }

    /// Steps over characters that stand for themselves.
    fn plain_run(&mut self) -> &'a str {
        let rest = self.rest();
        let length = plain_prefix(rest.as_bytes());
        self.offset += length;
        rest.get(..length).unwrap_or_default()
    }

    fn checked(&self, start: usize, text: String) -> Result<String, ScanError> {
        match refuse_noncharacters(&text) {
            Ok(()) => Ok(text),
            Err(problem) => Err(ScanError { offset: Some(start), problem }),
        }
    }

    /// Reads an escape; the cursor is behind its backslash.
    fn escape(&mut self) -> Result<char, ScanError> {
        let Some(byte) = self.peek() else { return self.syntax("an escape") };
        self.offset += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four_hex()?;
                let code_point = match first {
                    0xD800..=0xDBFF => {
                        if !self.rest().starts_with("\\u") {
                            return self.fail(ScanProblem::LoneSurrogate);
                        }
                        self.offset += 2;
                        match self.four_hex()? {
                            second @ 0xDC00..=0xDFFF => {
                                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                            }
                            _ => return self.fail(ScanProblem::LoneSurrogate),
                        }
                    }
                    other => other,
                };
                match char::from_u32(code_point) {
                    Some(character) => character,
                    None => return self.fail(ScanProblem::LoneSurrogate),
                }
            }
            _ => {
                self.offset -= 1;
                return self.syntax("one of the escapes of JSON");
            }
        })
    }

    fn four_hex(&mut self) -> Result<u32, ScanError> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(value) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.syntax("four hexadecimal digits");
        };
        self.offset += 4;
        Ok(value)
    }

    fn number(&mut self) -> Result<Number, ScanError> {
        let start = self.offset;
        let negative = self.take(b'-');
        let integer = self.digits();
        if integer.is_empty() {
            return self.syntax("a digit");
        }
        if integer.len() > 1 && integer.starts_with('0') {
            return self.syntax("no leading zero");
        }
        let mut fraction = "";
        if self.take(b'.') {
            fraction = self.digits();
            if fraction.is_empty() {
                return self.syntax("a digit behind the point");
            }
        }
        let mut exponent = 0_i64;
        if self.take(b'e') || self.take(b'E') {
            let minus = self.take(b'-');
            if !minus {
                self.take(b'+');
            }
            let digits = self.digits();
            if digits.is_empty() {
                return self.syntax("a digit of the exponent");
            }
            // An exponent too long for i64 stands for one that is far beyond any double; so does the bound.
            let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
            exponent = if minus { -magnitude } else { magnitude };
        }
        let text = self.text.get(start..self.offset).unwrap_or_default();
        Number::from_token(text, negative, integer, fraction, exponent)
            .map_err(|error| ScanError { offset: Some(start), problem: ScanProblem::Number(error) })
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.offset += length;
        rest.get(..length).unwrap_or_default()
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, ScanError> {
        if !self.rest().starts_with(word) {
            return self.syntax("a JSON value");
        }
        self.offset += word.len();
        Ok(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    // INVARIANT: `offset` is on a character boundary wherever this is called, since only ASCII was stepped over byte
    // by byte.
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn syntax<T>(&self, expected: &'static str) -> Result<T, ScanError> {
        self.fail(ScanProblem::Syntax { expected })
    }

    fn fail<T>(&self, problem: ScanProblem) -> Result<T, ScanError> {
        Err(ScanError { offset: Some(self.offset), problem })
    }
}

/// Replaces noncharacters, in text that others wrote and that must not stop a record from being kept.
pub(crate) fn without_noncharacters(text: String) -> String {
    if refuse_noncharacters(&text).is_ok() {
        return text;
    }
    text.chars().map(|c| if is_noncharacter(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xFDD0..=0xFDEF) || matches!(code & 0xFFFF, 0xFFFE | 0xFFFF)
}

/// RFC 7493, section 2.1: noncharacters may be handled differently by every reader, so none gets in.
pub(super) fn refuse_noncharacters(text: &str) -> Result<(), ScanProblem> {
    if text.is_ascii() {
        return Ok(());
    }
    let found = text.chars().find(|c| is_noncharacter(*c)).map(u32::from);
    found.map_or(Ok(()), |code_point| Err(ScanProblem::Noncharacter { code_point }))
}
