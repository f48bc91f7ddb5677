//! Cedar policies: the mapper from actions to Cedar requests, and an engine that evaluates only what can apply.
//!
//! ```text
//! load (text -> annotated policies) -> select (candidates) ─┐
//!                       map (Action -> Request) ────────────┴─> evaluate
//! ```

mod builder;
mod depth;
mod evaluate;
mod hierarchy;
mod load;
mod map;
mod reads;
mod schema;
mod template;
mod trace;
mod version;

use std::fmt;

use axtary_actionpass::PolicyVersion;

pub use self::{
    builder::{CedarBuilder, TemplateLink},
    schema::CedarSchema,
};
use self::{hierarchy::Hierarchy, load::LoadedPolicy, map::Mapper};
use crate::{error::LoadError, select::ScopeIndex};

/// Decides by Cedar policies.
///
/// # Request
///
/// | Cedar | is |
/// |---|---|
/// | principal | `Agent::"<agent id>"` |
/// | action | `Action::"<tool>"` |
/// | resource | the resource's type in camel case and its id: `repo:company/web-app` is `Repo::"company/web-app"`, `slack_channel:C1` is `SlackChannel::"C1"` |
/// | `context.intent` | `{ text, task_id }`; `task_id` is `""` for a call without a task |
/// | `context.payload` | the facts, never what the agent wrote; integers, booleans, strings, sets and records |
/// | `context.human_owner`, `context.audience` | strings |
///
/// What `in` holds of:
///
/// - An agent is in each `AgentGroup` that [`CedarBuilder::group`] puts it into.
/// - An action is in its families: `Action::"github.pull_requests.create"` is in `Action::"github.pull_requests"` and in
///   `Action::"github"`.
/// - `Repo::"company/web-app"` is in `Org::"company"`; `Path::"company/web-app/src/a.rs"` is in each folder above it, which is a
///   `Path` too, in its `Repo` and in its `Org`.
///
/// Entities have no attributes, and only those of the request are known: one that a policy names, and that the request is not
/// about, is in nothing but itself.
///
/// # Answer
///
/// A satisfied `forbid` denies. So does any policy that errs on the action, a `forbid` or a `permit`, although Cedar
/// itself would skip it: a missing fact must not switch a policy off. Else a satisfied `permit` permits. Annotations say more:
///
/// - `@id("small-changes")` names the policy in reasons; else it is its file and number, `main.cedar:policy0`.
/// - `@reason("…")` says why, to whoever meets the policy.
/// - `@step_up("security")` on a `permit` asks for approval in its place, from those named between commas.
/// - `@ttl("5m")` on a `permit` says how long a pass lives.
///
/// # Example
///
/// ```
/// use axtary_policy::CedarEngine;
///
/// let engine = CedarEngine::from_sources(&[(
///     "main.cedar",
///     r#"
///     @id("small-changes")
///     @ttl("10m")
///     permit (
///         principal == Agent::"codex-prod",
///         action == Action::"github.pull_requests.create",
///         resource == Repo::"company/web-app"
///     )
///     when { context.payload.files_changed <= 12 };
///     "#,
/// )])?;
/// # let _ = engine;
/// assert!(CedarEngine::from_sources(&[("main.cedar", "permit (principal);")]).is_err());
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
pub struct CedarEngine {
    // INVARIANT: in the order of their sources, which is the order of reasons.
    policies: Vec<LoadedPolicy>,
    // INVARIANT: every policy of `policies` is in one bucket, under what its scope compares with `==`.
    index: ScopeIndex,
    /// How deep the deepest condition nests.
    depth: usize,
    mapper: Mapper,
    /// What requests are in; `None` if no policy asks.
    hierarchy: Option<Hierarchy>,
    version: PolicyVersion,
}

impl CedarEngine {
    /// Loads policies from named texts.
    ///
    /// # Errors
    ///
    /// As [`CedarBuilder::build`].
    pub fn from_sources<N: AsRef<str>, T: AsRef<str>>(
        sources: &[(N, T)],
    ) -> Result<Self, LoadError> {
        let builder = Self::builder();
        sources
            .iter()
            .fold(builder, |builder, (name, text)| builder.source(name.as_ref(), text.as_ref()))
            .build()
    }

    /// Starts an engine with groups of agents, links of templates, or a schema.
    pub fn builder() -> CedarBuilder {
        CedarBuilder::default()
    }
}

impl fmt::Debug for CedarEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CedarEngine")
            .field("policies", &self.policies.len())
            .field("version", &self.version)
            .finish()
    }
}
