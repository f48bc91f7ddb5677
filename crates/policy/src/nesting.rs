//! A bound on how deep a policy text nests, before a parser sees it.
//!
//! The parsers of Cedar and Rego, and the evaluation behind them, call themselves for every bracket and every operator of
//! a chain; a text that is deep enough would end the process by its stack, which no error handling survives. What is
//! counted here is never less than the depth of the syntax tree.

use crate::{
    error::{LoadError, Place},
    source::Source,
    token::{Gap, Kind, Language, Token, Tokens},
};

/// The deepest nesting of brackets, and of `if` in Cedar. The Rego parser reads an array twice, to see whether it is a
/// comprehension, and so takes twice as long for each level.
const MAX_BRACKETS: usize = 16;
/// The most operators between the root of an expression and its leaf: each makes the tree one level deeper.
const MAX_OPERATORS: usize = 64;

/// Refuses a text that nests too deep. What stands in strings and comments does not count.
pub(crate) fn check(source: Source<'_>, language: Language) -> Result<(), LoadError> {
    let mut nesting = Nesting { language, open: vec![Level::default()], before: None };
    for token in Tokens::of(source.text, language) {
        nesting.take(token).map_err(|message| {
            let place = Place::of_offset(source.text, token.offset);
            LoadError::new(source.name, message).at(Some(place))
        })?;
    }
    Ok(())
}

struct Nesting<'a> {
    language: Language,
    /// The brackets that are open, behind the text as a whole.
    open: Vec<Level>,
    before: Option<Token<'a>>,
}

/// What stands between a pair of brackets, as far as it was read.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// The operators of the expression that is read, those of one operand aside.
    operators: usize,
    /// The `if` among them.
    ifs: usize,
    /// The dots, calls and signs of the operand that is read, and the most of any operand.
    operand: usize,
    longest_operand: usize,
    /// How deep what its brackets hold nests, at most.
    inside: usize,
    /// The deepest expression before the one that is read.
    deepest: usize,
}

impl Level {
    fn joins(&self) -> usize {
        self.operators + self.longest_operand
    }

    fn depth(&self) -> usize {
        self.joins() + self.inside
    }

    fn operator(&mut self) {
        self.operators += 1;
        self.operand = 0;
    }

    fn part(&mut self) {
        self.operand += 1;
        self.longest_operand = self.longest_operand.max(self.operand);
    }

    /// Begins an expression that is not part of the one before.
    fn next_expression(&mut self) {
        *self = Self { deepest: self.deepest.max(self.depth()), ..Self::default() };
    }
}

impl<'a> Nesting<'a> {
    fn take(&mut self, token: Token<'a>) -> Result<(), String> {
        let before = self.before.replace(token);
        // What follows an operand without an operator goes into it, or is another expression.
        let continues = before.is_some_and(|before| ends_operand(&before));
        let is_outermost = self.open.len() == 1;
        let Some(level) = self.open.last_mut() else { return Ok(()) };
        match token.kind {
            Kind::Open => {
                let is_statement = self.language == Language::Rego
                    && continues
                    && token.gap != Gap::None
                    && token.text != "(";
                if is_statement {
                    level.next_expression();
                }
                level.part();
                self.open.push(Level::default());
            }
            Kind::Close if is_outermost => {}
            Kind::Close => {
                if let (Some(closed), Some(around)) = (self.open.pop(), self.open.last_mut()) {
                    around.inside = around.inside.max(closed.deepest.max(closed.depth()));
                }
            }
            // The name behind a dot belongs to the operand, even if it is a keyword elsewhere.
            Kind::Word if before.is_some_and(|before| before.text == ".") => {}
            Kind::Word | Kind::Text | Kind::Symbol => match (self.language, token.text) {
                (_, "," | ";" | ":") | (Language::Rego, "=" | ":=") => level.next_expression(),
                (_, "." | "!") => level.part(),
                (_, "-") if !continues => level.part(),
                (_, "::") => {}
                (Language::Cedar, "if") => {
                    level.operator();
                    level.ifs += 1;
                }
                (Language::Cedar, "then" | "else") => level.operand = 0,
                // Every condition of a Cedar policy is joined to those before it.
                (Language::Cedar, "has" | "in" | "is" | "like" | "when" | "unless")
                | (Language::Rego, "in") => level.operator(),
                (Language::Rego, _) if continues && token.kind != Kind::Symbol => {
                    level.next_expression();
                }
                _ if token.kind == Kind::Symbol => level.operator(),
                _ => {}
            },
        }
        self.bound()
    }

