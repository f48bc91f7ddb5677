//! GitHub's rate limits are honoured, and waited for no longer than is bearable.

use std::time::Duration;

use axtary_actionpass::Outcome;
use axtary_github_server::Mishap;
use serde_json::json;

use crate::kit::Scene;

fn refusal(status: u16, headers: &[(&str, &str)]) -> Mishap {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes.";
    Mishap::instead(status, headers, json!({ "message": message }))
}

fn waits_for(mishap: Mishap) -> Vec<u64> {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    scene.inject("GET", "/branches/fix", mishap);
    assert_eq!(scene.execute(&action, &token).unwrap().outcome(), Outcome::Executed);
    let waits = scene.waits.lock().unwrap();
    waits.iter().map(Duration::as_secs).filter(|seconds| *seconds > 0).collect()
}

#[test]
fn a_request_that_is_told_to_wait_waits_as_long_as_it_is_told() {
    // Half a second is the pause before anything is repeated.
    assert_eq!(waits_for(refusal(429, &[("retry-after", "7")])), [6]);
    assert_eq!(waits_for(refusal(403, &[("retry-after", "7")])), [6]);
    assert_eq!(waits_for(refusal(403, &[])), [59], "a minute, if nothing else is said");
    let reset = (axtary_github_server::NOW + 20).to_string();
    let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    assert_eq!(waits_for(refusal(403, &used_up)), [20], "and a second for clocks that differ");
}

#[test]
fn a_wait_that_is_not_bearable_is_a_refusal_that_says_how_long() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    scene.inject("GET", "/branches/fix", refusal(429, &[("retry-after", "600")]));
    let error = scene.execute(&action, &token).unwrap_err();
    assert_eq!(error.code(), "github_api.rate_limited");
    assert!(error.to_string().contains("another 599 s, longer than the 60 s"), "{error}");
    assert_eq!(scene.writes(), 0);
    scene.clock.advance(Duration::from_secs(540));
    let report = scene.execute(&action, &token);
    assert!(report.is_ok(), "the rest of the wait is bearable: {report:?}");
    assert_eq!(scene.waits.lock().unwrap().last().unwrap().as_secs(), 59);
}

#[test]
fn what_is_sent_once_is_not_sent_again_after_a_limit() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    scene.inject("POST", "/pulls", refusal(429, &[("retry-after", "1")]));
    let report = scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Failed);
    assert_eq!(scene.writes(), 1);
}

#[test]
fn requests_wait_before_the_limit_is_broken() {
    let scene = Scene::new();
    scene.server.world().remaining = 1;
    let (action, token) = scene.permitted();
    let error = scene.execute(&action, &token).unwrap_err();
    assert!(error.to_string().contains("rate limit is used up for another 61 s"), "{error}");
    assert_eq!(scene.exchanges().len(), 1);
}
