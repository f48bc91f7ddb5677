//! Keys: what signs passes, and which keys a verifier trusts.
//!
//! Ed25519 (RFC 8032) in the forms of RFC 8037 (JWK) and RFC 8410 (PEM). A key's id is its RFC 7638 thumbprint, so a key
//! cannot be trusted under another key's name. Seeds are zeroized when dropped and never printed.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{
    Signer as _,
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
        KeypairBytes, spki::der::pem::LineEnding,
    },
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    clock::Timestamp,
    json::{Json, Object, ScanError},
    name::Issuer,
    ports::{SignError, Signer},
};

/// The most keys in one set.
const MAX_KEYS: usize = 1024;

/// The name that a pass header gives Ed25519. A verifier takes it from its key record, never from the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `EdDSA` (RFC 8037), which every JOSE library knows.
    #[default]
    EdDsa,
    /// `Ed25519` (RFC 9864), the fully specified name.
    Ed25519,
}

impl Algorithm {
    /// The name as it stands in the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// A key's id: its RFC 7638 thumbprint, 43 base64url characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    fn of(key: &ed25519_dalek::VerifyingKey) -> Self {
        // RFC 8037, section 2: members crv, kty and x, in this order, without spaces.
        let jwk = format!(
            r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
            URL_SAFE_NO_PAD.encode(key.as_bytes())
        );
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(jwk)))
    }

    /// Reads a thumbprint: 32 bytes in canonical base64url.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a key is refused. Messages hold nothing of a private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a PEM file of an Ed25519 key.
    #[error(
        "not an Ed25519 {expected} in PEM; make one with `axtary init` or `openssl genpkey -algorithm ed25519`"
    )]
    Pem {
        /// Which kind of key was expected.
        expected: &'static str,
    },
    /// Not a JWK of an Ed25519 key.
    #[error("the JWK {problem}")]
    Jwk {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not JSON within the strict profile.
    #[error("the key set is not strict JSON: {0}")]
    Json(#[from] ScanError),
    /// A point that accepts signatures which nobody made, or a second spelling of one.
    #[error("the public key is not a canonically encoded point of full order")]
    WeakKey,
    /// The same key, or the same `kid`, stands twice in one set.
    #[error("the key `{kid}` stands twice in the set")]
    Duplicate {
        /// Its id.
        kid: String,
    },
    /// The set holds no key that could verify a pass.
    #[error("the key set holds no Ed25519 key")]
    Empty,
    /// The set holds too many keys.
    #[error("the key set holds more than 1024 keys")]
    TooMany,
    /// The operating system gave no random bytes.
    #[error("no random bytes for a new key: {reason}")]
    Randomness {
        /// Why not.
        reason: String,
    },
}

/// The private half of a key, in memory. Zeroized when dropped.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    id: KeyId,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`KeyError::Randomness`] if there is none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|error| KeyError::Randomness { reason: error.to_string() })?;
        Ok(Self::from_seed(&seed))
    }

    /// Takes the 32-byte seed of RFC 8032.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::of(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 PEM (RFC 8410), version 1 or 2.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] for anything else, and for a version 2 file whose public key is of another private key.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem)
            .map(Self::of)
            .map_err(|_| KeyError::Pem { expected: "private key (PKCS#8)" })
    }

    /// Reads a private JWK (RFC 8037), in which `d` must belong to `x`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Jwk`] says what is wrong with it, [`KeyError::Json`] if it is not strict JSON.
    pub fn from_jwk(bytes: &[u8]) -> Result<Self, KeyError> {
        let json = Json::parse(bytes)?;
        let jwk = json.as_object().ok_or(KeyError::Jwk { problem: "is not an object" })?;
        let public = VerifyingKey::of_jwk(jwk)?;
        let seed = Zeroizing::new(member_bytes(
            jwk,
            "d",
            "has no private key `d` of 32 bytes in base64url",
        )?);
        let key = Self::from_seed(&seed);
        if key.id == public.id {
            Ok(key)
        } else {
            Err(KeyError::Jwk { problem: "has a `d` that does not belong to its `x`" })
        }
    }

    /// Writes PKCS#8 PEM, version 1: what `openssl genpkey` writes, and what all readers read.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] if the encoder failed.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let mut pair = KeypairBytes { secret_key: self.key.to_bytes(), public_key: None };
        let pem = pair.to_pkcs8_pem(LineEnding::LF);
        zeroize::Zeroize::zeroize(&mut pair.secret_key);
        pem.map_err(|_| KeyError::Pem { expected: "private key (PKCS#8)" })
    }

    /// Puts `Ed25519` (RFC 9864) instead of `EdDSA` into pass headers.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { key: self.key.verifying_key(), id: self.id.clone() }
    }

    fn of(key: ed25519_dalek::SigningKey) -> Self {
        Self { id: KeyId::of(&key.verifying_key()), key, algorithm: Algorithm::default() }
    }
}

