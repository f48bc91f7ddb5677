//! The typed action: who wants to do what to which thing with exactly which payload, and the facts derived from it.
//!
//! An [`Action`] is built by an adapter, never deserialized from what an agent wrote about itself. Policy reads the
//! [`Facts`] and the [`Intent`]; the pass is bound to the [`Payload`].

use crate::{
    bindings::Bindings,
    error::InputError,
    hash::PayloadHash,
    json::{Json, Object, ObjectWriter, ScanError, check_built_text},
    name::{AgentId, Audience, Principal, Resource, TaskId, ToolName},
};

/// An agent's tool call in normal form: what policy decides on and what a pass fits.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Action, Actor, Facts, Intent, Object, Payload};
///
/// let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
/// let action = Action::builder(actor, "github.pull_requests.create".parse()?, "repo:company/web-app".parse()?)
///     .intent(Intent::new("fix the login redirect")?.with_task("AXT-418".parse()?))
///     .audience("github-executor".parse()?)
///     .payload(Payload::parse(br#"{"title": "Fix login"}"#)?)
///     .facts(Facts::new(Object::new().with("files_changed", 3))?)
///     .build()?;
/// assert_eq!(action.resource().id(), "company/web-app");
/// # Ok::<(), axtary_actionpass::InputError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    actor: Actor,
    intent: Intent,
    tool: ToolName,
    resource: Resource,
    audience: Audience,
    payload: Payload,
    facts: Facts,
    bindings: Bindings,
}

impl Action {
    /// Starts an action: who calls which tool on what.
    pub fn builder(actor: Actor, tool: ToolName, resource: Resource) -> ActionBuilder {
        ActionBuilder {
            actor,
            tool,
            resource,
            intent: None,
            audience: None,
            payload: None,
            facts: None,
            bindings: Bindings::none(),
        }
    }

    /// Who acts, and for whom.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What the agent says it is doing.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// The capability that is used.
    pub fn tool(&self) -> &ToolName {
        &self.tool
    }

    /// What is touched.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The executor that a pass for this action is for.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What will be sent.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What the adapter derived from the payload.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What a pass for this action is bound to beyond the call.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }
}

/// Collects the parts of an [`Action`]; made by [`Action::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ActionBuilder {
    actor: Actor,
    tool: ToolName,
    resource: Resource,
    intent: Option<Intent>,
    audience: Option<Audience>,
    payload: Option<Payload>,
    facts: Option<Facts>,
    bindings: Bindings,
}

impl ActionBuilder {
    /// Says what the agent claims to be doing.
    pub fn intent(mut self, intent: Intent) -> Self {
        self.intent = Some(intent);
        self
    }

    /// Names the executor that the pass is for.
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Gives what will be sent.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Gives what the adapter derived from the payload and the world; never what the agent said of it.
    pub fn facts(mut self, facts: Facts) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Binds the pass to more than the call; nothing more, unless this is said.
    pub fn bindings(mut self, bindings: Bindings) -> Self {
        self.bindings = bindings;
        self
    }

    /// Completes the action.
    ///
    /// # Errors
    ///
    /// [`InputError::Missing`] names the first part that was not given.
    pub fn build(self) -> Result<Action, InputError> {
        let missing = |part| InputError::Missing { part };
        Ok(Action {
            intent: self.intent.ok_or(missing("intent"))?,
            audience: self.audience.ok_or(missing("audience"))?,
            payload: self.payload.ok_or(missing("payload"))?,
            facts: self.facts.ok_or(missing("facts"))?,
            bindings: self.bindings,
            actor: self.actor,
            tool: self.tool,
            resource: self.resource,
        })
    }
}

/// Who acts: the agent, and the human who owns its task; and the agents that handed the task on, if any did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    agent_id: AgentId,
    human_owner: Principal,
    delegated_by: Vec<AgentId>,
}

