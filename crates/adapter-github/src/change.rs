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
}

impl Change {
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
        let diff = diff(repository, merge_base, &head_commit)?;
        if diff.deltas().len() > MAX_CHANGES {
            return Err(NormalizeError::TooLarge { seen: diff.deltas().len(), max: MAX_CHANGES });
        }
        let changes = (0..diff.deltas().len())
            .map(|at| read_change(repository, &diff, at))
            .collect::<Result<Vec<_>, _>>()?;
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

    /// The changes, in the order of git.
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

fn diff<'r>(
    repository: &'r Repository,
    merge_base: Oid,
    head: &Commit<'r>,
) -> Result<Diff<'r>, NormalizeError> {
    let compare = || -> Result<Diff<'r>, git2::Error> {
        let old = repository.find_commit(merge_base)?.tree()?;
        let mut options = DiffOptions::new();
        options.include_typechange(true).ignore_submodules(false).context_lines(0);
        let mut diff =
            repository.diff_tree_to_tree(Some(&old), Some(&head.tree()?), Some(&mut options))?;
        let mut similar = DiffFindOptions::new();
        similar.renames(true).rename_threshold(50).rename_limit(RENAME_LIMIT);
        diff.find_similar(Some(&mut similar))?;
        Ok(diff)
    };
    compare().map_err(NormalizeError::git(format!("compare {merge_base} with {}", head.id())))
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
    })
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
