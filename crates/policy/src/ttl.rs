//! How long a pass shall live, as policies write it: `30s`, `10m`, `1h`.

use std::time::Duration;

use axtary_actionpass::Guard;

/// Reads how long a pass shall live, as policies and `axtary.yml` write it: `30s`, `10m` or `1h`, at most
/// [`Guard::MAX_TTL`]. `None` for anything else.
pub fn read_ttl(text: &str) -> Option<Duration> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    check(Duration::from_secs(count * unit)).ok()
}

/// Reads a lifetime, or says what it must be.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    read_ttl(text).ok_or_else(|| {
        format!("a ttl is `30s`, `10m` or `1h`, at most 1h, but is `{}`", text.escape_debug())
    })
}

/// Checks a lifetime that was given as a value: whole seconds, at least one, and no more than a gate ever grants.
pub(crate) fn check(ttl: Duration) -> Result<Duration, String> {
    if ttl.as_secs() >= 1 && ttl.subsec_nanos() == 0 && ttl <= Guard::MAX_TTL {
        Ok(ttl)
    } else {
        Err(format!("a ttl is at least 1s and at most 1h in whole seconds, but is {ttl:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_has_one_spelling_for_each_unit_and_a_bound() {
        assert_eq!(parse("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(parse("10m").unwrap(), Duration::from_secs(600));
        assert_eq!(parse("1h").unwrap(), Duration::from_secs(3600));
        for text in ["", "m", "10", "0s", "2h", "61m", "3601s", "-1s", "1.5h", "10 m", "1d", "٣s"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(check(Duration::from_millis(1500)).is_err());
        assert!(check(Duration::from_secs(3601)).is_err());
    }
}
