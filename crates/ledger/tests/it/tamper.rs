//! Any change of a ledger is found, and the line that was changed is named.

use std::{fs, sync::LazyLock};

use axtary_actionpass::LedgerHash;
use axtary_ledger::{Durability, FileLedger, Place, VerifyFailure, verify, verify_against};
use proptest::prelude::*;

use crate::kit::{Scene, record};

const RECORDS: usize = 5;

/// A closed ledger of [`RECORDS`] records: its files, without the lock.
struct Whole {
    lines: Vec<Vec<u8>>,
    head: Vec<u8>,
    hashes: Vec<LedgerHash>,
}

static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let scene = Scene::new();
    let hashes = scene.append(i32::try_from(RECORDS).unwrap());
    Whole { lines: scene.lines(), head: fs::read(scene.beside("head")).unwrap(), hashes }
});

/// Verifies these lines under the head of the whole ledger.
fn verify_lines(lines: &[Vec<u8>]) -> Result<axtary_ledger::Verified, VerifyFailure> {
    let scene = Scene::new();
    scene.write(&lines.concat());
    fs::write(scene.beside("head"), &WHOLE.head).unwrap();
    verify(scene.path())
}

/// Demands that the first bad line is `line`, counted from one.
#[track_caller]
fn found_at(lines: &[Vec<u8>], line: usize, codes: &[&str]) {
    let failure = verify_lines(lines).unwrap_err();
    assert!(codes.contains(&failure.code()), "{failure}");
    let place = first_place(&failure);
    assert_eq!(place.line, u64::try_from(line).unwrap(), "{failure}");
    let offset: usize = lines[..line - 1].iter().map(Vec::len).sum();
    assert_eq!(place.offset, u64::try_from(offset).unwrap());
}

#[track_caller]
fn first_place(failure: &VerifyFailure) -> &Place {
    let place = failure.findings().first().and_then(|finding| finding.place.as_ref());
    place.unwrap_or_else(|| panic!("{failure}"))
}

fn line_of(byte: usize) -> usize {
    let ends = WHOLE.lines.iter().scan(0, |end, line| {
        *end += line.len();
        Some(*end)
    });
    1 + ends.take_while(|end| *end <= byte).count()
}

fn length() -> usize {
    WHOLE.lines.iter().map(Vec::len).sum()
}

fn with_byte(at: usize, change: impl Fn(u8) -> u8) -> Vec<Vec<u8>> {
    let mut lines = WHOLE.lines.clone();
    let line = line_of(at);
    let before: usize = lines[..line - 1].iter().map(Vec::len).sum();
    let byte = &mut lines[line - 1][at - before];
    *byte = change(*byte);
    lines
}

#[test]
fn the_whole_ledger_verifies() {
    let verified = verify_lines(&WHOLE.lines).unwrap();
    assert_eq!(verified.records, u64::try_from(RECORDS).unwrap());
    assert_eq!(verified.last, WHOLE.hashes.last().copied());
    assert_eq!(verified.bytes, u64::try_from(length()).unwrap());
}

