//! Normalizes GitHub calls: a call and what is known of the repository go in, an [`Action`] with facts derived from the commits
//! themselves comes out.
//!
//! ```text
//! RestRequest ── request ── route ─────────┐
//!                         └ graphql ───────┤
//!                                          ├── normalize ──> Action: tool, resource, payload (what is sent, bound to its commits), facts
//! Evidence, ChangeSet (what GitHub holds) ─┘
//! ```
//!
//! [`normalize_request`] takes any call of GitHub's API, REST or GraphQL; [`normalize`] takes the typed call that opens a pull
//! request. `docs/github.md` lists the tools, their facts and the routes.
//!
//! ```
//! use axtary_actionpass::{Actor, Intent};
//! use axtary_adapter_github::{BranchName, ChangeSet, PullRequest, RepositoryName, normalize};
//!
//! # let folder = tempfile::TempDir::new()?;
//! # let repository = git2::Repository::init_bare(folder.path())?;
//! # let author = git2::Signature::new("A", "a@example.com", &git2::Time::new(0, 0))?;
//! # let mut tree = repository.treebuilder(None)?;
//! # let start = repository.find_tree(tree.write()?)?;
//! # let start = repository.commit(Some("refs/heads/main"), &author, &author, "Start", &start, &[])?;
//! # let start = repository.find_commit(start)?;
//! # tree.insert("login.rs", repository.blob(b"fn login() {}\n")?, 0o100644)?;
//! # let fix = repository.find_tree(tree.write()?)?;
//! # repository.commit(Some("refs/heads/agent/fix-login"), &author, &author, "Fix", &fix, &[&start])?;
//! // let repository = git2::Repository::open("web-app")?;
//! let (base, head) = (BranchName::new("main")?, BranchName::new("agent/fix-login")?);
//! let changes = ChangeSet::between(&repository, &base, &head)?;
//! let call = PullRequest::new(RepositoryName::new("company/web-app")?, base, head, "Fix the login redirect");
//! let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
//! let action = normalize(&call, &changes, actor, Intent::new("fix the login")?, "github-executor".parse()?)?;
//! assert_eq!(action.resource().as_str(), "repo:company/web-app");
//! assert_eq!(action.facts().get("paths"), Some(&vec!["login.rs"].into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Facts come from the commits, never from the call's text. The payload names the commits, so a pass is for exactly these.
//! - Only objects are believed, whose names are their hashes: no configuration, attribute, graft, replacement, shallow root or
//!   commit graph in `.git` changes a fact.
//! - The change set is whole: what the head has and the merge base has not, renames with both names, mode changes, symbolic
//!   links, submodules, as `git diff --raw -M` has it. One that is too large to look at is an error.
//! - What cannot be normalized with certainty is an error, and so a denial: a path that is not UTF-8, that hides characters,
//!   that some system would read as another path; a revision where a branch belongs; histories that parted at no commit, or at
//!   several.
//! - A call has one reading, or none. One change is the same action by REST and by GraphQL, and a document is all that it may do.
//!   What no tool is known for is `github.unknown`, on a resource of its own kind.
//! - What GitHub alone knows comes as [`Evidence`]. What is missing of it is an error that says what to read, never a default.
//!
//! # What is not
//!
//! - Nothing is sent or fetched here, and no credential is known. Whether the branches on GitHub still are what they were is for the
//!   executor to check: `head_sha` and `base_sha` are in the payload for that.
//! - Evidence is believed. It is for whoever holds the credential to read it from GitHub itself.
//!
//! [`Action`]: axtary_actionpass::Action

mod call;
mod change;
mod checks;
mod collision;
mod content;
mod contents;
mod described;
mod diff;
mod differences;
mod error;
mod evidence;
mod facts;
mod fetch;
mod git_objects;
mod graphql;
mod history;
mod issues;
mod name;
mod normalize;
mod objects;
mod path;
mod production;
mod pulls;
mod reference;
mod refs;
mod rename;
mod request;
mod route;
mod settings;
mod text;
mod tool;
mod vocabulary;
mod workflows;

pub use crate::{
    call::PullRequest,
    change::{Change, ChangeSet, MAX_CHANGES, Status},
    checks::{CheckRun, CheckRuns, Conclusion},
    error::NormalizeError,
    evidence::{BranchState, Evidence, Needed, Node, PullRequestState, RepositoryState},
    fetch::{FetchedCommit, FetchedEntry, ObjectSource},
    name::{BranchName, RepositoryName},
    normalize::{Caller, normalize, normalize_request},
    production::Production,
    reference::{CommitId, RefName},
    request::RestRequest,
    tool::{Tool, tools},
    vocabulary::vocabulary,
};