impl Actor {
    /// An agent that works on a human's task.
    pub fn new(agent_id: AgentId, human_owner: Principal) -> Self {
        Self { agent_id, human_owner, delegated_by: Vec::new() }
    }

    /// The most agents that a task can have been handed on by.
    pub const MAX_DELEGATIONS: usize = 8;

    /// Names the agents that handed the task on, the one who handed it to this agent first (`act`, RFC 8693).
    ///
    /// # Errors
    ///
    /// [`InputError::Delegations`] beyond [`Actor::MAX_DELEGATIONS`].
    pub fn delegated_by(mut self, agents: Vec<AgentId>) -> Result<Self, InputError> {
        if agents.len() > Self::MAX_DELEGATIONS {
            return Err(InputError::Delegations { seen: agents.len(), max: Self::MAX_DELEGATIONS });
        }
        self.delegated_by = agents;
        Ok(self)
    }

    /// The agents that handed the task on, the latest first.
    pub fn delegations(&self) -> &[AgentId] {
        &self.delegated_by
    }

    /// The agent.
    pub fn agent_id(&self) -> &AgentId {
        &self.agent_id
    }

    /// The human who owns the task.
    pub fn human_owner(&self) -> &Principal {
        &self.human_owner
    }
}

/// What the agent says it is doing: shown to humans, available to policy, trusted by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    text: String,
    task_id: Option<TaskId>,
}

impl Intent {
    /// The longest text, in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// An intent in the agent's own words.
    ///
    /// # Errors
    ///
    /// [`InputError::TooLong`] beyond [`Intent::MAX_BYTES`]; [`InputError::Json`] for noncharacters.
    pub fn new(text: impl Into<String>) -> Result<Self, InputError> {
        let text = text.into();
        if text.len() > Self::MAX_BYTES {
            return Err(InputError::TooLong {
                what: "an intent",
                bytes: text.len(),
                max: Self::MAX_BYTES,
            });
        }
        check_built_text(&text)?;
        Ok(Self { text, task_id: None })
    }

    /// Names the task in the humans' tracker that this is for.
    #[must_use]
    pub fn with_task(mut self, task_id: TaskId) -> Self {
        self.task_id = Some(task_id);
        self
    }

    /// The agent's words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The task, if one was named.
    pub fn task_id(&self) -> Option<&TaskId> {
        self.task_id.as_ref()
    }

    /// Writes `task_id`, if there is one, and `text`.
    pub(crate) fn write(&self, object: &mut ObjectWriter) {
        if let Some(task_id) = &self.task_id {
            object.text("task_id", task_id.as_str());
        }
        object.text("text", &self.text);
    }
}

/// What will be sent, in canonical form (RFC 8785), with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    canonical: Vec<u8>,
    hash: PayloadHash,
}

impl Payload {
    /// Reads the bytes of a payload, strictly.
    ///
    /// # Errors
    ///
    /// [`ScanError`] for everything outside the strict profile; see [`Json::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ScanError> {
        Ok(Self::of(&Json::parse(bytes)?, bytes.len()))
    }

    /// Takes a payload that was built in memory.
    ///
    /// # Errors
    ///
    /// [`ScanError`] if it is deeper or larger than bytes may be, or holds noncharacters.
    pub fn from_json(json: &Json) -> Result<Self, ScanError> {
        json.within_profile()?;
        Ok(Self::of(json, 256))
    }

    /// `size` is about how long the canonical form will be.
    fn of(json: &Json, size: usize) -> Self {
        let mut canonical = Vec::with_capacity(size);
        json.write_canonical(&mut canonical);
        Self { hash: PayloadHash::of(&canonical), canonical }
    }

    /// The bytes to send: whoever sends others does not send what was decided on.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The SHA-256 of the canonical bytes.
    pub fn hash(&self) -> PayloadHash {
        self.hash
    }
}

