//! One repository, opened: what is read of it, and what is sent to it once.

use axtary_adapter_github::RepositoryName;

use crate::{
    answer::Answer,
    client::{Accept, Client, Method},
    error::ApiError,
    secret::Secret,
    url::Path,
};

/// The most pages of a list that are read.
const MAX_PAGES: usize = 100;

/// One repository, opened for one purpose.
#[derive(Debug)]
pub(crate) struct Session<'c> {
    client: &'c Client,
    repository: RepositoryName,
    token: Secret,
}

impl<'c> Session<'c> {
    pub(crate) fn new(client: &'c Client, repository: RepositoryName, token: Secret) -> Self {
        Self { client, repository, token }
    }

    pub(crate) fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// A path below the repository.
    pub(crate) fn path<'s>(&'s self, segments: impl IntoIterator<Item = &'s str>) -> Path {
        let repository = ["repos", self.repository.owner(), self.repository.name()];
        Path::of(repository.into_iter().chain(segments))
    }

    pub(crate) fn get(&self, path: &Path) -> Result<Answer, ApiError> {
        self.client.repeat(&self.token, Method::Get, path, None)
    }

    /// Reads the bytes of a file, at most `max`.
    pub(crate) fn get_bytes(&self, path: &Path, max: usize) -> Result<Vec<u8>, ApiError> {
        let send = || self.client.send(&self.token, Method::Get, path, None, Accept::Raw(max));
        let answer = self.client.retry(send)?;
        Ok(answer.body)
    }

    /// Reads what is there, or `None` where GitHub says that there is nothing.
    pub(crate) fn find(&self, path: &Path) -> Result<Option<Answer>, ApiError> {
        match self.get(path) {
            Ok(answer) => Ok(Some(answer)),
            Err(ApiError::Status { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads all pages of a list.
    pub(crate) fn pages(&self, path: &Path) -> Result<Vec<Answer>, ApiError> {
        let mut pages = Vec::new();
        loop {
            let number = (pages.len() + 1).to_string();
            let page = path.clone().with("per_page", "100").with("page", &number);
            let answer = self.get(&page)?;
            let more = answer.has_next();
            pages.push(answer);
            if !more {
                return Ok(pages);
            }
            if pages.len() == MAX_PAGES {
                return Err(ApiError::TooMany { max: MAX_PAGES });
            }
        }
    }

    /// Makes sure that a request may be sent now: what is to be sent once must not be held up by a limit that is known.
    pub(crate) fn ready(&self) -> Result<(), ApiError> {
        self.client.limit.wait()
    }

    /// Sends a request that changes something: once, whatever comes of it.
    pub(crate) fn send_once(
        &self,
        method: Method,
        path: &Path,
        body: &[u8],
    ) -> Result<Answer, ApiError> {
        let body = Some(body).filter(|body| !body.is_empty());
        let answer = self.client.send(&self.token, method, path, body, Accept::Json)?;
        match self.client.limit.heed(&answer) {
            // What is to be made of the answer does not depend on how long the next request waits.
            Ok(_) | Err(_) => Ok(answer),
        }
    }
}
