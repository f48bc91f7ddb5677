//! What was seen of a fact, in bounded memory.

use std::collections::BTreeSet;

use axtary_actionpass::Json;

/// The most different values that are kept of a fact.
const MAX_KEPT: usize = 1024;

/// Different values; none are kept any more once there are too many.
#[derive(Clone, Debug)]
pub(super) struct Distinct<T> {
    kept: Option<BTreeSet<T>>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { kept: Some(BTreeSet::new()) }
    }
}

impl<T: Ord> Distinct<T> {
    pub(super) fn add(&mut self, value: T) {
        let Some(kept) = &mut self.kept else { return };
        kept.insert(value);
        if kept.len() > MAX_KEPT {
            self.kept = None;
        }
    }

    /// The values, if there are no more than this.
    pub(super) fn at_most(&self, most: usize) -> Option<&BTreeSet<T>> {
        self.kept.as_ref().filter(|kept| kept.len() <= most)
    }
}

/// A value that a constraint can name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Bool(bool),
    Integer(i64),
    Text(String),
}

impl Scalar {
    fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Bool(value) => Some(Self::Bool(*value)),
            Json::Number(number) => number.as_i64().map(Self::Integer),
            Json::String(text) => Some(Self::Text(text.clone())),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

/// What was seen of a fact.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// In how many records it stood.
    pub(super) records: u64,
    /// In how many its value is withheld.
    pub(super) withheld: u64,
    first: Option<Json>,
    pub(super) varies: bool,
    /// The values, if each is a boolean, an integer or a text.
    pub(super) scalars: Is<Distinct<Scalar>>,
    /// The elements, if each value is a list of these.
    pub(super) elements: Is<Distinct<Scalar>>,
    /// The least and the greatest, if each value is an integer.
    pub(super) integers: Is<Option<(i64, i64)>>,
}

/// Something that holds of all values, as far as was seen.
#[derive(Clone, Debug)]
pub(super) struct Is<T>(Option<T>);

impl<T: Default> Default for Is<T> {
    fn default() -> Self {
        Self(Some(T::default()))
    }
}

impl<T> Is<T> {
    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Goes on if there is a further value, and gives up if there is none.
    fn add<V>(&mut self, value: Option<V>, add: impl FnOnce(&mut T, V)) {
        match (&mut self.0, value) {
            (Some(so_far), Some(value)) => add(so_far, value),
            (Some(_), None) => self.0 = None,
            (None, _) => {}
        }
    }
}

impl Seen {
    /// Adds a value; `None` if it is withheld.
    pub(super) fn add(&mut self, value: Option<&Json>) {
        let Some(value) = value else {
            self.withheld += 1;
            return;
        };
        self.records += 1;
        match &self.first {
            Some(first) => self.varies |= first != value,
            None => self.first = Some(value.clone()),
        }
        self.scalars.add(Scalar::of(value), Distinct::add);
        let elements = value
            .as_array()
            .and_then(|items| items.iter().map(Scalar::of).collect::<Option<Vec<_>>>());
        self.elements.add(elements, |all, items| items.into_iter().for_each(|item| all.add(item)));
        self.integers.add(value.as_i64(), |range, value| {
            let (least, greatest) = range.unwrap_or((value, value));
            *range = Some((least.min(value), greatest.max(value)));
        });
    }
}
