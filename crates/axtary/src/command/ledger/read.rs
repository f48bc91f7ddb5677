//! `axtary ledger tail` and `show`: records, and those of one pass.

use std::{collections::VecDeque, thread, time::Duration};

use axtary_actionpass::{Disclosure, Json, Outcome, PassId, RecordKind, Timestamp};
use axtary_ledger::{Entry, Filter, PassHistory, Reader, disclosed, tail};
use clap::Args;

use super::{LedgerArgument, index};
use crate::{
    failure::Failure,
    render::{self, Form},
};

/// Show the last records
#[derive(Args)]
#[command(after_help = "\
A value that ends in `*` stands for all that begin so.

Example:
  axtary ledger tail -n 20
  axtary ledger tail --decision deny --tool 'github.*' --since 2026-07-28T00:00:00Z
  axtary ledger tail --follow --json")]
pub(in crate::command) struct Tail {
    #[command(flatten)]
    ledger: LedgerArgument,
    /// How many
    #[arg(short = 'n', value_name = "N", default_value_t = 10)]
    count: u16,
    #[command(flatten)]
    which: Which,
    /// Go on as the ledger grows, a line each; ends with the process
    #[arg(long)]
    follow: bool,
}

/// Which records.
#[derive(Args, Default, PartialEq)]
pub(super) struct Which {
    /// Of this kind: decision, outcome, approval, consumption, spend, key, policy, repair
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<RecordKind>,
    #[command(flatten)]
    about: About,
}

/// What the records are about, and when they were written.
#[derive(Args, Default, PartialEq)]
pub(in crate::command) struct About {
    /// Decisions for this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Decisions on this tool
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Decisions on this resource
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,
    /// permit, deny, step_up or unavailable
    #[arg(long, value_name = "DECISION")]
    decision: Option<String>,
    /// Records of this moment and later
    #[arg(long, value_name = "TIME", value_parser = str::parse::<Timestamp>)]
    since: Option<Timestamp>,
    /// Records from before this moment
    #[arg(long, value_name = "TIME", value_parser = str::parse::<Timestamp>)]
    until: Option<Timestamp>,
}

fn kind(text: &str) -> Result<RecordKind, String> {
    let known = RecordKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| {
        let names = RecordKind::ALL.map(RecordKind::as_str).join(", ");
        format!("there is no such kind; it is one of {names}")
    })
}

impl Which {
    /// Whether nothing is asked of them.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn filter(&self) -> Filter {
        self.kind.into_iter().fold(self.about.filter(), Filter::of_kind)
    }
}

impl About {
    pub(in crate::command) fn filter(&self) -> Filter {
        let texts = [
            (&self.agent, Filter::with_agent as fn(Filter, &str) -> Filter),
            (&self.tool, Filter::with_tool),
            (&self.resource, Filter::with_resource),
            (&self.decision, Filter::with_decision),
        ];
        let mut filter = Filter::all();
        for (text, with) in texts {
            filter = text.iter().fold(filter, |filter, text| with(filter, text));
        }
        filter = self.since.into_iter().fold(filter, Filter::since);
        self.until.into_iter().fold(filter, Filter::until)
    }
}

/// The last records of a ledger.
pub(crate) struct Records(pub(crate) Vec<Entry>);

/// How often a ledger that is followed is looked at.
const EVERY: Duration = Duration::from_millis(200);

impl Tail {
    pub(super) fn run(self, form: Form) -> Result<Records, Failure> {
        let path = self.ledger.path()?;
        let count = usize::from(self.count);
        if !self.follow && self.which.is_all() {
            return Ok(Records(tail(path, count)?));
        }
        let mut reader = Reader::open(&path)?.with_filter(self.which.filter());
        let mut last = VecDeque::new();
        for entry in reader.by_ref() {
            last.push_back(entry?);
            if last.len() > count {
                last.pop_front();
            }
        }
        if self.follow {
            let wait = || {
                thread::sleep(EVERY);
                true
            };
            for entry in last.drain(..).map(Ok).chain(reader.follow(wait)) {
                if !render::entry(&entry?, form) {
                    break;
                }
            }
        }
        Ok(Records(last.into()))
    }
}

/// Show the decision that led to a pass, and how its call ended
#[derive(Args)]
#[command(after_help = "\
Values that a policy marked as sensitive are shown as long as they were not
erased from the .sensitive file beside the ledger.

Example:
  axtary ledger show ap_01K15ZQ8M0V4T0N4S5X8S7R3YB")]
pub(in crate::command) struct Show {
    /// The pass's id
    #[arg(value_name = "AP_ID")]
    pass: PassId,
    #[command(flatten)]
    ledger: LedgerArgument,
}

/// What a ledger holds about a pass.
pub(crate) struct History {
    pub(crate) history: PassHistory,
    pub(crate) disclosed: Vec<Disclosure>,
}

impl History {
    /// How the call ended, as far as anybody knows. A call whose end was not recorded may have had its effect.
    pub(crate) fn outcome(&self) -> &str {
        self.history
            .outcomes()
            .iter()
            .rev()
            .find_map(|entry| entry.body.get("outcome").and_then(Json::as_str))
            .unwrap_or(Outcome::Unknown.as_str())
    }
}

impl Show {
    pub(super) fn run(self, form: Form) -> Result<History, Failure> {
        let path = self.ledger.path()?;
        let history = index(&path, form)?.history_of(&self.pass)?;
        let disclosed = disclosed(&path, history.decision())?;
        Ok(History { history, disclosed })
    }
}
