//! Witnesses (C2SP tlog-cosignature): who has seen that a log only grew, and signed its checkpoint on the strength of that.
//!
//! One log can show different histories to different people and sign them all; a witness that both of them trust cannot have
//! cosigned both.

use crate::{
    checkpoint::Checkpoint,
    note::{KeyType, NoteError, NoteKey},
};

/// The witnesses that somebody trusts, and how many of them must have cosigned a checkpoint.
#[derive(Clone, Debug)]
pub struct Witnesses {
    keys: Vec<NoteKey>,
    quorum: usize,
}

/// That a witness cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cosignature {
    /// The witness's name.
    pub witness: String,
    /// When it cosigned, by its own clock, in seconds since 1970.
    pub at: u64,
}

impl Witnesses {
    /// Nobody: the log's own signature is enough.
    pub fn none() -> Self {
        Self { keys: Vec::new(), quorum: 0 }
    }

    /// The witnesses with these keys, of whom `quorum` must have cosigned.
    ///
    /// # Errors
    ///
    /// [`WitnessError`] if a key is no witness's, if one counts twice, or if the quorum is none or more than there are.
    pub fn new(
        keys: impl IntoIterator<Item = NoteKey>,
        quorum: usize,
    ) -> Result<Self, WitnessError> {
        let mut witnesses = Self { keys: Vec::new(), quorum };
        for key in keys {
            if key.kind() != KeyType::Cosignature {
                return Err(WitnessError::NotAWitness(key.name().to_owned()));
            }
            // Under two names, one witness would count as two.
            let same = |known: &NoteKey| known.key().as_bytes() == key.key().as_bytes();
            if witnesses.keys.iter().any(same) {
                return Err(WitnessError::Twice(key.name().to_owned()));
            }
            witnesses.keys.push(key);
        }
        let most = witnesses.keys.len();
        if (1..=most).contains(&quorum) {
            Ok(witnesses)
        } else {
            Err(WitnessError::Quorum { quorum, most })
        }
    }

    /// Verifies that enough of the witnesses cosigned a checkpoint, and says which. The log's own signature is not looked at.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TooFew`] if not enough did, [`WitnessError::Note`] if one of their cosignatures does not fit.
    pub fn verify(&self, signed: &[u8]) -> Result<Vec<Cosignature>, WitnessError> {
        let mut found = Vec::new();
        for key in &self.keys {
            match Checkpoint::verify_witness(signed, key) {
                Ok(at) => found.push(Cosignature { witness: key.name().to_owned(), at }),
                Err(NoteError::NotSigned(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if found.len() < self.quorum {
            return Err(WitnessError::TooFew { found: found.len(), quorum: self.quorum });
        }
        Ok(found)
    }
}

/// Why witnesses do not vouch for a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The checkpoint or a cosignature is damaged or forged.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not enough witnesses cosigned.
    #[error("{found} of the trusted witnesses cosigned the checkpoint, {quorum} must")]
    TooFew {
        /// How many did.
        found: usize,
        /// How many must.
        quorum: usize,
    },
    /// A quorum that demands nothing, or that cannot be reached.
    #[error("a quorum of {quorum} among {most} witnesses; it must be from 1 to {most}")]
    Quorum {
        /// The quorum.
        quorum: usize,
        /// How many witnesses there are.
        most: usize,
    },
    /// The key of a witness counts already.
    #[error("the key of witness `{0}` is there already; one key counts once")]
    Twice(String),
    /// The key signs notes, not cosignatures.
    #[error("the key `{0}` is a log's, not a witness's")]
    NotAWitness(String),
}

impl WitnessError {
    /// The stable name of this error, such as `ledger.too_few_witnesses`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Note(_) => "ledger.bad_note",
            Self::TooFew { .. } => "ledger.too_few_witnesses",
            Self::Quorum { .. } => "ledger.bad_quorum",
            Self::Twice(_) => "ledger.witness_twice",
            Self::NotAWitness(_) => "ledger.not_a_witness",
        }
    }
}
