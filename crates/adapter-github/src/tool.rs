//! The tools whose calls this adapter normalizes, as policy knows them.

use axtary_actionpass::Vocabulary;

use crate::vocabulary::vocabulary;

/// A tool: what it is called, what it acts on, and what is known of its calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tool {
    /// The tool's name, such as `github.pull_requests.create`.
    pub name: &'static str,
    /// The type of its resources: the `repo` of `repo:company/web-app`.
    pub resource: &'static str,
    /// The facts that are derived from its calls, and the constraints over them.
    pub vocabulary: Vocabulary,
}

/// The tool of [`PullRequest`](crate::PullRequest).
pub(crate) const CREATE_PULL_REQUEST: &str = "github.pull_requests.create";

/// All tools whose calls are normalized here, in the order of their names.
pub fn tools() -> Vec<Tool> {
    vec![Tool { name: CREATE_PULL_REQUEST, resource: "repo", vocabulary: vocabulary() }]
}
