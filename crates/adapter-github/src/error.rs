//! Why a call cannot be normalized. Each of these is a denial.

use axtary_actionpass::{GlobError, InputError};

/// Why a call cannot be normalized.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NormalizeError {
    /// A name of a repository has another form.
    #[error(
        "a repository must be `owner/name` in GitHub's characters, such as `company/web-app`, but is {seen:?}"
    )]
    Repository {
        /// What was given, cut to 160 characters.
        seen: String,
    },
    /// A name of a branch has another form.
    #[error("the branch {seen:?} is refused: {problem}")]
    Branch {
        /// What was given, cut to 160 characters.
        seen: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// There is no such branch.
    #[error(
        "there is no branch `{branch}`, neither here nor at the remote `origin`; fetch it first"
    )]
    NoSuchBranch {
        /// The branch.
        branch: String,
    },
    /// The two branches have no commit in common.
    #[error(
        "`{base}` and `{head}` have no commit in common, so there is no change set between them"
    )]
    Unrelated {
        /// The branch to merge into.
        base: String,
        /// The branch to merge.
        head: String,
    },
    /// The two branches parted at several commits that are equally near, so that there are several change sets.
    #[error(
        "`{base}` and `{head}` were merged in both directions, so there are several change sets between them; merge `{base}` into `{head}` once more"
    )]
    SeveralMergeBases {
        /// The branch to merge into.
        base: String,
        /// The branch to merge.
        head: String,
    },
    /// A commit cannot be read.
    #[error("the commit `{id}` cannot be read: {problem}")]
    Commit {
        /// The commit.
        id: String,
        /// Why not.
        problem: &'static str,
    },
    /// The branches parted longer ago than is looked for.
    #[error("the branches did not part within the {max} commits that are looked at")]
    HistoryTooLong {
        /// How many commits are looked at.
        max: usize,
    },
    /// A path in the change set cannot be taken for what it seems to be.
    #[error("the path `{path}` is refused: {problem}")]
    Path {
        /// The path; what is not UTF-8 or cannot be seen is escaped.
        path: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// Two names that would stand side by side, and that some file systems take for one.
    #[error("the paths {first:?} and {second:?} are one on some systems; give one another name")]
    Ambiguous {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A symbolic link that may lead out of the repository, or into `.git`.
    #[error("the symbolic link `{path}` leads to `{target}`: {problem}")]
    SymlinkEscapes {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
        /// Why that is refused.
        problem: &'static str,
    },
    /// More changes than can be looked at.
    #[error(
        "the change set has {seen} changes, more than the {max} that can be looked at; split it"
    )]
    TooLarge {
        /// How many there are.
        seen: usize,
        /// How many there may be.
        max: usize,
    },
    /// The call and the change set are about different branches.
    #[error("the call merges `{call}`, and the change set is of `{changes}`")]
    OtherBranches {
        /// Head and base of the call.
        call: String,
        /// Head and base of the change set.
        changes: String,
    },
    /// A text of the call is too long.
    #[error("the {what} has {characters} characters, more than the {max} that GitHub takes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        characters: usize,
        /// Its greatest length.
        max: usize,
    },
    /// A list of production paths cannot be read.
    #[error("the list of production paths cannot be read: {0}")]
    Production(#[from] GlobError),
    /// A part of the action is not in form.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The repository cannot be read.
    #[error("cannot {operation}: {}", source.message())]
    Git {
        /// What was tried, and on what.
        operation: String,
        /// What libgit2 said.
        source: git2::Error,
    },
}

impl NormalizeError {
    /// A stable name for this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Repository { .. } => "github.repository",
            Self::Branch { .. } => "github.branch",
            Self::NoSuchBranch { .. } => "github.no_such_branch",
            Self::Unrelated { .. } => "github.unrelated",
            Self::SeveralMergeBases { .. } => "github.several_merge_bases",
            Self::Commit { .. } => "github.commit",
            Self::HistoryTooLong { .. } => "github.history_too_long",
            Self::Path { .. } => "github.path",
            Self::Ambiguous { .. } => "github.ambiguous_paths",
            Self::SymlinkEscapes { .. } => "github.symlink_escapes",
            Self::TooLarge { .. } => "github.change_set_too_large",
            Self::OtherBranches { .. } => "github.other_branches",
            Self::TooLong { .. } => "github.too_long",
            Self::Production(_) => "github.production",
            Self::Input(_) => "github.input",
            Self::Git { .. } => "github.git",
        }
    }

    /// Names the operation that libgit2 failed in.
    pub(crate) fn git(operation: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        |source| Self::Git { operation: operation.into(), source }
    }
}

impl From<axtary_actionpass::ScanError> for NormalizeError {
    fn from(error: axtary_actionpass::ScanError) -> Self {
        Self::Input(error.into())
    }
}
