//! Cedar: what errs denies, annotations are read, and facts stay plain data.

use std::time::Duration;

use axtary_actionpass::{Effect, Json, Object};
use axtary_policy::{CedarEngine, CedarSchema, TemplateLink};
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate, vocabulary};

fn engine(text: &str) -> CedarEngine {
    CedarEngine::from_sources(&[("main.cedar", text)]).unwrap()
}

#[test]
fn a_policy_that_errs_denies_even_beside_a_permit() {
    // Bare Cedar skips what errs and answers `Allow` here.
    let engine = engine(
        r#"
        permit (principal, action, resource);
        @id("no-secrets") forbid (principal, action, resource) when { context.payload.secrets > 0 };
        "#,
    );
    assert_snapshot!(answer(&engine, &call()), @r"
    cedar:deny
    `cedar:no-secrets`: the policy failed: record does not have the attribute `secrets`
    ");
    assert_eq!(evaluate(&engine, &call().fact("secrets", 0)).effect(), Effect::Permit);
}

#[test]
fn a_permit_that_errs_denies_even_beside_another() {
    let engine = engine(
        r#"
        permit (principal, action, resource);
        @id("sum") permit (principal, action, resource)
        when { context.payload.max_files_changed + 9223372036854775807 > 0 };
        "#,
    );
    let evaluation = evaluate(&engine, &call());
    assert_eq!(evaluation.effect(), Effect::Deny);
    assert_eq!(evaluation.reasons()[0].policy(), Some("sum"));
}

#[test]
fn a_satisfied_forbid_denies_and_says_why() {
    let engine = engine(
        r#"
        permit (principal, action, resource);
        @id("freeze") @reason("release freeze until Monday")
        forbid (principal, action == Action::"github.pull_requests.create", resource);
        "#,
    );
    assert_snapshot!(answer(&engine, &call()), @r"
    cedar:deny
    `cedar:freeze`: release freeze until Monday
    ");
    assert_snapshot!(answer(&engine, &call().tool("github.issues.create")), @r"
    cedar:pass
    `cedar:main.cedar:policy0`: permits this action
    ");
}

#[test]
fn annotations_give_step_up_approvers_and_ttl() {
    let engine = engine(
        r#"
        @ttl("10m") permit (principal, action, resource);
        @id("production") @step_up("security, release") @ttl("5m")
        permit (principal, action, resource) when { context.payload.touches_production };
        @step_up permit (principal, action, resource) when { context.payload.touches_production };
        "#,
    );
    let permit = evaluate(&engine, &call());
    assert_eq!(
        (permit.label(), permit.ttl()),
        ("cedar:pass".to_owned(), Some(Duration::from_secs(600)))
    );
    let step_up = evaluate(&engine, &call().fact("touches_production", true));
    assert_eq!(step_up.label(), "cedar:step_up");
    assert_eq!(step_up.approvers(), ["security", "release"]);
    assert_eq!(step_up.ttl(), Some(Duration::from_secs(300)));
    assert_eq!(step_up.reasons()[0].policy(), Some("production"));
}

#[test]
fn nothing_that_permits_is_a_denial() {
    let engine = engine(r#"permit (principal == Agent::"other", action, resource);"#);
    assert_snapshot!(answer(&engine, &call()), @r"
    cedar:deny
    `cedar`: no policy permits this action
    ");
}

#[test]
fn facts_that_look_like_cedar_escapes_stay_plain_data() {
    let escape = |name: &str, value: Object| Json::from(Object::new().with(name, value));
    let entity = escape("__entity", Object::new().with("type", "Agent").with("id", "root"));
    let extension = escape("__extn", Object::new().with("fn", "decimal").with("arg", "1.0"));
    let engine = engine(
        r#"
        permit (principal, action, resource)
        when { context.payload.who == Agent::"root" };
        @id("plain") permit (principal, action, resource)
        when { context.payload.who has "__entity" && context.payload.who["__entity"].id == "root" };
        @id("number") permit (principal, action, resource)
        when { context.payload.who has "__extn" && context.payload.who["__extn"].arg == "1.0" };
        "#,
    );
    for (fact, policy) in [(entity, "plain"), (extension, "number")] {
        let evaluation = evaluate(&engine, &call().fact("who", fact));
        let policies: Vec<_> = evaluation.reasons().iter().filter_map(|r| r.policy()).collect();
        assert_eq!((evaluation.effect(), policies), (Effect::Permit, vec![policy]));
    }
}

#[test]
fn the_request_carries_every_part_of_the_action() {
    let engine = engine(
        r#"
        permit (
            principal == Agent::"codex-prod",
            action == Action::"slack.messages.post",
            resource == SlackChannel::"C1"
        )
        when {
            context.intent == { text: "fix the login redirect", task_id: "" } &&
            context.human_owner == "alice@example.com" &&
            context.audience == "github-executor" &&
            context.payload == { flag: true, list: [3, 1], nested: { text: "x" } }
        };
        "#,
    );
    let mut call = call().tool("slack.messages.post").resource("slack_channel:C1").task(None);
    call.facts = Object::new()
        .with("flag", true)
        .with("list", vec![1, 3])
        .with("nested", Object::new().with("text", "x"));
    assert_eq!(evaluate(&engine, &call).effect(), Effect::Permit);
}

#[test]
fn a_resource_type_that_would_share_an_entity_type_is_denied() {
    let engine = engine("permit (principal, action, resource);");
    assert_snapshot!(answer(&engine, &call().resource("slack-channel:C1")), @r"
    cedar:deny
    `cedar`: the policy failed: the resource type `slack-channel` has no Cedar entity type; it must be words of lower-case letters and digits that start with a letter, joined by single underscores
    ");
}

#[test]
fn agents_are_in_their_groups_tools_in_their_families_and_repositories_in_their_organizations() {
    let engine = |scope: &str| {
        CedarEngine::builder()
            .source("main.cedar", format!("permit ({scope});"))
            .group("coders", ["codex-prod", "claude"])
            .build()
            .unwrap()
    };
    let path = call().resource("path:company/web-app/src/a/b.rs");
    for (scope, call, effect) in [
        (r#"principal in AgentGroup::"coders", action, resource"#, call(), Effect::Permit),
        (r#"principal in AgentGroup::"others", action, resource"#, call(), Effect::Deny),
        (r#"principal in Team::"coders", action, resource"#, call(), Effect::Deny),
        (
            r#"principal in AgentGroup::"coders", action, resource"#,
            call().agent("codex"),
            Effect::Deny,
        ),
        (r#"principal, action in Action::"github", resource"#, call(), Effect::Permit),
        (
            r#"principal, action in [Action::"slack", Action::"github.pull_requests"], resource"#,
            call(),
            Effect::Permit,
        ),
        (r#"principal, action in Action::"github.pull", resource"#, call(), Effect::Deny),
        (r#"principal, action, resource in Org::"company""#, call(), Effect::Permit),
        (r#"principal, action, resource in Org::"comp""#, call(), Effect::Deny),
        (
            r#"principal, action, resource in Org::"company""#,
            call().resource("wiki:company/web-app"),
            Effect::Deny,
        ),
        (r#"principal, action, resource in Org::"company""#, path.clone(), Effect::Permit),
        (r#"principal, action, resource in Repo::"company/web-app""#, path.clone(), Effect::Permit),
        (
            r#"principal, action, resource is Path in Path::"company/web-app/src""#,
            path.clone(),
            Effect::Permit,
        ),
        (r#"principal, action, resource in Path::"company/web-app/sr""#, path, Effect::Deny),
    ] {
        assert_eq!(evaluate(&engine(scope), &call).effect(), effect, "{scope} {call:?}");
    }
    let condition = r#"principal, action, resource) when { resource in Org::"company" && !(principal in AgentGroup::"x")"#;
    let engine = CedarEngine::from_sources(&[("a", format!("permit ({condition} }};"))]).unwrap();
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Permit);
}

#[test]
fn a_second_spelling_of_a_place_is_denied_where_policies_ask_what_it_is_in() {
    let engine = engine(
        r#"
        permit (principal, action, resource);
        forbid (principal, action, resource in Path::"company/web-app/secrets");
        "#,
    );
    let at = |path: &str| call().resource(&format!("path:company/web-app/{path}"));
    assert_eq!(evaluate(&engine, &at("src/a.rs")).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &at("secrets/key")).effect(), Effect::Deny);
    for path in ["src/../secrets/key", "./secrets/key", "/secrets/key"] {
        assert!(answer(&engine, &at(path)).contains("the policy failed"), "{path}");
    }
}

#[test]
fn a_template_is_linked_and_its_links_decide() {
    let text = r#"
        @id("reader") @ttl("5m")
        permit (principal == ?principal, action, resource in ?resource)
        when { context.payload.max_files_changed <= 12 };
    "#;
    let link = |id: &str, agent: &str| {
        TemplateLink::new("reader", id)
            .principal(format!("Agent::{agent:?}"))
            .resource(r#"Org::"company""#)
    };
    let engine = CedarEngine::builder()
        .source("main.cedar", text)
        .link(link("one", "codex-prod"))
        .link(link("two", "claude"))
        .build()
        .unwrap();
    let evaluation = evaluate(&engine, &call());
    assert_eq!(evaluation.reasons()[0].policy(), Some("one"));
    assert_eq!(evaluation.ttl(), Some(Duration::from_secs(300)));
    assert_eq!(evaluate(&engine, &call().agent("claude")).reasons()[0].policy(), Some("two"));
    for other in [
        call().agent("x"),
        call().resource("repo:other/web-app"),
        call().fact("max_files_changed", 13),
    ] {
        assert_eq!(evaluate(&engine, &other).effect(), Effect::Deny);
    }
}

#[test]
fn a_schema_is_generated_from_the_vocabularies() {
    let schema = CedarSchema::new([
        ("github.pull_requests.create", "repo", &vocabulary()),
        ("slack.messages.post", "slack_channel", &axtary_actionpass::Vocabulary::new()),
    ]);
    assert_snapshot!(schema.unwrap(), @r#"
    entity AgentGroup;
    entity Agent in [AgentGroup];
    entity Org;
    entity Repo in [Org];
    entity Path in [Path, Repo];
    entity SlackChannel;

    action "github";

    action "github.pull_requests" in [Action::"github"];

    action "github.pull_requests.create" in [Action::"github.pull_requests"] appliesTo {
      principal: [Agent],
      resource: [Repo],
      context: {
        intent: { text: String, task_id: String },
        human_owner: String,
        audience: String,
        payload: {
          // the branch that is changed
          base_branch: String,
          // the most files this call can change, in files
          max_files_changed: Long,
          // the paths that are changed
          paths: Set<String>,
          // whether tests are changed
          tests_changed: Bool,
          // whether production is touched
          touches_production: Bool,
        },
      },
    };

    action "slack";

    action "slack.messages" in [Action::"slack"];

    action "slack.messages.post" in [Action::"slack.messages"] appliesTo {
      principal: [Agent],
      resource: [SlackChannel],
      context: {
        intent: { text: String, task_id: String },
        human_owner: String,
        audience: String,
        payload: {
        },
      },
    };
    "#);
    assert!(CedarSchema::new([("create", "repo", &vocabulary())]).is_err());
    assert!(CedarSchema::new([("a.b", "slack-channel", &vocabulary())]).is_err());
}

#[test]
fn policies_and_templates_that_do_not_fit_the_schema_are_refused() {
    let schema =
        CedarSchema::new([("github.pull_requests.create", "repo", &vocabulary())]).unwrap();
    let load = |text: &str| {
        CedarEngine::builder()
            .source("main.cedar", text)
            .schema(&schema)
            .link(TemplateLink::new("t", "l").principal(r#"Agent::"codex""#))
            .build()
    };
    let all = "@id(\"t\") permit (principal == ?principal, action, resource); permit (principal, action, resource)";
    let mut table = String::new();
    for condition in [
        "context.payload.max_file_changed <= 12",
        "context.payload.max_files_changed <= \"12\"",
        "context.payload.touches_production == 0",
        "principal.name == \"x\"",
        "context.payload.paths",
        "context.payload.base_branch == \"main\" && context.intent.task == \"x\"",
    ] {
        let error = load(&format!("{all}\nwhen {{ {condition} }};")).unwrap_err();
        table.push_str(&format!("{error}\n"));
    }
    for scope in [
        r#"principal == Agnt::"x", action, resource"#,
        r#"principal, action == Action::"github.pull_requests.creat", resource"#,
        r#"principal, action in Action::"github", resource == Rep::"x""#,
    ] {
        let error = load(&format!("{all}; permit ({scope});")).unwrap_err();
        table.push_str(&format!("{error}\n"));
    }
    let template =
        "@id(\"t\") permit (principal == ?principal, action, resource) when { context.payload.x };";
    table.push_str(&format!("{}\n", load(template).unwrap_err()));
    assert_snapshot!(table, @r#"
    main.cedar:2:8: for policy `policy1`, attribute `payload.max_file_changed` in context for Action::"github.pull_requests.create" not found; did you mean `max_files_changed`?
    main.cedar:2:45: for policy `policy1`, unexpected type: expected Long but saw String
    main.cedar:2:8: the types Bool and Long are not compatible; for policy `policy1`, both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible
    main.cedar:2:8: for policy `policy1`, attribute `name` on entity type `Agent` not found
    main.cedar:2:8: for policy `policy1`, unexpected type: expected Bool but saw Set<String>
    main.cedar:2:49: for policy `policy1`, attribute `intent.task` in context for Action::"github.pull_requests.create" not found; did you mean `task_id`?
    main.cedar:1:121: for policy `policy2`, unrecognized entity type `Agnt`; did you mean `Agent`?
    main.cedar:1:129: for policy `policy2`, unrecognized action `Action::"github.pull_requests.creat"`; did you mean `Action::"github.pull_requests.create"`?
    main.cedar:1:159: for policy `policy2`, unrecognized entity type `Rep`; did you mean `Repo`?
    main.cedar:1:68: for policy `policy0`, attribute `payload.x` in context for Action::"github.pull_requests.create" not found; did you mean `paths`?
    "#);
    let landing = r#"
        when { context.intent.task_id == "AXT-418" && context.payload.max_files_changed <= 12 && !context.payload.touches_production }
    "#;
    assert!(load(&format!("{all} {landing};")).is_ok());
}

#[test]
fn policies_of_several_files_keep_apart_and_all_decide() {
    let engine = CedarEngine::from_sources(&[
        ("a.cedar", "permit (principal, action, resource);".to_owned()),
        ("b.cedar", r#"forbid (principal, action, resource) unless { context.payload.max_files_changed < 9 };"#.to_owned()),
    ])
    .unwrap();
    assert_snapshot!(answer(&engine, &call()), @r"
    cedar:deny
    `cedar:b.cedar:policy0`: forbids this action
    ");
}
