//! `axtary policy bench`: what a decision costs under the user's own policies, on calls that they have seen.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use axtary_actionpass::{Action, EngineName, Json, PolicyEngine as _, RecordKind};
use axtary_ledger::{Disclosures, Entry, tail};
use axtary_policy::{PolicyStack, recorded_action};
use clap::Args;

use super::PolicyArgument;
use crate::{
    config::{Config, PolicyFiles},
    failure::Failure,
    wire,
};

/// Measure what a decision costs: under the policy of each language, and under all of it
#[derive(Args)]
#[command(after_help = "\
The calls are those of the last decisions in the ledger, or one that is written
down; see `axtary policy explain`. Only policy is measured: neither the record
nor the signature. One thread; nothing is recorded.

Example:
  axtary policy bench
  axtary policy bench --policy drafts/ --last 5000
  axtary policy bench --action action.yml --json")]
pub(in crate::command) struct Bench {
    /// One call, written down; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ledger", "last"])]
    action: Option<PathBuf>,
    /// The ledger whose decisions are made again, instead of the one that axtary.yml names
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How many of the last records are looked at
    #[arg(long, value_name = "N", default_value_t = 1000)]
    last: u32,
    /// How many decisions are measured under each; fewer if that takes more than two seconds
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    decisions: u32,
    #[command(flatten)]
    policy: PolicyArgument,
}

/// What decisions cost.
pub(crate) struct Measured {
    /// Where the calls are from.
    pub(crate) calls_of: PathBuf,
    pub(crate) calls: usize,
    /// Decisions that cannot be made again, since facts are withheld or nothing was decided.
    pub(crate) passed_over: usize,
    /// By language, where there are several.
    pub(crate) engines: Vec<(EngineName, Cost)>,
    pub(crate) all: Cost,
}

/// What decisions under some policy cost, on one thread.
pub(crate) struct Cost {
    pub(crate) policies: usize,
    /// How many policies are about a call, on average; `None` if the engines do not say.
    pub(crate) about_a_call: Option<f64>,
    /// Reading the files included.
    pub(crate) load: Duration,
    pub(crate) decisions: usize,
    /// How many of these no engine could make.
    pub(crate) failures: usize,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    pub(crate) total: Duration,
}

/// With fewer calls than this, a rare one that is slow is not among them.
pub(crate) const SMALL_SAMPLE: usize = 100;
/// How long a measurement takes at most, once every call was decided on.
const AT_MOST: Duration = Duration::from_secs(2);

impl Bench {
    pub(super) fn run(self) -> Result<Measured, Failure> {
        let files = self.policy.files()?;
        let (calls_of, calls, passed_over) = self.calls()?;
        let cost = |files: &PolicyFiles| self.cost(files, &calls);
        let languages = files.by_language();
        let engines = match languages.as_slice() {
            // One alone is all of it.
            [_] => Vec::new(),
            several => several
                .iter()
                .map(|(engine, files)| Ok((engine.clone(), cost(files)?)))
                .collect::<Result<_, Failure>>()?,
        };
        let all = cost(&files)?;
        Ok(Measured { calls_of, calls: calls.len(), passed_over, engines, all })
    }

    /// The calls to decide on, where they are from, and how many there are that cannot be decided on again.
    fn calls(&self) -> Result<(PathBuf, Vec<Action>, usize), Failure> {
        if let Some(path) = &self.action {
            return Ok((path.clone(), vec![self.policy.written_action(path)?], 0));
        }
        let path = match &self.ledger {
            Some(path) => path.clone(),
            None => Config::load(&self.policy.config.config)?.ledger,
        };
        let records = tail(&path, usize::try_from(self.last).unwrap_or(usize::MAX))?;
        let decided = records.iter().filter(|entry| entry.kind == RecordKind::Decision.as_str());
        let (mut calls, mut passed_over) = (Vec::new(), 0);
        let mut disclosures = Disclosures::of(&path);
        for entry in decided {
            match recorded(&mut disclosures, entry)? {
                Some(action) => calls.push(action),
                None => passed_over += 1,
            }
        }
        if calls.is_empty() {
            let message = format!("`{}` holds no decision that can be made again", path.display());
            return Err(Failure::usage(message)
                .help("write a call down and name it using `--action`, or look further back using `--last`"));
        }
        Ok((path, calls, passed_over))
    }

    fn cost(&self, files: &PolicyFiles, calls: &[Action]) -> Result<Cost, Failure> {
        let before = Instant::now();
        let policy = wire::policy(files)?;
        let load = before.elapsed();
        let mut cost = Cost {
            policies: policy.policies().len(),
            about_a_call: about_a_call(&policy, calls),
            load,
            decisions: 0,
            failures: 0,
            median: Duration::ZERO,
            p99: Duration::ZERO,
            total: Duration::ZERO,
        };
        cost.measure(&policy, calls, usize::try_from(self.decisions).unwrap_or(usize::MAX));
        Ok(cost)
    }
}

impl Cost {
    fn measure(&mut self, policy: &PolicyStack, calls: &[Action], decisions: usize) {
        let clock = cost_of_the_clock();
        let mut times = Vec::with_capacity(decisions.min(1 << 20));
        let started = Instant::now();
        // The first round warms up and is not counted.
        let rounds = calls
            .iter()
            .map(|call| (call, false))
            .chain(calls.iter().map(|call| (call, true)).cycle());
        for (call, counts) in rounds {
            let before = Instant::now();
            let decided = std::hint::black_box(policy.evaluate(std::hint::black_box(call)));
            let took = before.elapsed().saturating_sub(clock);
            if counts {
                times.push(took);
                self.failures += usize::from(decided.is_err());
            }
            let all_were_decided = times.len() >= calls.len();
            if times.len() >= decisions || (all_were_decided && started.elapsed() > AT_MOST) {
                break;
            }
        }
        self.decisions = times.len();
        self.total = times.iter().sum();
        times.sort_unstable();
        let at = |hundredths: usize| {
            let index = (times.len() * hundredths).div_ceil(100).saturating_sub(1);
            times.get(index).copied().unwrap_or_default()
        };
        (self.median, self.p99) = (at(50), at(99));
    }

    /// How many such decisions one thread makes in a second.
    pub(crate) fn per_second(&self) -> u64 {
        let nanoseconds = self.total.as_nanos().max(1);
        let decisions = u128::try_from(self.decisions).unwrap_or_default();
        u64::try_from(decisions * 1_000_000_000 / nanoseconds).unwrap_or(u64::MAX)
    }
}

/// What it takes to look at the clock twice, which is not policy's to pay.
fn cost_of_the_clock() -> Duration {
    (0..100).map(|_| Instant::now().elapsed()).min().unwrap_or_default()
}

fn about_a_call(policy: &PolicyStack, calls: &[Action]) -> Option<f64> {
    let looked_at = calls.get(..SMALL_SAMPLE).unwrap_or(calls);
    let traces: u32 = looked_at
        .iter()
        .map(|call| u32::try_from(policy.trace(call).len()).unwrap_or(u32::MAX))
        .sum();
    let calls = u32::try_from(looked_at.len()).ok()?;
    // An engine that cannot look into its policies says nothing, which is not none.
    (traces > 0).then(|| f64::from(traces) / f64::from(calls))
}

/// The action of a decision, if enough of it was recorded.
fn recorded(disclosures: &mut Disclosures, entry: &Entry) -> Result<Option<Action>, Failure> {
    if entry.body.get("policy_version").and_then(Json::as_str).is_none() {
        return Ok(None);
    }
    Ok(recorded_action(&entry.body, &disclosures.values_of_record(entry)?).ok())
}
