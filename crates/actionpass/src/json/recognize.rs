//! Recognizing the canonical form: whether bytes are what the writer would write, found in one pass that builds nothing.
//!
//! It accepts exactly what the scan accepts and the writer then writes again, byte for byte; a fuzz target holds it to
//! that. Who needs the value scans it.

use super::{
    Json, MAX_BYTES, MAX_DEPTH, canonical::plain_prefix, scan::refuse_noncharacters, utf16_order,
};

/// Whether `bytes` are an object in canonical form that may stand `levels` deep in another value.
pub(super) fn is_canonical_object(bytes: &[u8], levels: usize) -> bool {
    let mut rest = Rest(bytes);
    bytes.len() <= MAX_BYTES
        && is_text(bytes)
        && rest.take(b'{').and_then(|()| rest.members(levels + 1)).is_some()
        && rest.0.is_empty()
}

/// Whether these are UTF-8 without noncharacters. No escape of the canonical form stands for one.
fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii()
        || std::str::from_utf8(bytes).is_ok_and(|text| refuse_noncharacters(text).is_ok())
}

/// What is still to be looked at. Each step is `None` where the canonical form would go on otherwise.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.0.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.take(b'{').and_then(|()| self.members(depth + 1)),
            b'[' => self.take(b'[').and_then(|()| self.items(depth + 1)),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    /// An object behind its opening bracket.
    fn members(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut last = None;
        loop {
            let name = self.string()?;
            if last.is_some_and(|last| !precedes(last, name)) {
                return None;
            }
            last = Some(name);
            self.take(b':')?;
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// An array behind its opening bracket.
    fn items(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    /// A string, as it stands there, quotes included.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.0;
        self.take(b'"')?;
        loop {
            let (_, behind) = self.0.split_at_checked(plain_prefix(self.0))?;
            self.0 = behind;
            match self.next()? {
                b'"' => return start.get(..start.len() - self.0.len()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// The one spelling of a character that needs an escape, behind the backslash (RFC 8785, section 3.2.2.2).
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r' => Some(()),
            b'u' => {
                let (digits, behind) = self.0.split_first_chunk::<4>()?;
                self.0 = behind;
                // The other control characters have escapes of two characters.
                let control = matches!(
                    digits,
                    [b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f']
                        | [b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f']
                );
                control.then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.0.iter().position(|byte| !of_number(byte)).unwrap_or(self.0.len());
        let (token, behind) = self.0.split_at_checked(length)?;
        self.0 = behind;
        let rewritten = || Json::parse(token).is_ok_and(|number| number.to_canonical() == token);
        (is_short_integer(token) || rewritten()).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let (first, behind) = self.0.split_first()?;
        (*first == byte).then(|| self.0 = behind)
    }

    fn next(&mut self) -> Option<u8> {
        let (first, behind) = self.0.split_first()?;
        self.0 = behind;
        Some(*first)
    }
}

/// Nearly all numbers: a few digits, without a zero in front.
fn is_short_integer(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    match digits {
        [b'1'..=b'9', rest @ ..] => rest.len() < 15 && rest.iter().all(u8::is_ascii_digit),
        _ => token == b"0",
    }
}

/// Whether the name written as `a` belongs before the one written as `b`.
fn precedes(a: &[u8], b: &[u8]) -> bool {
    // Behind the last character stands the quote, which sorts behind some that a longer name may go on with.
    let order = match (unquoted(a), unquoted(b)) {
        (Some(a), Some(b)) => utf16_order(a, b),
        _ => match (Json::parse(a), Json::parse(b)) {
            (Ok(Json::String(a)), Ok(Json::String(b))) => utf16_order(a.as_bytes(), b.as_bytes()),
            _ => return false,
        },
    };
    order.is_lt()
}

/// What is between the quotes, if it stands for itself.
fn unquoted(name: &[u8]) -> Option<&[u8]> {
    let name = name.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    (!name.contains(&b'\\')).then_some(name)
}
