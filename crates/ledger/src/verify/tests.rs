//! Ledgers in memory, damaged in every way, and verified in pieces of every size.

use axtary_actionpass::{Object, Record, RecordKind, SigningKey, Timestamp};
use proptest::prelude::*;

use super::{memory::files, *};
use crate::{
    error::Problem,
    head::Head,
    line::{self, NO_LINE},
    state::TreeState,
};

/// A chain of records, as a ledger would write them.
struct Chain {
    lines: Vec<Vec<u8>>,
    hashes: Vec<LedgerHash>,
}

impl Chain {
    /// Records of this many, whose bodies tell one `name` from another.
    fn new(name: &str, count: u64) -> Self {
        let mut chain = Self { lines: Vec::new(), hashes: Vec::new() };
        chain.grow(name, count);
        chain
    }

    fn grow(&mut self, name: &str, count: u64) {
        for seq in self.len()..count {
            let at = Timestamp::from_seconds(1_785_240_000).unwrap();
            let text = "x".repeat(usize::try_from(seq * 7 % 40).unwrap());
            let body = Object::new().with("name", name).with("text", text);
            let record = Record::new(RecordKind::Decision, at, &body);
            let prev = self.hashes.last().copied().unwrap_or(NO_LINE);
            let mut line = Vec::new();
            self.hashes.push(line::write(&mut line, seq, &prev, &record).unwrap());
            self.lines.push(line);
        }
    }

    /// The first records of this one, and then others.
    fn forked_at(&self, seq: usize) -> Self {
        let mut fork =
            Self { lines: self.lines[..seq].to_vec(), hashes: self.hashes[..seq].to_vec() };
        fork.grow("fork", self.len());
        fork
    }

    fn len(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap()
    }

    fn state(&self, size: usize) -> TreeState {
        let mut state = TreeState::start();
        self.hashes[..size].iter().for_each(|hash| state.append(*hash));
        state
    }

    /// The head behind the first `records` of them, of which the open segment starts with `segment`.
    fn head(&self, segment: usize, records: usize) -> Head {
        let bytes: usize = self.lines[segment..records].iter().map(Vec::len).sum();
        Head {
            records: u64::try_from(records).unwrap(),
            segment: u64::try_from(segment).unwrap(),
            bytes: u64::try_from(bytes).unwrap(),
            last: records.checked_sub(1).map_or(NO_LINE, |last| self.hashes[last]),
        }
    }

    fn checkpoint(&self, size: usize) -> Checkpoint {
        let key = SigningKey::from_seed(&[3; 32]);
        let log = NoteKey::of_log("ledger", key.verifying_key()).unwrap();
        Checkpoint::of(&log, &self.state(size).tree)
    }
}

fn verify_in(
    segments: &[(u64, Vec<u8>)],
    head: Head,
    checkpoint: Option<Checkpoint>,
    split: Split,
) -> Result<Verified, Vec<Finding>> {
    let mut verification = Verification::of("/ledger");
    verification.checkpoints.extend(checkpoint);
    verification.verify(files(segments, head), split, |_| {}).map_err(|f| f.findings().to_vec())
}

fn verify_lines(
    lines: &[Vec<u8>],
    head: Head,
    checkpoint: Option<Checkpoint>,
) -> Result<Verified, Vec<Finding>> {
    verify_in(&[(0, lines.concat())], head, checkpoint, Split { chunk: 700, threads: 2 })
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }
}

const RECORDS: usize = 12;

/// What an edit left, and how it must be found: the codes that its first finding may have, and its line.
struct Edit {
    lines: Vec<Vec<u8>>,
    head: Head,
    codes: &'static [&'static str],
    line: Option<usize>,
}

