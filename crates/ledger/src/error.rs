//! What can go wrong, one enum for each boundary: opening, writing, reading. Every error has a stable `code()`.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use axtary_actionpass::{ClockError, LedgerError, PassId, ScanError, SignError};

use crate::{note::NoteError, proof::ProofError};

/// An operation on a file that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} `{}`: {source}", path.display())]
pub struct IoFailure {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl IoFailure {
    pub(crate) fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_owned(), source }
    }

    /// What was tried: `open`, `append to`, `sync`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// On which file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The last line has no newline: half of it is missing, or is being written at this moment.
    #[error(
        "it has no newline, so a write was cut short; open the ledger for writing to repair it"
    )]
    Torn,
    /// The line is longer than any that is written.
    #[error("it is longer than 65535 bytes")]
    TooLong,
    /// The line is not strict JSON.
    #[error("it is not strict JSON: {0}")]
    Json(ScanError),
    /// The line is JSON in another spelling than the canonical one.
    #[error("it is not canonical JSON (RFC 8785)")]
    NotCanonical,
    /// The line has other members than the format's.
    #[error("its members are not `body`, `kind`, `prev`, `seq`, `ts` and `v`")]
    Members,
    /// A member has another form than the format's.
    #[error("its member `{0}` is missing or has another form")]
    Member(&'static str),
    /// The line is not the one that was written: the chain names another hash for it, or it another for its predecessor.
    #[error("it was edited: its hash is not the one in the chain")]
    Edited,
    /// The line stands where another belongs: lines were removed, inserted or moved.
    #[error(
        "it is record {seq} where record {expected} belongs: lines were removed, inserted or moved"
    )]
    OutOfPlace {
        /// The record's own number.
        seq: u64,
        /// The number that belongs here.
        expected: u64,
    },
    /// The line is not the one that the head file names: one of the two was changed.
    #[error("it is not the line that the `.head` file names: one of the two was changed")]
    NotTheHead,
}

impl Problem {
    /// The stable name of this problem, such as `ledger.edited`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Torn => "ledger.torn",
            Self::TooLong => "ledger.line_too_long",
            Self::Json(_) => "ledger.not_json",
            Self::NotCanonical => "ledger.not_canonical",
            Self::Members | Self::Member(_) => "ledger.bad_member",
            Self::Edited => "ledger.edited",
            Self::OutOfPlace { .. } => "ledger.out_of_place",
            Self::NotTheHead => "ledger.not_the_head",
        }
    }
}

/// A line that is not as it should be, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    path: PathBuf,
    line: Option<u64>,
    offset: u64,
    problem: Problem,
}

impl BadLine {
    pub(crate) fn new(path: &Path, line: Option<u64>, offset: u64, problem: Problem) -> Self {
        Self { path: path.to_owned(), line, offset, problem }
    }

    /// The number of the line, from one; unknown where the ledger was read from its end.
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    /// The offset in the file at which the line starts.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, problem, .. } = self;
        match self.line {
            Some(line) => {
                write!(f, "`{}`, line {line} at byte {offset}: {problem}", path.display())
            }
            None => write!(f, "`{}`, the line at byte {offset}: {problem}", path.display()),
        }
    }
}

impl std::error::Error for BadLine {}

/// Why a ledger does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A file could not be used.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// Another ledger of this or another process writes this file.
    #[error(
        "`{}` is being written by {}; stop that process, or give this one a ledger of its own",
        path.display(), holder(*pid)
    )]
    Locked {
        /// The ledger.
        path: PathBuf,
        /// The process that writes it, as its lock file names it.
        pid: Option<u32>,
    },
    /// A symbolic link, a folder, a pipe or a device stands where the ledger's file belongs.
    #[error("`{}` is not a regular file; name the file itself, not a link to it", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// The ledger holds records and has no head file.
    #[error(
        "`{}` holds records, but its head `{}` is missing; put it back, or verify the ledger and create an empty file of that name to take it as it is",
        path.display(), head.display()
    )]
    NoHead {
        /// The ledger.
        path: PathBuf,
        /// Where its head belongs.
        head: PathBuf,
    },
    /// The head file is damaged.
    #[error(
        "the head `{}` is damaged; put it back, or verify the ledger and replace it by an empty file to take the ledger as it is",
        head.display()
    )]
    BadHead {
        /// The head file.
        head: PathBuf,
    },
    /// Records that were durable are gone.
    #[error(
        "`{}` has lost records: {bytes} bytes of whole lines are left of the {durable} that were durable with record {records}; put the file back from a copy",
        path.display()
    )]
    Truncated {
        /// The ledger.
        path: PathBuf,
        /// How many bytes of whole lines are left.
        bytes: u64,
        /// How many bytes were durable.
        durable: u64,
        /// How many records these bytes held.
        records: u64,
    },
    /// The tree at the start of the open segment is not known.
    #[error(
        "`{}` is missing or damaged; put it back from a copy, since older segments may be in an archive",
        state.display()
    )]
    NoTree {
        /// The file that says it.
        state: PathBuf,
    },
    /// The ledger does not fit the checkpoint that is kept of it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The repair of the ledger's end could not be recorded.
    #[error("the repair of its end could not be recorded: {0}")]
    Unrecorded(WriteError),
    /// The end of the ledger is not as it was written.
    #[error("{0}; verify the ledger, and put it back from a copy")]
    Corrupt(BadLine),
}

