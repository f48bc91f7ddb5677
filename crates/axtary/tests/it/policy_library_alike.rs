//! The three languages of a policy in `docs/policies` say the same, not only of its cases: of calls that are put together from
//! the parts and facts of all of them, the decisions are alike.
//!
//! All facts are there. Where one is missing, Cedar denies for any policy that reads it, and a native permit beside another that
//! misses it may still permit; both deny where nothing else permits, which the cases show.

#![expect(clippy::indexing_slicing, reason = "helpers beside the tests fail as tests do")]

use std::{collections::BTreeMap, fs, path::Path};

use axtary::{
    actionpass::{Action, Actor, Effect, Facts, Intent, Json, Object, Payload, PolicyEngine},
    github,
    policy::{CedarEngine, NativeEngine, RegoEngine},
};
use serde_json::Value;

use crate::policy_library::{library, situations};

/// How many calls are decided on in each situation.
const CALLS: u64 = 400;

/// Facts that only one language looks at, on purpose; the policy says why.
const NOT_VARIED: [(&str, &str); 1] = [("secrets-never", "paths")];

/// Every value that the cases of a situation give a part or a fact.
#[derive(Default)]
struct Pools {
    parts: BTreeMap<String, Vec<Value>>,
    facts: BTreeMap<String, Vec<Value>>,
}

impl Pools {
    fn of(name: &str, cases: &Value) -> Self {
        let mut pools = Self::default();
        pools.add(&cases["defaults"]);
        let facts = pools.facts.clone();
        for case in cases["cases"].as_array().unwrap() {
            if case.get("raw").is_none() && case.get("action").is_some() {
                pools.add(&case["action"]);
            }
        }
        for (_, fact) in NOT_VARIED.iter().filter(|(situation, _)| *situation == name) {
            pools.facts.insert((*fact).to_owned(), facts[*fact].clone());
        }
        pools
    }

    fn add(&mut self, action: &Value) {
        for (name, value) in action.as_object().unwrap() {
            if name != "facts" {
                push(&mut self.parts, name, value);
            }
        }
        for (name, value) in action.get("facts").and_then(Value::as_object).into_iter().flatten() {
            push(&mut self.facts, name, value);
            // A bound is tried from both sides, whatever the cases try.
            if let Some(number) = value.as_i64() {
                push(&mut self.facts, name, &(number + 1).into());
                push(&mut self.facts, name, &(number - 1).max(0).into());
            }
        }
    }

    /// The call of this number. Two times in three, a part or a fact is as it is in the defaults.
    fn call(&self, number: u64) -> Action {
        let mut chance = Chance(number);
        let mut pick = |values: &[Value]| {
            let at = if chance.below(3) > 0 { 0 } else { chance.below(values.len()) };
            values[at].clone()
        };
        let parts: BTreeMap<&str, String> = self
            .parts
            .iter()
            .map(|(name, values)| (name.as_str(), pick(values).as_str().unwrap().to_owned()))
            .collect();
        let facts = self.facts.iter().fold(Object::new(), |facts, (name, values)| {
            facts.with(name.as_str(), Json::try_from(&pick(values)).unwrap())
        });
        let mut intent = Intent::new(parts.get("intent").cloned().unwrap_or_default()).unwrap();
        if let Some(task) = parts.get("task") {
            intent = intent.with_task(task.parse().unwrap());
        }
        let actor = Actor::new(parts["agent"].parse().unwrap(), parts["owner"].parse().unwrap());
        let resource = parts["resource"].parse().unwrap();
        Action::builder(actor, parts["tool"].parse().unwrap(), resource)
            .intent(intent)
            .audience("github-executor".parse().unwrap())
            .payload(Payload::parse(b"{}").unwrap())
            .facts(Facts::new(facts).unwrap())
            .build()
            .unwrap()
    }
}

fn push(pools: &mut BTreeMap<String, Vec<Value>>, name: &str, value: &Value) {
    let pool = pools.entry(name.to_owned()).or_default();
    if !pool.contains(value) {
        pool.push(value.clone());
    }
}

/// Numbers that are as good as any, and the same in every run.
struct Chance(u64);

impl Chance {
    /// The output of SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap()
    }
}

/// The policy of a situation, in each language.
fn engines(folder: &Path, cases: &Value) -> [Box<dyn PolicyEngine>; 3] {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let native =
        NativeEngine::from_yaml("policy.yml", &read("policy.yml"), &github::vocabulary()).unwrap();
    let mut cedar = CedarEngine::builder().source("policy.cedar", read("policy.cedar"));
    for set in cases["policies"].as_array().unwrap() {
        for (group, agents) in set.get("groups").and_then(Value::as_object).into_iter().flatten() {
            let agents = agents.as_array().unwrap().iter().map(|agent| agent.as_str().unwrap());
            cedar = cedar.group(group.as_str(), agents);
        }
    }
    let rego = RegoEngine::from_modules(&[("policy.rego", read("policy.rego"))]).unwrap();
    [Box::new(native), Box::new(cedar.build().unwrap()), Box::new(rego)]
}

#[test]
fn the_three_languages_of_every_situation_say_the_same() {
    let mut seen = BTreeMap::new();
    for name in situations() {
        let folder = library().join(&name);
        let text = fs::read_to_string(folder.join(format!("{name}.cases.yml"))).unwrap();
        let cases: Value = serde_saphyr::from_str(&text).unwrap();
        let (pools, engines) = (Pools::of(&name, &cases), engines(&folder, &cases));
        for number in 0..CALLS {
            let action = pools.call(number);
            let answers = engines.each_ref().map(|engine| engine.evaluate(&action).unwrap());
            let effects = answers.each_ref().map(|answer| answer.effect());
            assert!(
                effects.iter().all(|effect| *effect == effects[0]),
                "{name}, call {number}: {effects:?} of {action:?}\n{answers:#?}"
            );
            *seen.entry((name.clone(), effects[0] == Effect::Deny)).or_insert(0) += 1;
        }
        // A comparison of nothing but denials would say little.
        for denied in [true, false] {
            let count = seen.get(&(name.clone(), denied)).copied().unwrap_or(0);
            assert!(count >= CALLS / 20, "{name}: {count} of {CALLS} are denied: {denied}");
        }
    }
}
