//! What the server knows: repositories, tokens, and what was asked of it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use git2::{Error, Oid, Signature, Time};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    access::{Access, App},
    answer::Answer,
    checks::{CheckRun, CommitStatus},
    fault::{Fault, Mishap},
    pulls::Pull,
    request::Request,
    route,
};

/// The server's time, in seconds since the epoch: 2026-07-28T12:00:00Z. It stands still.
pub const NOW: i64 = 1_785_240_000;

/// Everything behind the API.
pub struct World {
    pub(crate) url: String,
    /// Seconds since the epoch.
    pub now: i64,
    repositories: BTreeMap<String, Repository>,
    pub(crate) tokens: BTreeMap<String, Access>,
    pub(crate) apps: BTreeMap<u64, App>,
    faults: VecDeque<Fault>,
    exchanges: Vec<Exchange>,
    /// How many requests the rate limit still lets through.
    pub remaining: u32,
}

/// A request and the answer to it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub answer: Answer,
}

impl World {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            now: NOW,
            repositories: BTreeMap::new(),
            tokens: BTreeMap::new(),
            apps: BTreeMap::new(),
            faults: VecDeque::new(),
            exchanges: Vec::new(),
            remaining: 5000,
        }
    }

    /// Makes an empty repository in a temporary folder.
    ///
    /// # Errors
    ///
    /// What libgit2 says if it cannot.
    pub fn create_repository(&mut self, owner: &str, name: &str) -> Result<&mut Repository, Error> {
        let folder = TempDir::new().map_err(|error| Error::from_str(&error.to_string()))?;
        let git = git2::Repository::init_bare(folder.path())?;
        git.set_head("refs/heads/main")?;
        Ok(self.insert(owner, name, git, Some(folder)))
    }

    /// Serves the repository at `path`.
    ///
    /// # Errors
    ///
    /// What libgit2 says if there is none.
    pub fn open_repository(
        &mut self,
        owner: &str,
        name: &str,
        path: &Path,
    ) -> Result<&mut Repository, Error> {
        let git = git2::Repository::open(path)?;
        Ok(self.insert(owner, name, git, None))
    }

    fn insert(
        &mut self,
        owner: &str,
        name: &str,
        git: git2::Repository,
        folder: Option<TempDir>,
    ) -> &mut Repository {
        let id = self.repositories.len() as u64 + 1;
        let repository = Repository {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            git,
            _folder: folder,
            pulls: Vec::new(),
            checks: Vec::new(),
            statuses: Vec::new(),
            comments: Vec::new(),
            protected: BTreeSet::new(),
            ruled: BTreeSet::new(),
        };
        let key = key(owner, name);
        self.repositories.remove(&key);
        self.repositories.entry(key).or_insert(repository)
    }

    /// The repository of this name, in any case.
    pub fn repository(&mut self, owner: &str, name: &str) -> Option<&mut Repository> {
        self.repositories.get_mut(&key(owner, name))
    }

    /// Lets one request go wrong.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.push_back(fault);
    }

    /// All requests so far, with their answers.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Answers a request, and says what is to go wrong with the answer.
    pub(crate) fn respond(&mut self, request: &Request) -> (Answer, Option<Mishap>) {
        let at = self.faults.iter().position(|fault| fault.fits(request));
        let mut mishap = at.and_then(|at| self.faults.remove(at)).map(|fault| fault.mishap);
        if let Some(Mishap::Before(change)) = mishap {
            change(self);
            mishap = None;
        }
        let answer = match &mishap {
            Some(Mishap::Instead(answer)) => answer.clone(),
            _ => self.limited(request),
        };
        let exchange = Exchange { request: request.clone(), answer: answer.clone() };
        self.exchanges.push(exchange);
        (answer, mishap)
    }

    fn limited(&mut self, request: &Request) -> Answer {
        let reset = (self.now + 60).to_string();
        let answer = match self.remaining.checked_sub(1) {
            Some(remaining) => {
                self.remaining = remaining;
                route::respond(self, request).unwrap_or_else(|refusal| refusal)
            }
            None => Answer::error(403, "API rate limit exceeded for installation."),
        };
        answer
            .with_header("x-ratelimit-limit", "5000")
            .with_header("x-ratelimit-remaining", self.remaining.to_string())
            .with_header("x-ratelimit-reset", reset)
    }
}

fn key(owner: &str, name: &str) -> String {
    format!("{owner}/{name}").to_ascii_lowercase()
}

/// A repository, and what GitHub keeps beside it.
pub struct Repository {
    pub(crate) id: u64,
    /// Who owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The repository proper.
    pub git: git2::Repository,
    _folder: Option<TempDir>,
    pub(crate) pulls: Vec<Pull>,
    /// Check runs, of any commit.
    pub checks: Vec<CheckRun>,
    /// Commit statuses, of any commit, the newest last.
    pub statuses: Vec<CommitStatus>,
    pub(crate) comments: Vec<Value>,
    /// Branches that are protected.
    pub protected: BTreeSet<String>,
    /// Branches that a ruleset holds for.
    pub ruled: BTreeSet<String>,
}

impl Repository {
    /// Commits these files, and no others, to a branch, on top of `parents`.
    ///
    /// # Errors
    ///
    /// What libgit2 says if it cannot.
    pub fn commit(
        &self,
        branch: &str,
        files: &[(&str, &str)],
        parents: &[Oid],
    ) -> Result<Oid, Error> {
        let empty = self.git.find_tree(self.git.treebuilder(None)?.write()?)?;
        let mut tree = git2::build::TreeUpdateBuilder::new();
        for (path, content) in files {
            tree.upsert(*path, self.git.blob(content.as_bytes())?, git2::FileMode::Blob);
        }
        let tree = self.git.find_tree(tree.create_updated(&self.git, &empty)?)?;
        let author = author()?;
        let parents: Vec<_> =
            parents.iter().map(|id| self.git.find_commit(*id)).collect::<Result<_, _>>()?;
        let parents: Vec<_> = parents.iter().collect();
        let message = format!("Work on {branch}");
        let commit = self.git.commit(None, &author, &author, &message, &tree, &parents)?;
        self.git.reference(&format!("refs/heads/{branch}"), commit, true, "test")?;
        Ok(commit)
    }

    /// The commit that a branch is at.
    ///
    /// # Errors
    ///
    /// If there is no such branch.
    pub fn branch(&self, name: &str) -> Result<Oid, Error> {
        self.git.refname_to_id(&format!("refs/heads/{name}"))
    }
}

/// Whoever commits here.
pub(crate) fn author() -> Result<Signature<'static>, Error> {
    Signature::new("Codex", "codex@example.com", &Time::new(NOW, 0))
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("url", &self.url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository")
            .field("owner", &self.owner)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
