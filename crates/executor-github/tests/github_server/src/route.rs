//! The table of routes.

use crate::{
    access::Access,
    answer::{Answer, Result},
    request::Request,
    world::{Repository, World},
};

/// A request to a repository that its token may see.
pub(crate) struct Call<'a> {
    pub(crate) url: &'a str,
    pub(crate) now: i64,
    pub(crate) request: &'a Request,
    pub(crate) repository: &'a mut Repository,
}

pub(crate) fn respond(world: &mut World, request: &Request) -> Result {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            world.installation_token(request, id)
        }
        ("GET", ["apps", slug]) => world.access(request).and_then(|_| world.get_app(slug)),
        (method, ["repos", owner, name, rest @ ..]) => {
            let access = world.access(request)?;
            let (url, now) = (world.url.clone(), world.now);
            let repository = world.repository(owner, name).ok_or_else(Answer::not_found)?;
            let call = Call { url: &url, now, request, repository };
            call.respond(&access, method, rest)
        }
        _ => Err(Answer::not_found()),
    }
}

impl Call<'_> {
    fn respond(mut self, access: &Access, method: &str, path: &[&str]) -> Result {
        let name = self.repository.name.clone();
        let may = |permission: &str, level: &str| access.demand(&name, permission, level);
        let level = if method == "GET" { "read" } else { "write" };
        match path.first() {
            None | Some(&"rules") => may("metadata", level)?,
            Some(&"branches" | &"git" | &"contents" | &"compare" | &"merges") => {
                may("contents", level)?
            }
            Some(&"pulls") if path.last() == Some(&"merge") => may("contents", level)?,
            Some(&"pulls") => may("pull_requests", level)?,
            // GitHub lets the one stand for the other where the issue is a pull request.
            Some(&"issues") => may("issues", level).or_else(|_| may("pull_requests", level))?,
            Some(&"statuses") => may("statuses", level)?,
            Some(&"commits") => match path.last() {
                Some(&"check-runs") => may("checks", level)?,
                Some(&"status" | &"statuses") => may("statuses", level)?,
                _ => may("contents", level)?,
            },
            Some(_) => return Err(Answer::not_found()),
        }
        match (method, path) {
            ("GET", []) => Ok(self.get_repository()),
            ("GET", ["branches", branch @ ..]) => self.get_branch(&branch.join("/")),
            ("GET", ["rules", "branches", branch @ ..]) => Ok(self.list_rules(&branch.join("/"))),
            ("GET", ["git", "tags", id]) => self.get_tag(id),
            ("GET", ["git", "ref", name @ ..]) => self.get_ref(&name.join("/")),
            ("POST", ["git", "refs"]) => self.create_ref(),
            ("PATCH", ["git", "refs", name @ ..]) => self.update_ref(&name.join("/")),
            ("DELETE", ["git", "refs", name @ ..]) => self.delete_ref(&name.join("/")),
            ("GET", ["git", "blobs", id]) => self.get_blob(id),
            ("POST", ["git", "blobs"]) => self.create_blob(),
            ("GET", ["git", "trees", id]) => self.get_tree(id),
            ("POST", ["git", "trees"]) => self.create_tree(),
            ("GET", ["git", "commits", id]) => self.get_git_commit(id),
            ("POST", ["git", "commits"]) => self.create_commit(),
            ("GET", ["contents", path @ ..]) => self.get_contents(&path.join("/")),
            ("PUT", ["contents", path @ ..]) => self.put_contents(&path.join("/")),
            ("DELETE", ["contents", path @ ..]) => self.delete_contents(&path.join("/")),
            ("GET", ["commits"]) => self.list_commits(),
            ("GET", ["commits", reference @ .., "check-runs"]) => {
                self.list_check_runs(&reference.join("/"))
            }
            ("GET", ["commits", reference @ .., "statuses"]) => {
                self.list_statuses(&reference.join("/"))
            }
            ("GET", ["commits", reference @ .., "status"]) => {
                self.combined_status(&reference.join("/"))
            }
            ("POST", ["statuses", id]) => self.create_status(id),
            ("GET", ["compare", basehead @ ..]) => self.compare(&basehead.join("/")),
            ("GET", ["pulls"]) => self.list_pulls(),
            ("POST", ["pulls"]) => self.create_pull(),
            ("GET", ["pulls", number]) => self.get_pull(number),
            ("PATCH", ["pulls", number]) => self.update_pull(number),
            ("GET", ["pulls", number, "files"]) => self.list_pull_files(number),
            ("GET", ["pulls", number, "commits"]) => self.list_pull_commits(number),
            ("PUT", ["pulls", number, "merge"]) => self.merge_pull(number),
            ("POST", ["pulls", number, "reviews"]) => self.create_review(number),
            ("POST", ["pulls", number, "requested_reviewers"]) => self.request_reviewers(number),
            ("POST", ["merges"]) => self.merge_branches(),
            ("POST", ["issues", number, "comments"]) => self.create_comment(number),
            _ => Err(Answer::not_found()),
        }
    }
}
