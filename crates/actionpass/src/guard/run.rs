//! Running a tool under a pass: it runs only with one, and how it ended is always recorded.

use std::{error::Error, fmt, future::Future};

use super::Guard;
use crate::{
    action::Action,
    error::{Refusal, Unavailable},
    issue::Recorded,
    json::Object,
    pass::{ActionPass, PassId},
    ports::Appended,
    record::{Outcome, Record},
};

impl Guard {
    /// Records how a call ended that ran elsewhere, and what was observed of it: a status, the ids of what was made.
    ///
    /// Blocks until the record is as durable as the ledger promises. [`Guard::authorize`] does this by itself.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the record was not kept.
    pub fn record_outcome(
        &self,
        pass: &PassId,
        outcome: Outcome,
        observed: &Object,
    ) -> Result<(), Unavailable> {
        let appended = self.append(&Record::outcome(self.now()?, pass, outcome, observed))?;
        Recorded::wait(&*self.ledger, &appended).map(drop)
    }

    /// Checks `action`, runs `tool` with the pass, and records how that ended: `executed` if it returned `Ok`, `failed`
    /// if it returned `Err`, `unknown` if its future was dropped or panicked. An unknown outcome may have had its effect.
    ///
    /// Works under any executor. While the records are made durable, no thread of the executor blocks, given a ledger that
    /// provides [`Ledger::poll_sync`](crate::Ledger::poll_sync).
    ///
    /// # Errors
    ///
    /// [`AuthorizeError::Refused`] if there was no pass, and the tool did not run; [`AuthorizeError::Failed`] with the
    /// tool's own error; [`AuthorizeError::Unrecorded`] with the tool's result if it ran and the ledger then failed.
    pub async fn authorize<T, E, F, R>(
        &self,
        action: &Action,
        tool: F,
    ) -> Result<T, AuthorizeError<T, E>>
    where
        F: FnOnce(ActionPass) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let pass = self.check_without_blocking(action).await.map_err(AuthorizeError::Refused)?;
        let running = Running { guard: self, pass: *pass.id(), ended: false };
        let result = tool(pass).await;
        let outcome = if result.is_ok() { Outcome::Executed } else { Outcome::Failed };
        match (running.end(outcome).await, result) {
            (Ok(()), Ok(value)) => Ok(value),
            (Ok(()), Err(error)) => Err(AuthorizeError::Failed(error)),
            (Err(cause), result) => Err(AuthorizeError::Unrecorded { result, cause }),
        }
    }
}

/// A tool that has started and not been seen to end.
struct Running<'a> {
    guard: &'a Guard,
    pass: PassId,
    ended: bool,
}

impl Running<'_> {
    async fn end(mut self, outcome: Outcome) -> Result<(), Unavailable> {
        let appended = self.record(outcome);
        self.ended = true;
        Recorded::settle(&*self.guard.ledger, &appended?).await.map(drop)
    }

    fn record(&self, outcome: Outcome) -> Result<Appended, Unavailable> {
        let now = self.guard.now()?;
        self.guard.append(&Record::outcome(now, &self.pass, outcome, &Object::new()))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // Written, and not waited for: the thread may be an executor's. Should this record be lost, the decision stands
            // without an outcome, which reads as `unknown`.
            drop(self.record(Outcome::Unknown));
        }
    }
}

/// Why [`Guard::authorize`] did not return the tool's value.
#[derive(Debug)]
pub enum AuthorizeError<T, E> {
    /// The gate issued no pass. The tool did not run.
    Refused(Refusal),
    /// The tool ran, and returned this error. It may have had part of its effect.
    Failed(E),
    /// The tool ran, and its outcome could not be recorded.
    Unrecorded {
        /// What the tool returned.
        result: Result<T, E>,
        /// Why the record was not kept.
        cause: Unavailable,
    },
}

impl<T, E: fmt::Display> fmt::Display for AuthorizeError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => fmt::Display::fmt(refusal, f),
            Self::Failed(error) => write!(f, "the tool failed: {error}"),
            Self::Unrecorded { result: Ok(_), cause } => {
                write!(f, "the tool succeeded, and its outcome could not be recorded: {cause}")
            }
            Self::Unrecorded { result: Err(error), cause } => {
                write!(
                    f,
                    "the tool failed: {error}; and its outcome could not be recorded: {cause}"
                )
            }
        }
    }
}

impl<T: fmt::Debug, E: Error + 'static> Error for AuthorizeError<T, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Failed(error) => Some(error),
            Self::Unrecorded { cause, .. } => Some(cause),
        }
    }
}
