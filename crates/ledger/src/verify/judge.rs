//! Judging: from the pieces that a ledger falls into to what was done to it. The rules stand at the top of `verify.rs`.

use std::path::Path;

use axtary_actionpass::LedgerHash;

use super::{
    files::Start,
    finding::FindingKind,
    join::{Joined, Misfit},
    piece::{Piece, Run, Spot, Unread},
};
use crate::{error::Problem, head::Head, segment::closed_path};

/// What was found, and what is left of the chain.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) found: Vec<Found>,
    /// How many records from the first form an unbroken chain.
    pub(super) intact: u64,
    /// How many records there are.
    pub(super) records: u64,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: FindingKind,
    pub(super) spot: Option<Spot>,
    /// The number of the record that belongs there.
    pub(super) record: u64,
    /// How many records before it form an unbroken chain.
    pub(super) intact: u64,
}

/// Judges what the lines came to.
pub(super) fn judge(ledger: &Path, start: &Start, head: &Head, joined: &Joined) -> Verdict {
    let mut judge = Judge {
        pieces: &joined.pieces,
        ledger,
        head,
        anchored: joined.anchored,
        next: start.first,
        prev: start.state.as_ref().map(|state| state.last),
        last: None,
        moved: Vec::new(),
        broken: None,
        found: Vec::new(),
    };
    for Misfit { kind, spot, record } in &joined.misfits {
        judge.find(kind.clone(), *spot, *record);
    }
    for (at, piece) in joined.pieces.iter().enumerate() {
        match piece {
            Piece::Run(run) => judge.run(at, run),
            Piece::Unread(unread) => judge.unread(at, unread),
        }
    }
    judge.end(joined)
}

/// Walks over the pieces, and knows what belongs behind those that were walked over.
struct Judge<'a> {
    pieces: &'a [Piece],
    ledger: &'a Path,
    head: &'a Head,
    /// Up to which record something outside the log vouches for the records so far.
    anchored: u64,
    /// The number of the record that belongs here.
    next: u64,
    /// The hash that it names; `None` if that is not known.
    prev: Option<LedgerHash>,
    /// The run that ends with the record before.
    last: Option<&'a Run>,
    /// Runs that stood too far in front, until their turn comes.
    moved: Vec<&'a Run>,
    /// The first record at which the chain is broken.
    broken: Option<u64>,
    found: Vec<Found>,
}

/// What is known of a run's last line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vouch {
    /// The next line, or something outside the log, names its hash.
    For,
    /// They name another.
    Against,
    /// Nothing is said.
    Silent,
}

impl<'a> Judge<'a> {
    fn run(&mut self, at: usize, run: &'a Run) {
        if self.is_fitted_by(run) {
            self.accept(run);
        } else if self.what_belongs_here_stands_behind(at) {
            self.out_of_place(at, run);
        } else if self.prev == Some(run.prev) {
            self.renumbered(run);
        } else if run.seq == self.next {
            self.disputed(at, run);
        } else if run.seq > self.next {
            self.ahead(at, run);
        } else {
            self.behind(at, run);
        }
        self.bring_in_moved();
    }

    /// Takes the run as the records that belong here.
    fn accept(&mut self, run: &'a Run) {
        if let Some(spot) = run.not_the_head {
            self.find(FindingKind::NotTheHead, Some(spot), self.head.records - 1);
        }
        self.anchored = self.anchored.max(run.anchored);
        (self.next, self.prev, self.last) = (run.end, Some(run.hash), Some(run));
    }

    /// Takes the run as the records up to `next`, although its last line is known not to be the one that was written.
    fn accept_until(&mut self, next: u64, run: &'a Run) {
        (self.next, self.prev, self.last) = (next, None, Some(run));
    }

    /// Takes the runs that were met before their turn, once it comes.
    fn bring_in_moved(&mut self) {
        while let Some(at) = self.moved.iter().position(|run| self.is_fitted_by(run)) {
            let run = self.moved.swap_remove(at);
            self.accept(run);
        }
    }

