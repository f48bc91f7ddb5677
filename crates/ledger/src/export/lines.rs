//! The lines of a ledger as they stand on disk, for the exports that are about bytes.

use std::path::Path;

use crate::{error::ReadFailure, read::Walk};

/// The whole lines of the ledger at `ledger`, first to last over all segments that are there, each without its newline. Ends behind
/// the first failure.
///
/// # Errors
///
/// [`ReadFailure::Io`] if it cannot be opened.
pub fn lines(
    ledger: impl AsRef<Path>,
) -> Result<impl Iterator<Item = Result<Vec<u8>, ReadFailure>>, ReadFailure> {
    let mut walk = Walk::open(ledger.as_ref())?;
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let line = walk.next().transpose().map(|line| line.map(|line| line.raw.bytes.to_vec()));
        ended = !matches!(line, Some(Ok(_)));
        line
    }))
}
