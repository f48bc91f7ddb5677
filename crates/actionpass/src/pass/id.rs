//! The id of a pass: `ap_` and a ULID.

use std::fmt;

use ulid::Ulid;

use crate::{
    clock::Timestamp,
    error::{InputError, Part, Unavailable, cut},
};

/// A pass's id: `ap_` and a ULID (26 upper-case base32 digits), as `ap_01K1A2B3C4D5E6F7G8H9J0K1M2`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId(
    // INVARIANT: the text, which is ASCII. In place, so that a store of used passes is a table without pointers.
    [u8; LENGTH],
);

const LENGTH: usize = "ap_".len() + ulid::ULID_LEN;

impl PassId {
    /// Reads an id. There is one spelling of each, so that single use cannot be fooled by another.
    ///
    /// # Errors
    ///
    /// [`InputError::PassId`] if the text has another form.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InputError> {
        let text = text.as_ref();
        text.strip_prefix("ap_")
            .and_then(|digits| Ulid::from_string(digits).ok())
            .map(Self::of)
            .filter(|id| id.as_str() == text)
            .ok_or_else(|| InputError::PassId { seen: cut(text, 64) })
    }

    /// Makes an id that was never used: 48 bits of time, 80 random bits.
    pub(crate) fn generate(now: Timestamp) -> Result<Self, Unavailable> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(|error| Unavailable::new(Part::Randomness, error))?;
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        Ok(Self::of(Ulid::from_parts(millis, u128::from_be_bytes(random))))
    }

    fn of(ulid: Ulid) -> Self {
        let mut text = *b"ap_00000000000000000000000000";
        let mut digits = [0; ulid::ULID_LEN];
        ulid.array_to_str(&mut digits);
        for (place, digit) in text.iter_mut().skip("ap_".len()).zip(digits) {
            *place = digit;
        }
        Self(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::str::FromStr for PassId {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        Self::new(text)
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = PassId::generate(Timestamp::from_seconds(1_785_240_000).unwrap()).unwrap();
        assert_eq!(PassId::new(id.as_str()).unwrap(), id);
        for other in [
            id.as_str().to_lowercase(),
            id.as_str().replace("ap_", ""),
            format!("{id}0"),
            "ap_8ZZZZZZZZZZZZZZZZZZZZZZZZZ".to_owned(),
            "ap_01K1A2B3C4D5E6F7G8H9J0K1MI".to_owned(),
            String::new(),
        ] {
            assert!(PassId::new(&other).is_err(), "{other:?}");
        }
    }
}
