//! From two trees to the changes between them.

use std::path::Path;

use git2::{Delta, Diff, DiffDelta, DiffFile, Oid, Tree};

use crate::{
    change::{Change, MAX_CHANGES, SUBMODULE, SYMLINK, Status, kind},
    content::{self, Content},
    error::NormalizeError,
    objects::{Objects, find_renames},
    path,
};

/// The longest target of a symbolic link, in bytes.
const MAX_TARGET: usize = 4096;

/// Reads the changes from one tree to another, in the order of their paths.
pub(crate) fn read(objects: &Objects, old: Oid, new: Oid) -> Result<Vec<Change>, NormalizeError> {
    let trees = (objects.tree(old)?, objects.tree(new)?);
    let whole = objects.diff(&trees, &[])?;
    // A rename is two changes until it is found to be one; finding out costs more than counting.
    refuse_more_than(2 * MAX_CHANGES, whole.deltas().len())?;
    let (kept, rest) = whole
        .deltas()
        .map(|delta| Pair::read(&trees, &delta))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .partition::<Vec<_>, _>(|pair| pair.status == Status::Typechange);
    // Git joins no path with one that stayed and became another kind of thing. libgit2 would, so it is not shown these.
    let mut pairs = if kept.is_empty() {
        with_renames(&trees, whole)?
    } else if rest.is_empty() {
        kept
    } else {
        let paths: Vec<&str> = rest.iter().filter_map(Pair::path).collect();
        let mut pairs = with_renames(&trees, objects.diff(&trees, &paths)?)?;
        pairs.extend(kept);
        pairs
    };
    pairs = join_links_and_submodules(pairs);
    refuse_more_than(MAX_CHANGES, pairs.len())?;
    pairs.sort_by(|a, b| a.path().cmp(&b.path()));
    pairs.into_iter().map(|pair| pair.into_change(objects)).collect()
}

fn refuse_more_than(max: usize, seen: usize) -> Result<(), NormalizeError> {
    if seen > max { Err(NormalizeError::TooLarge { seen, max: MAX_CHANGES }) } else { Ok(()) }
}

fn with_renames(
    trees: &(Tree<'_>, Tree<'_>),
    mut diff: Diff<'_>,
) -> Result<Vec<Pair>, NormalizeError> {
    find_renames(&mut diff)?;
    diff.deltas().map(|delta| Pair::read(trees, &delta)).collect()
}

/// Finds the renames of symbolic links and submodules, which libgit2 leaves as a removal and an addition: as git does, each
/// addition takes a removal of the same object, one of the same file name before others.
fn join_links_and_submodules(pairs: Vec<Pair>) -> Vec<Pair> {
    let is_moved_in =
        |pair: &Pair| pair.status == Status::Added && matches!(pair.new.mode, SYMLINK | SUBMODULE);
    let (added, mut pairs): (Vec<_>, Vec<_>) = pairs.into_iter().partition(is_moved_in);
    let mut joined = Vec::with_capacity(added.len());
    for mut pair in added {
        let same = |other: &Pair| {
            other.status == Status::Deleted
                && (other.old.mode, other.old.id) == (pair.new.mode, pair.new.id)
        };
        let of_same_name = |other: &Pair| same(other) && other.old.name() == pair.new.name();
        if let Some(at) =
            pairs.iter().position(of_same_name).or_else(|| pairs.iter().position(same))
        {
            pair.old = pairs.remove(at).old;
            pair.status = Status::Renamed;
        }
        joined.push(pair);
    }
    pairs.extend(joined);
    pairs
}

/// A change as far as the trees tell.
struct Pair {
    status: Status,
    old: Side,
    new: Side,
}

impl Pair {
    fn read(trees: &(Tree<'_>, Tree<'_>), delta: &DiffDelta<'_>) -> Result<Self, NormalizeError> {
        let status = match delta.status() {
            Delta::Added => Status::Added,
            Delta::Deleted => Status::Deleted,
            Delta::Modified => Status::Modified,
            Delta::Renamed => Status::Renamed,
            Delta::Typechange => Status::Typechange,
            // Copies are not looked for, and two trees have neither conflicts nor untracked files.
            other => {
                let error = git2::Error::from_str(&format!("it has the status {other:?}"));
                return Err(NormalizeError::git("read a change")(error));
            }
        };
        let old = match status {
            Status::Added => Side::absent(),
            _ => Side::read(&trees.0, &delta.old_file())?,
        };
        let new = match status {
            Status::Deleted => Side::absent(),
            _ => Side::read(&trees.1, &delta.new_file())?,
        };
        Ok(Self { status, old, new })
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
        let Content { lines, adds_text, is_lfs } =
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
            adds_text,
            is_lfs,
        })
    }
}

/// One side of a change.
struct Side {
    /// `None` if there is nothing on this side.
    path: Option<String>,
    mode: u32,
    id: Oid,
}

impl Side {
    fn absent() -> Self {
        Self { path: None, mode: 0, id: Oid::ZERO_SHA1 }
    }

    /// Reads the mode from the tree: the one in the delta makes `git2` panic if it is none that git writes.
    fn read(tree: &Tree<'_>, file: &DiffFile<'_>) -> Result<Self, NormalizeError> {
        let path = path::read(file.path_bytes().unwrap_or_default())?;
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
    fn name(&self) -> Option<&str> {
        self.path.as_deref().map(|path| path.rsplit_once('/').map_or(path, |(_, name)| name))
    }

    /// The content, if this is a file.
    fn file(&self) -> Option<Oid> {
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
