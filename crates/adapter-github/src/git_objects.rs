//! Trees and commits that are written before any ref comes to them.
//!
//! What they change of a branch shows when a ref is moved to them; what a tree holds already shows here.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    content,
    contents::Person,
    described::{Described, list, path_facts},
    error::NormalizeError,
    path,
    reference::CommitId,
    route::Matched,
    tool,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeBody {
    tree: Vec<Entry>,
    base_tree: Option<String>,
}

/// What stands at a path: an object that is there, or content that is sent with it. Neither removes the path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    mode: Mode,
    r#type: Kind,
    sha: Option<String>,
    content: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Mode {
    #[serde(rename = "100644")]
    File,
    #[serde(rename = "100755")]
    Executable,
    #[serde(rename = "120000")]
    Link,
    #[serde(rename = "160000")]
    Submodule,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Blob,
    Commit,
}

/// `POST git/trees`
///
/// A whole folder as one entry is refused, for nobody sees from here what is in it; so is a link whose target is not sent.
pub(crate) fn create_tree(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: TreeBody = matched.body()?;
    let refuse = |problem: &str| Err(NormalizeError::body(problem));
    let (mut paths, mut targets) = (BTreeSet::new(), BTreeSet::new());
    for entry in &body.tree {
        path::read(entry.path.as_bytes())?;
        if !paths.insert(entry.path.as_str()) {
            return refuse("a path stands twice");
        }
        if (entry.mode == Mode::Submodule) != (entry.r#type == Kind::Commit) {
            return refuse("an entry's `mode` and `type` do not belong together");
        }
        if entry.sha.is_some() && entry.content.is_some() {
            return refuse("an entry has both `sha` and `content`");
        }
        if entry.mode == Mode::Link && !entry.is_removal() {
            let Some(target) = &entry.content else {
                return refuse("where a symbolic link leads is sent as its `content`");
            };
            path::read_target(&entry.path, target.as_bytes())?;
            targets.insert(path::led_to(&entry.path, target));
        }
    }
    let of = |wanted: fn(&Entry) -> bool| {
        list(body.tree.iter().filter(|entry| wanted(entry)).map(|entry| entry.path.as_str()))
    };
    let contents = || body.tree.iter().filter_map(|entry| entry.content.as_deref());
    Described::new(tool::CREATE_TREE)
        .facts(path_facts(&paths, paths.len(), matched.state()?.production())?)
        .fact("symlink_targets", list(targets.iter().map(String::as_str)))
        .fact("symlinks", of(|entry| entry.mode == Mode::Link && !entry.is_removal()))
        .fact("submodules", of(|entry| entry.mode == Mode::Submodule))
        .fact("paths_removed", of(Entry::is_removal))
        .fact("replaces_tree", body.base_tree.is_none())
        .fact("lfs_changed", contents().any(|text| content::is_lfs_pointer(text.as_bytes())))
        .count("bytes_written", contents().map(str::len).sum::<usize>())
}

impl Entry {
    fn is_removal(&self) -> bool {
        self.sha.is_none() && self.content.is_none()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitBody {
    message: String,
    #[serde(rename = "tree")]
    _tree: String,
    parents: Option<Vec<String>>,
    author: Option<Person>,
    committer: Option<Person>,
    signature: Option<String>,
}

/// `POST git/commits`
pub(crate) fn create_commit(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: CommitBody = matched.body()?;
    let parents = body.parents.unwrap_or_default();
    parents.iter().try_for_each(|parent| CommitId::new(parent).map(drop))?;
    Described::new(tool::CREATE_COMMIT)
        .fact("names_author", body.author.is_some() || body.committer.is_some())
        .fact("signed_commits", body.signature.is_some())
        .message([body.message.as_str()])
        .count("parents", parents.len())
}
