//! A change set that is fetched object by object is the one that is read from a clone, and nothing of it can be left out.

use std::error::Error;

use axtary_adapter_github::{
    ChangeSet, CommitId, FetchedCommit, FetchedEntry, NormalizeError, ObjectSource,
};
use git2::Oid;

use crate::kit::{FILE, Repo, branch, files};

type Fetched<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a source does to an answer.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    LeavesOutAnEntry,
    RenamesAnEntry,
    GivesAnotherBlob,
    NamesNoTree,
    Fails(&'static str),
}

struct Source<'r>(&'r Repo, Lie);

impl Source<'_> {
    fn fail(&self, kind: &'static str) -> Fetched<()> {
        if self.1 == Lie::Fails(kind) { Err("the line is cut".into()) } else { Ok(()) }
    }
}

impl ObjectSource for Source<'_> {
    fn commit(&self, id: &str) -> Fetched<FetchedCommit> {
        self.fail("commit")?;
        let commit = self.0.git.find_commit(Oid::from_str(id)?)?;
        let tree =
            if self.1 == Lie::NamesNoTree { "HEAD".into() } else { commit.tree_id().to_string() };
        let parents = commit.parent_ids().map(|id| id.to_string()).collect();
        let message = String::from_utf8_lossy(commit.message_raw_bytes()).into_owned();
        Ok(FetchedCommit { tree, parents, time: commit.time().seconds(), message })
    }

    fn tree(&self, id: &str) -> Fetched<Vec<FetchedEntry>> {
        self.fail("tree")?;
        let tree = self.0.git.find_tree(Oid::from_str(id)?)?;
        let mut entries: Vec<FetchedEntry> = tree
            .iter()
            .map(|entry| FetchedEntry {
                mode: u32::try_from(entry.filemode_raw()).unwrap(),
                name: String::from_utf8(entry.name_bytes().to_vec()).unwrap(),
                id: entry.id().to_string(),
            })
            .collect();
        match self.1 {
            Lie::LeavesOutAnEntry => drop(entries.pop()),
            Lie::RenamesAnEntry => entries[0].name = "harmless".to_owned(),
            _ => {}
        }
        Ok(entries)
    }

    fn blob(&self, id: &str) -> Fetched<Vec<u8>> {
        self.fail("blob")?;
        let blob = self.0.git.find_blob(Oid::from_str(id)?)?;
        let lie = self.1 == Lie::GivesAnotherBlob;
        Ok(if lie { b"harmless\n".to_vec() } else { blob.content().to_vec() })
    }
}

fn fetch(repo: &Repo, lie: Lie) -> Result<ChangeSet, NormalizeError> {
    let at = |name: &str| {
        let id = repo.git.refname_to_id(&format!("refs/heads/{name}")).unwrap();
        CommitId::new(&id.to_string()).unwrap()
    };
    let (base, head) = (branch("main"), branch("head"));
    ChangeSet::fetch(&Source(repo, lie), (&base, &at("main")), (&head, &at("head")))
}

fn repo() -> Repo {
    let mut after = files(&[("src/a", "2\n"), ("src/deep/b", "1\n"), ("tests/c", "new\n")]);
    after.insert(b"z".to_vec(), (FILE, b"\0\x01".to_vec()));
    Repo::with(&files(&[("src/a", "1\n"), ("src/deep/b", "1\n"), ("old", "new\n")]), &after)
}

#[test]
fn what_is_fetched_is_what_a_clone_has() {
    let repo = repo();
    let fetched = fetch(&repo, Lie::None).unwrap();
    assert_eq!(format!("{fetched:?}"), format!("{:?}", repo.changes().unwrap()));
}

#[test]
fn whatever_is_left_out_changed_or_missing_is_a_refusal() {
    let repo = repo();
    for (lie, code) in [
        (Lie::LeavesOutAnEntry, "github.change_set_incomplete"),
        (Lie::RenamesAnEntry, "github.change_set_incomplete"),
        (Lie::GivesAnotherBlob, "github.change_set_incomplete"),
        (Lie::NamesNoTree, "github.commit"),
        (Lie::Fails("commit"), "github.change_set_incomplete"),
        (Lie::Fails("tree"), "github.change_set_incomplete"),
        (Lie::Fails("blob"), "github.change_set_incomplete"),
    ] {
        let error = fetch(&repo, lie).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}
