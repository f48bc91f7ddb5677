//! Guards an agent's tool call: a typed [`Action`] goes in, a short-lived `ActionPass` or a [`Refusal`] comes out.

mod action;
mod clock;
mod constraint;
mod decision;
mod error;
mod glob;
mod hash;
mod json;
mod key;
mod name;
mod pass;
mod ports;
mod record;

pub use crate::{
    action::{Action, ActionBuilder, Actor, Facts, Intent, Payload},
    clock::{Clock, ClockError, FixedClock, SystemClock, Timestamp},
    constraint::{
        ConstraintError, Constraints, FactDefinition, FactType, MAX_CONSTRAINTS, Operator,
        Violation, Vocabulary,
    },
    decision::{Cause, Effect, Evaluation, Reason},
    error::{ApprovalRequest, Denied, InputError, Part, Refusal, Unavailable},
    glob::{GlobError, PathGlobs},
    hash::{LedgerHash, PayloadHash, PolicyVersion},
    json::{Json, MAX_BYTES, MAX_DEPTH, Number, NumberError, Object, ScanError, ScanProblem},
    key::{Algorithm, KeyError, KeyId, KeySet, SigningKey, VerifyingKey},
    name::{AgentId, Audience, EngineName, Issuer, Principal, Resource, TaskId, ToolName},
    pass::PassId,
    ports::{
        Appended, Consumption, ConsumptionStore, EngineError, Ledger, LedgerError, PolicyEngine,
        SignError, Signer, StoreError,
    },
    record::{Outcome, Record, RecordKind},
};
