//! What an index's folder holds: which records, and which files of passes. It is replaced as a whole, last of all, so that what else
//! was written before a crash means nothing.
//!
//! ```text
//! axtary-ledger-index v1
//! passes 3 16384 q3Zt…=
//! axtary-ledger-tree v1
//! 0 sha256:0000…
//! axtary-ledger-tree v1
//! 1000000 sha256:5b1e…
//! w3GvT0…=
//! p3mXzU…=
//! ```
//!
//! A line for each file of passes says its number, how many entries it has, and the digest of its table. Then come the states of the
//! tree ([`TreeState`]) at the first record that is indexed, and behind the last. The last line is the digest of all lines before.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::state::TreeState;

const FIRST_LINE: &str = "axtary-ledger-index v1\n";
const STATE: &str = "axtary-ledger-tree v1\n";

/// The largest number of records: what `seq` can count.
const MAX_RECORDS: u64 = 1 << 53;

/// What an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The tree at the first record that is indexed.
    pub(super) start: TreeState,
    /// The tree behind the last.
    pub(super) end: TreeState,
    /// The files of passes, oldest first.
    pub(super) passes: Vec<PassFile>,
}

/// A file of passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PassFile {
    /// What its name ends in.
    pub(super) number: u64,
    /// How many entries it has.
    pub(super) entries: u64,
    /// The digest of its table.
    pub(super) digest: [u8; 32],
}

impl Manifest {
    /// The text form.
    pub(super) fn to_text(&self) -> String {
        let mut text = FIRST_LINE.to_owned();
        for PassFile { number, entries, digest } in &self.passes {
            text.push_str(&format!("passes {number} {entries} {}\n", STANDARD.encode(digest)));
        }
        text.push_str(&self.start.to_text());
        text.push_str(&self.end.to_text());
        let digest = STANDARD.encode(Sha256::digest(&text));
        text + &digest + "\n"
    }

    /// Reads the text form; nothing else reads as one.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let rest = text.strip_prefix(FIRST_LINE)?;
        let (passes, rest) = rest.split_once(STATE)?;
        let (start, rest) = rest.split_once(STATE)?;
        let (end, _digest) = rest.strip_suffix('\n')?.rsplit_once('\n')?;
        let state = |rest: &str| TreeState::parse(format!("{STATE}{rest}").as_bytes());
        let manifest = Self {
            start: state(start)?,
            end: state(&format!("{end}\n"))?,
            passes: passes.lines().map(PassFile::parse).collect::<Option<_>>()?,
        };
        let (start, end) = (manifest.start.tree.size(), manifest.end.tree.size());
        // One spelling, its digest included, so that any change of a byte is seen.
        (start <= end && end <= MAX_RECORDS && manifest.to_text() == text).then_some(manifest)
    }
}

impl PassFile {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.strip_prefix("passes ")?.split(' ');
        let number = fields.next()?.parse().ok()?;
        let entries = fields.next()?.parse().ok().filter(|entries| *entries <= MAX_RECORDS)?;
        let digest = STANDARD.decode(fields.next()?).ok()?.try_into().ok()?;
        Some(Self { number, entries, digest })
    }
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::LedgerHash;

    use super::*;

    #[test]
    fn a_manifest_reads_back_and_every_changed_byte_makes_none() {
        let mut state = TreeState::start();
        for passes in 0..3 {
            let start = state.clone();
            (0..7).for_each(|number| state.append(LedgerHash::of_line(&[number])));
            let file = |number| PassFile { number, entries: 5, digest: [7; 32] };
            let passes = (0..passes).map(file).collect();
            let manifest = Manifest { start, end: state.clone(), passes };
            let text = manifest.to_text();
            assert_eq!(Manifest::parse(text.as_bytes()), Some(manifest));
            for at in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= 1;
                assert_eq!(Manifest::parse(&changed), None, "byte {at}");
                assert_eq!(Manifest::parse(&text.as_bytes()[..at]), None, "{at} bytes");
            }
        }
    }
}
