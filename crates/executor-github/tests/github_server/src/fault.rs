//! Requests that go wrong on purpose.

use std::io::{self, Write as _};

use crate::{answer::Answer, request::Request, world::World};

/// Makes one request go wrong: the first whose method and path fit.
pub struct Fault {
    method: &'static str,
    path: String,
    pub(crate) mishap: Mishap,
}

/// How a request goes wrong.
pub enum Mishap {
    /// The world changes just before the request is looked at; then all goes its way.
    Before(Box<dyn FnOnce(&mut World) + Send>),
    /// It is done as asked, and nothing is answered; the connection stays open.
    Silence,
    /// It is done as asked, and the answer stops in its middle; the connection stays open.
    HalfAnAnswer,
    /// It is done as asked, and the JSON of the answer ends in its middle.
    CutJson,
    /// It is done as asked, and the answer calls itself `text/html`.
    Html,
    /// It is not done; this is the answer.
    Instead(Answer),
}

impl Fault {
    /// Has the next request of this `method` whose path ends in `path` go wrong.
    pub fn at(method: &'static str, path: impl Into<String>, mishap: Mishap) -> Self {
        Self { method, path: path.into(), mishap }
    }

    pub(crate) fn fits(&self, request: &Request) -> bool {
        let path = request.target.split('?').next().unwrap_or_default();
        self.method == request.method && path.ends_with(&self.path)
    }
}

impl Mishap {
    /// An answer of the server's choice, with headers.
    pub fn instead(status: u16, headers: &[(&str, &str)], body: serde_json::Value) -> Self {
        let mut answer = Answer::new(status, body);
        for (name, value) in headers {
            answer = answer.with_header(name, *value);
        }
        Self::Instead(answer)
    }

    /// The page with which a proxy in front of GitHub says that something is wrong.
    pub fn bad_gateway() -> Self {
        let page = b"<html><head><title>502 Bad Gateway</title></head></html>".to_vec();
        Self::Instead(Answer { status: 502, ..Answer::raw(page) })
    }
}

/// Sends the answer, or what the mishap leaves of it.
pub(crate) fn send(
    incoming: tiny_http::Request,
    answer: &Answer,
    mishap: Option<&Mishap>,
) -> io::Result<()> {
    let mut body = match &answer.raw {
        Some(raw) => raw.clone(),
        None if answer.body.is_null() => Vec::new(),
        None => answer.body.to_string().into_bytes(),
    };
    let mut content_type = match &answer.raw {
        None => "application/json; charset=utf-8",
        Some(page) if page.starts_with(b"<html") => "text/html",
        Some(_) => "application/vnd.github.raw+json; charset=utf-8",
    };
    match mishap {
        Some(Mishap::CutJson) => body.truncate(body.len() / 2),
        Some(Mishap::Html) => content_type = "text/html",
        Some(Mishap::Before(_) | Mishap::Silence | Mishap::HalfAnAnswer | Mishap::Instead(_))
        | None => {}
    }
    let mut whole = format!("HTTP/1.1 {} X\r\n", answer.status).into_bytes();
    let length = body.len().to_string();
    let own = [("content-type", content_type), ("content-length", length.as_str())];
    // What has no body has neither.
    let own = if answer.status == 204 { own.get(2..) } else { own.get(..) };
    let own = own.unwrap_or_default().iter().copied();
    let given = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(own) {
        whole.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(&body);
    let sent = match mishap {
        Some(Mishap::Silence) => 0,
        Some(Mishap::HalfAnAnswer) => whole.len() - body.len() / 2,
        _ => whole.len(),
    };
    // All at once: in two parts, the second would wait until the client acknowledged the first. The connection is the server's,
    // which leaves it open.
    let mut writer = incoming.into_writer();
    writer.write_all(whole.get(..sent).unwrap_or_default())?;
    writer.flush()
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fault").field("method", &self.method).field("path", &self.path).finish()
    }
}

impl std::fmt::Debug for Mishap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Before(_) => "Before",
            Self::Silence => "Silence",
            Self::HalfAnAnswer => "HalfAnAnswer",
            Self::CutJson => "CutJson",
            Self::Html => "Html",
            Self::Instead(_) => "Instead",
        })
    }
}
