//! A model of the verifier's order: of everything that is wrong with a token and its execution, the check that stands
//! first in `docs/formats/pass.md` refuses, and nothing wrong at all is accepted.

use axtary_actionpass::{
    ConsumptionStore as _, Execution, Json, KeySet, MemoryStore, Object, Payload, Revocation,
    Signer as _, SigningKey, Timestamp, TrustedKey, Verifier,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::kit::{NOW, Scene, action, execution, facts, issuer, parts, vocabulary};

/// One thing wrong, and the code of the check that it fails; in the order of the checks.
const WRONG: [(&str, &str); 25] = [
    ("too large", "token_too_large"),
    ("four segments", "not_compact_jws"),
    ("padded signature", "bad_encoding"),
    ("typ of an approval", "bad_header"),
    ("kid of a stranger", "unknown_key"),
    ("alg of another kind", "alg_mismatch"),
    ("key retired", "key_retired"),
    ("signature flipped", "bad_signature"),
    ("unknown claim", "bad_claims"),
    ("another issuer", "issuer_mismatch"),
    ("not yet", "pass_not_yet_valid"),
    ("expired", "pass_expired"),
    ("lives too long", "lifetime_refused"),
    ("another audience", "audience_mismatch"),
    ("another tool", "tool_mismatch"),
    ("another resource", "resource_mismatch"),
    ("another payload", "payload_mismatch"),
    ("unknown constraint", "constraint_unreadable"),
    ("violated constraint", "constraint_violated"),
    ("bound to a holder", "holder_proof_missing"),
    ("agent revoked", "revoked"),
    ("key revoked in the store", "revoked"),
    ("pass revoked", "revoked"),
    ("issued before a revocation", "revoked"),
    ("used before", "already_consumed"),
];

/// Builds the token and its execution with these things wrong, and says what the verifier answers.
fn verify(wrong: &[&str]) -> Result<(), &'static str> {
    let is = |what: &str| wrong.contains(&what);
    let scene = Scene::new();
    let number = |seconds: i64| Json::Number(seconds.try_into().unwrap());

    let Json::Object(mut claims) = Json::parse(&parts(scene.pass().token()).1).unwrap() else {
        panic!("an object")
    };
    let mut set = |claim: &str, value: Json| drop(claims.insert(claim, value));
    if is("unknown claim") {
        set("admin", true.into());
    }
    if is("another issuer") {
        set("iss", "https://other.example".into());
    }
    if is("not yet") {
        set("nbf", number(NOW + 31));
    }
    if is("expired") {
        set("exp", number(NOW - 30));
    }
    if is("lives too long") {
        set("iat", number(NOW - 7200));
    }
    if is("another audience") {
        set("aud", "slack-executor".into());
    }
    if is("unknown constraint") {
        set("constraints", Object::new().with("max_lines", 3).into());
    }
    if is("bound to a holder") {
        set(
            "cnf",
            Object::new().with("jkt", SigningKey::from_seed(&[9; 32]).key_id().as_str()).into(),
        );
    }
    let id = claims.get("jti").and_then(Json::as_str).unwrap().parse().unwrap();

    let kid =
        if is("kid of a stranger") { SigningKey::from_seed(&[8; 32]) } else { scene.key.clone() };
    let header = format!(
        r#"{{"alg":"{}","kid":"{}","typ":"{}"}}"#,
        if is("alg of another kind") { "Ed25519" } else { "EdDSA" },
        kid.key_id(),
        if is("typ of an approval") { "actionpass-approval+jwt" } else { "actionpass+jwt" },
    );
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(Json::Object(claims).to_canonical())
    );
    let mut signature = scene.key.sign(signed.as_bytes()).unwrap();
    if is("signature flipped") {
        signature[0] ^= 1;
    }
    let mut token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    if is("padded signature") {
        token.push_str("==");
    }
    if is("four segments") {
        token.push_str(".x");
    }
    if is("too large") {
        token.push_str(&"A".repeat(16 * 1024));
    }

    let mut key = TrustedKey::new(issuer(), scene.key.verifying_key());
    if is("key retired") {
        key = key.retires_at(Timestamp::from_seconds(NOW).unwrap());
    }
    let store = std::sync::Arc::new(MemoryStore::default());
    for (what, revocation) in [
        ("agent revoked", Revocation::Agent("codex-prod".parse().unwrap())),
        ("key revoked in the store", Revocation::Key(scene.key.key_id().clone())),
        ("pass revoked", Revocation::Pass(id)),
        (
            "issued before a revocation",
            Revocation::IssuedBefore(Timestamp::from_seconds(NOW + 1).unwrap()),
        ),
    ] {
        if is(what) {
            store.revoke(&revocation).unwrap();
        }
    }
    let verifier = Verifier::new(
        KeySet::new().trust_key(key).unwrap(),
        "github-executor".parse().unwrap(),
        std::sync::Arc::clone(&store),
    )
    .unwrap()
    .with_vocabulary(vocabulary())
    .with_clock(scene.clock.clone());

    let action = action();
    let (tool, resource) =
        ("github.repos.delete".parse().unwrap(), "repo:company/other".parse().unwrap());
    let payload = Payload::parse(b"{}").unwrap();
    let mut execution = execution(&action);
    let many = facts(13);
    if is("another tool") {
        execution.tool = &tool;
    }
    if is("another resource") {
        execution.resource = &resource;
    }
    if is("another payload") {
        execution.payload = &payload;
    }
    if is("violated constraint") {
        execution.facts = &many;
    }
    if is("used before") {
        let fitting = Execution {
            tool: action.tool(),
            resource: action.resource(),
            payload: action.payload(),
            facts: action.facts(),
        };
        // Where something else is wrong with the token too, it cannot have been used; the other check refuses anyway.
        drop(verifier.verify(&token, &fitting));
    }
    verifier.verify(&token, &execution).map(drop).map_err(|error| error.code())
}

#[test]
fn nothing_wrong_is_accepted() {
    assert_eq!(verify(&[]), Ok(()));
}

#[test]
fn each_thing_wrong_is_refused_by_its_own_check() {
    for (wrong, code) in WRONG {
        assert_eq!(verify(&[wrong]), Err(code), "{wrong}");
    }
}

#[test]
fn of_any_two_things_wrong_the_earlier_check_refuses() {
    for (at, (first, code)) in WRONG.iter().enumerate() {
        for (second, _) in &WRONG[at + 1..] {
            assert_eq!(verify(&[first, second]), Err(*code), "{first} and {second}");
        }
    }
}

#[test]
fn the_documented_table_has_the_codes_in_the_order_of_the_checks() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/pass.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.split_once("| # | check |").unwrap().1.split_once("\n\n").unwrap().0;
    let mut from = 0;
    for (_, code) in WRONG {
        let at = table
            .find(&format!("`{code}`"))
            .unwrap_or_else(|| panic!("`{code}` is not in the table"));
        assert!(at >= from, "`{code}` stands before the check that comes before it");
        from = at;
    }
    for code in [
        "clock_unavailable",
        "key_not_yet_valid",
        "key_revoked",
        "holder_proof_refused",
        "store_unavailable",
    ] {
        assert!(table.contains(&format!("`{code}`")), "{code}");
    }
}
