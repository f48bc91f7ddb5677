//! Check runs and commit statuses.

use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    route::Call,
    view,
};

/// A check run, of a GitHub App.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// The commit that it is of.
    pub head_sha: String,
    /// Its name.
    pub name: String,
    /// The app; GitHub Actions is 15368.
    pub app_id: u64,
    /// `queued`, `in_progress`, `completed`, …
    pub status: String,
    /// `success`, `failure`, …; only of one that is completed.
    pub conclusion: Option<String>,
}

impl CheckRun {
    /// One that is completed.
    pub fn completed(head_sha: &str, name: &str, app_id: u64, conclusion: &str) -> Self {
        Self {
            head_sha: head_sha.to_owned(),
            name: name.to_owned(),
            app_id,
            status: "completed".to_owned(),
            conclusion: Some(conclusion.to_owned()),
        }
    }
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct CommitStatus {
    /// The commit that it is of.
    pub sha: String,
    /// What it is about.
    pub context: String,
    /// `success`, `failure`, `error` or `pending`.
    pub state: String,
    /// Who said so: the app 7 is `app-7[bot]`.
    pub creator: String,
}

impl Call<'_> {
    pub(crate) fn list_check_runs(&self, reference: &str) -> Result {
        let sha = self.resolve(reference)?.to_string();
        let app = self.request.query("app_id");
        let name = self.request.query("check_name");
        let mut runs: Vec<(usize, &crate::CheckRun)> = self
            .repository
            .checks
            .iter()
            .enumerate()
            .filter(|(_, run)| run.head_sha == sha)
            .filter(|(_, run)| app.is_none_or(|app| app == run.app_id.to_string()))
            .filter(|(_, run)| name.is_none_or(|name| name == run.name))
            .collect();
        if self.request.query("filter") != Some("all") {
            let last = |at: usize, run: &crate::CheckRun| {
                let same = |(_, other): &&(usize, &crate::CheckRun)| {
                    (&other.name, other.app_id) == (&run.name, run.app_id)
                };
                runs.iter().rev().find(same).is_some_and(|(number, _)| *number == at)
            };
            let kept: Vec<usize> =
                runs.iter().filter(|(at, run)| last(*at, run)).map(|(at, _)| *at).collect();
            runs.retain(|(at, _)| kept.contains(at));
        }
        runs.reverse();
        let (page, size) = self.request.page(30, 100);
        let shown: Vec<Value> = runs
            .iter()
            .skip((page - 1) * size)
            .take(size)
            .map(|(at, run)| self.check_view(*at, run))
            .collect();
        let body = json!({ "total_count": runs.len(), "check_runs": shown });
        let last = runs.len().div_ceil(size);
        Ok(Answer::ok(body).with_links(self.request, self.url, page, last))
    }

    fn check_view(&self, at: usize, run: &crate::CheckRun) -> Value {
        let id = at + 1;
        let url = format!("{}/check-runs/{id}", self.repository_url());
        let finished = run.conclusion.as_ref().map(|_| view::date(self.now));
        json!({
            "id": id,
            "node_id": format!("CR_{id}"),
            "head_sha": run.head_sha,
            "external_id": null,
            "url": url,
            "html_url": format!("{}/runs/{id}", self.html_url()),
            "details_url": null,
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": view::date(self.now),
            "completed_at": finished,
            "output": {
                "title": null,
                "summary": null,
                "text": null,
                "annotations_count": 0,
                "annotations_url": format!("{url}/annotations"),
            },
            "name": run.name,
            "check_suite": { "id": id },
            "app": view::app(self.url, run.app_id),
            "pull_requests": [],
        })
    }

    pub(crate) fn list_statuses(&self, reference: &str) -> Result {
        let sha = self.resolve(reference)?.to_string();
        let statuses = self.repository.statuses.iter().enumerate().rev();
        let shown: Vec<Value> = statuses
            .filter(|(_, status)| status.sha == sha)
            .map(|(at, status)| self.status_view(at, status))
            .collect();
        Ok(Answer::page(self.request, self.url, &shown, 30))
    }

    pub(crate) fn combined_status(&self, reference: &str) -> Result {
        let sha = self.resolve(reference)?.to_string();
        let mut seen: Vec<&str> = Vec::new();
        let mut latest = Vec::new();
        for (at, status) in self.repository.statuses.iter().enumerate().rev() {
            if status.sha == sha && !seen.contains(&status.context.as_str()) {
                seen.push(&status.context);
                latest.push((at, status));
            }
        }
        let any = |state: &str| latest.iter().any(|(_, status)| status.state == state);
        let state = match (any("failure") || any("error"), any("pending") || latest.is_empty()) {
            (true, _) => "failure",
            (false, true) => "pending",
            (false, false) => "success",
        };
        let url = format!("{}/commits/{sha}", self.repository_url());
        let shown: Vec<Value> =
            latest.iter().map(|(at, status)| self.status_view(*at, status)).collect();
        Ok(Answer::ok(json!({
            "state": state,
            "statuses": shown,
            "sha": sha,
            "total_count": latest.len(),
            "repository": self.repository_view(),
            "commit_url": url,
            "url": format!("{url}/status"),
        })))
    }

    pub(crate) fn create_status(&mut self, id: &str) -> Result {
        let sha = self.resolve(id)?.to_string();
        let state = self.request.text("state").unwrap_or_default().to_owned();
        if !["error", "failure", "pending", "success"].contains(&state.as_str()) {
            return Err(Answer::invalid(
                "Status",
                "state",
                "custom",
                "state is not included in the list",
            ));
        }
        let context = self.request.text("context").unwrap_or("default").to_owned();
        let status = CommitStatus { sha, context, state, creator: "codex".to_owned() };
        let shown = self.status_view(self.repository.statuses.len(), &status);
        self.repository.statuses.push(status);
        Ok(Answer::created(shown))
    }

    fn status_view(&self, at: usize, status: &crate::CommitStatus) -> Value {
        let id = at + 1;
        json!({
            "id": id,
            "node_id": format!("SC_{id}"),
            "url": format!("{}/statuses/{}", self.repository_url(), status.sha),
            "avatar_url": null,
            "state": status.state,
            "description": null,
            "target_url": null,
            "context": status.context,
            "created_at": view::date(self.now),
            "updated_at": view::date(self.now),
            "creator": view::user(self.url, &status.creator),
        })
    }
}
