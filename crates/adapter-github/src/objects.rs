//! The objects of a repository, and nothing else of it.
//!
//! An object's name is the hash of its content, and libgit2 checks it on every read, so whoever can write to `.git` can add
//! objects but not change one. All else there is for the taking: configuration, attributes, grafts, replacement refs, shallow
//! roots, the commit graph file. A change set that asked them would be what the agent's own files say it is.

use git2::{Config, ErrorCode, ObjectType, Odb, Oid, Repository, Tree};

use crate::{differences::Entry, error::NormalizeError, text};

/// Reads objects by name.
pub(crate) struct Objects {
    repository: Repository,
}

/// What a commit object says of its place in history.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: Oid,
    pub(crate) parents: Vec<Oid>,
    /// Seconds since the epoch, as the committer says: good for an order to walk in, and for nothing else.
    pub(crate) time: i64,
    /// Whether its message keeps checks from running.
    pub(crate) skips_ci: bool,
}

impl Objects {
    /// The objects of `repository`.
    pub(crate) fn of(repository: &Repository) -> Result<Self, NormalizeError> {
        let open = || -> Result<Repository, git2::Error> {
            let bare = Repository::from_odb(repository.odb()?)?;
            // Without this, libgit2 would still look for the configuration of the user and of the machine.
            bare.set_config(&Config::new()?)?;
            Ok(bare)
        };
        open()
            .map(|repository| Self { repository })
            .map_err(NormalizeError::git("open the object database"))
    }

    /// An object database in memory, which [`Objects::keep`] fills.
    pub(crate) fn in_memory() -> Result<Self, NormalizeError> {
        let open = || -> Result<Repository, git2::Error> {
            let odb = Odb::new()?;
            odb.add_new_mempack_backend(1)?;
            let bare = Repository::from_odb(odb)?;
            bare.set_config(&Config::new()?)?;
            Ok(bare)
        };
        open()
            .map(|repository| Self { repository })
            .map_err(NormalizeError::git("make an object database in memory"))
    }

    /// Keeps an object, if it is the one of this name.
    pub(crate) fn keep(
        &self,
        id: Oid,
        kind: ObjectType,
        data: &[u8],
    ) -> Result<(), NormalizeError> {
        let written = self
            .odb()?
            .write(kind, data)
            .map_err(NormalizeError::git(format!("keep the {kind} `{id}`")))?;
        if written == id {
            return Ok(());
        }
        Err(NormalizeError::OtherObject {
            kind: kind.str(),
            id: id.to_string(),
            seen: written.to_string(),
        })
    }

    /// Reads a commit.
    ///
    /// Not with libgit2's own reader, which replaces parents by those of grafts and shallow roots.
    pub(crate) fn commit(&self, id: Oid) -> Result<Commit, NormalizeError> {
        let failed = || NormalizeError::git(format!("read the commit `{id}`"));
        let refuse = |problem| NormalizeError::Commit { id: id.to_string(), problem };
        let odb = self.odb()?;
        let object = odb.read(id).map_err(|error| match error.code() {
            ErrorCode::NotFound => {
                refuse("it is not here; fetch the whole history, as with `git fetch --unshallow`")
            }
            _ => failed()(error),
        })?;
        if object.kind() != ObjectType::Commit {
            return Err(refuse("it is an object of another kind"));
        }
        parse_commit(object.data()).ok_or_else(|| refuse("it is malformed"))
    }

    /// Reads a tree.
    pub(crate) fn tree(&self, id: Oid) -> Result<Tree<'_>, NormalizeError> {
        self.repository.find_tree(id).map_err(NormalizeError::git(format!("read the tree `{id}`")))
    }

    /// How many bytes a blob has.
    pub(crate) fn blob_size(&self, id: Oid) -> Result<usize, NormalizeError> {
        let (size, _) = self
            .odb()?
            .read_header(id)
            .map_err(NormalizeError::git(format!("read the blob `{id}`")))?;
        Ok(size)
    }

    /// Reads a blob, unless it has more than `max` bytes.
    pub(crate) fn blob(&self, id: Oid, max: usize) -> Result<Option<Vec<u8>>, NormalizeError> {
        if self.blob_size(id)? > max {
            return Ok(None);
        }
        let failed = NormalizeError::git(format!("read the blob `{id}`"));
        let odb = self.odb()?;
        match odb.read(id) {
            Ok(object) if object.kind() == ObjectType::Blob => Ok(Some(object.data().to_vec())),
            Ok(_) => Err(failed(git2::Error::from_str("it is an object of another kind"))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Reads the entries of a tree.
    pub(crate) fn entries(&self, id: Oid) -> Result<Vec<Entry>, NormalizeError> {
        let mode = |mode: i32| u32::try_from(mode).unwrap_or(0);
        let tree = self.tree(id)?;
        let entry = |entry: git2::TreeEntry<'_>| Entry {
            name: entry.name_bytes().to_vec(),
            mode: mode(entry.filemode_raw()),
            id: entry.id(),
        };
        Ok(tree.iter().map(entry).collect())
    }

    fn odb(&self) -> Result<Odb<'_>, NormalizeError> {
        self.repository.odb().map_err(NormalizeError::git("open the object database"))
    }
}

/// Reads the headers that git itself goes by: one `tree`, then every `parent` that follows directly, and the `committer`; and the
/// message, behind the first empty line.
fn parse_commit(data: &[u8]) -> Option<Commit> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let tree = parse_id(lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    let mut lines = lines.peekable();
    while let Some(parent) = lines.peek().and_then(|line| line.strip_prefix(b"parent ")) {
        parents.push(parse_id(parent)?);
        lines.next();
    }
    let committer = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(b"committer "))
        .map(String::from_utf8_lossy);
    let time = committer
        .and_then(|line| line.rsplit(' ').nth(1).and_then(|seconds| seconds.parse().ok()))
        .unwrap_or(0);
    let headers_end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let message = String::from_utf8_lossy(data.get(headers_end..).unwrap_or_default());
    Some(Commit { tree, parents, time, skips_ci: text::skips_ci([&*message]) })
}

pub(crate) fn parse_id(hex: &[u8]) -> Option<Oid> {
    // `Oid::from_str` would fill up a shorter one with zeros.
    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.len() == 40)?;
    Oid::from_str(hex).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn a_commit_is_read_by_the_headers_that_git_goes_by() {
        let text = format!(
            "tree {A}\nparent {A}\nparent {B}\nauthor x <x> 1 +0000\nparent {A}\ncommitter y <y> 7 +0000\n\ncommitter z <z> 9 +0000\n[skip ci]"
        );
        let id = |hex| Oid::from_str(hex).unwrap();
        assert_eq!(
            parse_commit(text.as_bytes()),
            Some(Commit { tree: id(A), parents: vec![id(A), id(B)], time: 7, skips_ci: true })
        );
    }

    #[test]
    fn what_is_no_commit_is_refused() {
        for text in [
            String::new(),
            format!("parent {A}\n"),
            format!("tree {A}a\n"),
            "tree aaaa\n".to_owned(),
            format!("tree {A}\nparent aaaa\n"),
            format!("tree {}\n", "z".repeat(40)),
        ] {
            assert_eq!(parse_commit(text.as_bytes()), None, "{text:?}");
        }
    }
}
