//! Minting and verifying, ours beside `jsonwebtoken` and `biscuit-auth` on the same claims, and beside the bare signature.
//!
//!     cargo bench --manifest-path benches/rivals/Cargo.toml
//!
//! Ours does more in both: minting records the decision and hashes the record; verifying reads and hashes the payload, checks
//! constraints, and uses the pass up.

use std::{error::Error, hint::black_box, time::Duration};

use axtary_actionpass::{Execution, Payload};
use axtary_rivals::{SEED, action, guard, payload, verifier};
use biscuit_auth::{
    AuthorizerLimits, Biscuit, KeyPair, PrivateKey,
    macros::{authorizer, biscuit},
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ed25519_dalek::{
    Signer as _, SigningKey,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, spki::der::pem::LineEnding},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

fn tokens(c: &mut Criterion) {
    run(c).expect("every part is in form");
}

fn run(c: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let (guard, verifier, action, bytes) = (guard()?, verifier()?, action()?, payload());
    let pass = guard.check(&action)?;
    let claims = claims(pass.token())?;
    let bare = SigningKey::from_bytes(&SEED);
    let message = pass.token().rsplit_once('.').ok_or("a token")?.0.as_bytes().to_vec();
    let (public, signature) = (bare.verifying_key(), bare.sign(&message));

    let encoding = EncodingKey::from_ed_pem(bare.to_pkcs8_pem(LineEnding::LF)?.as_bytes())?;
    let decoding = DecodingKey::from_ed_pem(
        bare.verifying_key().to_public_key_pem(LineEnding::LF)?.as_bytes(),
    )?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("actionpass+jwt".to_owned());
    header.kid = Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned());
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["github-executor"]);
    validation.set_issuer(&["https://gate.example"]);
    let jwt = encode(&header, &claims, &encoding)?;

    let root = KeyPair::from(&PrivateKey::from_bytes(&SEED, biscuit_auth::Algorithm::Ed25519)?);
    let mint_biscuit = || {
        let text = |claim: &str| claims[claim].as_str().unwrap_or_default().to_owned();
        let (agent, tool, resource, hash, id) =
            (text("sub"), text("tool"), text("resource"), text("payload_hash"), text("jti"));
        let (owner, policy, version, ledger) =
            (text("human_owner"), text("policy"), text("policy_version"), text("ledger_hash"));
        biscuit!(
            r#"agent({agent}); right({tool}, {resource}); payload({hash}); id({id}); owner({owner}); policy({policy}, {version}); ledger({ledger});
               max_files_changed(12); check if time($now), $now < 2100-01-01T00:00:00Z;"#
        )
        .build(&root)
        .expect("a biscuit")
    };
    let biscuit = mint_biscuit().to_vec()?;

    let mut mint = c.benchmark_group("mint");
    mint.bench_function("bare_sign", |b| b.iter(|| bare.sign(black_box(&message))));
    mint.bench_function("actionpass", |b| b.iter(|| guard.check(&action).expect("a pass")));
    mint.bench_function("jsonwebtoken", |b| {
        b.iter(|| encode(&header, black_box(&claims), &encoding).expect("a token"))
    });
    mint.bench_function("biscuit", |b| b.iter(|| mint_biscuit().to_vec().expect("bytes")));
    mint.finish();

    // Biscuit's default bound is one millisecond of wall-clock time, which a busy machine can miss.
    let limits =
        AuthorizerLimits { max_time: Duration::from_secs(1), ..AuthorizerLimits::default() };
    let mut verify = c.benchmark_group("verify");
    verify.bench_function("bare_verify_strict", |b| {
        b.iter(|| public.verify_strict(black_box(&message), &signature).expect("valid"))
    });
    verify.bench_function("actionpass", |b| {
        b.iter_batched(
            || guard.check(&action).expect("a pass").token().to_owned(),
            |token| {
                let payload = Payload::parse(bytes.as_bytes()).expect("a payload");
                let execution = Execution {
                    tool: action.tool(),
                    resource: action.resource(),
                    payload: &payload,
                    facts: action.facts(),
                };
                verifier.verify(&token, &execution).expect("valid")
            },
            BatchSize::SmallInput,
        );
    });
    verify.bench_function("jsonwebtoken", |b| {
        b.iter(|| {
            decode::<serde_json::Value>(black_box(&jwt), &decoding, &validation).expect("valid")
        });
    });
    verify.bench_function("biscuit", |b| {
        b.iter(|| {
            let token = Biscuit::from(black_box(&biscuit), root.public()).expect("valid");
            let mut authorizer = authorizer!(
                r#"time(2026-07-28T12:00:00Z); call("github.pull_requests.create", "repo:company/web-app"); files_changed(3);
                   allow if call($tool, $resource), right($tool, $resource), files_changed($n), max_files_changed($max), $n <= $max;"#
            )
            .build(&token)
            .expect("an authorizer");
            authorizer.authorize_with_limits(limits.clone()).expect("allowed")
        });
    });
    verify.finish();
    Ok(())
}

/// The claims of a pass, for the others to sign.
fn claims(token: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    Ok(jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(token)?.claims)
}

criterion_group! {
    name = all;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2)).sample_size(30);
    targets = tokens
}
criterion_main!(all);
