//! The one place that talks to GitHub. It holds the credential; nobody else sees it.

use std::{fmt, io, time::Duration};

use axtary_actionpass::{Clock, Timestamp};
use axtary_adapter_github::{BranchName, ChangeSet, NormalizeError, RepositoryName};
use ureq::{
    Agent, Error, Timeout,
    http::{HeaderValue, Request},
};
use zeroize::Zeroizing;

use crate::{
    answer::Answer,
    app::App,
    error::{ApiError, ConfigError},
    limit::RateLimit,
    objects::{change_set, ref_target},
    secret::Secret,
    session::Session,
    url::{ApiUrl, Path},
};

/// The most bytes of an answer that are read: as many as the strict scan takes.
const MAX_ANSWER: usize = axtary_actionpass::MAX_BYTES;
/// How often a request that changes nothing is sent again when no answer came, or a gateway's.
const RETRIES: u32 = 2;
/// How long the first wait between them is; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(500);

/// Permissions of a GitHub App's token, and the level of each: `read` or `write`.
pub(crate) type Permissions = &'static [(&'static str, &'static str)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Reads the name of one that is made here.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let all = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];
        all.into_iter().find(|method| method.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What opens GitHub.
enum Credential {
    Token(Secret),
    App(Box<App>),
}

/// A connection to GitHub's API, with its credential.
///
/// Redirects are not followed, no proxy is taken from the environment, and answers are bounded in time and in size.
pub struct Client {
    url: ApiUrl,
    agent: Agent,
    credential: Credential,
    pub(crate) limit: RateLimit,
}

impl Client {
    /// How long a request and its answer may take, unless [`Client::with_timeout`] says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// A client with a token, such as a fine-grained personal one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Token`] if no header can hold it.
    pub fn with_token(url: ApiUrl, token: Secret) -> Result<Self, ConfigError> {
        let fits =
            !token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self::new(url, Credential::Token(token))) } else { Err(ConfigError::Token) }
    }

    /// A client that acts as a GitHub App.
    pub fn with_app(url: ApiUrl, app: App) -> Self {
        Self::new(url, Credential::App(Box::new(app)))
    }

    fn new(url: ApiUrl, credential: Credential) -> Self {
        let agent = agent(&url, Self::DEFAULT_TIMEOUT);
        Self { url, agent, credential, limit: RateLimit::default() }
    }

    /// Lets a request and its answer take this long.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.agent = agent(&self.url, timeout);
        self
    }

    /// Waits at most this long when GitHub asks to; a minute, unless this is said.
    #[must_use]
    pub fn with_max_wait(mut self, max: Duration) -> Self {
        self.limit.max_wait = max;
        self
    }

    /// Reads the time from another clock than the system's, and waits in another way than by sleeping.
    #[must_use]
    pub fn with_clock(
        mut self,
        clock: impl Clock + 'static,
        sleep: impl Fn(Duration) + Send + Sync + 'static,
    ) -> Self {
        self.limit.clock = Box::new(clock);
        self.limit.sleep = Box::new(sleep);
        self
    }

    /// Reads from GitHub the change set of merging `head` into `base`, as they are now: what
    /// [`ChangeSet::between`] reads from a clone.
    ///
    /// The lists of files that GitHub makes of a comparison or a pull request are not asked for: they leave out modes, and stop at
    /// 300 or 3,000 files without saying so.
    ///
    /// # Errors
    ///
    /// As [`ChangeSet::fetch`], and [`NormalizeError::NoSuchBranch`].
    pub fn change_set(
        &self,
        repository: &RepositoryName,
        base: &BranchName,
        head: &BranchName,
    ) -> Result<ChangeSet, NormalizeError> {
        let session = self.open(repository, &[("contents", "read")]).map_err(|error| {
            let (kind, id) = ("repository", repository.to_string());
            NormalizeError::Incomplete { kind, id, source: error.into() }
        })?;
        let tip = |branch: &BranchName| {
            let found = ref_target(&session, &format!("heads/{branch}"))?;
            found.ok_or_else(|| NormalizeError::NoSuchBranch { branch: branch.to_string() })
        };
        let (base_sha, head_sha) = (tip(base)?, tip(head)?);
        change_set(&session, (base, &base_sha), (head, &head_sha))
    }

    pub(crate) fn now(&self) -> Result<Timestamp, ApiError> {
        Ok(self.limit.clock.now()?)
    }

    /// Opens one repository with no more than these permissions, where the credential can be narrowed.
    pub(crate) fn open(
        &self,
        repository: &RepositoryName,
        permissions: Permissions,
    ) -> Result<Session<'_>, ApiError> {
        let token = match &self.credential {
            Credential::Token(token) => token.clone(),
            Credential::App(app) => app.token(self, repository.name(), permissions)?,
        };
        Ok(Session::new(self, repository.clone(), token))
    }

    /// Sends a request that may be sent again, and does so while no answer comes, or while GitHub asks to wait.
    pub(crate) fn repeat(
        &self,
        token: &Secret,
        method: Method,
        path: &Path,
        body: Option<&[u8]>,
    ) -> Result<Answer, ApiError> {
        let send = || self.send(token, method, path, body, Accept::Json);
        self.retry(send)
    }

    /// Sends again what may be sent again.
    pub(crate) fn retry(
        &self,
        send: impl Fn() -> Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        let mut failures = 0;
        loop {
            self.limit.wait()?;
            let again = match send() {
                Ok(answer) if self.limit.heed(&answer)? => Err(refused(&answer)),
                Ok(answer) if matches!(answer.status, 502..=504) => Err(refused(&answer)),
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => {
                    if let (401, Credential::App(app)) = (answer.status, &self.credential) {
                        app.forget_tokens();
                    }
                    return Err(refused(&answer));
                }
                Err(error @ (ApiError::NotSent { .. } | ApiError::NoAnswer { .. })) => Err(error),
                Err(error) => return Err(error),
            };
            if failures == RETRIES {
                return again;
            }
            (self.limit.sleep)(BACKOFF * 2_u32.pow(failures));
            failures += 1;
        }
    }

    /// Sends a request, once.
    pub(crate) fn send(
        &self,
        token: &Secret,
        method: Method,
        path: &Path,
        body: Option<&[u8]>,
        accept: Accept,
    ) -> Result<Answer, ApiError> {
        let name = format!("{} {}", method.as_str(), path.path());
        let not_sent = |problem: String| ApiError::NotSent { request: name.clone(), problem };
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut authorization = HeaderValue::from_str(&bearer)
            .map_err(|_| not_sent("the token fits no header".to_owned()))?;
        authorization.set_sensitive(true);
        let request = Request::builder()
            .method(method.as_str())
            .uri(self.url.join(path))
            .header("authorization", authorization)
            .header("accept", accept.media())
            .header("x-github-api-version", API_VERSION);
        let sent = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body)
                .map_err(|error| not_sent(error.to_string()))
                .map(|request| self.agent.run(request)),
            None => request
                .body(())
                .map_err(|error| not_sent(error.to_string()))
                .map(|request| self.agent.run(request)),
        };
        let max = accept.max();
        let failed = |error: &Error| {
            let problem = token.redact(&error.to_string());
            if was_sent(error) {
                ApiError::NoAnswer { request: name.clone(), problem }
            } else {
                not_sent(problem)
            }
        };
        let (parts, mut body) = sent?.map_err(|error| failed(&error))?.into_parts();
        let read = body.with_config().limit(max as u64).read_to_vec();
        let body = read.map_err(|error| match error {
            Error::BodyExceedsLimit(_) => ApiError::TooLarge { request: name.clone(), max },
            error => ApiError::NoAnswer {
                request: name.clone(),
                problem: format!("it broke off: {}", token.redact(&error.to_string())),
            },
        })?;
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            // Whoever answers may repeat what was sent.
            Some((name.as_str().to_owned(), token.redact(value.to_str().ok()?)))
        });
        let is_file = matches!(accept, Accept::Raw(_)) && parts.status.is_success();
        let redacted = || token.redact(&String::from_utf8_lossy(&body)).into_bytes();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: if is_file { body } else { redacted() },
            request: name,
        })
    }
}

