//! `github.pull_requests.create`: read from its payload, looked at anew, asked for, and what came of it.

use axtary_actionpass::{Action, Actor, Audience, Intent, Json, Object, Payload};
use axtary_adapter_github::{BranchName, PullRequest, RepositoryName, normalize};

use crate::{
    answer::Answer,
    client::{Permissions, Session},
    error::{ApiError, ExecuteError},
    objects::{branch_tip, change_set},
    url::Path,
};

pub(crate) const TOOL: &str = "github.pull_requests.create";

/// What the token needs.
pub(crate) const PERMISSIONS: Permissions = &[("contents", "read"), ("pull_requests", "write")];

/// The members of the payload that GitHub is sent; the others say which repository and which commits.
const SENT: [&str; 6] = ["base", "body", "draft", "head", "maintainer_can_modify", "title"];

/// A pull request that a pass may have been issued for.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) repository: RepositoryName,
    base: BranchName,
    base_sha: String,
    head: BranchName,
    head_sha: String,
    payload: Object,
}

impl Create {
    /// Reads the payload that the adapter makes.
    pub(crate) fn read(payload: &Payload) -> Result<Self, ExecuteError> {
        let refuse = |problem: String| ExecuteError::Payload { tool: TOOL, problem };
        let object = match Json::parse(payload.canonical()) {
            Ok(Json::Object(object)) => object,
            Ok(other) => return Err(refuse(format!("it is of type {}", other.type_name()))),
            Err(error) => return Err(refuse(error.to_string())),
        };
        let text = |name: &str| {
            let value = object.get(name).and_then(Json::as_str);
            value.map(str::to_owned).ok_or_else(|| refuse(format!("it has no text `{name}`")))
        };
        Ok(Self {
            repository: RepositoryName::new(&format!("{}/{}", text("owner")?, text("repo")?))?,
            base: BranchName::new(&text("base")?)?,
            base_sha: text("base_sha")?,
            head: BranchName::new(&text("head")?)?,
            head_sha: text("head_sha")?,
            payload: object,
        })
    }

    /// Normalizes the call anew, from the commits that the payload names and what GitHub has of them.
    pub(crate) fn normalize(&self, session: &Session<'_>) -> Result<Action, ExecuteError> {
        let text = |name: &str| self.payload.get(name).and_then(Json::as_str).unwrap_or_default();
        let flag = |name: &str| self.payload.get(name).and_then(Json::as_bool);
        let mut call = PullRequest::new(
            self.repository.clone(),
            self.base.clone(),
            self.head.clone(),
            text("title"),
        );
        if self.payload.get("body").is_some() {
            call = call.with_body(text("body"));
        }
        if let Some(draft) = flag("draft") {
            call = call.as_draft(draft);
        }
        if let Some(can) = flag("maintainer_can_modify") {
            call = call.with_maintainer_can_modify(can);
        }
        let (base, head) =
            ((&self.base, self.base_sha.as_str()), (&self.head, self.head_sha.as_str()));
        let changes = change_set(session, base, head)?;
        // Neither the facts nor the payload depend on who asks, and the pass says that by itself.
        let nobody = || -> Result<(Actor, Intent, Audience), axtary_actionpass::InputError> {
            Ok((
                Actor::new("executor".parse()?, "executor".parse()?),
                Intent::new("")?,
                "executor".parse()?,
            ))
        };
        let (actor, intent, audience) =
            nobody().map_err(axtary_adapter_github::NormalizeError::from)?;
        Ok(normalize(&call, &changes, actor, intent, audience)?)
    }

    /// Reads both branches once more, and refuses if either is elsewhere by now.
    pub(crate) fn refuse_if_moved(&self, session: &Session<'_>) -> Result<(), ExecuteError> {
        for (what, branch, checked) in [
            ("head branch", &self.head, &self.head_sha),
            ("base branch", &self.base, &self.base_sha),
        ] {
            let now = branch_tip(session, branch)?;
            if now.as_ref() != Some(checked) {
                return Err(ExecuteError::Moved {
                    what,
                    name: branch.to_string(),
                    checked: checked.clone(),
                    now: now.unwrap_or_else(|| "nowhere".to_owned()),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn path(&self, session: &Session<'_>) -> Path {
        session.path(["pulls"])
    }

    /// What GitHub is sent: of the payload, the members that are GitHub's.
    pub(crate) fn body(&self) -> Vec<u8> {
        let sent = self.payload.iter().filter(|(name, _)| SENT.contains(name));
        let body = sent.fold(Object::new(), |body, (name, value)| body.with(name, value.clone()));
        Json::from(body).to_canonical()
    }

    /// What GitHub says of the pull request that it opened: what to keep of it, and whether it is of the commits that were checked.
    pub(crate) fn observe(
        &self,
        answer: &Answer,
    ) -> Result<(Object, Result<(), ApiError>), ApiError> {
        let object = answer.object()?;
        let missing = |name: &str| answer.form(format!("it has no `{name}`"));
        let end = |name: &str| object.get(name).and_then(Json::as_object);
        let text = |of: Option<&Object>, name: &str| of?.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| object.get(name).filter(|id| id.as_i64().is_some()).cloned();
        let head_sha = text(end("head"), "sha").ok_or_else(|| missing("head.sha"))?;
        let base_sha = text(end("base"), "sha").ok_or_else(|| missing("base.sha"))?;
        let repository = end("base").and_then(|base| base.get("repo")?.as_object());
        let repository =
            text(repository, "full_name").ok_or_else(|| missing("base.repo.full_name"))?;
        let observed = Object::new()
            .with("base_sha", base_sha.as_str())
            .with("head_sha", head_sha.as_str())
            .with("html_url", text(Some(&object), "html_url").ok_or_else(|| missing("html_url"))?)
            .with("id", number("id").ok_or_else(|| missing("id"))?)
            .with("number", number("number").ok_or_else(|| missing("number"))?)
            .with("repository", repository.as_str());
        let same = if !repository.eq_ignore_ascii_case(&self.repository.to_string()) {
            Err(answer.form(format!("it is about the repository `{repository}`")))
        } else if head_sha != self.head_sha {
            Err(answer.form(format!(
                "the pull request is of the commit `{head_sha}`, to which the head moved at the last moment; close it, or have it checked"
            )))
        } else {
            Ok(())
        };
        Ok((observed, same))
    }
}
