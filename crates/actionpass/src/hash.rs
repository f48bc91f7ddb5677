//! SHA-256 digests, one newtype for each thing that is hashed, so that none can stand in for another.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::InputError;

/// Declares a digest newtype with the text form `sha256:<64 lower-case hex digits>`.
macro_rules! digest {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type([u8; 32]);

        impl $type {
            /// Wraps a digest that was computed elsewhere.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            #[doc = concat!("Reads ", $what, " from its text form, `sha256:` and 64 lower-case hexadecimal digits.")]
            ///
            /// # Errors
            ///
            /// [`InputError::Digest`] if the text has another form.
            pub fn parse(text: &str) -> Result<Self, InputError> {
                parse(text).map(Self).ok_or_else(|| InputError::digest($what, text))
            }

            /// Appends the text form.
            pub fn write(&self, out: &mut Vec<u8>) {
                write(&self.0, out);
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("sha256:")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

digest! {
    /// The digest of a payload's canonical form: what a pass is bound to.
    PayloadHash, "a payload hash"
}
digest! {
    /// The RFC 6962 leaf hash of a ledger line: what a pass carries as evidence of its decision.
    LedgerHash, "a ledger hash"
}
digest! {
    /// The digest over every policy source in force.
    PolicyVersion, "a policy version"
}

digest! {
    /// The salted digest of a value that a record withholds: says nothing of it, and proves it once it is disclosed.
    Commitment, "a commitment"
}

digest! {
    /// The digest of a tool's definition, as the agent was shown it.
    ToolHash, "a tool hash"
}

impl Commitment {
    /// Hashes the canonical bytes of a disclosure.
    pub(crate) fn of(canonical: &[u8]) -> Self {
        Self(Sha256::digest(canonical).into())
    }
}

impl PayloadHash {
    /// The name by which policy marks it as sensitive, and records have it.
    pub const NAME: &'static str = "payload_hash";

    /// Hashes the canonical bytes of a payload.
    pub(crate) fn of(canonical: &[u8]) -> Self {
        Self(Sha256::digest(canonical).into())
    }
}

impl LedgerHash {
    /// Hashes a ledger line, without its newline, as a leaf of the tree (RFC 6962, section 2.1).
    pub fn of_line(line: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0_u8]);
        hasher.update(line);
        Self(hasher.finalize().into())
    }
}

impl PolicyVersion {
    /// Hashes policy sources given as `(name, bytes)`, in the order of their names.
    ///
    /// Each part is preceded by its length, so that moving bytes between a name and a source changes the digest.
    pub fn of_sources<'a>(sources: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut sources: Vec<_> = sources.into_iter().collect();
        sources.sort_unstable();
        let mut hasher = Sha256::new();
        for part in sources.into_iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes]) {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

fn write(bytes: &[u8; 32], out: &mut Vec<u8>) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let mut hex = [0_u8; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0x0F)]);
    }
    out.extend_from_slice(b"sha256:");
    out.extend_from_slice(&hex);
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix("sha256:")?.as_bytes();
    if hex.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0_u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (value(*high)? << 4) | value(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_has_no_second_spelling() {
        let hash = PayloadHash::of(br#"{"title":"Fix login"}"#);
        let text = "sha256:7aa2d6fbb5b2f587a63e43f816b7b6913ef43ae1d1b937b06b4940113afe527d";
        assert_eq!(hash.to_string(), text);
        assert_eq!(PayloadHash::parse(text).unwrap(), hash);
        for other in [
            text.to_uppercase(),
            text.replace("sha256:", ""),
            format!("{text}0"),
            text.replace('7', "g"),
        ] {
            assert!(PayloadHash::parse(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn bytes_moved_between_a_source_and_its_name_change_the_version() {
        let version =
            |name: &str, bytes: &str| PolicyVersion::of_sources([(name, bytes.as_bytes())]);
        assert_ne!(version("ab", "c"), version("a", "bc"));
    }

    #[test]
    fn the_order_in_which_sources_are_listed_does_not_change_the_version() {
        let (a, b) = (("a", b"1".as_slice()), ("b", b"2".as_slice()));
        assert_eq!(PolicyVersion::of_sources([a, b]), PolicyVersion::of_sources([b, a]));
    }
}
