//! The identifiers of an action, each a type of its own: a value that exists is well formed.
//!
//! All are ASCII without spaces or control characters, so that no two of them look alike and none can break a log line;
//! an adapter percent-encodes what lies outside.

use std::{borrow::Cow, fmt};

use crate::error::InputError;

/// Declares a newtype over text that obeys a rule.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal, $rule:expr, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            #[doc = concat!("Reads ", $what, ": ", $form, ", at most ", stringify!($max), " bytes.")]
            ///
            /// # Errors
            ///
            /// [`InputError::Name`] says which form was expected.
            pub fn new(text: impl Into<String>) -> Result<Self, InputError> {
                let text = text.into();
                let rule: fn(&str) -> bool = $rule;
                if text.len() <= $max && rule(&text) {
                    Ok(Self(text))
                } else {
                    Err(InputError::name($what, $form, $max, &text))
                }
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = InputError;

            fn from_str(text: &str) -> Result<Self, InputError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

fn graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn dotted(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
}

fn typed(text: &str) -> bool {
    text.split_once(':').is_some_and(|(kind, id)| {
        graphic(id)
            && kind.starts_with(|c: char| c.is_ascii_lowercase())
            && kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    })
}

name! {
    /// The agent that acts, as the runtime knows it: `codex-prod`.
    AgentId, "an agent id", 128, graphic, "printable ASCII without spaces"
}
name! {
    /// The human who owns the agent's task: `alice@example.com`.
    Principal, "a human owner", 256, graphic, "printable ASCII without spaces"
}
name! {
    /// A capability as a dotted name: `github.pull_requests.create`.
    ToolName, "a tool name", 256, dotted, "two or more parts of letters, digits, `_` and `-` joined by dots"
}
name! {
    /// What an action touches, as `type:id`, normalized by the adapter: `repo:company/web-app`.
    Resource, "a resource", 512, typed, "`type:id` in printable ASCII without spaces, the type in lower case"
}
name! {
    /// The executor that a pass is for: `github-executor`.
    Audience, "an audience", 256, graphic, "printable ASCII without spaces"
}
name! {
    /// The gate that issues passes, as verifiers know it: `https://gate.example`.
    Issuer, "an issuer", 256, graphic, "printable ASCII without spaces"
}
name! {
    /// A task in the tracker of the humans: `AXT-418`.
    TaskId, "a task id", 128, graphic, "printable ASCII without spaces"
}
name! {
    /// A transaction that a call is part of, as the systems that take part in it know it: `checkout-7`.
    TransactionId, "a transaction id", 128, graphic, "printable ASCII without spaces"
}

/// A policy engine, as reasons and pass labels name it: `native`, `cedar`, `rego`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineName(Cow<'static, str>);

impl EngineName {
    /// The engine of native rules.
    pub const NATIVE: Self = Self(Cow::Borrowed("native"));
    /// The Cedar engine.
    pub const CEDAR: Self = Self(Cow::Borrowed("cedar"));
    /// The Rego engine.
    pub const REGO: Self = Self(Cow::Borrowed("rego"));
    /// The policies of [`testing`](crate::testing).
    #[cfg(feature = "testing")]
    pub(crate) const TESTING: Self = Self(Cow::Borrowed("testing"));

    /// Names another engine: lower-case letters, digits and `_`, at most 32 bytes.
    ///
    /// # Errors
    ///
    /// [`InputError::Name`] says which form was expected.
    pub fn new(text: impl Into<String>) -> Result<Self, InputError> {
        let text = text.into();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(InputError::name("an engine name", "lower-case letters, digits and `_`", 32, &text))
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Resource {
    /// The part before the colon: `repo`.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The part behind the colon: `company/web-app`.
    pub fn id(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_refuses() {
        for tool in [
            "",
            "create",
            "github.",
            ".create",
            "github..create",
            "github.créate",
            "a.b c",
            "a.b\n",
        ] {
            assert!(ToolName::new(tool).is_err(), "{tool:?}");
        }
        for resource in
            ["", "repo", "repo:", ":x", "Repo:x", "repo:a b", "repo:a\u{202e}b", "repo:a\0"]
        {
            assert!(Resource::new(resource).is_err(), "{resource:?}");
        }
        assert!(AgentId::new("a".repeat(128)).is_ok());
        assert!(AgentId::new("a".repeat(129)).is_err());
    }

    #[test]
    fn a_refused_name_says_what_was_expected_and_seen() {
        let error = ToolName::new("rm -rf\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a tool name must be two or more parts of letters, digits, `_` and `-` joined by dots, at most 256 bytes, \
             but is \"rm -rf\\n\""
        );
    }

    #[test]
    fn a_resource_splits_at_its_first_colon() {
        let resource = Resource::new("mcp:server:tool").unwrap();
        assert_eq!((resource.kind(), resource.id()), ("mcp", "server:tool"));
    }
}
