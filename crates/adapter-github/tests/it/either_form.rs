//! One change is the same action in REST and in GraphQL: the same tool and resource, the same facts.

use axtary_actionpass::{Action, Json, Object};

use crate::world::World;

/// The body of a call of one mutation.
pub(crate) fn body(world: &World, mutation: &str, input: &str) -> Json {
    let input = Json::parse(world.named(input).as_bytes()).unwrap();
    let (first, rest) = mutation.split_at(1);
    let input_type = format!("{}{rest}Input", first.to_uppercase());
    let document = format!(
        "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ clientMutationId }} }}"
    );
    let variables = Object::new().with("input", input);
    Object::new().with("query", document).with("variables", variables).into()
}

pub(crate) fn by_graphql(world: &World, mutation: &str, input: &str) -> Vec<Action> {
    world
        .rest("POST", "/graphql", &body(world, mutation, input).to_string())
        .unwrap_or_else(|error| panic!("{mutation}: {error}"))
}

/// Mutation and input; method, path and body of each request that does the same.
pub(crate) type Pair =
    (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

pub(crate) const PAIRS: &[Pair] = &[
    (
        "createPullRequest",
        r#"{"repositoryId": "R_web", "baseRefName": "main", "headRefName": "agent/fix", "title": "Fix", "draft": true}"#,
        &[(
            "POST",
            "/pulls",
            r#"{"base": "main", "head": "agent/fix", "title": "Fix", "draft": true}"#,
        )],
    ),
    (
        "updatePullRequest",
        r#"{"pullRequestId": "PR_7", "title": "Fix @bob", "baseRefName": "release", "state": "CLOSED", "maintainerCanModify": false}"#,
        &[(
            "PATCH",
            "/pulls/7",
            r#"{"title": "Fix @bob", "base": "release", "state": "closed", "maintainer_can_modify": false}"#,
        )],
    ),
    (
        "closePullRequest",
        r#"{"pullRequestId": "PR_7"}"#,
        &[("PATCH", "/pulls/7", r#"{"state": "closed"}"#)],
    ),
    (
        "reopenPullRequest",
        r#"{"pullRequestId": "PR_7"}"#,
        &[("PATCH", "/pulls/7", r#"{"state": "open"}"#)],
    ),
    (
        "mergePullRequest",
        r#"{"pullRequestId": "PR_7", "commitHeadline": "Fix", "commitBody": "[skip ci]", "expectedHeadOid": "$FIX", "mergeMethod": "REBASE"}"#,
        &[(
            "PUT",
            "/pulls/7/merge",
            r#"{"commit_title": "Fix", "commit_message": "[skip ci]", "sha": "$FIX", "merge_method": "rebase"}"#,
        )],
    ),
    (
        "requestReviews",
        r#"{"pullRequestId": "PR_7", "userIds": ["U_alice"], "teamIds": ["T_core"], "union": true}"#,
        &[(
            "POST",
            "/pulls/7/requested_reviewers",
            r#"{"reviewers": ["ALICE"], "team_reviewers": ["core"]}"#,
        )],
    ),
    (
        "addPullRequestReview",
        r#"{"pullRequestId": "PR_7", "commitOID": "$FIX", "event": "APPROVE", "body": "/lgtm",
            "threads": [{"path": "src/lib.rs", "line": 2, "startLine": 1, "body": "@bob?"}]}"#,
        &[(
            "POST",
            "/pulls/7/reviews",
            r#"{"commit_id": "$FIX", "event": "APPROVE", "body": "/lgtm",
                "comments": [{"path": "src/lib.rs", "line": 2, "start_line": 1, "body": "@bob?"}]}"#,
        )],
    ),
    (
        "createCommitOnBranch",
        r#"{"branch": {"id": "REF_fix"}, "expectedHeadOid": "$FIX", "message": {"headline": "x"},
            "fileChanges": {"additions": [{"path": "docs/a.md", "contents": "aGkK"}], "deletions": [{"path": "README.md"}]}}"#,
        &[
            (
                "PUT",
                "/contents/docs/a.md",
                r#"{"message": "x", "content": "aGk\nK", "branch": "agent/fix"}"#,
            ),
            (
                "DELETE",
                "/contents/README.md",
                r#"{"message": "x", "sha": "$MAIN", "branch": "refs/heads/agent/fix"}"#,
            ),
        ],
    ),
    (
        "createRef",
        r#"{"repositoryId": "R_web", "name": "refs/heads/agent/new", "oid": "$FIX"}"#,
        &[("POST", "/git/refs", r#"{"ref": "refs/heads/agent/new", "sha": "$FIX"}"#)],
    ),
    (
        "updateRef",
        r#"{"refId": "REF_fix", "oid": "$NEXT", "force": true}"#,
        &[("PATCH", "/git/refs/heads/agent/fix", r#"{"sha": "$NEXT", "force": true}"#)],
    ),
    ("deleteRef", r#"{"refId": "REF_v1"}"#, &[("DELETE", "/git/refs/tags/v1", "")]),
    (
        "updateRefs",
        r#"{"repositoryId": "R_web", "refUpdates": [
            {"name": "refs/heads/agent/new", "beforeOid": "0000000000000000000000000000000000000000", "afterOid": "$FIX"},
            {"name": "refs/heads/agent/fix", "beforeOid": "$FIX", "afterOid": "$OTHER", "force": true},
            {"name": "refs/tags/v1", "beforeOid": "$MAIN", "afterOid": "0000000000000000000000000000000000000000"}]}"#,
        &[
            ("POST", "/git/refs", r#"{"ref": "refs/heads/agent/new", "sha": "$FIX"}"#),
            ("PATCH", "/git/refs/heads/agent/fix", r#"{"sha": "$OTHER", "force": true}"#),
            ("DELETE", "/git/refs/tags/v1", ""),
        ],
    ),
    (
        "mergeBranch",
        r#"{"repositoryId": "R_web", "base": "main", "head": "agent/fix", "commitMessage": "x"}"#,
        &[("POST", "/merges", r#"{"base": "main", "head": "agent/fix", "commit_message": "x"}"#)],
    ),
    (
        "createIssue",
        r#"{"repositoryId": "R_web", "title": "x", "body": "@bob", "labelIds": ["L_bug"], "assigneeIds": ["U_alice"]}"#,
        &[(
            "POST",
            "/issues",
            r#"{"title": "x", "body": "@bob", "labels": ["bug"], "assignees": ["alice"]}"#,
        )],
    ),
    (
        "updateIssue",
        r#"{"id": "I_3", "labelIds": ["L_bug"], "milestoneId": null, "state": "OPEN"}"#,
        &[("PATCH", "/issues/3", r#"{"labels": ["bug"], "milestone": null, "state": "open"}"#)],
    ),
    (
        "closeIssue",
        r#"{"issueId": "I_3", "stateReason": "COMPLETED"}"#,
        &[("PATCH", "/issues/3", r#"{"state": "closed", "state_reason": "completed"}"#)],
    ),
    ("reopenIssue", r#"{"issueId": "I_3"}"#, &[("PATCH", "/issues/3", r#"{"state": "open"}"#)]),
    (
        "addComment",
        r#"{"subjectId": "PR_7", "body": "/merge @alice"}"#,
        &[("POST", "/issues/7/comments", r#"{"body": "/merge @alice"}"#)],
    ),
];

#[test]
fn a_mutation_and_the_requests_that_do_the_same_are_one_in_tool_resource_and_facts() {
    let world = World::new();
    for (mutation, input, requests) in PAIRS {
        let actions = by_graphql(&world, mutation, input);
        assert_eq!(actions.len(), requests.len(), "{mutation}");
        for (action, (method, path, body)) in actions.iter().zip(*requests) {
            let path = format!("/repos/company/web-app{path}");
            let same = world
                .rest(method, &path, body)
                .unwrap_or_else(|error| panic!("{mutation} as {method} {path}: {error}"));
            let [same] = same.as_slice() else { panic!("{mutation}: {}", same.len()) };
            assert_eq!(action.tool(), same.tool(), "{mutation}");
            assert_eq!(action.resource(), same.resource(), "{mutation}");
            assert_eq!(action.facts(), same.facts(), "{mutation}");
        }
    }
}

#[test]
fn a_merge_later_has_the_facts_of_a_merge_now() {
    let world = World::new();
    let input = r#"{"pullRequestId": "PR_7", "expectedHeadOid": "$FIX"}"#;
    let now = by_graphql(&world, "mergePullRequest", input);
    let later = by_graphql(&world, "enablePullRequestAutoMerge", input);
    assert_eq!(later[0].tool().as_str(), "github.pull_requests.enable_auto_merge");
    assert_eq!(later[0].facts(), now[0].facts());
}

#[test]
fn each_part_of_a_document_has_a_payload_of_its_own() {
    let world = World::new();
    let document = r#"{"query": "mutation { a: addComment(input: {subjectId: \"I_3\", body: \"hi\"}) { clientMutationId } b: addComment(input: {subjectId: \"I_3\", body: \"hi\"}) { clientMutationId } }"}"#;
    let actions = world.rest("POST", "/graphql", document).unwrap();
    let [first, second] = actions.as_slice() else { panic!("{} parts", actions.len()) };
    assert_eq!(first.facts(), second.facts());
    assert_ne!(
        first.payload().hash(),
        second.payload().hash(),
        "a pass for one is none for the other"
    );
    let payload = Json::parse(second.payload().canonical()).unwrap();
    let payload = payload.as_object().unwrap();
    assert_eq!(payload.get("part"), Some(&vec![1, 2].into()));
    assert_eq!(payload.get("path"), Some(&"/graphql".into()));
    assert_eq!(payload.get("body"), Some(&Json::parse(document.as_bytes()).unwrap()));
}
