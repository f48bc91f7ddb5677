//! A bound on how deep a policy text nests, before a parser sees it.
//!
//! The parsers of Cedar and Rego, and the evaluation behind them, call themselves for every bracket and operator; a
//! text that is deep enough would end the process by its stack, which no error handling survives.

use crate::{
    error::{LoadError, Place},
    source::Source,
};

/// The deepest nesting of brackets. The Rego parser reads an array twice, to see whether it is a comprehension, and so
/// takes twice as long for each level.
const MAX_DEPTH: usize = 16;
/// The most operators in one expression: each makes the tree one level deeper.
const MAX_OPERATORS: usize = 64;

/// What of a language matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// `//` comments, `"…"` strings; operators are bounded by its own evaluation.
    Cedar,
    /// `#` comments, `"…"` and `` `…` `` strings.
    Rego,
}

/// Refuses a text that nests too deep. What stands in strings and comments does not count.
pub(crate) fn check(source: Source<'_>, language: Language) -> Result<(), LoadError> {
    // Operators since the last comma, comparison or assignment, for each bracket that is open.
    let mut open: Vec<usize> = vec![0];
    let refuse = |offset, message: String| {
        Err(LoadError::new(source.name, message).at(Some(Place::of_offset(source.text, offset))))
    };
    let bytes = source.text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match (byte, language) {
            (b'"', _) => at += string(rest),
            (b'`', Language::Rego) => at += until(rest, b'`'),
            (b'#', Language::Rego) => at += until(rest, b'\n'),
            (b'/', Language::Cedar) if rest.starts_with(b"//") => at += until(rest, b'\n'),
            (b'(' | b'[' | b'{', _) => {
                open.push(0);
                if open.len() > MAX_DEPTH + 1 {
                    return refuse(
                        at,
                        format!("brackets are nested deeper than {MAX_DEPTH}; split the policy"),
                    );
                }
            }
            (b')' | b']' | b'}', _) if open.len() > 1 => drop(open.pop()),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|', Language::Rego) => {
                if let Some(operators) = open.last_mut() {
                    *operators += 1;
                    if *operators > MAX_OPERATORS {
                        return refuse(
                            at,
                            format!(
                                "one expression has more than {MAX_OPERATORS} operators; split it"
                            ),
                        );
                    }
                }
            }
            (b',' | b';' | b':' | b'=' | b'<' | b'>', _) => {
                if let Some(operators) = open.last_mut() {
                    *operators = 0;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// How far it is to the closing quote of the string that starts here, escapes skipped.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// How far it is to the next `end`, from the byte behind the first.
fn until(text: &[u8], end: u8) -> usize {
    text.iter().skip(1).position(|byte| *byte == end).map_or(text.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, language: Language) -> bool {
        check(Source::new("p", text).unwrap(), language).is_err()
    }

    #[test]
    fn brackets_and_operators_are_counted_outside_strings_and_comments() {
        use Language::{Cedar, Rego};
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!refused(&nested(MAX_DEPTH), Rego));
        assert!(refused(&nested(MAX_DEPTH + 1), Rego));
        assert!(refused(&nested(MAX_DEPTH + 1), Cedar));
        assert!(!refused(&"[]".repeat(1000), Rego));
        assert!(!refused(&format!("{:?}", nested(99)), Rego));
        assert!(!refused(&format!(r#""\"{}""#, nested(99)), Cedar));
        assert!(!refused(&format!("`\"{}`", nested(99)), Rego));
        assert!(!refused(&format!("# \"{}\n", nested(99)), Rego));
        assert!(!refused(&format!("// \"{}\n", nested(99)), Cedar));
        assert!(refused(&format!("# \n{}", nested(99)), Rego));
        assert!(refused(&format!("\"\"{}", nested(99)), Cedar));
        assert!(refused(&format!("`\\`{}", nested(99)), Rego));

        let sum = |terms: usize| format!("x := 1{}", " + f(2)".repeat(terms));
        assert!(!refused(&sum(MAX_OPERATORS), Rego));
        assert!(refused(&sum(MAX_OPERATORS + 1), Rego));
        assert!(!refused(&format!("{}\n", sum(MAX_OPERATORS)).repeat(9), Rego));
    }
}
