//! The change set of a repository that is not here: what it takes is fetched object by object.
//!
//! A list of changed files may be cut short without saying so; objects cannot be. A tree or a blob is named by its hash, and one
//! that does not hash to its name is refused. So the trees are walked where they differ, the content of what changed is fetched,
//! and the change set is read from these as it is from a repository on disk. Of commits, the source's word is taken: its
//! answers do not hold all of a commit's bytes.

use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
};

use git2::{ObjectType, Oid};

use crate::{
    change::{ChangeSet, Ends, MAX_CHANGES, SUBMODULE, SYMLINK, kind},
    error::NormalizeError,
    name::BranchName,
    objects::{Commit, Objects, parse_id},
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

/// The mode of a tree.
const TREE: u32 = 0o040_000;

impl ChangeSet {
    /// Fetches the change set of merging `head`, which is at the commit `head_sha`, into `base`, which is at `base_sha`.
    ///
    /// # Errors
    ///
    /// As [`ChangeSet::between`]; [`NormalizeError::Incomplete`] or [`NormalizeError::OtherObject`] if a part of it cannot be had.
    pub fn fetch(
        source: &dyn ObjectSource,
        (base, base_sha): (&BranchName, &str),
        (head, head_sha): (&BranchName, &str),
    ) -> Result<Self, NormalizeError> {
        let commit_id = |id: &str| {
            let problem = "its name is not 40 lower-case hexadecimal digits";
            read_id(id).ok_or_else(|| NormalizeError::Commit { id: id.to_owned(), problem })
        };
        let ends =
            Ends { base, head, base_id: commit_id(base_sha)?, head_id: commit_id(head_sha)? };
        let fetch = Fetch { source, objects: Objects::in_memory()? };
        let parted = ends.parted(|id| fetch.commit(id))?;
        let trees = (fetch.commit(parted.merge_base)?.tree, fetch.commit(ends.head_id)?.tree);
        fetch.differences(trees)?;
        ends.change_set(&fetch.objects, &parted, trees)
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

/// An entry on one side: its mode and its object.
type Side = (u32, Oid);

impl Fetch<'_> {
    fn commit(&self, id: Oid) -> Result<Commit, NormalizeError> {
        let fetched = self.source.commit(&id.to_string()).map_err(incomplete("commit", id))?;
        let read = || -> Option<Commit> {
            let parents = fetched.parents.iter().map(|parent| read_id(parent));
            Some(Commit {
                tree: read_id(&fetched.tree)?,
                parents: parents.collect::<Option<_>>()?,
                time: fetched.time,
            })
        };
        read().ok_or_else(|| NormalizeError::Commit {
            id: id.to_string(),
            problem: "it names a tree or a parent in another form than 40 hexadecimal digits",
        })
    }

    /// Fetches the folders in which two trees differ, and the content of what differs.
    fn differences(&self, (old, new): (Oid, Oid)) -> Result<(), NormalizeError> {
        let mut folders = vec![(Some(old), Some(new))];
        let mut blobs = HashSet::new();
        let mut changes = 0;
        while let Some((old, new)) = folders.pop() {
            let mut names: BTreeMap<String, (Option<Side>, Option<Side>)> = BTreeMap::new();
            for (name, side) in self.tree(old)? {
                names.entry(name).or_default().0 = Some(side);
            }
            for (name, side) in self.tree(new)? {
                names.entry(name).or_default().1 = Some(side);
            }
            for (old, new) in names.into_values().filter(|(old, new)| old != new) {
                let folder = |side: Option<Side>| side.filter(|(mode, _)| *mode == TREE);
                let (old_folder, new_folder) = (folder(old), folder(new));
                if old_folder.or(new_folder).is_some() {
                    folders.push((old_folder.map(|(_, id)| id), new_folder.map(|(_, id)| id)));
                }
                changes += usize::from(old_folder != old || new_folder != new);
                blobs.extend(contents(old, new));
            }
            if changes > 2 * MAX_CHANGES {
                return Err(NormalizeError::TooLarge { seen: changes, max: MAX_CHANGES });
            }
        }
        blobs.into_iter().try_for_each(|id| self.blob(id))
    }

    /// The entries of a tree that is there.
    fn tree(&self, id: Option<Oid>) -> Result<Vec<(String, Side)>, NormalizeError> {
        let Some(id) = id else { return Ok(Vec::new()) };
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
            entries.push((name, (mode, id)));
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
fn contents(old: Option<Side>, new: Option<Side>) -> impl Iterator<Item = Oid> {
    let is_file = |side: &Side| !matches!(kind(side.0), TREE | SYMLINK | SUBMODULE);
    let file = |side: Option<Side>| side.filter(is_file).map(|(_, id)| id);
    let (old_file, new_file) = (file(old), file(new));
    let link = new.filter(|(mode, _)| kind(*mode) == SYMLINK).map(|(_, id)| id);
    let files = if old_file == new_file { [None, None] } else { [old_file, new_file] };
    files.into_iter().chain([link]).flatten()
}

fn incomplete(
    kind: &'static str,
    id: Oid,
) -> impl FnOnce(Box<dyn Error + Send + Sync>) -> NormalizeError {
    move |source| NormalizeError::Incomplete { kind, id: id.to_string(), source }
}
