//! A GitHub App acts with tokens that open one repository for one purpose.

use std::{fs, path::Path, time::Duration};

use axtary_actionpass::Outcome;
use axtary_executor_github::{App, Client, Secret};
use axtary_github_server::Mishap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{rsa::KeyPair, signature::KeyPair as _};
use serde_json::json;

use crate::{kit::Scene, third_parties::fits_the_description};

/// The key of an app that exists nowhere.
pub(crate) fn private_key() -> Secret {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/app.pem");
    Secret::new(fs::read_to_string(path).unwrap())
}

fn public_key() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/app.pem");
    let pem = fs::read_to_string(path).unwrap();
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = KeyPair::from_der(&STANDARD.decode(text).unwrap()).unwrap();
    key.public_key().as_ref().to_vec()
}

fn scene() -> Scene {
    let app = App::new(7, 42, &private_key()).unwrap();
    let scene = Scene::with_client(|url| Client::with_app(url, app));
    scene.server.world().register_app(7, 42, public_key());
    scene
}

fn tokens_made(scene: &Scene) -> usize {
    let made = |target: &str| target.ends_with("/access_tokens");
    scene.exchanges().iter().filter(|exchange| made(&exchange.request.target)).count()
}

#[test]
fn a_token_is_for_one_repository_and_what_the_call_needs() {
    let scene = scene();
    let (action, token) = scene.permitted();
    assert_eq!(scene.execute(&action, &token).unwrap().outcome(), Outcome::Executed);
    let first = scene.exchanges()[0].clone();
    assert_eq!(first.request.target, "/app/installations/42/access_tokens");
    assert_eq!(
        first.request.body,
        json!({
            "permissions": { "contents": "read", "pull_requests": "write" },
            "repositories": ["web-app"],
        })
    );
    let used = scene.exchanges()[1].request.headers["authorization"].clone();
    assert_eq!(used, "Bearer ghs_7x1");
    fits_the_description(&scene.server, "app");
}

#[test]
fn a_token_is_used_until_it_nears_its_end() {
    let scene = scene();
    let execute = || {
        let (action, token) = scene.permitted();
        assert!(scene.execute(&action, &token).is_ok());
        tokens_made(&scene)
    };
    assert_eq!(execute(), 1);
    assert_eq!(execute(), 1);
    // GitHub's tokens live for an hour; this is five minutes before.
    scene.clock.advance(Duration::from_secs(3300));
    scene.server.world().now += 3300;
    assert_eq!(execute(), 2);
}

#[test]
fn a_token_that_was_revoked_is_not_used_again() {
    let scene = scene();
    let (action, token) = scene.permitted();
    scene.inject("POST", "/pulls", Mishap::instead(422, &[], json!({ "message": "No" })));
    assert_eq!(scene.execute(&action, &token).unwrap().outcome(), Outcome::Failed);
    scene.server.world().revoke_tokens();
    let (action, token) = scene.permitted();
    let execute = || scene.execute(&action, &token);
    assert!(execute().unwrap_err().to_string().contains("401"));
    assert_eq!(execute().unwrap().outcome(), Outcome::Executed);
    assert_eq!(tokens_made(&scene), 2);
}

#[test]
fn a_strangers_key_and_a_clock_that_is_wrong_open_nothing() {
    let scene = scene();
    scene.clock.advance(Duration::from_secs(3600));
    let (action, token) = scene.permitted();
    let error = scene.execute(&action, &token).unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    assert_eq!(tokens_made(&scene), 1, "what is refused is not asked for again");
}

#[test]
fn an_answer_without_a_token_or_an_end_is_refused() {
    for body in [
        json!({}),
        json!({ "token": "ghs_x" }),
        json!({ "token": "ghs_x", "expires_at": "soon" }),
        json!({ "expires_at": "2026-07-28T13:00:00Z" }),
    ] {
        let scene = scene();
        let (action, token) = scene.permitted();
        scene.inject("POST", "/access_tokens", Mishap::instead(201, &[], body));
        assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "github_api.form");
    }
}
