//! Commits and refs, by their full names and nothing that git might guess from.

use std::fmt;

use crate::{
    error::NormalizeError,
    name::{BranchName, MAX_SHOWN},
};

/// A commit, by the 40 lower-case hexadecimal digits of its SHA-1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Reads an id in full.
    ///
    /// # Errors
    ///
    /// [`NormalizeError::Reference`] for short ids, upper case, and the id of zeros, which is no commit.
    pub fn new(text: &str) -> Result<Self, NormalizeError> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 40 && text.bytes().all(is_hex) && text.bytes().any(|byte| byte != b'0') {
            return Ok(Self(text.to_owned()));
        }
        Err(NormalizeError::Reference {
            seen: text.chars().take(MAX_SHOWN).collect(),
            problem: "a commit is named by all 40 digits of its id, in lower case",
        })
    }

    /// The 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A ref that a call may write: a branch or a tag, by its full name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RefName {
    /// `refs/heads/…`
    Branch(BranchName),
    /// `refs/tags/…`, by the rules that branches have.
    Tag(BranchName),
}

impl RefName {
    /// Reads a full name, `refs/heads/main`.
    ///
    /// # Errors
    ///
    /// [`NormalizeError::Reference`] for short names and refs of other kinds; [`NormalizeError::Branch`] for what no branch could be
    /// called.
    pub fn new(text: &str) -> Result<Self, NormalizeError> {
        // A branch may be written in full, and a tag may not be called like one.
        if let Some(name) =
            text.strip_prefix("refs/tags/").filter(|name| !name.starts_with("refs/"))
        {
            return Ok(Self::Tag(BranchName::new(name)?));
        }
        if text.starts_with("refs/heads/") {
            return Ok(Self::Branch(BranchName::new(text)?));
        }
        Err(NormalizeError::Reference {
            seen: text.chars().take(MAX_SHOWN).collect(),
            problem: "only `refs/heads/…` and `refs/tags/…` are written",
        })
    }

    /// The branch, if it is one.
    pub fn branch(&self) -> Option<&BranchName> {
        match self {
            Self::Branch(name) => Some(name),
            Self::Tag(_) => None,
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "refs/heads/{name}"),
            Self::Tag(name) => write!(f, "refs/tags/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_commit_is_refused() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(CommitId::new(id).unwrap().as_str(), id);
        for text in ["", "main", "0123456", &id.to_uppercase(), &"0".repeat(40), &format!("{id}0")]
        {
            assert_eq!(CommitId::new(text).unwrap_err().code(), "github.reference", "{text}");
        }
    }

    #[test]
    fn only_branches_and_tags_are_refs_that_can_be_written() {
        for text in ["refs/heads/main", "refs/heads/agent/x", "refs/tags/v1.0"] {
            assert_eq!(RefName::new(text).unwrap().to_string(), text);
        }
        for text in [
            "main",
            "heads/main",
            "refs/pull/1/head",
            "refs/notes/commits",
            "refs/heads/",
            "refs/heads/../tags/x",
            "refs/heads/refs/heads/main",
            "refs/tags/refs/heads/main",
            "REFS/heads/main",
        ] {
            assert!(RefName::new(text).is_err(), "{text}");
        }
    }
}
