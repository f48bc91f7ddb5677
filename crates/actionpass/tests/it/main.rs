//! What the core promises, one file for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests stop where they fail"
)]

mod bound_to_more;
mod consumed_once;
mod corpus;
mod documents;
mod fails_closed;
mod fits_one_call;
mod hostile;
mod human_view;
mod interop;
mod keys;
mod kit;
mod order_of_checks;
mod outcome_is_recorded;
mod records;
mod revoked;
mod tokens;
mod tree;
