//! GitHub's rate limits, honoured: a request that is told to wait waits, as long as that is bearable, and so do all after it.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axtary_actionpass::{Clock, SystemClock, Timestamp};

use crate::{answer::Answer, error::ApiError};

/// How long to wait when GitHub says only that it is too much: its documentation asks for a minute at least.
const UNTOLD: Duration = Duration::from_secs(60);
/// Beyond what the reset says, in case the clocks differ by less than a second.
const SPARE: Duration = Duration::from_secs(1);

/// The limits of one credential, as far as its answers told.
pub(crate) struct RateLimit {
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) sleep: Box<dyn Fn(Duration) + Send + Sync>,
    pub(crate) max_wait: Duration,
    until: Mutex<Option<Timestamp>>,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock),
            sleep: Box::new(std::thread::sleep),
            max_wait: Duration::from_secs(60),
            until: Mutex::new(None),
        }
    }
}

impl RateLimit {
    /// Waits until a request may be sent.
    pub(crate) fn wait(&self) -> Result<(), ApiError> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = until else { return Ok(()) };
        let wait = until.since(self.clock.now()?);
        if wait > self.max_wait {
            return Err(ApiError::RateLimited { wait, max: self.max_wait });
        }
        if !wait.is_zero() {
            (self.sleep)(wait);
        }
        Ok(())
    }

    /// Reads what an answer says of the limits. Answers whether the request was refused for them.
    ///
    /// See <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
    pub(crate) fn heed(&self, answer: &Answer) -> Result<bool, ApiError> {
        let used_up = answer.number("x-ratelimit-remaining") == Some(0);
        let retry_after = answer.number("retry-after");
        let told = used_up || retry_after.is_some();
        let refused = match answer.status {
            429 => true,
            403 => told || answer.message().to_ascii_lowercase().contains("rate limit"),
            _ => false,
        };
        if !refused && !used_up {
            return Ok(false);
        }
        let now = self.clock.now()?;
        let reset = answer.number("x-ratelimit-reset").filter(|_| used_up);
        let until = match (retry_after, reset) {
            (Some(seconds), _) => now.later(Duration::from_secs(seconds)),
            (None, Some(reset)) => {
                let reset = i64::try_from(reset).unwrap_or(i64::MAX);
                Timestamp::from_seconds(reset)?.later(SPARE)
            }
            (None, None) => now.later(UNTOLD),
        };
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = known.max(Some(until));
        Ok(refused)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("max_wait", &self.max_wait).finish_non_exhaustive()
    }
}