    /// The run belongs elsewhere.
    fn out_of_place(&mut self, at: usize, run: &'a Run) {
        let elsewhere = |other: &Run| other.covers(run.seq);
        let linked = |other: &Run| other.leads_to(run) || run.leads_to(other);
        let stands_elsewhere = run.seq < self.next || self.others(at).any(elsewhere);
        if !stands_elsewhere && self.others(at).any(linked) {
            let kind = FindingKind::Reordered { seq: run.seq, expected: self.next };
            self.find(kind, Some(run.first), self.next);
            self.moved.push(run);
        } else {
            self.find(FindingKind::Inserted, Some(run.first), self.next);
        }
    }

    /// It names the right predecessor, so it stands in its place: its number was edited.
    fn renumbered(&mut self, run: &'a Run) {
        let next = self.next;
        self.broken_here(FindingKind::Edited(Problem::Edited), run.first, next);
        if run.is_single() { self.accept_until(next + 1, run) } else { self.accept(run) }
    }

    /// It has the right number and names another predecessor: one of the two was edited, or it is of another chain.
    fn disputed(&mut self, at: usize, run: &'a Run) {
        let vouch = self.vouch(at, run);
        let edited = FindingKind::Edited(Problem::Edited);
        match self.last {
            Some(last) if vouch != Vouch::Against && self.anchored < self.next => {
                self.broken_here(edited, last.last, self.next - 1);
            }
            _ if run.is_single() && vouch != Vouch::For => {
                self.broken_here(edited, run.first, self.next);
            }
            _ => self.broken_here(FindingKind::Forked { seq: run.seq }, run.first, self.next),
        }
        match vouch {
            Vouch::Against => self.accept_until(run.end, run),
            Vouch::For | Vouch::Silent => self.accept(run),
        }
    }

    /// Its number is beyond the one that belongs here.
    fn ahead(&mut self, at: usize, run: &'a Run) {
        let fills = |other: &Run| (self.next..run.seq).contains(&other.seq);
        if self.later(at).any(fills) {
            return self.out_of_place(at, run);
        }
        if self.is_at_the_head() && self.vouch(at, run) != Vouch::For {
            return self.find(FindingKind::Inserted, Some(run.first), self.next);
        }
        let (first, last) = (self.next, run.seq - 1);
        // A segment that is gone leaves a gap between two files.
        let behind_another = run.first.part > 0 && run.first.line == 1;
        let segment = behind_another.then(|| closed_path(self.ledger, first));
        self.broken_here(FindingKind::Missing { first, last, segment }, run.first, first);
        self.accept(run);
    }

    /// Records of its numbers were met already.
    fn behind(&mut self, at: usize, run: &'a Run) {
        let vouch = self.vouch(at, run);
        let goes_on = self.anchored < self.next && (vouch == Vouch::For || !run.is_single());
        let fork = self.last.and_then(|last| last.fork_from(run));
        if let Some(spot) = fork.filter(|_| goes_on) {
            // Two lines follow the same one, and the chain goes on from the second.
            self.find(FindingKind::Inserted, Some(spot), run.seq);
            self.accept(run);
        } else if goes_on && vouch == Vouch::For && run.end > self.next {
            self.broken_here(FindingKind::Forked { seq: run.seq }, run.first, run.seq);
            self.accept(run);
        } else {
            self.find(FindingKind::Inserted, Some(run.first), self.next);
        }
    }

    fn unread(&mut self, at: usize, unread: &Unread) {
        let spot = Some(unread.first);
        let edited = FindingKind::Edited(unread.problem.clone());
        match self.later(at).next() {
            // The chain goes on as if they were not there.
            Some(run) if run.seq <= self.next || self.what_belongs_here_stands_behind(at) => {
                self.find(FindingKind::Inserted, spot, self.next);
            }
            Some(run) => {
                let (first, last) = (self.next, run.seq - 1);
                // A file that was cut short ends in half a line; the rest of its records are gone.
                let cut_short = unread.problem == Problem::Torn && last > first;
                let missing = FindingKind::Missing { first, last, segment: None };
                self.broken_here(if cut_short { missing } else { edited }, unread.first, first);
                (self.next, self.prev) = (run.seq, None);
            }
            None if unread.problem == Problem::Torn => {
                self.find(FindingKind::Torn, spot, self.next);
            }
            None if self.is_at_the_head() => self.find(FindingKind::Inserted, spot, self.next),
            None => {
                self.broken_here(edited, unread.first, self.next);
                // Of those that were durable, as many as there are lines stand here.
                let lines = self.head.records.saturating_sub(self.next).min(unread.lines);
                (self.next, self.prev) = (self.next + lines, None);
            }
        }
    }

