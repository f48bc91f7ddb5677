//! What the binary and the facade promise, one file per promise. The binary runs as a process, in temporary folders, on real
//! git repositories.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers beside the tests fail as tests do")]

mod check;
mod dependencies;
mod documents;
mod draft;
mod evidence;
mod explain;
mod help;
mod init;
mod killed;
mod kit;
mod ledger;
mod misconfigured;
mod output;
mod policy;
mod policy_bench;
mod policy_cases;
mod policy_changes;
mod policy_library;
mod policy_library_alike;
mod replay;
mod verify;