/// GitHub's version of its API, by date.
const API_VERSION: &str = "2022-11-28";

/// What an answer is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Accept {
    Json,
    /// The bytes of a file, at most so many.
    Raw(usize),
}

impl Accept {
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.github+json",
            Self::Raw(_) => "application/vnd.github.raw+json",
        }
    }

    fn max(self) -> usize {
        match self {
            Self::Json => MAX_ANSWER,
            Self::Raw(max) => max,
        }
    }
}

fn agent(url: &ApiUrl, timeout: Duration) -> Agent {
    Agent::config_builder()
        .https_only(url.is_https())
        // From the environment by default, which is none of this crate's business.
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("axtary-executor-github/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(timeout))
        .build()
        .new_agent()
}

/// The error that a status which is no success comes to.
pub(crate) fn refused(answer: &Answer) -> ApiError {
    let (request, status) = (answer.request.clone(), answer.status);
    if (300..400).contains(&status) {
        return ApiError::Redirected { request, status };
    }
    ApiError::Status { request, status, message: answer.message() }
}

/// Whether a byte of the request may have left. Only what fails while a connection is made is certain to come before.
fn was_sent(error: &Error) -> bool {
    match error {
        Error::HostNotFound
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::RequireHttpsOnly(_)
        | Error::ConnectionFailed
        | Error::TlsRequired
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => false,
        Error::Io(error) => !matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        ),
        _ => true,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}
