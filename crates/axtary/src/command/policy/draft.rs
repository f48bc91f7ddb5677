//! `axtary policy draft`: from what was observed to rules that a human edits.

use std::path::PathBuf;

use axtary_actionpass::{Effect, RecordKind};
use axtary_ledger::{Disclosures, Reader};
use axtary_policy::{Draft, NativeEngine};
use clap::{Args, ValueEnum};

use super::TELL_EVERY;
use crate::{
    command::{
        ledger::{About, LedgerArgument},
        unwritten,
    },
    failure::{Exit, Failure},
    file::{self, Access},
    render::{self, Form},
    wire,
};

/// Draft the narrowest native rules that permit what was observed, for a human to edit
#[derive(Args)]
#[command(after_help = "\
Learnt from are decisions that permitted, and those that rules on trial would
have permitted. Above each rule stands what it was drawn from, and what it does
not limit. Read it before it comes into force: what agents did is not what they
should do.

A value that ends in `*` stands for all that begin so.

Example:
  axtary policy draft --since 2026-07-28T00:00:00Z --out policy/draft.yml
  axtary policy replay --policy policy/draft.yml")]
pub(in crate::command) struct DraftRules {
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    about: About,
    /// Learn from decisions that did not permit too; may be repeated
    #[arg(long, value_name = "DECISION")]
    include: Vec<Include>,
    /// The file to write, which must not exist; standard output if left out
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Include {
    #[value(name = "deny")]
    Deny,
    #[value(name = "step_up")]
    StepUp,
}

/// Rules that were drafted.
pub(crate) struct Drafted {
    pub(crate) rules: String,
    /// How many decisions were learnt from.
    pub(crate) learnt: u64,
    /// How many records could not be read as decisions.
    pub(crate) malformed: u64,
    /// Where the rules were written; `None` if nowhere yet.
    pub(crate) file: Option<PathBuf>,
}

impl DraftRules {
    pub(super) fn run(self, form: Form) -> Result<Drafted, Failure> {
        let ledger = self.ledger.path()?;
        let vocabulary = wire::vocabulary();
        let mut draft = self.include.iter().fold(Draft::new(&vocabulary), |draft, include| {
            draft.including(match include {
                Include::Deny => Effect::Deny,
                Include::StepUp => Effect::StepUp,
            })
        });
        let mut reader =
            Reader::open(&ledger)?.with_filter(self.about.filter().of_kind(RecordKind::Decision));
        let mut disclosures = Disclosures::of(&ledger);
        let mut progress = render::Progress::of("reading", form);
        let (mut looked_at, mut malformed) = (0_u64, 0);
        let mut first_malformed = None;
        while let Some(entry) = reader.next() {
            let entry = entry?;
            let disclosed = disclosures.values_of_record(&entry)?;
            if let Err(why) = draft.observe(entry.seq, entry.at, &entry.body, &disclosed) {
                malformed += 1;
                first_malformed.get_or_insert_with(|| format!("the first is {}: {why}", entry.seq));
            }
            looked_at += 1;
            if looked_at.is_multiple_of(TELL_EVERY) {
                let so_far = reader.progress();
                progress.show(so_far.bytes, so_far.of);
            }
        }
        progress.end();
        if let Some(first) = first_malformed {
            let what = "records are no decisions of a known form, and were not learnt from";
            render::note(&format!("{malformed} {what}; {first}"));
        }
        if draft.learnt() == 0 {
            let message = "no decision that was looked at permitted anything";
            return Err(Failure::trouble(Exit::Usage, "policy.nothing_observed", message)
                .help("look at more of them, or learn from refusals by `--include deny`"));
        }
        let rules = draft.to_yaml();
        // What would not load is no draft; most likely there is too much of it.
        NativeEngine::from_yaml("the draft", &rules, &vocabulary).map_err(|error| {
            Failure::trouble(Exit::Usage, error.code(), error.to_string())
                .help("look at fewer decisions, such as those of one `--agent`")
        })?;
        let drafted = Drafted { rules, learnt: draft.learnt(), malformed, file: self.out };
        if let Some(path) = &drafted.file {
            file::create(path, drafted.rules.as_bytes(), Access::Shared)
                .map_err(|error| unwritten(&error))?;
        }
        Ok(drafted)
    }
}
