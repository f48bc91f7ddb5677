//! Two commits compared, with GitHub's limits: of 300 files the rest is left out, and nothing says so.

use git2::{Delta, DiffFindOptions, DiffOptions, Oid, Patch, Sort};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    route::Call,
    view,
};

/// The most files of a comparison.
const MAX_FILES: usize = 300;
/// The most commits of a comparison that is not asked for by page.
const MAX_COMMITS: usize = 250;
/// After so many lines of patches, files have none, and their lines are not counted.
const MAX_LINES: usize = 20_000;

impl Call<'_> {
    pub(crate) fn compare(&self, basehead: &str) -> Result {
        let git = &self.repository.git;
        let (base, head) = basehead.split_once("...").ok_or_else(Answer::not_found)?;
        let missing = |_| Answer::not_found();
        let (base, head) =
            (self.resolve(base).map_err(missing)?, self.resolve(head).map_err(missing)?);
        let merge_base = git
            .merge_base(base, head)
            .map_err(|_| Answer::error(404, "No common ancestor between the two commits."))?;
        let (ahead, behind) = git.graph_ahead_behind(head, base)?;
        let status = match (ahead, behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let commits: Vec<Value> = self.commits(Some(base), head)?;
        let paged =
            self.request.query("page").is_some() || self.request.query("per_page").is_some();
        let (page, size) = if paged { self.request.page(30, 100) } else { (1, MAX_COMMITS) };
        let shown: Vec<_> = commits.iter().skip((page - 1) * size).take(size).cloned().collect();
        let mut files = if page == 1 { self.files(merge_base, head)? } else { Vec::new() };
        files.truncate(MAX_FILES);
        let (url, html) = (self.repository_url(), self.html_url());
        let page_of =
            |id: Oid| -> Result<Value> { Ok(view::commit(&url, &html, &git.find_commit(id)?)) };
        let body = json!({
            "url": format!("{url}/compare/{base}...{head}"),
            "html_url": format!("{html}/compare/{base}...{head}"),
            "permalink_url": format!("{html}/compare/{base}...{head}"),
            "diff_url": format!("{html}/compare/{base}...{head}.diff"),
            "patch_url": format!("{html}/compare/{base}...{head}.patch"),
            "base_commit": page_of(base)?,
            "merge_base_commit": page_of(merge_base)?,
            "status": status,
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": shown,
            "files": files,
        });
        let last = commits.len().div_ceil(size);
        let answer = Answer::ok(body);
        Ok(if paged { answer.with_links(self.request, self.url, page, last) } else { answer })
    }

    /// The commits of `head` that `base` has not, the oldest first.
    pub(crate) fn commits(&self, base: Option<Oid>, head: Oid) -> Result<Vec<Value>> {
        let git = &self.repository.git;
        let mut walk = git.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push(head)?;
        if let Some(base) = base {
            walk.hide(base)?;
        }
        let (url, html) = (self.repository_url(), self.html_url());
        walk.map(|id| Ok(view::commit(&url, &html, &git.find_commit(id?)?))).collect()
    }

    /// `GET commits`: the newest first.
    pub(crate) fn list_commits(&self) -> Result {
        let branch = self.default_branch();
        let start = self.request.query("sha").unwrap_or(&branch);
        let mut commits =
            self.commits(None, self.resolve(start).map_err(|_| Answer::not_found())?)?;
        commits.reverse();
        Ok(Answer::page(self.request, self.url, &commits, 30))
    }

    /// What changed from one commit to another.
    pub(crate) fn files(&self, old: Oid, new: Oid) -> Result<Vec<Value>> {
        let git = &self.repository.git;
        let (old, new_tree) = (git.find_commit(old)?.tree()?, git.find_commit(new)?.tree()?);
        let mut options = DiffOptions::new();
        options.include_typechange(true).ignore_submodules(false);
        let mut diff = git.diff_tree_to_tree(Some(&old), Some(&new_tree), Some(&mut options))?;
        diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(1000)))?;
        let mut lines_so_far = 0;
        let (url, html) = (self.repository_url(), self.html_url());
        let mut files = Vec::new();
        for (at, delta) in diff.deltas().enumerate() {
            let side = match delta.status() {
                Delta::Deleted => delta.old_file(),
                _ => delta.new_file(),
            };
            let name = |bytes: Option<&[u8]>| {
                String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
            };
            let path = name(side.path_bytes());
            let in_url = view::encode(&path);
            let patch = Patch::from_diff(&diff, at)?.filter(|_| lines_so_far < MAX_LINES);
            let (mut added, mut deleted, mut text) = (0, 0, None);
            if let Some(mut patch) = patch {
                (_, added, deleted) = patch.line_stats()?;
                lines_so_far += added + deleted;
                let whole = patch.to_buf()?;
                let whole = String::from_utf8_lossy(&whole).into_owned();
                text = whole.find("@@").and_then(|at| whole.get(at..).map(str::to_owned));
            }
            let mut file = json!({
                "sha": side.id().to_string(),
                "filename": path,
                "status": match delta.status() {
                    Delta::Added => "added",
                    Delta::Deleted => "removed",
                    Delta::Renamed => "renamed",
                    Delta::Typechange => "changed",
                    _ => "modified",
                },
                "additions": added,
                "deletions": deleted,
                "changes": added + deleted,
                "blob_url": format!("{html}/blob/{new}/{in_url}"),
                "raw_url": format!("{html}/raw/{new}/{in_url}"),
                "contents_url": format!("{url}/contents/{in_url}?ref={new}"),
            });
            if let Some(text) = text {
                file["patch"] = text.into();
            }
            if delta.status() == Delta::Renamed {
                file["previous_filename"] = name(delta.old_file().path_bytes()).into();
            }
            files.push(file);
        }
        Ok(files)
    }
}
