//! `axtary policy`: what policy says, before and after it is in force.

mod bench;
mod check;
mod draft;
mod explain;
mod replay;
mod schema;
mod test;

use std::path::PathBuf;

use axtary_policy::PolicyStack;
use clap::{Args, Subcommand};

pub(crate) use self::{
    bench::{Cost, Measured, SMALL_SAMPLE},
    check::Checked,
    draft::Drafted,
    explain::{Explained, RecordedDecision},
    replay::{Aim, Example, Group, PassedOver, ReplayReport},
    schema::Schema,
    test::{Check as PolicyCheck, Coverage, Tested, TestedFile},
};
use super::{Answer, ConfigArgument};
use crate::{
    config::{Config, PolicyFiles},
    failure::Failure,
    render::Form,
    wire,
};

pub(super) const EXAMPLES: &str = "\
Example:
  axtary policy check
  axtary policy explain --action action.yml
  axtary policy test
  axtary policy replay --policy drafts/
  axtary policy draft --out drafts/observed.yml
  axtary policy bench
  axtary policy schema > policy/rules.schema.json";

#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    Check(check::Check),
    Explain(explain::Explain),
    Test(test::TestPolicy),
    Replay(replay::Replay),
    Draft(draft::DraftRules),
    Bench(bench::Bench),
    Schema(schema::PrintSchema),
    CedarSchema(schema::PrintCedarSchema),
}

/// Which policy.
#[derive(Args)]
struct PolicyArgument {
    /// A file of rules (`.yml`), Cedar (`.cedar`) or Rego (`.rego`, `.tar.gz`), or a folder of these, instead of the
    /// policy that axtary.yml names; may be repeated
    #[arg(long = "policy", value_name = "PATH", conflicts_with = "config")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgument,
}

impl PolicyArgument {
    fn files(&self) -> Result<PolicyFiles, Failure> {
        if self.paths.is_empty() {
            return Ok(Config::load(&self.config.config)?.policy);
        }
        Ok(PolicyFiles::of_paths(&self.paths)?)
    }

    /// What names the policy: these paths, or axtary.yml.
    fn named(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![self.config.config.clone()] } else { self.paths.clone() }
    }

    fn load(&self) -> Result<PolicyStack, Failure> {
        Ok(wire::policy(&self.files()?)?)
    }
}

impl PolicyCommand {
    pub(super) fn run(self, form: Form) -> Result<Answer, Failure> {
        match self {
            Self::Check(check) => check.run().map(Answer::Checked),
            Self::Explain(explain) => {
                explain.run(form).map(|explained| Answer::Explained(Box::new(explained)))
            }
            Self::Test(test) => test.run(form),
            Self::Replay(replay) => {
                replay.run(form).map(|report| Answer::Replayed(Box::new(report)))
            }
            Self::Draft(draft) => draft.run(form).map(Answer::Drafted),
            Self::Bench(bench) => bench.run().map(|measured| Answer::Measured(Box::new(measured))),
            Self::Schema(print) => Ok(Answer::Schema(print.run())),
            Self::CedarSchema(print) => print.run().map(Answer::Schema),
        }
    }
}

/// After how many records whoever waits is told how far a reading is.
const TELL_EVERY: u64 = 256;
