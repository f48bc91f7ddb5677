//! Reading all files of a ledger on several threads, in memory that does not grow with them.
//!
//! Worker `w` of `n` reads the chunks `w`, `w + n`, … and hands them over on a channel of its own, which holds one. Taking them from the
//! channels in turn puts them in order, and the full channels hold the workers back.

use std::{
    ops::Range,
    path::PathBuf,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use super::{
    chunk::{ChunkReader, Item, Source},
    files::Part,
};
use crate::error::IoFailure;

/// How the work is split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    /// Bytes of a chunk.
    pub(super) chunk: u64,
    /// Workers.
    pub(super) threads: usize,
}

impl Split {
    /// One worker for each processor.
    pub(super) fn for_this_machine() -> Self {
        // A chunk and what is read of it stay in a processor's own cache.
        Self { chunk: 512 * 1024, threads: thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Reads all parts, and hands over what stands in each chunk, in order: the part, its number, and the items.
pub(super) fn read_all<S: Source>(
    parts: &[Part<S>],
    split: Split,
    mut take: impl FnMut(usize, &Part<S>, Range<u64>, Vec<Item>),
) -> Result<(), IoFailure> {
    let threads = split.threads.clamp(1, chunks(parts, split.chunk).count().max(1));
    thread::scope(|scope| {
        let mut lanes = Vec::with_capacity(threads);
        for worker in 0..threads {
            let (sender, lane) = sync_channel(1);
            let mine = chunks(parts, split.chunk).skip(worker).step_by(threads);
            thread::Builder::new()
                .spawn_scoped(scope, move || read_some(mine, &sender))
                .map_err(|e| IoFailure::new("start a thread to read", &first_path(parts), e))?;
            lanes.push(lane);
        }
        for ((number, part, range), lane) in chunks(parts, split.chunk).zip(lanes.iter().cycle()) {
            // A worker that hands nothing over has panicked, which the end of the scope passes on.
            let Ok(read) = lane.recv() else { break };
            let items = read.map_err(|e| IoFailure::new("read", &part.path, e))?;
            take(number, part, range, items);
        }
        Ok(())
    })
}

fn first_path<S>(parts: &[Part<S>]) -> PathBuf {
    parts.first().map(|part| part.path.clone()).unwrap_or_default()
}

/// What a worker does: until nobody takes what it reads any more.
fn read_some<'a, S: Source + 'a>(
    chunks: impl Iterator<Item = (usize, &'a Part<S>, Range<u64>)>,
    sender: &SyncSender<std::io::Result<Vec<Item>>>,
) {
    let mut reader = ChunkReader::default();
    for (_, part, range) in chunks {
        if sender.send(reader.read(&part.source, range)).is_err() {
            return;
        }
    }
}

/// The chunks of all parts, in order.
fn chunks<S>(parts: &[Part<S>], size: u64) -> impl Iterator<Item = (usize, &Part<S>, Range<u64>)> {
    let size = size.max(1);
    parts.iter().enumerate().flat_map(move |(number, part)| {
        (0..part.length.div_ceil(size)).map(move |chunk| {
            let start = chunk * size;
            (number, part, start..part.length.min(start + size))
        })
    })
}
