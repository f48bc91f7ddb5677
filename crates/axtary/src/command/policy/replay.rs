//! `axtary policy replay`: recorded decisions, made again under the policy in force or under another.

mod report;

use std::path::PathBuf;

use axtary_actionpass::{Json, PolicyEngine as _, PolicyVersion, RecordKind, prove_refusal};
use axtary_ledger::{Disclosures, Entry, Reader};
use axtary_policy::replay;
use clap::Args;

pub(crate) use self::report::{Aim, Example, Group, PassedOver, ReplayReport};
use super::TELL_EVERY;
use crate::{
    command::{ConfigArgument, ledger::About},
    config::{Config, PolicyFiles},
    error::OpenError,
    failure::Failure,
    render::{self, Form},
    wire,
};

/// Make recorded decisions again, and say which would be others
#[derive(Args)]
#[command(after_help = "\
Under the policy in force, every decision that was recorded under its version
must come to the same, with the same reasons and constraints; a difference ends
in exit code 3. With --policy, the report says what another policy would have
decided, by rule. The ledger is neither locked nor written, and not verified:
`axtary ledger verify` does that.

A value that ends in `*` stands for all that begin so.

Example:
  axtary policy replay
  axtary policy replay --policy drafts/ --since 2026-07-28T00:00:00Z
  axtary policy replay --ledger /backup/ledger.jsonl --policy new.yml --json")]
pub(in crate::command) struct Replay {
    /// The ledger itself, instead of the one that axtary.yml names
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Policy to try: a file of rules (`.yml`), Cedar (`.cedar`) or Rego (`.rego`), or a folder of these; may be repeated
    #[arg(long = "policy", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    about: About,
    /// Compare decisions that were recorded under other versions of the policy too
    #[arg(long, conflicts_with = "paths")]
    all: bool,
    /// Fail if there is a decision that cannot be made again
    #[arg(long)]
    strict: bool,
    /// How many decisions at most, from the first on
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How many records are shown of each kind of change
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: u16,
}

impl Replay {
    pub(super) fn run(self, form: Form) -> Result<ReplayReport, Failure> {
        let (ledger, aim, files) = self.sources()?;
        let policy = wire::policy(&files)?;
        prove_refusal(&policy).map_err(OpenError::from)?;
        let mut reader =
            Reader::open(&ledger)?.with_filter(self.about.filter().of_kind(RecordKind::Decision));
        let mut disclosures = Disclosures::of(&ledger);
        let version = policy.policy_version();
        let mut report =
            ReplayReport::new(ledger, aim, &policy, self.strict, usize::from(self.examples));
        let mut progress = render::Progress::of("replaying", form);
        while self.limit.is_none_or(|limit| report.decisions < limit)
            && let Some(entry) = reader.next()
        {
            let entry = entry?;
            if aim == Aim::InForce && !self.all && is_of_another(&entry, version) {
                report.pass_by_version();
            } else {
                let disclosed = disclosures.values_of_record(&entry)?;
                report.take(&entry, replay(&policy, entry.at, &entry.body, &disclosed));
            }
            if report.decisions.is_multiple_of(TELL_EVERY) {
                let so_far = reader.progress();
                progress.show(so_far.bytes, so_far.of);
            }
        }
        progress.end();
        Ok(report)
    }

    /// The ledger, and the policy to decide by. The `axtary.yml` is read only if one of them is not named.
    fn sources(&self) -> Result<(PathBuf, Aim, PolicyFiles), Failure> {
        let load = || Config::load(&self.config.config);
        if self.paths.is_empty() {
            let config = load()?;
            let ledger = self.ledger.clone().unwrap_or(config.ledger);
            return Ok((ledger, Aim::InForce, config.policy));
        }
        let ledger = match &self.ledger {
            Some(ledger) => ledger.clone(),
            None => load()?.ledger,
        };
        Ok((ledger, Aim::WhatIf, PolicyFiles::of_paths(&self.paths)?))
    }
}

/// Whether a decision was made under another version of the policy. What tells no version is not passed by for it.
fn is_of_another(entry: &Entry, version: PolicyVersion) -> bool {
    let recorded = entry.body.get("policy_version").and_then(Json::as_str);
    recorded.and_then(|text| PolicyVersion::parse(text).ok()).is_some_and(|other| other != version)
}
