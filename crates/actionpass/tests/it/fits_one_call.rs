//! A pass fits the call that it was issued for, and no other.

use axtary_actionpass::{Execution, Facts, MemoryStore, Object, Payload, Verifier};

use crate::kit::{Scene, action, execution, facts, issuer, vocabulary};

#[test]
fn another_tool_resource_or_audience_is_refused() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    let (tool, resource) =
        ("github.pull_requests.merge".parse().unwrap(), "repo:company/web-ap".parse().unwrap());
    let code = |execution| scene.verifier.verify(pass.token(), &execution).unwrap_err().code();
    assert_eq!(code(Execution { tool: &tool, ..execution(&action) }), "tool_mismatch");
    assert_eq!(code(Execution { resource: &resource, ..execution(&action) }), "resource_mismatch");

    let keys = axtary_actionpass::KeySet::new().trust(issuer(), scene.key.verifying_key()).unwrap();
    for audience in ["github-executor/", "github", "GitHub-Executor"] {
        let other = Verifier::new(keys.clone(), audience.parse().unwrap(), MemoryStore::default())
            .unwrap()
            .with_vocabulary(vocabulary())
            .with_clock(scene.clock.clone());
        let error = other.verify(pass.token(), &execution(&action)).unwrap_err();
        assert_eq!(error.code(), "audience_mismatch", "{audience}");
    }
}

#[test]
fn a_payload_changed_in_any_byte_is_refused() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    let canonical = action.payload().canonical().to_vec();
    for at in 0..canonical.len() {
        let mut changed = canonical.clone();
        changed[at] ^= 1;
        // What is not JSON any more cannot be sent at all.
        let Ok(payload) = Payload::parse(&changed) else { continue };
        let error = scene
            .verifier
            .verify(pass.token(), &Execution { payload: &payload, ..execution(&action) })
            .unwrap_err();
        assert_eq!(error.code(), "payload_mismatch", "byte {at}");
    }
    assert_eq!(scene.verify(pass.token()), Ok(()), "a refused attempt does not use the pass up");
}

#[test]
fn another_spelling_of_the_same_payload_is_the_same_payload() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    let payload =
        Payload::parse(b"{ \"base\":\"m\\u0061in\", \"head\":\"fix\", \"title\":\"Fix login\" }")
            .unwrap();
    assert!(
        scene
            .verifier
            .verify(pass.token(), &Execution { payload: &payload, ..execution(&action) })
            .is_ok()
    );
}

#[test]
fn constraints_are_checked_again_on_the_facts_at_execution() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    let code = |facts: &Facts| {
        scene
            .verifier
            .verify(pass.token(), &Execution { facts, ..execution(&action) })
            .unwrap_err()
            .code()
    };
    assert_eq!(code(&facts(13)), "constraint_violated");
    assert_eq!(code(&Facts::default()), "constraint_violated", "a missing fact meets nothing");
    let env = Object::new().with("files_changed", 1).with("paths", vec!["web/.env.local"]);
    assert_eq!(code(&Facts::new(env).unwrap()), "constraint_violated");
}

#[test]
fn a_constraint_that_the_verifier_does_not_know_is_refused() {
    let scene = Scene::new();
    let token = scene
        .forge(|claims| drop(claims.insert("constraints", Object::new().with("max_lines", 3))));
    assert_eq!(scene.refusal(&token), "constraint_unreadable");
    let token = scene.forge(|claims| {
        drop(claims.insert("constraints", Object::new().with("max_files_changed", "3")))
    });
    assert_eq!(scene.refusal(&token), "constraint_unreadable");
}

#[test]
fn looking_at_a_pass_does_not_use_it_up() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    for _ in 0..2 {
        let claims =
            scene.verifier.check_without_consuming(pass.token(), &execution(&action)).unwrap();
        assert_eq!(claims.id(), pass.id());
    }
    assert_eq!(scene.verify(pass.token()), Ok(()));
}
