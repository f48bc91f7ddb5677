//! Guards an agent's tool call: a typed [`Action`] goes in, a short-lived [`ActionPass`] or a [`Refusal`] comes out.
//!
//! ```text
//! tool call -> normalize -> evaluate -> record -> issue -> execute -> outcome
//!               Action      Evaluation   Record    ActionPass  VerifiedPass
//! ```
//!
//! ```
//! # use axtary_actionpass::{Guard, Refusal, SigningKey, testing};
//! # let policy = testing::permit_if(|action| action.tool().as_str() == "github.pull_requests.create");
//! # let ledger = testing::MemoryLedger::new();
//! # let action = testing::action("github.pull_requests.create")?;
//! let guard = Guard::new(policy, ledger, SigningKey::generate()?, "https://gate.example".parse()?)?;
//! match guard.check(&action) {
//!     Ok(pass) => println!("send the call with {}", pass.token()),
//!     Err(Refusal::Denied(why)) => println!("{why}"),
//!     Err(Refusal::ApprovalRequired(request)) => println!("ask a human: {request}"),
//!     Err(Refusal::Unavailable(part)) => println!("stop: {part}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - A pass fits one call: its tool, its resource, and the hash of its exact payload. It is good once, for minutes.
//! - No pass exists whose decision was not recorded first, and nothing but a permit leads to one. Every part that fails
//!   ends in a refusal that says why.
//! - A guard that cannot show a refusal does not arm ([`Guard::new`]).
//! - The outcome of a tool that ran under [`Guard::authorize`] is recorded, as `unknown` if nobody knows it.
//!
//! # What is not
//!
//! - The pass is a bearer credential until it is used or expires; send it as you would a token.
//! - An executor that does not verify is not protected, and neither is a credential that the agent itself holds.
//! - The core derives no facts and holds no policy: adapters, engines and ledgers are crates of their own, behind the
//!   [ports](PolicyEngine).
//!
//! # Where to go next
//!
//! [`Action`] is what an adapter builds, out of [`Payload`] (strict [`Json`]) and [`Facts`]. A [`PolicyEngine`] answers
//! with an [`Evaluation`]; its constraints speak a [`Vocabulary`]. [`Guard`] is the one way through. Downstream,
//! [`Verifier`] takes a token and an [`Execution`]. Errors: [`Refusal`] and [`VerifyError`].
//!
//! The feature `testing` adds the module `testing`, with parts for tests; no feature changes an answer.

mod action;
mod bindings;
mod clock;
mod constraint;
mod consume;
mod decision;
mod disclosure;
mod error;
mod glob;
mod guard;
mod hash;
mod holder;
mod issue;
mod json;
mod key;
mod name;
mod pass;
mod ports;
mod record;
#[cfg(feature = "testing")]
pub mod testing;
mod verify;

pub use crate::{
    action::{Action, ActionBuilder, Actor, Facts, Intent, Payload},
    bindings::Bindings,
    clock::{Clock, ClockError, FixedClock, SystemClock, Timestamp},
    constraint::{
        ConstraintError, Constraints, FactDefinition, FactType, MAX_CONSTRAINTS, Operator,
        Violation, Vocabulary,
    },
    consume::MemoryStore,
    decision::{Cause, Effect, Evaluation, Reason, Trial},
    disclosure::Disclosure,
    error::{ApprovalRequest, Denied, InputError, Part, Refusal, Unavailable},
    glob::{GlobError, PathGlobs, is_invisible, path_key},
    guard::{ArmError, AuthorizeError, Guard, prove_refusal},
    hash::{Commitment, LedgerHash, PayloadHash, PolicyVersion, ToolHash},
    json::{Json, MAX_BYTES, MAX_DEPTH, Number, NumberError, Object, ScanError, ScanProblem},
    key::{Algorithm, KeyError, KeyId, KeySet, SigningKey, TrustedKey, VerifyingKey},
    name::{
        AgentId, Audience, EngineName, Issuer, Principal, Resource, TaskId, ToolName, TransactionId,
    },
    pass::{ActionPass, Claims, PassId, PassView},
    ports::{
        Appended, Condition, Consumption, ConsumptionStore, EngineError, Ledger, LedgerError,
        PassUse, PolicyEngine, PolicyInfo, Revocation, SignError, Signer, StoreError, Trace,
    },
    record::{Event, KeyChange, KeyPurpose, Outcome, Record, RecordKind, SpendStage},
    verify::{Execution, VerifiedPass, Verifier, VerifyError},
};

/// The programs of the README compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