fn edit(ours: &Chain, other: &Chain, dice: &mut Dice) -> Edit {
    let mut lines = ours.lines.clone();
    let mut head = ours.head(0, RECORDS);
    let at = dice.roll(RECORDS);
    let (codes, line): (&[&str], _) = match dice.roll(9) {
        0 => {
            let byte = dice.roll(lines[at].len());
            lines[at][byte] ^= u8::try_from(1 + dice.roll(255)).unwrap();
            let last_newline = at + 1 == RECORDS && byte + 1 == lines[at].len();
            let codes: &[&str] = match (at + 1 == RECORDS, last_newline) {
                (_, true) => &["ledger.torn"],
                (true, _) => &["ledger.edited", "ledger.not_the_head"],
                (false, _) => &["ledger.edited"],
            };
            (codes, Some(at))
        }
        1 => {
            lines.remove(at);
            if at + 1 == RECORDS {
                (&["ledger.truncated"], None)
            } else {
                (&["ledger.missing"], Some(at))
            }
        }
        2 => {
            let to = dice.roll(RECORDS + 1);
            lines.insert(to, ours.lines[at].clone());
            (&["ledger.inserted"], Some(if to == at { at + 1 } else { to }))
        }
        3 => {
            let with = (at + 1 + dice.roll(RECORDS - 1)) % RECORDS;
            lines.swap(at, with);
            (&["ledger.reordered"], Some(at.min(with)))
        }
        4 => {
            let from = dice.roll(other.lines.len() - 3);
            let count = 1 + dice.roll(3);
            let spliced = other.lines[from..from + count].to_vec();
            let to = dice.roll(RECORDS + 1);
            lines.splice(to..to, spliced);
            // Behind the end, a line with the next number may as well be one that was edited.
            let next = (to, from, count) == (RECORDS, RECORDS, 1);
            let codes: &[&str] =
                if next { &["ledger.edited"] } else { &["ledger.inserted", "ledger.forked"] };
            (codes, Some(to))
        }
        5 => {
            let count = 1 + dice.roll(3.min(RECORDS - at));
            lines.splice(at..at + count, other.lines[at..at + count].to_vec());
            match (at, count) {
                // Another ledger's beginning fits the beginning; only its end does not fit what follows.
                (0, count) => (&["ledger.edited"], Some(count - 1)),
                (at, 1) => (&["ledger.edited"], Some(at)),
                (at, _) => (&["ledger.forked"], Some(at)),
            }
        }
        6 => {
            let log = lines.concat();
            let cut = dice.roll(log.len());
            lines = vec![log[..cut].to_vec()];
            let whole = cut == 0 || log[cut - 1] == b'\n';
            (if whole { &["ledger.truncated"] } else { &["ledger.torn"] }, None)
        }
        7 => {
            lines.truncate(at);
            head = ours.head(0, at);
            (&["ledger.truncated"], None)
        }
        _ => {
            let fork = ours.forked_at(at);
            head = fork.head(0, RECORDS);
            lines = fork.lines;
            (&["ledger.forked"], None)
        }
    };
    Edit { lines, head, codes, line }
}

#[test]
fn ten_thousand_random_edits_are_all_found_and_rightly_named_given_the_last_checkpoint() {
    let (ours, other) = (Chain::new("ours", 12), Chain::new("other", 30));
    let checkpoint = ours.checkpoint(RECORDS);
    verify_lines(&ours.lines, ours.head(0, RECORDS), Some(checkpoint.clone())).unwrap();
    for seed in 0..10_000 {
        let Edit { lines, head, codes, line } = edit(&ours, &other, &mut Dice(seed));
        let found = verify_lines(&lines, head, Some(checkpoint.clone())).unwrap_err();
        let first = found.first().unwrap();
        assert!(codes.contains(&first.kind.code()), "{seed}: {codes:?}, not {found:#?}");
        if let Some(at) = line {
            let place = first.place.as_ref().unwrap_or_else(|| panic!("{seed}: {found:#?}"));
            assert_eq!(place.line, u64::try_from(at + 1).unwrap(), "{seed}: {found:#?}");
            let offset: usize =
                lines.concat().split_inclusive(|b| *b == b'\n').take(at).map(<[u8]>::len).sum();
            assert_eq!(place.offset, u64::try_from(offset).unwrap(), "{seed}: {found:#?}");
        }
    }
}

proptest! {
    #[test]
    fn however_the_work_is_split_the_answer_is_the_same(
        seed in any::<u64>(), chunk in 1..600_u64, threads in 1..5_usize, at in 1..RECORDS,
    ) {
        let (ours, other) = (Chain::new("ours", 12), Chain::new("other", 30));
        let Edit { lines, head, .. } = edit(&ours, &other, &mut Dice(seed));
        let at = at.min(lines.len());
        let segments =
            [(0, lines[..at].concat()), (u64::try_from(at).unwrap(), lines[at..].concat())];
        let whole = Split { chunk: 1 << 20, threads: 1 };
        let checkpoint = || Some(ours.checkpoint(RECORDS / 2));
        prop_assert_eq!(
            verify_in(&segments, head, checkpoint(), Split { chunk, threads }),
            verify_in(&segments, head, checkpoint(), whole)
        );
    }
}

