//! How the content of a file changed, by lines.

use axtary_actionpass::is_invisible;
use git2::{DiffOptions, Oid, Patch};

use crate::{error::NormalizeError, objects::Objects};

/// A file that is larger than this, in bytes, is not compared by lines: it counts as binary.
const MAX_BYTES: usize = 8 << 20;

/// How the content of one file changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// Lines added and removed; `None` if a side is binary.
    pub(crate) lines: Option<(usize, usize)>,
    /// Whether a line was added that shows something.
    pub(crate) adds_text: bool,
    /// The size in bytes of what is new.
    pub(crate) size: usize,
    /// Whether a side is a Git LFS pointer, so that the content proper is elsewhere.
    pub(crate) is_lfs: bool,
}

impl Content {
    /// Nothing changed.
    pub(crate) const SAME: Self =
        Self { lines: Some((0, 0)), adds_text: false, size: 0, is_lfs: false };
}

/// Compares two blobs; `None` is a side on which there is no file.
pub(crate) fn compare(
    objects: &Objects,
    old: Option<Oid>,
    new: Option<Oid>,
) -> Result<Content, NormalizeError> {
    if old == new {
        return Ok(Content::SAME);
    }
    let read = |id: Option<Oid>| match id {
        Some(id) => objects.blob(id, MAX_BYTES),
        None => Ok(Some(Vec::new())),
    };
    let (old, bytes) = (read(old)?, read(new)?);
    let size = match (&bytes, new) {
        (Some(bytes), _) => bytes.len(),
        (None, Some(id)) => objects.blob_size(id)?,
        (None, None) => 0,
    };
    let (Some(old), Some(new)) = (old, bytes) else {
        return Ok(Content { size, ..Content::default() });
    };
    let is_lfs = is_lfs_pointer(&old) || is_lfs_pointer(&new);
    // From buffers, not from the diff: attributes (`* -diff`) could make text binary there, and so hide its lines.
    let mut options = DiffOptions::new();
    options.context_lines(0);
    let mut compare = || -> Result<Content, git2::Error> {
        let patch = Patch::from_buffers(&old, None, &new, None, Some(&mut options))?;
        if patch.delta().flags().is_binary() {
            return Ok(Content { is_lfs, size, ..Content::default() });
        }
        let (_, added, removed) = patch.line_stats()?;
        Ok(Content { lines: Some((added, removed)), adds_text: adds_text(&patch)?, size, is_lfs })
    };
    compare().map_err(NormalizeError::git("compare two versions of a file"))
}

fn adds_text(patch: &Patch<'_>) -> Result<bool, git2::Error> {
    for hunk in 0..patch.num_hunks() {
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            if line.origin() == '+' && shows_something(line.content()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn shows_something(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

/// See <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>: the `version` line comes first, the whole is short.
pub(crate) fn is_lfs_pointer(content: &[u8]) -> bool {
    content.len() < 1024
        && (content.starts_with(b"version https://git-lfs.github.com/spec/")
            || content.starts_with(b"version https://hawser.github.com/spec/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_shows_nothing_is_blank() {
        for line in ["", " \t\r\n", "\u{a0}\n", "\u{200b}\u{feff}\n", "\0\n"] {
            assert!(!shows_something(line.as_bytes()), "{line:?}");
        }
        for line in ["}", "ü", "  // x"] {
            assert!(shows_something(line.as_bytes()), "{line:?}");
        }
    }

    #[test]
    fn a_pointer_of_git_lfs_is_known_by_its_first_line() {
        assert!(is_lfs_pointer(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
        ));
        assert!(!is_lfs_pointer(b"# version https://git-lfs.github.com/spec/v1\n"));
        assert!(!is_lfs_pointer(b""));
    }
}
