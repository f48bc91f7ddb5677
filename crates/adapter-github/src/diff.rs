//! From the differences of two trees to the changes between them.

use git2::Oid;

use crate::{
    change::{Change, MAX_CHANGES, SUBMODULE, SYMLINK, Status, kind},
    content::{self, Content},
    differences::{Difference, Node},
    error::NormalizeError,
    objects::Objects,
    path, rename,
};

/// The longest target of a symbolic link, in bytes.
const MAX_TARGET: usize = 4096;

/// Reads the changes that the differences come to, in the order of their paths.
pub(crate) fn read(
    objects: &Objects,
    differences: Vec<Difference>,
) -> Result<Vec<Change>, NormalizeError> {
    let (mut pairs, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for Difference { path, old, new } in differences {
        match (old, new) {
            (Some(old), Some(new)) => {
                let (old, new) = (Side::read(&path, old)?, Side::read(&path, new)?);
                // Two spellings of one mode are no change, for git as for us.
                if (old.mode, old.id) != (new.mode, new.id) {
                    pairs.push(Pair::kept(old, new));
                }
            }
            (Some(old), None) => removed.push(Side::read(&path, old)?),
            (None, Some(new)) => added.push(Side::read(&path, new)?),
            (None, None) => {}
        }
    }
    pairs.extend(rename::join(objects, removed, added)?);
    if pairs.len() > MAX_CHANGES {
        return Err(NormalizeError::TooLarge { seen: pairs.len(), max: MAX_CHANGES });
    }
    pairs.sort_by(|a, b| a.path().cmp(&b.path()));
    pairs.into_iter().map(|pair| pair.into_change(objects)).collect()
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

    fn read(path: &str, (mode, id): Node) -> Result<Self, NormalizeError> {
        let mode = match mode {
            // Git wrote the second one long ago, and reads it as the first.
            0o100_644 | 0o100_664 => 0o100_644,
            0o100_755 => 0o100_755,
            0o120_000 => SYMLINK,
            0o160_000 => SUBMODULE,
            _ => {
                let problem = "its mode is none that git writes";
                return Err(NormalizeError::Path { path: path.to_owned(), problem });
            }
        };
        Ok(Self { path: Some(path.to_owned()), mode, id })
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
