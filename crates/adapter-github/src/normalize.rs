//! A typed call and its change set become an action.

use axtary_actionpass::{
    Action, Actor, Audience, Intent, Json, Object, Payload, Resource, ToolName,
};

use crate::{
    call::PullRequest, change::ChangeSet, error::NormalizeError, facts, tool::CREATE_PULL_REQUEST,
};

/// Turns a pull request into an action: `github.pull_requests.create` on `repo:owner/name`.
///
/// The payload is the body of `POST /repos/{owner}/{repo}/pulls` with the repository, `head_sha` and `base_sha` beside it, so that a
/// pass is for exactly these commits.
///
/// # Errors
///
/// [`NormalizeError`] if the change set is of other branches than the call, or a text is longer than GitHub takes.
pub fn normalize(
    call: &PullRequest,
    changes: &ChangeSet,
    actor: Actor,
    intent: Intent,
    audience: Audience,
) -> Result<Action, NormalizeError> {
    call.check_lengths()?;
    if (&call.base, &call.head) != (&changes.base, &changes.head) {
        return Err(NormalizeError::OtherBranches {
            call: format!("{} into {}", call.head, call.base),
            changes: format!("{} into {}", changes.head, changes.base),
        });
    }
    let tool = ToolName::new(CREATE_PULL_REQUEST)?;
    let resource = Resource::new(format!("repo:{}", call.repository))?;
    Ok(Action::builder(actor, tool, resource)
        .intent(intent)
        .audience(audience)
        .payload(Payload::from_json(&payload(call, changes))?)
        .facts(facts::derive(changes)?)
        .build()?)
}

fn payload(call: &PullRequest, changes: &ChangeSet) -> Json {
    let mut payload = Object::new()
        .with("base", call.base.as_str())
        .with("base_sha", changes.base_sha.as_str())
        .with("head", call.head.as_str())
        .with("head_sha", changes.head_sha.as_str())
        .with("owner", call.repository.owner())
        .with("repo", call.repository.name())
        .with("title", call.title.as_str());
    if let Some(body) = &call.body {
        payload.insert("body", body.as_str());
    }
    if let Some(draft) = call.draft {
        payload.insert("draft", draft);
    }
    if let Some(can) = call.maintainer_can_modify {
        payload.insert("maintainer_can_modify", can);
    }
    payload.into()
}
