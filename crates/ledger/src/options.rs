//! How a ledger is kept.

use std::path::{Path, PathBuf};

use axtary_actionpass::SigningKey;

use crate::{file::beside, note::NoteKey};

/// What a record survives once it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process and of the power: each record is on the disk before it is acknowledged, in the file that
    /// bears the ledger's name at that moment.
    #[default]
    Synced,
    /// The end of the process: records reach the disk when the operating system sees fit, and when the ledger is closed.
    /// That the file bears the name no more is noticed within 256 records.
    Buffered,
}

/// How a ledger is kept: what records survive, how large a file grows, who signs checkpoints.
///
/// ```
/// use axtary_ledger::{Durability, FileLedger, Options};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.jsonl");
/// let options = Options::from(Durability::Buffered).with_segment_bytes(16 * 1024 * 1024);
/// let ledger = FileLedger::open(path, options)?;
/// # assert!(ledger.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) durability: Durability,
    pub(crate) segment_bytes: u64,
    pub(crate) checkpoints: Option<CheckpointSigner>,
}

impl Options {
    /// How large a segment grows, unless [`Options::with_segment_bytes`] says otherwise: 256 MiB.
    pub const SEGMENT_BYTES: u64 = 256 * 1024 * 1024;

    /// Closes the open segment, and starts the next, once it has this many bytes.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// Signs checkpoints, and demands that a ledger which has one still holds what it says.
    #[must_use]
    pub fn with_checkpoints(mut self, signer: CheckpointSigner) -> Self {
        self.checkpoints = Some(signer);
        self
    }
}

impl From<Durability> for Options {
    fn from(durability: Durability) -> Self {
        Self { durability, segment_bytes: Self::SEGMENT_BYTES, checkpoints: None }
    }
}

/// What signs a ledger's checkpoints: a key of its own, which signs no passes.
#[derive(Clone, Debug)]
pub struct CheckpointSigner {
    pub(crate) log: NoteKey,
    pub(crate) key: SigningKey,
    pub(crate) file: Option<PathBuf>,
}

impl CheckpointSigner {
    /// Signs under the name of `log`, whose public key is that of `key`.
    pub fn new(log: NoteKey, key: SigningKey) -> Self {
        Self { log, key, file: None }
    }

    /// Keeps the last checkpoint in this file instead of the ledger's `.checkpoint`. Out of the reach of whoever can restore an older
    /// copy of the ledger's folder, it is what shows that somebody did.
    #[must_use]
    pub fn kept_in(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Where the last checkpoint of this ledger is kept.
    pub fn kept_of(&self, ledger: &Path) -> PathBuf {
        self.file.clone().unwrap_or_else(|| beside(ledger, "checkpoint"))
    }

    /// The name and public key under which others verify the checkpoints.
    pub fn log(&self) -> &NoteKey {
        &self.log
    }
}
