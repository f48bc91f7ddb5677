//! An answer, read whole and within bounds.

use axtary_actionpass::{Json, Object};

use crate::error::ApiError;

/// How much of GitHub's own words is shown, in characters.
const MAX_MESSAGE: usize = 200;

/// An answer of GitHub, or of whatever stands where it should.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Method and path of the request, for messages.
    pub(crate) request: String,
    pub(crate) status: u16,
    /// By name, in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name).and_then(|text| text.trim().parse().ok())
    }

    /// The body, if it calls itself JSON and is.
    pub(crate) fn json(&self) -> Result<Json, ApiError> {
        let media = self.header("content-type").and_then(|text| text.split(';').next());
        let media = media.unwrap_or_default().trim().to_ascii_lowercase();
        if media != "application/json" && !media.ends_with("+json") {
            let media: String = media.chars().filter(char::is_ascii_graphic).take(60).collect();
            return Err(self.form(format!("its content type is `{media}`, not JSON")));
        }
        Json::parse(&self.body).map_err(|error| self.form(error.to_string()))
    }

    pub(crate) fn object(&self) -> Result<Object, ApiError> {
        match self.json()? {
            Json::Object(object) => Ok(object),
            other => Err(self.form(format!("it is of type {}, not an object", other.type_name()))),
        }
    }

    /// Whether the `Link` header (RFC 8288) says that there is another page. Where it leads is not looked at: the next page is asked
    /// for by its number, at the same place.
    pub(crate) fn has_next(&self) -> bool {
        let links = self.header("link").unwrap_or_default();
        links.split(',').any(|link| link.split(';').any(|part| part.trim() == "rel=\"next\""))
    }

    /// What GitHub says of an error, cut, and without what cannot be seen.
    pub(crate) fn message(&self) -> String {
        let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_owned);
        let from_json = || {
            let object = self.object().ok()?;
            let message = text(object.get("message"))?;
            let errors = object.get("errors").and_then(Json::as_array).unwrap_or_default();
            let errors = errors.iter().filter_map(|error| {
                let error = error.as_object()?;
                text(error.get("message")).or_else(|| {
                    Some(format!("{} {}", text(error.get("field"))?, text(error.get("code"))?))
                })
            });
            Some(std::iter::once(message).chain(errors).collect::<Vec<_>>().join("; "))
        };
        let message = from_json().unwrap_or_else(|| "without a message".to_owned());
        let shown = |c: &char| !axtary_actionpass::is_invisible(*c);
        message
            .chars()
            .map(|c| if c == '\n' { ' ' } else { c })
            .filter(shown)
            .take(MAX_MESSAGE)
            .collect()
    }

    pub(crate) fn form(&self, problem: impl Into<String>) -> ApiError {
        ApiError::Form { request: self.request.clone(), problem: problem.into() }
    }
}
