//! Steps instead of time: the interpreter's clock is a counter of how often it was read, so that its time limit is a
//! limit on work, and load on the machine cannot turn a permit into a denial.

use std::{cell::Cell, num::NonZeroU32, sync::LazyLock, time::Duration};

use regorus::utils::limits::{
    ExecutionTimerConfig, TimeSource, TimeSourceRegistrationError, set_time_source,
};

use super::RegoEngine;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

struct StepCounter;

impl TimeSource for StepCounter {
    fn now(&self) -> Option<Duration> {
        Some(Duration::from_nanos(STEPS.with(|steps| {
            steps.set(steps.get().wrapping_add(CHECK_EVERY.into()));
            steps.get()
        })))
    }
}

/// So many steps are taken between two looks at the counter, of which the limit is a multiple.
const CHECK_EVERY: u32 = 100;

static COUNTER: StepCounter = StepCounter;

/// The counter is set once for the process. That this compiles shows that regorus was built without `std`, which would
/// bring a clock of its own.
static COUNTING: LazyLock<Result<(), TimeSourceRegistrationError>> =
    LazyLock::new(|| set_time_source(&COUNTER));

/// The limit on steps, if they are counted in this process.
pub(super) fn limit() -> Result<ExecutionTimerConfig, String> {
    COUNTING.as_ref().map_err(|_| {
        "another part of this process has set the time source of regorus, so that steps cannot be counted; remove it"
            .to_owned()
    })?;
    Ok(ExecutionTimerConfig {
        // What goes beyond the limit is refused, so the last look that passes is the one before it.
        limit: Duration::from_nanos(u64::from(RegoEngine::MAX_STEPS - CHECK_EVERY)),
        check_interval: NonZeroU32::new(CHECK_EVERY).unwrap_or(NonZeroU32::MIN),
    })
}
