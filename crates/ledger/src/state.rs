//! What of a tree must be known to go on at some record: its size, the last leaf hash, the frontier. It stands in
//! a file beside the log, so that opening reads only the records behind it, and archived segments are not missed.
//!
//! ```text
//! axtary-ledger-tree v1
//! 3 sha256:5b1e…
//! w3GvT0…=
//! p3mXzU…=
//! ```
//!
//! The first line names the format, the second the size and the leaf hash of the last record, the rest are the frontier in base64,
//! the largest subtree first. It vouches for nothing by itself: a signed checkpoint of the same size does.

use axtary_actionpass::LedgerHash;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    error::Problem,
    head::{self, Head},
    line::NO_LINE,
    tree::Tree,
};

const FIRST_LINE: &str = "axtary-ledger-tree v1";

/// The longest text of a state: two lines, and 64 hashes of 44 characters.
pub(crate) const MAX_BYTES: usize = 4 * 1024;

/// A tree, and the record that it ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeState {
    /// The tree over all records so far.
    pub(crate) tree: Tree,
    /// The leaf hash of the last of them; what the next record's `prev` is.
    pub(crate) last: LedgerHash,
}

impl TreeState {
    /// Before the first record.
    pub(crate) const fn start() -> Self {
        Self { tree: Tree::new(), last: NO_LINE }
    }

    /// Demands that the record of this number, which names this hash as that of the one before, is the next.
    pub(crate) fn demand_next(&self, seq: u64, prev: LedgerHash) -> Result<(), Problem> {
        let expected = self.tree.size();
        if seq != expected {
            return Err(Problem::OutOfPlace { seq, expected });
        }
        if prev == self.last { Ok(()) } else { Err(Problem::Edited) }
    }

    /// Adds the record with this leaf hash.
    pub(crate) fn append(&mut self, leaf: LedgerHash) {
        self.tree.append(&leaf);
        self.last = leaf;
    }

    /// The text form.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n{} {}\n", self.tree.size(), self.last);
        for node in self.tree.frontier() {
            text.push_str(&STANDARD.encode(node));
            text.push('\n');
        }
        text
    }

    /// Reads the text form.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let (size, last) = lines.next()?.split_once(' ')?;
        let node = |line: &str| <[u8; 32]>::try_from(STANDARD.decode(line).ok()?).ok();
        let frontier = lines.map(node).collect::<Option<Vec<_>>>()?;
        let state = Self {
            tree: Tree::from_frontier(size.parse().ok()?, frontier)?,
            last: LedgerHash::parse(last).ok()?,
        };
        // One spelling, so that any change of a byte is seen.
        (state.to_text() == text).then_some(state)
    }
}

/// The state of a tree together with the place in the open segment that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) head: Head,
    pub(crate) tree: TreeState,
}

impl Saved {
    /// The text form: a head's line, and the state's.
    pub(crate) fn to_text(&self) -> String {
        self.head.to_text() + &self.tree.to_text()
    }

    /// Reads the text form, if the two parts are of one tree.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (head, tree) = text.split_at_checked(head::LENGTH)?;
        let saved = Self { head: Head::parse(head)?, tree: TreeState::parse(tree)? };
        let (Head { records, last, .. }, TreeState { tree, last: leaf }) =
            (&saved.head, &saved.tree);
        (*records == tree.size() && last == leaf).then_some(saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_back_and_goes_on_as_if_it_had_never_been_written() {
        let leaf = |number: u8| LedgerHash::of_line(&[number]);
        let mut whole = TreeState::start();
        for number in 0..200 {
            let read = TreeState::parse(whole.to_text().as_bytes()).unwrap();
            assert_eq!(read, whole);
            whole.append(leaf(number));
            let mut resumed = read;
            resumed.append(leaf(number));
            assert_eq!(resumed.tree.root(), whole.tree.root());
        }
    }

    #[test]
    fn every_changed_byte_makes_another_state_or_none() {
        let mut state = TreeState::start();
        (0..7).for_each(|number| state.append(LedgerHash::of_line(&[number])));
        let text = state.to_text();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            assert_ne!(TreeState::parse(&changed), Some(state.clone()), "byte {at}");
        }
        for bad in [String::new(), text.replace("7 ", "6 "), text.replace("7 ", "07 "), text + "\n"]
        {
            assert_eq!(TreeState::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
