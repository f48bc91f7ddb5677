//! The repository itself: its settings, its releases, who may write to it, what it keeps secret.

use serde::Deserialize;

use crate::{described::Described, error::NormalizeError, route::Matched, tool};

/// The settings that can be changed. One that is not here could be anything, and is refused.
const SETTINGS: [&str; 29] = [
    "allow_auto_merge",
    "allow_forking",
    "allow_merge_commit",
    "allow_rebase_merge",
    "allow_squash_merge",
    "allow_update_branch",
    "archived",
    "default_branch",
    "delete_branch_on_merge",
    "description",
    "has_discussions",
    "has_downloads",
    "has_issues",
    "has_projects",
    "has_pull_requests",
    "has_wiki",
    "homepage",
    "is_template",
    "merge_commit_message",
    "merge_commit_title",
    "name",
    "private",
    "pull_request_creation_policy",
    "security_and_analysis",
    "squash_merge_commit_message",
    "squash_merge_commit_title",
    "use_squash_pr_title_as_default",
    "visibility",
    "web_commit_signoff_required",
];

/// `PATCH /repos/{owner}/{repo}`
pub(crate) fn update(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let refuse = |problem: String| Err(NormalizeError::Body { problem });
    let Some(body) = matched.raw_body().filter(|body| !body.is_empty()) else {
        return refuse("it names no setting".into());
    };
    if let Some((name, _)) = body.iter().find(|(name, _)| !SETTINGS.contains(name)) {
        return refuse(format!(
            "unknown setting `{name}`, of which nothing is known here; leave it out"
        ));
    }
    let text = |name| body.get(name).map(|value| value.as_str());
    let visibility = match (text("visibility"), body.get("private").map(|value| value.as_bool())) {
        (Some(Some(known @ ("public" | "internal" | "private"))), None) => known,
        (None, Some(Some(true))) => "private",
        (None, Some(Some(false))) => "public",
        (None, None) => "unchanged",
        _ => {
            return refuse(
                "it says by either `visibility` or `private` who may see the repository: `public`, `internal` or `private`"
                    .into(),
            );
        }
    };
    Ok(Described::new(tool::UPDATE_REPOSITORY)
        .settings(matched.members())
        .fact("visibility", visibility))
}

/// `DELETE /repos/{owner}/{repo}`
pub(crate) fn delete(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    matched.no_body()?;
    Ok(Described::new(tool::DELETE_REPOSITORY))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    tag_name: String,
    target_commitish: Option<String>,
    name: Option<String>,
    body: Option<String>,
    draft: Option<bool>,
    prerelease: Option<bool>,
    #[serde(rename = "discussion_category_name")]
    _discussion_category_name: Option<String>,
    #[serde(rename = "generate_release_notes")]
    _generate_release_notes: Option<bool>,
    #[serde(rename = "make_latest")]
    _make_latest: Option<String>,
}

/// `POST releases`
pub(crate) fn create_release(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: ReleaseBody = matched.body()?;
    // A tag that is not there yet is made at the target, which is the default branch if none is named.
    let target = match &body.target_commitish {
        Some(target) => target.as_str(),
        None => matched.state()?.default_branch().as_str(),
    };
    Ok(Described::new(tool::CREATE_RELEASE)
        .fact("tag", body.tag_name.as_str())
        .fact("target", target)
        .fact("draft", body.draft.unwrap_or(false))
        .fact("prerelease", body.prerelease.unwrap_or(false))
        .texts([body.name.as_deref(), body.body.as_deref()]))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CollaboratorBody {
    permission: Option<String>,
}

/// `PUT collaborators/{username}`
pub(crate) fn add_collaborator(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let permission = match matched.raw_body() {
        Some(_) => matched.body::<CollaboratorBody>()?.permission,
        None => None,
    };
    Ok(Described::new(tool::ADD_COLLABORATOR)
        .fact("user", matched.text("username")?.to_ascii_lowercase())
        .fact("permission", permission.as_deref().unwrap_or("push")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretBody {
    #[serde(rename = "encrypted_value")]
    _encrypted_value: String,
    #[serde(rename = "key_id")]
    _key_id: String,
}

/// `PUT actions/secrets/{secret_name}`
pub(crate) fn write_actions_secret(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    write_secret(matched, "actions", "")
}

/// `PUT codespaces/secrets/{secret_name}`
pub(crate) fn write_codespaces_secret(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    write_secret(matched, "codespaces", "")
}

/// `PUT dependabot/secrets/{secret_name}`
pub(crate) fn write_dependabot_secret(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    write_secret(matched, "dependabot", "")
}

/// `PUT environments/{environment_name}/secrets/{secret_name}`
pub(crate) fn write_environment_secret(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    write_secret(matched, "actions", matched.text("environment_name")?)
}

fn write_secret(
    matched: &Matched<'_>,
    store: &'static str,
    environment: &str,
) -> Result<Described, NormalizeError> {
    matched.body::<SecretBody>()?;
    Ok(Described::new(tool::WRITE_SECRET)
        .fact("secret", matched.text("secret_name")?.to_ascii_uppercase())
        .fact("secret_store", store)
        .fact("environment", environment))
}
