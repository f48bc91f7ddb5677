//! A request as an agent makes it, taken apart with certainty or not at all.
//!
//! Servers, proxies and clients disagree about addresses: which of `%2e%2e`, `//`, `;x` and `/a/` they clean, and when. Here nothing
//! is cleaned. What more than one reading is known for is refused, and what is sent is written anew from its parts.

use std::{collections::BTreeMap, fmt};

use axtary_actionpass::{Json, Object};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::{error::NormalizeError, name::MAX_SHOWN};

/// A call of GitHub's API, REST or GraphQL, as an agent makes it: nothing of it is believed yet.
///
/// The host is none of its parts, since the executor knows only one.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestRequest<'r> {
    /// The method, in capitals.
    pub method: &'r str,
    /// The path from the first slash on, as it would be sent: `/repos/company/web-app/pulls`.
    pub path: &'r str,
    /// What follows the question mark; empty if there is none.
    pub query: &'r str,
    /// The headers. They are not sent; those that would change what the request means are refused.
    pub headers: &'r [(&'r str, &'r str)],
    /// The body, in JSON; empty if there is none.
    pub body: &'r [u8],
}

/// What a request does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn read(text: &str) -> Result<Self, NormalizeError> {
        Ok(match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => {
                return refuse(
                    "method",
                    text,
                    "it must be `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`, in capitals",
                );
            }
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request whose parts are clear.
#[derive(Clone, Debug)]
pub(crate) struct Request<'r> {
    pub(crate) method: Method,
    /// As they were sent: still encoded where they were.
    pub(crate) segments: Vec<&'r str>,
    pub(crate) query: Object,
    pub(crate) body: Option<Object>,
}

impl<'r> Request<'r> {
    /// Takes a request apart.
    pub(crate) fn read(raw: &RestRequest<'r>) -> Result<Self, NormalizeError> {
        let method = Method::read(raw.method)?;
        raw.headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
        let segments = segments(raw.path)?;
        let query = query(raw.query)?;
        if !method.is_read() && !query.is_empty() {
            return refuse("query", raw.query, "a call that writes has its parameters in the body");
        }
        if method.is_read() && !raw.body.is_empty() {
            return refuse("body", "", "a call that reads has none");
        }
        let body = if raw.body.is_empty() {
            None
        } else {
            match Json::parse(raw.body)? {
                Json::Object(object) => Some(object),
                other => return refuse("body", other.type_name(), "it must be an object"),
            }
        };
        Ok(Self { method, segments, query, body })
    }
}

/// Reads an object into the type that says which members it may have.
pub(crate) fn typed<T: DeserializeOwned>(object: &Object) -> Result<T, NormalizeError> {
    serde_json::from_value(serde_json::Value::from(&Json::from(object.clone())))
        .map_err(|error| NormalizeError::body(error.to_string()))
}

/// Refuses headers by which a server could take the request for another one.
fn check_header(name: &str, value: &str) -> Result<(), NormalizeError> {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let lower = lower.trim();
    if lower.contains("override") || lower == "x-http-method" || lower == "x-method" {
        return refuse("header", name, "it names another method; send that method itself");
    }
    if matches!(lower, "content-encoding" | "transfer-encoding") && value.trim() != "identity" {
        return refuse(
            "header",
            name,
            "the body is sent as it is, neither compressed nor in parts",
        );
    }
    let media = value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase();
    if lower == "content-type" && media != "application/json" {
        return refuse("header", value, "a body is `application/json`");
    }
    if matches!(lower, "x-original-url" | "x-rewrite-url" | "x-forwarded-prefix") {
        return refuse("header", name, "it names another path; send that path itself");
    }
    Ok(())
}

/// Splits a path; each segment holds only what has one reading.
fn segments(path: &str) -> Result<Vec<&str>, NormalizeError> {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'@' | b':' | b',')
    };
    let Some(rest) = path.strip_prefix('/') else {
        return refuse("path", path, "it must start with a slash; the host is no part of it");
    };
    if path.len() > MAX_PATH {
        return refuse("path", path, "it is longer than 8192 bytes");
    }
    let segments: Vec<&str> = rest.split('/').collect();
    for segment in &segments {
        if matches!(*segment, "" | "." | "..") {
            return refuse("path", path, "it has an empty, `.` or `..` segment");
        }
        if !segment.bytes().all(|byte| plain(byte) || byte == b'%') {
            return refuse(
                "path",
                path,
                "it holds characters that an address does not, or that servers read differently; encode them",
            );
        }
    }
    Ok(segments)
}

