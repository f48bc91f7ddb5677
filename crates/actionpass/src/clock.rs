//! Points in time, and the port through which the core learns which one it is.

use std::{fmt, time::Duration};

use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::error::InputError;

/// A point in time, in milliseconds since the Unix epoch; between the years 1970 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last millisecond of the year 9999, the last that RFC 3339 can write.
const MAX_MILLIS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// A point in time from milliseconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`InputError::Time`] outside the years 1970 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, InputError> {
        if (0..=MAX_MILLIS).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(InputError::Time { millis })
        }
    }

    /// A point in time from whole seconds since the epoch.
    ///
    /// # Errors
    ///
    /// As [`Timestamp::from_millis`].
    pub fn from_seconds(seconds: i64) -> Result<Self, InputError> {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// The time `by` later, at most the end of the year 9999.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(MAX_MILLIS);
        Self(self.0.saturating_add(by).min(MAX_MILLIS))
    }

    /// The time `by` earlier, at least the epoch.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(MAX_MILLIS);
        Self(self.0.saturating_sub(by).max(0))
    }

    /// How long it is from `earlier` to this; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Timestamp {
    /// Appends the text form.
    pub fn write(self, out: &mut Vec<u8>) {
        let digit = |value: i64| b'0' + u8::try_from(value % 10).unwrap_or(0);
        let (days, millis) = (self.0 / 86_400_000, self.0 % 86_400_000);
        // INVARIANT: within the years 1970 to 9999, all of which are dates.
        let date = i32::try_from(days + JULIAN_DAY_OF_EPOCH)
            .ok()
            .and_then(|day| Date::from_julian_day(day).ok())
            .unwrap_or(Date::MIN);
        let year = i64::from(date.year());
        out.extend_from_slice(&[
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
        ]);
        let mut two =
            |value: i64, end: u8| out.extend_from_slice(&[digit(value / 10), digit(value), end]);
        two(u8::from(date.month()).into(), b'-');
        two(date.day().into(), b'T');
        two(millis / 3_600_000, b':');
        two(millis / 60_000 % 60, b':');
        two(millis / 1000 % 60, b'.');
        out.extend_from_slice(&[digit(millis / 100), digit(millis / 10), digit(millis), b'Z']);
    }

    /// Reads the text form, and no other spelling of a time.
    pub fn read(text: &[u8]) -> Option<Self> {
        let fits = |(byte, form): (&u8, &u8)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        };
        if text.len() != TEXT_FORM.len() || !text.iter().zip(TEXT_FORM).all(fits) {
            return None;
        }
        let number = |digits: std::ops::Range<usize>| {
            let digits = text.get(digits)?.iter();
            Some(digits.fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        };
        let two = |at: usize| u8::try_from(number(at..at + 2)?).ok();
        let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let date =
            Date::from_calendar_date(number(0..4)?.into(), two(5)?.try_into().ok()?, two(8)?);
        let days = i64::from(date.ok()?.to_julian_day()) - JULIAN_DAY_OF_EPOCH;
        let minutes = (days * 24 + i64::from(hour)) * 60 + i64::from(minute);
        let millis = (minutes * 60 + i64::from(second)) * 1000 + i64::from(number(20..23)?);
        Self::from_millis(millis).ok()
    }
}

/// Where the text form has its digits.
const TEXT_FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

/// The Julian day of 1970-01-01.
const JULIAN_DAY_OF_EPOCH: i64 = 2_440_588;

/// RFC 3339 in UTC with milliseconds, always of one length: `2026-07-28T12:00:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(24);
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads RFC 3339.
impl std::str::FromStr for Timestamp {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| InputError::TimeText { text: text.chars().take(64).collect() })?;
        let millis = moment.unix_timestamp_nanos() / 1_000_000;
        Self::from_millis(i64::try_from(millis).unwrap_or(-1))
    }
}

/// Tells the time. The core reads it nowhere else.
pub trait Clock: Send + Sync {
    /// The time now.
    ///
    /// # Errors
    ///
    /// [`ClockError`] if the time is not known; nothing is decided without it.
    fn now(&self) -> Result<Timestamp, ClockError>;
}

/// The time is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock cannot be read: {reason}")]
pub struct ClockError {
    /// Why not, in one line.
    pub reason: String,
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the system's clock"
        )]
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .map_err(|_| ClockError { reason: "it stands before 1970".to_owned() })?;
        i64::try_from(since.as_millis())
            .ok()
            .and_then(|millis| Timestamp::from_millis(millis).ok())
            .ok_or_else(|| ClockError { reason: "it stands behind the year 9999".to_owned() })
    }
}

/// A clock that stands still until it is moved, for tests and demonstrations. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FixedClock(std::sync::Arc<std::sync::atomic::AtomicI64>);

impl FixedClock {
    /// A clock that stands at `time`.
    pub fn new(time: Timestamp) -> Self {
        Self(std::sync::Arc::new(time.millis().into()))
    }

    /// Moves the clock to `time`.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.millis(), std::sync::atomic::Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let now = Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst));
        self.set(now.later(by));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        Ok(Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst)))
    }
}

impl<T: Clock + ?Sized> Clock for std::sync::Arc<T> {
    fn now(&self) -> Result<Timestamp, ClockError> {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_one_way_and_read_back() {
        let time = Timestamp::from_millis(1_785_240_000_007).unwrap();
        assert_eq!(time.to_string(), "2026-07-28T12:00:00.007Z");
        assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        assert_eq!(Timestamp::read(time.to_string().as_bytes()), Some(time));
    }

    #[test]
    fn no_other_spelling_is_the_text_form() {
        for other in [
            "",
            "2026-07-28T12:00:00Z",
            "2026-07-28T12:00:00.00Z",
            "2026-07-28T12:00:00.0000Z",
            "2026-07-28t12:00:00.000Z",
            "2026-07-28T12:00:00.000z",
            "2026-07-28T12:00:00.000+00:00",
            "2026-07-28T12:00:60.000Z",
            "2026-07-28T12:60:00.000Z",
            "2026-07-28T24:00:00.000Z",
            "2026-02-29T12:00:00.000Z",
            "2026-13-01T12:00:00.000Z",
            "2026-00-01T12:00:00.000Z",
            "2026-01-00T12:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "+026-07-28T12:00:00.000Z",
        ] {
            assert_eq!(Timestamp::read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn every_kind_of_day_is_written_as_the_calendar_has_it() {
        for seconds in [0, 68_169_599, 951_782_400, 951_868_800, 4_107_542_399, 253_402_300_799] {
            let time = Timestamp::from_seconds(seconds).unwrap();
            let theirs =
                OffsetDateTime::from_unix_timestamp(seconds).unwrap().format(&Rfc3339).unwrap();
            assert_eq!(time.to_string(), theirs.replace('Z', ".000Z"));
            assert_eq!(Timestamp::read(time.to_string().as_bytes()), Some(time));
        }
    }

    #[test]
    fn times_outside_what_rfc_3339_can_write_are_refused() {
        assert!(Timestamp::from_millis(-1).is_err());
        assert!(Timestamp::from_seconds(i64::MAX).is_err());
        assert_eq!(
            Timestamp::from_millis(MAX_MILLIS).unwrap().later(Duration::MAX).millis(),
            MAX_MILLIS
        );
    }
}
