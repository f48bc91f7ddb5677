//! The payload of a request is what is sent, in one form, beside what its facts are true of.

use std::collections::BTreeSet;

use axtary_actionpass::{Actor, Intent, Json};
use axtary_adapter_github::{
    Caller, Evidence, NormalizeError, RepositoryName, RepositoryState, RestRequest,
    normalize_request, tools,
};
use proptest::prelude::*;

use crate::{kit::branch, world::World};

fn payload(world: &World, method: &str, path: &str, body: &str) -> String {
    let actions = world.rest(method, path, body).unwrap();
    String::from_utf8(actions[0].payload().canonical().to_vec()).unwrap()
}

#[test]
fn what_is_sent_is_written_anew_with_the_commits_that_its_facts_are_true_of() {
    let world = World::new();
    assert_eq!(
        payload(
            &world,
            "PUT",
            "/repos/Company/WEB-app/contents/docs%2f%c3%A9 .md".replace(' ', "%20").as_str(),
            r#"{"content": "aGkK", "branch": "agent/fix", "message": "x"}"#
        ),
        r#"{"body":{"branch":"agent/fix","content":"aGkK","message":"x"},"branch":"agent/fix","method":"PUT","path":"/repos/company/web-app/contents/docs/%C3%A9%20.md"}"#
    );
    assert_eq!(
        payload(&world, "PUT", "/repos/company/web-app/pulls/7/merge", r#"{"sha": "$FIX"}"#),
        world.named(r#"{"base_sha":"$MAIN","body":{"sha":"$FIX"},"head_sha":"$FIX","method":"PUT","path":"/repos/company/web-app/pulls/7/merge"}"#)
    );
    assert_eq!(
        payload(&world, "DELETE", "/repos/company/web-app/git/refs/heads/agent/fix", ""),
        world.named(r#"{"base_sha":"$FIX","method":"DELETE","path":"/repos/company/web-app/git/refs/heads/agent/fix"}"#)
    );
    assert_eq!(
        payload(&world, "POST", "/repos/company/web-app/labels", r#"{"name": "x"}"#),
        r#"{"body":{"name":"x"},"method":"POST","path":"/repos/company/web-app/labels"}"#
    );
}

#[test]
fn a_request_that_opens_a_pull_request_is_the_action_of_the_typed_call() {
    let world = World::new();
    let body = r#"{"title": "Fix", "head": "agent/fix", "base": "main"}"#;
    assert_eq!(
        payload(&world, "POST", "/repos/company/web-app/pulls", body),
        world.named(r#"{"base":"main","base_sha":"$MAIN","head":"agent/fix","head_sha":"$FIX","owner":"company","repo":"web-app","title":"Fix"}"#)
    );
}

#[test]
fn a_query_is_part_of_the_payload() {
    let world = World::new();
    let request = RestRequest {
        method: "GET",
        path: "/repos/company/web-app/contents/src",
        query: "ref=agent%2Ffix",
        ..RestRequest::default()
    };
    let actions = world.actions(&request, "codex-prod").unwrap();
    assert_eq!(
        String::from_utf8_lossy(actions[0].payload().canonical()),
        r#"{"method":"GET","path":"/repos/company/web-app/contents/src","query":{"ref":"agent/fix"}}"#
    );
    assert_eq!(actions[0].facts().get("paths"), Some(&vec!["src"].into()));
    let route = "GET /repos/{owner}/{repo}/contents/{path...}";
    assert_eq!(actions[0].facts().get("route"), Some(&route.into()));
}

#[test]
fn what_is_not_known_is_named_and_never_taken_for_granted() {
    let caller = Caller {
        actor: Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap()),
        intent: Intent::new("fix").unwrap(),
        audience: "github-executor".parse().unwrap(),
    };
    let name = || RepositoryName::new("a/b").unwrap();
    let bare =
        Evidence::new().with_repository(RepositoryState::new(name(), branch("main")).unwrap());
    let needed = |method: &str, path: &str, body: &str, evidence: &Evidence| {
        let request = RestRequest { method, path, body: body.as_bytes(), ..RestRequest::default() };
        match normalize_request(&request, evidence, &caller) {
            Err(error @ NormalizeError::Evidence { .. }) => error.to_string(),
            other => panic!("{method} {path}: {other:?}"),
        }
    };
    let sha = "a".repeat(40);
    for (method, path, body, what) in [
        (
            "PUT",
            "contents/x",
            r#"{"message": "x", "content": ""}"#.to_owned(),
            "the branch `main` of `a/b`",
        ),
        ("PUT", "pulls/7/merge", "{}".to_owned(), "the pull request 7 of `a/b`"),
        ("PATCH", "git/refs/tags/v1", format!(r#"{{"sha": "{sha}"}}"#), "the tag `v1` of `a/b`"),
        ("DELETE", "git/refs/heads/x", String::new(), "the branch `x` of `a/b`"),
        (
            "POST",
            "git/refs",
            format!(r#"{{"ref": "refs/heads/x", "sha": "{sha}"}}"#),
            "the branch `main` of `a/b`",
        ),
        (
            "POST",
            "actions/workflows/ci.yml/dispatches",
            r#"{"ref": "x"}"#.to_owned(),
            "the branch `x` of `a/b`",
        ),
    ] {
        let path = format!("/repos/a/b/{path}");
        let seen = needed(method, &path, &body, &bare);
        assert_eq!(seen, format!("{what} is not known; read it from GitHub and try again"));
        let seen = needed(method, &path, &body, &Evidence::new());
        assert_eq!(seen, "the repository `a/b` is not known; read it from GitHub and try again");
    }
}

#[test]
fn what_a_refusal_quotes_is_short_and_visible() {
    let world = World::new();
    let name = format!("a\u{202e}\\n{}", "x".repeat(10_000));
    let body = format!(r#"{{"body": "hi", "{name}": 1}}"#);
    let error = world.rest("POST", "/repos/company/web-app/issues/7/comments", &body).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with(r"the body is refused: unknown field `a\u{202e}\u{a}xxx"),
        "{message}"
    );
    assert!(message.len() < 500, "{} bytes", message.len());
}

/// One call of each route that writes.
#[test]
fn every_route_comes_to_its_tool_with_the_facts_that_it_publishes() {
    let world = World::new();
    let mut seen = BTreeSet::new();
    for (method, path, body, tool) in [
        ("PATCH", "", r#"{"private": true}"#, "github.repos.update"),
        ("DELETE", "", "", "github.repos.delete"),
        ("POST", "/actions/jobs/1/rerun", "", "github.actions.rerun"),
        ("POST", "/actions/runs/1/cancel", "", "github.actions.cancel"),
        ("POST", "/actions/runs/1/force-cancel", "", "github.actions.cancel"),
        ("POST", "/actions/runs/1/rerun", "{}", "github.actions.rerun"),
        ("POST", "/actions/runs/1/rerun-failed-jobs", "", "github.actions.rerun"),
        (
            "PUT",
            "/actions/secrets/A",
            r#"{"encrypted_value": "", "key_id": ""}"#,
            "github.secrets.write",
        ),
        (
            "POST",
            "/actions/workflows/ci.yml/dispatches",
            r#"{"ref": "main"}"#,
            "github.actions.dispatch",
        ),
        (
            "PUT",
            "/codespaces/secrets/A",
            r#"{"encrypted_value": "", "key_id": ""}"#,
            "github.secrets.write",
        ),
        ("PUT", "/collaborators/bob", "", "github.collaborators.add"),
        ("PUT", "/contents/a.md", r#"{"message": "x", "content": ""}"#, "github.contents.write"),
        ("DELETE", "/contents/a.md", r#"{"message": "x", "sha": "x"}"#, "github.contents.delete"),
        (
            "PUT",
            "/dependabot/secrets/A",
            r#"{"encrypted_value": "", "key_id": ""}"#,
            "github.secrets.write",
        ),
        (
            "PUT",
            "/environments/live/secrets/a",
            r#"{"encrypted_value": "", "key_id": ""}"#,
            "github.secrets.write",
        ),
        ("POST", "/git/commits", r#"{"message": "x", "tree": "x"}"#, "github.git.create_commit"),
        ("POST", "/git/refs", r#"{"ref": "refs/heads/x", "sha": "$FIX"}"#, "github.refs.create"),
        ("PATCH", "/git/refs/heads/agent/fix", r#"{"sha": "$NEXT"}"#, "github.refs.update"),
        ("DELETE", "/git/refs/heads/agent/fix", "", "github.refs.delete"),
        ("POST", "/git/trees", r#"{"tree": []}"#, "github.git.create_tree"),
        ("POST", "/issues", r#"{"title": "x"}"#, "github.issues.create"),
        ("PATCH", "/issues/3", r#"{"title": "x"}"#, "github.issues.update"),
        ("POST", "/issues/3/comments", r#"{"body": "x"}"#, "github.issues.comment"),
        ("POST", "/merges", r#"{"base": "main", "head": "agent/fix"}"#, "github.merges.create"),
        (
            "POST",
            "/pulls",
            r#"{"title": "x", "base": "main", "head": "agent/fix"}"#,
            "github.pull_requests.create",
        ),
        ("PATCH", "/pulls/7", r#"{"title": "x"}"#, "github.pull_requests.update"),
        ("PUT", "/pulls/7/merge", r#"{"sha": "$FIX"}"#, "github.pull_requests.merge"),
        ("POST", "/pulls/7/requested_reviewers", "{}", "github.pull_requests.request_reviewers"),
        (
            "POST",
            "/pulls/7/reviews",
            r#"{"commit_id": "$FIX"}"#,
            "github.pull_requests.submit_review",
        ),
        ("POST", "/releases", r#"{"tag_name": "v2"}"#, "github.releases.create"),
        ("GET", "/readme", "", "github.repos.read"),
        ("GET", "/keys", "", "github.unknown"),
    ] {
        let path = format!("/repos/company/web-app{path}");
        let actions = world
            .rest(method, &path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let [action] = actions.as_slice() else { panic!("{method} {path}") };
        assert_eq!(action.tool().as_str(), tool, "{method} {path}");
        let known = tools().into_iter().find(|known| known.name == tool).unwrap();
        let published: Vec<&str> = known.vocabulary.facts().map(|(name, _)| name).collect();
        let derived: Vec<&str> = action.facts().iter().map(|(name, _)| name).collect();
        assert_eq!(published, derived, "{tool}");
        seen.insert(tool);
    }
    let all: BTreeSet<&str> = tools().iter().map(|tool| tool.name).collect();
    let unseen: Vec<_> = all.difference(&seen).collect();
    assert_eq!(unseen, [&"github.pull_requests.enable_auto_merge"], "GraphQL alone has it");
}

proptest! {
    #[test]
    fn no_path_is_read_in_two_ways(path in "/(repos|Repos|repositories)/[a-z%/.;~A-F0-9\u{200b}\u{ff0f}]{0,40}") {
        let world = world();
        if let Ok(actions) = world.rest("DELETE", &path, "") {
            // What was taken has one spelling, and is taken as itself.
            let payload = Json::parse(actions[0].payload().canonical()).unwrap();
            let sent = payload.as_object().unwrap().get("path").unwrap().as_str().unwrap().to_owned();
            let again = world.rest("DELETE", &sent, "").unwrap();
            prop_assert_eq!(&actions, &again);
        }
    }

    #[test]
    fn no_document_stops_the_gate(document in document()) {
        let body = Json::from(axtary_actionpass::Object::new().with("query", document)).to_string();
        match world().rest("POST", "/graphql", &body) {
            Ok(actions) => prop_assert!(!actions.is_empty()),
            Err(error) => prop_assert!(!error.code().is_empty()),
        }
    }
}

fn world() -> &'static World {
    static WORLD: std::sync::OnceLock<World> = std::sync::OnceLock::new();
    WORLD.get_or_init(World::new)
}

/// Pieces of documents in any order: some are documents, most nearly so.
fn document() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("mutation"),
        Just("query"),
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("..."),
        Just("on Mutation"),
        Just("fragment F on Mutation"),
        Just("...F"),
        Just(":"),
        Just("$v"),
        Just("$v: X = "),
        Just("@skip(if: true)"),
        Just("deleteRef(input: {refId: \"REF_fix\"})"),
        Just("input"),
        Just("\"\\u0041\""),
        Just("\"\\u{110000}\""),
        Just("\"\\ud800\""),
        Just("\"\"\"x\"\"\""),
        Just("1"),
        Just("-1.5e400"),
        Just("null"),
        Just("#\n"),
        Just("\u{feff}"),
        Just("\""),
        Just("a"),
        Just("é"),
        Just("&"),
        Just("\"\\u{FFFFFFFFFF}\""),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

#[test]
fn documents_that_are_deep_long_or_wide_are_refused() {
    let world = world();
    let refused = |document: String| {
        let body = Json::from(axtary_actionpass::Object::new().with("query", document)).to_string();
        let error = world.rest("POST", "/graphql", &body).unwrap_err();
        assert_eq!(error.code(), "github.document");
        error.to_string()
    };
    for (open, close) in [("{a", "}"), ("{a(input: [", "])}"), ("{...{", "}}")] {
        refused(format!("mutation {}{}", open.repeat(5_000), close.repeat(5_000)));
    }
    refused(format!("mutation {{ a(input: {}1{}) }}", "[".repeat(9_000), "]".repeat(9_000)));
    refused(format!("mutation {{ a(input: {}1{}) }}", "{a:".repeat(3_000), "}".repeat(3_000)));
    refused(format!("mutation($v: {}X{}) {{ a }}", "[".repeat(4_000), "]".repeat(4_000)));
    assert!(refused(format!("mutation {{ a }}{}", " ".repeat(70_000))).contains("bytes long"));
    let wide: String = (0..65).map(|number| format!("a{number}: x ")).collect();
    assert!(refused(format!("mutation {{ {wide} }}")).contains("64 root fields"));
    let many = "a ".repeat(11_000);
    refused(format!("mutation {{ x {{ {many} }} }}"));
    // Each fragment twice within the one before: a million fields, if all were looked at.
    let doubled: String = (0..20)
        .map(|number| format!("fragment F{number} on Mutation {{ ...F{0} ...F{0} }} ", number + 1))
        .collect();
    refused(format!("mutation {{ ...F0 }} {doubled} fragment F20 on Mutation {{ a }}"));
    let chain: String = (0..100)
        .map(|number| format!("fragment F{number} on Mutation {{ ...F{} }} ", number + 1))
        .collect();
    let deep = refused(format!("mutation {{ ...F0 }} {chain} fragment F100 on Mutation {{ a }}"));
    assert!(deep.contains("64 deep"), "{deep}");
}
