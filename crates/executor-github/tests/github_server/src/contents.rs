//! Files: read, written and deleted by path, one commit each.

use std::path::Path;

use git2::{FileMode, ObjectType, Oid, build::TreeUpdateBuilder};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    objects::{base64_lines, from_base64},
    route::Call,
    view,
};

/// The largest file whose content is in the answer, in bytes.
const MAX_CONTENT: usize = 1 << 20;
/// The most entries of a folder that are listed.
const MAX_ENTRIES: usize = 1000;

impl Call<'_> {
    pub(crate) fn get_contents(&self, path: &str) -> Result {
        let git = &self.repository.git;
        let branch = self.default_branch();
        let name = self.request.query("ref").unwrap_or(&branch);
        let id = self.resolve(name).map_err(|_| Answer::not_found())?;
        let tree = git.find_commit(id)?.tree()?;
        let (kind, mode, id) = if path.is_empty() {
            (ObjectType::Tree, 0o040_000, tree.id())
        } else {
            let entry = tree.get_path(Path::new(path))?;
            (entry.kind().unwrap_or(ObjectType::Any), entry.filemode(), entry.id())
        };
        match kind {
            ObjectType::Tree => {
                let folder = git.find_tree(id)?;
                let below = |name: &str| {
                    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
                };
                let entries = folder.iter().take(MAX_ENTRIES).map(|entry| {
                    let path = below(&String::from_utf8_lossy(entry.name_bytes()));
                    let kind = entry.kind().unwrap_or(ObjectType::Any);
                    self.entry(&path, kind, entry.filemode(), entry.id())
                });
                Ok(Answer::ok(Value::Array(entries.collect())))
            }
            ObjectType::Blob => {
                let blob = git.find_blob(id)?;
                if self.wants_raw() {
                    return Ok(Answer::raw(blob.content().to_vec()));
                }
                let mut shown = self.entry(path, kind, mode, id);
                if mode == 0o120_000 {
                    shown["target"] = String::from_utf8_lossy(blob.content()).into();
                } else if blob.size() > MAX_CONTENT {
                    shown["content"] = "".into();
                    shown["encoding"] = "none".into();
                } else {
                    shown["content"] = base64_lines(blob.content()).into();
                    shown["encoding"] = "base64".into();
                }
                Ok(Answer::ok(shown).with_header("etag", format!("\"{id}\"")))
            }
            _ => {
                let mut shown = self.entry(path, kind, mode, id);
                shown["submodule_git_url"] = Value::Null;
                Ok(Answer::ok(shown))
            }
        }
    }

    fn entry(&self, path: &str, kind: ObjectType, mode: i32, id: Oid) -> Value {
        let (url, html) = (self.repository_url(), self.html_url());
        let in_url = view::encode(path);
        let own = format!("{url}/contents/{in_url}");
        let git = format!("{url}/git/{kind}s/{id}");
        let size = self
            .repository
            .git
            .odb()
            .and_then(|odb| odb.read_header(id))
            .map_or(0, |(size, kind)| if kind == ObjectType::Blob { size } else { 0 });
        let kind = match (kind, mode) {
            (ObjectType::Tree, _) => "dir",
            (ObjectType::Blob, 0o120_000) => "symlink",
            (ObjectType::Blob, _) => "file",
            _ => "submodule",
        };
        let page = format!("{html}/blob/HEAD/{in_url}");
        json!({
            "name": path.rsplit('/').next().unwrap_or(path),
            "path": path,
            "sha": id.to_string(),
            "size": size,
            "type": kind,
            "url": own,
            "git_url": git,
            "html_url": page,
            "download_url": if kind == "file" { page.clone().into() } else { Value::Null },
            "_links": { "self": own, "git": git, "html": page },
        })
    }

    pub(crate) fn put_contents(&self, path: &str) -> Result {
        let content = self.request.text("content").unwrap_or_default();
        let blob = self.repository.git.blob(&from_base64(content)?)?;
        let before = self.expect_sha(path, false)?;
        let commit = self.commit_change(|update| {
            update.upsert(path, blob, FileMode::Blob);
        })?;
        let shown = self.entry(path, ObjectType::Blob, 0o100_644, blob);
        let status = if before { 200 } else { 201 };
        Ok(Answer::new(status, json!({ "content": shown, "commit": commit })))
    }

    pub(crate) fn delete_contents(&self, path: &str) -> Result {
        self.expect_sha(path, true)?;
        let commit = self.commit_change(|update| {
            update.remove(path);
        })?;
        Ok(Answer::ok(json!({ "content": null, "commit": commit })))
    }

    fn branch_of_body(&self) -> String {
        self.request.text("branch").map_or_else(|| self.default_branch(), str::to_owned)
    }

    /// Holds the blob that the caller thinks is there against the one that is. Answers whether there is one.
    fn expect_sha(&self, path: &str, must_exist: bool) -> Result<bool> {
        let missing = |_| Answer::error(404, "Branch not found");
        let tip = self.repository.branch(&self.branch_of_body()).map_err(missing)?;
        let tree = self.repository.git.find_commit(tip)?.tree()?;
        let there = tree.get_path(Path::new(path)).ok().map(|entry| entry.id().to_string());
        match (there.as_deref(), self.request.text("sha")) {
            (None, _) if must_exist => Err(Answer::not_found()),
            (None, None) => Ok(false),
            (Some(_), None) => {
                Err(Answer::unprocessable("Invalid request.\n\n\"sha\" wasn't supplied."))
            }
            (there, Some(sha)) if there == Some(sha) => Ok(true),
            (_, Some(sha)) => Err(Answer::error(409, &format!("{path} does not match {sha}"))),
        }
    }

    fn commit_change(&self, change: impl FnOnce(&mut TreeUpdateBuilder)) -> Result<Value> {
        let git = &self.repository.git;
        let branch = self.branch_of_body();
        let parent = git.find_commit(self.repository.branch(&branch)?)?;
        let mut update = TreeUpdateBuilder::new();
        change(&mut update);
        let tree = git.find_tree(update.create_updated(git, &parent.tree()?)?)?;
        let (author, committer) = (self.signature("author")?, self.signature("committer")?);
        let message = self.request.text("message").unwrap_or_default();
        let id = git.commit(None, &author, &committer, message, &tree, &[&parent])?;
        git.reference(&format!("refs/heads/{branch}"), id, true, "written")?;
        Ok(view::git_commit(&self.repository_url(), &self.html_url(), &git.find_commit(id)?))
    }
}
