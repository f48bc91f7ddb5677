//! What verification finds.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use axtary_actionpass::LedgerHash;

use crate::{
    error::{IoFailure, Problem},
    note::NoteError,
};

/// One thing that is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The first line that it is about; `None` if it is about the ledger as a whole.
    pub place: Option<Place>,
    /// The number of the record that belongs there.
    pub record: u64,
    /// How many records, from the first, form an unbroken chain before it. None of them alone was edited; of the last, only
    /// an anchor shows that it was not edited together with what was found.
    pub intact: u64,
}

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The number of the line in it, from one.
    pub line: u64,
    /// The offset at which the line starts.
    pub offset: u64,
}

/// The kinds of findings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// The line is not the one that was written.
    #[error("the line was edited: {0}")]
    Edited(Problem),
    /// Lines stand here that belong nowhere: the records of these numbers stand elsewhere, or the chain goes on behind them.
    #[error("the line was inserted: the chain goes on without it")]
    Inserted,
    /// Records are gone.
    #[error("{} missing{}", records(*first, *last), whole_segment(segment.as_deref()))]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// The file that they stood in, if it is a whole segment that is gone.
        segment: Option<PathBuf>,
    },
    /// A record of this ledger stands in another's place.
    #[error("the lines were moved: record {seq} stands where record {expected} belongs")]
    Reordered {
        /// The record that stands here.
        seq: u64,
        /// The record that belongs here.
        expected: u64,
    },
    /// Several lines start here that fit neither what is before them nor what is known to be behind them: they are of another chain,
    /// or the line before them and the last of them were both edited.
    #[error("another chain starts here with record {seq}, or the lines around it were edited")]
    Forked {
        /// The record that it starts with.
        seq: u64,
    },
    /// The ledger is not the one of which a checkpoint was made: some of the records before were written anew.
    #[error(
        "the ledger is another than at the checkpoint of {size} records: its root is not the same"
    )]
    ForkedFromCheckpoint {
        /// The checkpoint's size.
        size: u64,
    },
    /// The ledger ends before the record that its head names.
    #[error("records are gone from the end: there are {records}, but {durable} were durable")]
    Truncated {
        /// How many records there are.
        records: u64,
        /// How many the head names.
        durable: u64,
    },
    /// The ledger ends before the size of a checkpoint.
    #[error("records are gone from the end: there are {records}, but {size} at the checkpoint")]
    BehindCheckpoint {
        /// How many records there are.
        records: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The last line has no newline: half of it is missing, or is being written at this moment.
    #[error(
        "the last line has no newline, so a write was cut short; open the ledger for writing to repair it"
    )]
    Torn,
    /// The line is not the one that the head names: one of the two was changed.
    #[error("the line is not the one that the `.head` file names: one of the two was changed")]
    NotTheHead,
    /// A line that the caller knows of is not in the ledger.
    #[error("no line has the hash `{0}`: it was removed or edited")]
    Absent(LedgerHash),
    /// A closed segment does not start with the record that its name says.
    #[error(
        "the segment starts with record {first}, and its name says another; end it in `{first:020}`"
    )]
    Misnamed {
        /// The record that it starts with.
        first: u64,
    },
    /// The head is damaged, so that the end of the ledger cannot be verified.
    #[error("the head `{}` is damaged; without it the end of the ledger cannot be verified", .0.display())]
    BadHead(PathBuf),
    /// The tree's state at the start of a segment is damaged, missing, or another than that of the records before.
    #[error("the state of the tree `{}` is missing or not that of the records before it", .0.display())]
    BadState(PathBuf),
    /// The ledger's own checkpoint is not one that its key signed.
    #[error("the checkpoint `{}` is refused: {reason}", path.display())]
    BadCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Why it is refused.
        reason: NoteError,
    },
}

fn records(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} is")
    } else {
        format!("the records {first} to {last} are")
    }
}

fn whole_segment(segment: Option<&Path>) -> String {
    segment.map_or_else(String::new, |segment| {
        format!("; if they were a segment, `{}` is needed", segment.display())
    })
}

impl FindingKind {
    /// The stable name of this kind, such as `ledger.edited`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Edited(_) => "ledger.edited",
            Self::Inserted => "ledger.inserted",
            Self::Missing { .. } => "ledger.missing",
            Self::Reordered { .. } => "ledger.reordered",
            Self::Forked { .. } | Self::ForkedFromCheckpoint { .. } => "ledger.forked",
            Self::Truncated { .. } | Self::BehindCheckpoint { .. } => "ledger.truncated",
            Self::Torn => "ledger.torn",
            Self::NotTheHead => "ledger.not_the_head",
            Self::Absent(_) => "ledger.absent",
            Self::Misnamed { .. } => "ledger.misnamed",
            Self::BadHead(_) => "ledger.bad_head",
            Self::BadState(_) => "ledger.bad_state",
            Self::BadCheckpoint { .. } => "ledger.bad_checkpoint",
        }
    }
}

impl Finding {
    /// Whether all records before it still form an unbroken chain from the first.
    pub fn records_before_hold(&self) -> bool {
        self.intact == self.record
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { path, line, offset }) = &self.place {
            write!(f, "`{}`, line {line} at byte {offset}: ", path.display())?;
        }
        write!(f, "{}; records before it in an unbroken chain: {}", self.kind, self.intact)
    }
}

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub(super) path: PathBuf,
    pub(super) findings: Vec<Finding>,
    pub(super) more: u64,
    pub(super) intact: u64,
}

impl Damage {
    /// The ledger.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was found: the first hundred, in the order of the lines, then what is about the ledger as a whole.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many findings there are beyond these, at least.
    pub fn more(&self) -> u64 {
        self.more
    }

    /// How many records, from the first, form an unbroken chain.
    pub fn intact(&self) -> u64 {
        self.intact
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, first) = (self.path.display(), self.findings.first());
        match first {
            Some(first) if first.place.is_some() => write!(f, "{first}")?,
            Some(first) => write!(f, "`{path}`: {first}")?,
            None => write!(f, "`{path}` is damaged")?,
        }
        match u64::try_from(self.findings.len()).unwrap_or(u64::MAX).saturating_sub(1) + self.more {
            0 => Ok(()),
            others => write!(f, "; other findings: {others}"),
        }
    }
}

/// Why a ledger does not verify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyFailure {
    /// A file could not be read; nothing is known of the ledger.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The ledger is not as it was written.
    #[error("{0}")]
    Damaged(Damage),
}

impl VerifyFailure {
    /// The stable name of what was found first, such as `ledger.edited`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ledger.io",
            Self::Damaged(damage) => {
                damage.findings.first().map_or("ledger.damaged", |first| first.kind.code())
            }
        }
    }

    /// What was found; nothing if a file could not be read.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Io(_) => &[],
            Self::Damaged(damage) => damage.findings(),
        }
    }
}
