//! What GitHub holds and a call does not say: branches, pull requests, checks, whom an id stands for.
//!
//! Whoever holds the credential reads it from GitHub, and hands it to [`normalize_request`](crate::normalize_request). What is
//! needed and not there is an error that names it ([`Needed`]), never a default: read it, add it, and try again.

use std::{collections::HashMap, fmt};

use crate::{
    change::ChangeSet,
    checks::CheckRuns,
    error::NormalizeError,
    name::{BranchName, RepositoryName},
    production::{self, Production},
    reference::{CommitId, RefName},
};

/// All that was read from GitHub about the repositories of one call.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    repositories: HashMap<RepositoryName, RepositoryState>,
    nodes: HashMap<String, Node>,
}

impl Evidence {
    /// Nothing: enough for calls whose facts are all in the call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a repository.
    #[must_use]
    pub fn with_repository(mut self, state: RepositoryState) -> Self {
        self.repositories.insert(state.name.clone(), state);
        self
    }

    /// Adds what a node id of GraphQL stands for.
    #[must_use]
    pub fn with_node(mut self, id: impl Into<String>, node: Node) -> Self {
        self.nodes.insert(id.into(), node);
        self
    }

    /// The repository of this name.
    pub(crate) fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<&RepositoryState, NormalizeError> {
        let needed = || Needed::Repository { repository: name.clone() };
        self.repositories.get(name).ok_or_else(|| needed().into())
    }

    /// What this node id stands for.
    pub(crate) fn node(&self, id: &str) -> Result<&Node, NormalizeError> {
        let needed = || Needed::Node { id: id.chars().take(MAX_NODE_ID).collect() };
        self.nodes.get(id).ok_or_else(|| needed().into())
    }
}

/// How much of a node id is shown, in characters.
const MAX_NODE_ID: usize = 256;

/// What a node id of GraphQL stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node {
    /// A repository.
    Repository(RepositoryName),
    /// A pull request, by its number.
    PullRequest(RepositoryName, u64),
    /// An issue that is no pull request, by its number.
    Issue(RepositoryName, u64),
    /// A ref.
    Ref(RepositoryName, RefName),
    /// A user or a bot, by login.
    User(String),
    /// A team, by its slug.
    Team(String),
    /// A label, by name.
    Label(String),
}

impl Node {
    /// What kind of thing it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Repository(_) => "a repository",
            Self::PullRequest(..) => "a pull request",
            Self::Issue(..) => "an issue",
            Self::Ref(..) => "a ref",
            Self::User(_) => "a user",
            Self::Team(_) => "a team",
            Self::Label(_) => "a label",
        }
    }
}

/// What was read of one repository.
#[derive(Clone, Debug)]
pub struct RepositoryState {
    name: RepositoryName,
    default_branch: BranchName,
    branches: HashMap<BranchName, BranchState>,
    tags: HashMap<BranchName, CommitId>,
    pull_requests: HashMap<u64, PullRequestState>,
    changes: Vec<ChangeSet>,
    checks: Vec<CheckRuns>,
    production: Production,
}

/// Where a branch is, and whether it is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchState {
    /// The commit that it is at.
    pub sha: CommitId,
    /// Whether a protection rule or a ruleset holds for it.
    pub protected: bool,
}

/// Where a pull request comes from and goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestState {
    /// The branch to merge into.
    pub base: BranchName,
    /// The commit that the base is at.
    pub base_sha: CommitId,
    /// The repository of the head.
    pub head_repository: RepositoryName,
    /// The branch to merge.
    pub head: BranchName,
    /// The commit that the head is at.
    pub head_sha: CommitId,
    /// Whether GitHub verified a signature of every commit.
    pub signed_commits: bool,
}

impl RepositoryState {
    /// A repository of which no more is known yet.
    ///
    /// # Errors
    ///
    /// [`NormalizeError::Production`] if the standard list of production paths cannot be read.
    pub fn new(name: RepositoryName, default_branch: BranchName) -> Result<Self, NormalizeError> {
        Ok(Self {
            name,
            default_branch,
            branches: HashMap::new(),
            tags: HashMap::new(),
            pull_requests: HashMap::new(),
            changes: Vec::new(),
            checks: Vec::new(),
            production: production::standard()?,
        })
    }

    /// Adds a branch.
    #[must_use]
    pub fn with_branch(mut self, name: BranchName, state: BranchState) -> Self {
        self.branches.insert(name, state);
        self
    }

    /// Adds a tag, at the commit that it comes to.
    #[must_use]
    pub fn with_tag(mut self, name: BranchName, sha: CommitId) -> Self {
        self.tags.insert(name, sha);
        self
    }

