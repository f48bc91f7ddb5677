//! Policies and actions as they are generated, and the policy as native rules.

use std::{ops::RangeInclusive, time::Duration};

use axtary_actionpass::{Effect, FactType, Json, Object, Operator, Vocabulary};
use axtary_policy::{NativeEngine, Rule};
use proptest::{prelude::*, sample::select};

use crate::kit::{Call, call};

/// How many actions are tried on each policy.
pub(super) const ACTIONS_PER_POLICY: u32 = 40;

pub(super) const AGENTS: [&str; 4] = ["codex-prod", "codex-dev", "codex", "claude"];
const OWNERS: [&str; 3] = ["alice@example.com", "bob@example.com", "alice@other.org"];
const TOOLS: [&str; 4] = [
    "github.pull_requests.create",
    "github.pull_requests.merge",
    "github.pull_requests",
    "slack.messages.post",
];
const RESOURCES: [&str; 4] =
    ["repo:company/web-app", "repo:company/api", "repo:other/api", "wiki:company/web-app"];
const TASKS: [&str; 4] = ["AXT-418", "AXT-4", "AXT-", "OPS-1"];
pub(super) const PATHS: [&str; 6] =
    ["src/login.rs", "src/deep/a.rs", "docs/a.md", "docs/b.md", "infra/main.tf", "src"];

/// A policy, in no language.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(super) rules: Vec<Decides>,
    /// How long passes live under every permit: of several, languages take different ones.
    pub(super) ttl: Option<Duration>,
}

/// A rule, in no language.
#[derive(Clone, Debug)]
pub(super) struct Decides {
    pub(super) effect: Effect,
    pub(super) agent: Vec<Name>,
    pub(super) owner: Vec<Name>,
    pub(super) tool: Vec<Name>,
    pub(super) resource: Vec<Name>,
    pub(super) task: Vec<Name>,
    pub(super) when: Vec<Test>,
    pub(super) constraints: Vec<Test>,
    /// Of a step-up only.
    pub(super) approvers: Vec<&'static str>,
}

/// How a part of a call is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Exactly(&'static str),
    /// All that begin so: `codex-*`.
    Beginning(&'static str),
    Any,
}

