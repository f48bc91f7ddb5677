//! No token is accepted but one that the trusted key signed, in the one form that a pass has.

use std::time::Duration;

use axtary_actionpass::{
    Algorithm, FixedClock, Json, KeySet, Object, Signer as _, SigningKey, Timestamp, TrustedKey,
};
use proptest::prelude::*;

use crate::kit::{NOW, Scene, action, execution, issuer, parts, sign, verifier, verifier_with};

#[test]
fn the_token_itself_is_accepted() {
    let scene = Scene::new();
    assert_eq!(scene.verify(scene.pass().token()), Ok(()));
}

#[test]
fn any_single_byte_change_of_a_pass_is_refused() {
    let scene = Scene::new();
    let token = scene.pass().token().to_owned();
    for at in 0..token.len() {
        for byte in [
            b'A',
            b'B',
            b'_',
            b'.',
            b'=',
            b' ',
            0,
            token.as_bytes()[at] ^ 1,
            token.as_bytes()[at] ^ 0x20,
        ] {
            let mut changed = token.clone().into_bytes();
            changed[at] = byte;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            if changed != token {
                assert!(scene.verify(&changed).is_err(), "byte {at} became {byte}");
            }
        }
    }
    assert_eq!(scene.verify(&token), Ok(()), "none of the attempts used the pass up");
}

#[test]
fn another_shape_than_three_segments_is_refused() {
    let scene = Scene::new();
    let token = scene.pass().token().to_owned();
    let segments: Vec<&str> = token.split('.').collect();
    for shape in [
        String::new(),
        "..".to_owned(),
        segments[0].to_owned(),
        segments[..2].join("."),
        format!("{}..{}", segments[0], segments[2]),
        format!("{token}."),
        format!("{token}.x.y"),
        format!(r#"{{"payload":"{}"}}"#, segments[1]),
    ] {
        assert_eq!(scene.refusal(&shape), "not_compact_jws", "{shape:?}");
    }
    assert_eq!(scene.refusal(&"a".repeat(16 * 1024 + 1)), "token_too_large");
}

#[test]
fn a_second_spelling_of_the_same_bytes_is_refused() {
    let scene = Scene::new();
    let token = scene.pass().token().to_owned();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for spelling in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{signed}.{}", signature.replace(['-', '_'], "+")),
        format!("{signed}.{}", &signature[..85]),
        format!("{signed}.{signature}A"),
        // The last character carries four bits that must be zero.
        format!(
            "{signed}.{}{}",
            &signature[..85],
            if signature.ends_with('A') { 'B' } else { 'D' }
        ),
    ] {
        if spelling != token {
            let code = scene.refusal(&spelling);
            assert!(
                matches!(code, "bad_encoding" | "bad_header" | "bad_signature"),
                "{spelling:?}: {code}"
            );
        }
    }
}

