//! The change set of a pull request: what its head has that the merge base has not.
//!
//! As `git diff --raw -M $(git merge-base BASE HEAD) HEAD` has it: renames with both names, mode and type changes, symbolic links,
//! submodules. Read with libgit2 from the objects; no program is run and no working copy is looked at.

use std::collections::BTreeMap;

use axtary_actionpass::path_key;
use git2::{Commit, Delta, Diff, DiffFindOptions, DiffOptions, FileMode, Oid, Patch, Repository};

use crate::{
    error::NormalizeError,
    name::BranchName,
    path,
    production::{self, Production},
};

/// The most changes that are looked at, as many as GitHub lists of a pull request.
pub const MAX_CHANGES: usize = 3000;

/// Below how many candidates renames are looked for; git's own default.
const RENAME_LIMIT: usize = 1000;

/// The longest target of a symbolic link, in bytes.
const MAX_TARGET: usize = 4096;

/// The mode of a symbolic link.
pub(crate) const SYMLINK: u32 = 0o120_000;
/// The mode of a submodule.
pub(crate) const SUBMODULE: u32 = 0o160_000;

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// Its content or its mode changed.
    Modified,
    /// It has another name, and perhaps other content.
    Renamed,
    /// It became another kind of thing: a file, a symbolic link, a submodule.
    Typechange,
}

/// One change of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub status: Status,
    /// The path before; `None` if there was none.
    pub old_path: Option<String>,
    /// The path after; `None` if there is none.
    pub new_path: Option<String>,
    /// The mode before, as git writes it: `0o100644`. Zero if there was nothing.
    pub old_mode: u32,
    /// The mode after. Zero if there is nothing.
    pub new_mode: u32,
    /// Where the path leads, if it is a symbolic link afterwards.
    pub symlink_target: Option<String>,
    /// Lines added; `None` if the content is binary.
    pub lines_added: Option<usize>,
    /// Lines removed; `None` if the content is binary.
    pub lines_removed: Option<usize>,
    /// Whether a line that is not blank was added.
    pub adds_text: bool,
    old_id: Oid,
    new_id: Oid,
}

impl Change {
    /// Whether it is a symbolic link or a submodule afterwards.
    fn is_special(&self) -> bool {
        matches!(self.new_mode, SYMLINK | SUBMODULE)
    }

    /// Both names, the old one first; a name that did not change once.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let old = self.old_path.as_deref();
        let new = self.new_path.as_deref().filter(|new| Some(*new) != old);
        old.into_iter().chain(new)
    }
}

/// What a pull request changes, and between which commits.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    pub(crate) base: BranchName,
    pub(crate) head: BranchName,
    pub(crate) base_sha: String,
    pub(crate) head_sha: String,
    pub(crate) merge_base_sha: String,
    pub(crate) changes: Vec<Change>,
    pub(crate) commits: usize,
    pub(crate) production: Production,
}

impl ChangeSet {
    /// Reads the change set of merging `head` into `base`.
    ///
    /// A branch is `refs/heads/<name>`, or, where there is none, `refs/remotes/origin/<name>`; never a tag or another revision.
    ///
    /// # Errors
    ///
    /// [`NormalizeError`] if a branch is missing, the two have no commit in common, there are more than [`MAX_CHANGES`] changes, or
    /// a path or a symbolic link cannot be taken for what it seems to be.
    pub fn between(
        repository: &Repository,
        base: &BranchName,
        head: &BranchName,
    ) -> Result<Self, NormalizeError> {
        let (base_commit, head_commit) = (resolve(repository, base)?, resolve(repository, head)?);
        let merge_base =
            repository.merge_base(base_commit.id(), head_commit.id()).map_err(|error| {
                if error.code() == git2::ErrorCode::NotFound {
                    NormalizeError::Unrelated { base: base.to_string(), head: head.to_string() }
                } else {
                    NormalizeError::git("find the merge base")(error)
                }
            })?;
        let changes = pair_renames(read_changes(repository, merge_base, &head_commit)?);
        refuse_ambiguity(&changes)?;
        Ok(Self {
            base: base.clone(),
            head: head.clone(),
            commits: count_commits(repository, base_commit.id(), head_commit.id())?,
            base_sha: base_commit.id().to_string(),
            head_sha: head_commit.id().to_string(),
            merge_base_sha: merge_base.to_string(),
            changes,
            production: production::standard()?,
        })
    }

    /// Judges what reaches production by another list than the standard one.
    #[must_use]
    pub fn judged_by(mut self, production: Production) -> Self {
        self.production = production;
        self
    }

    /// The changes, in the order of their paths.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The commit that the base branch is at.
    pub fn base_sha(&self) -> &str {
        &self.base_sha
    }

