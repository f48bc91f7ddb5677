//! Rego modules: the mapper from actions to OPA input, a check of what modules may refer to, and an engine that
//! evaluates them with the interpreter of `regorus` under a step budget.
//!
//! ```text
//! load (text -> engine) -> check (references, builtins, recursion)
//!                    map (Action -> input) ─> evaluate (allow, deny, step_up)
//! ```

mod budget;
mod builder;
mod builtin;
mod bundle;
mod check;
mod evaluate;
mod graph;
mod load;
mod map;
mod walk;

use std::fmt;

use axtary_actionpass::{PolicyInfo, PolicyVersion};

pub use self::builder::RegoBuilder;
use self::{builder::Entrypoints, map::Mapper};
use crate::error::LoadError;

/// Decides by Rego modules, as OPA would with the same input.
///
/// # Input
///
/// ```json
/// {
///   "actor": { "agent_id": "codex-prod", "human_owner": "alice@example.com" },
///   "intent": { "text": "fix the login redirect", "task_id": "AXT-418" },
///   "tool": "github.pull_requests.create",
///   "resource": "repo:company/web-app",
///   "audience": "github-executor",
///   "payload": { "files_changed": 3 },
///   "facts": { "files_changed": 3 }
/// }
/// ```
///
/// `payload` and `facts` are the same: what the adapter derived, never what the agent wrote. `task_id` is absent for a
/// call without a task.
///
/// # Entrypoints
///
/// Unless [`RegoBuilder::allow`] and its like name others:
///
/// | rule | is | and leads to |
/// |---|---|---|
/// | `data.axtary.deny`, optional | a set or list | each entry denies and says why |
/// | `data.axtary.step_up`, optional | `true`, or a set or list of approvers | a step-up; it needs no `allow` beside it |
/// | `data.axtary.allow` | exactly `true` | a permit |
///
/// A value of any other type, and an error anywhere in the three, denies. An undefined `allow` denies.
///
/// Mind two habits of Rego: `not input.payload.touches_production` holds when the fact is missing, so write
/// `input.payload.touches_production == false`; and values of different types compare without an error, so that
/// `true <= 12` holds, so write `is_number(input.payload.files_changed)` beside a bound.
///
/// # Bundles
///
/// [`RegoBuilder::bundle`] reads an OPA bundle (`tar.gz`): its modules, its `data.json` files at the paths of their folders, and
/// its `.manifest`, whose `roots` are held to. Nothing in it is passed over: signatures, compiled modules and other files
/// are refused.
///
/// # Loading
///
/// A module is refused that refers to `data` which no module defines (under `not`, it would hold), calls a builtin that is
/// unknown, reads a clock or chance, or does unbounded work in one step, replaces a function using `with`, recurses,
/// or builds values of values until one can be 2^16 times as large as a fact.
/// What is left is bounded by [`RegoEngine::MAX_STEPS`], which are counted by the hundred.
///
/// # Example
///
/// ```
/// use axtary_policy::RegoEngine;
///
/// let module = r#"
///     package axtary
///
///     allow if {
///         input.actor.agent_id == "codex-prod"
///         input.tool == "github.pull_requests.create"
///         not secrets
///     }
///
///     secrets if { some path in input.payload.paths; endswith(path, ".pem") }
/// "#;
/// let engine = RegoEngine::from_modules(&[("main.rego", module)])?;
/// # let _ = engine;
///
/// let error =
///     RegoEngine::from_modules(&[("main.rego", module.replace("not secrets", "not data.lib.bad"))]).unwrap_err();
/// assert_eq!(error.line(), Some(7));
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
pub struct RegoEngine {
    engine: regorus::Engine,
    entrypoints: Entrypoints,
    policies: Vec<PolicyInfo>,
    mapper: Mapper,
    version: PolicyVersion,
}

impl RegoEngine {
    /// The most steps that the evaluation of one entrypoint takes: some four hundred times those of a short policy.
    pub const MAX_STEPS: u32 = 20_000;

    /// Loads modules from named texts.
    ///
    /// # Errors
    ///
    /// As [`RegoBuilder::build`].
    pub fn from_modules<N: AsRef<str>, T: AsRef<str>>(
        modules: &[(N, T)],
    ) -> Result<Self, LoadError> {
        let builder = Self::builder();
        modules
            .iter()
            .fold(builder, |builder, (name, text)| builder.module(name.as_ref(), text.as_ref()))
            .build()
    }

    /// Starts an engine with bundles, or with entrypoints of its own.
    pub fn builder() -> RegoBuilder {
        RegoBuilder::default()
    }
}

impl fmt::Debug for RegoEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegoEngine").field("version", &self.version).finish_non_exhaustive()
    }
}
