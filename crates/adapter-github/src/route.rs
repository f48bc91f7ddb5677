//! The routes of GitHub's REST API that are known, each with the tool that it is a call of.

use axtary_actionpass::Object;
use serde::de::DeserializeOwned;

use crate::{
    contents,
    described::{Described, list},
    error::NormalizeError,
    evidence::{Evidence, RepositoryState},
    git_objects, issues,
    name::RepositoryName,
    path, pulls, refs,
    request::{Method, Request, decode, encode, refuse, typed},
    settings,
    tool::{self, READ},
    workflows,
};

/// How a call of one route is described.
pub(crate) type Describe = fn(&Matched<'_>) -> Result<Described, NormalizeError>;

/// The routes that write: method, template below `/repos/{owner}/{repo}`, tool, how it is described.
///
/// `{name}` stands for one segment, and `{name...}` for all that are left.
pub(crate) const WRITES: [(Method, &str, &str, Describe); 30] = {
    use Method::{Delete, Patch, Post, Put};
    [
        (Patch, "", tool::UPDATE_REPOSITORY, settings::update),
        (Delete, "", tool::DELETE_REPOSITORY, settings::delete),
        (Post, "/actions/jobs/{job_id}/rerun", tool::RERUN, workflows::rerun_job),
        (Post, "/actions/runs/{run_id}/cancel", tool::CANCEL_RUN, workflows::cancel),
        (Post, "/actions/runs/{run_id}/force-cancel", tool::CANCEL_RUN, workflows::force_cancel),
        (Post, "/actions/runs/{run_id}/rerun", tool::RERUN, workflows::rerun),
        (Post, "/actions/runs/{run_id}/rerun-failed-jobs", tool::RERUN, workflows::rerun_failed),
        (Put, "/actions/secrets/{secret_name}", tool::WRITE_SECRET, settings::write_actions_secret),
        (
            Post,
            "/actions/workflows/{workflow_id}/dispatches",
            tool::DISPATCH_WORKFLOW,
            workflows::dispatch,
        ),
        (
            Put,
            "/codespaces/secrets/{secret_name}",
            tool::WRITE_SECRET,
            settings::write_codespaces_secret,
        ),
        (Put, "/collaborators/{username}", tool::ADD_COLLABORATOR, settings::add_collaborator),
        (Put, "/contents/{path...}", tool::WRITE_CONTENTS, contents::write),
        (Delete, "/contents/{path...}", tool::DELETE_CONTENTS, contents::delete),
        (
            Put,
            "/dependabot/secrets/{secret_name}",
            tool::WRITE_SECRET,
            settings::write_dependabot_secret,
        ),
        (
            Put,
            "/environments/{environment_name}/secrets/{secret_name}",
            tool::WRITE_SECRET,
            settings::write_environment_secret,
        ),
        (Post, "/git/commits", tool::CREATE_COMMIT, git_objects::create_commit),
        (Post, "/git/refs", tool::CREATE_REF, refs::create),
        (Patch, "/git/refs/{ref...}", tool::UPDATE_REF, refs::update),
        (Delete, "/git/refs/{ref...}", tool::DELETE_REF, refs::delete),
        (Post, "/git/trees", tool::CREATE_TREE, git_objects::create_tree),
        (Post, "/issues", tool::CREATE_ISSUE, issues::create),
        (Patch, "/issues/{issue_number}", tool::UPDATE_ISSUE, issues::update),
        (Post, "/issues/{issue_number}/comments", tool::COMMENT, issues::comment),
        (Post, "/merges", tool::MERGE_BRANCH, refs::merge),
        (Post, "/pulls", tool::CREATE_PULL_REQUEST, pulls::create),
        (Patch, "/pulls/{pull_number}", tool::UPDATE_PULL_REQUEST, pulls::update),
        (Put, "/pulls/{pull_number}/merge", tool::MERGE_PULL_REQUEST, pulls::merge),
        (
            Post,
            "/pulls/{pull_number}/requested_reviewers",
            tool::REQUEST_REVIEWERS,
            pulls::request_reviewers,
        ),
        (Post, "/pulls/{pull_number}/reviews", tool::SUBMIT_REVIEW, pulls::submit_review),
        (Post, "/releases", tool::CREATE_RELEASE, settings::create_release),
    ]
};

/// The routes that are read with `github.repos.read`, below `/repos/{owner}/{repo}`.
pub(crate) const READS: [&str; 47] = [
    "",
    "/actions/jobs/{job_id}",
    "/actions/runs",
    "/actions/runs/{run_id}",
    "/actions/runs/{run_id}/jobs",
    "/actions/workflows",
    "/branches",
    "/branches/{branch...}",
    "/check-runs/{check_run_id}",
    "/commits",
    "/commits/{ref}",
    "/commits/{ref}/check-runs",
    "/commits/{ref}/pulls",
    "/commits/{ref}/status",
    "/commits/{ref}/statuses",
    "/compare/{basehead...}",
    "/contents",
    "/contents/{path...}",
    "/git/blobs/{file_sha}",
    "/git/commits/{commit_sha}",
    "/git/matching-refs/{ref...}",
    "/git/ref/{ref...}",
    "/git/tags/{tag_sha}",
    "/git/trees/{tree_sha}",
    "/issues",
    "/issues/comments/{comment_id}",
    "/issues/{issue_number}",
    "/issues/{issue_number}/comments",
    "/issues/{issue_number}/labels",
    "/labels",
    "/languages",
    "/milestones",
    "/pulls",
    "/pulls/{pull_number}",
    "/pulls/{pull_number}/comments",
    "/pulls/{pull_number}/commits",
    "/pulls/{pull_number}/files",
    "/pulls/{pull_number}/merge",
    "/pulls/{pull_number}/requested_reviewers",
    "/pulls/{pull_number}/reviews",
    "/readme",
    "/releases",
    "/releases/latest",
    "/releases/tags/{tag...}",
    "/releases/{release_id}",
    "/tags",
    "/topics",
];

/// What the templates stand below.
pub(crate) const BASE: &str = "/repos/{owner}/{repo}";

/// A request that met a route.
#[derive(Debug)]
pub(crate) struct Matched<'e> {
    repository: RepositoryName,
    /// What stands in the address for each name of the template; the names of the repository are not among them.
    values: Vec<(&'static str, String)>,
    body: Option<&'e Object>,
    evidence: &'e Evidence,
    pub(crate) route: &'static str,
    pub(crate) describe: Describe,
    /// The address in the one form that is sent.
    pub(crate) path: String,
}

impl<'e> Matched<'e> {
    /// Finds the route of a request; `None` if none is known for it.
    pub(crate) fn find(
        request: &'e Request<'_>,
        evidence: &'e Evidence,
    ) -> Result<Option<Self>, NormalizeError> {
        let Some((repository, below)) = in_repository(request)? else { return Ok(None) };
        let candidates: Vec<(&'static str, Describe)> = if request.method.is_read() {
            READS.iter().map(|template| (*template, read as Describe)).collect()
        } else {
            WRITES
                .iter()
                .filter(|(method, ..)| *method == request.method)
                .map(|(_, template, _, describe)| (*template, *describe))
                .collect()
        };
        for (route, describe) in candidates {
            if let Some(values) = values(route, below)? {
                let path = fill(&repository, route, &values);
                let body = request.body.as_ref();
                return Ok(Some(Self {
                    repository,
                    values,
                    body,
                    evidence,
                    route,
                    describe,
                    path,
                }));
            }
        }
        Ok(None)
    }

    pub(crate) fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    pub(crate) fn state(&self) -> Result<&'e RepositoryState, NormalizeError> {
        self.evidence.repository(&self.repository)
    }

    /// The body, in the form that the route takes.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, NormalizeError> {
        match self.body {
            Some(body) => typed(body),
            None => Err(NormalizeError::body("there is none")),
        }
    }

    pub(crate) fn raw_body(&self) -> Option<&'e Object> {
        self.body
    }

    /// The names of the body's members.
    pub(crate) fn members(&self) -> impl Iterator<Item = &'e str> {
        self.body.into_iter().flat_map(|body| body.iter().map(|(name, _)| name))
    }

    pub(crate) fn no_body(&self) -> Result<(), NormalizeError> {
        match self.body {
            None => Ok(()),
            Some(_) => Err(NormalizeError::body("this route takes none")),
        }
    }

    /// What stands for a name of the template.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, NormalizeError> {
        match self.values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value),
            None => refuse("path", name, "the route has no such part"),
        }
    }

    /// The same, as a number without anything that a server might read over.
    pub(crate) fn number(&self, name: &'static str) -> Result<u64, NormalizeError> {
        let text = self.text(name)?;
        let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        match text.parse::<u64>() {
            Ok(number) if is_plain => Ok(number),
            Ok(_) | Err(_) => refuse("path", text, "a number stands here, without leading zeros"),
        }
    }

    /// The path within the repository.
    pub(crate) fn path(&self) -> Result<String, NormalizeError> {
        path::read(self.text("path")?.as_bytes())
    }
}

