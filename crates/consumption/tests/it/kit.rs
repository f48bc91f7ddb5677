//! Uses of passes, with an agent and a key that do not matter.

use axtary_actionpass::{
    AgentId, Consumption, ConsumptionStore as _, KeyId, PassId, PassUse, SigningKey, StoreError,
    Timestamp,
};
use axtary_consumption::SqliteStore;

pub(crate) fn key() -> KeyId {
    SigningKey::from_seed(&[1; 32]).verifying_key().id().clone()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

/// The pass of this number.
pub(crate) fn id(number: usize) -> PassId {
    PassId::new(format!("ap_01K1000000{number:016}")).unwrap()
}

/// Uses a pass that was issued at second 1 by the agent `codex`.
pub(crate) fn consume(
    store: &SqliteStore,
    id: &PassId,
    keep_until: i64,
    now: i64,
) -> Result<Consumption, StoreError> {
    with_use(id, keep_until, now, |pass| store.consume(pass))
}

pub(crate) fn with_use<T>(
    id: &PassId,
    keep_until: i64,
    now: i64,
    act: impl FnOnce(&PassUse<'_>) -> T,
) -> T {
    let (key, agent) = (key(), AgentId::new("codex").unwrap());
    act(&PassUse {
        id,
        key: &key,
        agent: &agent,
        issued_at: at(1),
        keep_until: at(keep_until),
        now: at(now),
    })
}