impl Signer for SigningKey {
    fn key_id(&self) -> &KeyId {
        &self.id
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}

/// Names the key and nothing else.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The public half of a key: a canonically encoded point of full order.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    key: ed25519_dalek::VerifyingKey,
    id: KeyId,
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

fn member_bytes(jwk: &Object, name: &str, problem: &'static str) -> Result<[u8; 32], KeyError> {
    let text = jwk.get(name).and_then(Json::as_str).ok_or(KeyError::Jwk { problem })?;
    let bytes =
        Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Jwk { problem })?);
    <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Jwk { problem })
}

/// The keys that a verifier trusts, each for the passes of one issuer.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{KeySet, SigningKey};
///
/// let key = SigningKey::generate()?;
/// let keys = KeySet::new().trust("https://gate.example".parse()?, key.verifying_key())?;
/// assert_eq!(keys.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<KeyId, TrustedKey>,
}

/// A key, and what it is trusted for: the passes of one issuer, under one algorithm name, while it is valid.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    pub(crate) key: VerifyingKey,
    pub(crate) issuer: Issuer,
    pub(crate) algorithm: Algorithm,
    valid_from: Option<Timestamp>,
    retires_at: Option<Timestamp>,
    revoked: bool,
}

impl TrustedKey {
    /// Trusts `key` for the passes of `issuer`, from now on and until it is taken out of the set.
    pub fn new(issuer: Issuer, key: VerifyingKey) -> Self {
        Self {
            key,
            issuer,
            algorithm: Algorithm::default(),
            valid_from: None,
            retires_at: None,
            revoked: false,
        }
    }

    /// Says that the key's passes name this algorithm.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Trusts the key from this moment on, as the new key of a rotation.
    #[must_use]
    pub fn valid_from(mut self, moment: Timestamp) -> Self {
        self.valid_from = Some(moment);
        self
    }

    /// Trusts the key until this moment, as the old key of a rotation.
    #[must_use]
    pub fn retires_at(mut self, moment: Timestamp) -> Self {
        self.retires_at = Some(moment);
        self
    }

    /// How the key stands at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked {
            Standing::Revoked
        } else if self.valid_from.is_some_and(|from| now < from) {
            Standing::NotYet
        } else if self.retires_at.is_some_and(|end| now >= end) {
            Standing::Retired
        } else {
            Standing::Valid
        }
    }
}

/// How a trusted key stands at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid,
    NotYet,
    Retired,
    Revoked,
}

impl KeySet {
    /// A set without keys: it verifies nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts `key` for the passes of `issuer`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Duplicate`] if the key is in the set already, [`KeyError::TooMany`] beyond 1024 keys.
    pub fn trust(self, issuer: Issuer, key: VerifyingKey) -> Result<Self, KeyError> {
        self.trust_key(TrustedKey::new(issuer, key))
    }

    /// Adds a key with its issuer, algorithm and validity.
    ///
    /// # Errors
    ///
    /// As [`KeySet::trust`].
    pub fn trust_key(mut self, trusted: TrustedKey) -> Result<Self, KeyError> {
        if self.keys.len() >= MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        let id = trusted.key.id.clone();
        match self.keys.entry(id.clone()) {
            Entry::Vacant(place) => {
                place.insert(trusted);
                Ok(self)
            }
            Entry::Occupied(_) => Err(KeyError::Duplicate { kid: id.0 }),
        }
    }

    /// Trusts the key no more, whenever its passes were issued. A key that is not in the set stays out of it.
    #[must_use]
    pub fn revoke(mut self, id: &KeyId) -> Self {
        if let Some(key) = self.keys.get_mut(id) {
            key.revoked = true;
        }
        self
    }

