//! Single use, in memory: for one process that runs for longer than its passes live.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    fmt,
    sync::{Mutex, MutexGuard},
};

use crate::{
    clock::Timestamp,
    pass::PassId,
    ports::{Consumption, ConsumptionStore, PassUse, Revocation, StoreError},
};

/// Remembers used passes in the memory of this process, up to a bound; forgets only what has expired.
///
/// A restart forgets everything, and so lets passes that have not expired be used again; other processes know nothing
/// of it. Where either matters, use a store that is durable.
pub struct MemoryStore {
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    ids: HashSet<PassId>,
    by_expiry: BinaryHeap<Reverse<(Timestamp, PassId)>>,
    // What was to be kept until here is forgotten: should the clock go back, nothing that old may count as unused.
    forgotten: Option<Timestamp>,
    revoked: HashSet<Revocation>,
    revoked_before: Option<Timestamp>,
}

impl MemoryStore {
    /// How many unexpired passes [`MemoryStore::default`] remembers.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// A store that remembers at most `capacity` unexpired passes and as many revocations, and refuses further ones.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, used: Mutex::default() }
    }

    fn lock(&self) -> Result<MutexGuard<'_, Used>, StoreError> {
        self.used.lock().map_err(|_| StoreError {
            message: "the store of used passes is in an unknown state; restart the process"
                .to_owned(),
        })
    }
}

impl Used {
    fn forget_expired(&mut self, now: Timestamp) {
        while let Some(Reverse((expiry, _))) = self.by_expiry.peek()
            && *expiry < now
            && let Some(Reverse((expiry, id))) = self.by_expiry.pop()
        {
            self.ids.remove(&id);
            self.forgotten = Some(expiry);
        }
    }

    fn revocation(&self, pass: &PassUse<'_>) -> Option<Revocation> {
        if let Some(moment) = self.revoked_before
            && pass.issued_at < moment
        {
            return Some(Revocation::IssuedBefore(moment));
        }
        if self.revoked.is_empty() {
            return None;
        }
        [
            Revocation::Pass(*pass.id),
            Revocation::Key(pass.key.clone()),
            Revocation::Agent(pass.agent.clone()),
        ]
        .into_iter()
        .find(|revocation| self.revoked.contains(revocation))
    }

    fn look(&self, pass: &PassUse<'_>, capacity: usize) -> Result<Consumption, StoreError> {
        if let Some(revocation) = self.revocation(pass) {
            return Ok(Consumption::Revoked(revocation));
        }
        if self.ids.contains(pass.id) {
            return Ok(Consumption::Already);
        }
        if self.forgotten.is_some_and(|forgotten| pass.keep_until <= forgotten) {
            return Err(StoreError {
                message: "the clock went back to a time whose used passes are forgotten; correct the clock"
                    .to_owned(),
            });
        }
        if self.ids.len() >= capacity {
            return Err(full(capacity, "unexpired passes were used"));
        }
        Ok(Consumption::First)
    }
}

fn full(capacity: usize, what: &str) -> StoreError {
    StoreError {
        message: format!(
            "{capacity} {what}, the most this store remembers; raise its capacity, or let passes live for less"
        ),
    }
}

