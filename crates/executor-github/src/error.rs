//! Why something was not done, or may have been. Nothing of a credential is in any of these.

use std::time::Duration;

use axtary_actionpass::{InputError, VerifyError};
use axtary_adapter_github::NormalizeError;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of the API.
    #[error("the URL of GitHub's API {seen:?} is refused: {problem}")]
    Url {
        /// What was given, cut to 160 characters.
        seen: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// The key of a GitHub App.
    #[error(
        "the key of the GitHub App is refused: {problem}; download it anew from the app's settings, as PEM"
    )]
    AppKey {
        /// Why it is refused.
        problem: &'static str,
    },
    /// A token that no header can hold.
    #[error("the token is empty, or holds characters that no token has")]
    Token,
}

/// Why a request did not bring what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// Nothing was sent.
    #[error("`{request}` was not sent: {problem}")]
    NotSent {
        /// Method and path.
        request: String,
        /// Why not.
        problem: String,
    },
    /// It was sent, or part of it, and no whole answer came. It may have had its effect.
    #[error("no whole answer came to `{request}`: {problem}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// What was seen instead.
        problem: String,
    },
    /// The answer leads elsewhere. The credential is for this place and no other.
    #[error(
        "`{request}` was answered with {status}, which leads elsewhere and is not followed; if the repository was renamed, call it by its new name"
    )]
    Redirected {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
    },
    /// GitHub refused.
    #[error("`{request}` was answered with {status}: {message}")]
    Status {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
        /// What GitHub said, cut to 200 characters.
        message: String,
    },
    /// GitHub asks to wait for longer than is waited.
    #[error("GitHub's rate limit is used up for another {} s, longer than the {} s that are waited; try again then", wait.as_secs(), max.as_secs())]
    RateLimited {
        /// How long to wait from now.
        wait: Duration,
        /// The longest that is waited.
        max: Duration,
    },
    /// The answer is larger than is read.
    #[error("the answer to `{request}` is larger than the {max} bytes that are read")]
    TooLarge {
        /// Method and path.
        request: String,
        /// How many bytes are read.
        max: usize,
    },
    /// The answer is not what GitHub's description says.
    #[error("the answer to `{request}` is not in form: {problem}")]
    Form {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The time is not known, which tokens and limits depend on.
    #[error("the time is not known: {0}")]
    Clock(#[from] axtary_actionpass::ClockError),
    /// More requests than one change set may take.
    #[error(
        "it takes more than {max} requests; read the change set from a clone, or split the change"
    )]
    TooMany {
        /// How many it may take.
        max: usize,
    },
    /// A time cannot be reckoned with.
    #[error(transparent)]
    Input(#[from] InputError),
}

impl ApiError {
    /// A stable name for this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "github_api.not_sent",
            Self::NoAnswer { .. } => "github_api.no_answer",
            Self::Redirected { .. } => "github_api.redirected",
            Self::Status { .. } => "github_api.status",
            Self::RateLimited { .. } => "github_api.rate_limited",
            Self::TooLarge { .. } => "github_api.too_large",
            Self::Form { .. } => "github_api.form",
            Self::Clock(_) => "github_api.clock",
            Self::TooMany { .. } => "github_api.too_many_requests",
            Self::Input(_) => "github_api.input",
        }
    }
}

/// Why a call was not sent. Whatever GitHub holds, it holds as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// No such call is made here.
    #[error("the call `{tool}` is not made here; `{known}` are")]
    UnknownTool {
        /// The tool.
        tool: String,
        /// What can be made.
        known: String,
    },
    /// The payload is not one that the adapter makes of such a call.
    #[error("the payload is refused: {problem}")]
    Payload {
        /// What is wrong with it.
        problem: String,
    },
    /// The pass does not fit. It is not used up.
    #[error("the pass is refused: {0}")]
    Pass(#[from] VerifyError),
    /// What the pass was issued for is otherwise by now.
    #[error("{what} is at `{now}`, and was at `{checked}` when it was checked; ask the gate again")]
    Moved {
        /// What moved.
        what: String,
        /// Where it was when it was checked.
        checked: String,
        /// Where it is.
        now: String,
    },
    /// What the call is about is not there.
    #[error("{what} is not there")]
    Gone {
        /// What is not there.
        what: String,
    },
    /// Something must be known that is not read from here.
    #[error("{what} must be known, and is not read here")]
    Unreadable {
        /// What.
        what: String,
    },
    /// The call cannot be normalized anew.
    #[error("the call cannot be looked at anew: {0}")]
    Normalize(#[from] NormalizeError),
    /// GitHub could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl ExecuteError {
    /// A stable name for this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool { .. } => "execute.unknown_tool",
            Self::Payload { .. } => "execute.payload",
            Self::Pass(error) => error.code(),
            Self::Moved { .. } => "execute.moved",
            Self::Gone { .. } => "execute.gone",
            Self::Unreadable { .. } => "execute.unreadable",
            Self::Normalize(error) => error.code(),
            Self::Api(error) => error.code(),
        }
    }
}
