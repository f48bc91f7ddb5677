//! What the adapter promises, one file for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop where they fail"
)]

mod bypass;
mod bypass_by_request;
mod cedar;
mod change_sets;
mod either_form;
mod fetched;
mod github_schema;
mod kit;
mod large;
mod only_objects_are_believed;
mod requests;
mod same_as_git;
mod what_is_sent;
mod world;
