//! The engine evaluates only candidates. On generated policy sets of every scope form, its decision, its determining
//! policies and its errors are those of bare Cedar over all policies.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    str::FromStr,
};

use axtary_actionpass::{Cause, Effect, Evaluation, Json};
use axtary_policy::{CedarEngine, TemplateLink};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, PolicyId, PolicySet, Request, RestrictedExpression,
    SlotId, Template,
};
use proptest::{prelude::*, sample::select};

use crate::kit::{Call, call, evaluate};

fn policy() -> impl Strategy<Value = String> {
    let principal = select(vec![
        "principal",
        r#"principal == Agent::"a""#,
        r#"principal == Agent::"b""#,
        r#"principal == Team::"a""#,
        r#"principal in Agent::"a""#,
        r#"principal in Team::"t""#,
        r#"principal in AgentGroup::"g""#,
        "principal is Agent",
        "principal is Team",
        r#"principal is Agent in Agent::"b""#,
    ]);
    let action = select(vec![
        "action",
        r#"action == Action::"x.read""#,
        r#"action == Action::"x.write""#,
        r#"action in Action::"x.read""#,
        r#"action in [Action::"x.read", Action::"x.list"]"#,
        r#"action in Action::"x""#,
    ]);
    let resource = select(vec![
        "resource",
        r#"resource == Repo::"o/one""#,
        r#"resource == Repo::"o/two""#,
        r#"resource == Wiki::"one""#,
        r#"resource in Repo::"o/one""#,
        r#"resource in Org::"o""#,
        "resource is Repo",
        r#"resource is Wiki in Wiki::"one""#,
    ]);
    let condition = select(vec![
        "",
        "when { true }",
        "unless { true }",
        "when { context.payload.n <= 5 }",
        "unless { context.payload.n <= 5 }",
        "when { context.payload has n && context.payload.n == 3 }",
        "when { context.payload.n + 9223372036854775807 > 0 }",
        r#"when { context.intent.task_id == "T-1" }"#,
        r#"when { principal == Agent::"a" }"#,
        r#"when { principal in AgentGroup::"g" || resource in Org::"o" }"#,
        r#"when { context.payload == { n: 3 } }"#,
        r#"when { context.human_owner == "alice@example.com" }"#,
        "when { context.nothing }",
        "when { principal.name == \"x\" }",
        "when { context.payload.n }",
        "when { [context.payload.n, 1].contains(3) }",
        "when { ip(context.human_owner).isLoopback() }",
        "when { if context.payload has n then true else context.nothing }",
        r#"when { resource in [Repo::"o/two", Org::"o"] && action in Action::"x" }"#,
        r#"when { resource is Path && Path::"o/one/a" in Repo::"o/one" }"#,
        "when { context.payload has n } unless { context.intent.task_id like \"*2\" }",
    ]);
    (select(vec!["permit", "permit", "forbid"]), principal, action, resource, condition).prop_map(
        |(effect, principal, action, resource, condition)| {
            format!("{effect} ({principal}, {action}, {resource}) {condition};")
        },
    )
}

fn calls() -> impl Strategy<Value = Call> {
    let n = prop_oneof![
        3 => (0..9_i32).prop_map(|n| Some(Json::from(n))),
        1 => Just(None),
        1 => Just(Some(Json::from("3"))),
    ];
    (
        select(vec!["a", "b", "c"]),
        select(vec!["x.read", "x.write", "x.list"]),
        select(vec!["repo:o/one", "repo:o/two", "wiki:one", "path:o/one/a/b"]),
        select(vec![None, Some("T-1"), Some("T-2")]),
        n,
    )
        .prop_map(|(agent, tool, resource, task, n)| {
            let mut call = call().agent(agent).tool(tool).resource(resource).task(task);
            call.facts = Default::default();
            match n {
                Some(n) => call.fact("n", n),
                None => call,
            }
        })
}

#[derive(Debug, PartialEq)]
struct Answer {
    allowed: bool,
    determining: BTreeSet<String>,
    /// With what Cedar says of each.
    erring: BTreeMap<String, String>,
}

/// The links of a template: what stands in the place of its slots.
const AGENTS: [&str; 2] = ["a", "b"];