    /// Behind the last piece.
    fn end(mut self, joined: &Joined) -> Verdict {
        let records = self.next;
        if records < self.head.records {
            let durable = self.head.records;
            self.find(FindingKind::Truncated { records, durable }, None, records);
        }
        for checkpoint in joined.unreached.iter().filter(|one| one.size > records) {
            let kind = FindingKind::BehindCheckpoint { records, size: checkpoint.size };
            self.find(kind, None, records);
        }
        let mut absent: Vec<_> = joined.absent.iter().copied().collect();
        absent.sort_unstable();
        for hash in absent {
            self.find(FindingKind::Absent(hash), None, records);
        }
        // Unless a record before is known to be another, which changes every root behind it.
        if let Some(size) =
            joined.forked_from.filter(|size| self.broken.is_none_or(|at| at >= *size))
        {
            self.broken = Some(joined.checkpointed);
            self.found.iter_mut().for_each(|one| one.intact = one.intact.min(joined.checkpointed));
            self.find(FindingKind::ForkedFromCheckpoint { size }, None, size);
        }
        // Whatever was inserted or removed moves the lines behind it.
        if let Some(spot) = joined.head_is_elsewhere.filter(|_| self.found.is_empty()) {
            self.find(FindingKind::NotTheHead, Some(spot), self.head.records - 1);
        }
        if self.found.iter().any(|one| one.kind == FindingKind::NotTheHead) {
            self.broken.get_or_insert(self.head.records - 1);
        }
        let intact = self.broken.unwrap_or(records).min(records);
        Verdict { found: self.found, intact, records }
    }

    /// What is known of the run's last line.
    fn vouch(&self, at: usize, run: &Run) -> Vouch {
        if run.anchored == run.end || self.others(at).any(|other| run.leads_to(other)) {
            return Vouch::For;
        }
        let against = run.not_the_head.is_some_and(|spot| spot == run.last)
            || self.later(at).any(|other| other.seq == run.end);
        if against { Vouch::Against } else { Vouch::Silent }
    }

    /// Whether the head says that the ledger ends here.
    fn is_at_the_head(&self) -> bool {
        let Head { records, last, .. } = *self.head;
        records > 0 && records == self.next && self.prev == Some(last)
    }

    fn is_fitted_by(&self, run: &Run) -> bool {
        run.seq == self.next && self.prev.is_none_or(|prev| prev == run.prev)
    }

    fn what_belongs_here_stands_behind(&self, at: usize) -> bool {
        self.prev.is_some_and(|prev| {
            self.later(at).any(|other| (other.seq, other.prev) == (self.next, prev))
        })
    }

    fn others(&self, at: usize) -> impl Iterator<Item = &'a Run> + use<'a> {
        let before = self.pieces.get(..at).unwrap_or_default().iter().filter_map(Piece::as_run);
        before.chain(self.later(at))
    }

    fn later(&self, at: usize) -> impl Iterator<Item = &'a Run> + use<'a> {
        self.pieces.get(at + 1..).unwrap_or_default().iter().filter_map(Piece::as_run)
    }

    fn broken_here(&mut self, kind: FindingKind, spot: Spot, record: u64) {
        self.broken = Some(self.broken.map_or(record, |broken| broken.min(record)));
        self.find(kind, Some(spot), record);
    }

    fn find(&mut self, kind: FindingKind, spot: Option<Spot>, record: u64) {
        let intact = self.broken.unwrap_or(record).min(record);
        self.found.push(Found { kind, spot, record, intact });
    }
}
