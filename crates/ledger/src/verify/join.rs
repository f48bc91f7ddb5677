//! Joining what the chunks hold: lines into runs, and those that fit from the first on, the trunk, into the tree. What is known of the
//! ledger from outside is compared here, line by line: the head, hashes that are expected, checkpoints.

use std::{collections::HashSet, iter::Peekable, vec::IntoIter};

use axtary_actionpass::LedgerHash;

use super::{
    chunk::{Item, Line},
    files::{Part, Start},
    finding::FindingKind,
    piece::{Piece, Run, Spot, Unread},
};
use crate::{checkpoint::Checkpoint, head::Head, state::TreeState};

/// How many pieces are kept. What was done to a ledger that falls into more is beyond telling.
const MAX_PIECES: usize = 1000;

/// What the lines came to.
#[derive(Debug)]
pub(super) struct Joined {
    /// What the ledger falls into: one run, if it is whole.
    pub(super) pieces: Vec<Piece>,
    /// How many more pieces there are.
    pub(super) more: u64,
    /// The tree over the records that fit, from the first on; `None` if its start is not known.
    pub(super) trunk: Option<TreeState>,
    /// Up to which record something outside the log vouches for the trunk.
    pub(super) anchored: u64,
    /// The size of the largest checkpoint with the trunk's root.
    pub(super) checkpointed: u64,
    /// The size of the smallest checkpoint with another root than the trunk's.
    pub(super) forked_from: Option<u64>,
    /// The line that the head names, if that is not where it says.
    pub(super) head_is_elsewhere: Option<Spot>,
    /// What does not fit, apart from the lines to each other.
    pub(super) misfits: Vec<Misfit>,
    /// The checkpoints that the trunk does not reach, smallest first.
    pub(super) unreached: Vec<Checkpoint>,
    /// The expected hashes that no line has.
    pub(super) absent: HashSet<LedgerHash>,
    /// How many bytes the readable lines take.
    pub(super) bytes: u64,
}

/// What does not fit, where, and the number of the record that belongs there.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) kind: FindingKind,
    pub(super) spot: Option<Spot>,
    pub(super) record: u64,
}

/// Takes the lines in order.
pub(super) struct Joiner {
    head: Head,
    expected: HashSet<LedgerHash>,
    checkpoints: Peekable<IntoIter<Checkpoint>>,
    /// The piece that may go on.
    current: Option<Piece>,
    /// Whether the trunk ends where it does.
    on_trunk: bool,
    part: usize,
    /// How many lines of the part were taken.
    lines: u64,
    /// The number of the part's first record, as its name or the lines before it say.
    part_first: u64,
    /// The number behind that of the last line.
    next: u64,
    joined: Joined,
}

impl Joiner {
    /// Starts with nothing taken.
    pub(super) fn new(
        start: &Start,
        head: Head,
        expected: HashSet<LedgerHash>,
        mut checkpoints: Vec<Checkpoint>,
    ) -> Self {
        checkpoints.sort_by_key(|checkpoint| checkpoint.size);
        let joined = Joined {
            pieces: Vec::new(),
            more: 0,
            trunk: start.state.clone(),
            anchored: 0,
            checkpointed: 0,
            forked_from: None,
            head_is_elsewhere: None,
            misfits: Vec::new(),
            unreached: Vec::new(),
            absent: HashSet::new(),
            bytes: 0,
        };
        let mut joiner = Self {
            head,
            expected,
            checkpoints: checkpoints.into_iter().peekable(),
            current: None,
            on_trunk: false,
            part: usize::MAX,
            lines: 0,
            part_first: start.first,
            next: start.first,
            joined,
        };
        joiner.compare_roots();
        joiner
    }

    /// Takes a chunk of a part.
    pub(super) fn take<S>(&mut self, number: usize, part: &Part<S>, items: Vec<Item>) {
        if self.part != number {
            self.part = number;
            self.lines = 0;
            self.part_first = part.first.unwrap_or(self.next);
            self.compare_state(part);
        }
        for item in items {
            let spot = |offset| Spot { part: number, line: self.lines + 1, offset };
            match item {
                Item::Line(line) => {
                    let spot = spot(line.offset);
                    self.lines += 1;
                    self.line(&line, spot, part);
                }
                Item::Unreadable { offset, lines, problem } => {
                    let unread = Unread { first: spot(offset), lines, problem };
                    self.lines += lines;
                    self.unreadable(unread);
                }
            }
        }
    }

