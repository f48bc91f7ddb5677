//! Ledgers in memory, for tests.

use std::io;

use super::{
    chunk::Source,
    files::{Files, Part, Start},
};
use crate::{head::Head, segment::closed_path, state::TreeState};

impl Source for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap().min(self.len());
        let read = buffer.len().min(self.len() - start);
        buffer[..read].copy_from_slice(&self[start..start + read]);
        Ok(read)
    }
}

/// A ledger in memory: its segments, each with the number of its first record, of which the last is open.
pub(super) fn files(segments: &[(u64, Vec<u8>)], head: Head) -> Files<Vec<u8>> {
    let part = |(at, (first, log)): (usize, &(u64, Vec<u8>))| {
        let open = at + 1 == segments.len();
        Part {
            path: if open { "/ledger".into() } else { closed_path("/ledger".as_ref(), *first) },
            first: (!open).then_some(*first),
            state: None,
            source: log.clone(),
            length: u64::try_from(log.len()).unwrap(),
        }
    };
    Files {
        head,
        checkpoint: None,
        parts: segments.iter().enumerate().map(part).collect(),
        start: Start { first: 0, state: Some(TreeState::start()) },
        damaged: Vec::new(),
    }
}
