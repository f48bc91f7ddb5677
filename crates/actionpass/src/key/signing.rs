//! The private half of a key, in memory.

use std::fmt;

use ed25519_dalek::{
    Signer as _,
    pkcs8::{
        DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding,
    },
};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyId,
    verifying::{VerifyingKey, member_bytes},
};
use crate::{
    json::Json,
    ports::{SignError, Signer},
};

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
