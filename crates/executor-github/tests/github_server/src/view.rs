//! The shapes of GitHub's answers, with every member that its description requires.

use git2::{Commit, Oid};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::NOW;

/// A time, as GitHub writes it.
pub(crate) fn date(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A path within a repository, as it stands in a URL.
pub(crate) fn encode(path: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    path.bytes().map(encoded).collect()
}

/// An account. `base` is where the server is.
pub(crate) fn user(base: &str, login: &str) -> Value {
    let url = format!("{base}/users/{login}");
    json!({
        "login": login,
        "id": 1,
        "node_id": format!("U_{login}"),
        "avatar_url": format!("{base}/avatars/{login}"),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{base}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false,
    })
}

/// A GitHub App; here, each is called by its id.
pub(crate) fn app(base: &str, id: u64) -> Value {
    json!({
        "id": id,
        "node_id": format!("A_{id}"),
        "slug": format!("app-{id}"),
        "owner": user(base, "apps"),
        "name": format!("App {id}"),
        "description": null,
        "external_url": base,
        "html_url": format!("{base}/apps/app-{id}"),
        "created_at": date(NOW),
        "updated_at": date(NOW),
        "permissions": {},
        "events": [],
    })
}

/// A repository, in full.
pub(crate) fn repository(base: &str, owner: &str, name: &str, id: u64, branch: &str) -> Value {
    let url = format!("{base}/repos/{owner}/{name}");
    let html = format!("{base}/{owner}/{name}");
    let mut members = Map::new();
    for member in [
        "contributors",
        "deployments",
        "downloads",
        "events",
        "forks",
        "hooks",
        "languages",
        "merges",
        "stargazers",
        "subscribers",
        "subscription",
        "tags",
        "teams",
    ] {
        members.insert(format!("{member}_url"), format!("{url}/{member}").into());
    }
    for (member, rest) in [
        ("archive_url", "{archive_format}{/ref}"),
        ("assignees_url", "assignees{/user}"),
        ("blobs_url", "git/blobs{/sha}"),
        ("branches_url", "branches{/branch}"),
        ("collaborators_url", "collaborators{/collaborator}"),
        ("comments_url", "comments{/number}"),
        ("commits_url", "commits{/sha}"),
        ("compare_url", "compare/{base}...{head}"),
        ("contents_url", "contents/{+path}"),
        ("git_commits_url", "git/commits{/sha}"),
        ("git_refs_url", "git/refs{/sha}"),
        ("git_tags_url", "git/tags{/sha}"),
        ("issue_comment_url", "issues/comments{/number}"),
        ("issue_events_url", "issues/events{/number}"),
        ("issues_url", "issues{/number}"),
        ("keys_url", "keys{/key_id}"),
        ("labels_url", "labels{/name}"),
        ("milestones_url", "milestones{/number}"),
        ("notifications_url", "notifications{?since,all,participating}"),
        ("pulls_url", "pulls{/number}"),
        ("releases_url", "releases{/id}"),
        ("statuses_url", "statuses/{sha}"),
        ("trees_url", "git/trees{/sha}"),
    ] {
        members.insert(member.to_owned(), format!("{url}/{rest}").into());
    }
    let rest = json!({
        "id": id,
        "node_id": format!("R_{id}"),
        "name": name,
        "full_name": format!("{owner}/{name}"),
        "owner": user(base, owner),
        "private": true,
        "html_url": html,
        "description": null,
        "fork": false,
        "url": url,
        "clone_url": format!("{html}.git"),
        "git_url": format!("git:{owner}/{name}.git"),
        "ssh_url": format!("git@localhost:{owner}/{name}.git"),
        "svn_url": html,
        "mirror_url": null,
        "homepage": null,
        "language": null,
        "license": null,
        "default_branch": branch,
        "forks": 0,
        "forks_count": 0,
        "open_issues": 0,
        "open_issues_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "network_count": 0,
        "subscribers_count": 0,
        "size": 0,
        "topics": [],
        "visibility": "private",
        "has_issues": true,
        "has_projects": false,
        "has_wiki": false,
        "has_pages": false,
        "has_downloads": false,
        "has_discussions": false,
        "archived": false,
        "disabled": false,
        "pushed_at": date(NOW),
        "created_at": date(NOW),
        "updated_at": date(NOW),
    });
    if let Value::Object(rest) = rest {
        members.extend(rest);
    }
    Value::Object(members)
}

/// A commit of the git routes. `url` is that of the repository.
pub(crate) fn git_commit(url: &str, html: &str, commit: &Commit<'_>) -> Value {
    json!({
        "sha": commit.id().to_string(),
        "node_id": format!("C_{}", commit.id()),
        "url": format!("{url}/git/commits/{}", commit.id()),
        "html_url": format!("{html}/commit/{}", commit.id()),
        "author": person(&commit.author()),
        "committer": person(&commit.committer()),
        "tree": tree(url, commit.tree_id()),
        "message": String::from_utf8_lossy(commit.message_bytes()),
        "parents": parents(url, html, commit),
        "verification": verification(),
    })
}

/// A commit of the listings.
pub(crate) fn commit(url: &str, html: &str, commit: &Commit<'_>) -> Value {
    json!({
        "sha": commit.id().to_string(),
        "node_id": format!("C_{}", commit.id()),
        "url": format!("{url}/commits/{}", commit.id()),
        "html_url": format!("{html}/commit/{}", commit.id()),
        "comments_url": format!("{url}/commits/{}/comments", commit.id()),
        "commit": {
            "url": format!("{url}/git/commits/{}", commit.id()),
            "author": person(&commit.author()),
            "committer": person(&commit.committer()),
            "message": String::from_utf8_lossy(commit.message_bytes()),
            "tree": tree(url, commit.tree_id()),
            "comment_count": 0,
            "verification": verification(),
        },
        "author": null,
        "committer": null,
        "parents": parents(url, html, commit),
    })
}

pub(crate) fn person(signature: &git2::Signature<'_>) -> Value {
    json!({
        "name": String::from_utf8_lossy(signature.name_bytes()),
        "email": String::from_utf8_lossy(signature.email_bytes()),
        "date": date(signature.when().seconds()),
    })
}

fn parents(url: &str, html: &str, commit: &Commit<'_>) -> Vec<Value> {
    let parent = |id: Oid| {
        json!({
            "sha": id.to_string(),
            "url": format!("{url}/git/commits/{id}"),
            "html_url": format!("{html}/commit/{id}"),
        })
    };
    commit.parent_ids().map(parent).collect()
}

fn tree(url: &str, id: Oid) -> Value {
    json!({ "sha": id.to_string(), "url": format!("{url}/git/trees/{id}") })
}

pub(crate) fn verification() -> Value {
    json!({
        "verified": false,
        "reason": "unsigned",
        "signature": null,
        "payload": null,
        "verified_at": null,
    })
}
