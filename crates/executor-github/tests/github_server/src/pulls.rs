//! Pull requests.

use std::collections::BTreeSet;

use git2::Oid;
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    route::Call,
    view,
};

/// The most files of a pull request that are listed.
const MAX_FILES: usize = 3000;
/// The most commits of a pull request that are listed.
const MAX_COMMITS: usize = 250;
/// Who opens pull requests here.
const LOGIN: &str = "codex";

/// A pull request within one repository.
#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) base: String,
    pub(crate) head: String,
    /// Where base and head were when it was opened; kept when it is closed.
    pub(crate) shas: (Oid, Oid),
    pub(crate) open: bool,
    pub(crate) draft: bool,
    pub(crate) maintainer_can_modify: bool,
    pub(crate) merged: Option<Oid>,
    reviews: u64,
    reviewers: BTreeSet<String>,
}

impl Call<'_> {
    pub(crate) fn pull(&self, number: &str) -> Result<&Pull> {
        let number: u64 = number.parse().map_err(|_| Answer::not_found())?;
        self.repository
            .pulls
            .iter()
            .find(|pull| pull.number == number)
            .ok_or_else(Answer::not_found)
    }

    pub(crate) fn pull_mut(&mut self, number: &str) -> Result<&mut Pull> {
        let number: u64 = number.parse().map_err(|_| Answer::not_found())?;
        let mut pulls = self.repository.pulls.iter_mut();
        pulls.find(|pull| pull.number == number).ok_or_else(Answer::not_found)
    }

    /// Where base and head are: now if it is open, as they were if it is not.
    pub(crate) fn ends(&self, pull: &Pull) -> (Oid, Oid) {
        let now = |branch, before| match (pull.open, self.repository.branch(branch)) {
            (true, Ok(id)) => id,
            _ => before,
        };
        (now(&pull.base, pull.shas.0), now(&pull.head, pull.shas.1))
    }

    pub(crate) fn create_pull(&mut self) -> Result {
        let request = self.request;
        let invalid = |field: &str, code: &str, message: &str| {
            Answer::invalid("PullRequest", field, code, message)
        };
        let [title, head, base] = ["title", "head", "base"]
            .map(|field| request.text(field).filter(|text| !text.is_empty()));
        let title = title.ok_or_else(|| invalid("title", "missing_field", ""))?;
        let head = head.ok_or_else(|| invalid("head", "missing_field", ""))?;
        let base = base.ok_or_else(|| invalid("base", "missing_field", ""))?;
        let own = format!("{}:", self.repository.owner);
        let head = head.strip_prefix(&own).unwrap_or(head);
        let find = |field: &str, name: &str| {
            self.repository.branch(name).map_err(|_| invalid(field, "invalid", ""))
        };
        let shas = (find("base", base)?, find("head", head)?);
        let (ahead, _) = self.repository.git.graph_ahead_behind(shas.1, shas.0)?;
        if ahead == 0 {
            let message = format!("No commits between {base} and {head}");
            return Err(invalid("base", "custom", &message));
        }
        let same = |pull: &&Pull| pull.open && pull.head == head && pull.base == base;
        if self.repository.pulls.iter().any(|pull| same(&pull)) {
            let message = format!("A pull request already exists for {own}{head}.");
            return Err(invalid("base", "custom", &message));
        }
        let flag = |name: &str, default| request.body[name].as_bool().unwrap_or(default);
        let pull = Pull {
            number: self.repository.pulls.len() as u64 + 1,
            title: title.to_owned(),
            body: request.text("body").map(str::to_owned),
            base: base.to_owned(),
            head: head.to_owned(),
            shas,
            open: true,
            draft: flag("draft", false),
            maintainer_can_modify: flag("maintainer_can_modify", true),
            merged: None,
            reviews: 0,
            reviewers: BTreeSet::new(),
        };
        let shown = self.pull_view(&pull)?;
        self.repository.pulls.push(pull);
        let location = shown["url"].as_str().unwrap_or_default().to_owned();
        Ok(self.with_etag(Answer::created(shown)).with_header("location", location))
    }

    fn with_etag(&self, answer: Answer) -> Answer {
        let etag = Oid::hash_object(git2::ObjectType::Blob, answer.body.to_string().as_bytes());
        match etag {
            Ok(id) => answer.with_header("etag", format!("\"{id}\"")),
            Err(_) => answer,
        }
    }

    pub(crate) fn list_pulls(&self) -> Result {
        let state = self.request.query("state").unwrap_or("open");
        let own = format!("{}:", self.repository.owner);
        let head = self.request.query("head").map(|head| head.strip_prefix(&own).unwrap_or(head));
        let base = self.request.query("base");
        let fits = |pull: &&Pull| {
            (state == "all" || (state == "open") == pull.open)
                && head.is_none_or(|head| head == pull.head)
                && base.is_none_or(|base| base == pull.base)
        };
        let pulls = self.repository.pulls.iter().rev().filter(fits);
        let shown = pulls.map(|pull| self.pull_view(pull)).collect::<Result<Vec<_>>>()?;
        Ok(Answer::page(self.request, self.url, &shown, 30))
    }

    pub(crate) fn get_pull(&self, number: &str) -> Result {
        Ok(self.with_etag(Answer::ok(self.pull_view(self.pull(number)?)?)))
    }

    pub(crate) fn update_pull(&mut self, number: &str) -> Result {
        let request = self.request;
        if let Some(base) = request.text("base") {
            let missing = |_| Answer::invalid("PullRequest", "base", "invalid", "");
            self.repository.branch(base).map_err(missing)?;
        }
        let ends = self.ends(self.pull(number)?);
        let pull = self.pull_mut(number)?;
        for (field, into) in [("title", &mut pull.title), ("base", &mut pull.base)] {
            if let Some(text) = request.text(field) {
                text.clone_into(into);
            }
        }
        if let Some(body) = request.text("body") {
            pull.body = Some(body.to_owned());
        }
        if let Some(state) = request.text("state") {
            pull.shas = ends;
            pull.open = state == "open";
        }
        Ok(Answer::ok(self.pull_view(self.pull(number)?)?))
    }

    pub(crate) fn list_pull_files(&self, number: &str) -> Result {
        let (base, head) = self.ends(self.pull(number)?);
        let mut files = self.files(self.repository.git.merge_base(base, head)?, head)?;
        files.truncate(MAX_FILES);
        Ok(Answer::page(self.request, self.url, &files, 30))
    }

    pub(crate) fn list_pull_commits(&self, number: &str) -> Result {
        let (base, head) = self.ends(self.pull(number)?);
        let mut commits = self.commits(Some(base), head)?;
        commits.truncate(MAX_COMMITS);
        Ok(Answer::page(self.request, self.url, &commits, 30))
    }

    pub(crate) fn create_review(&mut self, number: &str) -> Result {
        let event = self.request.text("event").unwrap_or("PENDING").to_owned();
        let body = self.request.text("body").unwrap_or_default().to_owned();
        if event == "REQUEST_CHANGES" && body.is_empty() {
            return Err(Answer::unprocessable("Review body can't be blank"));
        }
        let (_, head) = self.ends(self.pull(number)?);
        let commit = self.request.text("commit_id").unwrap_or(&head.to_string()).to_owned();
        let pull = self.pull_mut(number)?;
        pull.reviews += 1;
        let id = pull.number * 1000 + pull.reviews;
        let url = format!("{}/pulls/{number}", self.repository_url());
        let html = format!("{}/pull/{number}", self.html_url());
        let state = match event.as_str() {
            "APPROVE" => "APPROVED",
            "REQUEST_CHANGES" => "CHANGES_REQUESTED",
            "COMMENT" => "COMMENTED",
            _ => "PENDING",
        };
        Ok(Answer::ok(json!({
            "id": id,
            "node_id": format!("PRR_{id}"),
            "user": view::user(self.url, LOGIN),
            "body": body,
            "state": state,
            "commit_id": commit,
            "submitted_at": view::date(self.now),
            "html_url": html,
            "pull_request_url": url,
            "_links": { "html": { "href": html }, "pull_request": { "href": url } },
            "author_association": "MEMBER",
        })))
    }

    pub(crate) fn request_reviewers(&mut self, number: &str) -> Result {
        let reviewers = self.request.body["reviewers"].as_array().into_iter().flatten();
        let names: Vec<String> =
            reviewers.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        self.pull_mut(number)?.reviewers.extend(names);
        Ok(Answer::created(self.pull_view(self.pull(number)?)?))
    }

    pub(crate) fn pull_view(&self, pull: &Pull) -> Result<Value> {
        let (base, head) = self.ends(pull);
        let git = &self.repository.git;
        let number = pull.number;
        let url = format!("{}/pulls/{number}", self.repository_url());
        let issue = format!("{}/issues/{number}", self.repository_url());
        let html = format!("{}/pull/{number}", self.html_url());
        let statuses = format!("{}/statuses/{head}", self.repository_url());
        let user = view::user(self.url, LOGIN);
        let end = |branch: &str, id: Oid| {
            json!({
                "label": format!("{}:{branch}", self.repository.owner),
                "ref": branch,
                "sha": id.to_string(),
                "user": view::user(self.url, &self.repository.owner),
                "repo": self.repository_view(),
            })
        };
        let files = match git.merge_base(base, head) {
            Ok(merge_base) => self.files(merge_base, head)?,
            Err(_) => Vec::new(),
        };
        let sum = |member: &str| files.iter().filter_map(|file| file[member].as_u64()).sum::<u64>();
        let mergeable = pull.merged.is_none() && self.merged_tree(base, head)?.is_some();
        let link = |href: &str| json!({ "href": href });
        let reviewers: Vec<_> =
            pull.reviewers.iter().map(|login| view::user(self.url, login)).collect();
        Ok(json!({
            "id": number,
            "node_id": format!("PR_{number}"),
            "number": number,
            "url": url,
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "comments_url": format!("{issue}/comments"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{url}/comments{{/number}}"),
            "statuses_url": statuses,
            "state": if pull.open { "open" } else { "closed" },
            "locked": false,
            "title": pull.title,
            "body": pull.body,
            "user": user,
            "labels": [],
            "milestone": null,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": reviewers,
            "requested_teams": [],
            "created_at": view::date(self.now),
            "updated_at": view::date(self.now),
            "closed_at": if pull.open { Value::Null } else { view::date(self.now).into() },
            "merged_at": pull.merged.map(|_| view::date(self.now)),
            "merge_commit_sha": pull.merged.map(|id| id.to_string()),
            "base": end(&pull.base, base),
            "head": end(&pull.head, head),
            "_links": {
                "self": link(&url),
                "html": link(&html),
                "issue": link(&issue),
                "comments": link(&format!("{issue}/comments")),
                "review_comments": link(&format!("{url}/comments")),
                "review_comment": link(&format!("{url}/comments{{/number}}")),
                "commits": link(&format!("{url}/commits")),
                "statuses": link(&statuses),
            },
            "author_association": "MEMBER",
            "auto_merge": null,
            "draft": pull.draft,
            "merged": pull.merged.is_some(),
            "mergeable": mergeable,
            "mergeable_state": if mergeable { "clean" } else { "dirty" },
            "rebaseable": mergeable,
            "merged_by": null,
            "comments": 0,
            "review_comments": 0,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "commits": git.graph_ahead_behind(head, base)?.0,
            "additions": sum("additions"),
            "deletions": sum("deletions"),
            "changed_files": files.len(),
        }))
    }
}
