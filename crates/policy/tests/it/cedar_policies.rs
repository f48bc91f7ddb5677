//! Cedar: what errs denies, annotations are read, and facts stay plain data.

use std::time::Duration;

use axtary_actionpass::{Effect, Json, Object};
use axtary_policy::CedarEngine;
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate};

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
fn a_group_in_the_scope_matches_nothing_without_entities() {
    let engine = engine(
        r#"
        permit (principal, action in Action::"writes", resource);
        permit (principal in Team::"a", action, resource);
        permit (principal, action, resource in Org::"company");
        "#,
    );
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Deny);
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
