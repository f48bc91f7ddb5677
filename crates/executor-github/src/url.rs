//! Where the API is, and the paths below it.

use std::{fmt, net::IpAddr};

use ureq::http::{Uri, uri::Scheme};

use crate::error::ConfigError;

/// Where GitHub's API is: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// The API of github.com.
    pub fn github() -> Self {
        Self("https://api.github.com".to_owned())
    }

    /// Reads the URL of an API. Without TLS, only a loopback address by number is taken, as of a test.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] for other schemes, and for what no such URL has: a user, a query, a fragment.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        let refuse = |problem| ConfigError::Url { seen: text.chars().take(160).collect(), problem };
        let uri: Uri = text.parse().map_err(|_| refuse("it is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it names a user; give the credential by itself"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refuse("it has a query or a fragment"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {}
            Some(scheme) if *scheme == Scheme::HTTP && loopback => {}
            _ => return Err(refuse("it must begin with `https://`")),
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The URL of a path below the API.
    pub(crate) fn join(&self, path: &Path) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A path below the API, and its query. Each segment is encoded by itself, so that none becomes two, or another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    path: String,
    query: String,
}

impl Path {
    pub(crate) fn of<'s>(segments: impl IntoIterator<Item = &'s str>) -> Self {
        let path = segments.into_iter().fold(String::new(), |mut path, segment| {
            path.push('/');
            encode(segment, &mut path);
            path
        });
        Self { path, query: String::new() }
    }

    /// A path that was written from its parts already.
    pub(crate) fn written(path: &str) -> Self {
        Self { path: path.to_owned(), query: String::new() }
    }

    /// Adds a segment for each part of a name that has slashes, such as a branch's.
    pub(crate) fn below(mut self, name: &str) -> Self {
        for segment in name.split('/') {
            self.path.push('/');
            encode(segment, &mut self.path);
        }
        self
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        encode(value, &mut self.query);
        self
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The query without the question mark.
    pub(crate) fn query(&self) -> &str {
        self.query.trim_start_matches('?')
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, self.query)
    }
}

/// RFC 3986, section 2.3: all but unreserved characters is encoded. A segment of dots alone is encoded too, since URL parsers
/// fold it; GitHub then finds nothing by that name.
fn encode(segment: &str, into: &mut String) {
    let dots = matches!(segment, "." | "..");
    for byte in segment.bytes() {
        match byte {
            b'.' if dots => into.push_str("%252E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            other => {
                into.push('%');
                into.push(
                    char::from_digit(u32::from(other >> 4), 16).unwrap_or('0').to_ascii_uppercase(),
                );
                into.push(
                    char::from_digit(u32::from(other & 15), 16).unwrap_or('0').to_ascii_uppercase(),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_tls_is_refused_unless_it_is_a_loopback_address() {
        for url in [
            "https://api.github.com",
            "https://github.example/api/v3",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert!(ApiUrl::new(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "api.github.com",
            "http://api.github.com",
            "http://localhost:8080",
            "http://127.0.0.1.evil.example",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://api.github.com@evil.example",
            "https://api.github.com/?x=1",
            "https://api.github.com/#x",
        ] {
            assert!(ApiUrl::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn no_segment_becomes_two_or_another() {
        let path = Path::of(["repos", "a/../b", "x?y#z", ".."]).below("feature/ü").with("q", "1&2");
        assert_eq!(
            path.to_string(),
            "/repos/a%2F..%2Fb/x%3Fy%23z/%252E%252E/feature/%C3%BC?q=1%262"
        );
    }
}
