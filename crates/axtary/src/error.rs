//! Why a gate does not open, or does not take another policy. Read this file second.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use axtary_actionpass::{ArmError, KeyError};
use axtary_ledger::{ReadFailure, WriteError};
use axtary_policy::LoadError;

/// A file that could not be read or written.
#[derive(Debug)]
pub struct FileError {
    pub(crate) operation: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) cause: io::Error,
}

impl FileError {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn problem(&self) -> String {
        format!("cannot {} it: {}", self.operation, self.cause)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} `{}`: {}", self.operation, self.path.display(), self.cause)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// An `axtary.yml` that is not as it should be; nothing of it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    place: Option<(u64, u64)>,
    problem: String,
    fix: Option<&'static str>,
}

impl ConfigError {
    pub(crate) fn new(path: &Path, problem: impl Into<String>) -> Self {
        let problem = problem.into().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { path: path.to_owned(), place: None, problem, fix: None }
    }

    pub(crate) fn at(mut self, place: Option<(u64, u64)>) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn advise(mut self, fix: &'static str) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, from one, if one is to blame.
    pub fn line(&self) -> Option<u64> {
        self.place.map(|(line, _)| line)
    }

    /// The column, from one, if one is to blame.
    pub fn column(&self) -> Option<u64> {
        self.place.map(|(_, column)| column)
    }

    /// What to do, where the message does not say it already.
    pub fn fix(&self) -> Option<&'static str> {
        self.fix
    }
}

/// `axtary.yml:4:1: unknown field …`
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Why a gate does not open, or goes on under its old policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// `axtary.yml` is not as it should be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that `axtary.yml` names could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Others than the key's owner can read or replace it.
    #[error("the signing key `{}` has the mode {mode:04o}, so others can use it", path.display())]
    KeyExposed {
        /// The key's file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The signing key could not be read.
    #[error("the signing key `{}`: {error}", path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A policy does not load.
    #[error("{}", locate(path, error))]
    Policy {
        /// The policy's file.
        path: PathBuf,
        /// What is wrong with it.
        error: LoadError,
    },
    /// The ledger does not open.
    #[error(transparent)]
    Ledger(#[from] axtary_ledger::OpenError),
    /// What the ledger says of the policy before could not be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
    /// The policy could not be recorded, and what is not recorded does not come into force.
    #[error("the policy that was to come into force could not be recorded: {0}")]
    Unrecorded(WriteError),
    /// The gate cannot show a refusal.
    #[error(transparent)]
    Arm(#[from] ArmError),
}

impl OpenError {
    /// A stable name for this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::File(_) => "file",
            Self::KeyExposed { .. } => "key.exposed",
            Self::Key { .. } => "key",
            Self::Policy { error, .. } => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Read(error) => error.code(),
            Self::Unrecorded(error) => error.code(),
            Self::Arm(ArmError::PermitsEverything { .. }) => "policy.permits_everything",
            Self::Arm(_) => "policy.cannot_refuse",
        }
    }

    /// What to do, where the message does not say it already.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.fix().map(str::to_owned),
            Self::KeyExposed { path, .. } => Some(format!("run `chmod 600 {}`", path.display())),
            Self::File(_) => Some("put it where `axtary.yml` says, or change that".to_owned()),
            Self::Key { .. }
            | Self::Policy { .. }
            | Self::Ledger(_)
            | Self::Read(_)
            | Self::Unrecorded(_)
            | Self::Arm(_) => None,
        }
    }
}

/// The error of a policy, at the place of its file as seen from here.
fn locate(path: &Path, error: &LoadError) -> String {
    let path = path.display();
    match (error.line(), error.column()) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}: {}", error.message()),
        _ => format!("{path}: {}", error.message()),
    }
}
