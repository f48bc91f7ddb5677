//! The objects of a repository on GitHub, from which a change set is read.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    error::Error,
};

use axtary_actionpass::{Json, Object};
use axtary_adapter_github::{
    BranchName, ChangeSet, CommitId, FetchedCommit, FetchedEntry, NormalizeError, ObjectSource,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{answer::Answer, error::ApiError, session::Session};

/// The most requests that one change set takes: a fifth of what GitHub grants an hour.
const MAX_REQUESTS: usize = 1000;
/// The most bytes of files that one change set takes.
const MAX_BYTES: usize = 64 << 20;

/// Reads the change set of merging `head` into `base`, each at the commit that stands beside it.
pub(crate) fn change_set(
    session: &Session<'_>,
    base: (&BranchName, &CommitId),
    head: (&BranchName, &CommitId),
) -> Result<ChangeSet, NormalizeError> {
    let objects = Objects {
        session,
        commits: RefCell::default(),
        requests: Cell::new(MAX_REQUESTS),
        bytes: Cell::new(MAX_BYTES),
    };
    ChangeSet::fetch(&objects, base, head)
}

struct Objects<'s> {
    session: &'s Session<'s>,
    /// A list brings a hundred commits where one was asked for.
    commits: RefCell<HashMap<String, FetchedCommit>>,
    /// How many requests may still be made.
    requests: Cell<usize>,
    /// How many bytes may still be read.
    bytes: Cell<usize>,
}

type Fetched<T> = Result<T, Box<dyn Error + Send + Sync>>;

impl Objects<'_> {
    fn count(&self) -> Result<(), ApiError> {
        let left = self.requests.get().checked_sub(1);
        self.requests.set(left.ok_or(ApiError::TooMany { max: MAX_REQUESTS })?);
        Ok(())
    }
}

impl ObjectSource for Objects<'_> {
    fn commit(&self, id: &str) -> Fetched<FetchedCommit> {
        let mut commits = self.commits.borrow_mut();
        if let Some(commit) = commits.get(id) {
            return Ok(commit.clone());
        }
        self.count()?;
        let path = self.session.path(["commits"]).with("sha", id).with("per_page", "100");
        let answer = self.session.get(&path)?;
        let list = answer.json()?;
        let list = list.as_array().ok_or_else(|| answer.form("it is not a list"))?;
        for commit in list {
            let (id, commit) = read_commit(commit)
                .ok_or_else(|| answer.form("a commit of it lacks its tree or its parents"))?;
            commits.insert(id, commit);
        }
        let missing = || answer.form("it does not begin with the commit that was asked for");
        Ok(commits.get(id).cloned().ok_or_else(missing)?)
    }

    fn tree(&self, id: &str) -> Fetched<Vec<FetchedEntry>> {
        self.count()?;
        let answer = self.session.get(&self.session.path(["git", "trees", id]))?;
        let object = answer.object()?;
        // Whether all is there is not asked of `truncated`, but of the hash.
        let entries = object.get("tree").and_then(Json::as_array);
        let entries = entries.ok_or_else(|| answer.form("it has no `tree`"))?;
        let entry = |entry| {
            read_entry(entry).ok_or_else(|| answer.form("an entry of `tree` is not in form"))
        };
        Ok(entries.iter().map(entry).collect::<Result<_, _>>()?)
    }

    fn blob(&self, id: &str) -> Fetched<Vec<u8>> {
        self.count()?;
        let path = self.session.path(["git", "blobs", id]);
        let bytes = self.session.get_bytes(&path, self.bytes.get())?;
        self.bytes.set(self.bytes.get().saturating_sub(bytes.len()));
        Ok(bytes)
    }
}

fn read_commit(json: &Json) -> Option<(String, FetchedCommit)> {
    let object = json.as_object()?;
    let commit = object.get("commit")?.as_object()?;
    let parents = object.get("parents")?.as_array()?;
    let parents = parents.iter().map(|parent| text(parent.as_object()?, "sha"));
    // The time only sets an order to walk in; one that no calendar has is as good as none, as in the object itself.
    let time = commit.get("committer").and_then(Json::as_object).and_then(|committer| {
        OffsetDateTime::parse(committer.get("date")?.as_str()?, &Rfc3339).ok()
    });
    let fetched = FetchedCommit {
        tree: text(commit.get("tree")?.as_object()?, "sha")?,
        parents: parents.collect::<Option<_>>()?,
        time: time.map_or(0, OffsetDateTime::unix_timestamp),
        message: text(commit, "message")?,
    };
    Some((text(object, "sha")?, fetched))
}

fn read_entry(json: &Json) -> Option<FetchedEntry> {
    let object = json.as_object()?;
    let mode = u32::from_str_radix(object.get("mode")?.as_str()?, 8).ok()?;
    Some(FetchedEntry { mode, name: text(object, "path")?, id: text(object, "sha")? })
}

fn text(object: &Object, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// The commit that a ref is at, `heads/main`; `None` if there is none. Asked for by its full name, so that nothing is guessed from it.
pub(crate) fn ref_target(
    session: &Session<'_>,
    name: &str,
) -> Result<Option<CommitId>, NormalizeError> {
    let kind = "commit";
    Ok(match find_ref(session, name).map_err(unread(name))? {
        Some((found, id)) if found == kind => Some(CommitId::new(&id)?),
        Some((_, id)) => {
            let problem = "the ref is at an object of another kind";
            return Err(NormalizeError::Commit { id, problem });
        }
        None => None,
    })
}

/// The commit that a tag comes to, be it a tag of its own or a mere name.
pub(crate) fn tag_commit(
    session: &Session<'_>,
    tag: &BranchName,
) -> Result<Option<CommitId>, NormalizeError> {
    let name = format!("tags/{tag}");
    let Some((mut kind, mut id)) = find_ref(session, &name).map_err(unread(&name))? else {
        return Ok(None);
    };
    for _ in 0..MAX_TAGS {
        if kind == "commit" {
            return Ok(Some(CommitId::new(&id)?));
        }
        if kind != "tag" {
            break;
        }
        let read = || {
            let answer = session.get(&session.path(["git", "tags", &id]))?;
            target(&answer, &answer.object()?)
        };
        (kind, id) = read().map_err(unread(&name))?;
    }
    Err(NormalizeError::Commit { id, problem: "the tag comes to no commit" })
}

/// How many tags may be of each other.
const MAX_TAGS: usize = 5;

fn unread(name: &str) -> impl FnOnce(ApiError) -> NormalizeError {
    let id = name.to_owned();
    move |error| NormalizeError::Incomplete { kind: "ref", id, source: error.into() }
}

/// The kind and the id of the object that a ref is at.
fn find_ref(session: &Session<'_>, name: &str) -> Result<Option<(String, String)>, ApiError> {
    let Some(answer) = session.find(&session.path(["git", "ref"]).below(name))? else {
        return Ok(None);
    };
    let found = answer.object()?;
    let full = format!("refs/{name}");
    if found.get("ref").and_then(Json::as_str) != Some(full.as_str()) {
        return Err(answer.form(format!("it is not about `{full}`")));
    }
    target(&answer, &found).map(Some)
}

fn target(answer: &Answer, found: &Object) -> Result<(String, String), ApiError> {
    let object = found.get("object").and_then(Json::as_object);
    let read = || Some((text(object?, "type")?, text(object?, "sha")?));
    read().ok_or_else(|| answer.form("it names no object"))
}
