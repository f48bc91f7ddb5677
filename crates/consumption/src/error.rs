//! Why a store does not open.

use std::{io, path::PathBuf};

/// Why a store does not open. Nothing is created over a file that is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be created or reached.
    #[error("cannot open the consumption store `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// SQLite cannot use the file.
    #[error("cannot use the consumption store `{}`: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is a database of something else, or of a later version.
    #[error(
        "`{}` is not a consumption store of version {expected} (application {application}, version {version}); name \
         another file, or remove this one if nothing else uses it",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The version that this library reads and writes.
        expected: i32,
        /// The application id in the file.
        application: i32,
        /// The version in the file.
        version: i32,
    },
}

impl OpenError {
    /// A stable name for this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "consumption.file",
            Self::Database { .. } => "consumption.database",
            Self::Foreign { .. } => "consumption.foreign",
        }
    }
}
