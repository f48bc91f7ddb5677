//! From two trees to the changes between them.

use std::path::Path;

use git2::{Delta, DiffFile, Oid, Tree};

use crate::{
    change::{Change, MAX_CHANGES, SUBMODULE, SYMLINK, Status, kind},
    content::{self, Content},
    error::NormalizeError,
    objects::Objects,
    path, rename,
};

/// The longest target of a symbolic link, in bytes.
const MAX_TARGET: usize = 4096;

/// Reads the changes from one tree to another, in the order of their paths.
pub(crate) fn read(objects: &Objects, old: Oid, new: Oid) -> Result<Vec<Change>, NormalizeError> {
    let trees = (objects.tree(old)?, objects.tree(new)?);
    let diff = objects.diff(&trees)?;
    // A rename is two changes until it is found to be one; finding out costs more than counting.
    refuse_more_than(2 * MAX_CHANGES, diff.deltas().len())?;
    let (mut pairs, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        match delta.status() {
            Delta::Added => added.push(Side::read(&trees.1, &new)?),
            Delta::Deleted => removed.push(Side::read(&trees.0, &old)?),
            Delta::Modified | Delta::Typechange => {
                pairs.push(Pair::kept(Side::read(&trees.0, &old)?, Side::read(&trees.1, &new)?));
            }
            // Renames are not looked for here, and two trees have neither conflicts nor untracked files.
            other => {
                let error = git2::Error::from_str(&format!("it has the status {other:?}"));
                return Err(NormalizeError::git("read a change")(error));
            }
        }
    }
    pairs.extend(rename::join(objects, removed, added)?);
    refuse_more_than(MAX_CHANGES, pairs.len())?;
    pairs.sort_by(|a, b| a.path().cmp(&b.path()));
    pairs.into_iter().map(|pair| pair.into_change(objects)).collect()
}

fn refuse_more_than(max: usize, seen: usize) -> Result<(), NormalizeError> {
    if seen > max { Err(NormalizeError::TooLarge { seen, max: MAX_CHANGES }) } else { Ok(()) }
}

fn path_of(file: &DiffFile<'_>) -> Result<String, NormalizeError> {
    path::read(file.path_bytes().unwrap_or_default())
}

/// A change as far as the trees tell.
pub(crate) struct Pair {
    status: Status,
    old: Side,
    new: Side,
}

impl Pair {
    pub(crate) fn added(new: Side) -> Self {
        Self { status: Status::Added, old: Side::absent(), new }
    }

    pub(crate) fn removed(old: Side) -> Self {
        Self { status: Status::Deleted, old, new: Side::absent() }
    }

    pub(crate) fn renamed(old: Side, new: Side) -> Self {
        Self { status: Status::Renamed, old, new }
    }

    fn kept(old: Side, new: Side) -> Self {
        let same_kind = kind(old.mode) == kind(new.mode);
        let status = if same_kind { Status::Modified } else { Status::Typechange };
        Self { status, old, new }
    }

    /// The path after; of what is gone, the path before.
    fn path(&self) -> Option<&str> {
        self.new.path.as_deref().or(self.old.path.as_deref())
    }

    /// Looks at the content too.
    fn into_change(self, objects: &Objects) -> Result<Change, NormalizeError> {
        let symlink_target = match &self.new.path {
            Some(path) if self.new.mode == SYMLINK => {
                Some(read_target(objects, path, self.new.id)?)
            }
            Some(_) | None => None,
        };
        let Content { lines, adds_text, size, is_lfs } =
            content::compare(objects, self.old.file(), self.new.file())?;
        Ok(Change {
            status: self.status,
            old_path: self.old.path,
            new_path: self.new.path,
            old_mode: self.old.mode,
            new_mode: self.new.mode,
            symlink_target,
            lines_added: lines.map(|(added, _)| added),
            lines_removed: lines.map(|(_, removed)| removed),
            new_bytes: size,
            adds_text,
            is_lfs,
        })
    }
}

/// One side of a change.
pub(crate) struct Side {
    /// `None` if there is nothing on this side.
    path: Option<String>,
    pub(crate) mode: u32,
    pub(crate) id: Oid,
}

impl Side {
    fn absent() -> Self {
        Self { path: None, mode: 0, id: Oid::ZERO_SHA1 }
    }

    /// Reads the mode from the tree: the one in the delta makes `git2` panic if it is none that git writes.
    fn read(tree: &Tree<'_>, file: &DiffFile<'_>) -> Result<Self, NormalizeError> {
        let path = path_of(file)?;
        let entry = tree
            .get_path(Path::new(&path))
            .map_err(NormalizeError::git(format!("find `{path}` in its tree")))?;
        let refuse = |problem| Err(NormalizeError::Path { path: path.clone(), problem });
        if entry.id() != file.id() {
            return refuse("its tree holds it twice");
        }
        let mode = match entry.filemode_raw() {
            // Git wrote the second one long ago, and reads it as the first.
            0o100_644 | 0o100_664 => 0o100_644,
            0o100_755 => 0o100_755,
            0o120_000 => SYMLINK,
            0o160_000 => SUBMODULE,
            _ => return refuse("its mode is none that git writes"),
        };
        Ok(Self { path: Some(path), mode, id: entry.id() })
    }

    /// The path without its folders.
    pub(crate) fn name(&self) -> Option<&str> {
        self.path.as_deref().map(|path| path.rsplit_once('/').map_or(path, |(_, name)| name))
    }

    /// The content, if this is a file.
    pub(crate) fn file(&self) -> Option<Oid> {
        (kind(self.mode) == 0o100_000).then_some(self.id)
    }
}

/// Where a symbolic link leads.
fn read_target(objects: &Objects, link: &str, id: Oid) -> Result<String, NormalizeError> {
    let target = objects.blob(id, MAX_TARGET)?.ok_or_else(|| NormalizeError::Path {
        path: link.to_owned(),
        problem: "it is a symbolic link whose target is longer than 4096 bytes",
    })?;
    path::read_target(link, &target)
}
