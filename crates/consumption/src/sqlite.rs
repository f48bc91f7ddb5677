//! The store itself: three small tables, and one transaction for each use.

use std::{
    fmt,
    fs::OpenOptions,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use axtary_actionpass::{
    Consumption, ConsumptionStore, PassUse, Revocation, StoreError, Timestamp,
};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params,
};

use crate::error::OpenError;

/// "AXCS": marks the file as ours.
const APPLICATION: i32 = 0x4158_4353;
const VERSION: i32 = 1;

/// How long a use waits for another process to finish its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many uses go by between two clean-ups of what has expired.
const CLEAN_UP_EVERY: u32 = 256;

const SCHEMA: &str = "
    CREATE TABLE used (id TEXT PRIMARY KEY, keep_until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
    CREATE INDEX used_by_expiry ON used (keep_until);
    CREATE TABLE revoked (kind TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (kind, subject)) WITHOUT ROWID, STRICT;
    -- One row: up to which expiry used passes were forgotten, and before which issue everything is revoked.
    CREATE TABLE bounds (forgotten INTEGER NOT NULL, revoked_before INTEGER NOT NULL) STRICT;
    INSERT INTO bounds VALUES (-1, 0);
";

/// Remembers used passes and revocations in a SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    uses: u32,
}

impl SqliteStore {
    /// The size at which a store refuses further uses, unless [`SqliteStore::with_max_bytes`] says otherwise: 1 GiB.
    pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

    /// Opens the store at `path`, and creates it (readable by its owner only) if there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file cannot be used, or is something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_path_buf();
        create_private(&path)?;
        let database = |source| OpenError::Database { path: path.clone(), source };
        // SQLite's own look-out for links: what was created above is what is opened.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(database)?;
        connection.busy_timeout(PATIENCE).map_err(database)?;
        prepare(&mut connection, &path)?;
        let store = Self { path, state: Mutex::new(State { connection, uses: 0 }) };
        store.with_max_bytes(Self::DEFAULT_MAX_BYTES)
    }

    /// Bounds the size of the file; at the bound, further uses are refused.
    ///
    /// # Errors
    ///
    /// [`OpenError::Database`] if SQLite does not take the bound.
    pub fn with_max_bytes(self, max: u64) -> Result<Self, OpenError> {
        let set = |connection: &Connection| -> rusqlite::Result<()> {
            let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages =
                i64::try_from(max).unwrap_or(i64::MAX).checked_div(page).unwrap_or(1).max(1);
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        };
        // Nobody else has the store yet, so the lock cannot be poisoned by another.
        match self.state.lock() {
            Ok(state) => set(&state.connection),
            Err(poisoned) => set(&poisoned.into_inner().connection),
        }
        .map_err(|source| OpenError::Database { path: self.path.clone(), source })?;
        Ok(self)
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state.lock().map_err(|_| StoreError {
            message: "the consumption store is in an unknown state; restart the process".to_owned(),
        })
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError {
            message: format!("the consumption store `{}` failed: {error}", self.path.display()),
        }
    }
}

