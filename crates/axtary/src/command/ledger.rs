//! `axtary ledger`: what the gate decided, and whether that still stands as it was written.

use std::path::PathBuf;

use axtary_actionpass::{Json, LedgerHash, Outcome, PassId};
use axtary_ledger::{Entry, PassHistory, Verified, find, tail, verify_against};
use clap::{Args, Subcommand};

use super::{Answer, ConfigArgument};
use crate::{config::Config, failure::Failure};

pub(super) const EXAMPLES: &str = "\
Example:
  axtary ledger verify
  axtary ledger tail -n 20
  axtary ledger show ap_01K15ZQ8M0V4T0N4S5X8S7R3YB";

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// Verify that every line is as it was written, and none is missing
    #[command(after_help = "\
Names the first line that was edited, inserted, removed or moved. Whoever can
write the ledger and its .head file can rewrite both; --expect finds that out,
given a hash that was kept elsewhere.

Example:
  axtary ledger verify
  axtary ledger verify --ledger /backup/ledger.jsonl --expect sha256:2c26…")]
    Verify {
        #[command(flatten)]
        ledger: LedgerArgument,
        /// A hash that the ledger must hold: the `ledger_hash` of a pass, or the last hash of an earlier verification
        #[arg(long, value_name = "HASH", value_parser = LedgerHash::parse)]
        expect: Vec<LedgerHash>,
    },
    /// Show the last records
    #[command(after_help = "\
Example:
  axtary ledger tail -n 20")]
    Tail {
        #[command(flatten)]
        ledger: LedgerArgument,
        /// How many
        #[arg(short = 'n', value_name = "N", default_value_t = 10)]
        count: u16,
    },
    /// Show the decision that led to a pass, and how its call ended
    #[command(after_help = "\
Example:
  axtary ledger show ap_01K15ZQ8M0V4T0N4S5X8S7R3YB")]
    Show {
        /// The pass's id
        #[arg(value_name = "AP_ID")]
        pass: PassId,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
}

/// Which ledger.
#[derive(Args)]
pub(super) struct LedgerArgument {
    /// The ledger itself, instead of the one that axtary.yml names
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgument,
}

/// A ledger whose every line is as it was written.
pub(crate) struct VerifiedLedger {
    pub(crate) path: PathBuf,
    pub(crate) verified: Verified,
}

/// The last records of a ledger.
pub(crate) struct Records(pub(crate) Vec<Entry>);

/// What a ledger holds about a pass.
pub(crate) struct History(pub(crate) PassHistory);

impl History {
    /// How the call ended, as far as anybody knows. A call whose end was not recorded may have had its effect.
    pub(crate) fn outcome(&self) -> &str {
        self.0
            .outcomes()
            .iter()
            .rev()
            .find_map(|entry| entry.body.get("outcome").and_then(Json::as_str))
            .unwrap_or(Outcome::Unknown.as_str())
    }
}

impl LedgerCommand {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        match self {
            Self::Verify { ledger, expect } => {
                let path = ledger.path()?;
                let verified = verify_against(&path, &expect)?;
                Ok(Answer::LedgerVerified(VerifiedLedger { path, verified }))
            }
            Self::Tail { ledger, count } => {
                Ok(Answer::Records(Records(tail(ledger.path()?, count.into())?)))
            }
            Self::Show { pass, ledger } => {
                Ok(Answer::History(Box::new(History(find(ledger.path()?, &pass)?))))
            }
        }
    }
}

impl LedgerArgument {
    fn path(self) -> Result<PathBuf, Failure> {
        match self.ledger {
            Some(path) => Ok(path),
            None => Ok(Config::load(&self.config.config)?.ledger),
        }
    }
}
