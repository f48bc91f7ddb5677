//! What a command that did not succeed leaves behind, and the one place where failures become exit codes.

use std::process::ExitCode;

use axtary_actionpass::{ArmError, InputError, KeyError, Refusal, ScanError, VerifyError};
use axtary_adapter_github::NormalizeError;
use axtary_ledger::{
    CheckpointError, Damage, ExportError, IoFailure, NoteError, ReadFailure, RecordProofError,
    VerifyFailure,
};

use crate::error::{ConfigError, FileError, OpenError};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Permitted, valid, done.
    Success,
    /// What the operator wrote is wrong: arguments, `axtary.yml`, a key, a policy.
    Usage,
    /// Denied; a pass or payload refused; a ledger that is not as it was written.
    Refused,
    /// Not without a human.
    ApprovalRequired,
    /// A part failed: disk, ledger, clock. Nothing was released.
    Unavailable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::ApprovalRequired => 4,
            Exit::Unavailable => 5,
        })
    }
}

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The gate's answer to a call, with its reasons.
    Refusal(Refusal),
    /// A ledger that is not as it was written, with all that was found.
    Damage(Damage),
    /// Anything else.
    Trouble(Trouble),
}

/// A failure that is told in a line, with what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) exit: Exit,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    /// A mistake of the operator.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::trouble(Exit::Usage, "usage", message)
    }

    pub(crate) fn trouble(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self::Trouble(Trouble { exit, code, message: message.into(), help: None })
    }

    /// Adds what to do about it; refusals and damage say so themselves.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Trouble(trouble) => Self::Trouble(Trouble { help: Some(help.into()), ..trouble }),
            told @ (Self::Refusal(_) | Self::Damage(_)) => told,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refusal(Refusal::Denied(_)) => Exit::Refused,
            Self::Refusal(Refusal::ApprovalRequired(_)) => Exit::ApprovalRequired,
            Self::Refusal(Refusal::Unavailable(_)) => Exit::Unavailable,
            Self::Damage(_) => Exit::Refused,
            Self::Trouble(trouble) => trouble.exit,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        OpenError::from(error).into()
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = match &error {
            OpenError::Config(_)
            | OpenError::File(_)
            | OpenError::KeyExposed { .. }
            | OpenError::Key { .. }
            | OpenError::Policy { .. }
            | OpenError::Arm(ArmError::PermitsEverything { .. }) => Exit::Usage,
            OpenError::Ledger(_)
            | OpenError::Read(_)
            | OpenError::Unrecorded(_)
            | OpenError::Arm(_) => Exit::Unavailable,
        };
        let failure = Self::trouble(exit, error.code(), error.to_string());
        match error.fix() {
            Some(fix) => failure.help(fix),
            None => failure,
        }
    }
}

/// A file that the operator named.
impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::trouble(Exit::Usage, "file", error.to_string())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::trouble(Exit::Usage, "key", error.to_string())
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::usage(error.to_string())
    }
}

/// What an agent proposes and the gate cannot take for certain is refused, as a denial is.
impl From<NormalizeError> for Failure {
    fn from(error: NormalizeError) -> Self {
        let exit = match &error {
            NormalizeError::Git { .. } => Exit::Unavailable,
            _ => Exit::Refused,
        };
        Self::trouble(exit, error.code(), error.to_string())
    }
}

/// A payload that is not strict JSON is no payload that a pass could fit.
impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::trouble(Exit::Refused, "payload", format!("the payload is refused: {error}"))
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        let exit = match &error {
            VerifyError::ClockUnavailable(_) | VerifyError::StoreUnavailable(_) => {
                Exit::Unavailable
            }
            _ => Exit::Refused,
        };
        Self::trouble(exit, error.code(), error.to_string())
    }
}

impl From<VerifyFailure> for Failure {
    fn from(failure: VerifyFailure) -> Self {
        match failure {
            VerifyFailure::Io(error) => error.into(),
            VerifyFailure::Damaged(damage) => Self::Damage(damage),
            other => Self::trouble(Exit::Refused, other.code(), other.to_string()),
        }
    }
}

impl From<ReadFailure> for Failure {
    fn from(error: ReadFailure) -> Self {
        let exit = match &error {
            ReadFailure::Io(_) => Exit::Unavailable,
            ReadFailure::NoSuchPass { .. }
            | ReadFailure::NoSuchRecord { .. }
            | ReadFailure::Archived { .. }
            | ReadFailure::Proof(_) => Exit::Usage,
            _ => Exit::Refused,
        };
        let failure = Self::trouble(exit, error.code(), error.to_string());
        match error {
            ReadFailure::Line(_) => {
                failure.help("run `axtary ledger verify` to see what else holds")
            }
            _ => failure,
        }
    }
}

impl From<IoFailure> for Failure {
    fn from(error: IoFailure) -> Self {
        Self::trouble(Exit::Unavailable, "ledger.io", error.to_string())
    }
}

/// A checkpoint that somebody kept, or a proof that somebody sent, and that is not to be believed.
impl From<NoteError> for Failure {
    fn from(error: NoteError) -> Self {
        Self::trouble(Exit::Refused, "ledger.bad_note", error.to_string())
    }
}

impl From<RecordProofError> for Failure {
    fn from(error: RecordProofError) -> Self {
        Self::trouble(Exit::Refused, error.code(), error.to_string())
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        let exit = match &error {
            CheckpointError::Read(ReadFailure::Io(_)) | CheckpointError::Unsigned(_) => {
                Exit::Unavailable
            }
            CheckpointError::Empty { .. } => Exit::Usage,
            _ => Exit::Refused,
        };
        Self::trouble(exit, error.code(), error.to_string())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let exit = match &error {
            ExportError::Io(_) | ExportError::Busy { .. } => Exit::Unavailable,
            _ => Exit::Refused,
        };
        Self::trouble(exit, error.code(), error.to_string())
    }
}
