//! Candidates by scope: which policies can apply to a call, found without looking at the others.
//!
//! A policy stands in a bucket under what it names of an agent, a tool and a resource: the whole name, or how it starts.
//! A call looks into the buckets that its own names lead to, one for each combination that policies use, so the cost does
//! not grow with the number of policies for other agents, tools and resources.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// Something for each of the agent, the tool and the resource: names, or what a policy says of them.
pub(crate) type Scope<T> = [T; 3];

/// What a policy says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Any,
    StartsWith(&'a str),
    Is(&'a str),
}

/// The positions of policies, by scope.
///
/// INVARIANT: what a call finds is a superset of the policies whose scope fits it, since buckets go by a hash of the names.
/// Whoever takes candidates matches them in full.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeIndex {
    // The keys are hashes already. They need not be hard to find: a call whose names collide with those of a policy finds a
    // candidate more, and policies are not written by those who call.
    buckets: HashMap<u64, Vec<usize>, BuildHasherDefault<AsItIs>>,
    shapes: Vec<Scope<Part>>,
}

/// Which part of a name is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    /// So many bytes from its start.
    Start(usize),
    Whole,
}

/// The most shapes that are told apart: a call looks into as many buckets.
const MAX_SHAPES: usize = 64;

impl ScopeIndex {
    /// Adds the policy at a position, under one of its scopes.
    pub(crate) fn add(&mut self, mut scope: Scope<Named<'_>>, position: usize) {
        // Where there are too many shapes, less is looked at: first of the resource, then of the tool.
        for part in [2, 1, 0] {
            let shape = scope.map(Part::of);
            if self.shapes.contains(&shape) || self.shapes.len() < MAX_SHAPES {
                break;
            }
            if let Some(named) = scope.get_mut(part) {
                *named = Named::Any;
            }
        }
        let shape = scope.map(Part::of);
        if !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
        let names = scope.map(|named| match named {
            Named::Any => "",
            Named::StartsWith(name) | Named::Is(name) => name,
        });
        if let Some(key) = key(&shape, &names) {
            self.buckets.entry(key).or_default().push(position);
        }
    }

    /// The positions of all policies that can apply to a call of these names, in their order.
    pub(crate) fn candidates(&self, call: Scope<&str>) -> Vec<usize> {
        let found = self.shapes.iter().filter_map(|shape| self.buckets.get(&key(shape, &call)?));
        let mut positions: Vec<usize> = found.flatten().copied().collect();
        positions.sort_unstable();
        // A policy that names several tools stands under each.
        positions.dedup();
        positions
    }
}

impl Part {
    fn of(named: Named<'_>) -> Self {
        match named {
            Named::Any | Named::StartsWith("") => Self::Nothing,
            Named::StartsWith(start) => Self::Start(start.len()),
            Named::Is(_) => Self::Whole,
        }
    }
}

/// The hash of the parts of names that a shape looks at; `None` if a name is too short to have its part.
fn key(shape: &Scope<Part>, names: &Scope<&str>) -> Option<u64> {
    let mut hash = 0;
    for (part, name) in shape.iter().zip(names) {
        hash = match part {
            Part::Nothing => mix(hash, 1),
            Part::Start(length) => bytes(mix(hash, 2), name.as_bytes().get(..*length)?),
            Part::Whole => bytes(mix(hash, 3), name.as_bytes()),
        };
    }
    // The upper bits are the better ones, and the map goes by the lower.
    Some(hash ^ (hash >> 32))
}

fn bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(mix(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}

/// One step of `FxHash`.
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Takes a number for its own hash.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        Named::{Any, Is, StartsWith},
        *,
    };

    #[test]
    fn a_call_finds_the_policies_that_name_it_or_leave_it_open() {
        let mut index = ScopeIndex::default();
        let scopes = [
            [Any, Any, Any],
            [Is("a"), Any, Any],
            [Any, Is("a"), Any],
            [Is("a"), Is("b"), Is("c")],
            [Is("x"), Is("b"), Is("c")],
            [Is("a"), StartsWith("b."), StartsWith("repo:company/web")],
            [StartsWith(""), StartsWith("b.c"), Any],
        ];
        for (position, scope) in scopes.into_iter().enumerate() {
            index.add(scope, position);
            index.add(scope, position);
        }
        assert_eq!(index.candidates(["a", "b", "c"]), [0, 1, 3]);
        assert_eq!(index.candidates(["x", "b", "c"]), [0, 4]);
        assert_eq!(index.candidates(["x", "a", "a"]), [0, 2]);
        assert_eq!(index.candidates(["b", "c", "a"]), [0]);
        assert_eq!(index.candidates(["a", "b.d", "repo:company/web-app"]), [0, 1, 5]);
        assert_eq!(index.candidates(["a", "b.c", "repo:company/we"]), [0, 1, 6]);
        assert_eq!(index.candidates(["", "", ""]), [0]);
    }

    #[test]
    fn a_call_looks_into_a_bounded_number_of_buckets() {
        let mut index = ScopeIndex::default();
        let name = "x".repeat(1000);
        let start = |length: usize| StartsWith(name.get(..length).unwrap());
        for (position, length) in (1..1000).enumerate() {
            index.add([Any, start(length % 30), start(length)], position);
        }
        assert!(index.shapes.len() <= MAX_SHAPES + 2, "{}", index.shapes.len());
        assert_eq!(index.candidates(["a", &name, &name]).len(), 999);
    }

    proptest! {
        #[test]
        fn no_policy_that_fits_is_left_out(
            policies in prop::collection::vec(prop::array::uniform3((0..3_u8, "[ab]{0,12}")), 0..200),
            call in prop::array::uniform3("[ab]{0,14}"),
        ) {
            let mut index = ScopeIndex::default();
            let scopes = policies.iter().map(|policy| {
                policy.each_ref().map(|(kind, name)| match kind {
                    0 => Any,
                    1 => StartsWith(name.as_str()),
                    _ => Is(name.as_str()),
                })
            });
            let mut fitting = Vec::new();
            for (position, scope) in scopes.enumerate() {
                index.add(scope, position);
                let fits = scope.iter().zip(&call).all(|(named, name)| match named {
                    Any => true,
                    StartsWith(start) => name.starts_with(start),
                    Is(whole) => name == whole,
                });
                if fits {
                    fitting.push(position);
                }
            }
            let found = index.candidates(call.each_ref().map(String::as_str));
            prop_assert!(fitting.iter().all(|position| found.contains(position)));
        }
    }
}
