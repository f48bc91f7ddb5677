//! Blobs, trees and commits.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use git2::{FileMode, ObjectType, Oid, Signature, Tree};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    route::Call,
    view, world,
};

/// The most entries of a tree that is asked for with all that is below it.
const MAX_ENTRIES: usize = 100_000;
/// The largest blob, in bytes.
const MAX_BLOB: usize = 100 << 20;

impl Call<'_> {
    pub(crate) fn wants_raw(&self) -> bool {
        self.request.header("accept").contains("raw")
    }

    pub(crate) fn get_blob(&self, id: &str) -> Result {
        let id = Oid::from_str(id).map_err(|_| Answer::not_found())?;
        let blob = self.repository.git.find_blob(id)?;
        if blob.size() > MAX_BLOB {
            return Err(Answer::error(403, "This API returns blobs up to 100 MB in size."));
        }
        if self.wants_raw() {
            return Ok(Answer::raw(blob.content().to_vec()));
        }
        Ok(Answer::ok(json!({
            "sha": id.to_string(),
            "node_id": format!("B_{id}"),
            "size": blob.size(),
            "url": format!("{}/git/blobs/{id}", self.repository_url()),
            "content": base64_lines(blob.content()),
            "encoding": "base64",
        })))
    }

    pub(crate) fn create_blob(&self) -> Result {
        let content = self.request.text("content").unwrap_or_default();
        let bytes = match self.request.text("encoding") {
            Some("base64") => from_base64(content)?,
            _ => content.as_bytes().to_vec(),
        };
        let id = self.repository.git.blob(&bytes)?;
        let url = format!("{}/git/blobs/{id}", self.repository_url());
        Ok(Answer::created(json!({ "sha": id.to_string(), "url": url })))
    }

    pub(crate) fn get_tree(&self, name: &str) -> Result {
        let git = &self.repository.git;
        let by_id = Oid::from_str(name).ok().and_then(|id| git.find_object(id, None).ok());
        let object = match by_id {
            Some(object) => object,
            None => git.find_object(self.resolve(name)?, None)?,
        };
        let tree = object.peel_to_tree().map_err(|_| Answer::not_found())?;
        let mut entries = Vec::new();
        let whole =
            self.list_tree(&tree, "", self.request.query("recursive").is_some(), &mut entries)?;
        Ok(Answer::ok(self.tree_view(tree.id(), entries, !whole)))
    }

    fn tree_view(&self, id: Oid, entries: Vec<Value>, truncated: bool) -> Value {
        json!({
            "sha": id.to_string(),
            "url": format!("{}/git/trees/{id}", self.repository_url()),
            "tree": entries,
            "truncated": truncated,
        })
    }

    /// Lists a tree; answers whether all of it was listed.
    fn list_tree(
        &self,
        tree: &Tree<'_>,
        prefix: &str,
        recursive: bool,
        into: &mut Vec<Value>,
    ) -> Result<bool> {
        let git = &self.repository.git;
        let url = self.repository_url();
        for entry in tree {
            if into.len() == MAX_ENTRIES {
                return Ok(false);
            }
            let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
            let id = entry.id();
            let mut shown = json!({
                "path": path,
                "mode": format!("{:06o}", entry.filemode_raw()),
                "type": entry.kind().map_or("blob", |kind| kind.str()),
                "sha": id.to_string(),
            });
            if let Some(kind @ (ObjectType::Blob | ObjectType::Tree)) = entry.kind() {
                shown["url"] = format!("{url}/git/{kind}s/{id}").into();
            }
            if entry.kind() == Some(ObjectType::Blob) {
                shown["size"] = git.odb()?.read_header(id)?.0.into();
            }
            into.push(shown);
            if recursive && entry.kind() == Some(ObjectType::Tree) {
                let below = git.find_tree(id)?;
                if !self.list_tree(&below, &format!("{path}/"), true, into)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    pub(crate) fn create_tree(&self) -> Result {
        let git = &self.repository.git;
        let base = match self.request.text("base_tree") {
            Some(id) => git.find_tree(Oid::from_str(id)?)?,
            None => git.find_tree(git.treebuilder(None)?.write()?)?,
        };
        let mut update = git2::build::TreeUpdateBuilder::new();
        for entry in self.request.body["tree"].as_array().into_iter().flatten() {
            let path = entry["path"].as_str().unwrap_or_default().to_owned();
            let mode = match entry["mode"].as_str() {
                Some("100755") => FileMode::BlobExecutable,
                Some("120000") => FileMode::Link,
                Some("160000") => FileMode::Commit,
                Some("040000") => FileMode::Tree,
                _ => FileMode::Blob,
            };
            match (&entry["sha"], entry["content"].as_str()) {
                (Value::String(sha), _) => update.upsert(path, Oid::from_str(sha)?, mode),
                (Value::Null, Some(content)) => {
                    update.upsert(path, git.blob(content.as_bytes())?, mode)
                }
                _ => update.remove(path),
            };
        }
        let id = update.create_updated(git, &base)?;
        let mut entries = Vec::new();
        self.list_tree(&git.find_tree(id)?, "", false, &mut entries)?;
        Ok(Answer::created(self.tree_view(id, entries, false)))
    }

    pub(crate) fn get_git_commit(&self, id: &str) -> Result {
        let id = Oid::from_str(id).map_err(|_| Answer::not_found())?;
        let commit = self.repository.git.find_commit(id)?;
        Ok(Answer::ok(view::git_commit(&self.repository_url(), &self.html_url(), &commit)))
    }

    pub(crate) fn create_commit(&self) -> Result {
        let git = &self.repository.git;
        let tree = Oid::from_str(self.request.text("tree").unwrap_or_default())?;
        let tree =
            git.find_tree(tree).map_err(|_| Answer::unprocessable("Tree SHA does not exist"))?;
        let parents = self.request.body["parents"].as_array().into_iter().flatten();
        let parents: Vec<_> = parents
            .map(|id| git.find_commit(Oid::from_str(id.as_str().unwrap_or_default())?))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| {
                Answer::unprocessable("Parent SHA does not exist or is not a commit object")
            })?;
        let author = self.signature("author")?;
        let committer = match self.request.body.get("committer") {
            Some(_) => self.signature("committer")?,
            None => author.clone(),
        };
        let message = self.request.text("message").unwrap_or_default();
        let parents: Vec<_> = parents.iter().collect();
        let id = git.commit(None, &author, &committer, message, &tree, &parents)?;
        let commit = git.find_commit(id)?;
        Ok(Answer::created(view::git_commit(&self.repository_url(), &self.html_url(), &commit)))
    }

    /// A person of the body, or whoever commits here.
    pub(crate) fn signature(&self, name: &str) -> Result<Signature<'static>> {
        let person = &self.request.body[name];
        match (person["name"].as_str(), person["email"].as_str()) {
            (Some(name), Some(email)) => {
                Ok(Signature::new(name, email, &git2::Time::new(world::NOW, 0))?)
            }
            _ => Ok(world::author()?),
        }
    }
}

/// Base64 in lines of 60 characters, as GitHub writes it.
pub(crate) fn base64_lines(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (at, character) in STANDARD.encode(bytes).chars().enumerate() {
        if at > 0 && at % 60 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
    out
}

pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| Answer::unprocessable("content is not valid Base64"))
}
