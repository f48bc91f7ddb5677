//! Policy texts as tokens: enough of Cedar and Rego to bound how deep a text nests before a parser sees it, and to tell
//! what a text says from how it is laid out.

/// Which language a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// `//` comments, `"…"` strings.
    Cedar,
    /// `#` comments, `"…"` and `` `…` `` strings.
    Rego,
}

/// A token, and what stands between it and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// The byte at which it starts.
    pub(crate) offset: usize,
    pub(crate) gap: Gap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A string, quotes included.
    Text,
    Open,
    Close,
    Symbol,
}

/// What separates two tokens; comments are space too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    None,
    Space,
    Line,
}

/// The tokens of a text, from its start. What is no token of the language is a symbol: its parser will refuse it.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    language: Language,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(text: &'a str, language: Language) -> Self {
        Self { text, language, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past white space and comments.
    fn gap(&mut self) -> Gap {
        let mut gap = Gap::None;
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { return gap };
            let comment = match self.language {
                Language::Cedar => rest.starts_with("//"),
                Language::Rego => first == '#',
            };
            if comment {
                // Up to the line's end, which is then a gap of its own.
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                gap = gap.max(Gap::Space);
            } else if first.is_whitespace() {
                self.at += first.len_utf8();
                gap = gap.max(if first == '\n' { Gap::Line } else { Gap::Space });
            } else {
                return gap;
            }
        }
    }

    fn length(&self) -> Option<(Kind, usize)> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        Some(match first {
            '"' => (Kind::Text, string(rest)),
            '`' if self.language == Language::Rego => {
                (Kind::Text, rest.get(1..)?.find('`').map_or(rest.len(), |at| at + 2))
            }
            '(' | '[' | '{' => (Kind::Open, 1),
            ')' | ']' | '}' => (Kind::Close, 1),
            _ if is_word(first) => {
                (Kind::Word, rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()))
            }
            _ if PAIRS.iter().any(|pair| rest.starts_with(pair)) => (Kind::Symbol, 2),
            _ => (Kind::Symbol, first.len_utf8()),
        })
    }
}

/// The symbols of two characters.
const PAIRS: [&str; 8] = ["&&", "||", "==", "!=", "<=", ">=", "::", ":="];

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let gap = self.gap();
        let (kind, length) = self.length()?;
        let (offset, rest) = (self.at, self.rest());
        let text = rest.get(..length).unwrap_or(rest);
        self.at += text.len();
        Some(Token { kind, text, offset, gap })
    }
}

/// The length of the string that starts here, its quotes and escapes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What a Rego text says, whatever its comments, blank lines and indentation: each token, and behind it at most one space or
/// line's end, where there was any. Both mean something in Rego: `a [0]` is not `a[0]`, and statements end with their line.
pub(crate) fn normal_form(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for token in Tokens::of(text, Language::Rego) {
        match token.gap {
            _ if normal.is_empty() => {}
            Gap::None => {}
            Gap::Space => normal.push(' '),
            Gap::Line => normal.push('\n'),
        }
        normal.push_str(token.text);
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, language: Language) -> Vec<&str> {
        Tokens::of(text, language).map(|token| token.text).collect()
    }

    #[test]
    fn strings_and_comments_are_told_from_what_stands_around_them() {
        use Language::{Cedar, Rego};
        assert_eq!(texts(r#"a.b=="x\"(//"//("#, Cedar), ["a", ".", "b", "==", r#""x\"(//""#]);
        assert_eq!(texts("a:=`\\`#(\n[1]", Rego), ["a", ":=", "`\\`", "[", "1", "]"]);
        assert_eq!(texts("\"open (", Cedar), ["\"open ("]);
        assert_eq!(texts("`open (", Rego), ["`open ("]);
        assert_eq!(texts("é=\u{1f600}", Rego), ["é", "=", "\u{1f600}"]);
        assert_eq!(texts("# only", Rego), [""; 0]);
    }

    #[test]
    fn layout_and_comments_do_not_change_the_normal_form_and_all_else_does() {
        let normal = normal_form("package a\nallow if {\n\tx[0] == \"a  b\"\n}");
        for same in [
            "# a\n\npackage  a # b\n\n\nallow if {\r\n    x[0] == \"a  b\" # c\n}\n",
            "package a\nallow\tif { # why\n x[0] ==  \"a  b\"\n\n}",
        ] {
            assert_eq!(normal_form(same), normal, "{same}");
        }
        for other in [
            "package a\nallow if {\n\tx [0] == \"a  b\"\n}",
            "package a\nallow if {\n\tx[0] == \"a b\"\n}",
            "package a allow if {\n\tx[0] == \"a  b\"\n}",
            "package a\nallow if {\n\tx[0] == `a  b`\n}",
        ] {
            assert_ne!(normal_form(other), normal, "{other}");
        }
        assert_eq!(normal_form(&normal), normal);
    }
}
