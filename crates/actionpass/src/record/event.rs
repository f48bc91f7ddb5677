//! The records around decisions: what was approved, used up, spent, and which keys and policies were in force.

use super::{Record, RecordKind};
use crate::{
    clock::Timestamp,
    hash::{LedgerHash, PolicyVersion},
    json::{Json, Number, Object},
    key::KeyId,
    name::{Audience, Principal},
    pass::PassId,
    ports::Consumption,
};

/// Something that happened around decisions, and that an auditor asks about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A human answered a request for approval.
    Approval {
        /// The `ledger_hash` of the decision that asked for it.
        request: LedgerHash,
        /// Who answered.
        approver: &'a Principal,
        /// Whether the action was approved.
        approved: bool,
    },
    /// An executor used a pass up, or was told that it may not.
    Consumption {
        /// The pass.
        pass: &'a PassId,
        /// The executor.
        audience: &'a Audience,
        /// What the store answered.
        consumption: &'a Consumption,
    },
    /// Money moved on the strength of a pass.
    Spend {
        /// The pass.
        pass: &'a PassId,
        /// What became of the amount.
        stage: SpendStage,
        /// The amount, in the currency's minor unit.
        amount: Number,
        /// The currency's ISO 4217 code.
        currency: &'a str,
    },
    /// A key came into force or went out of it.
    Key {
        /// The key's id.
        key: &'a KeyId,
        /// What it signs.
        purpose: KeyPurpose,
        /// What became of it.
        change: KeyChange,
    },
    /// Another policy came into force.
    Policy {
        /// The digest over its sources.
        version: PolicyVersion,
        /// The digest of the policy before it; `None` if none is known.
        before: Option<PolicyVersion>,
    },
    /// Opening the ledger took off its end what a crash had left there.
    Repair {
        /// How many bytes.
        bytes: u64,
        /// The name of the file that they were moved to.
        moved_to: &'a str,
    },
}

/// What became of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendStage {
    /// It was set aside before the call.
    Reserved,
    /// It was spent.
    Committed,
    /// It was given back: the call is known not to have cost it.
    RolledBack,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Passes.
    Pass,
    /// Checkpoints of the ledger.
    Checkpoint,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// It signs from now on.
    InForce,
    /// It signs no longer; what it signed still counts.
    Retired,
    /// What it signed counts no longer.
    Revoked,
}

impl SpendStage {
    /// `reserved`, `committed` or `rolled_back`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl KeyPurpose {
    /// `pass` or `checkpoint`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Checkpoint => "checkpoint",
        }
    }
}

impl KeyChange {
    /// `in_force`, `retired` or `revoked`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

impl Record {
    /// The record of an event.
    pub fn event(at: Timestamp, event: &Event<'_>) -> Self {
        let (kind, body) = match *event {
            Event::Approval { request, approver, approved } => (
                RecordKind::Approval,
                Object::new()
                    .with("approver", approver.as_str())
                    .with("request", request.to_string())
                    .with("verdict", if approved { "approved" } else { "rejected" }),
            ),
            Event::Consumption { pass, audience, consumption } => (
                RecordKind::Consumption,
                Object::new()
                    .with("action_pass_id", pass.as_str())
                    .with("audience", audience.as_str())
                    .with("consumption", consumption.as_str()),
            ),
            Event::Spend { pass, stage, amount, currency } => (
                RecordKind::Spend,
                Object::new()
                    .with("action_pass_id", pass.as_str())
                    .with("amount", Json::Number(amount))
                    .with("currency", currency)
                    .with("stage", stage.as_str()),
            ),
            Event::Key { key, purpose, change } => (
                RecordKind::Key,
                Object::new()
                    .with("change", change.as_str())
                    .with("key_id", key.as_str())
                    .with("purpose", purpose.as_str()),
            ),
            Event::Policy { version, before } => {
                let mut body = Object::new().with("policy_version", version.to_string());
                if let Some(before) = before {
                    body.insert("before", before.to_string());
                }
                (RecordKind::Policy, body)
            }
            Event::Repair { bytes, moved_to } => (
                RecordKind::Repair,
                Object::new()
                    // No file reaches the 2^53 bytes that would not fit.
                    .with("bytes", Number::try_from(bytes).map_or(Json::Null, Json::Number))
                    .with("moved_to", moved_to),
            ),
        };
        Self::new(kind, at, &body)
    }
}
