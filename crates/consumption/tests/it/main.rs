//! What the store promises, one file for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop where they fail, and a child process tells its parent what it did"
)]

mod across_processes;
mod kit;
mod refuses;
