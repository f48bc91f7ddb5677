//! `axtary ledger verify`: whether every line is as it was written.

use std::path::PathBuf;

use axtary_actionpass::LedgerHash;
use axtary_ledger::{Checkpoint, Verification, Verified};
use clap::Args;

use super::{LedgerArgument, MAX_NOTE_BYTES, note_key};
use crate::{
    failure::Failure,
    file,
    render::{self, Form},
};

/// Verify that every line is as it was written, and none is missing
#[derive(Args)]
#[command(after_help = "\
Names each line that was edited, inserted, removed or moved, and whether the
records before it can be trusted. Whoever can write the ledger and what stands
beside it can rewrite both; that is found out by a hash (--expect) or a signed
checkpoint (--checkpoint) that was kept elsewhere. The checkpoint beside the
ledger is held to the public key beside the one that axtary.yml names, .vkey;
the private one is read only where that is not there.

Example:
  axtary ledger verify
  axtary ledger verify --ledger /backup/ledger.jsonl --expect sha256:2c26…
  axtary ledger verify --checkpoint kept.checkpoint --key checkpoint.vkey")]
pub(in crate::command) struct Verify {
    #[command(flatten)]
    ledger: LedgerArgument,
    /// A hash that the ledger must hold: the `ledger_hash` of a pass, or the last hash of an earlier verification
    #[arg(long, value_name = "HASH", value_parser = LedgerHash::parse)]
    expect: Vec<LedgerHash>,
    /// A checkpoint that somebody kept; the ledger must begin with the records that it was signed of
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Vec<PathBuf>,
    /// The key that signed it: a verifier key, or its file
    #[arg(long, value_name = "KEY", requires = "checkpoint")]
    key: Option<String>,
}

/// A ledger whose every line is as it was written.
pub(crate) struct VerifiedLedger {
    pub(crate) path: PathBuf,
    pub(crate) verified: Verified,
}

impl Verify {
    pub(super) fn run(self, form: Form) -> Result<VerifiedLedger, Failure> {
        let (path, log) = self.ledger.with_key()?;
        let mut verification = Verification::of(&path).with_expected(&self.expect);
        if let Some(log) = log {
            verification = verification.with_key(log);
        }
        if let Some(key) = self.key {
            let key = note_key(&key)?;
            for kept in &self.checkpoint {
                let signed = file::read(kept, MAX_NOTE_BYTES)?;
                let checkpoint = Checkpoint::verify(&signed, &key)?;
                verification = verification.with_checkpoint(checkpoint);
            }
        }
        let mut progress = render::Progress::of("verifying", form);
        let verified = verification.run_with(|so_far| progress.show(so_far.bytes, so_far.of));
        progress.end();
        Ok(VerifiedLedger { path, verified: verified? })
    }
}
