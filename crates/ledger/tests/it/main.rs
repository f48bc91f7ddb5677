//! What the ledger promises, one file for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop where they fail"
)]

mod audited;
mod bounded;
mod checkpoints;
mod crash;
mod displaced;
#[cfg(target_os = "linux")]
mod faults;
mod following;
mod guarded;
mod index_damage;
mod indexed;
mod kit;
mod many_writers;
mod merkle;
mod opening;
mod reading;
mod record_proofs;
mod segments;
mod sensitive;
mod tables;
mod tamper;
mod third_parties;
mod tiles;
mod torn;
mod two_writers;
