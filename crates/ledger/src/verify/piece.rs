//! What a ledger falls into: runs of lines that fit each other, and unreadable lines between them. A whole ledger is one run.

use axtary_actionpass::LedgerHash;

use super::chunk::Line;
use crate::error::Problem;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Which of the ledger's files.
    pub(super) part: usize,
    /// The number of the line in it, from one.
    pub(super) line: u64,
    /// Where it starts.
    pub(super) offset: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Run(Run),
    Unread(Unread),
}

impl Piece {
    pub(super) fn as_run(&self) -> Option<&Run> {
        match self {
            Self::Run(run) => Some(run),
            Self::Unread(_) => None,
        }
    }
}

/// Lines of which each names the hash of the one before, and the number behind its.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: Spot,
    /// The number of the first line's record.
    pub(super) seq: u64,
    /// The hash that the first line names.
    pub(super) prev: LedgerHash,
    pub(super) last: Spot,
    /// The number behind the last line's record.
    pub(super) end: u64,
    /// The hash that the last line names.
    pub(super) last_prev: LedgerHash,
    /// The hash of the last line.
    pub(super) hash: LedgerHash,
    /// Up to which record something outside the log vouches for a line of this run; 0 if nothing does.
    pub(super) anchored: u64,
    /// The line that has the number of the head's, if it is not the head's.
    pub(super) not_the_head: Option<Spot>,
}

/// Unreadable lines in a row.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) first: Spot,
    pub(super) lines: u64,
    /// What is wrong with the first.
    pub(super) problem: Problem,
}

impl Run {
    pub(super) fn start(line: &Line, spot: Spot) -> Self {
        Self {
            first: spot,
            seq: line.frame.seq,
            prev: line.frame.prev,
            last: spot,
            end: line.frame.seq + 1,
            last_prev: line.frame.prev,
            hash: line.hash,
            anchored: 0,
            not_the_head: None,
        }
    }

    /// Whether this line goes on where the run ends.
    pub(super) fn is_followed_by(&self, line: &Line) -> bool {
        line.frame.seq == self.end && line.frame.prev == self.hash
    }

    pub(super) fn push(&mut self, line: &Line, spot: Spot) {
        self.last = spot;
        self.end = line.frame.seq + 1;
        self.last_prev = line.frame.prev;
        self.hash = line.hash;
    }

    /// Whether it is a single line.
    pub(super) fn is_single(&self) -> bool {
        self.end - self.seq == 1
    }

    /// Whether a record with this number is in it.
    pub(super) fn covers(&self, seq: u64) -> bool {
        (self.seq..self.end).contains(&seq)
    }

    /// The line here that follows the same line as `other` does, if that is the first or the last one.
    pub(super) fn fork_from(&self, other: &Self) -> Option<Spot> {
        let place = (other.seq, other.prev);
        if place == (self.end - 1, self.last_prev) {
            Some(self.last)
        } else {
            (place == (self.seq, self.prev)).then_some(self.first)
        }
    }

    /// Whether `next` goes on where this run ends.
    pub(super) fn leads_to(&self, next: &Self) -> bool {
        self.end == next.seq && self.hash == next.prev
    }
}
