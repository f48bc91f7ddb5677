//! The change set of a repository that is not here: what it takes is fetched object by object.
//!
//! A list of changed files may be cut short without saying so; objects cannot be. A tree or a blob is named by its hash, and one
//! that does not hash to its name is refused. So the trees are walked where they differ, the content of what changed is fetched,
//! and the change set is read from these as it is from a repository on disk. Of commits, the source's word is taken: its
//! answers do not hold all of a commit's bytes.

use std::{collections::HashSet, error::Error};

use git2::{ObjectType, Oid};

use crate::{
    change::{ChangeSet, Ends, SUBMODULE, SYMLINK, kind},
    differences::{self, Difference, Entry, Node},
    error::NormalizeError,
    name::BranchName,
    objects::{Commit, Objects, parse_id},
    reference::CommitId,
    text,
};

/// Where the objects of a repository are fetched from. Names of objects are 40 lower-case hexadecimal digits.
///
/// A source bounds what it fetches, and fails beyond: the change set is refused then.
pub trait ObjectSource {
    /// Fetches a commit.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being fetched. So for all of these.
    fn commit(&self, id: &str) -> Result<FetchedCommit, Box<dyn Error + Send + Sync>>;

    /// Fetches the entries of one tree, in their order, and none of what is below it.
    fn tree(&self, id: &str) -> Result<Vec<FetchedEntry>, Box<dyn Error + Send + Sync>>;

    /// Fetches the bytes of a blob.
    fn blob(&self, id: &str) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

/// What a commit says of its place in history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedCommit {
    /// The name of its tree.
    pub tree: String,
    /// The names of its parents, in their order.
    pub parents: Vec<String>,
    /// When it was committed, in seconds since the epoch, as it says itself: good for an order to walk in, and for nothing else.
    pub time: i64,
    /// Its message, whole.
    pub message: String,
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedEntry {
    /// Its mode, as git writes it: `0o100644`.
    pub mode: u32,
    /// Its name, without folders.
    pub name: String,
    /// The name of the object.
    pub id: String,
}

impl ChangeSet {
    /// Fetches the change set of merging `head` into `base`, each with the commit that it is at.
    ///
    /// # Errors
    ///
    /// As [`ChangeSet::between`]; [`NormalizeError::Incomplete`] or [`NormalizeError::OtherObject`] if a part of it cannot be had.
    pub fn fetch(
        source: &dyn ObjectSource,
        base: (&BranchName, &CommitId),
        head: (&BranchName, &CommitId),
    ) -> Result<Self, NormalizeError> {
        let ends = Ends::of(base, head)?;
        let fetch = Fetch { source, objects: Objects::in_memory()? };
        let parted = ends.parted(|id| fetch.commit(id))?;
        let (old, new) = (fetch.commit(parted.merge_base)?.tree, fetch.commit(ends.head_id)?.tree);
        let differences = differences::between(|id| fetch.tree(id), old, new)?;
        let blobs: HashSet<Oid> = differences.iter().flat_map(contents).collect();
        blobs.into_iter().try_for_each(|id| fetch.blob(id))?;
        ends.change_set(&fetch.objects, &parted, differences, new)
    }
}

fn read_id(hex: &str) -> Option<Oid> {
    parse_id(hex.as_bytes()).filter(|id| id.to_string() == hex)
}

/// A source, and the objects that came from it so far.
struct Fetch<'s> {
    source: &'s dyn ObjectSource,
    objects: Objects,
}

impl Fetch<'_> {
    fn commit(&self, id: Oid) -> Result<Commit, NormalizeError> {
        let fetched = self.source.commit(&id.to_string()).map_err(incomplete("commit", id))?;
        let read = || -> Option<Commit> {
            let parents = fetched.parents.iter().map(|parent| read_id(parent));
            Some(Commit {
                tree: read_id(&fetched.tree)?,
                parents: parents.collect::<Option<_>>()?,
                time: fetched.time,
                skips_ci: text::skips_ci([fetched.message.as_str()]),
            })
        };
        read().ok_or_else(|| NormalizeError::Commit {
            id: id.to_string(),
            problem: "it names a tree or a parent in another form than 40 hexadecimal digits",
        })
    }

    fn tree(&self, id: Oid) -> Result<Vec<Entry>, NormalizeError> {
        let fetched = self.source.tree(&id.to_string()).map_err(incomplete("tree", id))?;
        let mut bytes = Vec::new();
        let mut entries = Vec::with_capacity(fetched.len());
        for FetchedEntry { mode, name, id } in fetched {
            let id = read_id(&id).ok_or_else(|| NormalizeError::Path {
                path: name.clone(),
                problem: "its object's name is not 40 lower-case hexadecimal digits",
            })?;
            bytes.extend_from_slice(format!("{mode:o} {name}\0").as_bytes());
            bytes.extend_from_slice(id.as_bytes());
            entries.push(Entry { name: name.into_bytes(), mode, id });
        }
        self.objects.keep(id, ObjectType::Tree, &bytes)?;
        Ok(entries)
    }

    fn blob(&self, id: Oid) -> Result<(), NormalizeError> {
        let bytes = self.source.blob(&id.to_string()).map_err(incomplete("blob", id))?;
        self.objects.keep(id, ObjectType::Blob, &bytes)
    }
}

/// The blobs that a change set is read from, of one path: files on both sides unless they are the same, links only afterwards.
fn contents(difference: &Difference) -> impl Iterator<Item = Oid> + use<> {
    let of = |node: Option<Node>, wanted: fn(u32) -> bool| {
        node.filter(|(mode, _)| wanted(kind(*mode))).map(|(_, id)| id)
    };
    let is_file = |kind| !matches!(kind, SYMLINK | SUBMODULE);
    let (old, new) = (of(difference.old, is_file), of(difference.new, is_file));
    let link = of(difference.new, |kind| kind == SYMLINK);
    let files = if old == new { [None, None] } else { [old, new] };
    files.into_iter().chain([link]).flatten()
}

fn incomplete(
    kind: &'static str,
    id: Oid,
) -> impl FnOnce(Box<dyn Error + Send + Sync>) -> NormalizeError {
    move |source| NormalizeError::Incomplete { kind, id: id.to_string(), source }
}
