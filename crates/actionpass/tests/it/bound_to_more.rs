//! A pass can be bound to more than its call, and what it is bound to is carried, checked and recorded.

use axtary_actionpass::{
    Action, Actor, AgentId, Bindings, Json, LedgerHash, Object, Signer as _, SigningKey, Timestamp,
    ToolHash,
};

use crate::kit::{NOW, Scene, action, execution, parts, sign};

fn holder() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn bound(bindings: Bindings) -> Action {
    let kit = action();
    let actor = Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap())
        .delegated_by(vec!["planner".parse().unwrap(), "orchestrator".parse().unwrap()])
        .unwrap();
    Action::builder(actor, kit.tool().clone(), kit.resource().clone())
        .intent(kit.intent().clone())
        .audience(kit.audience().clone())
        .payload(kit.payload().clone())
        .facts(kit.facts().clone())
        .bindings(bindings)
        .build()
        .unwrap()
}

fn everything() -> Bindings {
    Bindings::none()
        .to_holder(holder().verifying_key().id().clone())
        .in_transaction("checkout-7".parse().unwrap())
        .under_approval(LedgerHash::from_bytes([1; 32]))
        .of_tool_definition(ToolHash::from_bytes([2; 32]))
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

#[test]
fn bindings_and_delegation_reach_the_verifier_as_they_were_given() {
    let scene = Scene::new();
    let pass = scene.guard.check(&bound(everything())).unwrap();
    let proof = holder().prove_possession(pass.claims(), now()).unwrap();
    let action = action();
    let verified = scene.verifier.verify_held(pass.token(), &proof, &execution(&action)).unwrap();
    assert_eq!(verified.claims(), pass.claims());
    assert_eq!(verified.claims().bindings(), &everything());
    let agents: Vec<&str> =
        verified.claims().actor().delegations().iter().map(AgentId::as_str).collect();
    assert_eq!(agents, ["planner", "orchestrator"]);
    let (_, claims) = parts(pass.token());
    let text = String::from_utf8(claims).unwrap();
    assert!(
        text.starts_with(
            r#"{"act":{"act":{"sub":"orchestrator"},"sub":"planner"},"approval":"sha256:0101"#
        ),
        "{text}"
    );
}

#[test]
fn a_pass_bound_to_a_key_is_refused_without_a_proof_of_that_key() {
    let scene = Scene::new();
    let pass = scene.guard.check(&bound(everything())).unwrap();
    let action = action();
    let held = |proof: &str| scene.verifier.verify_held(pass.token(), proof, &execution(&action));
    let error = scene.verifier.verify(pass.token(), &execution(&action)).unwrap_err();
    assert_eq!(error.code(), "holder_proof_missing");

    let proof = holder().prove_possession(pass.claims(), now()).unwrap();
    let other_pass = scene.guard.check(&bound(everything())).unwrap();
    let (header, claims) = parts(&proof);
    let header_text = String::from_utf8(header.clone()).unwrap();
    let of_type = |typ: &str| header_text.replace("actionpass-proof+jwt", typ);
    let resigned = |header: &str, claims: &[u8]| sign(&holder(), header.as_bytes(), claims);
    let claims_text = String::from_utf8(claims.clone()).unwrap();
    for (proof, problem) in [
        (String::new(), "compact JWS"),
        (pass.token().to_owned(), "header"),
        (
            SigningKey::from_seed(&[8; 32]).prove_possession(pass.claims(), now()).unwrap(),
            "another key",
        ),
        (holder().prove_possession(other_pass.claims(), now()).unwrap(), "another pass"),
        (resigned(&of_type("actionpass+jwt"), &claims), "header"),
        (resigned(&of_type("dpop+jwt"), &claims), "header"),
        (resigned(&header_text.replace("EdDSA", "none"), &claims), "header"),
        (
            resigned(&header_text.replace(r#","kty":"OKP""#, r#","d":"AA","kty":"OKP""#), &claims),
            "header",
        ),
        (sign(&SigningKey::from_seed(&[8; 32]), &header, &claims), "signature"),
        (resigned(&header_text, br#"{"iat":1,"jti":"x"}"#), "claims"),
        (resigned(&header_text, b"{"), "strict JSON"),
        (
            resigned(&header_text, claims_text.replace("sha256:7e", "sha256:7f").as_bytes()),
            "another payload",
        ),
        (
            resigned(&header_text, claims_text.replace(&NOW.to_string(), "\"now\"").as_bytes()),
            "whole seconds",
        ),
        (
            holder()
                .prove_possession(pass.claims(), Timestamp::from_seconds(NOW - 31).unwrap())
                .unwrap(),
            "just now",
        ),
        (
            holder()
                .prove_possession(pass.claims(), Timestamp::from_seconds(NOW + 31).unwrap())
                .unwrap(),
            "just now",
        ),
    ] {
        let error = held(&proof).unwrap_err();
        assert_eq!(error.code(), "holder_proof_refused", "{problem}: {error}");
        assert!(error.to_string().contains(problem), "{problem}: {error}");
    }
    assert!(held(&proof).is_ok(), "none of the attempts used the pass up");
    assert_eq!(held(&proof).unwrap_err().code(), "already_consumed");
}

#[test]
fn bindings_that_are_not_in_form_are_refused() {
    let scene = Scene::new();
    let hash = format!("sha256:{}", "0".repeat(64));
    for (claim, value) in [
        ("cnf", Json::from(Object::new())),
        ("cnf", Json::from(Object::new().with("jkt", "short"))),
        ("cnf", Json::from(Object::new().with("jkt", scene.key.key_id().as_str()).with("jwk", 1))),
        ("txn", Json::from("two words")),
        ("txn", Json::from("")),
        ("approval", Json::from("sha256:00")),
        ("tool_hash", Json::from(hash.to_uppercase())),
        ("act", Json::from("planner")),
        ("act", Json::from(Object::new())),
        ("act", Json::from(Object::new().with("sub", "planner").with("iss", "x"))),
        ("act", Json::from(Object::new().with("sub", "a b"))),
        (
            "act",
            (0..9)
                .fold(Object::new().with("sub", "a"), |act, _| {
                    Object::new().with("act", act).with("sub", "a")
                })
                .into(),
        ),
    ] {
        let token = scene.forge(|claims| drop(claims.insert(claim, value.clone())));
        assert_eq!(scene.refusal(&token), "bad_claims", "{claim}: {value}");
    }
}

#[test]
fn a_task_handed_on_too_often_is_refused_before_it_is_asked_for() {
    let agents = vec![AgentId::new("a").unwrap(); Actor::MAX_DELEGATIONS + 1];
    let actor = Actor::new("a".parse().unwrap(), "b".parse().unwrap());
    assert!(actor.delegated_by(agents).is_err());
}
