//! The Cedar policy of the design runs verbatim, and the equivalent native rule and Rego module give the same effect.

use std::sync::LazyLock;

use axtary_actionpass::{Effect, Json, Object, PolicyEngine};
use axtary_policy::{CedarEngine, NativeEngine, RegoEngine};
use proptest::prelude::*;

use crate::kit::{Call, call, evaluate, vocabulary};

const CEDAR: &str = r#"
permit (principal == Agent::"codex-prod", action == Action::"github.pull_requests.create", resource == Repo::"company/web-app")
when { context.intent.task_id == "AXT-418" && context.payload.max_files_changed <= 12 && !context.payload.touches_production };
"#;

const REGO: &str = r#"
package axtary

allow if {
    input.actor.agent_id == "codex-prod"
    input.tool == "github.pull_requests.create"
    input.resource == "repo:company/web-app"
    input.intent.task_id == "AXT-418"
    is_number(input.payload.max_files_changed)
    input.payload.max_files_changed <= 12
    input.payload.touches_production == false
}
"#;

const NATIVE: &str = r#"
version: 1
rules:
  - id: small-changes
    effect: permit
    agent: codex-prod
    tool: github.pull_requests.create
    resource: repo:company/web-app
    task: AXT-418
    constraints: { max_files_changed: 12, touches_production: false }
"#;

struct Engines {
    native: NativeEngine,
    cedar: CedarEngine,
    rego: RegoEngine,
}

fn engines() -> Engines {
    Engines {
        native: NativeEngine::from_yaml("policy.yml", NATIVE, &vocabulary()).unwrap(),
        cedar: CedarEngine::from_sources(&[("policy.cedar", CEDAR)]).unwrap(),
        rego: RegoEngine::from_modules(&[("policy.rego", REGO)]).unwrap(),
    }
}

impl Engines {
    fn effects(&self, call: &Call) -> [Effect; 3] {
        let engines: [&dyn PolicyEngine; 3] = [&self.native, &self.cedar, &self.rego];
        engines.map(|engine| engine.evaluate(&call.action()).unwrap().effect())
    }
}

#[test]
fn the_three_engines_answer_alike_on_a_table_of_actions() {
    let engines = engines();
    for (what, call, effect) in [
        ("twelve files", call(), Effect::Permit),
        ("no files", call().fact("max_files_changed", 0), Effect::Permit),
        ("thirteen files", call().fact("max_files_changed", 13), Effect::Deny),
        ("another agent", call().agent("codex-dev"), Effect::Deny),
        ("another spelling of the agent", call().agent("Codex-Prod"), Effect::Deny),
        ("another tool", call().tool("github.pull_requests.merge"), Effect::Deny),
        ("another repository", call().resource("repo:company/api"), Effect::Deny),
        ("another type of resource", call().resource("wiki:company/web-app"), Effect::Deny),
        ("another task", call().task(Some("AXT-419")), Effect::Deny),
        ("no task", call().task(None), Effect::Deny),
        ("production", call().fact("touches_production", true), Effect::Deny),
        ("no file count", call().without("max_files_changed"), Effect::Deny),
        ("nothing about production", call().without("touches_production"), Effect::Deny),
        ("a file count in words", call().fact("max_files_changed", "12"), Effect::Deny),
        ("a file count that is true", call().fact("max_files_changed", true), Effect::Deny),
        ("a list of file counts", call().fact("max_files_changed", vec![1]), Effect::Deny),
        ("production in words", call().fact("touches_production", "false"), Effect::Deny),
        ("production as a number", call().fact("touches_production", 0), Effect::Deny),
    ] {
        assert_eq!(engines.effects(&call), [effect; 3], "{what}");
    }
}

#[test]
fn a_permit_names_the_policy_and_carries_what_it_demands() {
    let engines = engines();
    let permits = [
        evaluate(&engines.native, &call()),
        evaluate(&engines.cedar, &call()),
        evaluate(&engines.rego, &call()),
    ];
    let policies: Vec<_> = permits.iter().map(|permit| permit.reasons()[0].policy()).collect();
    assert_eq!(
        policies,
        [Some("small-changes"), Some("policy.cedar:policy0"), Some("data.axtary.allow")]
    );
    let constraints = permits[0].constraints().as_object();
    assert_eq!(constraints.get("max_files_changed"), Some(&Json::from(12)));
}

fn calls() -> impl Strategy<Value = Call> {
    let count = prop_oneof![
        4 => (-2..30_i32).prop_map(|n| Some(Json::from(n))),
        1 => Just(None),
        1 => any::<bool>().prop_map(|b| Some(Json::from(b))),
        1 => "[0-9]{1,2}".prop_map(|s| Some(Json::from(s))),
        1 => Just(Some(Json::from(vec![3]))),
    ];
    let production = prop_oneof![
        4 => any::<bool>().prop_map(|b| Some(Json::from(b))),
        1 => Just(None),
        1 => Just(Some(Json::from("false"))),
        1 => Just(Some(Json::from(0))),
    ];
    (
        prop_oneof![4 => Just("codex-prod"), 1 => Just("codex"), 1 => Just("codex-prod2")],
        prop_oneof![4 => Just("github.pull_requests.create"), 1 => Just("github.pull_requests.merge")],
        prop_oneof![4 => Just("repo:company/web-app"), 1 => Just("repo:company/web"), 1 => Just("wiki:company/web-app")],
        prop_oneof![4 => Just(Some("AXT-418")), 1 => Just(Some("AXT-41")), 1 => Just(None)],
        count,
        production,
    )
        .prop_map(|(agent, tool, resource, task, count, production)| {
            let mut call = call().agent(agent).tool(tool).resource(resource).task(task);
            call.facts = [("max_files_changed", count), ("touches_production", production)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .fold(Object::new(), |facts, (name, value)| facts.with(name, value));
            call
        })
}

proptest! {
    #[test]
    fn the_three_engines_answer_alike_on_generated_actions(calls in prop::collection::vec(calls(), 16)) {
        static ENGINES: LazyLock<Engines> = LazyLock::new(engines);
        for call in calls {
            let [native, cedar, rego] = ENGINES.effects(&call);
            prop_assert!(native == cedar && cedar == rego, "{native} {cedar} {rego} {call:?}");
        }
    }
}
