//! Names and patterns over names: `codex-prod`, `repo:company/*`, `**`.
//!
//! `*` stands for any characters but `/`, none included, and `**` for any at all. Everything else stands for itself,
//! case included. A pattern that could match no well-formed name is refused, since it is a typo.

use axtary_actionpass::{AgentId, InputError, Principal, Resource, TaskId, ToolName};

use crate::select::Named;

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 512;
/// The most wildcards in one pattern: matching costs a pass over the name for each.
const MAX_WILDCARDS: usize = 8;
/// The most patterns in one list.
const MAX_PATTERNS: usize = 64;

/// What kind of name a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Agent,
    HumanOwner,
    Tool,
    Resource,
    Task,
}

/// Any of several patterns.
#[derive(Clone, Debug)]
pub(super) struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug)]
enum Pattern {
    Exact(String),
    Glob {
        /// What stands before the first wildcard.
        start: String,
        tokens: Vec<Token>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(u8),
    /// `*`
    Segment,
    /// `**`
    Everything,
}

impl Patterns {
    /// Compiles what a rule names; the error says what to write instead.
    pub(super) fn compile(kind: Kind, patterns: &[String]) -> Result<Self, String> {
        if patterns.len() > MAX_PATTERNS {
            return Err(format!("a list holds at most {MAX_PATTERNS} patterns; split the rule"));
        }
        patterns.iter().map(|text| Pattern::compile(kind, text)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether one of the patterns matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// What each pattern says of a name.
    pub(super) fn named(&self) -> Vec<Named<'_>> {
        let named = self.0.iter().map(|pattern| match pattern {
            Pattern::Exact(name) => Named::Is(name),
            Pattern::Glob { start, .. } => Named::StartsWith(start),
        });
        named.collect()
    }
}

impl Pattern {
    fn compile(kind: Kind, text: &str) -> Result<Self, String> {
        let shown = || text.chars().take(64).collect::<String>().escape_debug().to_string();
        if text.len() > MAX_BYTES {
            return Err(format!("the pattern `{}…` is longer than {MAX_BYTES} bytes", shown()));
        }
        if !text.contains('*') {
            return match kind.well_formed(text) {
                Ok(()) => Ok(Self::Exact(text.to_owned())),
                Err(error) => Err(error.to_string()),
            };
        }
        if text.contains(['?', '[', ']', '{', '}', '\\']) {
            return Err(format!(
                "the pattern `{}` is refused: `*` and `**` are the only wildcards",
                shown()
            ));
        }
        let tokens = tokens(text);
        if tokens.iter().filter(|token| !matches!(token, Token::Literal(_))).count() > MAX_WILDCARDS
        {
            return Err(format!(
                "the pattern `{}` has more than {MAX_WILDCARDS} wildcards",
                shown()
            ));
        }
        // A pattern is of use if something that it matches is a name: wildcards are tried with the shortest fillings.
        let possible = ["a", "a.a", "a:a"].iter().any(|filling| {
            let name = text.replace("**", "*").replace('*', filling);
            kind.well_formed(&name).is_ok()
        });
        if !possible {
            return Err(format!(
                "the pattern `{}` matches no {}; {}",
                shown(),
                kind.name(),
                kind.example()
            ));
        }
        let start = text.split('*').next().unwrap_or_default().to_owned();
        Ok(Self::Glob { start, tokens })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Glob { tokens, .. } => glob_matches(tokens, name.as_bytes()),
        }
    }
}

impl Kind {
    fn well_formed(self, text: &str) -> Result<(), InputError> {
        match self {
            Self::Agent => AgentId::new(text).map(drop),
            Self::HumanOwner => Principal::new(text).map(drop),
            Self::Tool => ToolName::new(text).map(drop),
            Self::Resource => Resource::new(text).map(drop),
            Self::Task => TaskId::new(text).map(drop),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent id",
            Self::HumanOwner => "human owner",
            Self::Tool => "tool name",
            Self::Resource => "resource",
            Self::Task => "task id",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Agent | Self::HumanOwner | Self::Task => "write printable ASCII without spaces",
            Self::Tool => "write it as `github.pull_requests.*`",
            Self::Resource => "write it as `repo:company/*`",
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match (byte, tokens.last_mut()) {
            (b'*', Some(last @ Token::Segment)) => *last = Token::Everything,
            (b'*', Some(Token::Everything)) => {}
            (b'*', Some(Token::Literal(_)) | None) => tokens.push(Token::Segment),
            (byte, _) => tokens.push(Token::Literal(byte)),
        }
    }
    tokens
}

/// Where to go on when a literal does not fit: let a wildcard take one byte more.
#[derive(Clone, Copy)]
struct Retry {
    token: usize,
    at: usize,
}

/// Matches without recursion. The latest `*` is retried as far as the next `/`, and then the latest `**`. Earlier
/// wildcards need no retry: that they took as little as they could leaves the most to those behind.
fn glob_matches(tokens: &[Token], name: &[u8]) -> bool {
    let (mut token, mut at) = (0, 0);
    let (mut segment, mut everything): (Option<Retry>, Option<Retry>) = (None, None);
    loop {
        match (tokens.get(token), name.get(at)) {
            (None, None) => return true,
            (Some(Token::Segment), _) => {
                token += 1;
                segment = Some(Retry { token, at });
                continue;
            }
            (Some(Token::Everything), _) => {
                token += 1;
                (segment, everything) = (None, Some(Retry { token, at }));
                continue;
            }
            (Some(Token::Literal(literal)), Some(byte)) if literal == byte => {
                (token, at) = (token + 1, at + 1);
                continue;
            }
            (Some(Token::Literal(_)), _) | (None, Some(_)) => {}
        }
        let retry = match (segment, everything) {
            (Some(retry), _) if name.get(retry.at).is_some_and(|byte| *byte != b'/') => {
                let retry = Retry { at: retry.at + 1, ..retry };
                segment = Some(retry);
                retry
            }
            (_, Some(retry)) if retry.at < name.len() => {
                let retry = Retry { at: retry.at + 1, ..retry };
                (segment, everything) = (None, Some(retry));
                retry
            }
            _ => return false,
        };
        (token, at) = (retry.token, retry.at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        glob_matches(&tokens(pattern), name.as_bytes())
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        assert!(matches("repo:company/*", "repo:company/web-app"));
        assert!(!matches("repo:company/*", "repo:company/a/b"));
        assert!(!matches("repo:company/*", "repo:other/web-app"));
        assert!(matches("repo:company/**", "repo:company/a/b"));
        assert!(matches("**", "anything/at:all"));
        assert!(!matches("*", "a/b"));
        assert!(matches("github.*.create", "github.pull_requests.create"));
        assert!(matches("*-prod", "codex-prod"));
        assert!(!matches("*-prod", "codex-prod-2"));
        assert!(!matches("Codex*", "codex-prod"));
    }

    #[test]
    fn what_a_pattern_refuses() {
        let compile = |kind, text: &str| Patterns::compile(kind, &[text.to_owned()]);
        for (kind, text) in [
            (Kind::Agent, ""),
            (Kind::Agent, "codex prod"),
            (Kind::Agent, "codex-* x"),
            (Kind::Tool, "create"),
            (Kind::Tool, "github.{a,b}*"),
            (Kind::Tool, "github/*"),
            (Kind::Resource, "company/web-app"),
            (Kind::Resource, "Repo:company/*"),
            (Kind::Resource, "repo:company/[ab]*"),
            (Kind::Resource, "repo:*?"),
            (Kind::Task, "AXT-\u{0664}"),
            (Kind::Agent, "a*b*c*d*e*f*g*h*i*"),
        ] {
            assert!(compile(kind, text).is_err(), "{kind:?} {text}");
        }
        assert!(compile(Kind::Agent, &"a".repeat(MAX_BYTES + 1)).is_err());
        assert!(Patterns::compile(Kind::Agent, &vec!["a".to_owned(); MAX_PATTERNS + 1]).is_err());
        for (kind, text) in [
            (Kind::Agent, "dependabot[bot]"),
            (Kind::Tool, "**"),
            (Kind::Tool, "github*"),
            (Kind::Resource, "**"),
            (Kind::Resource, "*:company/**"),
            (Kind::Resource, "repo:*"),
        ] {
            assert!(compile(kind, text).is_ok(), "{kind:?} {text}");
        }
    }

    /// The definition, tried every way.
    fn oracle(tokens: &[Token], name: &[u8]) -> bool {
        match (tokens.split_first(), name.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((Token::Literal(literal), rest)), Some((byte, tail))) => {
                literal == byte && oracle(rest, tail)
            }
            (Some((Token::Literal(_), _)), None) => false,
            (Some((wild, rest)), next) => {
                oracle(rest, name)
                    || next.is_some_and(|(byte, tail)| {
                        (*wild == Token::Everything || *byte != b'/') && oracle(tokens, tail)
                    })
            }
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(pattern in "[ab/*]{0,10}", name in "[ab/]{0,12}") {
            let tokens = tokens(&pattern);
            prop_assert_eq!(glob_matches(&tokens, name.as_bytes()), oracle(&tokens, name.as_bytes()));
        }
    }
}
