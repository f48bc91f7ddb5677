//! A rule as its author wrote it, in YAML or in code; nothing of it is checked yet.

use std::time::Duration;

use axtary_actionpass::{Effect, Json, Object};

/// A native rule: whom it is about, and what holds for them.
///
/// Agents, tools and resources are named exactly or by a pattern, in which `*` stands for any characters but `/`, and
/// `**` for any at all. Naming several means any of them.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Operator, Vocabulary};
/// use axtary_policy::{NativeEngine, Rule};
/// use std::time::Duration;
///
/// let vocabulary =
///     Vocabulary::new().with_constraint("max_files_changed", Operator::AtMost, "files_changed");
/// let engine = NativeEngine::builder(&vocabulary)
///     .rule(
///         Rule::permit("small-changes")
///             .agent("codex-prod")
///             .tool("github.pull_requests.create")
///             .resource("repo:company/web-app")
///             .constraint("max_files_changed", 12)
///             .ttl(Duration::from_secs(600)),
///     )
///     .build()?;
/// # let _ = engine;
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rule {
    pub(super) id: String,
    pub(super) effect: Effect,
    pub(super) agent: Vec<String>,
    pub(super) human_owner: Vec<String>,
    pub(super) tool: Vec<String>,
    pub(super) resource: Vec<String>,
    pub(super) task: Vec<String>,
    pub(super) when: Option<Object>,
    pub(super) constraints: Option<Object>,
    pub(super) ttl: Option<Duration>,
    pub(super) approvers: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) sensitive: Vec<String>,
    pub(super) enforce: bool,
    pub(super) line: Option<u64>,
}

impl Rule {
    /// A rule that permits calls whose constraints hold.
    pub fn permit(id: impl Into<String>) -> Self {
        Self::new(id, Effect::Permit)
    }

    /// A rule that forbids calls.
    pub fn forbid(id: impl Into<String>) -> Self {
        Self::new(id, Effect::Deny)
    }

    /// A rule that asks for a human's approval.
    pub fn step_up(id: impl Into<String>) -> Self {
        Self::new(id, Effect::StepUp)
    }

    pub(super) fn new(id: impl Into<String>, effect: Effect) -> Self {
        Self {
            id: id.into(),
            effect,
            agent: Vec::new(),
            human_owner: Vec::new(),
            tool: Vec::new(),
            resource: Vec::new(),
            task: Vec::new(),
            when: None,
            constraints: None,
            ttl: None,
            approvers: Vec::new(),
            reason: None,
            sensitive: Vec::new(),
            enforce: true,
            line: None,
        }
    }

    /// Names an agent; at least one is needed.
    pub fn agent(mut self, pattern: impl Into<String>) -> Self {
        self.agent.push(pattern.into());
        self
    }

    /// Names a human whose agents the rule is about; without one it is about all.
    pub fn human_owner(mut self, pattern: impl Into<String>) -> Self {
        self.human_owner.push(pattern.into());
        self
    }

    /// Names a tool; at least one is needed.
    pub fn tool(mut self, pattern: impl Into<String>) -> Self {
        self.tool.push(pattern.into());
        self
    }

    /// Names a resource, as `type:id`; at least one is needed.
    pub fn resource(mut self, pattern: impl Into<String>) -> Self {
        self.resource.push(pattern.into());
        self
    }

    /// Names a task; the rule then does not apply to calls without a task.
    pub fn task(mut self, pattern: impl Into<String>) -> Self {
        self.task.push(pattern.into());
        self
    }

    /// Adds a condition, in the constraint vocabulary, for the rule to apply at all.
    pub fn when(mut self, name: impl Into<String>, operand: impl Into<Json>) -> Self {
        self.when.get_or_insert_default().insert(name, operand);
        self
    }

    /// Adds a constraint that a permitted call must meet, now and when its pass is used.
    pub fn constraint(mut self, name: impl Into<String>, operand: impl Into<Json>) -> Self {
        self.constraints.get_or_insert_default().insert(name, operand);
        self
    }

    /// Says how long a pass under this permit lives: whole seconds, at most an hour.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Names who may approve a step-up.
    pub fn approver(mut self, approver: impl Into<String>) -> Self {
        self.approvers.push(approver.into());
        self
    }

    /// Says why, to whoever meets the rule.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Names a fact that the ledger is to hold as a commitment, of every call that the rule names, whether it applies or
    /// not; `payload_hash` names the payload's hash.
    pub fn sensitive(mut self, fact: impl Into<String>) -> Self {
        self.sensitive.push(fact.into());
        self
    }

    /// Puts the rule on trial: it decides nothing, and each evaluation says what it would have come to with it.
    pub fn on_trial(mut self) -> Self {
        self.enforce = false;
        self
    }

    /// The rule's effect, as YAML spells it.
    pub(super) fn effect_name(&self) -> &'static str {
        match self.effect {
            Effect::Permit => "permit",
            Effect::StepUp => "step_up",
            Effect::Deny => "forbid",
        }
    }

    /// The rule as JSON, over which the version of rules that were built in code goes.
    pub(super) fn to_json(&self) -> Json {
        let mut object =
            Object::new().with("effect", self.effect_name()).with("id", self.id.as_str());
        for (name, patterns) in [
            ("agent", &self.agent),
            ("approvers", &self.approvers),
            ("human_owner", &self.human_owner),
            ("resource", &self.resource),
            ("sensitive", &self.sensitive),
            ("task", &self.task),
            ("tool", &self.tool),
        ] {
            if !patterns.is_empty() {
                object.insert(name, patterns.clone());
            }
        }
        for (name, operands) in [("constraints", &self.constraints), ("when", &self.when)] {
            if let Some(operands) = operands {
                object.insert(name, operands.clone());
            }
        }
        if !self.enforce {
            object.insert("enforce", false);
        }
        if let Some(reason) = &self.reason {
            object.insert("reason", reason.as_str());
        }
        if let Some(ttl) = self.ttl {
            object.insert("ttl", format!("{}s", ttl.as_secs()));
        }
        object.into()
    }
}
