//! The canonical form of RFC 8785 (JCS). Members are sorted already, so this is one walk that copies.

use super::{Json, Object};

pub(super) fn write(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(number) => number.write(out),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Json::Object(object) => write_object(object, out),
    }
}

pub(super) fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (name, value)) in object.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// Appends `text` as a canonical JSON string (RFC 8785, section 3.2.2.2).
fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, tail) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((&byte, tail)) = tail.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            0x08 => out.extend_from_slice(br"\b"),
            0x09 => out.extend_from_slice(br"\t"),
            0x0A => out.extend_from_slice(br"\n"),
            0x0C => out.extend_from_slice(br"\f"),
            0x0D => out.extend_from_slice(br"\r"),
            control => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend_from_slice(br"\u00");
                out.push(digit(control >> 4));
                out.push(digit(control & 0x0F));
            }
        }
        rest = tail;
    }
    out.push(b'"');
}

/// How many bytes at the front of `text` stand for themselves in a JSON string.
pub(super) fn plain_prefix(text: &[u8]) -> usize {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Sixteen at a time without an early exit, which compiles to a few vector instructions.
    let chunks = text
        .chunks_exact(16)
        .take_while(|chunk| !chunk.iter().fold(false, |any, byte| any | special(*byte)));
    let plain = chunks.count() * 16;
    let rest = text.get(plain..).unwrap_or_default();
    plain + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

/// Appends an integer in decimal.
pub(crate) fn write_integer(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let start = out.len();
    let mut rest = value.unsigned_abs();
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Writes one canonical object member by member, without building it first.
///
/// The caller gives the members in canonical order; debug builds, and so every test, stop at one out of order.
pub(crate) struct ObjectWriter {
    out: Vec<u8>,
    first: bool,
    #[cfg(debug_assertions)]
    last: &'static str,
}

impl ObjectWriter {
    /// Opens an object at the end of `out`.
    pub(crate) fn start(mut out: Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            first: true,
            #[cfg(debug_assertions)]
            last: "",
        }
    }

    /// Closes the object.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        write_string(value, &mut self.out);
    }

    pub(crate) fn integer(&mut self, name: &'static str, value: i64) {
        self.name(name);
        write_integer(value, &mut self.out);
    }

    pub(crate) fn object(&mut self, name: &'static str, value: &Object) {
        self.name(name);
        write_object(value, &mut self.out);
    }

    pub(crate) fn texts<'a>(&mut self, name: &'static str, values: impl Iterator<Item = &'a str>) {
        self.list(name, values, write_string);
    }

    pub(crate) fn objects(&mut self, name: &'static str, values: impl Iterator<Item = Object>) {
        self.list(name, values, |object, out| write_object(&object, out));
    }

    /// A string that `write` appends; it must need no escapes.
    pub(crate) fn plain(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        self.out.push(b'"');
        write(&mut self.out);
        self.out.push(b'"');
    }

    /// An object that `write` fills.
    pub(crate) fn nested(&mut self, name: &'static str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        let mut inner = Self::start(std::mem::take(&mut self.out));
        write(&mut inner);
        self.out = inner.finish();
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = T>,
        write: impl Fn(T, &mut Vec<u8>),
    ) {
        self.name(name);
        self.out.push(b'[');
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            write(value, &mut self.out);
        }
        self.out.push(b']');
    }

    fn name(&mut self, name: &'static str) {
        #[cfg(debug_assertions)]
        {
            assert!(self.last < name, "`{name}` is written behind `{}`", self.last);
            self.last = name;
        }
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        write_string(name, &mut self.out);
        self.out.push(b':');
    }
}
