//! Repositories in temporary folders, built object by object, so that trees which git's own commands refuse can be had too.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use axtary_actionpass::{Action, Actor, Facts, Intent, Json, Object};
use axtary_adapter_github::{
    BranchName, ChangeSet, NormalizeError, PullRequest, RepositoryName, normalize, vocabulary,
};
use git2::{ObjectType, Oid, Repository, Signature, Time};
use tempfile::TempDir;

pub(crate) const FILE: i32 = 0o100_644;
pub(crate) const EXECUTABLE: i32 = 0o100_755;
pub(crate) const LINK: i32 = 0o120_000;
pub(crate) const SUBMODULE: i32 = 0o160_000;

/// Everything in a tree: path to mode and content. A submodule's content is its commit id.
pub(crate) type Files = BTreeMap<Vec<u8>, (i32, Vec<u8>)>;

/// A tree of ordinary files.
pub(crate) fn files(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(path, text)| (path.as_bytes().to_vec(), (FILE, text.as_bytes().to_vec())))
        .collect()
}

pub(crate) struct Repo {
    folder: Rc<TempDir>,
    pub(crate) git: Repository,
}

impl Repo {
    pub(crate) fn new() -> Self {
        let folder = Rc::new(TempDir::new().unwrap());
        let git = Repository::init_bare(folder.path()).unwrap();
        Self { folder, git }
    }

    /// A repository with `main` at `base`, and `head` one commit ahead at `head`.
    pub(crate) fn with(base: &Files, head: &Files) -> Self {
        let repo = Self::new();
        let parent = repo.commit("main", base, &[]);
        repo.commit("head", head, &[parent]);
        repo
    }

    /// The same repository, opened anew: what was kept in memory of it is gone.
    pub(crate) fn reopened(&self) -> Self {
        Self { folder: Rc::clone(&self.folder), git: Repository::open(self.path()).unwrap() }
    }

    pub(crate) fn between(&self, base: &str, head: &str) -> Result<ChangeSet, NormalizeError> {
        ChangeSet::between(&self.git, &branch(base), &branch(head))
    }

    /// The file in which an object is kept.
    pub(crate) fn object(&self, id: Oid) -> PathBuf {
        let id = id.to_string();
        let (folder, file) = id.split_at(2);
        self.path().join("objects").join(folder).join(file)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn commit(&self, branch: &str, files: &Files, parents: &[Oid]) -> Oid {
        self.commit_saying(branch, "c", files, parents)
    }

    /// A commit with a message.
    pub(crate) fn commit_saying(
        &self,
        branch: &str,
        message: &str,
        files: &Files,
        parents: &[Oid],
    ) -> Oid {
        let tree = self.git.find_tree(self.tree(files)).unwrap();
        let parents: Vec<_> =
            parents.iter().map(|parent| self.git.find_commit(*parent).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        let author = Signature::new("A", "a@example.com", &Time::new(1_785_240_000, 0)).unwrap();
        let commit = self.git.commit(None, &author, &author, message, &tree, &parents).unwrap();
        self.git.reference(&format!("refs/heads/{branch}"), commit, true, "test").unwrap();
        commit
    }

    /// Writes a tree as raw objects: libgit2's builder would refuse names such as `.git`.
    fn tree(&self, files: &Files) -> Oid {
        let mut folders: BTreeMap<Vec<u8>, Files> = BTreeMap::new();
        let mut entries: Vec<(Vec<u8>, i32, Oid)> = Vec::new();
        for (path, (mode, content)) in files {
            match path.iter().position(|byte| *byte == b'/').filter(|at| *at > 0) {
                Some(at) => {
                    let below = folders.entry(path[..at].to_vec()).or_default();
                    below.insert(path[at + 1..].to_vec(), (*mode, content.clone()));
                }
                None if *mode == SUBMODULE => {
                    entries.push((path.clone(), *mode, Oid::from_bytes(content).unwrap()));
                }
                None => entries.push((path.clone(), *mode, self.git.blob(content).unwrap())),
            }
        }
        for (name, files) in folders {
            entries.push((name, 0o040_000, self.tree(&files)));
        }
        // Git sorts folders as if their names ended in a slash.
        entries.sort_by_key(|(name, mode, _)| {
            let mut key = name.clone();
            if *mode == 0o040_000 {
                key.push(b'/');
            }
            key
        });
        let mut bytes = Vec::new();
        for (name, mode, id) in entries {
            bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
            bytes.extend_from_slice(&name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        // The object database takes any bytes as a tree, where strict creation is not asked for.
        self.git.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
    }

    pub(crate) fn changes(&self) -> Result<ChangeSet, NormalizeError> {
        self.between("main", "head")
    }

    pub(crate) fn action(&self) -> Result<Action, NormalizeError> {
        let call = PullRequest::new(
            RepositoryName::new("Company/Web-App")?,
            branch("main"),
            branch("head"),
            "Fix login",
        );
        normalize(
            &call,
            &self.changes()?,
            actor(),
            Intent::new("fix").unwrap(),
            "github-executor".parse().unwrap(),
        )
    }

    pub(crate) fn facts(&self) -> Facts {
        self.action().unwrap().facts().clone()
    }
}

pub(crate) fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

pub(crate) fn actor() -> Actor {
    Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap())
}

/// What the constraint of this name says of the facts; empty if it is met.
pub(crate) fn violation(facts: &Facts, constraint: &str, operand: impl Into<Json>) -> String {
    let constraints = vocabulary().read(&Object::new().with(constraint, operand)).unwrap();
    constraints.check(facts).err().map_or_else(String::new, |violation| violation.to_string())
}