impl OpenError {
    /// The stable name of this error, such as `ledger.locked`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ledger.io",
            Self::Locked { .. } => "ledger.locked",
            Self::NotAFile { .. } => "ledger.not_a_file",
            Self::NoHead { .. } => "ledger.no_head",
            Self::BadHead { .. } => "ledger.bad_head",
            Self::Truncated { .. } => "ledger.truncated",
            Self::NoTree { .. } => "ledger.no_tree",
            Self::Checkpoint(error) => error.code(),
            Self::Unrecorded(error) => error.code(),
            Self::Corrupt(_) => "ledger.corrupt",
        }
    }
}

/// Why a ledger and the checkpoint that is kept of it do not go together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The kept checkpoint cannot be read, or is not signed by the ledger's key.
    #[error(
        "the checkpoint `{}` is refused: {error}; put it back from a copy, or name the key that signed it",
        path.display()
    )]
    Refused {
        /// Where it is kept.
        path: PathBuf,
        /// Why it is refused.
        error: NoteError,
    },
    /// The ledger holds fewer records than the kept checkpoint says.
    #[error(
        "`{}` was rolled back: it holds {records} records, and the checkpoint `{}` was signed of {size}; put the later file back",
        path.display(), checkpoint.display()
    )]
    RolledBack {
        /// The ledger.
        path: PathBuf,
        /// Where the checkpoint is kept.
        checkpoint: PathBuf,
        /// How many records the ledger holds.
        records: u64,
        /// How many it held when the checkpoint was signed.
        size: u64,
    },
    /// The ledger is another than the one that the kept checkpoint was signed of.
    #[error(
        "`{}` was rewritten: its first {size} records are not those that the checkpoint `{}` was signed of; put the signed file back",
        path.display(), checkpoint.display()
    )]
    Forked {
        /// The ledger.
        path: PathBuf,
        /// Where the checkpoint is kept.
        checkpoint: PathBuf,
        /// How many records the checkpoint is of.
        size: u64,
    },
    /// There is nothing to sign.
    #[error("`{}` holds no durable record, so there is no checkpoint of it", path.display())]
    Empty {
        /// The ledger.
        path: PathBuf,
    },
    /// The checkpoint was not signed.
    #[error("no checkpoint was signed: {0}")]
    Unsigned(SignError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
}

impl CheckpointError {
    /// The stable name of this error, such as `ledger.rolled_back`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "ledger.bad_checkpoint",
            Self::RolledBack { .. } => "ledger.rolled_back",
            Self::Forked { .. } => "ledger.forked",
            Self::Empty { .. } => "ledger.empty",
            Self::Unsigned(_) => "ledger.unsigned",
            Self::Read(failure) => failure.code(),
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// Why a record was not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The record's line would be too long. Nothing was written, and the ledger goes on.
    #[error(
        "the record's line would be {bytes} bytes, at most {max} are allowed; shorten the facts, the intent or the reasons"
    )]
    TooLong {
        /// The length of the line, or of the record's body where that alone is too long.
        bytes: usize,
        /// The greatest length.
        max: usize,
    },
    /// The record's line could not be read back. Nothing was written, and the ledger goes on.
    #[error("the record's line could not be read back: {0}")]
    Unreadable(Problem),
    /// The record to wait for was not written by this ledger.
    #[error("record {seq} was not written by this ledger, which holds {records}")]
    NotAppended {
        /// The record's number.
        seq: u64,
        /// How many records the ledger holds.
        records: u64,
    },
    /// Writing or syncing failed. The ledger stops.
    #[error("{0}; the ledger stops, open it anew once this is repaired")]
    Io(#[from] IoFailure),
    /// The file was removed, replaced or changed in length under the ledger. The ledger stops.
    #[error("`{}` {seen}; the ledger stops, put the file back and open it anew", path.display())]
    Displaced {
        /// The ledger.
        path: PathBuf,
        /// What became of the file.
        seen: String,
    },
    /// The checkpoint could not be signed. The ledger stops.
    #[error("no checkpoint was signed: {0}; the ledger stops, open it anew once this is repaired")]
    Unsigned(SignError),
    /// The clock failed.
    #[error("the time is not known: {0}")]
    Clock(ClockError),
    /// The ledger had stopped before.
    #[error("the ledger has stopped and must be opened anew: {cause}")]
    Stopped {
        /// The failure that stopped it.
        cause: String,
    },
}

