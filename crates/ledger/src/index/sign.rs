//! Signing a checkpoint of a ledger that somebody else may be writing.

use super::Index;
use crate::{
    checkpoint::Checkpoint,
    error::{CheckpointError, IoFailure, ReadFailure},
    file::{read_head, read_small},
    head::Head,
    options::CheckpointSigner,
};

impl Index {
    /// Signs a checkpoint of all durable records. If one is kept, the ledger must still begin with what it says: no two checkpoints
    /// that contradict each other are signed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if the ledger was rolled back or rewritten, holds nothing, or cannot be read.
    pub fn sign_checkpoint(&self, signer: &CheckpointSigner) -> Result<String, CheckpointError> {
        let size = self.durable()?;
        if size == 0 {
            return Err(CheckpointError::Empty { path: self.ledger.clone() });
        }
        self.demand_kept(signer, size)?;
        let checkpoint =
            Checkpoint { origin: signer.log.name().to_owned(), size, root: self.root(size)? };
        checkpoint.sign(&signer.log, &signer.key).map_err(CheckpointError::Unsigned)
    }

    /// How many records are known to be durable.
    fn durable(&self) -> Result<u64, ReadFailure> {
        let head = read_head(&self.ledger)?.and_then(|text| Head::parse(&text));
        Ok(head.map_or(0, |head| head.records).min(self.len()))
    }

    fn demand_kept(&self, signer: &CheckpointSigner, records: u64) -> Result<(), CheckpointError> {
        let path = signer.kept_of(&self.ledger);
        let kept = read_small(&path)
            .map_err(|error| ReadFailure::Io(IoFailure::new("read", &path, error)))?;
        let Some(kept) = kept else { return Ok(()) };
        let Checkpoint { size, root, .. } = match Checkpoint::verify(&kept, &signer.log) {
            Ok(kept) => kept,
            Err(error) => return Err(CheckpointError::Refused { path, error }),
        };
        if size > records {
            let (ledger, checkpoint) = (self.ledger.clone(), path);
            return Err(CheckpointError::RolledBack { path: ledger, checkpoint, records, size });
        }
        if self.root(size)? != root {
            return Err(CheckpointError::Forked {
                path: self.ledger.clone(),
                checkpoint: path,
                size,
            });
        }
        Ok(())
    }
}
