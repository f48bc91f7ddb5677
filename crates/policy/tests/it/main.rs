//! The promises of this crate, one file for each.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod kit;

mod cedar_equals_bare_cedar;
mod cedar_policies;
mod decision_tables;
mod drafts;
mod engines_agree;
mod explained;
mod hostile_depth;
mod load_errors;
mod native_rules;
mod nothing_permits_everything;
mod rego_builtins;
mod rego_bundles;
mod rego_modules;
mod reload;
mod replays;
mod sameness;
mod stack;
mod versions;