/// The chain in segments of four records.
fn in_segments(chain: &Chain) -> Vec<(u64, Vec<u8>)> {
    let numbered = chain.lines.chunks(4).enumerate();
    numbered.map(|(at, lines)| (u64::try_from(at * 4).unwrap(), lines.concat())).collect()
}

fn verify_segments(segments: &[(u64, Vec<u8>)], head: Head) -> Result<Verified, Vec<Finding>> {
    verify_in(segments, head, None, Split { chunk: 300, threads: 2 })
}

/// Demands one finding, of this kind, in the file of this name.
#[track_caller]
fn only(found: Result<Verified, Vec<Finding>>, kind: &FindingKind, file: &str, line: u64) {
    let found = found.unwrap_err();
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(&finding.kind, kind);
    let place = finding.place.as_ref().map(|place| (place.path.to_str().unwrap(), place.line));
    assert_eq!(place, Some((file, line)));
}

#[test]
fn a_ledger_in_segments_verifies_as_in_one_file() {
    let chain = Chain::new("ours", 12);
    let one = verify_lines(&chain.lines, chain.head(0, 12), None).unwrap();
    assert_eq!((one.records, one.first, one.anchored), (12, 0, 12));
    assert_eq!((one.last, one.root), (Some(chain.hashes[11]), chain.state(12).tree.root()));
    assert_eq!(verify_segments(&in_segments(&chain), chain.head(8, 12)), Ok(one));
    // The head of before the log rolled over, as one sees it who lists the files too late.
    let older = verify_segments(&in_segments(&chain), chain.head(4, 7)).unwrap();
    assert_eq!((older.records, older.anchored), (12, 7));
    // And of just behind it: nothing is in the new segment yet.
    let mut segments = in_segments(&chain);
    segments[2].1.clear();
    assert_eq!(verify_segments(&segments, chain.head(8, 8)).unwrap().anchored, 8);
}

#[test]
fn a_segment_that_is_gone_is_named() {
    let chain = Chain::new("ours", 12);
    let mut segments = in_segments(&chain);
    segments.remove(1);
    let missing = FindingKind::Missing {
        first: 4,
        last: 7,
        segment: Some("/ledger.00000000000000000004".into()),
    };
    only(verify_segments(&segments, chain.head(8, 12)), &missing, "/ledger", 1);
    assert_eq!(
        missing.to_string(),
        "the records 4 to 7 are missing; if they were a segment, `/ledger.00000000000000000004` is needed"
    );
}

#[test]
fn a_closed_segment_that_was_cut_short_lacks_the_rest_of_its_records() {
    let chain = Chain::new("ours", 12);
    let mut segments = in_segments(&chain);
    let two = chain.lines[4].len() + chain.lines[5].len();
    segments[1].1.truncate(two + 10);
    let missing = FindingKind::Missing { first: 6, last: 7, segment: None };
    let file = "/ledger.00000000000000000004";
    only(verify_segments(&segments, chain.head(8, 12)), &missing, file, 3);
}

#[test]
fn segments_under_each_others_names_are_found() {
    let chain = Chain::new("ours", 12);
    let mut segments = in_segments(&chain);
    segments[1].0 = 5;
    let misnamed = FindingKind::Misnamed { first: 4 };
    only(
        verify_segments(&segments, chain.head(8, 12)),
        &misnamed,
        "/ledger.00000000000000000005",
        1,
    );
    let mut segments = in_segments(&chain);
    let [(_, a), (_, b), _] = segments.as_mut_slice() else { panic!() };
    std::mem::swap(a, b);
    let found = verify_segments(&segments, chain.head(8, 12)).unwrap_err();
    let kinds: Vec<_> = found.into_iter().map(|finding| finding.kind).collect();
    let moved = FindingKind::Reordered { seq: 4, expected: 0 };
    assert_eq!(kinds, [moved, FindingKind::Misnamed { first: 0 }]);
}

#[test]
fn a_head_that_names_another_place_is_found() {
    let chain = Chain::new("ours", 12);
    let head = chain.head(8, 12);
    for head in [Head { segment: 4, ..head }, Head { bytes: head.bytes + 1, ..head }] {
        only(verify_segments(&in_segments(&chain), head), &FindingKind::NotTheHead, "/ledger", 4);
    }
}