    /// The commit that the head branch is at.
    pub fn head_sha(&self) -> &str {
        &self.head_sha
    }

    /// The commit that the changes are counted from.
    pub fn merge_base_sha(&self) -> &str {
        &self.merge_base_sha
    }
}

/// The commit that a branch is at.
fn resolve<'r>(
    repository: &'r Repository,
    branch: &BranchName,
) -> Result<Commit<'r>, NormalizeError> {
    for reference in [format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")] {
        match repository.find_reference(&reference) {
            Ok(found) => {
                return found
                    .peel_to_commit()
                    .map_err(NormalizeError::git(format!("read `{reference}`")));
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => {}
            Err(error) => return Err(NormalizeError::git(format!("read `{reference}`"))(error)),
        }
    }
    Err(NormalizeError::NoSuchBranch { branch: branch.to_string() })
}

/// The changes between two commits; of renames, those of regular files are paired.
fn read_changes(
    repository: &Repository,
    merge_base: Oid,
    head: &Commit<'_>,
) -> Result<Vec<Change>, NormalizeError> {
    let failed = || NormalizeError::git(format!("compare {merge_base} with {}", head.id()));
    let whole = compare(repository, merge_base, head, &[]).map_err(failed())?;
    if whole.deltas().len() > MAX_CHANGES {
        return Err(NormalizeError::TooLarge { seen: whole.deltas().len(), max: MAX_CHANGES });
    }
    let (kept, rest): (Vec<_>, Vec<_>) =
        whole.deltas().enumerate().partition(|(_, d)| d.status() == Delta::Typechange);
    let kept: Vec<usize> = kept.into_iter().map(|(at, _)| at).collect();
    // Git pairs no path with one that stayed and became another kind of thing; libgit2 would, so it is not shown these.
    let rest: Vec<Vec<u8>> = rest
        .iter()
        .filter_map(|(_, delta)| delta.new_file().path_bytes().map(<[u8]>::to_vec))
        .collect();
    let mut changes: Vec<Change> =
        kept.iter().map(|at| read_change(repository, &whole, *at)).collect::<Result<_, _>>()?;
    if rest.is_empty() {
        return Ok(changes);
    }
    let mut others = if kept.is_empty() {
        whole
    } else {
        compare(repository, merge_base, head, &rest).map_err(failed())?
    };
    let mut similar = DiffFindOptions::new();
    similar.renames(true).rename_threshold(50).rename_limit(RENAME_LIMIT);
    others.find_similar(Some(&mut similar)).map_err(failed())?;
    for at in 0..others.deltas().len() {
        changes.push(read_change(repository, &others, at)?);
    }
    Ok(changes)
}

/// Compares two commits' trees, as far as `paths` go; all of them if there are none.
fn compare<'r>(
    repository: &'r Repository,
    merge_base: Oid,
    head: &Commit<'_>,
    paths: &[Vec<u8>],
) -> Result<Diff<'r>, git2::Error> {
    let mut options = DiffOptions::new();
    options
        .include_typechange(true)
        .ignore_submodules(false)
        .context_lines(0)
        .disable_pathspec_match(true);
    for path in paths {
        options.pathspec(path.as_slice());
    }
    let old = repository.find_commit(merge_base)?.tree()?;
    repository.diff_tree_to_tree(Some(&old), Some(&head.tree()?), Some(&mut options))
}

fn read_change(
    repository: &Repository,
    diff: &Diff<'_>,
    at: usize,
) -> Result<Change, NormalizeError> {
    let failed = || NormalizeError::git("read a change");
    let patch = Patch::from_diff(diff, at).map_err(failed())?;
    // Looked at after the patch, which finds out whether the content is binary.
    let delta = diff.get_delta(at).ok_or_else(|| {
        failed()(git2::Error::from_str("the change set has shrunk while it was read"))
    })?;
    let (old, new) = (delta.old_file(), delta.new_file());
    let side = |file: &git2::DiffFile<'_>| -> Result<Option<String>, NormalizeError> {
        match file.mode() {
            FileMode::Unreadable => Ok(None),
            _ => path::read(file.path_bytes().unwrap_or_default()).map(Some),
        }
    };
    let (old_path, new_path) = (side(&old)?, side(&new)?);
    let status = match delta.status() {
        Delta::Added => Status::Added,
        Delta::Deleted => Status::Deleted,
        Delta::Modified => Status::Modified,
        Delta::Renamed => Status::Renamed,
        Delta::Typechange => Status::Typechange,
        other => {
            return Err(NormalizeError::Path {
                path: new_path.or(old_path).unwrap_or_default(),
                problem: match other {
                    Delta::Conflicted => "it is in conflict",
                    _ => "git says nothing known of it",
                },
            });
        }
    };
    let symlink_target = match (new.mode(), &new_path) {
        (FileMode::Link, Some(path)) => Some(read_target(repository, path, new.id())?),
        _ => None,
    };
    let (lines, adds_text) = match &patch {
        Some(patch) if !delta.flags().is_binary() => {
            let (_, added, removed) = patch.line_stats().map_err(failed())?;
            (Some((added, removed)), adds_text(patch).map_err(failed())?)
        }
        Some(_) | None => (None, false),
    };
    Ok(Change {
        status,
        old_path,
        new_path,
        old_mode: mode(old.mode()),
        new_mode: mode(new.mode()),
        symlink_target,
        lines_added: lines.map(|(added, _)| added),
        lines_removed: lines.map(|(_, removed)| removed),
        adds_text,
        old_id: old.id(),
        new_id: new.id(),
    })
}

