//! `axtary policy test`: cases that policy must decide as they say.

mod cases;
mod coverage;
mod find;
mod run;
mod watch;

use std::{fs, path::PathBuf};

use axtary_actionpass::PolicyInfo;
use clap::Args;

use self::{
    cases::{Case, CaseFile},
    run::PolicySets,
    watch::Watched,
};
pub(crate) use self::{
    coverage::Coverage,
    run::{Check, TestedFile},
};
use super::PolicyArgument;
use crate::{
    command::{Answer, unwritten},
    config::PolicyFiles,
    error::FileError,
    failure::{Exit, Failure},
    render::{self, Form, Progress},
};

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
  axtary policy test policy/ --filter production --watch
  axtary policy test policy/ --require-coverage --junit policy.xml")]
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
    /// Write a report for CI here, as JUnit's XML; an older one is replaced
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Test again whenever a case or a policy changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
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

    /// The policies that never decided a case, although each should have.
    pub(crate) fn uncovered(&self) -> impl Iterator<Item = &PolicyInfo> {
        let coverage = self.coverage.iter().filter(|_| self.require_coverage);
        coverage.flat_map(Coverage::never)
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.failed() > 0 || self.uncovered().next().is_some() {
            Exit::Refused
        } else {
            Exit::Success
        }
    }
}

/// What is to be done with one file.
struct Planned<'a> {
    file: &'a CaseFile,
    cases: Vec<&'a Case>,
    sets: Vec<usize>,
}

impl TestPolicy {
    pub(super) fn run(&self, form: Form) -> Result<Answer, Failure> {
        let test = || self.once(form).map(|tested| Answer::Tested(Box::new(tested)));
        if !self.watch {
            return test();
        }
        let mut watched = Watched::new(&self.path, self.policies());
        let told = |result: &Result<Answer, Failure>| {
            render::clear();
            match result {
                Ok(answer) => render::answer(answer, form),
                Err(failure) => render::failure(failure, form),
            };
            render::note("waiting for a change; Ctrl-C ends");
        };
        watch::repeat(test, told, || {
            watched.wait();
            // They may be about other policies now. Nothing is read before it was looked at.
            watched = Watched::new(&self.path, self.policies());
            true
        })
    }

    /// The files that hold policy, as far as they are known: whoever tests says why they are not.
    fn policies(&self) -> Vec<PathBuf> {
        let files = find::case_files(&self.path).unwrap_or_default();
        let cases = files.iter().filter_map(|path| CaseFile::load(path).ok());
        let mut paths = Vec::new();
        for file in cases {
            let sets = file.sets.or_else(|| Some(vec![self.policy.files().ok()?]));
            paths.extend(sets.iter().flatten().flat_map(PolicyFiles::paths));
        }
        paths.extend(self.policy.named());
        paths.sort();
        paths.dedup();
        paths
    }

    fn once(&self, form: Form) -> Result<Tested, Failure> {
        let paths = find::case_files(&self.path)?;
        let files: Vec<CaseFile> =
            paths.iter().map(|path| CaseFile::load(path)).collect::<Result<_, _>>()?;
        let mut sets = PolicySets::default();
        let plan = self.plan(&files, &mut sets)?;
        let cases = plan.iter().map(|planned| planned.cases.len()).sum();
        if cases == 0 {
            return Err(Failure::usage("no case has that text in its name or its file's path")
                .help("write less after `--filter`, or leave it out"));
        }
        let decisions: usize = plan.iter().map(|one| one.cases.len() * one.sets.len()).sum();
        let mut progress = Progress::of("deciding", form);
        let mut done = 0;
        let tested = plan
            .iter()
            .map(|Planned { file, cases, sets: of }| {
                sets.run(file, cases, of, || {
                    done += 1;
                    progress.count(done, decisions);
                })
            })
            .collect::<Result<_, _>>();
        progress.end();
        let tested = tested?;
        let coverage = if self.coverage || self.require_coverage {
            sets.into_sets().into_iter().map(Coverage::of).collect()
        } else {
            Vec::new()
        };
        let tested =
            Tested { files: tested, cases, coverage, require_coverage: self.require_coverage };
        if let Some(path) = &self.junit {
            let report = render::junit(&tested)
                .and_then(|report| fs::write(path, report))
                .map_err(|cause| FileError { operation: "write", path: path.clone(), cause });
            report.map_err(|error| unwritten(&error))?;
        }
        Ok(tested)
    }

    /// The cases that are wanted of each file, with the sets of policies that they are about, loaded.
    fn plan<'a>(
        &self,
        files: &'a [CaseFile],
        sets: &mut PolicySets,
    ) -> Result<Vec<Planned<'a>>, Failure> {
        if !self.policy.paths.is_empty() && files.iter().all(|file| file.sets.is_some()) {
            let message = "`--policy` names a policy, but every file of cases names its own";
            return Err(Failure::usage(message)
                .help("leave `--policy` out, or take `policies` out of the files of cases"));
        }
        let mut plan = Vec::new();
        for file in files {
            let whole = self.holds(&file.path.display().to_string());
            let cases: Vec<&Case> =
                file.cases.iter().filter(|case| whole || self.holds(&case.name)).collect();
            if cases.is_empty() {
                continue;
            }
            let named = match &file.sets {
                Some(named) => named.clone(),
                None => vec![self.policy.files()?],
            };
            let of = named.iter().map(|files| sets.load(files)).collect::<Result<_, _>>()?;
            plan.push(Planned { file, cases, sets: of });
        }
        Ok(plan)
    }

    fn holds(&self, text: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| text.contains(filter))
    }
}