impl ConsumptionStore for MemoryStore {
    fn consume(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError> {
        let mut used = self.lock()?;
        used.forget_expired(pass.now);
        let answer = used.look(pass, self.capacity)?;
        match &answer {
            Consumption::First => {
                used.ids.insert(*pass.id);
                used.by_expiry.push(Reverse((pass.keep_until, *pass.id)));
            }
            Consumption::Already | Consumption::Revoked(_) => {}
        }
        Ok(answer)
    }

    fn look(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError> {
        let mut used = self.lock()?;
        used.forget_expired(pass.now);
        used.look(pass, self.capacity)
    }

    fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let mut used = self.lock()?;
        if let Revocation::IssuedBefore(moment) = revocation {
            used.revoked_before = used.revoked_before.max(Some(*moment));
            return Ok(());
        }
        if used.revoked.len() >= self.capacity && !used.revoked.contains(revocation) {
            return Err(full(self.capacity, "revocations were made"));
        }
        used.revoked.insert(revocation.clone());
        Ok(())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::KeyId, name::AgentId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn key() -> KeyId {
        crate::SigningKey::from_seed(&[1; 32]).verifying_key().id().clone()
    }

    /// Uses a pass that was issued at second 1 by the agent `codex`.
    fn consume(
        store: &MemoryStore,
        id: &PassId,
        keep_until: i64,
        now: i64,
    ) -> Result<Consumption, StoreError> {
        let (key, agent) = (key(), AgentId::new("codex").unwrap());
        store.consume(&PassUse {
            id,
            key: &key,
            agent: &agent,
            issued_at: at(1),
            keep_until: at(keep_until),
            now: at(now),
        })
    }

    fn id() -> PassId {
        PassId::generate(at(1)).unwrap()
    }

    #[test]
    fn of_sixteen_threads_exactly_one_uses_a_pass() {
        let (store, pass) = (MemoryStore::default(), id());
        let firsts = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..16).map(|_| scope.spawn(|| consume(&store, &pass, 100, 1).unwrap())).collect();
            threads
                .into_iter()
                .map(|t| t.join().unwrap())
                .filter(|c| *c == Consumption::First)
                .count()
        });
        assert_eq!(firsts, 1);
    }

    #[test]
    fn a_full_store_refuses_until_something_expired() {
        let store = MemoryStore::new(1);
        assert_eq!(consume(&store, &id(), 10, 1), Ok(Consumption::First));
        assert!(consume(&store, &id(), 10, 10).is_err());
        assert_eq!(consume(&store, &id(), 20, 11), Ok(Consumption::First));
        store.revoke(&Revocation::Pass(id())).unwrap();
        assert!(store.revoke(&Revocation::Pass(id())).is_err());
    }

    #[test]
    fn a_used_pass_stays_used_when_the_clock_goes_back() {
        let store = MemoryStore::default();
        let pass = id();
        assert_eq!(consume(&store, &pass, 10, 1), Ok(Consumption::First));
        assert_eq!(consume(&store, &id(), 30, 20), Ok(Consumption::First));
        assert!(consume(&store, &pass, 10, 1).is_err());
    }

    #[test]
    fn what_is_revoked_is_refused_and_not_used_up() {
        let revocations = [
            Revocation::Key(key()),
            Revocation::Agent(AgentId::new("codex").unwrap()),
            Revocation::IssuedBefore(at(2)),
        ];
        for revocation in revocations {
            let store = MemoryStore::default();
            store.revoke(&revocation).unwrap();
            assert_eq!(consume(&store, &id(), 10, 1), Ok(Consumption::Revoked(revocation)));
        }
        let (store, pass) = (MemoryStore::default(), id());
        store.revoke(&Revocation::Pass(pass)).unwrap();
        store.revoke(&Revocation::IssuedBefore(at(1))).unwrap();
        store.revoke(&Revocation::Agent(AgentId::new("other").unwrap())).unwrap();
        assert_eq!(consume(&store, &pass, 10, 1), Ok(Consumption::Revoked(Revocation::Pass(pass))));
        assert_eq!(
            consume(&store, &id(), 10, 1),
            Ok(Consumption::First),
            "the moment itself is not before it"
        );
    }

    #[test]
    fn a_later_moment_is_never_replaced_by_an_earlier_one() {
        let store = MemoryStore::default();
        store.revoke(&Revocation::IssuedBefore(at(5))).unwrap();
        store.revoke(&Revocation::IssuedBefore(at(1))).unwrap();
        assert_eq!(
            consume(&store, &id(), 10, 1),
            Ok(Consumption::Revoked(Revocation::IssuedBefore(at(5))))
        );
    }
}