fn bare(text: &str, template: &str, call: &Call) -> Answer {
    let mut policies = PolicySet::from_str(text).unwrap();
    let template = Template::parse(Some(PolicyId::new("template")), template).unwrap();
    policies.add_template(template).unwrap();
    for agent in AGENTS {
        let uid = format!("Agent::{agent:?}").parse().unwrap();
        let slots = HashMap::from([(SlotId::principal(), uid)]);
        policies.link(PolicyId::new("template"), PolicyId::new(agent), slots).unwrap();
    }
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let intent = RestrictedExpression::new_record([
        ("text".to_owned(), text("fix the login redirect")),
        ("task_id".to_owned(), text(call.task.as_deref().unwrap_or(""))),
    ]);
    let payload = RestrictedExpression::new_record(call.facts.iter().map(|(name, value)| {
        let value = match value.as_i64() {
            Some(n) => RestrictedExpression::new_long(n),
            None => text(value.as_str().unwrap()),
        };
        (name.to_owned(), value)
    }));
    let context = Context::from_pairs([
        ("intent".to_owned(), intent.unwrap()),
        ("payload".to_owned(), payload.unwrap()),
        ("human_owner".to_owned(), text(&call.owner)),
        ("audience".to_owned(), text("github-executor")),
    ]);
    let (kind, id) = call.resource.split_once(':').unwrap();
    let kind = match kind {
        "repo" => "Repo",
        "path" => "Path",
        _ => "Wiki",
    };
    let request = Request::new(
        format!("Agent::{:?}", call.agent).parse().unwrap(),
        format!("Action::{:?}", call.tool).parse().unwrap(),
        format!("{kind}::{id:?}").parse().unwrap(),
        context.unwrap(),
        None,
    )
    .unwrap();
    let response = Authorizer::new().is_authorized(&request, &policies, &entities());
    let name = |id: &PolicyId| match AGENTS.contains(&id.as_ref()) {
        true => id.to_string(),
        false => format!("main.cedar:{id}"),
    };
    Answer {
        allowed: response.decision() == Decision::Allow,
        determining: response.diagnostics().reason().map(&name).collect(),
        erring: response
            .diagnostics()
            .errors()
            .map(|error| match error {
                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                    let said = error.inner().to_string();
                    (name(error.policy_id()), said.split_whitespace().collect::<Vec<_>>().join(" "))
                }
            })
            .collect(),
    }
}

/// Everything that a generated call can be about.
fn entities() -> Entities {
    let entity = |uid: [&str; 2], parents: &[[&str; 2]]| {
        let json = |[kind, id]: [&str; 2]| format!(r#"{{"type": {kind:?}, "id": {id:?}}}"#);
        let parents: Vec<String> = parents.iter().map(|parent| json(*parent)).collect();
        format!(r#"{{"uid": {}, "attrs": {{}}, "parents": [{}]}}"#, json(uid), parents.join(","))
    };
    let all = [
        entity(["Agent", "a"], &[["AgentGroup", "g"]]),
        entity(["Agent", "b"], &[]),
        entity(["Agent", "c"], &[["AgentGroup", "g"], ["AgentGroup", "h"]]),
        entity(["Action", "x.read"], &[["Action", "x"]]),
        entity(["Action", "x.write"], &[["Action", "x"]]),
        entity(["Action", "x.list"], &[["Action", "x"]]),
        entity(["Repo", "o/one"], &[["Org", "o"]]),
        entity(["Repo", "o/two"], &[["Org", "o"]]),
        entity(["Path", "o/one/a/b"], &[["Path", "o/one/a"]]),
        entity(["Path", "o/one/a"], &[["Repo", "o/one"]]),
        entity(["Wiki", "one"], &[]),
    ];
    Entities::from_json_str(&format!("[{}]", all.join(",")), None).unwrap()
}

/// What an evaluation says of the policies that decided it.
fn policies(evaluation: &Evaluation, want: impl Fn(&Cause) -> bool) -> BTreeSet<String> {
    evaluation
        .reasons()
        .iter()
        .filter(|reason| want(reason.cause()))
        .filter_map(|reason| reason.policy().map(str::to_owned))
        .collect()
}

fn failures(evaluation: &Evaluation) -> BTreeMap<String, String> {
    let failed = evaluation.reasons().iter().filter_map(|reason| match reason.cause() {
        Cause::Failed { message } => Some((reason.policy()?.to_owned(), message.clone())),
        _ => None,
    });
    failed.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn candidates_decide_as_all_policies_do(
        texts in prop::collection::vec(policy(), 1..24),
        template in policy(),
        calls in prop::collection::vec(calls(), 8),
    ) {
        let text = texts.join("\n");
        let (head, tail) = template.split_once("principal").unwrap();
        let tail = tail.split_once(',').unwrap().1;
        let template = format!("{head}principal == ?principal, {tail}");
        let mut builder = CedarEngine::builder()
            .source("main.cedar", &text)
            .source("template.cedar", format!("@id(\"template\") {template}"))
            .group("g", ["a", "c"])
            .group("h", ["c"]);
        for agent in AGENTS {
            let link = TemplateLink::new("template", agent).principal(format!("Agent::{agent:?}"));
            builder = builder.link(link);
        }
        let engine = builder.build().unwrap();
        for call in calls {
            let bare = bare(&text, &template, &call);
            let ours = evaluate(&engine, &call);
            prop_assert_eq!(failures(&ours), bare.erring.clone(), "{:?}\n{}", call, text);
            // An error denies, whatever bare Cedar says beside it.
            let permitted = bare.allowed && bare.erring.is_empty();
            prop_assert_eq!(ours.effect() == Effect::Permit, permitted, "{:?}\n{}", call, text);
            if permitted || !bare.allowed {
                let determining =
                    policies(&ours, |cause| matches!(cause, Cause::Permitted | Cause::Forbidden));
                prop_assert_eq!(determining, bare.determining, "{:?}\n{}", call, text);
            }
        }
    }
}
