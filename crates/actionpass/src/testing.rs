//! Parts for tests: policies from closures, a ledger in memory, ports that fail. Behind the feature `testing`.

pub mod properties;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    action::{Action, Actor, Facts, Intent, Payload},
    decision::{Cause, Effect, Evaluation, Reason},
    error::InputError,
    hash::{LedgerHash, PolicyVersion},
    json::Object,
    name::EngineName,
    ports::{
        Appended, Consumption, ConsumptionStore, EngineError, Ledger, LedgerError, PassUse,
        PolicyEngine, Revocation, StoreError,
    },
    record::Record,
};

/// An action of `tool` by `agent` for `owner@example.com`, on `thing:one`, for the audience `executor`.
///
/// # Errors
///
/// [`InputError`] if `tool` is no tool name.
pub fn action(tool: &str) -> Result<Action, InputError> {
    let actor = Actor::new("agent".parse()?, "owner@example.com".parse()?);
    Action::builder(actor, tool.parse()?, "thing:one".parse()?)
        .intent(Intent::new("do the thing")?.with_task("TASK-1".parse()?))
        .audience("executor".parse()?)
        .payload(Payload::parse(br#"{"text":"hello","count":3}"#)?)
        .facts(Facts::new(Object::new().with("count", 3))?)
        .build()
}

/// A policy that decides with a closure.
#[derive(Clone, Debug)]
pub struct PolicyFn<F>(F);

/// A policy that permits what `permits` accepts, and denies the rest.
pub fn permit_if(permits: impl Fn(&Action) -> bool + Send + Sync) -> impl PolicyEngine {
    PolicyFn(move |action: &Action| {
        Ok(if permits(action) {
            answer(Effect::Permit, Cause::Permitted)
        } else {
            answer(Effect::Deny, Cause::NoPermit)
        })
    })
}

/// A policy that answers with what `evaluate` gives.
pub fn policy<F>(evaluate: F) -> PolicyFn<F>
where
    F: Fn(&Action) -> Result<Evaluation, EngineError> + Send + Sync,
{
    PolicyFn(evaluate)
}

impl<F> PolicyEngine for PolicyFn<F>
where
    F: Fn(&Action) -> Result<Evaluation, EngineError> + Send + Sync,
{
    fn evaluate(&self, action: &Action) -> Result<Evaluation, EngineError> {
        self.0(action)
    }

    fn policy_version(&self) -> PolicyVersion {
        closure_version()
    }
}

fn closure_version() -> PolicyVersion {
    PolicyVersion::of_sources([("testing", b"closure".as_slice())])
}

/// An answer of the engine `testing`, by the policy `closure`.
pub fn answer(effect: Effect, cause: Cause) -> Evaluation {
    let engine = EngineName::TESTING;
    Evaluation::new(
        effect,
        vec![engine.clone()],
        closure_version(),
        vec![Reason::new(engine, cause).by("closure")],
    )
}

/// A ledger in memory, which can be told to fail.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    records: Mutex<Vec<Record>>,
    /// From now on, appending fails.
    pub refuse_append: AtomicBool,
    /// From now on, waiting for durability fails.
    pub refuse_sync: AtomicBool,
}

impl MemoryLedger {
    /// An empty ledger that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was kept so far.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ledger for MemoryLedger {
    fn append(&self, record: &Record) -> Result<Appended, LedgerError> {
        if self.refuse_append.load(Ordering::SeqCst) {
            return Err(LedgerError {
                message: "told to refuse to append".to_owned(),
                source: None,
            });
        }
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(record.clone());
        let seq = u64::try_from(records.len() - 1).unwrap_or(u64::MAX);
        Ok(Appended { seq, hash: LedgerHash::of_line(record.body()) })
    }

    fn sync(&self, _: &Appended) -> Result<(), LedgerError> {
        if self.refuse_sync.load(Ordering::SeqCst) {
            return Err(LedgerError { message: "told to refuse to sync".to_owned(), source: None });
        }
        Ok(())
    }
}

/// A store that never knows whether a pass was used.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokenStore;

impl ConsumptionStore for BrokenStore {
    fn consume(&self, _: &PassUse<'_>) -> Result<Consumption, StoreError> {
        Err(StoreError { message: "told to fail".to_owned() })
    }

    fn look(&self, _: &PassUse<'_>) -> Result<Consumption, StoreError> {
        Err(StoreError { message: "told to fail".to_owned() })
    }

    fn revoke(&self, _: &Revocation) -> Result<(), StoreError> {
        Err(StoreError { message: "told to fail".to_owned() })
    }
}
