//! `axtary policy test`: cases that policy must decide as they say.

mod cases;
mod coverage;
mod find;
mod run;

use std::path::PathBuf;

use axtary_actionpass::Audience;
use clap::Args;

use self::{cases::CaseFile, run::PolicySets};
pub(crate) use self::{
    coverage::Coverage,
    run::{Check, TestedFile},
};
use super::PolicyArgument;
use crate::failure::{Exit, Failure};

/// Decide the cases in a folder, and say which are not decided as they should be
#[derive(Args)]
#[command(after_help = "\
Cases are in files whose names end in .cases.yml:
  version: 1
  policies: [[rules.yml], [limits.cedar]]   # each must decide every case so;
                                            # if left out, what axtary.yml names
  defaults: { agent: codex-prod, owner: alice@example.com,
              tool: github.pull_requests.create, resource: repo:company/web-app }
  cases:
    - name: a large pull request is denied
      action: { facts: { files_changed: 99 } }
      expect: { decision: deny, reasons: [small-changes] }
Folders below are looked through too, but for target, node_modules and those
whose names begin with a dot. Exit code 3 if a case fails.

Example:
  axtary policy test
  axtary policy test policy/ --filter production --coverage")]
pub(in crate::command) struct TestPolicy {
    /// A folder with files of cases, or one such file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only the cases whose name, or the path of whose file, holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Tell which policies never decided a case
    #[arg(long)]
    coverage: bool,
    /// Fail if a policy never decided a case
    #[arg(long, conflicts_with = "filter")]
    require_coverage: bool,
    #[command(flatten)]
    policy: PolicyArgument,
}

/// What came of the cases.
pub(crate) struct Tested {
    pub(crate) files: Vec<TestedFile>,
    /// How many cases there were.
    pub(crate) cases: usize,
    /// Of each set of policies, if that was asked for.
    pub(crate) coverage: Vec<Coverage>,
    require_coverage: bool,
}

impl Tested {
    pub(crate) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.files.iter().flat_map(|file| &file.checks)
    }

    /// How many checks failed.
    pub(crate) fn failed(&self) -> usize {
        self.checks().filter(|check| check.failed.is_some()).count()
    }

    pub(crate) fn exit(&self) -> Exit {
        let uncovered = self.require_coverage
            && self.coverage.iter().any(|coverage| coverage.never().next().is_some());
        if self.failed() > 0 || uncovered { Exit::Refused } else { Exit::Success }
    }
}

/// The executor that actions are for where a case names none, wherever the cases are run: that of a new axtary.yml.
const AUDIENCE: &str = "github-executor";

impl TestPolicy {
    pub(super) fn run(&self) -> Result<Tested, Failure> {
        let audience: Audience = AUDIENCE.parse()?;
        let paths = find::case_files(&self.path)?;
        let files: Vec<CaseFile> =
            paths.iter().map(|path| CaseFile::load(path, &audience)).collect::<Result<_, _>>()?;
        let mut sets = PolicySets::default();
        let mut tested = Vec::with_capacity(files.len());
        let mut cases = 0;
        for file in &files {
            let whole = self.holds(&file.path.display().to_string());
            let wanted = file.cases.iter().filter(|case| whole || self.holds(&case.name));
            if wanted.clone().next().is_none() {
                continue;
            }
            let named = match &file.sets {
                Some(named) => named.clone(),
                None => vec![self.policy.files()?],
            };
            let loaded =
                named.iter().map(|files| sets.load(files)).collect::<Result<Vec<_>, _>>()?;
            cases += wanted.clone().count();
            tested.push(sets.run(file, wanted, &loaded)?);
        }
        if cases == 0 {
            return Err(Failure::usage("no case has that text in its name or its file's path")
                .help("write less after `--filter`, or leave it out"));
        }
        let coverage = if self.coverage || self.require_coverage {
            sets.into_sets().into_iter().map(Coverage::of).collect()
        } else {
            Vec::new()
        };
        Ok(Tested { files: tested, cases, coverage, require_coverage: self.require_coverage })
    }

    fn holds(&self, text: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| text.contains(filter))
    }
}
