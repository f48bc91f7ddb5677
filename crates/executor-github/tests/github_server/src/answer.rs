//! Answers, and the bodies of GitHub's errors.

use serde_json::{Value, json};

use crate::request::Request;

/// An answer: its status, headers and body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers beyond those that every answer has.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; `null` if there is none, or it is no JSON.
    pub body: Box<Value>,
    /// The body as it is sent, if it is no JSON.
    pub raw: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Box::new(body), raw: None }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn created(body: Value) -> Self {
        Self::new(201, body)
    }

    pub(crate) fn no_content() -> Self {
        Self::new(204, Value::Null)
    }

    /// Bytes, for `Accept: application/vnd.github.raw+json`.
    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self { raw: Some(bytes), ..Self::ok(Value::Null) }
    }

    /// GitHub's `basic-error`.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::new(
            status,
            json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// GitHub's `validation-error`.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        let mut error = json!({ "resource": resource, "field": field, "code": code });
        if let (Value::Object(error), false) = (&mut error, message.is_empty()) {
            error.insert("message".to_owned(), message.into());
        }
        let mut answer = Self::error(422, "Validation Failed");
        if let Value::Object(body) = &mut *answer.body {
            body.insert("errors".to_owned(), json!([error]));
        }
        answer
    }

    /// A `422` with a message alone, as the git routes have it.
    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::error(422, message)
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// One page of a list, with the `Link` header that leads to the others.
    pub(crate) fn page(request: &Request, url: &str, items: &[Value], default: usize) -> Self {
        let (page, size) = request.page(default, 100);
        let shown = items.iter().skip((page - 1) * size).take(size).cloned().collect();
        Self::ok(Value::Array(shown)).with_links(request, url, page, items.len().div_ceil(size))
    }

    pub(crate) fn with_links(self, request: &Request, url: &str, page: usize, last: usize) -> Self {
        let mut links = Vec::new();
        if page > 1 {
            links.extend([("prev", page - 1), ("first", 1)]);
        }
        if page < last {
            links.extend([("next", page + 1), ("last", last)]);
        }
        if links.is_empty() {
            return self;
        }
        let link = |(rel, page)| format!("<{url}{}>; rel=\"{rel}\"", request.with_page(page));
        self.with_header("link", links.into_iter().map(link).collect::<Vec<_>>().join(", "))
    }
}

impl From<git2::Error> for Answer {
    fn from(error: git2::Error) -> Self {
        match error.code() {
            git2::ErrorCode::NotFound => Self::not_found(),
            _ => Self::error(500, error.message()),
        }
    }
}

/// What a route answers; an error is an answer too.
pub(crate) type Result<T = Answer> = std::result::Result<T, Answer>;
