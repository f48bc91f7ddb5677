//! Names of repositories and branches, in the one form that is compared.

use std::fmt;

use axtary_actionpass::is_invisible;

use crate::error::NormalizeError;

/// How much of a refused text is shown, in characters.
pub(crate) const MAX_SHOWN: usize = 160;

/// A repository on GitHub, `owner/name`, in lower case, as GitHub compares names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// Reads `owner/name`.
    ///
    /// # Errors
    ///
    /// [`NormalizeError::Repository`] for anything that GitHub would not take for a name: other characters, `.`, `..`, a name that
    /// ends in `.git`.
    pub fn new(text: &str) -> Result<Self, NormalizeError> {
        let refuse = || NormalizeError::Repository { seen: text.chars().take(MAX_SHOWN).collect() };
        let (owner, name) = text.split_once('/').ok_or_else(refuse)?;
        let owner_fits = (1..=39).contains(&owner.len())
            && owner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !owner.starts_with('-');
        let lower = name.to_ascii_lowercase();
        let name_fits = (1..=100).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && !matches!(name, "." | "..")
            && !lower.ends_with(".git");
        if owner_fits && name_fits {
            Ok(Self { owner: owner.to_ascii_lowercase(), name: lower })
        } else {
            Err(refuse())
        }
    }

    /// The user or organization.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A branch, by its name below `refs/heads/`. Case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

impl BranchName {
    /// The longest name, in bytes.
    const MAX_BYTES: usize = 244;

    /// Reads a branch, `main` or `refs/heads/main`.
    ///
    /// # Errors
    ///
    /// [`NormalizeError::Branch`] for revisions (`main~3`, `HEAD`, a commit id), refs of other kinds, branches of other repositories
    /// (`owner:branch`), and whatever `git check-ref-format` refuses.
    pub fn new(text: &str) -> Result<Self, NormalizeError> {
        let refuse = |problem| {
            Err(NormalizeError::Branch { seen: text.chars().take(MAX_SHOWN).collect(), problem })
        };
        let name = text.strip_prefix("refs/heads/").unwrap_or(text);
        if name.contains(':') {
            return refuse("branches of other repositories are not supported; push it to this one");
        }
        if ["refs/", "heads/", "tags/", "remotes/"].iter().any(|kind| name.starts_with(kind)) {
            return refuse(
                "git reads it as a ref of some kind, not as the name of a branch; write the name alone, such as `main`",
            );
        }
        if matches!(name, "HEAD" | "@")
            || (name.len() >= 40 && name.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            return refuse("it reads as a revision; name a branch");
        }
        if name.chars().any(|c| is_invisible(c) || c.is_whitespace()) {
            return refuse("it holds white space or characters that nobody sees");
        }
        if name.len() > Self::MAX_BYTES
            || !git2::Reference::is_valid_name(&format!("refs/heads/{name}"))
        {
            return refuse("it is not a name that git gives to branches");
        }
        if name.starts_with('-') {
            return refuse("it starts with `-`, which commands take for an option");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name, without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repositories_are_compared_as_github_compares_them() {
        assert_eq!(
            RepositoryName::new("Company/Web-App").unwrap(),
            RepositoryName::new("company/web-app").unwrap()
        );
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for text in [
            "",
            "web-app",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "a/.",
            "a/..",
            "a/b.git",
            "a/b.GIT",
            "-a/b",
            "a b/c",
            "a/b c",
            "a/b\n",
            "a/../c",
            "a/w\u{435}b",
            "https://github.com/a/b",
            "a/b?x",
            "a@evil/b",
        ] {
            assert!(RepositoryName::new(text).is_err(), "{text:?}");
        }
        assert!(RepositoryName::new(&format!("{}/b", "a".repeat(40))).is_err());
        assert!(RepositoryName::new(&format!("a/{}", "b".repeat(101))).is_err());
    }

    #[test]
    fn a_full_ref_and_its_short_form_are_one_branch() {
        assert_eq!(BranchName::new("refs/heads/main").unwrap(), BranchName::new("main").unwrap());
        assert_ne!(BranchName::new("Main").unwrap(), BranchName::new("main").unwrap());
    }

    #[test]
    fn what_is_no_branch_is_refused() {
        for text in [
            "",
            "HEAD",
            "@",
            "main~3",
            "main^",
            "main^{/x}",
            "@{u}",
            ":path",
            "a..b",
            "refs/tags/v1",
            "refs/heads/refs/heads/main",
            "heads/main",
            "tags/v1",
            "remotes/origin/main",
            "evil:feature",
            " main",
            "main ",
            "main\u{200b}",
            "ma\u{202e}in",
            "a\nb",
            "a\0b",
            "x.lock",
            "a//b",
            "/a",
            "a/",
            "-x",
            "a b",
            "0123456789012345678901234567890123456789",
            "a\\b",
            "a*",
            "a?",
            "a[",
        ] {
            assert!(BranchName::new(text).is_err(), "{text:?}");
        }
        assert!(BranchName::new(&"a".repeat(245)).is_err());
        for text in ["main", "agent/fix-login", "release-1.4", "weiß"] {
            assert!(BranchName::new(text).is_ok(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_for_a_branch_names_one_ref_and_means_it_in_either_form(text in "[ -~\\p{L}\u{200b}]{1,40}") {
            if let Ok(branch) = BranchName::new(&text) {
                let full = format!("refs/heads/{branch}");
                prop_assert!(git2::Reference::is_valid_name(&full), "{}", full);
                prop_assert_eq!(BranchName::new(&full).unwrap(), branch.clone());
                prop_assert_eq!(BranchName::new(branch.as_str()).unwrap(), branch);
            }
        }

        #[test]
        fn what_is_taken_for_a_repository_cannot_lead_elsewhere_in_an_address(text in "[a-zA-Z0-9._/%?#@:\\-]{1,20}") {
            if let Ok(name) = RepositoryName::new(&text) {
                prop_assert_eq!(name.to_string(), text.to_ascii_lowercase());
                prop_assert_eq!(name.to_string().matches('/').count(), 1);
                prop_assert!(!name.to_string().contains(['%', '?', '#', '@', ':']));
            }
        }
    }
}
