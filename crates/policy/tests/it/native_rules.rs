//! Native rules: forbid before step-up before permit, and nothing by omission.

use std::time::Duration;

use axtary_actionpass::{Effect, Json, PolicyEngine};
use axtary_policy::{NativeEngine, Rule};
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate, vocabulary};

fn engine(rules: impl IntoIterator<Item = Rule>) -> NativeEngine {
    let vocabulary = vocabulary();
    rules
        .into_iter()
        .fold(NativeEngine::builder(&vocabulary), |b, rule| b.rule(rule))
        .build()
        .unwrap()
}

fn anywhere(rule: Rule) -> Rule {
    rule.agent("**").tool("**").resource("**")
}

#[test]
fn a_forbid_wins_over_everything_wherever_it_stands() {
    let rules = [
        anywhere(Rule::permit("all")),
        anywhere(Rule::step_up("ask")),
        anywhere(Rule::forbid("freeze")).reason("release freeze until Monday"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let engine = engine(order.map(|at: usize| rules[at].clone()));
        assert_eq!(
            answer(&engine, &call()),
            "native:deny\n`native:freeze`: release freeze until Monday"
        );
    }
}

#[test]
fn a_step_up_wins_over_a_permit_and_needs_none_beside_it() {
    let ask = || {
        anywhere(Rule::step_up("production"))
            .when("touches_production", true)
            .approver("security")
            .approver("release")
    };
    let call = call().fact("touches_production", true);
    for engine in [engine([ask()]), engine([anywhere(Rule::permit("all")), ask()])] {
        let evaluation = evaluate(&engine, &call);
        assert_eq!(evaluation.label(), "native:step_up");
        assert_eq!(evaluation.approvers(), ["security", "release"]);
    }
    assert_eq!(
        evaluate(&engine([anywhere(Rule::permit("all")), ask()]), &crate::kit::call()).effect(),
        Effect::Permit
    );
}

#[test]
fn the_first_permit_whose_constraints_hold_decides() {
    let engine = engine([
        anywhere(Rule::permit("few")).constraint("max_files_changed", 3),
        anywhere(Rule::permit("some"))
            .constraint("max_files_changed", 12)
            .ttl(Duration::from_secs(90)),
        anywhere(Rule::permit("many")).constraint("max_files_changed", 100),
    ]);
    let evaluation = evaluate(&engine, &call());
    assert_eq!(evaluation.reasons()[0].policy(), Some("some"));
    assert_eq!(evaluation.ttl(), Some(Duration::from_secs(90)));
    assert_eq!(
        evaluation.constraints().as_object().get("max_files_changed"),
        Some(&Json::from(12))
    );
}

#[test]
fn a_denial_names_every_violation_of_the_nearest_permits_first() {
    let engine = engine([
        anywhere(Rule::permit("strict"))
            .constraint("max_files_changed", 3)
            .constraint("touches_production", false)
            .constraint("requires_tests", true),
        anywhere(Rule::permit("loose")).constraint("max_files_changed", 10),
        Rule::permit("other").agent("else").tool("**").resource("**"),
    ]);
    assert_snapshot!(answer(&engine, &call().fact("touches_production", true)), @r"
    native:deny
    `native:loose`: `max_files_changed` is 12, at most 10 allowed
    `native:strict`: `max_files_changed` is 12, at most 3 allowed
    `native:strict`: the fact `tests_changed` is missing, so requires_tests cannot be met
    `native:strict`: `touches_production` is true, must be false
    ");
}

#[test]
fn a_call_that_no_rule_is_about_is_denied() {
    let engine = engine([Rule::permit("a").agent("codex-prod").tool("slack.*").resource("**")]);
    assert_snapshot!(answer(&engine, &call()), @r"
    native:deny
    `native`: no policy permits this action
    ");
}

#[test]
fn a_condition_that_cannot_be_decided_denies_on_forbid_and_step_up_and_skips_a_permit() {
    let call = call().without("touches_production");
    let permit = || anywhere(Rule::permit("all"));
    let on = |rule: Rule| anywhere(rule).when("touches_production", true);
    assert_snapshot!(answer(&engine([permit(), on(Rule::forbid("no"))]), &call), @r"
    native:deny
    `native:no`: the policy failed: its condition `touches_production` cannot be decided: the fact `touches_production` is missing
    ");
    let of_another_type = call.clone().fact("touches_production", "yes");
    assert_snapshot!(answer(&engine([permit(), on(Rule::step_up("ask"))]), &of_another_type), @r"
    native:deny
    `native:ask`: the policy failed: its condition `touches_production` cannot be decided: the fact `touches_production` is of a type (string) that it does not compare
    ");
    assert_eq!(evaluate(&engine([on(Rule::permit("only"))]), &call).effect(), Effect::Deny);
    assert_eq!(
        evaluate(&engine([on(Rule::permit("only")), permit()]), &call).effect(),
        Effect::Permit
    );
}

#[test]
fn a_rule_about_a_task_or_an_owner_does_not_apply_to_others() {
    let engine =
        engine([anywhere(Rule::permit("task")).task("AXT-*").human_owner("*@example.com")]);
    let mut other = call();
    other.owner = "mallory@example.org".to_owned();
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &call().task(Some("BUG-1"))).effect(), Effect::Deny);
    assert_eq!(evaluate(&engine, &call().task(None)).effect(), Effect::Deny);
    assert_eq!(evaluate(&engine, &other).effect(), Effect::Deny);
}

#[test]
fn candidates_by_exact_names_and_by_patterns_are_all_found() {
    let agents = ["codex-prod", "codex-*", "**", "other"];
    let tools = ["github.pull_requests.create", "github.**", "slack.messages.post"];
    let resources = ["repo:company/web-app", "repo:*/web-app", "repo:company/api"];
    for agent in agents {
        for tool in tools {
            for resource in resources {
                let rule = Rule::permit("r")
                    .agent(agent)
                    .agent("spare")
                    .tool("spare.tool")
                    .tool(tool)
                    .resource(resource);
                let expected = agent != "other"
                    && tool != "slack.messages.post"
                    && resource != "repo:company/api";
                let effect = evaluate(&engine([rule.clone()]), &call()).effect();
                assert_eq!(effect == Effect::Permit, expected, "{rule:?}");
            }
        }
    }
}

#[test]
fn yaml_and_builder_mean_the_same() {
    let text = r#"
version: 1
rules:
  - id: small-changes
    effect: permit
    agent: [codex-prod, "claude-*"]
    human_owner: "*@example.com"
    tool: github.pull_requests.create
    resource: repo:company/*
    task: AXT-418
    when: { touches_production: false }
    constraints: { max_files_changed: 12, blocked_paths: [".env*"] }
    ttl: 10m
    reason: "small changes are fine"
    sensitive: [paths]
  - id: production
    effect: step_up
    agent: "**"
    tool: "**"
    resource: "**"
    when: { touches_production: true }
    approvers: security
  - id: no-wiki
    effect: forbid
    agent: "**"
    tool: "**"
    resource: wiki:**
    enforce: true
  - id: no-claude
    effect: forbid
    agent: "claude-*"
    tool: "**"
    resource: "**"
    enforce: false
"#;
    let yaml = NativeEngine::from_yaml("policy.yml", text, &vocabulary()).unwrap();
    let built = engine([
        Rule::permit("small-changes")
            .agent("codex-prod")
            .agent("claude-*")
            .human_owner("*@example.com")
            .tool("github.pull_requests.create")
            .resource("repo:company/*")
            .task("AXT-418")
            .when("touches_production", false)
            .constraint("max_files_changed", 12)
            .constraint("blocked_paths", vec![".env*"])
            .ttl(Duration::from_secs(600))
            .reason("small changes are fine")
            .sensitive("paths"),
        anywhere(Rule::step_up("production")).when("touches_production", true).approver("security"),
        Rule::forbid("no-wiki").agent("**").tool("**").resource("wiki:**"),
        Rule::forbid("no-claude").agent("claude-*").tool("**").resource("**").on_trial(),
    ]);
    let paths = |paths: &[&str]| Json::from(paths.to_vec());
    for call in [
        call().fact("paths", paths(&["src/a.rs"])),
        call().fact("paths", paths(&["web/.env"])),
        call(),
        call().fact("touches_production", true),
        call().agent("claude-2").fact("paths", paths(&[])),
        call().resource("wiki:company/a/b"),
    ] {
        let (yaml, built) = (evaluate(&yaml, &call), evaluate(&built, &call));
        assert_eq!(yaml.effect(), built.effect(), "{call:?}");
        assert_eq!(yaml.reasons(), built.reasons());
        assert_eq!(yaml.constraints(), built.constraints());
        assert_eq!(yaml.ttl(), built.ttl());
        assert_eq!(yaml.approvers(), built.approvers());
        assert_eq!(yaml.sensitive(), built.sensitive());
        assert_eq!(yaml.trial(), built.trial());
    }
}

#[test]
fn no_human_is_asked_about_what_the_step_up_itself_rules_out() {
    let ask = |blocked: &str| {
        anywhere(Rule::step_up("production"))
            .when("touches_production", true)
            .constraint("blocked_paths", vec![blocked])
    };
    let rules = |ask: Rule| engine([ask, anywhere(Rule::permit("all"))]);
    let call =
        call().fact("touches_production", true).fact("paths", Json::from(vec!["deploy/.env"]));
    assert_eq!(
        answer(&rules(ask(".env*")), &call),
        "native:deny\n`native:production`: `paths` holds `deploy/.env`, which blocked_paths blocks",
        "and the permit beside it does not help"
    );
    let allowed = evaluate(&rules(ask("billing/**")), &call);
    assert_eq!(allowed.effect(), Effect::StepUp);
    assert_eq!(allowed.constraints().as_object().len(), 1, "an approved call stays within them");

    let two = engine([
        ask("billing/**"),
        anywhere(Rule::step_up("b")).constraint("blocked_paths", vec!["x"]),
    ]);
    assert_eq!(evaluate(&two, &call).effect(), Effect::Deny, "two that cannot both go onto a pass");
}

#[test]
fn the_version_follows_every_part_of_every_rule() {
    let base = || Rule::permit("a").agent("x").tool("a.b").resource("r:1");
    let version = |rules: Vec<Rule>| engine(rules).policy_version();
    let changed = [
        vec![base().agent("y")],
        vec![base().human_owner("o")],
        vec![base().tool("c.d")],
        vec![base().resource("r:2")],
        vec![base().task("T-1")],
        vec![base().when("touches_production", true)],
        vec![base().constraint("touches_production", true)],
        vec![base().ttl(Duration::from_secs(60))],
        vec![base().reason("why")],
        vec![base().sensitive("paths")],
        vec![base().on_trial()],
        vec![Rule::forbid("a").agent("x").tool("a.b").resource("r:1")],
        vec![Rule::step_up("a").agent("x").tool("a.b").resource("r:1")],
        vec![Rule::step_up("a").agent("x").tool("a.b").resource("r:1").approver("s")],
        vec![Rule::permit("b").agent("x").tool("a.b").resource("r:1")],
        vec![base(), Rule::permit("b").agent("x").tool("a.b").resource("r:1")],
        vec![Rule::permit("b").agent("x").tool("a.b").resource("r:1"), base()],
    ];
    let mut versions: Vec<_> = changed.into_iter().map(version).collect();
    versions.push(version(vec![base()]));
    let count = versions.len();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), count);
    assert_eq!(version(vec![base()]), version(vec![base()]));
    let evaluation = engine([base()]).evaluate(&call().action()).unwrap();
    assert_eq!(evaluation.policy_version(), version(vec![base()]));
}

#[test]
fn a_rule_on_trial_decides_nothing_and_says_what_it_would_have() {
    let ask = || anywhere(Rule::step_up("ask")).when("touches_production", true).on_trial();
    let engine =
        engine([anywhere(Rule::permit("all")), anywhere(Rule::forbid("freeze")).on_trial(), ask()]);
    let evaluation = evaluate(&engine, &call());
    assert_eq!(evaluation.effect(), Effect::Permit);
    let trial = evaluation.trial().unwrap();
    assert_eq!((trial.effect, trial.reasons[0].policy()), (Effect::Deny, Some("freeze")));

    let alone = self::engine([anywhere(Rule::permit("all")).on_trial()]);
    let evaluation = evaluate(&alone, &call());
    assert_eq!(evaluation.effect(), Effect::Deny, "a permit on trial permits nothing");
    assert_eq!(evaluation.trial().unwrap().effect, Effect::Permit);

    let other = Rule::forbid("other").agent("else").tool("**").resource("**").on_trial();
    let engine = self::engine([anywhere(Rule::permit("all")), other]);
    assert_eq!(evaluate(&engine, &call()).trial(), None, "it is not about this call");
}

#[test]
fn the_facts_that_a_rule_calls_sensitive_are_named_whatever_is_decided() {
    let engine = engine([
        anywhere(Rule::permit("few")).constraint("max_files_changed", 3).sensitive("paths"),
        anywhere(Rule::forbid("production"))
            .when("touches_production", true)
            .sensitive("payload_hash")
            .sensitive("paths"),
        Rule::permit("other").agent("else").tool("**").resource("**").sensitive("base_branch"),
    ]);
    for call in
        [call(), call().fact("max_files_changed", 1), call().fact("touches_production", true)]
    {
        assert_eq!(evaluate(&engine, &call).sensitive(), ["paths", "payload_hash"]);
    }
    assert!(evaluate(&engine, &call().agent("x")).sensitive().len() == 2, "of every call it names");
}

#[test]
fn the_schema_of_the_rules_file_names_every_key_constraint_and_fact() {
    let schema = NativeEngine::schema(&vocabulary());
    let at = |path: &[&str]| {
        path.iter().fold(schema.clone(), |json, name| {
            json.as_object().and_then(|object| object.get(name)).unwrap().clone()
        })
    };
    let rule = ["properties", "rules", "items", "properties"];
    let keys: Vec<String> =
        at(&rule).as_object().unwrap().iter().map(|(k, _)| k.to_owned()).collect();
    assert_snapshot!(keys.join(" "), @"agent approvers constraints effect enforce human_owner id reason resource sensitive task tool ttl when");
    let files = [rule.as_slice(), &["constraints", "properties", "max_files_changed"]].concat();
    assert_snapshot!(at(&files), @r#"{"description":"`max_files_changed` at most: the most files this call can change (in files)","type":["integer"]}"#);
    let paths = [rule.as_slice(), &["when", "properties", "blocked_paths"]].concat();
    assert_snapshot!(at(&paths), @r#"{"description":"`paths` none match: the paths that are changed","items":{"type":["string"]},"minItems":1,"type":"array"}"#);
    assert_snapshot!(at(&[rule.as_slice(), &["sensitive"]].concat()), @r#"{"anyOf":[{"enum":["base_branch","max_files_changed","paths","tests_changed","touches_production","payload_hash"]},{"items":{"enum":["base_branch","max_files_changed","paths","tests_changed","touches_production","payload_hash"]},"minItems":1,"type":"array"}],"description":"facts that the ledger is to hold as commitments"}"#);
}
