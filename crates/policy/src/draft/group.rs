//! What was observed of one agent, tool and resource.

use std::collections::BTreeMap;

use axtary_actionpass::{Object, PassId, Principal, Timestamp, Vocabulary};

use super::{
    limit::{Limits, limits},
    seen::{Distinct, Seen},
};

/// The decisions about one agent, tool and resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) records: u64,
    pub(super) span: Option<Span>,
    /// The pass of one of them.
    pub(super) pass: Option<PassId>,
    owners: Distinct<String>,
    facts: BTreeMap<String, Seen>,
}

/// From which record to which, and from when to when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: (u64, Timestamp),
    pub(super) last: (u64, Timestamp),
}

/// The most names of facts that are told apart.
const MAX_FACTS: usize = 256;
/// The most owners that a rule lists.
const MAX_OWNERS: usize = 16;

impl Group {
    pub(super) fn add(
        &mut self,
        span: Span,
        pass: Option<PassId>,
        owner: &Principal,
        facts: &Object,
        withheld: &[String],
    ) {
        self.records += 1;
        self.span = Some(span.join(self.span));
        self.pass = self.pass.take().or(pass);
        self.owners.add(owner.as_str().to_owned());
        let withheld = withheld.iter().map(|name| (name.as_str(), None));
        for (name, value) in facts.iter().map(|(name, value)| (name, Some(value))).chain(withheld) {
            if self.facts.len() < MAX_FACTS || self.facts.contains_key(name) {
                self.facts.entry(name.to_owned()).or_default().add(value);
            }
        }
    }

    /// The owners, if they are few and each can be named alone.
    pub(super) fn owners(&self) -> Option<Vec<&str>> {
        let owners = self.owners.at_most(MAX_OWNERS)?;
        let is_a_name = |owner: &String| !owner.contains('*');
        owners.iter().all(is_a_name).then(|| owners.iter().map(String::as_str).collect())
    }

    pub(super) fn limits(&self, vocabulary: &Vocabulary) -> Limits {
        limits(&self.facts, self.records, vocabulary)
    }
}

impl Span {
    pub(super) fn at(seq: u64, at: Timestamp) -> Self {
        Self { first: (seq, at), last: (seq, at) }
    }

    /// The span over both; times are the earliest and the latest, whatever the order of the records.
    pub(super) fn join(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        Self {
            first: (self.first.0.min(other.first.0), self.first.1.min(other.first.1)),
            last: (self.last.0.max(other.last.0), self.last.1.max(other.last.1)),
        }
    }
}
