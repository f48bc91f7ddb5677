//! A request as the routes see it: decoded, and no more of it than they need.

use std::collections::BTreeMap;

use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path and the query, as they were sent.
    pub target: String,
    /// The value of each header, by its name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; `null` if there is none.
    pub body: Value,
    pub(crate) segments: Vec<String>,
    query: BTreeMap<String, String>,
}

impl Request {
    /// Reads what came in; answers with the message of a `400` if it cannot be read.
    pub(crate) fn read(incoming: &mut tiny_http::Request) -> Result<Self, &'static str> {
        let mut bytes = Vec::new();
        incoming.as_reader().read_to_end(&mut bytes).map_err(|_| "Problems reading the body")?;
        #[expect(clippy::disallowed_methods, reason = "GitHub is as lenient as this")]
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|_| "Problems parsing JSON")?
        };
        let headers = incoming.headers().iter().map(|header| {
            (header.field.to_string().to_ascii_lowercase(), header.value.to_string())
        });
        let target = incoming.url().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let segments = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
            .collect();
        Ok(Self {
            method: incoming.method().to_string(),
            headers: headers.collect(),
            body,
            segments,
            query,
            target,
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The number of the page and how many items it has, as GitHub bounds them.
    pub(crate) fn page(&self, default: usize, max: usize) -> (usize, usize) {
        let number = |name| self.query(name).and_then(|text| text.parse().ok());
        let size = number("per_page").unwrap_or(default).clamp(1, max);
        (number("page").unwrap_or(1).max(1), size)
    }

    /// The path and the query with another page.
    pub(crate) fn with_page(&self, page: usize) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let others = self.query.iter().filter(|(name, _)| *name != "page");
        let mut query: Vec<String> =
            others.map(|(name, value)| format!("{name}={value}")).collect();
        query.push(format!("page={page}"));
        format!("{path}?{}", query.join("&"))
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let digits = (rest.next().and_then(digit), rest.next().and_then(digit));
        match (byte, digits) {
            (b'%', (Some(high), Some(low))) => {
                out.push(high << 4 | low);
                bytes = rest;
            }
            (byte, _) => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
