//! How a call ended that was sent: what the ledger is told of it.

use axtary_actionpass::{Claims, Json, Object, Outcome};

use crate::error::ApiError;

/// How a call ended, of which at least a part was sent.
///
/// Hand it to [`Guard::record_outcome`](axtary_actionpass::Guard::record_outcome).
#[derive(Debug)]
#[must_use = "the ledger is to know how the call ended"]
pub struct Report {
    pub(crate) claims: Claims,
    pub(crate) outcome: Outcome,
    pub(crate) observed: Object,
    pub(crate) answer: Option<Json>,
    pub(crate) error: Option<ApiError>,
}

impl Report {
    /// What the pass said, which is used up.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// `executed` if GitHub said that it is done; `failed` if it refused, or nothing reached it; `unknown` otherwise.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What was observed: the status, ids, the etag.
    pub fn observed(&self) -> &Object {
        &self.observed
    }

    /// All that GitHub answered, for whoever made the call; not for the ledger.
    pub fn answer(&self) -> Option<&Json> {
        self.answer.as_ref()
    }

    /// What went wrong, unless it was executed and answered as it should be.
    pub fn error(&self) -> Option<&ApiError> {
        self.error.as_ref()
    }
}
