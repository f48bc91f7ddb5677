//! The lock on the writer, and waking those who wait once it is let go.

use std::{
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, MutexGuard, PoisonError},
    task::{Wake, Waker},
    thread::{self, Thread},
};

use super::Writer;

/// The lock on the writer, and who is to be woken once it is let go: a waker may do anything, even come back for the lock.
pub(super) struct Held<'a> {
    // In this order they are dropped.
    writer: MutexGuard<'a, Writer>,
    woken: Woken,
}

struct Woken(Vec<Waker>);

impl<'a> Held<'a> {
    pub(super) fn of(writer: MutexGuard<'a, Writer>) -> Self {
        Self { writer, woken: Woken(Vec::new()) }
    }

    /// Lets the lock go until the condition is signalled.
    pub(super) fn wait(self, condition: &Condvar) -> Self {
        let Self { writer, woken } = self;
        let writer = condition.wait(writer).unwrap_or_else(PoisonError::into_inner);
        Self { writer, woken }
    }

    pub(super) fn wake_if(&mut self, wakes: impl Fn(u64) -> bool) {
        let woken = self.writer.waiting.extract_if(.., |(seq, _)| wakes(*seq));
        self.woken.0.extend(woken.map(|(_, waker)| waker));
    }

    pub(super) fn wake_all(&mut self) {
        self.wake_if(|_| true);
    }
}

impl Deref for Held<'_> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

impl Drop for Woken {
    fn drop(&mut self) {
        for waker in self.0.drain(..) {
            // A waker that panics is its task's trouble, and not that of the others, nor of the thread that wakes them.
            drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
        }
    }
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    /// What wakes this thread; made once, so that waiting allocates nothing.
    pub(super) static THIS_THREAD: Waker = Arc::new(Unpark(thread::current())).into();
}
