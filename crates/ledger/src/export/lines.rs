//! The lines of a ledger as they stand on disk, for the exports that are about bytes.

use std::path::Path;

use crate::{
    error::{IoFailure, ReadFailure},
    read::Lines,
    segment::Segment,
};

/// The whole lines of the ledger at `ledger`, first to last over all segments that are there, each without its newline. Ends behind
/// the first failure.
///
/// # Errors
///
/// [`ReadFailure::Io`] if it cannot be opened.
pub fn lines(
    ledger: impl AsRef<Path>,
) -> Result<impl Iterator<Item = Result<Vec<u8>, ReadFailure>>, ReadFailure> {
    let ledger = ledger.as_ref();
    let segments = Segment::all(ledger).map_err(|error| IoFailure::new("open", ledger, error))?;
    let mut failed = false;
    let lines = segments.into_iter().flat_map(|segment| match of(&segment) {
        Ok(lines) => Box::new(lines) as Box<dyn Iterator<Item = _>>,
        Err(failure) => Box::new(std::iter::once(Err(failure))),
    });
    Ok(lines.take_while(move |line| !std::mem::replace(&mut failed, line.is_err())))
}

/// The whole lines of one segment.
fn of(
    segment: &Segment,
) -> Result<impl Iterator<Item = Result<Vec<u8>, ReadFailure>> + use<>, ReadFailure> {
    let path = segment.path().to_owned();
    let file = segment.open().map_err(|error| IoFailure::new("open", &path, error))?;
    let mut lines = Lines::from(file, 0, 1);
    Ok(std::iter::from_fn(move || match lines.next() {
        Ok(line) => line.filter(|line| !line.is_torn()).map(|line| Ok(line.bytes.to_vec())),
        Err(error) => Some(Err(IoFailure::new("read", &path, error).into())),
    }))
}
