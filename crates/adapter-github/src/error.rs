//! Why a call cannot be normalized. Each of these is a denial.

use axtary_actionpass::{GlobError, InputError, is_invisible};

use crate::evidence::Needed;

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
    /// A part of the change set could not be fetched.
    #[error("the change set is incomplete: the {kind} `{id}` could not be fetched: {source}")]
    Incomplete {
        /// `commit`, `tree` or `blob`.
        kind: &'static str,
        /// Its name.
        id: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was fetched is not what was asked for: it was cut short, or is another object.
    #[error(
        "the change set is incomplete: what came as the {kind} `{id}` is `{seen}`, so it was cut short or is another"
    )]
    OtherObject {
        /// `tree` or `blob`.
        kind: &'static str,
        /// Its name.
        id: String,
        /// The name of what came.
        seen: String,
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
    /// A commit or a ref is not named in full.
    #[error("{seen:?} is refused: {problem}")]
    Reference {
        /// What was given, cut to 160 characters.
        seen: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// A part of a request that servers could read in more than one way.
    #[error("the {part} {seen:?} is refused: {problem}")]
    Request {
        /// Which part.
        part: &'static str,
        /// What was given, cut to 160 characters.
        seen: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// The body of a request, or the input of a mutation, has another form.
    #[error("the body is refused: {problem}")]
    Body {
        /// What is wrong with it.
        problem: String,
    },
    /// A document of GraphQL that cannot be taken for certain calls.
    #[error("the GraphQL document is refused: {problem}")]
    Document {
        /// What is wrong with it.
        problem: String,
    },
    /// The call depends on something that only GitHub knows.
    #[error("{needed} is not known; read it from GitHub and try again")]
    Evidence {
        /// What to read.
        needed: Box<Needed>,
    },
    /// The call does not say which commit it is about.
    #[error(
        "the call does not say `{name}`, so that what is pushed next would be taken too; send `{head}`"
    )]
    Unbound {
        /// The member that says so.
        name: &'static str,
        /// The commit that the head is at.
        head: String,
    },
    /// The call is about another commit than the one that GitHub is at.
    #[error("the call is for the commit `{call}`, but GitHub is at `{now}`; look at it anew")]
    Moved {
        /// The commit of the call.
        call: String,
        /// The commit that is there.
        now: String,
    },
    /// A node id stands for another kind of thing.
    #[error("the node id {id:?} stands for {kind}, not for {wanted}")]
    Node {
        /// The id, cut to 160 characters.
        id: String,
        /// What it stands for.
        kind: &'static str,
        /// What was expected.
        wanted: &'static str,
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
            Self::Incomplete { .. } | Self::OtherObject { .. } => "github.change_set_incomplete",
            Self::OtherBranches { .. } => "github.other_branches",
            Self::TooLong { .. } => "github.too_long",
            Self::Reference { .. } => "github.reference",
            Self::Request { .. } => "github.request",
            Self::Body { .. } => "github.body",
            Self::Document { .. } => "github.document",
            Self::Evidence { .. } => "github.evidence",
            Self::Unbound { .. } => "github.unbound",
            Self::Moved { .. } => "github.moved",
            Self::Node { .. } => "github.node",
            Self::Production(_) => "github.production",
            Self::Input(_) => "github.input",
            Self::Git { .. } => "github.git",
        }
    }

    /// Refuses a body; what it quotes of it may be anything.
    pub(crate) fn body(problem: impl AsRef<str>) -> Self {
        Self::Body { problem: one_line(problem.as_ref()) }
    }

    /// Refuses a document; what it quotes of it may be anything.
    pub(crate) fn document(problem: impl AsRef<str>) -> Self {
        Self::Document { problem: one_line(problem.as_ref()) }
    }

    /// Names the operation that libgit2 failed in.
    pub(crate) fn git(operation: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        |source| Self::Git { operation: operation.into(), source }
    }
}

/// As much of a message as a log can take, with what nobody sees escaped.
fn one_line(message: &str) -> String {
    let mut line = String::new();
    for character in message.chars().take(MAX_MESSAGE) {
        if is_invisible(character) {
            line.extend(character.escape_unicode());
        } else {
            line.push(character);
        }
    }
    line
}

/// The longest message that quotes what it refuses, in characters.
const MAX_MESSAGE: usize = 400;

impl From<axtary_actionpass::ScanError> for NormalizeError {
    fn from(error: axtary_actionpass::ScanError) -> Self {
        Self::Input(error.into())
    }
}
