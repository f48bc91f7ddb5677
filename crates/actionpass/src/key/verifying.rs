//! The public half of a key, in all its forms.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::pkcs8::{
    DecodePublicKey as _, EncodePublicKey as _, spki::der::pem::LineEnding,
};
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, KeyId};
use crate::json::{Json, Object};

/// The public half of a key: a canonically encoded point of full order.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    pub(super) key: ed25519_dalek::VerifyingKey,
    pub(super) id: KeyId,
}

impl VerifyingKey {
    /// Takes the 32 bytes of RFC 8032.
    ///
    /// # Errors
    ///
    /// [`KeyError::WeakKey`] if they are not the canonical encoding of a point, or the point is of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::WeakKey)?;
        if key.is_weak() || !is_canonical(bytes) {
            return Err(KeyError::WeakKey);
        }
        Ok(Self { id: KeyId::of(&key), key })
    }

    /// Reads SPKI PEM (RFC 8410).
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] for anything else, [`KeyError::WeakKey`] as in [`VerifyingKey::from_bytes`].
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_public_key_pem(pem)
            .map_err(|_| KeyError::Pem { expected: "public key (SPKI)" })?;
        Self::from_bytes(key.as_bytes())
    }

    /// Writes SPKI PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] if the encoder failed.
    pub fn to_spki_pem(&self) -> Result<String, KeyError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::Pem { expected: "public key (SPKI)" })
    }

    /// The key as a public JWK (RFC 8037) with its `kid`, `use` and `alg`.
    pub fn to_jwk(&self, algorithm: Algorithm) -> Object {
        Object::new()
            .with("alg", algorithm.as_str())
            .with("crv", "Ed25519")
            .with("kid", self.id.as_str())
            .with("kty", "OKP")
            .with("use", "sig")
            .with("x", URL_SAFE_NO_PAD.encode(self.key.as_bytes()))
    }

    /// The key's id.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` is this key's strict Ed25519 signature of `message`: no small-order points, S below the
    /// group order, canonical encodings, the cofactorless equation.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }

    pub(crate) fn of_jwk(jwk: &Object) -> Result<Self, KeyError> {
        let problem = |problem| Err(KeyError::Jwk { problem });
        if jwk.get("kty").and_then(Json::as_str) != Some("OKP") {
            return problem("has a `kty` other than `OKP`");
        }
        if jwk.get("crv").and_then(Json::as_str) != Some("Ed25519") {
            return problem("has a `crv` other than `Ed25519`");
        }
        if jwk.get("use").is_some_and(|value| value.as_str() != Some("sig")) {
            return problem("is not for signatures, by its `use`");
        }
        let key = Self::from_bytes(&member_bytes(
            jwk,
            "x",
            "has no public key `x` of 32 bytes in base64url",
        )?)?;
        match jwk.get("kid") {
            Some(kid) if kid.as_str() != Some(key.id.as_str()) => {
                problem("has a `kid` that is not its RFC 7638 thumbprint")
            }
            Some(_) | None => Ok(key),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifyingKey").field(&self.id).finish()
    }
}

/// Whether the y coordinate is below the field's prime, 2^255 − 19. (A zero x with a sign bit only occurs with points of
/// small order.)
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    *lowest < 0xED || highest & 0x7F != 0x7F || middle.iter().any(|byte| *byte != 0xFF)
}

pub(super) fn member_bytes(
    jwk: &Object,
    name: &str,
    problem: &'static str,
) -> Result<[u8; 32], KeyError> {
    let text = jwk.get(name).and_then(Json::as_str).ok_or(KeyError::Jwk { problem })?;
    let bytes =
        Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Jwk { problem })?);
    <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Jwk { problem })
}
