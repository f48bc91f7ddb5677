//! Policy sources: named texts, bounded in size.

use crate::error::{LoadError, Place};

/// The largest source, in bytes, that is looked at.
pub(crate) const MAX_SOURCE_BYTES: usize = 4 * 1024 * 1024;

/// The most sources of one engine.
const MAX_SOURCES: usize = 1024;

/// The longest name of a source, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// A named policy text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    /// Takes a source, if it is within bounds.
    pub(crate) fn new(name: &'a str, text: &'a str) -> Result<Self, LoadError> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
            return Err(LoadError::new(
                &name.escape_debug().take(64).collect::<String>(),
                "a policy source needs a name of 1 to 1024 bytes without control characters",
            ));
        }
        if text.len() > MAX_SOURCE_BYTES {
            return Err(LoadError::new(
                name,
                format!(
                    "the source has {} bytes, at most {MAX_SOURCE_BYTES} are read; split it",
                    text.len()
                ),
            ));
        }
        if let Some(offset) = text.find('\0') {
            // The Rego parser would take it for the end, and pass over what follows.
            let message = "the source holds a NUL character; remove it";
            return Err(LoadError::new(name, message).at(Some(Place::of_offset(text, offset))));
        }
        Ok(Self { name, text })
    }

    /// Takes all sources of an engine; their names must differ, since reasons and errors go by them.
    pub(crate) fn all<N: AsRef<str>, T: AsRef<str>>(
        sources: &'a [(N, T)],
        what: &str,
    ) -> Result<Vec<Self>, LoadError> {
        if sources.is_empty() {
            return Err(LoadError::new(
                what,
                format!("no {what} is given; an engine without one would deny everything"),
            ));
        }
        if sources.len() > MAX_SOURCES {
            return Err(LoadError::new(
                what,
                format!("there are more than {MAX_SOURCES} sources; join some"),
            ));
        }
        let mut known = Vec::with_capacity(sources.len());
        for (name, text) in sources {
            let source = Self::new(name.as_ref(), text.as_ref())?;
            if known.iter().any(|other: &Self| other.name == source.name) {
                return Err(LoadError::new(
                    source.name,
                    "two sources have this name; give each its own",
                ));
            }
            known.push(source);
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_out_of_bounds_is_refused() {
        assert!(Source::new("a", &" ".repeat(MAX_SOURCE_BYTES + 1)).is_err());
        assert!(Source::new("a", &" ".repeat(MAX_SOURCE_BYTES)).is_ok());
        assert!(Source::new("", "x").is_err());
        assert_eq!(Source::new("a", "x\n\0y").unwrap_err().line(), Some(2));
        assert!(Source::new("a\nb", "x").is_err());
        assert!(Source::all(&[("a", "x"), ("a", "y")], "policy").is_err());
        assert!(Source::all::<&str, &str>(&[], "policy").is_err());
        assert!(Source::all(&vec![("a", "x"); MAX_SOURCES + 1], "policy").is_err());
    }
}
