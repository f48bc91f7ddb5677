//! Single use that lasts: a [`ConsumptionStore`] on disk, shared by all processes of one machine, that survives crashes and
//! power loss.
//!
//! The core's `MemoryStore` forgets at a restart, and other processes know nothing of it. [`SqliteStore`] keeps used passes and
//! revocations in one SQLite file: a use is a transaction that is on disk before the verifier says yes, so that of any number of
//! processes and threads exactly one gets a pass, whenever they are killed.
//!
//! ```
//! use axtary_actionpass::{KeySet, SigningKey, Verifier};
//! use axtary_consumption::SqliteStore;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("consumption.sqlite");
//! # let keys = KeySet::new().trust("https://gate.example".parse()?, SigningKey::generate()?.verifying_key())?;
//! let verifier = Verifier::new(keys, "github-executor".parse()?, SqliteStore::open(&path)?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - A pass is told [`Consumption::First`] once, across processes, threads, restarts, `SIGKILL` and power loss.
//! - A revocation is seen by every use that begins after [`ConsumptionStore::revoke`] returned, in every process.
//! - A store that cannot tell (locked for longer than five seconds, full, damaged, of another format) answers with an error,
//!   and the pass is refused.
//!
//! # What is not
//!
//! The file must be on a local disk: network file systems lock too loosely for SQLite. Restoring an old copy of it makes
//! passes good again that were used since and have not expired.

mod error;
mod sqlite;

#[expect(unused_imports, reason = "for the documentation above")]
use axtary_actionpass::{Consumption, ConsumptionStore};

pub use crate::{error::OpenError, sqlite::SqliteStore};
