//! Strict JSON: bytes go in, a [`Json`] value comes out that has exactly one canonical form, or a [`ScanError`] that says
//! where and why not.
//!
//! The rules are I-JSON (RFC 7493) tightened until two different values can never share canonical bytes; they are
//! listed in `docs/formats/canonical-json.md`. Objects keep their members in RFC 8785 order from the start, so that
//! writing the canonical form is one walk, whatever features `serde_json` was built with.

mod canonical;
mod number;
mod recognize;
mod scan;

use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub(crate) use self::{
    canonical::{ObjectWriter, write_integer},
    scan::{check_built_text, without_noncharacters},
};
pub use self::{
    number::{Number, NumberError},
    scan::{MAX_BYTES, MAX_DEPTH, ScanError, ScanProblem},
};

/// A JSON value within the strict profile: its canonical form is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that a double holds exactly.
    Number(Number),
    /// A string of Unicode scalar values.
    String(String),
    /// An ordered list.
    Array(Vec<Self>),
    /// Members under distinct names.
    Object(Object),
}

impl Json {
    /// Scans `bytes` as one JSON value, strictly.
    ///
    /// # Errors
    ///
    /// [`ScanError`] names the byte offset and the rule that was broken: larger than [`MAX_BYTES`], nested deeper than
    /// [`MAX_DEPTH`], a duplicate member, a lone surrogate, a number that a double does not hold exactly, and so on.
    ///
    /// # Example
    ///
    /// ```
    /// use axtary_actionpass::Json;
    ///
    /// let value = Json::parse(br#"{"b": 1e2, "a": "\u00e9"}"#)?;
    /// assert_eq!(value.to_string(), r#"{"a":"é","b":100}"#);
    /// assert!(Json::parse(br#"{"a": 1, "\u0061": 2}"#).is_err());
    /// # Ok::<(), axtary_actionpass::ScanError>(())
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, ScanError> {
        scan::scan(bytes, MAX_BYTES)
    }

    /// Scans like [`Json::parse`], with a tighter bound on the input's size.
    ///
    /// # Errors
    ///
    /// As [`Json::parse`].
    pub fn parse_bounded(bytes: &[u8], max_bytes: usize) -> Result<Self, ScanError> {
        scan::scan(bytes, max_bytes.min(MAX_BYTES))
    }

    /// Appends the canonical form (RFC 8785) to `out`.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        canonical::write(self, out);
    }

    /// This value's canonical form (RFC 8785).
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write_canonical(&mut out);
        out
    }

    /// Checks that a value built in memory obeys what the scan demands of bytes: its depth, its size, no noncharacters.
    pub(crate) fn within_profile(&self) -> Result<(), ScanError> {
        scan::check_built(self)
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Null | Self::Number(_) | Self::String(_) | Self::Array(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// The integer, if this is an integral number.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            Self::Null | Self::Bool(_) | Self::String(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The name of this value's JSON type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Writes the canonical form.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_canonical()))
    }
}

/// A JSON object whose members are kept in RFC 8785 order (UTF-16 code units of the name) and are distinct.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    // INVARIANT: sorted by `utf16_order` of the name, no name twice.
    members: Vec<(String, Json)>,
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a member and returns the value it replaced.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        let (name, value) = (name.into(), value.into());
        match self.position(&name) {
            Ok(at) => {
                self.members.get_mut(at).map(|member| std::mem::replace(&mut member.1, value))
            }
            Err(at) => {
                self.members.insert(at, (name, value));
                None
            }
        }
    }

    /// Sets a member and returns the object, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.insert(name, value);
        self
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        // Among few, most are told apart by their lengths alone.
        if self.members.len() <= FEW {
            return self.members.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        }
        self.position(name).ok().and_then(|at| self.members.get(at)).map(|(_, value)| value)
    }

    /// The members in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Checks what [`Json::within_profile`] does, of an object that will stand `levels` deep in another value.
    pub(crate) fn within_profile_at(&self, levels: usize) -> Result<(), ScanError> {
        scan::check_built_object(self, levels)
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json> {
        self.position(name).ok().map(|at| self.members.remove(at).1)
    }

    /// Appends the canonical form (RFC 8785) to `out`.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        canonical::write_object(self, out);
    }

    /// Whether `bytes` are exactly the canonical form of an object that may stand `levels` deep in another value: what
    /// [`Json::parse`] would read and [`Json::write_canonical`] write again. Builds nothing, and so is several times faster.
    pub fn is_canonical(bytes: &[u8], levels: usize) -> bool {
        recognize::is_canonical_object(bytes, levels)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(probe, _)| utf16_order(probe.as_bytes(), name.as_bytes()))
    }

    /// Takes members in any order; answers with the name that stands twice, if one does.
    fn from_members(mut members: Vec<(String, Json)>) -> Result<Self, String> {
        members.sort_by(|(a, _), (b, _)| utf16_order(a.as_bytes(), b.as_bytes()));
        for pair in members.windows(2) {
            if let [(a, _), (b, _)] = pair
                && a == b
            {
                return Err(a.clone());
            }
        }
        Ok(Self { members })
    }
}

/// How many members are looked through one by one.
const FEW: usize = 32;

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

/// Orders names, as UTF-8, by their UTF-16 code units.
///
/// RFC 8785, section 3.2.3. UTF-8 bytes order by code point; the two orders differ only where U+E000..=U+FFFF (lead
/// bytes 0xEE and 0xEF) meets a supplementary character (lead bytes from 0xF0), whose surrogates are smaller.
fn utf16_order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let rank = |byte: u8| if matches!(byte, 0xEE | 0xEF) { byte | 0x10 } else { byte };
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((x, y)) => rank(*x).cmp(&rank(*y)),
        None => a.len().cmp(&b.len()),
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for Json {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for Json {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl From<Object> for Json {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

/// Takes a value that other code built with `serde_json`, under the same rules as the scan.
impl TryFrom<&serde_json::Value> for Json {
    type Error = ScanError;

    fn try_from(value: &serde_json::Value) -> Result<Self, ScanError> {
        let json = from_serde(value, 0)?;
        json.within_profile()?;
        Ok(json)
    }
}

fn from_serde(value: &serde_json::Value, depth: usize) -> Result<Json, ScanError> {
    use serde_json::Value;
    // The exact bound is checked by `within_profile`; this one bounds the recursion.
    if depth > MAX_DEPTH {
        return Err(ScanError::built(ScanProblem::TooDeep));
    }
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(
            Number::try_from(number).map_err(|e| ScanError::built(ScanProblem::Number(e)))?,
        ),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(
            items.iter().map(|item| from_serde(item, depth + 1)).collect::<Result<_, _>>()?,
        ),
        Value::Object(map) => {
            let mut object = Object::new();
            for (name, value) in map {
                object.insert(name.clone(), from_serde(value, depth + 1)?);
            }
            Json::Object(object)
        }
    })
}

impl From<&Json> for serde_json::Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Self::from(integer),
                None => Self::from(number.as_f64()),
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(object) => Self::Object(
                object.iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
            ),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number.as_i64() {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(number.as_f64()),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
