//! Keys: what signs passes, and which keys a verifier trusts.
//!
//! Ed25519 (RFC 8032) in the forms of RFC 8037 (JWK) and RFC 8410 (PEM). A key's id is its RFC 7638 thumbprint, so a key
//! cannot be trusted under another key's name. Seeds are zeroized when dropped and never printed.

mod set;
mod signing;
mod verifying;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

pub(crate) use self::set::Standing;
pub use self::{
    set::{KeySet, TrustedKey},
    signing::SigningKey,
    verifying::VerifyingKey,
};
use crate::json::ScanError;

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
