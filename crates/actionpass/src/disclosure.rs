//! What a record withholds, so that it can be erased: the value stands apart, and the record holds a salted commitment to it.
//!
//! As in SD-JWT (RFC 9901, section 4.2), with canonical JSON in place of base64url: a disclosure is `["<salt>","<name>",<value>]`, and its
//! commitment is the SHA-256 of that. Without the salt, of 128 random bits, a commitment does not even tell a value that could be guessed.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    error::{Part, Unavailable},
    hash::Commitment,
    json::Json,
};

/// A withheld value, with the salt that ties it to its commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    salt: [u8; SALT_BYTES],
    name: String,
    value: Json,
}

const SALT_BYTES: usize = 16;

impl Disclosure {
    /// Withholds a value under a fresh salt.
    pub(crate) fn of(name: &str, value: Json) -> Result<Self, Unavailable> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| Unavailable::new(Part::Randomness, error))?;
        Ok(Self { salt, name: name.to_owned(), value })
    }

    /// Reads a disclosure from its JSON form; `None` if it has another.
    pub fn from_json(json: &Json) -> Option<Self> {
        let [salt, name, value] = json.as_array()? else { return None };
        let bytes = URL_SAFE_NO_PAD.decode(salt.as_str()?).ok()?;
        let salt = <[u8; SALT_BYTES]>::try_from(bytes).ok()?;
        Some(Self { salt, name: name.as_str()?.to_owned(), value: value.clone() })
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        let salt = URL_SAFE_NO_PAD.encode(self.salt);
        Json::Array(vec![salt.into(), self.name.as_str().into(), self.value.clone()])
    }

    /// What the record holds in place of the value.
    pub fn commitment(&self) -> Commitment {
        Commitment::of(&self.to_json().to_canonical())
    }

    /// The name of the fact, or `payload_hash`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The withheld value.
    pub fn value(&self) -> &Json {
        &self.value
    }
}

/// Says of which fact it is, and nothing else: what is withheld does not go into logs.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disclosure_proves_its_value_and_no_other() {
        let disclosure = Disclosure::of("phone", Json::from("+48 600 100 200")).unwrap();
        let read = Disclosure::from_json(&disclosure.to_json()).unwrap();
        assert_eq!(read, disclosure);
        assert_eq!(read.commitment(), disclosure.commitment());
        let other = Disclosure { value: Json::from("+48 600 100 201"), ..read.clone() };
        assert_ne!(other.commitment(), disclosure.commitment());
        let renamed = Disclosure { name: "fax".to_owned(), ..read };
        assert_ne!(renamed.commitment(), disclosure.commitment());
    }

    #[test]
    fn the_same_value_has_another_commitment_each_time() {
        let commit = || Disclosure::of("answer", Json::from("yes")).unwrap().commitment();
        assert_ne!(commit(), commit());
    }

    #[test]
    fn other_forms_are_no_disclosures() {
        for text in [
            "{}",
            "[]",
            r#"["c2FsdA","name",1]"#,
            r#"["AAAAAAAAAAAAAAAAAAAAAA","name"]"#,
            r#"["AAAAAAAAAAAAAAAAAAAAAA",1,1]"#,
            r#"["AAAAAAAAAAAAAAAAAAAAAA==","name",1]"#,
        ] {
            let json = Json::parse(text.as_bytes()).unwrap();
            assert_eq!(Disclosure::from_json(&json), None, "{text}");
        }
    }

    #[test]
    fn what_is_withheld_does_not_show_in_logs() {
        let disclosure = Disclosure::of("phone", Json::from("+48 600 100 200")).unwrap();
        assert_eq!(format!("{disclosure:?}"), r#"Disclosure { name: "phone", .. }"#);
    }
}
