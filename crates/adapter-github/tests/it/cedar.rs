//! Every tool has its place in the schema that Cedar policies are validated against.

use axtary_actionpass::{Effect, PolicyEngine};
use axtary_adapter_github::tools;
use axtary_policy::{CedarEngine, CedarSchema};

use crate::world::World;

const POLICIES: &str = r#"
permit (principal, action == Action::"github.pull_requests.merge", resource == Repo::"company/web-app")
when {
    context.payload.tests_passed && ["15368"].containsAll(context.payload.check_apps) &&
    context.payload.merge_method == "squash" && !context.payload.from_fork
};
permit (principal, action == Action::"github.contents.write", resource in Org::"company")
when { !context.payload.protected_branch && context.payload.bytes_written < 1000 };
permit (principal, action == Action::"github.unknown", resource == Route::"POST/repos/company/web-app/labels");
forbid (principal, action in Action::"github.secrets", resource);
"#;

#[test]
fn policies_over_any_tool_are_validated_and_decide() {
    let tools = tools();
    let schema =
        CedarSchema::new(tools.iter().map(|tool| (tool.name, tool.resource, &tool.vocabulary)))
            .unwrap();
    let load =
        |text: &str| CedarEngine::builder().source("main.cedar", text).schema(&schema).build();
    let engine = load(POLICIES).unwrap();
    let error = load(&POLICIES.replace("check_apps", "apps")).unwrap_err();
    assert!(error.to_string().contains("apps"), "{error}");

    let world = World::new();
    let decide = |method: &str, path: &str, body: &str| {
        let path = format!("/repos/company/web-app{path}");
        engine.evaluate(&world.rest(method, &path, body).unwrap()[0]).unwrap().effect()
    };
    let merge = r#"{"sha": "$FIX", "merge_method": "squash"}"#;
    assert_eq!(decide("PUT", "/pulls/7/merge", merge), Effect::Permit);
    let merge = r#"{"sha": "$WORKFLOW", "merge_method": "squash"}"#;
    assert_eq!(decide("PUT", "/pulls/9/merge", merge), Effect::Deny);
    let file = r#"{"message": "x", "content": "aGkK", "branch": "agent/fix"}"#;
    assert_eq!(decide("PUT", "/contents/docs/a.md", file), Effect::Permit);
    let file = r#"{"message": "x", "content": "aGkK"}"#;
    assert_eq!(decide("PUT", "/contents/docs/a.md", file), Effect::Deny);
    assert_eq!(decide("POST", "/labels", r#"{"name": "x"}"#), Effect::Permit);
    assert_eq!(decide("POST", "/hooks", "{}"), Effect::Deny);
}