impl ConsumptionStore for SqliteStore {
    fn consume(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError> {
        let mut state = self.lock()?;
        state.uses = state.uses.wrapping_add(1);
        let clean_up = state.uses % CLEAN_UP_EVERY == 1;
        let answer = (|| {
            // Immediate: of two processes, the second waits here, and then sees what the first wrote.
            let transaction =
                state.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if clean_up {
                forget_expired(&transaction, pass.now)?;
            }
            let answer = match look(&transaction, pass)? {
                Look::Unused => {
                    let inserted = transaction
                        .prepare_cached("INSERT INTO used VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                        .execute(params![pass.id.as_str(), pass.keep_until.millis()])?;
                    if inserted == 1 { Look::Unused } else { Look::Used }
                }
                other => other,
            };
            // Durable from here on: `synchronous = FULL` syncs the log before this returns.
            transaction.commit()?;
            Ok(answer)
        })();
        answer.map_err(|error| self.failed(&error)).and_then(Look::answer)
    }

    fn look(&self, pass: &PassUse<'_>) -> Result<Consumption, StoreError> {
        let mut state = self.lock()?;
        let looked = (|| look(&state.connection.transaction()?, pass))();
        looked.map_err(|error| self.failed(&error)).and_then(Look::answer)
    }

    fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let state = self.lock()?;
        let revoke = |kind: &str, subject: &str| {
            state.connection.execute(
                "INSERT INTO revoked VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![kind, subject],
            )
        };
        let written = match revocation {
            Revocation::Pass(id) => revoke("pass", id.as_str()),
            Revocation::Key(id) => revoke("key", id.as_str()),
            Revocation::Agent(id) => revoke("agent", id.as_str()),
            Revocation::IssuedBefore(moment) => state.connection.execute(
                "UPDATE bounds SET revoked_before = max(revoked_before, ?1)",
                params![moment.millis()],
            ),
            other => {
                return Err(StoreError {
                    message: format!(
                        "this version of the consumption store cannot revoke {other}; update it"
                    ),
                });
            }
        };
        written.map(drop).map_err(|error| self.failed(&error))
    }
}

/// What the tables say of a pass.
enum Look {
    Unused,
    Used,
    Revoked(Revocation),
    Forgotten,
}

impl Look {
    fn answer(self) -> Result<Consumption, StoreError> {
        match self {
            Self::Unused => Ok(Consumption::First),
            Self::Used => Ok(Consumption::Already),
            Self::Revoked(revocation) => Ok(Consumption::Revoked(revocation)),
            Self::Forgotten => Err(StoreError {
                message: "the clock went back to a time whose used passes are forgotten; correct the clock"
                    .to_owned(),
            }),
        }
    }
}

fn look(transaction: &Transaction<'_>, pass: &PassUse<'_>) -> rusqlite::Result<Look> {
    let (forgotten, revoked_before): (i64, i64) = transaction
        .prepare_cached("SELECT forgotten, revoked_before FROM bounds")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if pass.issued_at.millis() < revoked_before
        && let Ok(moment) = Timestamp::from_millis(revoked_before)
    {
        return Ok(Look::Revoked(Revocation::IssuedBefore(moment)));
    }
    let revoked: Option<String> = transaction
        .prepare_cached(
            "SELECT kind FROM revoked WHERE (kind, subject) IN (VALUES ('pass', ?1), ('key', ?2), ('agent', ?3))",
        )?
        .query_row(params![pass.id.as_str(), pass.key.as_str(), pass.agent.as_str()], |row| row.get(0))
        .optional()?;
    match revoked.as_deref() {
        None => {}
        Some("key") => return Ok(Look::Revoked(Revocation::Key(pass.key.clone()))),
        Some("agent") => return Ok(Look::Revoked(Revocation::Agent(pass.agent.clone()))),
        Some(_) => return Ok(Look::Revoked(Revocation::Pass(*pass.id))),
    }
    let used = transaction
        .prepare_cached("SELECT 1 FROM used WHERE id = ?1")?
        .exists(params![pass.id.as_str()])?;
    Ok(if used {
        Look::Used
    } else if pass.keep_until.millis() <= forgotten {
        Look::Forgotten
    } else {
        Look::Unused
    })
}

/// Forgets passes that no verifier accepts any more, and remembers up to when.
fn forget_expired(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let latest: Option<i64> = transaction.query_row(
        "SELECT max(keep_until) FROM used WHERE keep_until < ?1",
        params![now.millis()],
        |row| row.get(0),
    )?;
    if let Some(latest) = latest {
        transaction.execute("DELETE FROM used WHERE keep_until <= ?1", params![latest])?;
        transaction.execute("UPDATE bounds SET forgotten = max(forgotten, ?1)", params![latest])?;
    }
    Ok(())
}

/// Creates the file for its owner alone. SQLite gives its log the same mode.
fn create_private(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_path_buf(), source }),
    }
}

/// Makes an empty file a store, and refuses whatever else is not one.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let database = |source| OpenError::Database { path: path.to_path_buf(), source };
    // The log is kept beside the file, so that readers do not wait; each commit is synced.
    connection.pragma_update(None, "journal_mode", "wal").map_err(database)?;
    connection.pragma_update(None, "synchronous", "full").map_err(database)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
    let pragma = |name: &str| {
        transaction
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0))
            .map_err(database)
    };
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let empty = !transaction
        .prepare("SELECT 1 FROM sqlite_schema")
        .and_then(|mut statement| statement.exists([]))
        .map_err(database)?;
    if empty && (application, version) == (0, 0) {
        transaction.execute_batch(SCHEMA).map_err(database)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(database)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(database)?;
    } else if (application, version) != (APPLICATION, VERSION) {
        return Err(OpenError::Foreign {
            path: path.to_path_buf(),
            expected: VERSION,
            application,
            version,
        });
    }
    transaction.commit().map_err(database)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
