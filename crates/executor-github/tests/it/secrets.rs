//! The credential is seen by GitHub and by nobody else.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use axtary_executor_github::{ApiUrl, App, Client, Secret};
use axtary_github_server::Mishap;
use serde_json::json;

use crate::{
    apps,
    kit::{Scene, TOKEN},
};

/// Everything that anything logged in this process.
static LOGGED: Mutex<String> = Mutex::new(String::new());

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // Not what the server logs of its own: it was sent the token.
        if !record.target().starts_with("tiny_http") {
            logged().push_str(&format!("{} {}\n", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

fn logged() -> MutexGuard<'static, String> {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        log::set_logger(&Log).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

#[test]
fn the_token_is_in_no_error_no_record_no_log_and_no_debug() {
    listen();
    let mut shown = String::new();
    let echo =
        || json!({ "message": format!("bad: Bearer {TOKEN}"), "errors": [{ "message": TOKEN }] });
    for mishap in [
        Mishap::Silence,
        Mishap::HalfAnAnswer,
        Mishap::CutJson,
        Mishap::Html,
        Mishap::bad_gateway(),
        Mishap::instead(401, &[], echo()),
        Mishap::instead(422, &[("etag", TOKEN)], echo()),
        Mishap::instead(302, &[("location", &format!("https://evil.example/{TOKEN}"))], echo()),
        Mishap::instead(201, &[("content-type", TOKEN)], echo()),
    ] {
        let silent = matches!(mishap, Mishap::Silence | Mishap::HalfAnAnswer);
        let scene = if silent { Scene::impatient() } else { Scene::new() };
        let (action, token) = scene.permitted();
        let blob = git2::Oid::hash_object(git2::ObjectType::Blob, b"fn login() {}\n").unwrap();
        let blob = format!("/git/blobs/{blob}");
        scene.inject("POST", "/pulls", mishap);
        let report = scene.execute(&action, &token).unwrap();
        shown += &format!(
            "{report:?} {:?} {:?}",
            scene.executor,
            report.error().map(ToString::to_string)
        );
        scene
            .guard
            .record_outcome(report.claims().id(), report.outcome(), report.observed())
            .unwrap();
        for record in scene.ledger.records() {
            shown += &String::from_utf8_lossy(record.body());
        }
        for path in ["/branches/fix", "/commits", blob.as_str()] {
            scene.inject("GET", path, Mishap::instead(404, &[], echo()));
            let (action, token) = scene.permitted();
            let error = scene.execute(&action, &token).unwrap_err();
            shown += &format!("{error:?} {error}");
        }
    }
    let secret = Secret::new(TOKEN);
    let client = Client::with_token(ApiUrl::github(), secret.clone()).unwrap();
    let app = App::new(1, 2, &apps::private_key()).unwrap();
    shown += &format!("{secret:?} {client:?} {app:?}");
    let refused = Client::with_token(ApiUrl::github(), Secret::new(format!("{TOKEN}\n")));
    shown += &format!("{refused:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    let logged = logged().clone();
    assert!(logged.contains("ureq"), "the client logs, and is listened to");
    // What the other side repeats in a header of its own, `ureq` logs as it came.
    let ours = logged.lines().filter(|line| !line.starts_with("ureq::run Response"));
    let leak = { ours }.find(|line| line.contains(TOKEN));
    assert_eq!(leak, None);
}

#[test]
fn a_token_that_no_header_holds_is_refused() {
    for token in ["", "a b", "a\r\nx: y", "tök"] {
        assert!(Client::with_token(ApiUrl::github(), Secret::new(token)).is_err(), "{token:?}");
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let ec = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
    for pem in ["", "-----BEGIN RSA PRIVATE KEY-----", "hello", ec] {
        let error = App::new(1, 2, &Secret::new(pem)).unwrap_err().to_string();
        assert!(error.contains("the key of the GitHub App is refused"), "{error}");
    }
}
