//! Proof of possession: whoever uses a pass that is bound to a key shows that they hold the key.
//!
//! A proof is a compact JWS like DPoP's (RFC 9449), of another `typ`, bound to the pass's id and its payload hash, so that it is
//! good for nothing else:
//!
//! ```text
//! {"alg":"EdDSA","jwk":{"crv":"Ed25519","kty":"OKP","x":"…"},"typ":"actionpass-proof+jwt"}
//! {"iat":1785240000,"jti":"ap_…","payload_hash":"sha256:…"}
//! ```

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    clock::Timestamp,
    json::{Json, Object, ObjectWriter},
    key::{KeyId, SigningKey, VerifyingKey},
    pass::{Claims, MAX_TOKEN_BYTES, Token},
    ports::{SignError, Signer as _},
};

/// The media type of a proof, so that no pass stands in for one, nor the other way round.
const TYPE: &str = "actionpass-proof+jwt";

/// How far from now a proof may have been made, if the clocks' skew is less.
pub(crate) const MIN_WINDOW: Duration = Duration::from_secs(30);

impl SigningKey {
    /// Proves to the executor that this key's holder is the one who uses the pass.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signature was not made.
    pub fn prove_possession(&self, pass: &Claims, now: Timestamp) -> Result<String, SignError> {
        let mut header = ObjectWriter::start(Vec::with_capacity(160));
        header.text("alg", "EdDSA");
        header.nested("jwk", |jwk| {
            jwk.text("crv", "Ed25519");
            jwk.text("kty", "OKP");
            jwk.text("x", &URL_SAFE_NO_PAD.encode(self.verifying_key().as_bytes()));
        });
        header.text("typ", TYPE);
        let mut claims = ObjectWriter::start(Vec::with_capacity(160));
        claims.integer("iat", now.seconds());
        claims.text("jti", pass.id().as_str());
        claims.plain("payload_hash", |out| pass.payload_hash().write(out));
        let signed = Token::to_sign(&URL_SAFE_NO_PAD.encode(header.finish()), &claims.finish());
        let signature = self.sign(signed.as_bytes())?;
        Ok(Token::join(signed, &signature))
    }
}

/// Checks that `proof` shows possession of the key `holder`, for the pass `claims`, made between `earliest` and `latest`.
pub(crate) fn check(
    proof: &str,
    holder: &KeyId,
    claims: &Claims,
    earliest: Timestamp,
    latest: Timestamp,
) -> Result<(), &'static str> {
    let token =
        Token::split(proof).map_err(|_| "it is not a compact JWS in canonical base64url")?;
    let header = Token::decode(token.header, "header")
        .map_err(|_| "its header is not canonical base64url")?;
    let key = read_header(&header)
        .ok_or("its header is not exactly `alg`, `jwk` and `typ` of a proof")?;
    if key.id() != holder {
        return Err("it is of another key than the pass is bound to");
    }
    if !key.verifies(token.signed.as_bytes(), &token.signature) {
        return Err("its signature does not fit");
    }
    let json = Json::parse_bounded(&token.claims, MAX_TOKEN_BYTES)
        .map_err(|_| "its claims are not strict JSON")?;
    let proven = json
        .as_object()
        .filter(|proven| proven.len() == 3)
        .ok_or("its claims are not a proof's")?;
    if proven.get("jti").and_then(Json::as_str) != Some(claims.id().as_str()) {
        return Err("it is for another pass");
    }
    if proven.get("payload_hash").and_then(Json::as_str)
        != Some(claims.payload_hash().to_string().as_str())
    {
        return Err("it is for another payload");
    }
    let made = proven
        .get("iat")
        .and_then(Json::as_i64)
        .and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    match made {
        Some(made) if (earliest..=latest).contains(&made) => Ok(()),
        Some(_) => Err("it was not made just now"),
        None => Err("its `iat` is not a time in whole seconds"),
    }
}

fn read_header(bytes: &[u8]) -> Option<VerifyingKey> {
    let json = Json::parse_bounded(bytes, MAX_TOKEN_BYTES).ok()?;
    let header = json.as_object().filter(|header| header.len() == 3)?;
    let text = |name: &str| header.get(name).and_then(Json::as_str);
    if text("alg") != Some("EdDSA") || text("typ") != Some(TYPE) {
        return None;
    }
    let jwk: &Object = header.get("jwk")?.as_object().filter(|jwk| jwk.len() == 3)?;
    VerifyingKey::of_jwk(jwk).ok()
}
