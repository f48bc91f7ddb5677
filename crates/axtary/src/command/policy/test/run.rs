//! Cases against policy: each set of policies is loaded once, and must decide every case as it says.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use axtary_actionpass::{Evaluation, PolicyEngine as _, Reason};
use axtary_policy::{Explanation, PolicyStack};

use super::{
    cases::{Case, CaseFile, Expected, ExpectedReason},
    coverage::Fired,
};
use crate::{
    config::PolicyFiles,
    error::{ConfigError, OpenError},
    wire,
    written_action::nearest,
};

/// A set of policies, loaded, and which of them fired.
pub(super) struct PolicySet {
    named: PolicyFiles,
    stack: PolicyStack,
    pub(super) fired: Fired,
}

/// The sets that were loaded so far.
#[derive(Default)]
pub(super) struct PolicySets(Vec<PolicySet>);

/// What came of the cases of one file.
pub(crate) struct TestedFile {
    pub(crate) path: PathBuf,
    pub(crate) checks: Vec<Check>,
}

/// One case under one set of policies.
pub(crate) struct Check {
    pub(crate) case: String,
    pub(crate) line: Option<u64>,
    /// The files of the set.
    pub(crate) policies: String,
    /// `None` if the set decides as the case says.
    pub(crate) failed: Option<Box<Failed>>,
}

/// How a decision is not as expected.
pub(crate) struct Failed {
    pub(crate) unmet: Vec<Unmet>,
    /// The decision, explained; `None` if there was none.
    pub(crate) explanation: Option<Explanation>,
}

/// One thing that is not as expected.
pub(crate) struct Unmet {
    pub(crate) part: &'static str,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// `decision: expected deny, got permit`
impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.part, self.expected, self.got)
    }
}

impl PolicySets {
    /// The set of these files, loaded if it is not yet.
    pub(super) fn load(&mut self, files: &PolicyFiles) -> Result<usize, OpenError> {
        if let Some(known) = self.0.iter().position(|set| set.is_of(files)) {
            return Ok(known);
        }
        let stack = wire::policy(files)?;
        let mut policies = stack.policies();
        for policy in &mut policies {
            policy.file = files.blame(&policy.file).display().to_string();
        }
        self.0.push(PolicySet { named: files.clone(), stack, fired: Fired::of(policies) });
        Ok(self.0.len() - 1)
    }

    /// Decides cases of `file`, each under each of the sets, and says so of each.
    pub(super) fn run(
        &mut self,
        file: &CaseFile,
        cases: &[&Case],
        sets: &[usize],
        mut decided: impl FnMut(),
    ) -> Result<TestedFile, ConfigError> {
        self.check_reasons(file, sets)?;
        let mut checks = Vec::new();
        for set in sets {
            let Some(set) = self.0.get_mut(*set) else { continue };
            let policies = set.label(&file.path);
            for case in cases {
                checks.push(Check {
                    case: case.name.clone(),
                    line: case.line,
                    policies: policies.clone(),
                    failed: set.decide(case),
                });
                decided();
            }
        }
        Ok(TestedFile { path: file.path.clone(), checks })
    }

    /// A reason that no policy could ever give is a slip of the pen, and would be demanded of nobody.
    fn check_reasons(&self, file: &CaseFile, sets: &[usize]) -> Result<(), ConfigError> {
        let sets = || sets.iter().filter_map(|set| self.0.get(*set));
        for reason in file.cases.iter().flat_map(|case| &case.expected.reasons) {
            if sets().any(|set| set.fired.knows(reason)) {
                continue;
            }
            let names: BTreeSet<String> = sets()
                .flat_map(|set| set.fired.names())
                .map(|(engine, id)| match reason.engine {
                    Some(_) => format!("{engine}:{id}"),
                    None => id.to_owned(),
                })
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let meant = match nearest(&reason.to_string(), &names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", list_some(&names)),
            };
            let problem = format!("no policy is called `{reason}`; {meant}");
            return Err(ConfigError::new(&file.path, problem).at(reason.place));
        }
        Ok(())
    }

    pub(super) fn into_sets(self) -> Vec<PolicySet> {
        self.0
    }
}

