//! The request that a payload is of.

use axtary_actionpass::{Json, Object, Payload};
use axtary_adapter_github::{RepositoryName, RestRequest};

use crate::{client::Method, error::ExecuteError, url::Path};

/// A request, read from its payload.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) repository: RepositoryName,
    pub(crate) method: Method,
    /// The path as the adapter writes it, from its parts; and the query.
    pub(crate) target: Path,
    /// What GitHub is sent; empty if it is sent none.
    pub(crate) body: Vec<u8>,
    payload: Object,
}

/// The members of the payload of opening a pull request that GitHub is sent.
const PULL_REQUEST: [&str; 6] = ["base", "body", "draft", "head", "maintainer_can_modify", "title"];

impl Call {
    /// Reads a payload that the adapter makes. Whether it is one is found out when it is normalized anew.
    pub(crate) fn read(payload: &Payload) -> Result<Self, ExecuteError> {
        let refuse = |problem: String| ExecuteError::Payload { problem };
        let payload = match Json::parse(payload.canonical()) {
            Ok(Json::Object(object)) => object,
            Ok(other) => return Err(refuse(format!("it is of type {}", other.type_name()))),
            Err(error) => return Err(refuse(error.to_string())),
        };
        let text = |name: &str| {
            let value = payload.get(name).and_then(Json::as_str);
            value.map(str::to_owned).ok_or_else(|| refuse(format!("it has no text `{name}`")))
        };
        if payload.get("method").is_none() {
            let repository = RepositoryName::new(&format!("{}/{}", text("owner")?, text("repo")?))?;
            let sent = payload.iter().filter(|(name, _)| PULL_REQUEST.contains(name));
            let body =
                sent.fold(Object::new(), |body, (name, value)| body.with(name, value.clone()));
            return Ok(Self {
                method: Method::Post,
                target: Path::written(&format!("/repos/{repository}/pulls")),
                body: Json::from(body).to_canonical(),
                repository,
                payload,
            });
        }
        if payload.get("part").is_some() {
            return Err(refuse(
                "it is a part of a document, which is not sent from here".to_owned(),
            ));
        }
        let (method, path) = (text("method")?, text("path")?);
        let method = Method::read(&method)
            .ok_or_else(|| refuse(format!("the method `{method}` is not made here")))?;
        let mut target = Path::written(&path);
        for (name, value) in
            payload.get("query").and_then(Json::as_object).into_iter().flat_map(Object::iter)
        {
            let value = value.as_str();
            let value = value.ok_or_else(|| refuse(format!("`{name}` of its query is no text")))?;
            target = target.with(name, value);
        }
        let name = path.strip_prefix("/repos/").unwrap_or_default().splitn(3, '/').take(2);
        let repository = RepositoryName::new(&name.collect::<Vec<_>>().join("/"))?;
        let body = payload.get("body").map(Json::to_canonical).unwrap_or_default();
        Ok(Self { repository, method, target, body, payload })
    }

    /// The request, for the adapter to look at.
    pub(crate) fn request(&self) -> RestRequest<'_> {
        RestRequest {
            method: self.method.as_str(),
            path: self.target.path(),
            query: self.target.query(),
            body: &self.body,
            ..RestRequest::default()
        }
    }

    /// A text of the payload.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.payload.get(name).and_then(Json::as_str)
    }

    /// Refuses a commit that is another than the payload says, if it says one.
    pub(crate) fn refuse_other(&self, name: &str, now: &str) -> Result<(), ExecuteError> {
        match self.text(name) {
            Some(checked) if checked != now => Err(ExecuteError::Moved {
                what: format!("`{name}`"),
                checked: checked.chars().take(MAX_SHOWN).collect(),
                now: now.to_owned(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a payload that is another than the call has when it is normalized anew.
    pub(crate) fn refuse_other_payload(
        &self,
        payload: &Payload,
        anew: &Payload,
    ) -> Result<(), ExecuteError> {
        if payload == anew {
            return Ok(());
        }
        if let Ok(Json::Object(anew)) = Json::parse(anew.canonical()) {
            for name in ["head_sha", "base_sha"] {
                let now = anew.get(name).and_then(Json::as_str);
                now.map_or(Ok(()), |now| self.refuse_other(name, now))?;
            }
        }
        let problem = "it is not what the adapter makes of the call".to_owned();
        Err(ExecuteError::Payload { problem })
    }
}

/// How much of what a payload says is shown, in characters.
const MAX_SHOWN: usize = 160;
