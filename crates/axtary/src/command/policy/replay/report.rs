//! What a replay came to, counted as it goes. Its size is bounded by the policy, not by the ledger.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use axtary_actionpass::{
    EngineName, Json, PolicyEngine as _, PolicyInfo, PolicyVersion, Reason, Timestamp,
};
use axtary_ledger::Entry;
use axtary_policy::{Difference, PolicyStack, RecordedError, Replayed};

use crate::failure::Exit;

/// What is asked of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// That it comes to what was recorded.
    InForce,
    /// What it would have decided.
    WhatIf,
}

/// What a replay came to.
pub(crate) struct ReplayReport {
    pub(crate) ledger: PathBuf,
    pub(crate) aim: Aim,
    pub(crate) version: PolicyVersion,
    /// The decisions that were looked at; each is compared, of another version, or passed over.
    pub(crate) decisions: u64,
    pub(crate) compared: u64,
    /// Those of which the record would be another, in what the aim is about.
    pub(crate) differing: u64,
    pub(crate) other_version: u64,
    /// Decisions that cannot be made again, by why.
    pub(crate) passed_over: BTreeMap<&'static str, PassedOver>,
    /// Compared decisions, by the decision that was recorded and the one there would be.
    pub(crate) groups: BTreeMap<(&'static str, &'static str), Group>,
    policies: Vec<PolicyInfo>,
    fired: HashSet<(EngineName, String)>,
    strict: bool,
    examples: usize,
}

/// Decisions that cannot be made again for one reason.
#[derive(Default)]
pub(crate) struct PassedOver {
    pub(crate) count: u64,
    /// The first of them: their numbers, and why in full.
    pub(crate) examples: Vec<(u64, String)>,
}

/// Decisions that go from one to another, or stay what they are.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// Those of which the record would be another.
    pub(crate) differing: u64,
    /// By what decides now.
    pub(crate) by: BTreeMap<Decider, u64>,
    /// How often which member of the record would be another.
    pub(crate) members: BTreeMap<&'static str, u64>,
    /// The first of those that differ.
    pub(crate) examples: Vec<Example>,
}

/// What decides: an engine, and its policy, if it names one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decider {
    pub(crate) engine: EngineName,
    pub(crate) policy: Option<String>,
}

/// A decision that would be another.
pub(crate) struct Example {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    /// Members of the record, by name: the agent, the tool, the resource, and the pass, if there is one.
    pub(crate) call: Vec<(&'static str, String)>,
    /// Why it would be, or how the policy fails.
    pub(crate) reasons: Vec<String>,
    pub(crate) differences: Vec<Difference>,
}

/// What is shown of an example's call.
const CALL: [&str; 4] = ["agent_id", "tool", "resource", "action_pass_id"];
/// How many reasons are shown of an example.
const MAX_REASONS: usize = 4;

impl ReplayReport {
    pub(super) fn new(
        ledger: PathBuf,
        aim: Aim,
        policy: &PolicyStack,
        strict: bool,
        examples: usize,
    ) -> Self {
        Self {
            ledger,
            aim,
            version: policy.policy_version(),
            decisions: 0,
            compared: 0,
            differing: 0,
            other_version: 0,
            passed_over: BTreeMap::new(),
            groups: BTreeMap::new(),
            policies: policy.policies(),
            fired: HashSet::new(),
            strict,
            examples,
        }
    }

    /// Counts a decision that was made under another version, and is not compared.
    pub(super) fn pass_by_version(&mut self) {
        self.decisions += 1;
        self.other_version += 1;
    }

    /// Counts a decision that was made again, or cannot be.
    pub(super) fn take(&mut self, entry: &Entry, again: Result<Replayed, RecordedError>) {
        self.decisions += 1;
        let replayed = match again {
            Ok(replayed) => replayed,
            Err(why) => {
                let passed_over = self.passed_over.entry(why.code()).or_default();
                passed_over.count += 1;
                if passed_over.examples.len() < self.examples {
                    passed_over.examples.push((entry.seq, why.to_string()));
                }
                return;
            }
        };
        self.compared += 1;
        self.note_fired(&replayed);
        let transition = (replayed.recorded.as_str(), replayed.decision());
        let by = Decider::of(&replayed);
        let (aim, version) = (self.aim, self.version);
        let reasons = match &replayed.answer {
            Ok(answer) => {
                answer.reasons().iter().take(MAX_REASONS).map(Reason::to_string).collect()
            }
            Err(error) => vec![error.to_string()],
        };
        let is_same_version = replayed.version == version;
        let mut differences = replayed.differences;
        differences.retain(|difference| is_asked_of(difference.member, aim, is_same_version));
        let group = self.groups.entry(transition).or_default();
        group.count += 1;
        *group.by.entry(by).or_default() += 1;
        if differences.is_empty() {
            return;
        }
        self.differing += 1;
        group.differing += 1;
        for difference in &differences {
            *group.members.entry(difference.member).or_default() += 1;
        }
        if group.examples.len() < self.examples {
            group.examples.push(Example::of(entry, reasons, differences));
        }
    }

    /// The policies that gave no reason, on trial or not, for anything that was compared.
    pub(crate) fn never_fired(&self) -> Vec<&PolicyInfo> {
        let fired =
            |info: &&PolicyInfo| self.fired.contains(&(info.engine.clone(), info.id.clone()));
        self.policies.iter().filter(|info| !fired(info)).collect()
    }

    /// The policy in force must agree with itself; another may differ.
    pub(crate) fn exit(&self) -> Exit {
        let disagrees = self.aim == Aim::InForce && self.differing > 0;
        if disagrees || (self.strict && !self.passed_over.is_empty()) {
            Exit::Refused
        } else {
            Exit::Success
        }
    }

    fn note_fired(&mut self, replayed: &Replayed) {
        let Ok(answer) = &replayed.answer else { return };
        let trial = answer.trial().into_iter().flat_map(|trial| &trial.reasons);
        for reason in answer.reasons().iter().chain(trial) {
            if let Some(policy) = reason.policy() {
                self.fired.insert((reason.engine().clone(), policy.to_owned()));
            }
        }
    }
}

/// Whether a member that differs is a difference: of another version, the version is none; and another policy has other names.
fn is_asked_of(member: &str, aim: Aim, is_same_version: bool) -> bool {
    match aim {
        Aim::InForce => member != "policy_version" || is_same_version,
        Aim::WhatIf => !["policy", "policy_version", "reasons", "trial"].contains(&member),
    }
}

impl Decider {
    /// Who gives the first reason, which is the one that decides.
    fn of(replayed: &Replayed) -> Self {
        match &replayed.answer {
            Ok(answer) => match answer.reasons().first() {
                Some(reason) => Self {
                    engine: reason.engine().clone(),
                    policy: reason.policy().map(str::to_owned),
                },
                None => Self {
                    engine: answer.engines().first().cloned().unwrap_or(EngineName::NATIVE),
                    policy: None,
                },
            },
            Err(failed) => Self { engine: failed.engine.clone(), policy: None },
        }
    }
}

impl Example {
    fn of(entry: &Entry, reasons: Vec<String>, differences: Vec<Difference>) -> Self {
        let member = |name| Some((name, entry.body.get(name).and_then(Json::as_str)?.to_owned()));
        let call = CALL.into_iter().filter_map(member).collect();
        Self { seq: entry.seq, at: entry.at, call, reasons, differences }
    }
}
