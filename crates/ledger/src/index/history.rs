//! What a ledger holds about one pass.

use std::path::Path;

use axtary_actionpass::{PassId, RecordKind};

use super::Index;
use crate::{error::ReadFailure, line::Entry};

/// What a ledger holds about one pass, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassHistory {
    decision: Entry,
    outcomes: Vec<Entry>,
}

impl PassHistory {
    /// The decision that led to the pass.
    pub fn decision(&self) -> &Entry {
        &self.decision
    }

    /// How its action ended, and anything else that was recorded about the pass; empty while nobody knows.
    pub fn outcomes(&self) -> &[Entry] {
        &self.outcomes
    }
}

/// Looks for a pass in the ledger at `ledger`, by its [`Index`].
///
/// # Errors
///
/// [`ReadFailure::NoSuchPass`] if no decision led to it; others if the ledger cannot be read on.
pub fn find(ledger: impl AsRef<Path>, pass: &PassId) -> Result<PassHistory, ReadFailure> {
    Index::open(ledger)?.history_of(pass)
}

impl Index {
    /// What the ledger holds about a pass.
    ///
    /// # Errors
    ///
    /// [`ReadFailure::NoSuchPass`] if no decision led to it; others if the ledger cannot be read on.
    pub fn history_of(&self, pass: &PassId) -> Result<PassHistory, ReadFailure> {
        let mut decision = None;
        let mut outcomes = Vec::new();
        for entry in self.records_of(pass)? {
            if decision.is_none() && entry.kind == RecordKind::Decision.as_str() {
                decision = Some(entry);
            } else {
                outcomes.push(entry);
            }
        }
        match decision {
            Some(decision) => Ok(PassHistory { decision, outcomes }),
            None => {
                let (path, archived) = (self.ledger.clone(), self.first());
                Err(ReadFailure::NoSuchPass { path, pass: *pass, archived })
            }
        }
    }
}
