//! The commits between two branches: where they parted, and what the head has that the base has not.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, hash_map::Entry},
};

use git2::Oid;

use crate::{error::NormalizeError, objects::Commit};

/// The most commits that are walked.
const MAX_WALK: usize = 2_000_000;

/// Where two commits parted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parted {
    /// At one commit; so many are behind the head and not behind the base, and the message of one of them may keep checks from
    /// running.
    At { merge_base: Oid, commits: usize, skips_ci: bool },
    /// At several that are equally near, as after merges in both directions.
    AtSeveral,
    /// Nowhere: they have nothing in common.
    Never,
}

/// Finds where `base` and `head` parted; `read` reads a commit.
pub(crate) fn between(
    read: impl Fn(Oid) -> Result<Commit, NormalizeError>,
    base: Oid,
    head: Oid,
) -> Result<Parted, NormalizeError> {
    Walk::new(read, MAX_WALK).run(base, head)
}

/// A walk from both commits towards the roots, the newest first, that marks each commit by who reaches it.
///
/// A commit that both reach is a candidate, and its ancestors are stale: common, but not nearest. The walk is over when
/// whatever is left to visit is stale. Dates only set the order: when a clock was wrong, or was made to be, several candidates
/// remain, and the walk goes on to the roots to find out which of them are behind others.
struct Walk<R> {
    read: R,
    limit: usize,
    seen: HashMap<Oid, Node>,
    queue: BinaryHeap<(i64, Reverse<usize>, Oid)>,
    /// How many of the queued commits are not stale.
    open: usize,
    /// How many candidates are not stale.
    nearest: usize,
}

struct Node {
    commit: Commit,
    marks: u8,
    queued: bool,
    candidate: bool,
}

const BASE: u8 = 1;
const HEAD: u8 = 2;
const STALE: u8 = 4;
const BOTH: u8 = BASE | HEAD;

impl<R: Fn(Oid) -> Result<Commit, NormalizeError>> Walk<R> {
    fn new(read: R, limit: usize) -> Self {
        Self { read, limit, seen: HashMap::new(), queue: BinaryHeap::new(), open: 0, nearest: 0 }
    }

    fn run(mut self, base: Oid, head: Oid) -> Result<Parted, NormalizeError> {
        self.mark(base, BASE)?;
        self.mark(head, HEAD)?;
        while self.open > 0 || self.nearest > 1 {
            let Some((_, _, id)) = self.queue.pop() else { break };
            self.visit(id)?;
        }
        if self.nearest > 1 {
            return Ok(Parted::AtSeveral);
        }
        let nearest = self.seen.iter().find(|(_, node)| node.candidate && node.marks & STALE == 0);
        let of_head = || self.seen.values().filter(|node| node.marks == HEAD);
        let (commits, skips_ci) = (of_head().count(), of_head().any(|node| node.commit.skips_ci));
        Ok(nearest.map_or(Parted::Never, |(id, _)| Parted::At {
            merge_base: *id,
            commits,
            skips_ci,
        }))
    }

    /// Passes the marks of a commit on to its parents.
    fn visit(&mut self, id: Oid) -> Result<(), NormalizeError> {
        let node = self.seen.get_mut(&id).ok_or_else(|| NormalizeError::Commit {
            id: id.to_string(),
            problem: "it is visited before it was read, which is a bug",
        })?;
        node.queued = false;
        let mut marks = node.marks;
        if marks & STALE == 0 {
            self.open -= 1;
        }
        if marks == BOTH {
            node.candidate = true;
            self.nearest += 1;
            marks |= STALE;
        }
        node.commit.parents.clone().into_iter().try_for_each(|parent| self.mark(parent, marks))
    }

    /// Marks a commit, and has it visited if that says something new of it.
    fn mark(&mut self, id: Oid, marks: u8) -> Result<(), NormalizeError> {
        let order = Reverse(self.seen.len());
        let node = match self.seen.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if order.0 == self.limit => {
                return Err(NormalizeError::HistoryTooLong { max: self.limit });
            }
            Entry::Vacant(new) => {
                let commit = (self.read)(id)?;
                new.insert(Node { commit, marks: 0, queued: false, candidate: false })
            }
        };
        if node.marks & marks == marks {
            return Ok(());
        }
        let turns_stale = node.marks & STALE == 0 && marks & STALE != 0;
        node.marks |= marks;
        if turns_stale && node.candidate {
            self.nearest -= 1;
        }
        match (node.queued, turns_stale) {
            (true, true) => self.open -= 1,
            (true, false) => {}
            (false, _) => {
                node.queued = true;
                self.queue.push((node.commit.time, order, id));
                if node.marks & STALE == 0 {
                    self.open += 1;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