    /// What it all came to.
    pub(super) fn finish(mut self) -> Joined {
        self.close();
        Joined { unreached: self.checkpoints.collect(), absent: self.expected, ..self.joined }
    }

    fn line<S>(&mut self, line: &Line, spot: Spot, part: &Part<S>) {
        let fits = |trunk: &&mut TreeState| {
            (trunk.tree.size(), trunk.last) == (line.frame.seq, line.frame.prev)
        };
        let trunk = self.joined.trunk.as_mut().filter(fits);
        let on_trunk = trunk.is_some();
        if let Some(trunk) = trunk {
            trunk.append(line.hash);
        }
        let run = match self.current.take() {
            // A copy of lines may go on where the trunk does; there the trunk goes on, not the copy.
            Some(Piece::Run(mut run)) if run.is_followed_by(line) && self.on_trunk == on_trunk => {
                run.push(line, spot);
                run
            }
            before => {
                self.current = before;
                self.close();
                Run::start(line, spot)
            }
        };
        self.on_trunk = on_trunk;
        self.next = run.end;
        self.joined.bytes += line.end - line.offset;
        let run = self.compare(line, spot, run);
        self.current = Some(Piece::Run(run));
        if on_trunk {
            self.joined.anchored = self.joined.anchored.max(run.anchored);
            self.compare_roots();
            self.compare_name(line, spot, part);
        }
    }

    fn unreadable(&mut self, unread: Unread) {
        // As if each of them had been a record.
        self.next = self.next.saturating_add(unread.lines);
        match &mut self.current {
            Some(Piece::Unread(before)) if before.first.part == unread.first.part => {
                before.lines += unread.lines;
            }
            _ => {
                self.close();
                self.current = Some(Piece::Unread(unread));
            }
        }
        self.on_trunk = false;
    }

    /// Compares a line to the head and to the hashes that are expected.
    fn compare(&mut self, line: &Line, spot: Spot, mut run: Run) -> Run {
        if !self.expected.is_empty() && self.expected.remove(&line.hash) {
            run.anchored = run.end;
        }
        if run.end == self.head.records {
            let Head { records, segment, bytes, last } = self.head;
            if line.hash == last {
                run.anchored = run.end;
                let in_place = (segment, bytes) == (self.part_first, line.end);
                // A head behind which nothing was written yet may name the segment that follows.
                let before_a_new_segment = (segment, bytes) == (records, 0);
                self.joined.head_is_elsewhere =
                    (!in_place && !before_a_new_segment).then_some(spot);
            } else {
                run.not_the_head.get_or_insert(spot);
            }
        }
        run
    }

    /// Compares the trunk's root to the checkpoints of its size.
    fn compare_roots(&mut self) {
        let Some(trunk) = &self.joined.trunk else { return };
        let size = trunk.tree.size();
        // One that is smaller than what was archived tells nothing.
        while let Some(checkpoint) = self.checkpoints.next_if(|checkpoint| checkpoint.size <= size)
        {
            if checkpoint.size < size {
                continue;
            }
            if checkpoint.root == trunk.tree.root() {
                self.joined.checkpointed = size;
                self.joined.anchored = size;
            } else {
                self.joined.forked_from.get_or_insert(size);
            }
        }
    }

    /// Compares the trunk to the state that stands beside the part that starts.
    fn compare_state<S>(&mut self, part: &Part<S>) {
        if let (Some(trunk), Some(state)) = (&self.joined.trunk, &part.state)
            && trunk.tree.size() == state.size
            && state.state.as_ref() != Some(trunk)
        {
            let kind = FindingKind::BadState(state.path.clone());
            self.joined.misfits.push(Misfit { kind, spot: None, record: state.size });
        }
    }

    /// Compares the first record of a part to what its name says.
    fn compare_name<S>(&mut self, line: &Line, spot: Spot, part: &Part<S>) {
        let first = line.frame.seq;
        if spot.line == 1 && part.first.is_some_and(|named| named != first) {
            let kind = FindingKind::Misnamed { first };
            self.joined.misfits.push(Misfit { kind, spot: Some(spot), record: first });
        }
    }

    fn close(&mut self) {
        let Some(piece) = self.current.take() else { return };
        if self.joined.pieces.len() < MAX_PIECES {
            self.joined.pieces.push(piece);
        } else {
            self.joined.more += 1;
        }
    }
}
