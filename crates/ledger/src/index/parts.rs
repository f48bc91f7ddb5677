//! The segments that are there, and which records each holds.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use super::{Damaged, Doubt};
use crate::{
    error::{IoFailure, ReadFailure},
    file::{beside, read_head, read_small},
    head::Head,
    read::{Lines, Walk, first_record},
    segment::{self, Segment, state_path},
    state::TreeState,
    verify::Frame,
};

/// The segments of a ledger that are there, oldest first.
#[derive(Debug)]
pub(super) struct Parts {
    ledger: PathBuf,
    list: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// The number of the first record; `None` if no whole line is there yet.
    first: Option<u64>,
    segment: Segment,
}

/// A place between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The first record of the segment.
    pub(super) segment: u64,
    /// How many bytes of the segment are in front of it.
    pub(super) offset: u64,
    /// The record behind it.
    pub(super) next: u64,
}

impl Parts {
    pub(super) fn of(ledger: &Path) -> Result<Self, ReadFailure> {
        let segments =
            Segment::all(ledger).map_err(|e| IoFailure::new("find the segments of", ledger, e))?;
        let part = |segment| Ok(Part { first: first_record(&segment)?, segment });
        let list = segments.into_iter().map(part).collect::<Result<_, IoFailure>>()?;
        Ok(Self { ledger: ledger.to_owned(), list })
    }

    /// The tree in front of the first record that is there.
    pub(super) fn start(&self) -> Result<TreeState, ReadFailure> {
        let first = match self.first() {
            Some(first) => first,
            // Of an empty segment, the head says where it starts.
            None => read_head(&self.ledger)?
                .and_then(|text| Head::parse(&text))
                .map_or(0, |head| head.segment),
        };
        if first == 0 {
            return Ok(TreeState::start());
        }
        let path = state_path(&self.ledger, first);
        let state = read_state(&path)?.filter(|state| state.tree.size() == first);
        state.ok_or(ReadFailure::NoTree { state: path })
    }

    /// The number of the first record that is there.
    pub(super) fn first(&self) -> Option<u64> {
        self.list.first().and_then(|part| part.first)
    }

    /// The line that is said to start at an offset of this record's segment, without its newline, and the place behind it; `None` if
    /// no whole line of that record does.
    pub(super) fn line(&self, record: u64, offset: u64) -> Result<Option<(Vec<u8>, Spot)>, Doubt> {
        let Some((first, segment)) = self.holding(record) else {
            return Err(Doubt::Archived { record });
        };
        let failed = |operation| move |error| IoFailure::new(operation, segment.path(), error);
        let file = match segment.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Doubt::Archived { record });
            }
            opened => opened.map_err(failed("open"))?,
        };
        // No file has a place for the offsets that damage makes up.
        if offset >= file.metadata().map_err(failed("inspect"))?.len() {
            return Ok(None);
        }
        let mut lines = Lines::few_from(file, offset);
        let line = lines.next().map_err(failed("read"))?.filter(|line| !line.is_torn());
        let is_the_record = |frame: Frame| frame.seq == record;
        let line = line.filter(|line| Frame::read(line.bytes).is_some_and(is_the_record));
        Ok(line.map(|line| {
            let spot = Spot { segment: first, offset: line.end(), next: record + 1 };
            (line.bytes.to_vec(), spot)
        }))
    }

    /// The place behind the archived segment that ends with this state, if the next one starts there.
    pub(super) fn behind_archived(&self, end: &TreeState) -> Result<Spot, Damaged> {
        let size = end.tree.size();
        match read_state(&state_path(&self.ledger, size)) {
            Ok(Some(state)) if state == *end => Ok(Spot { segment: size, offset: 0, next: size }),
            Ok(_) | Err(_) => Err(Damaged),
        }
    }

    /// The lines behind this place, and how many bytes they take.
    pub(super) fn walk_from(self, spot: Spot) -> Result<(Walk, u64), ReadFailure> {
        let Self { ledger, mut list } = self;
        while list.get(1).and_then(|part| part.first).is_some_and(|next| next <= spot.next) {
            list.remove(0);
        }
        let is_begun = list.first().is_some_and(|part| part.first == Some(spot.segment));
        let (offset, lines) =
            if is_begun { (spot.offset, spot.next - spot.segment) } else { (0, 0) };
        let mut bytes = 0;
        for Part { segment, .. } in &list {
            let length = segment.open().and_then(|file| Ok(file.metadata()?.len()));
            bytes += length.map_err(|e| IoFailure::new("inspect", segment.path(), e))?;
        }
        let segments = list.into_iter().map(|part| part.segment).collect::<VecDeque<_>>();
        let walk = Walk::go_on(&ledger, segments, offset, lines, spot.next)?;
        Ok((walk, bytes.saturating_sub(offset)))
    }

    /// What a caller is told.
    pub(super) fn failure(&self, doubt: Doubt) -> ReadFailure {
        match doubt {
            Doubt::Failure(failure) => failure,
            Doubt::Damaged => ReadFailure::Misfit { index: beside(&self.ledger, "index") },
            Doubt::Archived { record } => match segment::of_archived(&self.ledger, record) {
                Ok(segment) => ReadFailure::Archived { seq: record, segment },
                Err(error) => IoFailure::new("list the folder of", &self.ledger, error).into(),
            },
        }
    }

    /// The segment that holds this record, if it is there.
    fn holding(&self, record: u64) -> Option<(u64, &Segment)> {
        let firsts = self.list.iter().rev().filter_map(|part| Some((part.first?, &part.segment)));
        firsts.into_iter().find(|(first, _)| *first <= record)
    }
}

fn read_state(path: &Path) -> Result<Option<TreeState>, IoFailure> {
    let text = read_small(path).map_err(|e| IoFailure::new("read", path, e))?;
    Ok(text.and_then(|text| TreeState::parse(&text)))
}
