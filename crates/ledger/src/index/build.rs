//! Making an index, and extending it by what the log has grown since.

use std::{io, path::Path};

use axtary_actionpass::{LedgerHash, PassId};

use super::{Index, state::State};
use crate::{
    error::{BadLine, IoFailure, Problem, ReadFailure},
    file::read_small,
    read::Lines,
    segment::{Segment, state_path},
    state::TreeState,
    tree::{Node, Tree, join},
    verify::{Frame, Progress},
};

/// How many hashes stand in front of those of a record: its own, and those of the subtrees that become full with it.
pub(super) fn nodes_before(seq: u64) -> u64 {
    // Each level has one for every 2^level records.
    2 * seq - u64::from(seq.count_ones())
}

impl Index {
    /// Whether the last record that the index knows stands where it stood, and its hash is the one in the tree. As each line names the
    /// one before, so do all in front of it.
    pub(super) fn is_of_this_ledger(&self) -> bool {
        match self.state.size.checked_sub(1) {
            None => false,
            Some(last) => {
                self.line(last).is_ok_and(|line| LedgerHash::of_line(&line) == self.state.last)
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.state = State::default();
        self.nodes.resize(0)?;
        self.places.resize(0)?;
        self.passes.resume(&mut self.state.blocks)
    }

    /// Brings the index up to date with the log. Says whether there was anything to do.
    pub(super) fn extend(
        &mut self,
        progress: &mut impl FnMut(Progress),
    ) -> Result<bool, ReadFailure> {
        let mut tree = self.resume()?;
        let before = self.state.size;
        let segments = std::mem::take(&mut self.segments);
        let read = self.read(&segments, &mut tree, progress);
        self.segments = segments;
        read?;
        let flushed = self.nodes.flush().and_then(|()| self.places.flush());
        flushed.map_err(|error| self.failed(error))?;
        let mut blocks = std::mem::take(&mut self.state.blocks);
        let finished = self.passes.finish(&mut blocks);
        self.state.blocks = blocks;
        finished.map_err(|error| self.failed(error))?;
        Ok(self.state.size > before)
    }

    /// The tree over what the index knows; of nothing, what the oldest segment starts with.
    fn resume(&mut self) -> Result<TreeState, ReadFailure> {
        let size = self.state.size;
        let tree = if size == 0 {
            let oldest = self.segments.first().and_then(Segment::first).unwrap_or(0);
            self.start_at(oldest)?
        } else {
            let mut frontier = Vec::new();
            let mut start = 0;
            for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
                frontier.push(self.node(level, start >> level)?);
                start += 1 << level;
            }
            let tree =
                Tree::from_frontier(size, frontier).ok_or_else(|| self.no_such_record(size))?;
            TreeState { tree, last: self.state.last }
        };
        let size = self.state.size;
        let mut blocks = std::mem::take(&mut self.state.blocks);
        let cut = self.passes.resume(&mut blocks);
        self.state.blocks = blocks;
        let cut = cut.and_then(|()| self.nodes.resize(nodes_before(size) * 32));
        cut.and_then(|()| self.places.resize(size * 8)).map_err(|error| self.failed(error))?;
        Ok(tree)
    }

    /// Starts with this record: those before it were archived, and all that is known of them is the frontier of their tree.
    fn start_at(&mut self, first: u64) -> Result<TreeState, ReadFailure> {
        if first == 0 {
            return Ok(TreeState::start());
        }
        let path = state_path(&self.ledger, first);
        let text = read_small(&path).map_err(|error| IoFailure::new("read", &path, error))?;
        let state = text
            .and_then(|text| TreeState::parse(&text))
            .filter(|state| state.tree.size() == first)
            .ok_or_else(|| self.archived(first - 1))?;
        let failed = |error| ReadFailure::Io(IoFailure::new("use the index", &path, error));
        self.nodes.resize(nodes_before(first) * 32).map_err(failed)?;
        self.places.resize(first * 8).map_err(failed)?;
        let mut start = 0_u64;
        let levels = (0..u64::BITS).rev().filter(|level| first >> level & 1 == 1);
        for (level, node) in levels.zip(state.tree.frontier()) {
            start += 1 << level;
            let at = nodes_before(start - 1) + u64::from(level);
            self.nodes.overwrite(at * 32, node).map_err(failed)?;
        }
        let (last, blocks) = (state.last, Vec::new());
        self.state = State { size: first, first, last, open_segment: first, end: 0, blocks };
        Ok(state)
    }

    fn read(
        &mut self,
        segments: &[Segment],
        tree: &mut TreeState,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), ReadFailure> {
        let known = self.state.open_segment;
        let mut so_far = Progress { bytes: 0, of: 0 };
        let mut parts = Vec::new();
        // What stands in front of the segment that was read last is known.
        for segment in segments.iter().filter(|one| first_of(one, segments, known) >= known) {
            let failed = |error| IoFailure::new("open", segment.path(), error);
            let file = segment.open().map_err(failed)?;
            so_far.of += file.metadata().map_err(failed)?.len();
            parts.push((segment, file));
        }
        for (segment, file) in parts {
            if first_of(segment, segments, known) > known {
                self.state.open_segment = tree.tree.size();
                self.state.end = 0;
            }
            so_far.bytes += self.state.end;
            let mut lines = Lines::from(file, self.state.end, 1);
            let failed = |error| IoFailure::new("read", segment.path(), error);
            while let Some(line) = lines.next().map_err(failed)?.filter(|line| !line.is_torn()) {
                let bad = |problem| BadLine::new(segment.path(), None, line.offset, problem);
                let frame = Frame::read(line.bytes).ok_or_else(|| bad(Problem::NotCanonical))?;
                let expected = tree.tree.size();
                if frame.seq != expected || frame.prev != tree.last {
                    return Err(bad(Problem::OutOfPlace { seq: frame.seq, expected }).into());
                }
                let length = u64::try_from(line.bytes.len() + 1).unwrap_or(u64::MAX);
                self.add(line.bytes, line.offset, tree).map_err(|error| self.failed(error))?;
                self.state.end = line.offset + length;
                so_far.bytes += length;
                if expected.is_multiple_of(PROGRESS_EVERY) {
                    progress(so_far);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, line: &[u8], offset: u64, tree: &mut TreeState) -> io::Result<()> {
        let seq = tree.tree.size();
        let leaf = LedgerHash::of_line(line);
        let mut node: Node = *leaf.as_bytes();
        self.nodes.append(&node)?;
        let mut frontier = tree.tree.frontier().iter().rev();
        for left in frontier.by_ref().take(usize::try_from(seq.trailing_ones()).unwrap_or(0)) {
            node = join(left, &node);
            self.nodes.append(&node)?;
        }
        self.places.append(&offset.to_be_bytes())?;
        for pass in passes_in(line) {
            self.passes.add(&pass, seq, &mut self.state.blocks)?;
        }
        tree.append(leaf);
        self.state.size = seq + 1;
        self.state.last = leaf;
        Ok(())
    }

    /// Writes what is complete, for those who come later.
    pub(super) fn save(&self, folder: &Path) -> io::Result<()> {
        self.nodes.sync()?;
        self.places.sync()?;
        self.state.write(&folder.join("state"))
    }
}

/// The number of the first record in a segment, given that of the segment that was read last: the open segment's name does not say.
pub(super) fn first_of(segment: &Segment, all: &[Segment], known: u64) -> u64 {
    segment.first().unwrap_or_else(|| {
        // If the one that was read last is closed by now, the open one came later.
        let was_closed = all.iter().any(|segment| segment.first() == Some(known));
        if was_closed { u64::MAX } else { known }
    })
}

/// How often progress is told, in records.
const PROGRESS_EVERY: u64 = 16 * 1024;

/// The passes that a line names as `action_pass_id`. Within a text, its quotes would be escaped, so no text is taken for it.
fn passes_in(line: &[u8]) -> impl Iterator<Item = PassId> {
    let line = std::str::from_utf8(line).unwrap_or_default();
    line.match_indices(MEMBER).filter_map(|(at, _)| {
        let id = line.get(at + MEMBER.len()..)?;
        PassId::new(id.get(..id.find('"')?)?).ok()
    })
}

const MEMBER: &str = "\"action_pass_id\":\"";
