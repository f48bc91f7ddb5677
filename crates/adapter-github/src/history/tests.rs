use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;

/// A history by number: the parents of each commit, all of smaller numbers, and its date.
type History = Vec<(Vec<usize>, i64)>;

fn id(number: usize) -> Oid {
    Oid::from_str(&format!("{number:040x}")).unwrap()
}

/// Which commits have a message that keeps checks from running: every fifth.
fn skips(commit: Oid) -> bool {
    (0..30).step_by(5).any(|number| id(number) == commit)
}

fn walk(
    history: &History,
    base: usize,
    head: usize,
    limit: usize,
) -> Result<Parted, NormalizeError> {
    let commits: HashMap<Oid, &(Vec<usize>, i64)> =
        history.iter().enumerate().map(|(number, commit)| (id(number), commit)).collect();
    let read = |wanted: Oid| {
        let (parents, time) = commits[&wanted];
        Ok(Commit {
            tree: id(0),
            parents: parents.iter().copied().map(id).collect(),
            time: *time,
            skips_ci: skips(wanted),
        })
    };
    Walk::new(read, limit).run(id(base), id(head))
}

fn ancestors(history: &History, of: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([of]);
    let mut left = vec![of];
    while let Some(commit) = left.pop() {
        left.extend(history[commit].0.iter().filter(|parent| seen.insert(**parent)));
    }
    seen
}

/// The definition: a common ancestor that no other common ancestor is a descendant of.
fn oracle(history: &History, base: usize, head: usize) -> Parted {
    let (of_base, of_head) = (ancestors(history, base), ancestors(history, head));
    let common: BTreeSet<usize> = of_base.intersection(&of_head).copied().collect();
    let nearest: Vec<usize> = common
        .iter()
        .copied()
        .filter(|commit| {
            !common
                .iter()
                .any(|other| other != commit && ancestors(history, *other).contains(commit))
        })
        .collect();
    match nearest.as_slice() {
        [] => Parted::Never,
        [one] => {
            let alone: Vec<Oid> = of_head.difference(&of_base).copied().map(id).collect();
            let skips_ci = alone.iter().any(|commit| skips(*commit));
            Parted::At { merge_base: id(*one), commits: alone.len(), skips_ci }
        }
        _ => Parted::AtSeveral,
    }
}

/// Histories of up to 24 commits; `dates` says what a commit's date is, given its number.
fn histories(dates: fn(usize) -> BoxedStrategy<i64>) -> impl Strategy<Value = History> {
    let commit = move |number: usize| {
        let parents = if number == 0 {
            Just(Vec::new()).boxed()
        } else {
            prop::collection::btree_set(0..number, 0..=number.min(3))
                .prop_map(|parents| parents.into_iter().collect())
                .boxed()
        };
        (parents, dates(number))
    };
    (2..24_usize).prop_flat_map(move |count| (0..count).map(commit).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn honest_dates_give_what_the_definition_says(
        history in histories(|number| Just(i64::try_from(number).unwrap()).boxed()),
        (base, head) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (base, head) = (base.index(history.len()), head.index(history.len()));
        prop_assert_eq!(walk(&history, base, head, usize::MAX).unwrap(), oracle(&history, base, head));
    }

    /// Whoever writes commits chooses their dates. The merge base is right all the same; the count is never too small, and no message is missed.
    #[test]
    fn dates_that_lie_do_not_move_the_merge_base(
        history in histories(|_| (-3..4_i64).boxed()),
        (base, head) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (base, head) = (base.index(history.len()), head.index(history.len()));
        match (walk(&history, base, head, usize::MAX).unwrap(), oracle(&history, base, head)) {
            (
                Parted::At { merge_base, commits, skips_ci },
                Parted::At { merge_base: expected, commits: least, skips_ci: says_so },
            ) => {
                prop_assert_eq!(merge_base, expected);
                prop_assert!(commits >= least);
                prop_assert!(skips_ci || !says_so);
            }
            (walked, expected) => prop_assert_eq!(walked, expected),
        }
    }
}

#[test]
fn a_history_that_is_too_long_is_refused() {
    let history: History = (0..10)
        .map(|number: usize| {
            (number.checked_sub(1).into_iter().collect(), i64::try_from(number).unwrap())
        })
        .collect();
    assert!(walk(&history, 0, 9, 10).is_ok());
    assert!(matches!(walk(&history, 0, 9, 9), Err(NormalizeError::HistoryTooLong { max: 9 })));
}