    /// Adds a pull request.
    #[must_use]
    pub fn with_pull_request(mut self, number: u64, state: PullRequestState) -> Self {
        self.pull_requests.insert(number, state);
        self
    }

    /// Adds what lies between two commits.
    #[must_use]
    pub fn with_changes(mut self, changes: ChangeSet) -> Self {
        self.changes.push(changes);
        self
    }

    /// Adds the checks of a commit.
    #[must_use]
    pub fn with_checks(mut self, checks: CheckRuns) -> Self {
        self.checks.push(checks);
        self
    }

    /// Judges by another list than the standard one which of the paths that a call itself writes reach production.
    #[must_use]
    pub fn judged_by(mut self, production: Production) -> Self {
        self.production = production;
        self
    }

    pub(crate) fn name(&self) -> &RepositoryName {
        &self.name
    }

    pub(crate) fn default_branch(&self) -> &BranchName {
        &self.default_branch
    }

    pub(crate) fn production(&self) -> &Production {
        &self.production
    }

    pub(crate) fn branch(&self, name: &BranchName) -> Result<&BranchState, NormalizeError> {
        let needed = || Needed::Branch { repository: self.name.clone(), branch: name.clone() };
        self.branches.get(name).ok_or_else(|| needed().into())
    }

    /// The commit that a ref is at.
    pub(crate) fn tip(&self, name: &RefName) -> Result<&CommitId, NormalizeError> {
        match name {
            RefName::Branch(branch) => Ok(&self.branch(branch)?.sha),
            RefName::Tag(tag) => {
                let needed = || Needed::Tag { repository: self.name.clone(), tag: tag.clone() };
                self.tags.get(tag).ok_or_else(|| needed().into())
            }
        }
    }

    pub(crate) fn pull_request(&self, number: u64) -> Result<&PullRequestState, NormalizeError> {
        let needed = || Needed::PullRequest { repository: self.name.clone(), number };
        self.pull_requests.get(&number).ok_or_else(|| needed().into())
    }

    pub(crate) fn changes(
        &self,
        base: &CommitId,
        head: &CommitId,
    ) -> Result<&ChangeSet, NormalizeError> {
        let wanted =
            |set: &&ChangeSet| set.base_sha == base.as_str() && set.head_sha == head.as_str();
        self.changes.iter().find(wanted).ok_or_else(|| {
            let (base, head) = (base.clone(), head.clone());
            Needed::Changes { repository: self.name.clone(), base, head }.into()
        })
    }

    pub(crate) fn checks(&self, head: &CommitId) -> Result<&CheckRuns, NormalizeError> {
        self.checks.iter().find(|checks| checks.head_sha() == head).ok_or_else(|| {
            Needed::Checks { repository: self.name.clone(), head: head.clone() }.into()
        })
    }
}

/// What must be read from GitHub before a call can be normalized.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needed {
    /// The repository.
    Repository {
        /// Its name.
        repository: RepositoryName,
    },
    /// A branch.
    Branch {
        /// Where.
        repository: RepositoryName,
        /// Its name.
        branch: BranchName,
    },
    /// A tag.
    Tag {
        /// Where.
        repository: RepositoryName,
        /// Its name.
        tag: BranchName,
    },
    /// A pull request.
    PullRequest {
        /// Where.
        repository: RepositoryName,
        /// Its number.
        number: u64,
    },
    /// What `head` has and the point where it parted from `base` has not.
    Changes {
        /// Where.
        repository: RepositoryName,
        /// The one commit.
        base: CommitId,
        /// The other.
        head: CommitId,
    },
    /// The checks of a commit.
    Checks {
        /// Where.
        repository: RepositoryName,
        /// The commit.
        head: CommitId,
    },
    /// What a node id stands for.
    Node {
        /// The id, cut to 256 characters.
        id: String,
    },
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { repository } => write!(f, "the repository `{repository}`"),
            Self::Branch { repository, branch } => {
                write!(f, "the branch `{branch}` of `{repository}`")
            }
            Self::Tag { repository, tag } => write!(f, "the tag `{tag}` of `{repository}`"),
            Self::PullRequest { repository, number } => {
                write!(f, "the pull request {number} of `{repository}`")
            }
            Self::Changes { repository, base, head } => {
                write!(f, "the change set from {base} to {head} in `{repository}`")
            }
            Self::Checks { repository, head } => {
                write!(f, "the checks of {head} in `{repository}`")
            }
            Self::Node { id } => write!(f, "what the node id {id:?} stands for"),
        }
    }
}

impl From<Needed> for NormalizeError {
    fn from(needed: Needed) -> Self {
        Self::Evidence { needed: Box::new(needed) }
    }
}
