//! Executes GitHub calls under a pass: the executor holds the credential, the agent holds none.
//!
//! ```text
//! payload + token ──> check the pass ──> normalize anew, from GitHub ──> read the branches once more
//!                                                                                   │
//!              Report <── send exactly the payload, once <── verify and consume <───┘
//! ```
//!
//! ```no_run
//! use axtary_actionpass::{Guard, KeySet, Payload, ToolName, Verifier};
//! use axtary_adapter_github::vocabulary;
//! use axtary_consumption::SqliteStore;
//! use axtary_executor_github::{ApiUrl, Client, GitHubExecutor, Secret};
//!
//! # fn of(keys: KeySet, store: SqliteStore, github_token: String, guard: &Guard, tool: ToolName, payload: Payload, token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::with_token(ApiUrl::github(), Secret::new(github_token))?;
//! let verifier = Verifier::new(keys, "github-executor".parse()?, store)?.with_vocabulary(vocabulary());
//! let executor = GitHubExecutor::new(client, verifier);
//!
//! let report = executor.execute(&tool, &payload, token)?;
//! guard.record_outcome(report.claims().id(), report.outcome(), report.observed())?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! - No call is made without a pass that fits the call, the payload and the facts of this moment; and each pass makes one call.
//! - What was checked is what is sent: the call is normalized anew from GitHub's own objects, whose hashes are their names, and a
//!   branch that is elsewhere by then is a refusal. What GitHub answers is held against the commits that were checked.
//! - An error means that nothing was sent. Else there is a [`Report`]: `executed`, `failed`, or `unknown`, never a guess.
//! - What changes something is sent once. What only reads is repeated within bounds. Rate limits are honoured.
//! - The credential is in no error, no record, no log and no `Debug`. The token of a GitHub App is for one repository and the
//!   permissions of one call. Redirects are not followed.
//!
//! # What is not
//!
//! - GitHub takes no commit id when it opens a pull request. A push between the last look and the request is seen in the answer,
//!   and reported, but not prevented.
//! - The client blocks its thread. Under an async runtime, call it where blocking is allowed.

mod answer;
mod app;
mod call;
mod checks;
mod client;
mod error;
mod evidence;
mod executor;
mod limit;
mod objects;
mod permissions;
mod report;
mod secret;
mod session;
mod url;

pub use crate::{
    app::App,
    client::Client,
    error::{ApiError, ConfigError, ExecuteError},
    executor::GitHubExecutor,
    report::Report,
    secret::Secret,
    url::ApiUrl,
};
