//! Text that may hold anything, made safe to look at: whatever moves the cursor, colours, reorders or hides is written as
//! `\u001b`, in the spelling of JSON, so that JSON stays what it is.

use std::{borrow::Cow, fmt};

use axtary_actionpass::is_invisible;

/// Everything but line ends made visible.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character != '\n' && is_invisible(character) {
            push_escaped(&mut out, character);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Text as part of a line: its own line ends are made visible too.
pub(super) struct Inline<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Inline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let mut lines = text.split('\n');
        f.write_str(lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, "\\n{line}"))
    }
}

fn push_escaped(out: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_reader_is_made_visible() {
        assert_eq!(
            visible("\u{1b}[2Jok\r\u{202e}txt\u{200b}"),
            "\\u001b[2Jok\\u000d\\u202etxt\\u200b"
        );
        assert_eq!(visible("tag\u{e0041}"), "tag\\udb40\\udc41");
        assert_eq!(visible("\u{9b}31m\u{7f}"), "\\u009b31m\\u007f");
    }

    #[test]
    fn what_can_be_seen_is_left_as_it_is() {
        assert!(matches!(visible("größer\n  日本 🦀"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_cannot_be_forged_by_a_value() {
        assert_eq!(Inline("a\nerror: b").to_string(), "a\\nerror: b");
    }

    #[test]
    fn json_keeps_its_value() {
        let before = serde_json::Value::from("\u{202e}\u{7f}\u{e0041}");
        let text = before.to_string();
        let after = axtary_actionpass::Json::parse(visible(&text).as_bytes()).unwrap();
        assert_eq!(after.as_str(), before.as_str());
    }
}
