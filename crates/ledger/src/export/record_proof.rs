//! One record and the proof that it is in the ledger, in one file (C2SP tlog-proof) that is verified with public keys alone.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra eyJib2R5Ijp7…            the record's line
//! index 5
//! zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvA=
//! nk9gCR+floFqznAPtqjjcnnV64dge2jQB95D5t164Hg=
//!
//! ledger.example/axtary
//! 15
//! rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
//!
//! — ledger.example/axtary Yu3kl5PUqJxXcF83AiXc0p11mkVJIuly1BObfqxhUNUdV5Y3…
//! ```
//!
//! The standard leaves to the `extra` line what it holds, and does not authenticate it. We put the line there, and nothing is taken
//! from it before its leaf hash is the one that is proven.

use std::fmt;

use axtary_actionpass::LedgerHash;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    checkpoint::Checkpoint,
    error::Problem,
    line::Entry,
    note::{NoteError, NoteKey},
    proof::{InclusionProof, ProofError},
    witness::{Cosignature, WitnessError, Witnesses},
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// The largest file that is read: the longest line in base64, the largest note, and 64 hashes.
const MAX_BYTES: usize = 160 * 1024;
/// The most hashes that are read: one for each level of the largest tree.
const MAX_HASHES: usize = 64;

/// A record's line, the way from its leaf to a root, and the checkpoint that signs that root.
///
/// # Example
///
/// ```
/// use axtary_actionpass::SigningKey;
/// use axtary_ledger::{Checkpoint, InclusionProof, NoteKey, RecordProof, Tree, Witnesses};
/// # use axtary_actionpass::LedgerHash;
/// # let line = br#"{"body":{},"kind":"decision","prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","seq":0,"ts":"2026-07-28T12:00:00.000Z","v":1}"#;
/// # let leaves = [LedgerHash::of_line(line)];
/// # let mut tree = Tree::new();
/// # tree.append(&leaves[0]);
/// # let key = SigningKey::generate()?;
/// # let log = NoteKey::of_log("ledger.example/axtary", key.verifying_key())?;
/// # let signed = Checkpoint::of(&log, &tree).sign(&log, &key)?;
/// let inclusion = InclusionProof::of(0, &leaves)?;
/// let file = RecordProof::of(line, inclusion, signed.as_bytes(), &log)?.to_string();
///
/// // Elsewhere, with nothing but the file and the log's public key:
/// let proven = RecordProof::parse(file.as_bytes())?.verify(&log, &Witnesses::none())?;
/// assert_eq!((proven.entry.seq, proven.checkpoint.size), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordProof {
    line: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<[u8; 32]>,
    signed: String,
}

/// A record that is in a ledger, as its log, and enough witnesses, have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvenRecord {
    /// The record.
    pub entry: Entry,
    /// The ledger that it is in.
    pub checkpoint: Checkpoint,
    /// The witnesses that cosigned the checkpoint, of those that are trusted.
    pub cosignatures: Vec<Cosignature>,
}

impl RecordProof {
    /// The proof of the record with this line, without its newline, in the tree that `signed` is the checkpoint of.
    ///
    /// # Errors
    ///
    /// [`RecordProofError`] if it would not verify.
    pub fn of(
        line: &[u8],
        inclusion: InclusionProof,
        signed: &[u8],
        log: &NoteKey,
    ) -> Result<Self, RecordProofError> {
        let signed = std::str::from_utf8(signed)
            .map_err(|_| RecordProofError::Note(NoteError::Form("it is not UTF-8")))?;
        let InclusionProof { index, hashes, .. } = inclusion;
        let proof = Self { line: Some(line.to_vec()), index, hashes, signed: signed.to_owned() };
        proof.verify(log, &Witnesses::none())?;
        Ok(proof)
    }

