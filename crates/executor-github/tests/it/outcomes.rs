//! What became of a call is said as it is known: executed, failed, or unknown.

use axtary_actionpass::Outcome;
use axtary_github_server::Mishap;
use serde_json::json;

use crate::kit::Scene;

/// Executes while the request itself goes wrong, and answers with the outcome, its error, and how many were sent.
fn outcome_of(mishap: Mishap) -> (Outcome, &'static str, usize) {
    let silent = matches!(mishap, Mishap::Silence | Mishap::HalfAnAnswer);
    let scene = if silent { Scene::impatient() } else { Scene::new() };
    let (action, token) = scene.permitted();
    scene.inject("POST", "/pulls", mishap);
    let report = scene.execute(&action, &token).unwrap();
    (report.outcome(), report.error().map_or("", |error| error.code()), scene.writes())
}

#[test]
fn no_whole_answer_after_sending_is_unknown_and_nothing_is_sent_again() {
    for mishap in [Mishap::Silence, Mishap::HalfAnAnswer] {
        assert_eq!(outcome_of(mishap), (Outcome::Unknown, "github_api.no_answer", 1));
    }
}

#[test]
fn an_answer_that_github_would_not_give_is_unknown() {
    for mishap in [
        Mishap::CutJson,
        Mishap::Html,
        Mishap::instead(201, &[], json!([])),
        Mishap::instead(201, &[], json!("created")),
    ] {
        assert_eq!(outcome_of(mishap), (Outcome::Unknown, "github_api.form", 1));
    }
    assert_eq!(outcome_of(Mishap::bad_gateway()), (Outcome::Unknown, "github_api.status", 1));
    let large = Mishap::instead(201, &[], json!("x".repeat(5 << 20)));
    assert_eq!(outcome_of(large), (Outcome::Unknown, "github_api.too_large", 1));
}

#[test]
fn a_refusal_and_a_redirect_are_failures() {
    for status in [401, 403, 404, 409, 422] {
        let refusal = Mishap::instead(status, &[], json!({ "message": "No" }));
        assert_eq!(outcome_of(refusal), (Outcome::Failed, "github_api.status", 1), "{status}");
    }
    for status in [301, 302, 307, 308] {
        let away = Mishap::instead(status, &[("location", "/repos/other/name/pulls")], json!({}));
        assert_eq!(outcome_of(away), (Outcome::Failed, "github_api.redirected", 1), "{status}");
    }
}

#[test]
fn a_second_pull_request_of_the_same_branch_fails_with_what_github_says() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    assert_eq!(scene.execute(&action, &token).unwrap().outcome(), Outcome::Executed);
    let (_, token) = scene.permitted();
    let report = scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Failed);
    let error = report.error().unwrap().to_string();
    assert!(error.contains("A pull request already exists for company:fix."), "{error}");
}

#[test]
fn a_server_that_is_not_there_leaves_the_pass_unused() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    let Scene { server, executor, .. } = scene;
    drop(server);
    let error = executor.execute(action.tool(), action.payload(), &token).unwrap_err();
    assert_eq!(error.code(), "github_api.not_sent");
    assert!(error.to_string().contains("was not sent"), "{error}");
}

#[test]
fn what_only_reads_is_read_again() {
    let scene = Scene::impatient();
    let (action, token) = scene.permitted();
    for mishap in [Mishap::bad_gateway(), Mishap::Silence] {
        scene.inject("GET", "/branches/fix", mishap);
    }
    assert_eq!(scene.execute(&action, &token).unwrap().outcome(), Outcome::Executed);
    assert_eq!(scene.waits.lock().unwrap().len(), 2);
}

#[test]
fn reading_is_given_up_after_a_few_times_and_a_redirect_is_not_followed() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    for _ in 0..3 {
        scene.inject("GET", "/branches/fix", Mishap::bad_gateway());
    }
    assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "github_api.status");
    let elsewhere = Mishap::instead(301, &[("location", "/repos/company/other")], json!({}));
    scene.inject("GET", "/branches/fix", elsewhere);
    assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "github_api.redirected");
    let other = json!({ "name": "other", "commit": { "sha": "a" }, "protected": false });
    scene.inject("GET", "/branches/fix", Mishap::instead(200, &[], other));
    assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "github_api.form");
    assert_eq!(scene.writes(), 0);
    assert!(scene.execute(&action, &token).is_ok(), "the pass was not used up");
}
