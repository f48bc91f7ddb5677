//! The change set of a pull request: what its head has that the merge base has not.
//!
//! As `git diff --raw -M $(git merge-base BASE HEAD) HEAD` has it: renames with both names, mode and type changes, symbolic
//! links, submodules. Read from the objects alone; no program is run, and no working copy is looked at.

use git2::{ErrorCode, Oid, Repository};

use crate::{
    collision, diff,
    differences::{self, Difference},
    error::NormalizeError,
    history::{self, Parted},
    name::BranchName,
    objects::{Commit, Objects},
    production::{self, Production},
    reference::CommitId,
};

/// The most changes that are looked at, as many as GitHub lists of a pull request.
pub const MAX_CHANGES: usize = 3000;

/// The mode of a symbolic link.
pub(crate) const SYMLINK: u32 = 0o120_000;
/// The mode of a submodule.
pub(crate) const SUBMODULE: u32 = 0o160_000;

/// The part of a mode that tells a file from a symbolic link from a submodule.
pub(crate) fn kind(mode: u32) -> u32 {
    mode & 0o170_000
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// Its content changed, or its mode did.
    Modified,
    /// It has another name, and, if it is a file, perhaps other content.
    Renamed,
    /// It became another kind of thing: a file, a symbolic link, a submodule.
    Typechange,
}

/// One change of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Lines added; `None` if the content is binary, or too large to compare. Only files have lines.
    pub lines_added: Option<usize>,
    /// Lines removed; `None` as for `lines_added`.
    pub lines_removed: Option<usize>,
    /// The size in bytes of the file's content, if that is new; zero otherwise.
    pub new_bytes: usize,
    /// Whether a line that shows something was added.
    pub(crate) adds_text: bool,
    /// Whether the file is kept in Git LFS, before or after.
    pub(crate) is_lfs: bool,
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
    pub(crate) skips_ci: bool,
    pub(crate) production: Production,
}

impl ChangeSet {
    /// Reads the change set of merging `head` into `base`.
    ///
    /// A branch is `refs/heads/<name>`, or, where there is none, `refs/remotes/origin/<name>`; never a tag or another revision.
    ///
    /// # Errors
    ///
    /// [`NormalizeError`] if a branch is missing, the two did not part at exactly one commit, there are more than
    /// [`MAX_CHANGES`] changes, or a path or a symbolic link cannot be taken for what it seems to be.
    pub fn between(
        repository: &Repository,
        base: &BranchName,
        head: &BranchName,
    ) -> Result<Self, NormalizeError> {
        let (base_id, head_id) = (resolve(repository, base)?, resolve(repository, head)?);
        Self::between_ids(repository, &Ends { base, head, base_id, head_id })
    }

    /// Reads the change set between two commits: what the `head` has and the point where it parted from the `base` has not.
    ///
    /// Beside each commit stands the branch that is at it, or comes to it.
    ///
    /// # Errors
    ///
    /// As [`ChangeSet::between`]; [`NormalizeError::Commit`] if a commit is not there.
    pub fn between_commits(
        repository: &Repository,
        base: (&BranchName, &CommitId),
        head: (&BranchName, &CommitId),
    ) -> Result<Self, NormalizeError> {
        Self::between_ids(repository, &Ends::of(base, head)?)
    }

    fn between_ids(repository: &Repository, ends: &Ends<'_>) -> Result<Self, NormalizeError> {
        let objects = Objects::of(repository)?;
        let parted = ends.parted(|id| objects.commit(id))?;
        let (old, new) =
            (objects.commit(parted.merge_base)?.tree, objects.commit(ends.head_id)?.tree);
        let differences = differences::between(|id| objects.entries(id), old, new)?;
        ends.change_set(&objects, &parted, differences, new)
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

/// Two branches, and where they are.
pub(crate) struct Ends<'a> {
    pub(crate) base: &'a BranchName,
    pub(crate) head: &'a BranchName,
    pub(crate) base_id: Oid,
    pub(crate) head_id: Oid,
}

/// The one commit at which two branches parted, and how many commits are behind the head alone.
pub(crate) struct PartedAt {
    pub(crate) merge_base: Oid,
    commits: usize,
    skips_ci: bool,
}

impl<'a> Ends<'a> {
    /// Two branches, each with the commit that it is at, or comes to.
    pub(crate) fn of(
        (base, base_commit): (&'a BranchName, &CommitId),
        (head, head_commit): (&'a BranchName, &CommitId),
    ) -> Result<Self, NormalizeError> {
        let id = |commit: &CommitId| {
            Oid::from_str(commit.as_str())
                .map_err(NormalizeError::git(format!("read the commit `{commit}`")))
        };
        Ok(Self { base, head, base_id: id(base_commit)?, head_id: id(head_commit)? })
    }

    /// Finds where the branches parted; `read` reads a commit.
    pub(crate) fn parted(
        &self,
        read: impl Fn(Oid) -> Result<Commit, NormalizeError>,
    ) -> Result<PartedAt, NormalizeError> {
        let (base, head) = (self.base.to_string(), self.head.to_string());
        match history::between(read, self.base_id, self.head_id)? {
            Parted::At { merge_base, commits, skips_ci } => {
                Ok(PartedAt { merge_base, commits, skips_ci })
            }
            Parted::AtSeveral => Err(NormalizeError::SeveralMergeBases { base, head }),
            Parted::Never => Err(NormalizeError::Unrelated { base, head }),
        }
    }

    /// Reads the change set from the differences between the trees of the merge base and the head.
    pub(crate) fn change_set(
        &self,
        objects: &Objects,
        parted: &PartedAt,
        differences: Vec<Difference>,
        head_tree: Oid,
    ) -> Result<ChangeSet, NormalizeError> {
        let changes = diff::read(objects, differences)?;
        collision::refuse(objects, head_tree, &changes)?;
        Ok(ChangeSet {
            base: self.base.clone(),
            head: self.head.clone(),
            base_sha: self.base_id.to_string(),
            head_sha: self.head_id.to_string(),
            merge_base_sha: parted.merge_base.to_string(),
            changes,
            commits: parted.commits,
            skips_ci: parted.skips_ci,
            production: production::standard()?,
        })
    }
}

/// The commit that a branch is at, by its full name and nothing that git might guess from it.
fn resolve(repository: &Repository, branch: &BranchName) -> Result<Oid, NormalizeError> {
    for reference in [format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")] {
        match repository.find_reference(&reference) {
            Ok(found) => {
                return found.target().ok_or_else(|| NormalizeError::Branch {
                    seen: branch.to_string(),
                    problem: "it is an alias of another ref; name the branch that it leads to",
                });
            }
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(NormalizeError::git(format!("read `{reference}`"))(error)),
        }
    }
    Err(NormalizeError::NoSuchBranch { branch: branch.to_string() })
}
