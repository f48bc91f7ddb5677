//! Keys in all their forms: what is read, what is written, and what is refused.

use axtary_actionpass::{
    Algorithm, Issuer, KeyError, KeySet, Signer as _, SigningKey, VerifyingKey,
};

/// RFC 8037, appendix A.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PKCS8: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const SPKI: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

fn issuer() -> Issuer {
    "gate".parse().unwrap()
}

fn jwks(keys: &str) -> Result<KeySet, KeyError> {
    KeySet::from_jwks(&issuer(), format!(r#"{{"keys":[{keys}]}}"#).as_bytes())
}

fn public_jwk(key: &SigningKey) -> String {
    serde_json::to_string(&key.verifying_key().to_jwk(Algorithm::EdDsa)).unwrap()
}

#[test]
fn rfc_8037_appendix_a_is_the_same_key_in_every_form() {
    let key = SigningKey::from_seed(&SEED);
    assert_eq!(key.key_id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(SigningKey::from_jwk(JWK.as_bytes()).unwrap().key_id(), key.key_id());
    assert_eq!(SigningKey::from_pkcs8_pem(PKCS8).unwrap().key_id(), key.key_id());
    assert_eq!(*key.to_pkcs8_pem().unwrap(), PKCS8);
    assert_eq!(key.verifying_key().to_spki_pem().unwrap(), SPKI);
    assert_eq!(VerifyingKey::from_spki_pem(SPKI).unwrap(), key.verifying_key());
    assert_eq!(jwks(&public_jwk(&key)).unwrap().len(), 1);
    let signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();
    assert_eq!(&signature[..4], [0x86, 0x0c, 0x98, 0xd2], "appendix A.4");
}

#[test]
fn a_key_set_reads_back_what_it_publishes() {
    let (a, b) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let keys = KeySet::new()
        .trust(issuer(), a.verifying_key())
        .unwrap()
        .trust(issuer(), b.verifying_key())
        .unwrap();
    let published = serde_json::to_vec(&keys.to_jwks()).unwrap();
    assert_eq!(KeySet::from_jwks(&issuer(), &published).unwrap().to_jwks(), keys.to_jwks());
}

#[test]
fn a_private_key_in_a_public_set_is_refused_and_not_repeated() {
    let error = jwks(JWK).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JWK holds a private key; publish `x` only, and replace this key"
    );
    assert!(!format!("{error:?}").contains("nWGx"));
}

#[test]
fn a_key_or_kid_that_stands_twice_is_refused() {
    let jwk = public_jwk(&SigningKey::from_seed(&[1; 32]));
    assert!(matches!(jwks(&format!("{jwk},{jwk}")), Err(KeyError::Duplicate { .. })));
    let other = SigningKey::from_seed(&[2; 32]);
    let borrowed = public_jwk(&SigningKey::from_seed(&[1; 32]))
        .replace(SigningKey::from_seed(&[1; 32]).key_id().as_str(), other.key_id().as_str());
    assert!(
        matches!(jwks(&borrowed), Err(KeyError::Jwk { .. })),
        "a kid that is not the thumbprint"
    );
}

#[test]
fn keys_of_other_types_are_passed_over_and_none_at_all_is_an_error() {
    let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;
    let x25519 =
        r#"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let own = public_jwk(&SigningKey::from_seed(&[1; 32]));
    assert_eq!(jwks(&format!("{rsa},{own},{x25519}")).unwrap().len(), 1);
    assert_eq!(jwks(&format!("{rsa},{x25519}")).unwrap_err(), KeyError::Empty);
    assert_eq!(jwks("").unwrap_err(), KeyError::Empty);
}

#[test]
fn jwks_that_are_not_in_form_are_refused() {
    let key = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    for keys in [
        key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR"),
        key("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"),
        r#"{"kty":"OKP","crv":"Ed25519"}"#.to_owned(),
        r#"{"kty":"OKP","crv":"Ed25519","x":7}"#.to_owned(),
        r#""key""#.to_owned(),
        public_jwk(&SigningKey::from_seed(&[1; 32])).replace("EdDSA", "HS256"),
        public_jwk(&SigningKey::from_seed(&[1; 32])).replace("sig", "enc"),
    ] {
        assert!(jwks(&keys).is_err(), "{keys}");
    }
    for set in [r#"{"keys":{}}"#, "[]", "{", r#"{"keys":[],"keys":[]}"#] {
        assert!(KeySet::from_jwks(&issuer(), set.as_bytes()).is_err(), "{set}");
    }
}

#[test]
fn a_public_key_of_small_order_or_in_a_second_spelling_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut order_two = [0xFF; 32];
    (order_two[0], order_two[31]) = (0xEC, 0x7F);
    let mut noncanonical = [0xFF; 32];
    (noncanonical[0], noncanonical[31]) = (0xEE, 0x7F);
    for bytes in [identity, [0; 32], order_two, noncanonical, [0xFF; 32]] {
        assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap_err(), KeyError::WeakKey);
    }
    // y = 3 is a point of full order; y = 3 + p is its second spelling.
    let mut three = [0; 32];
    three[0] = 3;
    let mut three_again = [0xFF; 32];
    (three_again[0], three_again[31]) = (0xF0, 0x7F);
    assert!(VerifyingKey::from_bytes(&three).is_ok());
    assert_eq!(VerifyingKey::from_bytes(&three_again).unwrap_err(), KeyError::WeakKey);
}

#[test]
fn a_private_key_that_does_not_fit_its_public_half_is_refused() {
    let other = JWK.replace("nWGx", "nWGy");
    let error = SigningKey::from_jwk(other.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the JWK has a `d` that does not belong to its `x`");
    for pem in ["", SPKI, &PKCS8.replace("VwBC", "VuBC"), &PKCS8.replace("MC4C", "MC4D")] {
        assert!(SigningKey::from_pkcs8_pem(pem).is_err(), "{pem}");
    }
    assert!(VerifyingKey::from_spki_pem(PKCS8).is_err());
}

#[test]
fn two_generated_keys_differ() {
    assert_ne!(SigningKey::generate().unwrap().key_id(), SigningKey::generate().unwrap().key_id());
}