    /// Trusts every Ed25519 key of a JWKS (RFC 7517) for the passes of `issuer`. Keys of other types are passed over.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the set is not strict JSON, holds a private key, a key twice, or no Ed25519 key at all.
    pub fn from_jwks(issuer: &Issuer, bytes: &[u8]) -> Result<Self, KeyError> {
        let json = Json::parse(bytes)?;
        let keys = json
            .as_object()
            .and_then(|object| object.get("keys"))
            .and_then(Json::as_array)
            .ok_or(KeyError::Jwk { problem: "set has no list `keys`" })?;
        let mut set = Self::new();
        for jwk in keys {
            let jwk = jwk.as_object().ok_or(KeyError::Jwk { problem: "is not an object" })?;
            if jwk.get("d").is_some() {
                return Err(KeyError::Jwk {
                    problem: "holds a private key; publish `x` only, and replace this key",
                });
            }
            if jwk.get("kty").and_then(Json::as_str) != Some("OKP")
                || jwk.get("crv").and_then(Json::as_str) != Some("Ed25519")
            {
                continue;
            }
            let algorithm = match jwk.get("alg").map(Json::as_str) {
                None | Some(Some("EdDSA")) => Algorithm::EdDsa,
                Some(Some("Ed25519")) => Algorithm::Ed25519,
                Some(_) => {
                    return Err(KeyError::Jwk {
                        problem: "has an `alg` other than `EdDSA` and `Ed25519`",
                    });
                }
            };
            let key = TrustedKey::new(issuer.clone(), VerifyingKey::of_jwk(jwk)?);
            set = set.trust_key(key.with_algorithm(algorithm))?;
        }
        if set.is_empty() { Err(KeyError::Empty) } else { Ok(set) }
    }

    /// The public keys as a JWKS (RFC 7517), for others to verify with.
    pub fn to_jwks(&self) -> Object {
        let keys = self.keys.values().map(|trusted| trusted.key.to_jwk(trusted.algorithm));
        Object::new().with("keys", keys.collect::<Vec<_>>())
    }

    /// How many keys are trusted.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&KeyId, &TrustedKey)> {
        self.keys.iter()
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&TrustedKey> {
        self.keys.get(&KeyId(kid.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
        text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn file(name: &str) -> serde_json::Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
        #[expect(clippy::disallowed_methods, reason = "the published files are not of our profile")]
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// Whether a signature is accepted, by a key that is.
    fn accepted(key: &str, message: &str, signature: &str) -> bool {
        let Ok(key) = <[u8; 32]>::try_from(hex(key)) else { return false };
        let Ok(signature) = <[u8; 64]>::try_from(hex(signature)) else { return false };
        VerifyingKey::from_bytes(&key).is_ok_and(|key| key.verifies(&hex(message), &signature))
    }

    #[test]
    fn wycheproof_signatures_are_accepted_exactly_where_they_are_valid() {
        let file = file("wycheproof/ed25519_test.json");
        let mut counts = (0, 0);
        for group in file["testGroups"].as_array().unwrap() {
            let key = group["publicKey"]["pk"].as_str().unwrap();
            for test in group["tests"].as_array().unwrap() {
                let valid = test["result"] == "valid";
                let accepted =
                    accepted(key, test["msg"].as_str().unwrap(), test["sig"].as_str().unwrap());
                assert_eq!(accepted, valid, "{}: {}", test["tcId"], test["comment"]);
                counts = (counts.0 + usize::from(valid), counts.1 + 1);
            }
        }
        assert_eq!(counts, (88, 151));
    }

    #[test]
    fn of_the_speccheck_signatures_only_the_one_that_every_rule_allows_is_accepted() {
        // 0–2: a key or an R of small order. 3: mixed order, and the cofactorless equation holds. 4, 5: it holds only with
        // the cofactor. 6, 7: S not below the group order. 8, 9: R in a second spelling. 10, 11: the key in a second spelling.
        let cases = file("ed25519-speccheck/cases.json");
        let cases = cases.as_array().unwrap();
        assert_eq!(cases.len(), 12);
        for (at, case) in cases.iter().enumerate() {
            let text = |name: &str| case[name].as_str().unwrap();
            assert_eq!(
                accepted(text("pub_key"), text("message"), text("signature")),
                at == 3,
                "case {at}"
            );
        }
    }
}
