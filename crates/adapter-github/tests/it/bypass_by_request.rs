//! `tests/bypass/github.yml`: tricks by which a request might slip past a policy, and what becomes of each.

use std::{collections::BTreeMap, fmt::Write};

use axtary_actionpass::{Effect, Json, Object, PolicyEngine};
use axtary_adapter_github::{RestRequest, tools, vocabulary};
use axtary_policy::NativeEngine;
use serde::Deserialize;

use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    trick: String,
    agent: Option<String>,
    /// Method, path, and the query behind a question mark.
    call: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    /// A document for `POST /graphql`, in place of `call`.
    graphql: Option<String>,
    variables: Option<String>,
    operation: Option<String>,
    expect: Expect,
    because: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expect {
    /// It is no certain call.
    Refused,
    /// The policy says no.
    Denied,
    /// The policy asks a human.
    Asked,
    /// It is no trick, or one that changes nothing.
    Permitted,
}

impl Case {
    /// The body of a document.
    fn document(&self, world: &World) -> Option<Json> {
        let mut body = Object::new().with("query", self.graphql.as_deref()?);
        if let Some(variables) = &self.variables {
            let variables = world.named(variables);
            body.insert("variables", Json::parse(variables.as_bytes()).unwrap());
        }
        if let Some(operation) = &self.operation {
            body.insert("operationName", operation.as_str());
        }
        Some(Json::parse(world.named(&Json::from(body).to_string()).as_bytes()).unwrap())
    }

    /// What comes of it, and why.
    fn decide(&self, world: &World, policy: &NativeEngine) -> (Expect, String) {
        let body = match self.document(world) {
            Some(body) => body.to_string(),
            None => world.named(self.body.as_deref().unwrap_or_default()),
        };
        let call = world.named(self.call.as_deref().unwrap_or("POST /graphql"));
        let (method, target) = call.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = RestRequest { method, path, query, headers: &headers, body: body.as_bytes() };
        let actions = match world.actions(&request, self.agent.as_deref().unwrap_or("codex-prod")) {
            Ok(actions) => actions,
            Err(error) => return (Expect::Refused, format!("{}: {error}", error.code())),
        };
        let mut decision = (Expect::Permitted, String::new());
        for action in &actions {
            let tool =
                tools().into_iter().find(|tool| tool.name == action.tool().as_str()).unwrap();
            assert_eq!(tool.resource, action.resource().kind(), "{}", self.trick);
            let published: Vec<&str> = tool.vocabulary.facts().map(|(name, _)| name).collect();
            let derived: Vec<&str> = action.facts().iter().map(|(name, _)| name).collect();
            assert_eq!(published, derived, "{}: the facts of {}", self.trick, tool.name);
            let evaluation = policy.evaluate(action).unwrap();
            let reasons: Vec<String> =
                evaluation.reasons().iter().map(ToString::to_string).collect();
            let reason = format!("{}: {}", action.tool(), reasons.join("; "));
            decision = match (evaluation.effect(), decision.0) {
                (Effect::Deny, _) => return (Expect::Denied, reason),
                (Effect::StepUp, _) | (_, Expect::Asked) => (Expect::Asked, reason),
                (Effect::Permit, _) => (Expect::Permitted, reason),
            };
        }
        decision
    }
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(include_str!("../bypass/github.yml")).unwrap()
}

/// The bodies of all documents.
pub(crate) fn documents(world: &World) -> Vec<Json> {
    cases().iter().filter_map(|case| case.document(world)).collect()
}

#[test]
fn no_trick_of_the_list_comes_to_another_decision_than_it_says() {
    let cases = cases();
    let rules = include_str!("../bypass/policy.yml");
    let policy = NativeEngine::from_yaml("policy.yml", rules, &vocabulary()).unwrap();
    let world = World::new();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let mut wrong = String::new();
    for case in &cases {
        let (decision, reason) = case.decide(&world, &policy);
        let because = world.named(case.because.as_deref().unwrap_or_default());
        let is_explained = !because.is_empty() || case.expect == Expect::Permitted;
        if decision != case.expect || !reason.contains(&because) || !is_explained {
            writeln!(wrong, "{}: {decision:?} because {reason}", case.trick).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
