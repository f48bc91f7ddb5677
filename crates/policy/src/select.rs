//! Candidates by scope: which policies can apply to a call, found without looking at the others.
//!
//! A policy that names one agent, one tool or one resource exactly stands in a bucket under what it names; what it
//! does not name exactly is left open. A call looks into the at most eight buckets that its own names lead to, so the
//! cost does not grow with the number of policies for other agents, tools and resources.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
};

/// What a policy names exactly, or what a call has: the agent, the tool and the resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<K> {
    pub(crate) agent: Option<K>,
    pub(crate) tool: Option<K>,
    pub(crate) resource: Option<K>,
}

/// Which parts of a scope are named.
type Shape = [bool; 3];

/// Buckets of policies by scope.
///
/// INVARIANT: a bucket is a superset of the policies whose scope leads to it, since buckets go by a hash of the names.
/// Whoever takes candidates matches them in full.
#[derive(Clone, Debug)]
pub(crate) struct ScopeIndex<T> {
    // The keys are hashes already, of a hasher that no caller can predict.
    buckets: HashMap<u64, T, BuildHasherDefault<AsItIs>>,
    shapes: Vec<Shape>,
    hasher: RandomState,
}

impl<T> Default for ScopeIndex<T> {
    fn default() -> Self {
        Self { buckets: HashMap::default(), shapes: Vec::new(), hasher: RandomState::new() }
    }
}

impl<T: Default> ScopeIndex<T> {
    /// The bucket of policies with this scope.
    pub(crate) fn bucket<K: Hash>(&mut self, scope: &Scope<K>) -> &mut T {
        let shape = [scope.agent.is_some(), scope.tool.is_some(), scope.resource.is_some()];
        if !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
        let key = self.key(scope, shape);
        self.buckets.entry(key).or_default()
    }
}

impl<T> ScopeIndex<T> {
    /// The buckets that hold every policy which can apply to a call of this scope.
    pub(crate) fn candidates<K: Hash>(&self, call: Scope<K>) -> impl Iterator<Item = &T> {
        self.shapes.iter().filter_map(move |shape| self.buckets.get(&self.key(&call, *shape)))
    }

    /// The hash of the names that `shape` asks for.
    fn key<K: Hash>(&self, scope: &Scope<K>, shape: Shape) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        shape.hash(&mut hasher);
        for (name, named) in [&scope.agent, &scope.tool, &scope.resource].into_iter().zip(shape) {
            if named {
                name.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
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
    use super::*;

    #[test]
    fn a_call_finds_the_policies_that_name_it_or_leave_it_open() {
        let mut index: ScopeIndex<Vec<u32>> = ScopeIndex::default();
        let scope = |agent, tool, resource| Scope { agent, tool, resource };
        index.bucket(&scope(None, None, None)).push(0);
        index.bucket(&scope(Some("a"), None, None)).push(1);
        index.bucket(&scope(None, Some("a"), None)).push(2);
        index.bucket(&scope(Some("a"), Some("b"), Some("c"))).push(3);
        index.bucket(&scope(Some("x"), Some("b"), Some("c"))).push(4);
        let find = |agent, tool, resource| {
            let call = scope(Some(agent), Some(tool), Some(resource));
            let mut found: Vec<u32> = index.candidates(call).flatten().copied().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(find("a", "b", "c"), [0, 1, 3]);
        assert_eq!(find("x", "b", "c"), [0, 4]);
        assert_eq!(find("x", "a", "a"), [0, 2]);
        assert_eq!(find("b", "c", "a"), [0]);
    }
}