/// A condition on a fact. Each has a name of its own in the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    CountAtMost(i32),
    CountAtLeast(i32),
    BranchEquals(&'static str),
    CountEquals(i32),
    ProductionEquals(bool),
    BranchOneOf(Vec<&'static str>),
    LevelOneOf(Vec<i32>),
    KindsSubsetOf(Vec<&'static str>),
    NoPathMatches(Vec<&'static str>),
    AllPathsMatch(Vec<&'static str>),
    IsTested,
    HasExtra,
}

impl Test {
    /// The name in the vocabulary, the fact, and the operand.
    pub(super) fn parts(&self) -> (&'static str, &'static str, Json) {
        match self {
            Self::CountAtMost(most) => ("max_count", "count", (*most).into()),
            Self::CountAtLeast(least) => ("min_count", "count", (*least).into()),
            Self::CountEquals(count) => ("count", "count", (*count).into()),
            Self::BranchEquals(branch) => ("branch", "branch", (*branch).into()),
            Self::ProductionEquals(value) => ("production", "production", (*value).into()),
            Self::BranchOneOf(branches) => ("branches", "branch", branches.clone().into()),
            Self::LevelOneOf(levels) => ("levels", "level", levels.clone().into()),
            Self::KindsSubsetOf(kinds) => ("kinds", "kinds", kinds.clone().into()),
            Self::NoPathMatches(patterns) => ("blocked_paths", "paths", patterns.clone().into()),
            Self::AllPathsMatch(patterns) => ("allowed_paths", "paths", patterns.clone().into()),
            Self::IsTested => ("requires_tests", "tested", true.into()),
            Self::HasExtra => ("requires_extra", "extra", true.into()),
        }
    }
}

/// Whether a pattern of those that are generated, a path or `folder/**`, matches a path of those that are generated. A pattern that
/// blocks matches what lies below a path too, and the folder itself.
pub(super) fn matches(pattern: &str, path: &str, blocks: bool) -> bool {
    let folder = pattern.strip_suffix("/**");
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    match folder {
        Some(folder) => below(folder) || (blocks && path == folder),
        None => path == pattern || (blocks && below(pattern)),
    }
}

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_fact("branch", FactType::Text, "a text")
        .with_fact("count", FactType::Integer, "an integer")
        .with_fact("kinds", FactType::TextList, "a list")
        .with_fact("level", FactType::Integer, "an integer")
        .with_fact("paths", FactType::TextList, "a list of paths")
        .with_fact("production", FactType::Boolean, "a boolean")
        .with_fact("tested", FactType::Boolean, "a boolean")
        .with_constraint("allowed_paths", Operator::AllMatch, "paths")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
        .with_constraint("branch", Operator::Equals, "branch")
        .with_constraint("branches", Operator::OneOf, "branch")
        .with_constraint("count", Operator::Equals, "count")
        .with_constraint("kinds", Operator::SubsetOf, "kinds")
        .with_constraint("levels", Operator::OneOf, "level")
        .with_constraint("max_count", Operator::AtMost, "count")
        .with_constraint("min_count", Operator::AtLeast, "count")
        .with_constraint("production", Operator::Equals, "production")
        .with_constraint("requires_extra", Operator::Present, "extra")
        .with_constraint("requires_tests", Operator::IsTrue, "tested")
}

impl Policy {
    pub(super) fn native(&self) -> NativeEngine {
        let vocabulary = vocabulary();
        let rules = self.rules.iter().enumerate().map(|(at, rule)| rule.native(at, self.ttl));
        rules
            .fold(NativeEngine::builder(&vocabulary), |engine, rule| engine.rule(rule))
            .build()
            .unwrap()
    }
}

impl Decides {
    fn native(&self, position: usize, ttl: Option<Duration>) -> Rule {
        let id = format!("rule-{position}");
        let mut rule = match (self.effect, ttl) {
            (Effect::Permit, Some(ttl)) => Rule::permit(id).ttl(ttl),
            (Effect::Permit, None) => Rule::permit(id),
            (Effect::StepUp, _) => Rule::step_up(id),
            (Effect::Deny, _) => Rule::forbid(id),
        };
        let about = |rule: Rule, names: &[Name], with: fn(Rule, String) -> Rule| {
            names.iter().fold(rule, |rule, name| with(rule, name.native()))
        };
        rule = about(rule, &self.agent, Rule::agent);
        rule = about(rule, &self.owner, Rule::human_owner);
        rule = about(rule, &self.tool, Rule::tool);
        rule = about(rule, &self.resource, Rule::resource);
        rule = about(rule, &self.task, Rule::task);
        rule = self.approvers.iter().fold(rule, |rule, approver| rule.approver(*approver));
        for (tests, with) in [
            (&self.when, Rule::when as fn(Rule, &'static str, Json) -> Rule),
            (&self.constraints, Rule::constraint),
        ] {
            rule = tests
                .iter()
                .map(Test::parts)
                .fold(rule, |rule, (name, _, operand)| with(rule, name, operand));
        }
        rule
    }
}

impl Name {
    fn native(self) -> String {
        match self {
            Self::Exactly(name) => name.to_owned(),
            Self::Beginning(prefix) => format!("{prefix}*"),
            Self::Any => "**".to_owned(),
        }
    }
}

pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    // The constraints of step-ups, which must be the same in all of them.
    let constraints = tests();
    let rules = prop::collection::vec(rule(), 1..6);
    let ttl = select(vec![None, Some(Duration::from_secs(60)), Some(Duration::from_secs(3600))]);
    (rules, constraints, ttl).prop_map(|(mut rules, constraints, ttl)| {
        for rule in rules.iter_mut().filter(|rule| rule.effect == Effect::StepUp) {
            rule.constraints.clone_from(&constraints);
        }
        Policy { rules, ttl }
    })
}

fn rule() -> impl Strategy<Value = Decides> {
    let effect = prop_oneof![
        5 => Just(Effect::Permit),
        2 => Just(Effect::StepUp),
        1 => Just(Effect::Deny),
    ];
    let about = (
        names(&AGENTS, &["codex-", "codex"], 1..=2),
        prop_oneof![2 => Just(Vec::new()), 1 => names(&OWNERS, &["alice@", "bob"], 1..=2)],
        names(&TOOLS, &["github.pull_requests.", "github."], 1..=2),
        names(&RESOURCES, &["repo:company/", "repo:other/"], 1..=2),
        prop_oneof![3 => Just(Vec::new()), 1 => names(&TASKS, &["AXT-"], 1..=2)],
    );
    let approvers = prop::sample::subsequence(vec!["maintainers", "security"], 1..=2);
    (effect, about, tests(), tests(), approvers).prop_map(
        |(effect, (agent, owner, tool, resource, task), when, constraints, approvers)| Decides {
            effect,
            agent,
            owner,
            tool,
            resource,
            task,
            when,
            constraints: if effect == Effect::Deny { Vec::new() } else { constraints },
            approvers: if effect == Effect::StepUp { approvers } else { Vec::new() },
        },
    )
}

fn names(
    exact: &'static [&'static str],
    prefixes: &'static [&'static str],
    how_many: RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<Name>> {
    let name = prop_oneof![
        3 => select(exact).prop_map(Name::Exactly),
        2 => select(prefixes).prop_map(Name::Beginning),
        4 => Just(Name::Any),
    ];
    prop::collection::vec(name, how_many)
}

/// Conditions, each name at most once.
fn tests() -> impl Strategy<Value = Vec<Test>> {
    let pattern = || {
        let patterns =
            vec!["src/**", "docs/**", "src/deep/**", "docs/a.md", "infra/main.tf", "src/deep"];
        prop::sample::subsequence(patterns, 1..=3)
    };
    let branches = || prop::sample::subsequence(vec!["main", "next", "Main"], 1..=2);
    let test = prop_oneof![
        (-2..8).prop_map(Test::CountAtMost),
        (-2..8).prop_map(Test::CountAtLeast),
        (0..4).prop_map(Test::CountEquals),
        select(vec!["main", "next"]).prop_map(Test::BranchEquals),
        any::<bool>().prop_map(Test::ProductionEquals),
        branches().prop_map(Test::BranchOneOf),
        prop::sample::subsequence(vec![0, 1, 2, 3], 1..=3).prop_map(Test::LevelOneOf),
        prop::sample::subsequence(vec!["code", "docs", "data"], 1..=3)
            .prop_map(Test::KindsSubsetOf),
        pattern().prop_map(Test::NoPathMatches),
        pattern().prop_map(Test::AllPathsMatch),
        Just(Test::IsTested),
        Just(Test::HasExtra),
    ];
    let several = prop_oneof![
        4 => Just(0_usize), 3 => Just(1), 2 => Just(2), 1 => Just(3),
    ];
    several.prop_flat_map(move |several| prop::collection::vec(test.clone(), several)).prop_map(
        |mut tests: Vec<Test>| {
            tests.sort_by_key(|test| test.parts().0);
            tests.dedup_by_key(|test| test.parts().0);
            tests
        },
    )
}

/// Of which types facts are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Types {
    Right,
    Any,
}

pub(crate) fn calls(types: Types) -> impl Strategy<Value = Vec<Call>> {
    let task = prop::option::weighted(0.7, select(&TASKS[..]));
    let parts = (
        select(&AGENTS[..]),
        select(&OWNERS[..]),
        select(&TOOLS[..]),
        select(&RESOURCES[..]),
        task,
    );
    let call =
        (parts, facts(types)).prop_map(|((agent, owner, tool, resource, task), facts)| Call {
            owner: owner.to_owned(),
            facts,
            ..call().agent(agent).tool(tool).resource(resource).task(task)
        });
    prop::collection::vec(call, usize::try_from(ACTIONS_PER_POLICY).unwrap())
}

fn facts(types: Types) -> impl Strategy<Value = Object> {
    let texts = |of: Vec<&'static str>| {
        let most = of.len().min(3);
        prop::sample::subsequence(of, 0..=most).prop_map(Json::from)
    };
    let fact = |value: BoxedStrategy<Json>| {
        let wrong = match types {
            Types::Right => value.clone(),
            Types::Any => any_value().boxed(),
        };
        prop::option::weighted(0.9, prop_oneof![4 => value, 1 => wrong])
    };
    (
        fact((-3..9).prop_map(Json::from).boxed()),
        fact(select(vec!["main", "next", "MAIN", "m\u{430}in"]).prop_map(Json::from).boxed()),
        fact(texts(vec!["code", "docs", "data", "Code"]).boxed()),
        fact((0..5).prop_map(Json::from).boxed()),
        fact(texts(PATHS.to_vec()).boxed()),
        fact(any::<bool>().prop_map(Json::from).boxed()),
        fact(any::<bool>().prop_map(Json::from).boxed()),
        fact(Just(Json::from("there")).boxed()),
    )
        .prop_map(|(count, branch, kinds, level, paths, production, tested, extra)| {
            let facts = [
                ("count", count),
                ("branch", branch),
                ("kinds", kinds),
                ("level", level),
                ("paths", paths),
                ("production", production),
                ("tested", tested),
                ("extra", extra),
            ];
            facts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .fold(Object::new(), |facts, (name, value)| facts.with(name, value))
        })
}

fn any_value() -> impl Strategy<Value = Json> {
    prop_oneof![
        (-2..4).prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        select(vec!["", "main", "1", "true"]).prop_map(Json::from),
        Just(Json::Array(Vec::new())),
        Just(Json::from(vec![1])),
        Just(Json::Array(vec!["code".into(), 1.into()])),
        Just(Json::Array(vec!["src/login.rs".into(), true.into()])),
        Just(Json::from(Object::new().with("count", 1))),
    ]
}