impl WriteError {
    /// The stable name of this error, such as `ledger.stopped`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "ledger.record_too_long",
            Self::Unreadable(_) => "ledger.record_unreadable",
            Self::NotAppended { .. } => "ledger.not_appended",
            Self::Io(_) => "ledger.io",
            Self::Displaced { .. } => "ledger.displaced",
            Self::Unsigned(_) => "ledger.unsigned",
            Self::Clock(_) => "ledger.clock",
            Self::Stopped { .. } => "ledger.stopped",
        }
    }
}

impl From<WriteError> for LedgerError {
    fn from(error: WriteError) -> Self {
        Self::new(error)
    }
}

/// Why a ledger cannot be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFailure {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// A line is not one of a ledger.
    #[error(transparent)]
    Line(#[from] BadLine),
    /// A file became shorter than what was read of it.
    #[error(
        "`{}` is {bytes} bytes long, but {read} were read from it before: records were taken away; verify the ledger, and read it anew",
        path.display()
    )]
    CutBack {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: u64,
        /// How much was read.
        read: u64,
    },
    /// There is no record of this number.
    #[error("`{}` has no record {seq}: it holds {records}", path.display())]
    NoSuchRecord {
        /// The ledger.
        path: PathBuf,
        /// The number that was asked for.
        seq: u64,
        /// How many records there are.
        records: u64,
    },
    /// What is asked for is in a segment that is not there.
    #[error(
        "record {seq} is in `{}`, which is not there; put that segment back from the archive",
        segment.display()
    )]
    Archived {
        /// The record that is needed.
        seq: u64,
        /// Where its segment belongs.
        segment: PathBuf,
    },
    /// Older segments are not there, and neither is the state of the tree behind them.
    #[error(
        "`{}` is missing or damaged; put it back from a copy, or the older segments from the archive",
        state.display()
    )]
    NoTree {
        /// The file that says it.
        state: PathBuf,
    },
    /// The ledger and its index do not agree, although the index was just made anew.
    #[error(
        "the index `{}` does not fit the ledger even when made anew: another program changes one of the two at this moment",
        index.display()
    )]
    Misfit {
        /// The index.
        index: PathBuf,
    },
    /// There can be no such proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// No decision in the ledger led to this pass.
    #[error("`{}` holds no decision for the pass `{pass}`{}", path.display(), but_archived(*archived))]
    NoSuchPass {
        /// The ledger.
        path: PathBuf,
        /// The pass that was looked for.
        pass: PassId,
        /// How many records, from the first, were not looked at: their segments are in an archive.
        archived: u64,
    },
}

fn but_archived(records: u64) -> String {
    match records {
        0 => String::new(),
        records => format!("; its first {records} records are in an archive"),
    }
}

impl ReadFailure {
    /// The stable name of this error, such as `ledger.no_such_pass`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ledger.io",
            Self::Line(bad) => bad.problem.code(),
            Self::CutBack { .. } => "ledger.cut_back",
            Self::NoSuchRecord { .. } => "ledger.no_such_record",
            Self::Archived { .. } => "ledger.archived",
            Self::NoTree { .. } => "ledger.no_tree",
            Self::Misfit { .. } => "ledger.misfit",
            Self::Proof(_) => "ledger.no_proof",
            Self::NoSuchPass { .. } => "ledger.no_such_pass",
        }
    }
}
