//! Why an export stops.

use std::{io, path::PathBuf};

use crate::{
    error::{IoFailure, Problem, ReadFailure},
    note::NoteError,
};

/// Why an export was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
    /// A file of the export could not be used.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The export could not be written to where the caller wants it.
    #[error("cannot write the export: {0}")]
    Output(io::Error),
    /// A line to export is not one of a ledger.
    #[error("a line to export is no record: {0}; verify the ledger")]
    NotARecord(Problem),
    /// The checkpoint to export is not one of the log.
    #[error("the checkpoint cannot be exported: {0}")]
    Checkpoint(NoteError),
    /// The lines end before the checkpoint does.
    #[error("the ledger ends after {records} records, and the checkpoint is of {size}")]
    Short {
        /// How many records there are.
        records: u64,
        /// How many the checkpoint has.
        size: u64,
    },
    /// The records do not have the root that was signed.
    #[error(
        "the first {size} records do not have the root that the checkpoint signs; verify the ledger"
    )]
    NotSigned {
        /// How many records the checkpoint has.
        size: u64,
    },
    /// Another export is writing the folder.
    #[error("another export is writing `{}`; wait until it is done", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// What stands in the folder as its checkpoint is not one of the log.
    #[error("`{}`: {cause}; export into another folder", path.display())]
    OtherLog {
        /// The checkpoint's file.
        path: PathBuf,
        /// What is wrong with it.
        cause: NoteError,
    },
    /// The folder holds tiles of another tree, or damaged ones.
    #[error(
        "`{}` holds another tree than the ledger's, or is damaged; export into another folder",
        path.display()
    )]
    OtherTree {
        /// The file that shows it.
        path: PathBuf,
    },
    /// The folder has a later checkpoint, which is not taken back.
    #[error("the folder holds {held} records, and the checkpoint is of {size}; export a later one")]
    Behind {
        /// How many records the folder holds.
        held: u64,
        /// How many the checkpoint has.
        size: u64,
    },
    /// Records between those that the folder holds and the first of the lines are missing.
    #[error(
        "the ledger begins with record {first}, and the folder holds {held}; put the archived segments back for this export"
    )]
    Start {
        /// The number of the first record.
        first: u64,
        /// How many records the folder holds.
        held: u64,
    },
}

impl ExportError {
    /// The stable name of this error, such as `export.other_tree`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(failure) => failure.code(),
            Self::Io(_) | Self::Output(_) => "export.io",
            Self::NotARecord(problem) => problem.code(),
            Self::Checkpoint(_) => "export.checkpoint",
            Self::Short { .. } => "export.short",
            Self::NotSigned { .. } => "export.not_signed",
            Self::Busy { .. } => "export.busy",
            Self::OtherLog { .. } => "export.other_log",
            Self::OtherTree { .. } => "export.other_tree",
            Self::Behind { .. } => "export.behind",
            Self::Start { .. } => "export.start",
        }
    }
}
