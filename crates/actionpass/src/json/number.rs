//! Numbers that a double holds exactly, and the one text that ECMAScript gives each.

use std::fmt;

/// The largest magnitude at which every integer is a double of its own: 2^53 − 1.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

/// A JSON number: an integer within ±(2^53 − 1), or a finite double that is not integral.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(Repr);

#[derive(Clone, Copy, PartialEq)]
enum Repr {
    // INVARIANT: magnitude at most MAX_SAFE.
    Integer(i64),
    // INVARIANT: finite, not integral (so neither zero nor NaN).
    Double(f64),
}

// The double is never NaN.
impl Eq for Number {}

/// Why a number is outside the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// An integral value beyond ±(2^53 − 1), whatever its spelling.
    #[error("an integral number must lie within ±9007199254740991; send larger ones as strings")]
    Unsafe,
    /// The decimal digits say something else than the double nearest to them.
    #[error(
        "a number must be exactly the shortest decimal of its double; send exact decimals as strings"
    )]
    Inexact,
    /// Minus zero, which would share its canonical form with zero.
    #[error("minus zero is refused, since it would share its canonical form with zero")]
    NegativeZero,
    /// NaN or an infinity.
    #[error("a number must be finite")]
    NotFinite,
}

impl Number {
    /// The value, if it is integral.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(value) => Some(value),
            Repr::Double(_) => None,
        }
    }

    /// The value as a double, which it fits exactly.
    #[expect(clippy::cast_precision_loss, reason = "integers are within ±(2^53 − 1)")]
    pub fn as_f64(&self) -> f64 {
        match self.0 {
            Repr::Integer(value) => value as f64,
            Repr::Double(value) => value,
        }
    }

    /// Reads the parts of a JSON number token: the sign, the digits before and after the point, and the exponent.
    ///
    /// `text` is the whole token; `digits` yields every digit in order, the last `fraction` of them behind the point.
    pub(super) fn from_token(
        text: &str,
        negative: bool,
        integer: &str,
        fraction: &str,
        exponent: i64,
    ) -> Result<Self, NumberError> {
        // Nearly all numbers: a few digits, nothing else.
        if fraction.is_empty() && exponent == 0 && integer.len() <= 15 {
            let magnitude =
                integer.bytes().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            return match (negative, magnitude) {
                (true, 0) => Err(NumberError::NegativeZero),
                (true, magnitude) => Ok(Self(Repr::Integer(-magnitude))),
                (false, magnitude) => Ok(Self(Repr::Integer(magnitude))),
            };
        }
        let Some(decimal) = Decimal::from_parts(integer, fraction, exponent) else {
            return if negative {
                Err(NumberError::NegativeZero)
            } else {
                Ok(Self(Repr::Integer(0)))
            };
        };
        if decimal.exponent >= 0 {
            // Integral: at most 16 digits, then by value.
            let magnitude =
                decimal.integral().filter(|value| *value <= MAX_SAFE).ok_or(NumberError::Unsafe)?;
            return Ok(Self(Repr::Integer(if negative { -magnitude } else { magnitude })));
        }
        // A double's shortest form has at most 17 digits: more of them is already a different number.
        if decimal.digits.len() > 17 {
            return Err(NumberError::Inexact);
        }
        let value: f64 = text.parse().map_err(|_| NumberError::Inexact)?;
        if !value.is_finite() {
            return Err(NumberError::NotFinite);
        }
        if value == 0.0 || Decimal::shortest(value) != Some(decimal) {
            return Err(NumberError::Inexact);
        }
        Ok(Self(Repr::Double(value)))
    }

    /// Appends the ECMAScript text of this number.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self.0 {
            Repr::Integer(value) => super::write_integer(value, out),
            Repr::Double(value) => write_double(value, out),
        }
    }
}

/// Appends `value` as ECMAScript's `Number::toString` lays it out (RFC 8785, section 3.2.2.3). `value` must be finite.
///
/// (The standard library's shortest digits differ where two are equally near: it takes the upper, ECMAScript the even.)
pub(super) fn write_double(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
}

/// A positive decimal: `digits × 10^exponent`, without leading or trailing zeros, so that equal values are equal.
#[derive(PartialEq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `None` for zero.
    fn from_parts(integer: &str, fraction: &str, exponent: i64) -> Option<Self> {
        let mut digits = String::with_capacity(integer.len() + fraction.len());
        digits.push_str(integer);
        digits.push_str(fraction);
        let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let significant = digits.trim_matches('0');
        if significant.is_empty() {
            return None;
        }
        let exponent = exponent
            .saturating_sub(scale)
            .saturating_add(i64::try_from(trailing).unwrap_or(i64::MAX));
        Some(Self { digits: significant.to_owned(), exponent })
    }

    /// The decimal that ECMAScript writes for `value`. `None` for zero.
    fn shortest(value: f64) -> Option<Self> {
        let mut buffer = ryu_js::Buffer::new();
        let text = buffer.format_finite(value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Self::from_parts(integer, fraction, exponent.parse().ok()?)
    }

    /// The value, if it is integral and has at most 16 digits.
    fn integral(&self) -> Option<i64> {
        let zeros = usize::try_from(self.exponent).ok()?;
        if self.digits.len().checked_add(zeros)? > 16 {
            return None;
        }
        let digits: i64 = self.digits.parse().ok()?;
        digits.checked_mul(10_i64.checked_pow(u32::try_from(zeros).ok()?)?)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self(Repr::Integer(value.into()))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(Repr::Integer(value.into()))
    }
}

impl TryFrom<i64> for Number {
    type Error = NumberError;

    fn try_from(value: i64) -> Result<Self, NumberError> {
        if (-MAX_SAFE..=MAX_SAFE).contains(&value) {
            Ok(Self(Repr::Integer(value)))
        } else {
            Err(NumberError::Unsafe)
        }
    }
}

impl TryFrom<u64> for Number {
    type Error = NumberError;

    fn try_from(value: u64) -> Result<Self, NumberError> {
        i64::try_from(value).map_err(|_| NumberError::Unsafe)?.try_into()
    }
}

impl TryFrom<usize> for Number {
    type Error = NumberError;

    fn try_from(value: usize) -> Result<Self, NumberError> {
        i64::try_from(value).map_err(|_| NumberError::Unsafe)?.try_into()
    }
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    fn try_from(value: f64) -> Result<Self, NumberError> {
        if !value.is_finite() {
            return Err(NumberError::NotFinite);
        }
        if value == 0.0 && value.is_sign_negative() {
            return Err(NumberError::NegativeZero);
        }
        if value.fract() != 0.0 {
            return Ok(Self(Repr::Double(value)));
        }
        #[expect(clippy::cast_precision_loss, reason = "MAX_SAFE is a double")]
        let bound = MAX_SAFE as f64;
        if value.abs() > bound {
            return Err(NumberError::Unsafe);
        }
        #[expect(clippy::cast_possible_truncation, reason = "integral and within ±(2^53 − 1)")]
        let integer = value as i64;
        Ok(Self(Repr::Integer(integer)))
    }
}

impl TryFrom<&serde_json::Number> for Number {
    type Error = NumberError;

    fn try_from(number: &serde_json::Number) -> Result<Self, NumberError> {
        if let Some(value) = number.as_i64() {
            return value.try_into();
        }
        if number.is_u64() {
            return Err(NumberError::Unsafe);
        }
        number.as_f64().ok_or(NumberError::NotFinite)?.try_into()
    }
}

/// Writes the canonical text.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
