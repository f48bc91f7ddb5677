//! `axtary ledger stats`: what a ledger holds, counted.

use std::{collections::BTreeMap, path::PathBuf};

use axtary_actionpass::{Json, Timestamp};
use axtary_ledger::{Entry, Reader};
use clap::Args;

use super::{LedgerArgument, read::Which};
use crate::failure::Failure;

/// Count records by kind, decision, outcome, agent and tool
#[derive(Args)]
#[command(after_help = "\
Example:
  axtary ledger stats
  axtary ledger stats --agent codex-prod --since 2026-07-28T00:00:00Z --json")]
pub(in crate::command) struct ShowStats {
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    which: Which,
}

/// What a ledger holds, counted.
pub(crate) struct Stats {
    pub(crate) path: PathBuf,
    pub(crate) records: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// By what is counted, then by its value.
    pub(crate) counts: Vec<(&'static str, BTreeMap<String, u64>)>,
}

/// What is counted besides the kind.
const MEMBERS: [&str; 4] = ["decision", "outcome", "agent_id", "tool"];
/// How many values of one member are told apart; an agent's words do not fill the memory.
const MAX_VALUES: usize = 1000;

impl ShowStats {
    pub(super) fn run(self) -> Result<Stats, Failure> {
        let path = self.ledger.path()?;
        let counts = ["kind"].into_iter().chain(MEMBERS).map(|name| (name, BTreeMap::new()));
        let mut stats =
            Stats { path, records: 0, first: None, last: None, counts: counts.collect() };
        for entry in Reader::open(&stats.path)?.with_filter(self.which.filter()) {
            stats.count(&entry?);
        }
        Ok(stats)
    }
}

impl Stats {
    fn count(&mut self, entry: &Entry) {
        self.records += 1;
        self.first = Some(self.first.map_or(entry.at, |first| first.min(entry.at)));
        self.last = Some(self.last.map_or(entry.at, |last| last.max(entry.at)));
        for (name, counts) in &mut self.counts {
            let value = match *name {
                "kind" => Some(entry.kind.as_str()),
                name => entry.body.get(name).and_then(Json::as_str),
            };
            let Some(value) = value else { continue };
            if let Some(count) = counts.get_mut(value) {
                *count += 1;
            } else {
                let value = if counts.len() < MAX_VALUES { value } else { "others" };
                *counts.entry(value.to_owned()).or_default() += 1;
            }
        }
    }
}