#[test]
fn a_header_that_is_not_exactly_a_passs_is_refused() {
    let scene = Scene::new();
    let (_, claims) = parts(scene.pass().token());
    let kid = scene.key.key_id();
    for (header, code) in [
        (format!(r#"{{"alg":"none","kid":"{kid}","typ":"actionpass+jwt"}}"#), "alg_mismatch"),
        (format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"actionpass+jwt"}}"#), "alg_mismatch"),
        (format!(r#"{{"alg":"eddsa","kid":"{kid}","typ":"actionpass+jwt"}}"#), "alg_mismatch"),
        (format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"actionpass+jwt"}}"#), "alg_mismatch"),
        (format!(r#"{{"kid":"{kid}","typ":"actionpass+jwt"}}"#), "bad_header"),
        (r#"{"alg":"EdDSA","typ":"actionpass+jwt"}"#.to_owned(), "bad_header"),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), "bad_header"),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#), "bad_header"),
        (
            format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"application/actionpass+jwt"}}"#),
            "bad_header",
        ),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"ActionPass+JWT"}}"#), "bad_header"),
        (
            format!(r#"{{"alg":"EdDSA","crit":["b64"],"kid":"{kid}","typ":"actionpass+jwt"}}"#),
            "bad_header",
        ),
        (
            format!(r#"{{"alg":"EdDSA","jwk":{{}},"kid":"{kid}","typ":"actionpass+jwt"}}"#),
            "bad_header",
        ),
        (
            format!(r#"{{"alg":"EdDSA","jku":"https://x","kid":"{kid}","typ":"actionpass+jwt"}}"#),
            "bad_header",
        ),
        (
            format!(r#"{{"alg":"none","\u0061lg":"EdDSA","kid":"{kid}","typ":"actionpass+jwt"}}"#),
            "bad_header",
        ),
        (format!(r#"["EdDSA","{kid}","actionpass+jwt"]"#), "bad_header"),
        (
            r#"{"alg":"EdDSA","kid":"../../dev/null","typ":"actionpass+jwt"}"#.to_owned(),
            "unknown_key",
        ),
        (r#"{"alg":"EdDSA","kid":7,"typ":"actionpass+jwt"}"#.to_owned(), "bad_header"),
    ] {
        let token = sign(&scene.key, header.as_bytes(), &claims);
        assert_eq!(scene.refusal(&token), code, "{header}");
    }
}

#[test]
fn members_of_a_header_may_stand_in_any_order() {
    let scene = Scene::new();
    let (_, claims) = parts(scene.pass().token());
    let header =
        format!(r#"{{"typ":"actionpass+jwt","kid":"{}","alg":"EdDSA"}}"#, scene.key.key_id());
    assert_eq!(scene.verify(&sign(&scene.key, header.as_bytes(), &claims)), Ok(()));
}

#[test]
fn a_key_that_is_not_trusted_or_trusted_no_more_is_refused() {
    let scene = Scene::new();
    let (header, claims) = parts(scene.pass().token());
    let other = SigningKey::from_seed(&[8; 32]);
    let own_header =
        format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"actionpass+jwt"}}"#, other.key_id());
    assert_eq!(scene.refusal(&sign(&other, own_header.as_bytes(), &claims)), "unknown_key");
    assert_eq!(scene.refusal(&sign(&other, &header, &claims)), "bad_signature");

    let now = Timestamp::from_seconds(NOW).unwrap();
    let trusted = || TrustedKey::new(issuer(), scene.key.verifying_key());
    let kid = scene.key.key_id();
    for (keys, code) in [
        (KeySet::new().trust_key(trusted().retires_at(now)).unwrap(), "key_retired"),
        (
            KeySet::new()
                .trust_key(trusted().valid_from(now.later(Duration::from_secs(1))))
                .unwrap(),
            "key_not_yet_valid",
        ),
        (KeySet::new().trust_key(trusted()).unwrap().revoke(kid), "key_revoked"),
        (
            KeySet::new().trust_key(trusted().with_algorithm(Algorithm::Ed25519)).unwrap(),
            "alg_mismatch",
        ),
    ] {
        let verifier = verifier_with(keys, &scene.clock);
        let action = action();
        assert_eq!(
            verifier.verify(scene.pass().token(), &execution(&action)).unwrap_err().code(),
            code
        );
    }
}

#[test]
fn while_keys_rotate_passes_of_both_are_accepted() {
    let scene = Scene::new();
    let now = Timestamp::from_seconds(NOW).unwrap();
    let (old, new) =
        (scene.key.clone(), SigningKey::from_seed(&[8; 32]).with_algorithm(Algorithm::Ed25519));
    let keys = KeySet::new()
        .trust_key(
            TrustedKey::new(issuer(), old.verifying_key())
                .retires_at(now.later(Duration::from_secs(60))),
        )
        .unwrap()
        .trust_key(
            TrustedKey::new(issuer(), new.verifying_key())
                .valid_from(now)
                .with_algorithm(Algorithm::Ed25519),
        )
        .unwrap();
    let verifier = verifier_with(keys, &scene.clock);
    let action = action();
    let (_, claims) = parts(scene.pass().token());
    let header = format!(r#"{{"alg":"Ed25519","kid":"{}","typ":"actionpass+jwt"}}"#, new.key_id());
    assert!(verifier.verify(&sign(&new, header.as_bytes(), &claims), &execution(&action)).is_ok());
    assert!(verifier.verify(scene.pass().token(), &execution(&action)).is_ok());
    scene.clock.advance(Duration::from_secs(60));
    assert_eq!(
        verifier.verify(scene.pass().token(), &execution(&action)).unwrap_err().code(),
        "key_retired"
    );
}

#[test]
fn claims_that_are_missing_mistyped_doubled_or_unknown_are_refused() {
    let scene = Scene::new();
    let (header, claims) = parts(scene.pass().token());
    let Json::Object(claims) = Json::parse(&claims).unwrap() else {
        panic!("claims are an object")
    };
    for (name, _) in claims.iter() {
        let mut without = Object::new();
        for (other, value) in claims.iter().filter(|(other, _)| *other != name) {
            without.insert(other, value.clone());
        }
        let token = sign(&scene.key, &header, &Json::Object(without).to_canonical());
        assert_eq!(scene.refusal(&token), "bad_claims", "without {name}");
        for value in
            [Json::Null, Json::from(true), Json::from(-1), Json::from(vec!["github-executor"])]
        {
            let token = scene.forge(|claims| drop(claims.insert(name, value.clone())));
            assert_eq!(scene.refusal(&token), "bad_claims", "{name} is {value}");
        }
    }
    let text = Json::Object(claims).to_string();
    let doubled = text.replacen('{', r#"{"aud":"other","#, 1);
    assert_eq!(scene.refusal(&sign(&scene.key, &header, doubled.as_bytes())), "bad_claims");
    assert_eq!(
        scene.refusal(&scene.forge(|claims| drop(claims.insert("cnf", Object::new())))),
        "bad_claims"
    );
    assert_eq!(
        scene.refusal(&scene.forge(|c| drop(c.insert("jti", "ap_01k10000000000000000000000")))),
        "bad_claims"
    );
    for time in [1e9_f64, 1.785e9 + 0.5] {
        let value = Json::Number(time.try_into().unwrap());
        let code = scene.refusal(&scene.forge(|claims| drop(claims.insert("exp", value))));
        assert!(matches!(code, "bad_claims" | "pass_expired"), "{code}");
    }
}

#[test]
fn a_pass_is_good_only_between_its_times() {
    let scene = Scene::new();
    let token = scene.pass().token().to_owned();
    let at = |seconds: i64| {
        scene.clock.set(Timestamp::from_seconds(seconds).unwrap());
        scene.verify(&token).map_err(|error| error.code())
    };
    assert_eq!(at(NOW - 31), Err("pass_not_yet_valid"));
    assert_eq!(at(NOW + 600 + 30), Err("pass_expired"));
    assert_eq!(at(NOW + 10_000_000), Err("pass_expired"));
    assert_eq!(at(NOW + 600 + 29), Ok(()), "within the skew that is borne");
}

#[test]
fn a_pass_that_lives_too_long_or_ends_before_it_starts_is_refused() {
    let scene = Scene::new();
    let times = |iat: i64, nbf: i64, exp: i64| {
        let number = |seconds: i64| Json::Number(seconds.try_into().unwrap());
        scene.forge(|claims| {
            claims.insert("iat", number(iat));
            claims.insert("nbf", number(nbf));
            claims.insert("exp", number(exp));
        })
    };
    assert_eq!(scene.refusal(&times(NOW, NOW, NOW + 3601)), "lifetime_refused");
    assert_eq!(scene.refusal(&times(NOW - 7200, NOW, NOW + 60)), "lifetime_refused");
    assert_eq!(scene.refusal(&times(NOW, NOW + 20, NOW + 10)), "lifetime_refused");
    assert_eq!(scene.refusal(&times(NOW, NOW, 253_402_300_799)), "lifetime_refused");
    assert_eq!(scene.refusal(&times(NOW + 31, NOW, NOW + 60)), "pass_not_yet_valid");
    assert_eq!(scene.verify(&times(NOW, NOW, NOW + 3600)), Ok(()));
}

#[test]
fn a_key_counts_only_for_its_issuer() {
    let scene = Scene::new();
    let token = scene.forge(|claims| drop(claims.insert("iss", "https://gate.example.evil")));
    assert_eq!(scene.refusal(&token), "issuer_mismatch");
}

#[test]
fn a_verifier_that_trusts_no_key_is_not_built() {
    let built = axtary_actionpass::Verifier::new(
        axtary_actionpass::KeySet::new(),
        "x".parse().unwrap(),
        axtary_actionpass::MemoryStore::default(),
    );
    assert!(built.is_err());
}

proptest! {
    #[test]
    fn no_text_is_accepted_and_none_makes_the_verifier_panic(text in "[A-Za-z0-9_.={}\"-]{0,200}") {
        let clock = FixedClock::new(Timestamp::from_seconds(NOW).unwrap());
        let verifier = verifier(&SigningKey::from_seed(&[7; 32]), &clock);
        let action = crate::kit::action();
        prop_assert!(verifier.verify(&text, &crate::kit::execution(&action)).is_err());
    }
}
