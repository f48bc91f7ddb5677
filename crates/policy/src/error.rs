//! Why a policy does not load. Read this file second.

use std::fmt;

use axtary_actionpass::ArmError;

/// A policy source that does not load; nothing of it is in force.
///
/// The message names the file, the line and column where there is one, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    file: String,
    place: Option<Place>,
    message: String,
}

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl LoadError {
    pub(crate) fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, message: one_line(&message.into()) }
    }

    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// The source, as the caller named it; `builder` for rules that were built in code.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1, if one is to blame.
    pub fn line(&self) -> Option<u64> {
        self.place.map(|place| place.line)
    }

    /// The column, from 1, if one is to blame.
    pub fn column(&self) -> Option<u64> {
        self.place.map(|place| place.column)
    }

    /// What is wrong and what to write instead, in one line, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// `policy.load`
    pub fn code(&self) -> &'static str {
        "policy.load"
    }
}

impl std::error::Error for LoadError {}

/// ``policy.yml:4:7: the rule `a` names no `tool`; name one, or write `**` for any``
impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Why a new policy did not come into force; the old one still is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReloadError {
    /// It does not load.
    Load(LoadError),
    /// It permits everything, or cannot decide at all.
    Arm(ArmError),
}

impl ReloadError {
    /// `policy.load` or `policy.arm`
    pub fn code(&self) -> &'static str {
        match self {
            Self::Load(error) => error.code(),
            Self::Arm(_) => "policy.arm",
        }
    }
}

impl std::error::Error for ReloadError {}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy in force was not replaced: ")?;
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Arm(error) => error.fmt(f),
        }
    }
}

impl From<LoadError> for ReloadError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<ArmError> for ReloadError {
    fn from(error: ArmError) -> Self {
        Self::Arm(error)
    }
}

impl Place {
    /// The start of a text.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte in a text.
    pub(crate) fn of_offset(text: &str, offset: usize) -> Self {
        Self::START.further(text.get(..offset).unwrap_or(text))
    }

    /// The place behind a piece of text that starts here.
    pub(crate) fn further(self, piece: &str) -> Self {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let lines = count(piece.bytes().filter(|byte| *byte == b'\n').count());
        match piece.rfind('\n').and_then(|at| piece.get(at + 1..)) {
            None => Self { line: self.line, column: self.column + count(piece.chars().count()) },
            Some(rest) => Self { line: self.line + lines, column: 1 + count(rest.chars().count()) },
        }
    }
}

/// The messages of policy languages may span lines and quote what the policy holds; ours are one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !character.is_control()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text = "a\né$b\n";
        assert_eq!(Place::of_offset(text, 0), Place { line: 1, column: 1 });
        assert_eq!(Place::of_offset(text, 4), Place { line: 2, column: 2 });
        assert_eq!(Place::of_offset(text, 99), Place { line: 3, column: 1 });
    }

    #[test]
    fn a_message_is_one_line_without_control_characters() {
        assert_eq!(LoadError::new("f", "a\n\n  b\u{1b}[31m").to_string(), "f: a b[31m");
    }
}