#[test]
fn records_that_were_written_anew_are_found_by_the_first_checkpoint_behind_them() {
    let chain = Chain::new("ours", 12);
    let fork = chain.forked_at(5);
    for size in 1..=12 {
        let found = verify_lines(&fork.lines, fork.head(0, 12), Some(chain.checkpoint(size)));
        if size <= 5 {
            let verified = found.unwrap();
            assert_eq!(verified.checkpointed, u64::try_from(size).unwrap());
        } else {
            let size = u64::try_from(size).unwrap();
            assert_eq!(found.unwrap_err()[0].kind, FindingKind::ForkedFromCheckpoint { size });
        }
    }
    // An earlier one tells up to where the records hold.
    let mut verification = Verification::of("/ledger");
    verification.checkpoints = vec![chain.checkpoint(12), chain.checkpoint(3), chain.checkpoint(6)];
    let files = files(&[(0, fork.lines.concat())], fork.head(0, 12));
    let split = Split { chunk: 512, threads: 1 };
    let failure = verification.verify(files, split, |_| {}).unwrap_err();
    let VerifyFailure::Damaged(damage) = failure else { panic!("{failure}") };
    assert_eq!((damage.findings().len(), damage.intact()), (1, 3));
}

#[test]
fn each_of_several_edits_is_named_and_only_the_first_has_an_unbroken_chain_before_it() {
    let chain = Chain::new("ours", 12);
    let mut lines = chain.lines.clone();
    for at in [3, 8] {
        lines[at] = String::from_utf8(lines[at].clone()).unwrap().replace("ours", "mine").into();
    }
    lines.remove(6);
    let found = verify_lines(&lines, chain.head(0, 12), None).unwrap_err();
    let told = |f: &Finding| (f.kind.code(), f.place.as_ref().unwrap().line, f.record, f.intact);
    let told: Vec<_> = found.iter().map(told).collect();
    let expected =
        [("ledger.edited", 4, 3, 3), ("ledger.missing", 7, 6, 3), ("ledger.edited", 8, 8, 3)];
    assert_eq!(told, expected);
    assert!(found[0].records_before_hold() && !found[1].records_before_hold());
}

#[test]
fn what_is_found_is_bounded() {
    let chain = Chain::new("ours", 2000);
    let mut lines = chain.lines.clone();
    for at in (1..1999).step_by(2) {
        lines[at].insert(0, b' ');
    }
    let files = files(&[(0, lines.concat())], chain.head(0, 2000));
    let split = Split { chunk: 9000, threads: 2 };
    let failure = Verification::of("/ledger").verify(files, split, |_| {}).unwrap_err();
    let VerifyFailure::Damaged(damage) = &failure else { panic!("{failure}") };
    assert_eq!((damage.findings().len(), damage.intact()), (100, 1));
    assert!(damage.more() >= 899, "{}", damage.more());
    let message = failure.to_string();
    assert!(message.starts_with("`/ledger`, line 2 at byte "), "{message}");
    assert!(message.contains("; other findings: "), "{message}");
}

#[test]
fn a_line_that_is_finished_meanwhile_is_read_to_its_end() {
    let chain = Chain::new("ours", 12);
    let mut files = files(&[(0, chain.lines.concat())], chain.head(0, 3));
    files.parts[0].length -= u64::try_from(chain.lines[11].len()).unwrap() - 5;
    let split = Split { chunk: 100, threads: 2 };
    let mut seen = Vec::new();
    let verified = Verification::of("/ledger").verify(files, split, |now| seen.push(now)).unwrap();
    assert_eq!(verified.records, 12);
    assert!(seen.is_sorted_by_key(|now| now.bytes));
    assert!(seen.last().is_some_and(|now| now.bytes == now.of));
}

/// Zeros, and no end of them.
struct Zeros;

impl Source for Zeros {
    fn read_at(&self, _: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(0);
        Ok(buffer.len())
    }
}

#[test]
fn ten_gigabytes_of_zeros_are_refused() {
    let part = files::Part {
        path: "/ledger".into(),
        first: None,
        state: None,
        source: Zeros,
        length: 10_000_000_000,
    };
    let start = files::Start { first: 0, state: Some(TreeState::start()) };
    let files =
        Files { head: Head::EMPTY, checkpoint: None, parts: vec![part], start, damaged: vec![] };
    let split = Split::for_this_machine();
    let failure = Verification::of("/ledger").verify(files, split, |_| {}).unwrap_err();
    let [finding] = failure.findings() else { panic!("{failure}") };
    assert_eq!(finding.kind, FindingKind::Edited(Problem::TooLong));
}