/// Any route that only reads.
fn read(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let has_path = matched.route.ends_with("/{path...}");
    let paths = if has_path { vec![matched.path()?] } else { Vec::new() };
    Ok(Described::new(READ)
        .fact("route", format!("GET {BASE}{}", matched.route))
        .fact("paths", list(paths.iter().map(String::as_str))))
}

/// The repository that an address is in, and the segments below it.
pub(crate) fn in_repository<'s>(
    request: &'s Request<'_>,
) -> Result<Option<(RepositoryName, &'s [&'s str])>, NormalizeError> {
    let [repos, owner, name, below @ ..] = request.segments.as_slice() else { return Ok(None) };
    if !same(repos, "repos")? {
        return Ok(None);
    }
    Ok(Some((RepositoryName::new(&format!("{owner}/{name}"))?, below)))
}

/// Whether a segment is this one. In another case it may be or may not be, which nobody knows from here.
fn same(segment: &str, known: &str) -> Result<bool, NormalizeError> {
    if segment != known && segment.eq_ignore_ascii_case(known) {
        return refuse("path", segment, "the parts of a route are written in lower case");
    }
    Ok(segment == known)
}

/// What stands for each name of the template, if the segments have its form.
fn values(
    template: &'static str,
    segments: &[&str],
) -> Result<Option<Vec<(&'static str, String)>>, NormalizeError> {
    let mut values = Vec::new();
    let mut rest = segments;
    for part in template.split('/').skip(1) {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match (name, rest) {
            (_, []) => return Ok(None),
            (Some(name), _) if name.ends_with("...") => {
                let all =
                    rest.iter().map(|segment| decode(segment)).collect::<Result<Vec<_>, _>>()?;
                values.push((name.trim_end_matches('.'), path::read(all.join("/").as_bytes())?));
                rest = &[];
            }
            (Some(name), [first, others @ ..]) => {
                values.push((name, (*first).to_owned()));
                rest = others;
            }
            (None, [first, others @ ..]) => {
                if !same(first, part)? {
                    return Ok(None);
                }
                rest = others;
            }
        }
    }
    if !rest.is_empty() {
        return Ok(None);
    }
    for (name, value) in &values {
        if !template.contains(&format!("{{{name}...}}")) && value.contains('%') {
            return refuse("path", value, "nothing is encoded in this part");
        }
    }
    Ok(Some(values))
}

/// The address in the one form that is sent.
fn fill(repository: &RepositoryName, route: &str, values: &[(&str, String)]) -> String {
    let mut values = values.iter();
    let mut path = format!("/repos/{repository}");
    for part in route.split('/').skip(1) {
        let filled = match part.strip_prefix('{').and_then(|_| values.next()) {
            Some((_, value)) => {
                let encoded: Vec<String> = value.split('/').map(encode).collect();
                encoded.join("/")
            }
            None => part.to_owned(),
        };
        path.push('/');
        path.push_str(&filled);
    }
    path
}
