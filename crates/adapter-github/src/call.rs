//! The typed call `github.pull_requests.create`.

use crate::{
    error::NormalizeError,
    name::{BranchName, RepositoryName},
};

/// The longest title that GitHub takes, in characters.
const MAX_TITLE: usize = 256;
/// The longest body that GitHub takes, in characters.
const MAX_BODY: usize = 65_536;

/// A pull request that an agent wants to open, within one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    pub(crate) repository: RepositoryName,
    pub(crate) base: BranchName,
    pub(crate) head: BranchName,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) draft: Option<bool>,
    pub(crate) maintainer_can_modify: Option<bool>,
}

impl PullRequest {
    /// A pull request that merges `head` into `base`.
    pub fn new(
        repository: RepositoryName,
        base: BranchName,
        head: BranchName,
        title: impl Into<String>,
    ) -> Self {
        Self {
            repository,
            base,
            head,
            title: title.into(),
            body: None,
            draft: None,
            maintainer_can_modify: None,
        }
    }

    /// Adds a description.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Opens it as a draft, or expressly not.
    #[must_use]
    pub fn as_draft(mut self, draft: bool) -> Self {
        self.draft = Some(draft);
        self
    }

    /// Lets maintainers push to the head, or expressly not.
    #[must_use]
    pub fn with_maintainer_can_modify(mut self, can: bool) -> Self {
        self.maintainer_can_modify = Some(can);
        self
    }

    /// Refuses texts that GitHub would.
    pub(crate) fn check_lengths(&self) -> Result<(), NormalizeError> {
        let body = self.body.as_deref().unwrap_or_default();
        for (what, text, max) in
            [("title", self.title.as_str(), MAX_TITLE), ("body", body, MAX_BODY)]
        {
            let characters = text.chars().count();
            if characters > max {
                return Err(NormalizeError::TooLong { what, characters, max });
            }
        }
        Ok(())
    }
}
