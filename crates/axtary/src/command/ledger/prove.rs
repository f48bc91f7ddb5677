//! `axtary ledger prove`, `check-proof` and `checkpoint`: evidence for those who do not have the ledger.

use std::path::{Path, PathBuf};

use axtary_actionpass::PassId;
use axtary_ledger::{Checkpoint, Index, NoteKey, ProvenRecord, RecordProof, Witnesses};
use clap::Args;

use super::{Ledger, LedgerArgument, MAX_NOTE_BYTES, index, note_key};
use crate::{command::unwritten, failure::Failure, file, render::Form};

/// Prove that the decision for a pass is in the ledger, in a file that the log's public key alone verifies
#[derive(Args)]
#[command(after_help = "\
Writes a C2SP tlog-proof: the record, the hashes that lead from it to the root,
and a signed checkpoint. The checkpoint is signed now, by the key that
axtary.yml names, unless one is given.

Example:
  axtary ledger prove ap_01K15ZQ8M0V4T0N4S5X8S7R3YB --out record.tlog-proof
  axtary ledger prove --record 17 --checkpoint cosigned.checkpoint --key log.vkey")]
pub(in crate::command) struct Prove {
    /// The pass's id
    #[arg(value_name = "AP_ID", required_unless_present = "record")]
    pass: Option<PassId>,
    /// The number of any record, instead of a pass
    #[arg(long, value_name = "SEQ", conflicts_with = "pass")]
    record: Option<u64>,
    #[command(flatten)]
    ledger: LedgerArgument,
    /// The file to write; standard output if left out
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    checkpoint: CheckpointArgument,
}

/// A checkpoint that was signed before.
#[derive(Args)]
pub(super) struct CheckpointArgument {
    /// A signed checkpoint of the ledger, with cosignatures if there are any, instead of a new one
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Option<PathBuf>,
    /// The key that signed it: a verifier key, or its file
    #[arg(long, value_name = "KEY", requires = "checkpoint")]
    key: Option<String>,
}

impl CheckpointArgument {
    /// The checkpoint that is given, or a new one.
    pub(super) fn signed(
        self,
        ledger: &Ledger,
        index: &Index,
    ) -> Result<SignedCheckpoint, Failure> {
        match (self.checkpoint, self.key) {
            (Some(path), Some(key)) => {
                let text = file::read_text(&path, MAX_NOTE_BYTES)?;
                SignedCheckpoint::of(text, note_key(&key)?)
            }
            (_, _) => SignedCheckpoint::new(ledger, index),
        }
    }
}

fn no_key() -> Failure {
    Failure::usage("there is no key that signs checkpoints")
        .help("name one in axtary.yml under `ledger.checkpoints`, or give --checkpoint and --key")
}

/// A proof, and where it went.
pub(crate) struct Proof {
    pub(crate) text: String,
    pub(crate) seq: u64,
    pub(crate) size: u64,
    pub(crate) key: NoteKey,
    pub(crate) file: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self, form: Form) -> Result<Proof, Failure> {
        let ledger = self.ledger.open()?;
        let index = index(&ledger.path, form)?;
        let seq = match (self.pass, self.record) {
            (Some(pass), _) => index.history_of(&pass)?.decision().seq,
            (None, seq) => seq.unwrap_or_default(),
        };
        let line = index.line(seq)?;
        let signed = self.checkpoint.signed(&ledger, &index)?;
        let SignedCheckpoint { text, checkpoint: Checkpoint { size, .. }, key, .. } = signed;
        let inclusion = index.prove_inclusion(seq, size)?;
        let proof = RecordProof::of(&line, inclusion, text.as_bytes(), &key)?.to_string();
        keep(self.out.as_deref(), &proof)?;
        Ok(Proof { text: proof, seq, size, key, file: self.out })
    }
}

/// Writes the text to the file that is named, if one is.
fn keep(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    let written = file.map(|file| file::replace(file, text.as_bytes())).transpose();
    written.map(|_| ()).map_err(|error| unwritten(&error))
}

/// Verify a proof with nothing but public keys
#[derive(Args)]
#[command(after_help = "\
Needs neither the ledger nor axtary.yml. The key must come from somewhere else
than the proof: whoever can forge the one can forge the other.

Example:
  axtary ledger check-proof record.tlog-proof --key log.vkey
  axtary ledger check-proof record.tlog-proof --key log.vkey --witness w1.vkey --quorum 1")]
pub(in crate::command) struct CheckProof {
    /// The proof
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The log's public key: a verifier key, or its file
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The public key of a witness whose cosignature counts
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// How many of them must have cosigned; all, if left out
    #[arg(long, value_name = "N")]
    quorum: Option<usize>,
}

/// A record that a proof shows to be in a ledger.
pub(crate) struct Proven(pub(crate) ProvenRecord);

impl CheckProof {
    pub(super) fn run(self) -> Result<Proven, Failure> {
        let key = note_key(&self.key)?;
        let keys = self.witness.iter().map(|key| note_key(key)).collect::<Result<Vec<_>, _>>()?;
        let witnesses = match (keys.len(), self.quorum) {
            (0, None) => Witnesses::none(),
            (all, quorum) => Witnesses::new(keys, quorum.unwrap_or(all))
                .map_err(|error| Failure::usage(error.to_string()))?,
        };
        let proof = RecordProof::parse(&file::read(&self.file, MAX_NOTE_BYTES)?)?;
        Ok(Proven(proof.verify(&key, &witnesses)?))
    }
}

/// Sign how many records the ledger has, and the root of their tree
#[derive(Args)]
#[command(after_help = "\
A C2SP checkpoint. Kept where this machine cannot change it, or cosigned by a
witness, it shows later that nothing was changed or taken away.

Example:
  axtary ledger checkpoint --out kept.checkpoint
  axtary ledger verify --checkpoint kept.checkpoint --key .axtary/checkpoint.vkey")]
pub(in crate::command) struct SignCheckpoint {
    #[command(flatten)]
    config: super::ConfigArgument,
    /// The file to write; standard output if left out
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A checkpoint that was signed, and where it went.
pub(crate) struct SignedCheckpoint {
    pub(crate) text: String,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) key: NoteKey,
    pub(crate) file: Option<PathBuf>,
}

impl SignCheckpoint {
    pub(super) fn run(self, form: Form) -> Result<SignedCheckpoint, Failure> {
        let ledger = LedgerArgument { ledger: None, config: self.config }.open()?;
        // Before anything is read for it.
        ledger.signer.as_ref().ok_or_else(no_key)?;
        let signed = SignedCheckpoint::new(&ledger, &index(&ledger.path, form)?)?;
        keep(self.out.as_deref(), &signed.text)?;
        Ok(SignedCheckpoint { file: self.out, ..signed })
    }
}

impl SignedCheckpoint {
    /// A checkpoint that was signed before, if this key signed it.
    fn of(text: String, key: NoteKey) -> Result<Self, Failure> {
        let checkpoint = Checkpoint::verify(text.as_bytes(), &key)?;
        Ok(Self { text, checkpoint, key, file: None })
    }

    /// A checkpoint that is signed now.
    fn new(ledger: &Ledger, index: &Index) -> Result<Self, Failure> {
        let signer = ledger.signer.as_ref().ok_or_else(no_key)?;
        Self::of(index.sign_checkpoint(signer)?, signer.log().clone())
    }
}
