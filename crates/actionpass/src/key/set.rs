//! The keys that a verifier trusts, and what each is trusted for.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{Algorithm, KeyError, KeyId, VerifyingKey};
use crate::{
    clock::Timestamp,
    json::{Json, Object},
    name::Issuer,
};

/// The most keys in one set.
const MAX_KEYS: usize = 1024;

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
