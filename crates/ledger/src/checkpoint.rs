//! Checkpoints (C2SP tlog-checkpoint): the size and the root of a ledger's tree, signed by a key of their own, and cosigned by
//! witnesses (C2SP tlog-cosignature).
//!
//! ```text
//! ledger.example/axtary
//! 15
//! rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
//!
//! — ledger.example/axtary Yu3kl5PUqJxXcF83AiXc0p11mkVJIuly1BObfqxhUNUdV5Y3iHFYM+3MGIsG2h624HoLeuCQTLHw2LKHiXuB6A0EUgk=
//! ```

use axtary_actionpass::{SignError, SigningKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    note::{self, KeyType, Note, NoteError, NoteKey},
    tree::{RootHash, Tree},
};

/// How large a ledger was at some moment, and the root of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the ledger, which is the name of its key.
    pub origin: String,
    /// How many records it had.
    pub size: u64,
    /// The root over their leaf hashes.
    pub root: RootHash,
}

impl Checkpoint {
    /// The checkpoint of a tree.
    pub fn of(origin: &NoteKey, tree: &Tree) -> Self {
        Self { origin: origin.name().to_owned(), size: tree.size(), root: tree.root() }
    }

    /// Signs the checkpoint with the log's key.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signature was not made.
    pub fn sign(&self, origin: &NoteKey, key: &SigningKey) -> Result<String, SignError> {
        note::sign(&self.text(), origin, key)
    }

    /// Reads a checkpoint that the log with this key signed.
    ///
    /// # Errors
    ///
    /// [`NoteError`] if it is not signed by that key, or is of another ledger.
    pub fn verify(signed: &[u8], log: &NoteKey) -> Result<Self, NoteError> {
        let note = Note::parse(signed)?;
        check_signature(&note, log)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin == log.name() {
            Ok(checkpoint)
        } else {
            Err(NoteError::Form("it is a checkpoint of another ledger"))
        }
    }

    /// Reads a checkpoint whose key is not known. What it says counts only against a ledger that does not fit it.
    pub(crate) fn unverified(signed: &[u8]) -> Result<Self, NoteError> {
        Self::parse(&Note::parse(signed)?.text)
    }

    /// Verifies that a witness cosigned a checkpoint, and says when, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`NoteError`] if it did not, or the cosignature does not fit.
    pub fn verify_witness(signed: &[u8], witness: &NoteKey) -> Result<u64, NoteError> {
        let note = Note::parse(signed)?;
        let signature = note.signature_of(witness)?;
        let refuse = || NoteError::BadSignature(witness.name().to_owned());
        let (time, signature) = signature.split_first_chunk::<8>().ok_or_else(refuse)?;
        let time = u64::from_be_bytes(*time);
        let signature = <[u8; 64]>::try_from(signature).map_err(|_| refuse())?;
        let message = format!("cosignature/v1\ntime {time}\n{}", note.text);
        let fits = witness.kind() == KeyType::Cosignature && i64::try_from(time).is_ok();
        if fits && witness.key().verifies(message.as_bytes(), &signature) {
            Ok(time)
        } else {
            Err(refuse())
        }
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a checkpoint. Extension lines are refused: we write none, and know the meaning of none.
    fn parse(text: &str) -> Result<Self, NoteError> {
        let refuse =
            || NoteError::Form("its text is not a checkpoint: an origin, a size and a root");
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(refuse)?.split('\n').collect();
        let [origin, size, root] = lines.as_slice() else { return Err(refuse()) };
        let number: u64 = size.parse().map_err(|_| refuse())?;
        let bytes = STANDARD.decode(root).map_err(|_| refuse())?;
        let root = <[u8; 32]>::try_from(bytes).map_err(|_| refuse())?;
        // One spelling of each number.
        if origin.is_empty() || number.to_string() != *size {
            return Err(refuse());
        }
        Ok(Self { origin: (*origin).to_owned(), size: number, root: RootHash::from_bytes(root) })
    }
}

fn check_signature(note: &Note, log: &NoteKey) -> Result<(), NoteError> {
    let refuse = || NoteError::BadSignature(log.name().to_owned());
    let signature = <[u8; 64]>::try_from(note.signature_of(log)?).map_err(|_| refuse())?;
    if log.kind() == KeyType::Ed25519 && log.key().verifies(note.text.as_bytes(), &signature) {
        Ok(())
    } else {
        Err(refuse())
    }
}