#[test]
fn every_byte_is_covered_and_its_line_is_named() {
    for at in 0..length() {
        let flipped = with_byte(at, |byte| byte ^ 1);
        let failure = verify_lines(&flipped).unwrap_err();
        let line = u64::try_from(line_of(at)).unwrap();
        assert_eq!(first_place(&failure).line, line, "byte {at}: {failure}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_change_of_a_byte_is_found(at in 0..length(), change in 1..=255_u8) {
        let changed = with_byte(at, |byte| byte ^ change);
        let failure = verify_lines(&changed).unwrap_err();
        // A newline that came or went splits or joins lines; the first of them is named.
        let line = u64::try_from(line_of(at)).unwrap();
        prop_assert_eq!(first_place(&failure).line, line, "{}", failure);
    }

    #[test]
    fn any_removal_insertion_or_change_of_a_run_of_bytes_is_found(
        start in 0..length(), removed in 0..200_usize, inserted in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let log = WHOLE.lines.concat();
        let end = log.len().min(start + removed);
        let changed = [&log[..start], &inserted, &log[end..]].concat();
        prop_assume!(changed != log);
        prop_assert!(verify_lines(&[changed]).is_err());
    }

    #[test]
    fn any_other_order_of_the_lines_is_found(order in Just((0..RECORDS).collect::<Vec<_>>()).prop_shuffle()) {
        let lines: Vec<_> = order.iter().map(|at| WHOLE.lines[*at].clone()).collect();
        let moved = order.iter().enumerate().position(|(place, at)| place != *at);
        match moved {
            None => prop_assert!(verify_lines(&lines).is_ok()),
            Some(first) => found_at(&lines, first + 1, &["ledger.reordered"]),
        }
    }
}

#[test]
fn a_removed_line_is_found() {
    for at in 0..RECORDS {
        let mut lines = WHOLE.lines.clone();
        lines.remove(at);
        if at + 1 < RECORDS {
            found_at(&lines, at + 1, &["ledger.missing"]);
        } else {
            assert_eq!(verify_lines(&lines).unwrap_err().code(), "ledger.truncated");
        }
    }
}

#[test]
fn a_line_that_stands_twice_is_found() {
    for at in 0..RECORDS {
        for to in 0..=RECORDS {
            let mut lines = WHOLE.lines.clone();
            lines.insert(to, WHOLE.lines[at].clone());
            let first = if to == at { at + 1 } else { to };
            found_at(&lines, first + 1, &["ledger.inserted"]);
        }
    }
}

#[test]
fn a_line_of_another_ledger_is_found() {
    let other = Scene::with_records(9).lines();
    for at in 0..RECORDS {
        let mut lines = WHOLE.lines.clone();
        lines.insert(at, other[7].clone());
        found_at(&lines, at + 1, &["ledger.inserted"]);
    }
}

/// Writes line `at` anew with another body, so that it fits its predecessor.
fn edited(at: usize) -> Vec<Vec<u8>> {
    let mut lines = WHOLE.lines.clone();
    let line = String::from_utf8(lines[at].clone()).unwrap();
    lines[at] = line.replacen(&format!("\"number\":{at}"), "\"number\":99", 1).into_bytes();
    lines
}

#[test]
fn an_edited_line_is_named_and_not_the_one_behind_it() {
    for at in 0..RECORDS {
        found_at(&edited(at), at + 1, &["ledger.edited", "ledger.not_the_head"]);
    }
}

#[test]
fn a_line_forged_into_the_chain_is_named_and_not_the_one_that_it_displaces() {
    let mut lines = WHOLE.lines.clone();
    lines.insert(2, edited(2)[2].clone());
    found_at(&lines, 3, &["ledger.inserted"]);
}

#[test]
fn a_rewritten_end_is_found_by_the_head() {
    // Each line names the hash of the one before, as a forger would write them.
    let mut lines = edited(2);
    for at in 3..RECORDS {
        let before = lines[at - 1].strip_suffix(b"\n").unwrap();
        let hash = LedgerHash::of_line(before).to_string();
        let line = String::from_utf8(lines[at].clone()).unwrap();
        lines[at] = line.replace(&WHOLE.hashes[at - 1].to_string(), &hash).into_bytes();
    }
    found_at(&lines, RECORDS, &["ledger.not_the_head"]);

    // With a head that fits, only a hash that was kept elsewhere tells.
    let scene = Scene::new();
    scene.write(&lines.concat());
    assert_eq!(verify(scene.path()).unwrap().anchored, 0);
    let failure = verify_against(scene.path(), &WHOLE.hashes[1..4]).unwrap_err();
    assert_eq!(failure.code(), "ledger.absent");
    assert_eq!(verify_against(scene.path(), &WHOLE.hashes[..2]).unwrap().anchored, 2);
}

#[test]
fn without_a_head_the_last_line_alone_is_not_covered() {
    let scene = Scene::new();
    for at in 0..RECORDS {
        scene.write(&edited(at).concat());
        match verify(scene.path()) {
            Ok(verified) => assert_eq!((at, verified.anchored), (RECORDS - 1, 0)),
            Err(failure) => {
                let line = u64::try_from(at + 1).unwrap();
                assert_eq!(first_place(&failure).line, line, "{failure}");
            }
        }
    }
    scene.write(&WHOLE.lines[..3].concat());
    assert_eq!(verify(scene.path()).unwrap().records, 3);
    let failure = verify_against(scene.path(), &WHOLE.hashes).unwrap_err();
    assert_eq!(failure.code(), "ledger.absent");
}

#[test]
fn a_last_line_that_nothing_vouches_for_is_named_where_its_predecessor_is_known_to_hold() {
    let last = String::from_utf8(WHOLE.lines[2].clone()).unwrap();
    let renumbered = last.replace("\"seq\":2", "\"seq\":3");
    let rechained = last.replace(&WHOLE.hashes[1].to_string(), &WHOLE.hashes[0].to_string());
    let scene = Scene::new();

    // Its `prev` is right.
    scene.write(&[&WHOLE.lines[..2].concat(), renumbered.as_bytes()].concat());
    let failure = verify(scene.path()).unwrap_err();
    assert_eq!(first_place(&failure).line, 3, "{failure}");

    // Its predecessor is expected.
    scene.write(&[&WHOLE.lines[..2].concat(), rechained.as_bytes()].concat());
    let failure = verify_against(scene.path(), &WHOLE.hashes[1..2]).unwrap_err();
    assert_eq!(first_place(&failure).line, 3, "{failure}");
}

#[test]
fn a_failure_says_how_far_the_chain_is_whole() {
    let failure = verify_lines(&edited(3)).unwrap_err();
    let VerifyFailure::Damaged(damage) = &failure else { panic!("{failure}") };
    assert_eq!(damage.intact(), 3);
    let message = failure.to_string();
    assert!(message.contains("audit.jsonl`, line 4 at byte "), "{message}");
    assert!(message.ends_with("; records before it in an unbroken chain: 3"), "{message}");
}

/// Another product numbers its records by how many it holds, drops the oldest, and verifies what is left.
#[test]
fn records_that_were_dropped_from_the_front_are_found_also_if_the_rest_is_numbered_anew() {
    let rest = &WHOLE.lines[2..];
    found_at(rest, 1, &["ledger.missing"]);
    let renumbered: Vec<_> = rest
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let line = String::from_utf8(line.clone()).unwrap();
            line.replace(&format!("\"seq\":{}", at + 2), &format!("\"seq\":{at}")).into_bytes()
        })
        .collect();
    found_at(&renumbered, 1, &["ledger.edited"]);
}