/// What an adapter derived from a payload: the only part of a call, beside its intent, that policy reads.
///
/// Facts hold booleans, integers, strings, lists and objects. `null` and fractions are refused, since policy languages
/// disagree about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(Object);

impl Facts {
    /// Takes facts by name; names are lower-case identifiers (`files_changed`).
    ///
    /// # Errors
    ///
    /// [`InputError::Fact`] names the fact that is `null`, holds a fraction, or has another kind of name.
    pub fn new(facts: Object) -> Result<Self, InputError> {
        for (name, value) in facts.iter() {
            let problem = if !is_fact_name(name) {
                Some("its name must be a lower-case identifier of at most 64 bytes")
            } else {
                unfit(value)
            };
            if let Some(problem) = problem {
                return Err(InputError::Fact { name: name.chars().take(64).collect(), problem });
            }
        }
        // In the ledger they stand two levels deep; what can be decided on can be recorded.
        facts.within_profile_at(RECORD_LEVELS)?;
        Ok(Self(facts))
    }

    /// The fact of this name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// The facts in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.0.iter()
    }

    /// The facts as one object.
    pub fn as_object(&self) -> &Object {
        &self.0
    }
}

/// How deep the facts stand in a record of the ledger, and a level to spare.
const RECORD_LEVELS: usize = 3;

fn is_fact_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What makes a value unfit to be a fact, if anything does.
fn unfit(value: &Json) -> Option<&'static str> {
    match value {
        Json::Null => Some("`null` is not a fact; leave the fact out"),
        Json::Number(number) if number.as_i64().is_none() => {
            Some("fractions are not facts; count in a smaller unit, or use a string")
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        Json::Array(items) => items.iter().find_map(unfit),
        Json::Object(object) => object.iter().find_map(|(_, value)| unfit(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_writes_into_the_payload_never_becomes_a_fact() {
        let payload = Payload::parse(
            br#"{"facts": {"files_changed": 0}, "files_changed": 0, "touches_production": false}"#,
        )
        .unwrap();
        let action = Action::builder(
            Actor::new("a".parse().unwrap(), "b".parse().unwrap()),
            "x.y".parse().unwrap(),
            "r:1".parse().unwrap(),
        )
        .intent(Intent::new("").unwrap())
        .audience("e".parse().unwrap())
        .payload(payload)
        .facts(Facts::new(Object::new().with("files_changed", 14)).unwrap())
        .build()
        .unwrap();
        assert_eq!(action.facts().get("files_changed"), Some(&Json::from(14)));
        assert_eq!(action.facts().get("touches_production"), None);
    }

    #[test]
    fn facts_refuse_null_fractions_and_odd_names_at_any_depth() {
        let parse = |text: &str| match Json::parse(text.as_bytes()).unwrap() {
            Json::Object(object) => Facts::new(object),
            other => panic!("{other}"),
        };
        for facts in [
            r#"{"a": null}"#,
            r#"{"a": [{"b": null}]}"#,
            r#"{"a": 0.5}"#,
            r#"{"A": 1}"#,
            r#"{"": 1}"#,
        ] {
            assert!(parse(facts).is_err(), "{facts}");
        }
        assert!(parse(r#"{"a": [{"b": 1.0}], "c_2": "x"}"#).is_ok());
        let nested =
            |depth: usize| format!(r#"{{"a": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(60)).is_ok());
        assert!(parse(&nested(61)).is_err(), "a record could not hold them");
    }

    #[test]
    fn an_action_without_a_payload_is_refused() {
        let error = Action::builder(
            Actor::new("a".parse().unwrap(), "b".parse().unwrap()),
            "x.y".parse().unwrap(),
            "r:1".parse().unwrap(),
        )
        .intent(Intent::new("x").unwrap())
        .audience("e".parse().unwrap())
        .facts(Facts::default())
        .build()
        .unwrap_err();
        assert_eq!(error.to_string(), "the action has no payload");
    }
}
