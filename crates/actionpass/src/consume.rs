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
    ports::{Consumption, ConsumptionStore, StoreError},
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
}

impl MemoryStore {
    /// How many unexpired passes [`MemoryStore::default`] remembers.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// A store that remembers at most `capacity` unexpired passes, and refuses further ones.
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

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl ConsumptionStore for MemoryStore {
    fn consume(
        &self,
        id: &PassId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<Consumption, StoreError> {
        let mut used = self.lock()?;
        while let Some(Reverse((expiry, _))) = used.by_expiry.peek()
            && *expiry < now
            && let Some(Reverse((expiry, id))) = used.by_expiry.pop()
        {
            used.ids.remove(&id);
            used.forgotten = Some(expiry);
        }
        if used.ids.contains(id) {
            return Ok(Consumption::Already);
        }
        if used.forgotten.is_some_and(|forgotten| keep_until <= forgotten) {
            return Err(StoreError {
                message: "the clock went back to a time whose used passes are forgotten; correct the clock".to_owned(),
            });
        }
        if used.ids.len() >= self.capacity {
            return Err(StoreError {
                message: format!(
                    "{} unexpired passes were used, the most this store remembers; raise its capacity, or shorten the \
                     passes' lives",
                    self.capacity
                ),
            });
        }
        used.ids.insert(id.clone());
        used.by_expiry.push(Reverse((keep_until, id.clone())));
        Ok(Consumption::First)
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

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn id(seconds: i64) -> PassId {
        PassId::generate(at(seconds)).unwrap()
    }

    #[test]
    fn of_sixteen_threads_exactly_one_uses_a_pass() {
        let (store, pass) = (MemoryStore::default(), id(1));
        let firsts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| store.consume(&pass, at(100), at(1)).unwrap()))
                .collect();
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
        assert_eq!(store.consume(&id(1), at(10), at(1)).unwrap(), Consumption::First);
        assert!(store.consume(&id(1), at(10), at(10)).is_err());
        assert_eq!(store.consume(&id(1), at(20), at(11)).unwrap(), Consumption::First);
    }

    #[test]
    fn a_used_pass_stays_used_when_the_clock_goes_back() {
        let store = MemoryStore::default();
        let pass = id(1);
        assert_eq!(store.consume(&pass, at(10), at(1)).unwrap(), Consumption::First);
        assert_eq!(store.consume(&id(1), at(30), at(20)).unwrap(), Consumption::First);
        assert!(store.consume(&pass, at(10), at(1)).is_err());
    }
}