/// Another product reads a file in which three bytes of 2,000 entries are damaged as one of one entry, and reports success.
#[test]
fn three_damaged_bytes_in_two_thousand_records_damage_three_records() {
    let scene = Scene::new();
    let ledger = FileLedger::open(scene.path(), Durability::Buffered).unwrap();
    assert!((0..2000).all(|number| ledger.append(&record(number)).is_ok()));
    drop(ledger);
    let mut lines = scene.lines();
    for at in [0, 700, 1999] {
        lines[at][3] = 0xFF;
    }
    scene.write(&lines.concat());
    let failure = verify(scene.path()).unwrap_err();
    let told: Vec<_> = failure
        .findings()
        .iter()
        .map(|found| (found.kind.code(), found.place.as_ref().unwrap().line))
        .collect();
    assert_eq!(told, [1, 701, 2000].map(|line| ("ledger.edited", line)));
}

/// Another product takes a file that it cannot use for an empty one.
#[test]
fn a_ledger_that_cannot_be_read_does_not_verify() {
    let scene = Scene::new();
    assert_eq!(verify(scene.path()).unwrap_err().code(), "ledger.io");
    fs::create_dir(scene.path()).unwrap();
    assert_eq!(verify(scene.path()).unwrap_err().code(), "ledger.io");
}
