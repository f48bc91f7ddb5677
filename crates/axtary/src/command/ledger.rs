//! `axtary ledger`: what the gate decided, and whether that still stands as it was written.

mod export;
mod prove;
mod read;
mod stats;
mod verify;

use std::path::{Path, PathBuf};

use axtary_ledger::{CheckpointSigner, Index, NoteKey};
use clap::{Args, Subcommand};

pub(super) use self::read::About;
pub(crate) use self::{
    export::Exported,
    prove::{Proof, Proven, SignedCheckpoint},
    read::{History, Records},
    stats::Stats,
    verify::VerifiedLedger,
};
use super::{Answer, ConfigArgument};
use crate::{config::Config, failure::Failure, file, render, render::Form, wire};

pub(super) const EXAMPLES: &str = "\
Example:
  axtary ledger verify
  axtary ledger tail -n 20 --decision deny
  axtary ledger show ap_01K15ZQ8M0V4T0N4S5X8S7R3YB
  axtary ledger prove ap_01K15ZQ8M0V4T0N4S5X8S7R3YB --out record.tlog-proof";

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    Verify(verify::Verify),
    Tail(read::Tail),
    Show(read::Show),
    Prove(prove::Prove),
    CheckProof(prove::CheckProof),
    Checkpoint(prove::SignCheckpoint),
    Export(export::Export),
    Stats(stats::ShowStats),
}

impl LedgerCommand {
    pub(super) fn run(self, form: Form) -> Result<Answer, Failure> {
        match self {
            Self::Verify(verify) => verify.run(form).map(Answer::LedgerVerified),
            Self::Tail(tail) => tail.run(form).map(Answer::Records),
            Self::Show(show) => show.run(form).map(|history| Answer::History(Box::new(history))),
            Self::Prove(prove) => prove.run(form).map(Answer::Proof),
            Self::CheckProof(check) => check.run().map(|proven| Answer::Proven(Box::new(proven))),
            Self::Checkpoint(sign) => sign.run(form).map(Answer::Checkpoint),
            Self::Export(export) => export.run(form).map(Answer::Exported),
            Self::Stats(stats) => stats.run().map(|stats| Answer::Stats(Box::new(stats))),
        }
    }
}

/// Which ledger.
#[derive(Args)]
pub(super) struct LedgerArgument {
    /// The ledger itself, instead of the one that axtary.yml names
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgument,
}

/// A ledger, and what signs its checkpoints, if axtary.yml says.
struct Ledger {
    path: PathBuf,
    signer: Option<CheckpointSigner>,
}

impl LedgerArgument {
    pub(super) fn path(self) -> Result<PathBuf, Failure> {
        match self.ledger {
            Some(path) => Ok(path),
            None => Ok(Config::load(&self.config.config)?.ledger),
        }
    }

    /// The ledger, and the public key of its checkpoints, if axtary.yml says.
    fn with_key(self) -> Result<(PathBuf, Option<NoteKey>), Failure> {
        match self.ledger {
            Some(path) => Ok((path, None)),
            None => {
                let config = Config::load(&self.config.config)?;
                let key = wire::checkpoint_key(&config)?;
                Ok((config.ledger, key))
            }
        }
    }

    fn open(self) -> Result<Ledger, Failure> {
        match self.ledger {
            Some(path) => Ok(Ledger { path, signer: None }),
            None => {
                let config = Config::load(&self.config.config)?;
                let signer = wire::checkpoint_signer(&config)?;
                Ok(Ledger { path: config.ledger, signer })
            }
        }
    }
}

/// The index of a ledger, brought up to date while the operator sees how far it is.
pub(super) fn index(path: &Path, form: Form) -> Result<Index, Failure> {
    let mut progress = render::Progress::of("indexing", form);
    let index = Index::open_with(path, |so_far| progress.show(so_far.bytes, so_far.of))?;
    progress.end();
    Ok(index)
}

/// A verifier key as C2SP writes it, or the file that holds one.
fn note_key(text: &str) -> Result<NoteKey, Failure> {
    let refused = |error: axtary_ledger::NoteError| Failure::usage(error.to_string());
    match NoteKey::parse(text) {
        Ok(key) => Ok(key),
        Err(_) if Path::new(text).is_file() => {
            let key = file::read_text(Path::new(text), MAX_KEY_BYTES)?;
            NoteKey::parse(key.trim_end()).map_err(refused)
        }
        Err(error) => Err(refused(error)
            .help("name a verifier key such as `axtary.local/ledger+62ede497+Adda…`, or its file")),
    }
}

/// The largest file that holds a verifier key.
const MAX_KEY_BYTES: usize = 4 * 1024;
/// The largest checkpoint and proof that is read.
const MAX_NOTE_BYTES: usize = 256 * 1024;