/// The longest path, in bytes.
const MAX_PATH: usize = 8192;

/// Decodes what was percent-encoded once. What is still encoded then, a second decoder would read otherwise.
pub(crate) fn decode(text: &str) -> Result<String, NormalizeError> {
    let mut rest = text.split('%');
    rest.next();
    let two_digits = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !rest.all(two_digits) {
        return refuse("path", text, "a `%` stands before two hexadecimal digits");
    }
    let decoded = match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => return refuse("path", text, "what it encodes is not UTF-8"),
    };
    if decoded.contains('%') {
        return refuse(
            "path",
            text,
            "it is encoded twice, or means a `%`, which is read as either",
        );
    }
    Ok(decoded)
}

/// Encodes one segment: all but the letters, digits and signs that no address gives a meaning to.
pub(crate) fn encode(segment: &str) -> String {
    const SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(segment, SET).to_string()
}

/// Reads `a=1&b=2`: each name once.
fn query(text: &str) -> Result<Object, NormalizeError> {
    let mut found = BTreeMap::new();
    for pair in text.split('&').filter(|_| !text.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !is_name {
            return refuse("query", text, "a parameter's name is lower-case letters and `_`");
        }
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b';' | b'?' | b'+');
        if !value.bytes().all(plain) {
            return refuse("query", text, "a value holds characters that servers read differently");
        }
        if found.insert(name, decode(value)?).is_some() {
            return refuse("query", text, "a parameter stands twice, and servers take either");
        }
    }
    Ok(found.into_iter().fold(Object::new(), |object, (name, value)| object.with(name, value)))
}

/// The error of a part of the request.
pub(crate) fn refuse<T>(
    part: &'static str,
    seen: &str,
    problem: &'static str,
) -> Result<T, NormalizeError> {
    Err(NormalizeError::Request { part, seen: seen.chars().take(MAX_SHOWN).collect(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_more_than_one_reading_is_refused() {
        for path in [
            "",
            "repos/a/b",
            "https://api.github.com/repos/a/b",
            "//repos/a/b",
            "/repos//a/b",
            "/repos/a/b/",
            "/repos/a/./b",
            "/repos/a/../b",
            "/repos/a/b;x=1",
            "/repos/a/b?x",
            "/repos/a/b#x",
            "/repos/a/b\\c",
            "/repos/a/b c",
            "/repos/a/b+c",
            "/repos/a/b\n",
            "/repos/a/\u{ff42}",
            "/repos/a/b|c",
        ] {
            assert_eq!(segments(path).unwrap_err().code(), "github.request", "{path:?}");
        }
        assert!(segments(&format!("/{}", "a".repeat(MAX_PATH))).is_err());
        assert_eq!(segments("/repos/a/b").unwrap(), ["repos", "a", "b"]);
    }

    #[test]
    fn what_is_encoded_is_decoded_once_and_only_where_that_is_certain() {
        assert_eq!(decode("docs%2F%C3%A9.md").unwrap(), "docs/é.md");
        for text in ["%", "%2", "%zz", "%+1", "%ff", "%252e", "100%25"] {
            assert!(decode(text).is_err(), "{text}");
        }
        assert_eq!(encode("é b.md"), "%C3%A9%20b.md");
    }

    #[test]
    fn a_parameter_that_stands_twice_is_refused() {
        assert_eq!(query("").unwrap(), Object::new());
        assert_eq!(query("a=1&b=x%20y").unwrap(), Object::new().with("a", "1").with("b", "x y"));
        for text in
            ["a=1&a=1", "a=1&a", "A=1", "a[]=1", "=1", "&", "a=1&", "a=1;b=2", "a=1+1", "a=%zz"]
        {
            assert!(query(text).is_err(), "{text}");
        }
    }
}