    /// Reads a file. Nothing in it is verified yet.
    ///
    /// # Errors
    ///
    /// [`RecordProofError::Form`] says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordProofError> {
        let refuse = RecordProofError::Form;
        if bytes.len() > MAX_BYTES {
            return Err(refuse("it is larger than 160 KiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;
        let (proof, signed) =
            text.split_once("\n\n").ok_or(refuse("no empty line stands before its checkpoint"))?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(refuse("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let line = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(extra) => {
                let line =
                    STANDARD.decode(extra).map_err(|_| refuse("its `extra` is not base64"))?;
                lines.next();
                Some(line)
            }
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|text| text.parse().ok().filter(|index: &u64| index.to_string() == text))
            .ok_or(refuse("its `index` is not a number"))?;
        let hash = |line| STANDARD.decode(line).ok()?.try_into().ok();
        let hashes = lines.map(hash).take(MAX_HASHES + 1).collect::<Option<Vec<_>>>();
        let hashes = hashes.ok_or(refuse("a line behind its `index` is not a hash"))?;
        if hashes.len() > MAX_HASHES {
            return Err(refuse("it has more than 64 hashes"));
        }
        Ok(Self { line, index, hashes, signed: signed.to_owned() })
    }

    /// The same proof, of a record whose line is known from elsewhere: for files without it.
    #[must_use]
    pub fn with_line(self, line: &[u8]) -> Self {
        Self { line: Some(line.to_vec()), ..self }
    }

    /// Verifies that the record is in the ledger of the log with this key, and that enough witnesses cosigned that ledger.
    ///
    /// # Errors
    ///
    /// [`RecordProofError`] says which of it is not so.
    pub fn verify(
        &self,
        log: &NoteKey,
        witnesses: &Witnesses,
    ) -> Result<ProvenRecord, RecordProofError> {
        let line = self.line.as_deref().ok_or(RecordProofError::NoRecord)?;
        let (checkpoint, cosignatures) = self.prove(line, log, witnesses)?;
        let entry = Entry::parse(line).map_err(RecordProofError::Record)?;
        if entry.seq != self.index {
            return Err(RecordProofError::Misplaced { seq: entry.seq, index: self.index });
        }
        Ok(ProvenRecord { entry, checkpoint, cosignatures })
    }

    /// Verifies everything but what the line says.
    fn prove(
        &self,
        line: &[u8],
        log: &NoteKey,
        witnesses: &Witnesses,
    ) -> Result<(Checkpoint, Vec<Cosignature>), RecordProofError> {
        let checkpoint = Checkpoint::verify(self.signed.as_bytes(), log)?;
        let cosignatures = witnesses.verify(self.signed.as_bytes())?;
        let inclusion = InclusionProof {
            index: self.index,
            size: checkpoint.size,
            hashes: self.hashes.clone(),
        };
        inclusion.verify(&LedgerHash::of_line(line), &checkpoint.root)?;
        Ok((checkpoint, cosignatures))
    }
}

/// The file.
impl fmt::Display for RecordProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(line) = &self.line {
            writeln!(f, "extra {}", STANDARD.encode(line))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.signed)
    }
}

/// Why a file does not prove that a record is in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordProofError {
    /// Not a proof.
    #[error("not a `.tlog-proof` file: {0}")]
    Form(&'static str),
    /// The file does not hold the record's line.
    #[error("the file does not hold the record that it is about; give the record's line with it")]
    NoRecord,
    /// The checkpoint is not one of the log.
    #[error("the checkpoint in the proof: {0}")]
    Note(#[from] NoteError),
    /// Not enough witnesses vouch for the checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The record is not in the tree that was signed.
    #[error("the record is not proven to be in the ledger: {0}")]
    Inclusion(#[from] ProofError),
    /// What is proven to be in the tree is no record.
    #[error("what is in the ledger is no record: {0}")]
    Record(Problem),
    /// The record bears another number than its place in the tree.
    #[error(
        "the record is number {seq} by its own line, and number {index} in the tree; verify the ledger"
    )]
    Misplaced {
        /// Its number by its own line.
        seq: u64,
        /// Its place in the tree.
        index: u64,
    },
}

impl RecordProofError {
    /// The stable name of this error, such as `proof.inclusion`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "proof.form",
            Self::NoRecord => "proof.no_record",
            Self::Note(_) => "proof.checkpoint",
            Self::Witness(_) => "proof.witness",
            Self::Inclusion(_) => "proof.inclusion",
            Self::Record(_) => "proof.record",
            Self::Misplaced { .. } => "proof.misplaced",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn published(name: &str) -> Vec<u8> {
        let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tlog-tiles-log");
        fs::read(log.join(name)).unwrap()
    }

    #[test]
    fn a_published_proof_holds_for_its_entry_and_for_no_other() {
        let key = String::from_utf8(published("log.vkey")).unwrap();
        let log = NoteKey::parse(key.trim()).unwrap();
        let file = published("index-5.tlog-proof");
        let proof = RecordProof::parse(&file).unwrap();
        assert_eq!(proof.to_string().as_bytes(), file);
        assert_eq!(proof.verify(&log, &Witnesses::none()), Err(RecordProofError::NoRecord));
        let (checkpoint, _) = proof.prove(b"six", &log, &Witnesses::none()).unwrap();
        assert_eq!(checkpoint.size, 15);
        let other = proof.prove(b"five", &log, &Witnesses::none()).unwrap_err();
        assert_eq!(other.code(), "proof.inclusion");
        // It is in the log, and yet it is no record of ours.
        let strange = proof.with_line(b"six").verify(&log, &Witnesses::none()).unwrap_err();
        assert_eq!(strange.code(), "proof.record");
    }
}
