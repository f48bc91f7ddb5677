//! Which parts of an action some policy reads, so that the others need not be put into an engine's own form for each
//! decision. What nobody reads, nobody can miss.

use std::collections::BTreeSet;

/// The members of an object that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Those of these names.
    Named(BTreeSet<String>),
    /// Any of them: the object is read as a whole, or by a name that is computed.
    All,
}

impl Default for Reads {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Reads {
    /// Adds what a reference reads, by its names below the object; none mean the object as a whole.
    pub(crate) fn add(&mut self, path: &[impl AsRef<str>]) {
        match (path.first(), &mut *self) {
            (Some(name), Self::Named(names)) => {
                names.insert(name.as_ref().to_owned());
            }
            (None, Self::Named(_)) => *self = Self::All,
            (_, Self::All) => {}
        }
    }

    /// Whether the member of this name is read.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(name),
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_of_the_whole_is_not_narrowed_by_a_read_of_a_part() {
        let mut reads = Reads::default();
        assert!(!reads.contains("a"));
        reads.add(&["a", "b"]);
        assert!(reads.contains("a") && !reads.contains("b"));
        reads.add(&[] as &[&str]);
        reads.add(&["a"]);
        assert!(reads.contains("b"));
    }
}
