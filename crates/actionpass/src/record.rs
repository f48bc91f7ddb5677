//! What a ledger is asked to keep: a [`Record`] for each decision, each outcome, and what else an auditor asks about.
//!
//! A record's body is canonical JSON from the moment it exists, so that a ledger copies bytes and nobody between the
//! decision and the disk can reword it. The members are described in `docs/formats/ledger.md`.

mod decision;
mod event;

use std::fmt;

pub use self::event::{Event, KeyChange, KeyPurpose, SpendStage};
use crate::{
    clock::Timestamp,
    disclosure::Disclosure,
    json::{Object, ObjectWriter},
    pass::PassId,
};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// Policy decided on an action.
    Decision,
    /// A permitted action ended, or may have.
    Outcome,
    /// A human approved or rejected an action.
    Approval,
    /// A pass was used up, or its use refused.
    Consumption,
    /// Money was reserved, spent or given back.
    Spend,
    /// A key came into force or went out of it.
    Key,
    /// Another policy came into force.
    Policy,
    /// The ledger itself was repaired when it was opened.
    Repair,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Decision,
        Self::Outcome,
        Self::Approval,
        Self::Consumption,
        Self::Spend,
        Self::Key,
        Self::Policy,
        Self::Repair,
    ];

    /// The name in the ledger: `decision`, `outcome`, `approval`, `consumption`, `spend`, `key`, `policy` or `repair`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Outcome => "outcome",
            Self::Approval => "approval",
            Self::Consumption => "consumption",
            Self::Spend => "spend",
            Self::Key => "key",
            Self::Policy => "policy",
            Self::Repair => "repair",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    kind: RecordKind,
    at: Timestamp,
    // INVARIANT: one canonical JSON object.
    body: Vec<u8>,
    disclosures: Vec<Disclosure>,
}

impl Record {
    /// A record of any kind, from its members.
    pub fn new(kind: RecordKind, at: Timestamp, body: &Object) -> Self {
        let mut bytes = Vec::with_capacity(512);
        body.write_canonical(&mut bytes);
        Self { kind, at, body: bytes, disclosures: Vec::new() }
    }

    /// What it is about.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The members, as one canonical JSON object.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The values that the body withholds: kept apart from it, where they can be erased.
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// How a permitted action ended, and what was observed of it.
    pub(crate) fn outcome(
        at: Timestamp,
        pass: &PassId,
        outcome: Outcome,
        observed: &Object,
    ) -> Self {
        let mut body = ObjectWriter::start(Vec::with_capacity(128));
        body.text("action_pass_id", pass.as_str());
        if !observed.is_empty() {
            body.object("observed", observed);
        }
        body.text("outcome", outcome.as_str());
        Self { kind: RecordKind::Outcome, at, body: body.finish(), disclosures: Vec::new() }
    }
}

/// How a permitted action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The tool ran and said that it succeeded.
    Executed,
    /// The tool ran and said that it failed.
    Failed,
    /// Nobody knows: the tool was dropped or panicked while it ran. It may have had its effect.
    Unknown,
}

impl Outcome {
    /// `executed`, `failed` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