impl PolicySet {
    /// Whether it is what these files and what goes with them would be loaded into, whoever names them.
    fn is_of(&self, files: &PolicyFiles) -> bool {
        self.named.paths() == files.paths()
            && self.named.groups == files.groups
            && self.named.links == files.links
            && self.named.entrypoints == files.entrypoints
    }

    /// Its files, as seen from the file of cases.
    fn label(&self, cases: &Path) -> String {
        let folder = cases.parent().unwrap_or(Path::new(""));
        let seen = |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).display().to_string();
        self.files().iter().map(seen).collect::<Vec<_>>().join(" + ")
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.named.paths()
    }

    fn decide(&mut self, case: &Case) -> Option<Box<Failed>> {
        let evaluation = match self.stack.evaluate(&case.action) {
            Ok(evaluation) => evaluation,
            Err(error) => {
                let unmet = Unmet {
                    part: "decision",
                    expected: case.expected.decision.to_string(),
                    got: format!("none, for {error}"),
                };
                return Some(Box::new(Failed { unmet: vec![unmet], explanation: None }));
            }
        };
        self.fired.count(&evaluation);
        let wanted = |reason: &&ExpectedReason| self.fired.knows(reason);
        let unmet = case.expected.unmet(&evaluation, wanted);
        if unmet.is_empty() {
            return None;
        }
        let explanation = Explanation::of(&self.stack, &case.action).ok();
        Some(Box::new(Failed { unmet, explanation }))
    }
}

impl Expected {
    /// What of it `evaluation` is not. Of the reasons, those that are `wanted` of the set.
    fn unmet(
        &self,
        evaluation: &Evaluation,
        wanted: impl Fn(&&ExpectedReason) -> bool,
    ) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let mut demand = |part, met: bool, expected: String, got: String| {
            if !met {
                unmet.push(Unmet { part, expected, got });
            }
        };
        let effect = evaluation.effect();
        demand("decision", effect == self.decision, self.decision.to_string(), effect.to_string());
        for reason in self.reasons.iter().filter(wanted) {
            let given = evaluation.reasons().iter().any(|given| reason.is_given_by(given));
            demand("reason", given, reason.to_string(), ids(evaluation));
        }
        for text in &self.says {
            let given = evaluation.reasons().iter().any(|given| given.to_string().contains(text));
            demand("words", given, text.clone(), texts(evaluation));
        }
        if let Some(expected) = &self.approvers {
            let got = evaluation.approvers();
            demand("approvers", sorted(expected) == sorted(got), list(expected), list(got));
        }
        if let Some(expected) = self.ttl {
            let got = evaluation.ttl();
            let seconds = |ttl: Duration| format!("{} s", ttl.as_secs());
            let told = got.map_or_else(|| "none".to_owned(), seconds);
            demand("ttl", got == Some(expected), seconds(expected), told);
        }
        let constraints = evaluation.constraints().as_object();
        for (name, expected) in self.constraints.iter().flat_map(|expected| expected.iter()) {
            let got = constraints.get(name);
            let told = got.map_or_else(|| "none".to_owned(), |got| format!("{name}: {got}"));
            demand("constraint", got == Some(expected), format!("{name}: {expected}"), told);
        }
        if let Some(expected) = self.trial {
            let got = evaluation.trial().map(|trial| trial.effect);
            let told = got.map_or_else(|| "none".to_owned(), |effect| effect.to_string());
            demand("trial", got == Some(expected), expected.to_string(), told);
        }
        unmet
    }
}

impl ExpectedReason {
    fn is_given_by(&self, given: &Reason) -> bool {
        given.policy() == Some(self.id.as_str())
            && self.engine.as_ref().is_none_or(|engine| engine == given.engine())
    }
}

/// The first of many names.
fn list_some(names: &[&str]) -> String {
    let (some, more) = names.split_at(names.len().min(MAX_NAMES));
    match more.len() {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

/// How many names an error lists.
const MAX_NAMES: usize = 20;

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort_unstable();
    names
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn ids(evaluation: &Evaluation) -> String {
    let ids: Vec<String> = evaluation
        .reasons()
        .iter()
        .filter_map(|reason| Some(format!("{}:{}", reason.engine(), reason.policy()?)))
        .collect();
    list(&ids)
}

fn texts(evaluation: &Evaluation) -> String {
    evaluation.reasons().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
