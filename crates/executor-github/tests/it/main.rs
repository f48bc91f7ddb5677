//! What the executor promises, one file for each promise.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop where they fail")]

mod apps;
mod change_sets;
mod kit;
mod limits;
mod once_and_as_checked;
mod other_calls;
mod outcomes;
mod secrets;
mod third_parties;