/// Finds the renames of symbolic links and submodules, which libgit2 leaves as a removal and an addition: as git does, each addition
/// takes the first removal of the same object, one of the same file name before others.
fn pair_renames(mut changes: Vec<Change>) -> Vec<Change> {
    let mut paired = Vec::with_capacity(changes.len());
    while let Some(at) =
        changes.iter().position(|change| change.status == Status::Added && change.is_special())
    {
        let mut added = changes.remove(at);
        let same = |change: &Change| {
            change.status == Status::Deleted
                && (change.old_mode, change.old_id) == (added.new_mode, added.new_id)
        };
        let found = changes
            .iter()
            .position(|change| {
                same(change) && file_name(&change.old_path) == file_name(&added.new_path)
            })
            .or_else(|| changes.iter().position(same));
        if let Some(found) = found {
            let removed = changes.remove(found);
            added.status = Status::Renamed;
            added.old_path = removed.old_path;
            added.old_mode = removed.old_mode;
            added.old_id = removed.old_id;
            // Nothing but the name changed.
            added.lines_added = added.lines_added.map(|_| 0);
            added.lines_removed = added.lines_removed.map(|_| 0);
            added.adds_text = false;
        }
        paired.push(added);
    }
    paired.extend(changes);
    paired.sort_by(|a, b| a.paths().last().cmp(&b.paths().last()));
    paired
}

fn file_name(path: &Option<String>) -> Option<&str> {
    path.as_deref().map(|path| path.rsplit_once('/').map_or(path, |(_, name)| name))
}

fn mode(mode: FileMode) -> u32 {
    u32::try_from(i32::from(mode)).unwrap_or(0)
}

fn adds_text(patch: &Patch<'_>) -> Result<bool, git2::Error> {
    for hunk in 0..patch.num_hunks() {
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            if line.origin() == '+' && !line.content().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Where a symbolic link leads; it may not lead out of the repository.
fn read_target(repository: &Repository, path: &str, id: Oid) -> Result<String, NormalizeError> {
    let blob =
        repository.find_blob(id).map_err(NormalizeError::git(format!("read the link `{path}`")))?;
    let refuse = |problem| Err(NormalizeError::Path { path: path.to_owned(), problem });
    let Ok(target) = std::str::from_utf8(blob.content()) else {
        return refuse("it is a symbolic link whose target is not UTF-8");
    };
    if target.len() > MAX_TARGET || target.chars().any(axtary_actionpass::is_invisible) {
        return refuse(
            "it is a symbolic link whose target is too long, or holds characters that nobody sees",
        );
    }
    if !path::stays_inside(path, target) {
        return Err(NormalizeError::SymlinkEscapes {
            path: path.to_owned(),
            target: target.to_owned(),
        });
    }
    Ok(target.to_owned())
}

/// Refuses a set in which two paths may be one file. The two names of one rename may be: that is how case is corrected.
fn refuse_ambiguity(changes: &[Change]) -> Result<(), NormalizeError> {
    let mut seen: BTreeMap<String, (usize, &str)> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        for path in change.paths() {
            match seen.insert(path_key(path), (at, path)) {
                Some((other, first)) if other != at && first != path => {
                    return Err(NormalizeError::Ambiguous {
                        first: first.to_owned(),
                        second: path.to_owned(),
                    });
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(())
}

/// How many commits the head has that the base has not.
fn count_commits(repository: &Repository, base: Oid, head: Oid) -> Result<usize, NormalizeError> {
    let count = || -> Result<usize, git2::Error> {
        let mut walk = repository.revwalk()?;
        walk.push(head)?;
        walk.hide(base)?;
        walk.try_fold(0, |count, commit| commit.map(|_| count + 1))
    };
    count().map_err(NormalizeError::git("count the commits"))
}
