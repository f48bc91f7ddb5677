//! Fail-closed policy for agent actions: an [`Action`] goes in, an [`Evaluation`] comes out, and what cannot be decided
//! is denied.
//!
//! ```text
//!             ┌─ native rules ─┐
//! Action ─────┼─ Cedar ────────┼── PolicyStack ── Evaluation: permit, step-up or deny, with every reason
//!             └─ Rego ─────────┘
//! ```
//!
//! ```
//! use axtary_actionpass::{Effect, PolicyEngine, Vocabulary, testing};
//! use axtary_policy::{CedarEngine, NativeEngine, PolicyStack, Rule};
//!
//! let vocabulary = Vocabulary::new();
//! let native = NativeEngine::builder(&vocabulary)
//!     .rule(Rule::permit("messages").agent("agent").tool("slack.messages.*").resource("thing:*"))
//!     .build()?;
//! let cedar = CedarEngine::from_sources(&[(
//!     "limits.cedar",
//!     r#"
//!     permit (principal, action, resource);
//!     @id("few") forbid (principal, action, resource) when { context.payload.count > 3 };
//!     "#,
//! )])?;
//! let policy = PolicyStack::new().with(native).with(cedar);
//!
//! let evaluation = policy.evaluate(&testing::action("slack.messages.post")?)?;
//! assert_eq!(evaluation.label(), "native+cedar:pass");
//! let evaluation = policy.evaluate(&testing::action("slack.channels.delete")?)?;
//! assert_eq!(evaluation.effect(), Effect::Deny);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Policies read who acts, the intent, the tool, the resource and the facts, never the raw payload: a decision can be
//!   derived again from its record.
//! - Whatever errs while it is evaluated denies, even where its language would skip it. A missing fact switches no
//!   policy off.
//! - What loads is understood whole: unknown keys, constraints, annotations, builtins and references are errors with
//!   a place.
//! - The cost of native rules and Cedar policies does not grow with those for other agents, tools and resources; the cost
//!   of Rego is bounded in steps, not in time.
//!
//! # What is not
//!
//! - A policy author is trusted to mean what loads. A rule for everything loads, and the guard refuses to arm with it.
//! - Policies look nothing up: what they know is in the action, in the groups of agents, and in the data of a Rego bundle.
//!
//! # Where to go next
//!
//! [`NativeEngine`], [`CedarEngine`] and [`RegoEngine`] each describe their language's input and answer; [`PolicyStack`]
//! says how they decide together; [`LoadError`] is the only error.
//!
//! [`Action`]: axtary_actionpass::Action
//! [`Evaluation`]: axtary_actionpass::Evaluation

mod cedar;
mod draft;
mod error;
mod explain;
mod live;
mod native;
mod nesting;
mod reads;
mod recorded;
mod rego;
mod replay;
mod select;
mod source;
mod stack;
mod token;
mod ttl;

pub use crate::{
    cedar::{CedarBuilder, CedarEngine, CedarSchema, TemplateLink},
    draft::Draft,
    error::{LoadError, ReloadError},
    explain::{Explanation, Finding},
    live::{LivePolicy, Reloaded},
    native::{NativeBuilder, NativeEngine, Rule},
    recorded::{RecordedError, recorded_action},
    rego::{RegoBuilder, RegoEngine},
    replay::{Difference, Replayed, replay},
    stack::PolicyStack,
    ttl::read_ttl,
};
