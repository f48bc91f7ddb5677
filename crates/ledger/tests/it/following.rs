//! Following: each record once and in order, over segments, however the writer and the reader take turns.

use std::{cell::RefCell, collections::VecDeque, fs, thread};

use axtary_actionpass::Json;
use axtary_ledger::{Filter, Reader};
use proptest::prelude::*;

use crate::kit::{Scene, append};

/// What follows a ledger that somebody else changes each time there is nothing more to read.
fn follow(scene: &Scene, filter: Filter, mut changes: VecDeque<Box<dyn FnMut() + '_>>) -> Vec<i64> {
    let wait = || match changes.pop_front() {
        Some(mut change) => {
            change();
            true
        }
        None => false,
    };
    let reader = Reader::open(scene.path()).unwrap().with_filter(filter);
    reader
        .follow(wait)
        .map(|entry| entry.unwrap().body.get("number").and_then(Json::as_i64).unwrap())
        .collect()
}

fn changes<'a>(
    list: impl IntoIterator<Item = Box<dyn FnMut() + 'a>>,
) -> VecDeque<Box<dyn FnMut() + 'a>> {
    list.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn each_record_is_read_once_and_in_order_over_segments(
        there in 0..5_i32, turns in prop::collection::vec(0..5_i32, 0..6),
    ) {
        let scene = Scene::in_segments(there);
        let ledger = scene.open_in_segments();
        let next = RefCell::new(there);
        let total = there + turns.iter().sum::<i32>();
        let write = |count: i32| {
            let (ledger, next) = (&ledger, &next);
            Box::new(move || for _ in 0..count {
                append(ledger, *next.borrow());
                *next.borrow_mut() += 1;
            }) as Box<dyn FnMut()>
        };
        // After a segment is closed, its successor may be found only when it is looked for once more.
        let turns = turns.iter().map(|count| write(*count)).chain((0..2).map(|_| write(0)));
        let read = follow(&scene, Filter::all(), changes(turns));
        prop_assert_eq!(read, (0..i64::from(total)).collect::<Vec<_>>());
    }
}

#[test]
fn a_writer_that_closes_segments_all_the_time_is_kept_up_with() {
    let scene = Scene::in_segments(1);
    let read: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| {
            let ledger = scene.open_in_segments();
            for number in 1..200 {
                append(&ledger, number);
            }
        });
        let others_turn = || {
            thread::yield_now();
            true
        };
        let follow = Reader::open(scene.path()).unwrap().follow(others_turn);
        follow.take(200).map(|entry| entry.unwrap().seq).collect()
    });
    assert_eq!(read, (0..200).collect::<Vec<_>>());
}

#[test]
fn half_a_line_is_read_once_it_is_whole() {
    let scene = Scene::with_records(3);
    let whole = scene.log();
    for cut in [1, 20, whole.len() / 3 + 1, whole.len() - 1] {
        scene.write(&whole[..cut]);
        let rest = Box::new(|| scene.write(&whole)) as Box<dyn FnMut()>;
        assert_eq!(follow(&scene, Filter::all(), changes([rest])), [0, 1, 2], "{cut}");
    }
}

#[test]
fn following_ends_with_the_last_record_that_is_wanted() {
    let scene = Scene::with_records(3);
    let reader = Reader::open(scene.path()).unwrap().with_filter(Filter::all().with_records(1..3));
    assert_eq!(reader.follow(|| panic!("nothing is waited for")).count(), 2);
}

#[test]
fn a_segment_is_begun_while_the_reader_is_between_two() {
    let scene = Scene::in_segments(3);
    let last = scene.log();
    fs::rename(scene.closed(0), scene.path()).unwrap();
    let list: [Box<dyn FnMut()>; 4] = [
        Box::new(|| fs::rename(scene.path(), scene.closed(0)).unwrap()),
        Box::new(|| {}),
        Box::new(|| scene.write(&last)),
        Box::new(|| {}),
    ];
    assert_eq!(follow(&scene, Filter::all(), changes(list)), [0, 1, 2]);
}

/// The code of the failure that ends following once this change is made.
fn failure_after(scene: &Scene, mut change: impl FnMut()) -> &'static str {
    let wait = || {
        change();
        true
    };
    let mut follow = Reader::open(scene.path()).unwrap().follow(wait);
    let failure = follow.find_map(Result::err).unwrap();
    assert!(follow.next().is_none(), "a failure is the end");
    failure.code()
}

#[test]
fn what_is_cut_back_replaced_or_no_record_is_noticed() {
    let scene = Scene::with_records(3);
    let lines = scene.lines();
    assert_eq!(failure_after(&scene, || scene.write(&lines[..2].concat())), "ledger.cut_back");
    scene.write(&lines.concat());
    let other = Scene::with_records(1);
    let replace = || drop(fs::rename(other.path(), scene.path()));
    assert_eq!(failure_after(&scene, replace), "ledger.out_of_place");
    scene.write(&lines[..2].concat());
    let skip = || scene.write(&[lines[..2].concat(), b"{}\n".to_vec()].concat());
    assert_eq!(failure_after(&scene, skip), "ledger.bad_member");
}