    fn bound(&self) -> Result<(), String> {
        let ifs: usize = self.open.iter().map(|level| level.ifs).sum();
        if self.open.len() - 1 + ifs > MAX_BRACKETS {
            let what = match self.language {
                Language::Cedar => "brackets and `if`",
                Language::Rego => "brackets",
            };
            return Err(format!("{what} are nested deeper than {MAX_BRACKETS}; split the policy"));
        }
        let depth = self
            .open
            .iter()
            .rev()
            .fold(0, |below: usize, level| level.joins() + level.inside.max(below));
        if depth > MAX_OPERATORS {
            return Err(format!(
                "one expression has more than {MAX_OPERATORS} operators in a chain; split it"
            ));
        }
        Ok(())
    }
}

/// Runs what calls itself `depth` levels deep, on a stack that is large enough for it, whatever the caller's thread has left:
/// else a policy would be decided in one thread, and fail in another.
pub(crate) fn with_room<T>(depth: usize, run: impl FnOnce() -> T) -> T {
    let needed = SPARE_BYTES + depth * LEVEL_BYTES;
    stacker::maybe_grow(needed, needed.max(NEW_STACK_BYTES), run)
}

/// The deepest syntax tree: at most twice what [`check`] counts, since some operators stand for two, such as `!=`.
pub(crate) const MAX_TREE: usize = 2 * MAX_OPERATORS + MAX_BRACKETS;
/// What one level of a tree takes of the stack: measured, and half as much again.
const LEVEL_BYTES: usize = if cfg!(debug_assertions) { 80 * 1024 } else { 16 * 1024 };
/// Cedar refuses to go on when less than 100 KiB are left.
const SPARE_BYTES: usize = 192 * 1024;
const NEW_STACK_BYTES: usize = 2 * 1024 * 1024;

fn ends_operand(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !matches!(token.text, "else" | "has" | "if" | "in" | "is" | "like" | "then"),
        Kind::Text | Kind::Close => true,
        Kind::Open | Kind::Symbol => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, language: Language) -> bool {
        check(Source::new("p", text).unwrap(), language).is_err()
    }

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        use Language::{Cedar, Rego};
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!refused(&nested(MAX_BRACKETS), Rego));
        assert!(refused(&nested(MAX_BRACKETS + 1), Rego));
        assert!(refused(&nested(MAX_BRACKETS + 1), Cedar));
        assert!(!refused(&"[],".repeat(1000), Rego));
        assert!(!refused(&format!("{:?}", nested(99)), Rego));
        assert!(!refused(&format!(r#""\"{}""#, nested(99)), Cedar));
        assert!(!refused(&format!("`\"{}`", nested(99)), Rego));
        assert!(!refused(&format!("# \"{}\n", nested(99)), Rego));
        assert!(!refused(&format!("// \"{}\n", nested(99)), Cedar));
        assert!(refused(&format!("# \n{}", nested(99)), Rego));
        assert!(refused(&format!("\"\"{}", nested(99)), Cedar));
        assert!(refused(&format!("`\\`{}", nested(99)), Rego));
    }

    #[test]
    fn every_chain_is_counted_and_what_stands_beside_it_is_not() {
        use Language::{Cedar, Rego};
        let chain = |link: &str, times: usize| format!("x{}", link.repeat(times));
        for (link, language) in [
            (" + 1", Rego),
            (" == f(2)", Rego),
            (" | y", Rego),
            ("\n| y", Rego),
            (" in y", Rego),
            (".y", Rego),
            ("[0]", Rego),
            (" + contains(\"a\", \"b\")", Rego),
            (" + f (2)", Rego),
            (" || y", Cedar),
            (" || y == 1", Cedar),
            (".contains", Cedar),
            (".has", Cedar),
            (" has y", Cedar),
            (" when { y }", Cedar),
            (" + -1", Cedar),
        ] {
            assert!(!refused(&chain(link, 30), language), "{link}");
            assert!(refused(&chain(link, MAX_OPERATORS + 1), language), "{link}");
        }
        assert!(refused(&format!("{}x", "-".repeat(MAX_OPERATORS + 1)), Rego));
        assert!(refused(&"if x then y else ".repeat(MAX_BRACKETS + 1), Cedar));
        for (beside, language) in [
            ("x := a.b + 1\n", Rego),
            ("x == a.b + 1\n", Rego),
            ("a.b\n", Rego),
            ("{1 + 1}\n", Rego),
            ("not a.b with input.x as 1 + 1\n", Rego),
            ("some x in y\n", Rego),
            ("x + 1, ", Cedar),
            ("permit (principal, action, resource) when { x.y == 1 } unless { !z };\n", Cedar),
            ("\"a\": if x then y else z, ", Cedar),
        ] {
            assert!(!refused(&beside.repeat(1000), language), "{beside}");
        }
    }
}
