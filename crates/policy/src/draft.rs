//! Native rules, drafted from what was observed: recorded decisions go in, the narrowest rules that permit them come out.

mod group;
mod limit;
mod paths;
mod seen;
mod yaml;

use std::collections::BTreeMap;

use axtary_actionpass::{
    AgentId, Effect, Json, Object, PassId, Principal, Resource, Timestamp, ToolName, Vocabulary,
};

use self::group::{Group, Span};
use crate::recorded::{RecordedError, facts, text};

/// Rules that are drafted from recorded decisions, for a human to edit.
///
/// Each agent, tool and resource gets a rule, those with the same limits of one agent and tool together. Its constraints are
/// the tightest that the vocabulary can say and that all observed facts meet. A comment above it says what it was drawn from,
/// and what is not limited and why. The same observations give the same bytes.
///
/// Learnt from are permits, and what rules on trial would have permitted.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{FactType, Json, Object, Operator, Vocabulary};
/// use axtary_policy::{Draft, NativeEngine};
///
/// let vocabulary = Vocabulary::new()
///     .with_fact("count", FactType::Integer, "how many")
///     .with_constraint("max_count", Operator::AtMost, "count");
/// let mut draft = Draft::new(&vocabulary);
/// let record = Json::parse(
///     br#"{"agent_id": "codex-prod", "decision": "permit", "facts": {"count": 3}, "human_owner": "alice@example.com",
///         "resource": "channel:general", "tool": "slack.messages.post"}"#,
/// )?;
/// # let record = record.as_object().ok_or("no object")?;
/// draft.observe(17, "2026-07-28T12:00:00.000Z".parse()?, record, &Object::new())?;
///
/// let rules = draft.to_yaml();
/// assert!(rules.contains("max_count: 3"));
/// NativeEngine::from_yaml("draft.yml", &rules, &vocabulary)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Draft<'a> {
    vocabulary: &'a Vocabulary,
    include: Vec<Effect>,
    groups: BTreeMap<Call, Group>,
    span: Option<Span>,
    /// How many decisions were learnt from, by what they were.
    learnt: BTreeMap<&'static str, u64>,
    /// How many could not be, by why.
    left_out: BTreeMap<&'static str, u64>,
}

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    agent: AgentId,
    tool: ToolName,
    resource: Resource,
}

/// The most different calls that are told apart; what comes behind is left out, and said so.
const MAX_CALLS: usize = 4096;

impl<'a> Draft<'a> {
    /// A draft without rules, in the words of a vocabulary.
    pub fn new(vocabulary: &'a Vocabulary) -> Self {
        Self {
            vocabulary,
            include: vec![Effect::Permit],
            groups: BTreeMap::new(),
            span: None,
            learnt: BTreeMap::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// Learns from decisions of this effect too. The draft's first lines say so.
    #[must_use]
    pub fn including(mut self, effect: Effect) -> Self {
        if !self.include.contains(&effect) {
            self.include.push(effect);
        }
        self
    }

    /// Learns from the record `seq`, if it is of a decision to learn from. `body` and `disclosed` are as in
    /// [`recorded_action`](crate::recorded_action), but that facts may be withheld: they are then not limited.
    ///
    /// # Errors
    ///
    /// [`RecordedError`] if the record is of another form. Nothing is learnt from it.
    pub fn observe(
        &mut self,
        seq: u64,
        at: Timestamp,
        body: &Object,
        disclosed: &Object,
    ) -> Result<(), RecordedError> {
        let Some(learnt) = self.is_lesson(text(body, "decision")?, body) else { return Ok(()) };
        let call = Call {
            agent: text(body, "agent_id")?.parse()?,
            tool: text(body, "tool")?.parse()?,
            resource: text(body, "resource")?.parse()?,
        };
        let owner: Principal = text(body, "human_owner")?.parse()?;
        let (facts, withheld) = facts(body, disclosed)?;
        // The name of a pattern is no name: the rule would be about others too.
        if [call.agent.as_str(), call.resource.as_str()].iter().any(|name| name.contains('*')) {
            self.leave_out(
                "their agent or resource has a `*` in its name, which no rule can name alone",
            );
            return Ok(());
        }
        if self.groups.len() >= MAX_CALLS && !self.groups.contains_key(&call) {
            self.leave_out(
                "there are too many different agents, tools and resources; look at fewer of them",
            );
            return Ok(());
        }
        let pass = body.get("action_pass_id").and_then(Json::as_str);
        let pass = pass.and_then(|pass| pass.parse::<PassId>().ok());
        self.groups.entry(call).or_default().add(
            Span::at(seq, at),
            pass,
            &owner,
            &facts,
            &withheld,
        );
        self.span = Some(Span::at(seq, at).join(self.span));
        *self.learnt.entry(learnt).or_default() += 1;
        Ok(())
    }

    /// How many decisions were learnt from.
    pub fn learnt(&self) -> u64 {
        self.learnt.values().sum()
    }

    /// The rules as YAML that [`NativeEngine::from_yaml`](crate::NativeEngine::from_yaml) loads, if anything was learnt.
    pub fn to_yaml(&self) -> String {
        yaml::Yaml(self).to_string()
    }

    /// What a decision is learnt from as, if it is to be.
    fn is_lesson(&self, decision: &str, body: &Object) -> Option<&'static str> {
        let effect = self.include.iter().find(|effect| effect.as_str() == decision);
        let trial = body.get("trial").and_then(Json::as_object);
        let on_trial = trial.and_then(|trial| trial.get("decision")).and_then(Json::as_str);
        match effect {
            Some(effect) => Some(effect.as_str()),
            None if on_trial == Some(Effect::Permit.as_str()) => Some(ON_TRIAL),
            None => None,
        }
    }

    fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }
}

/// What a decision is called that was no permit, and would have been with the rules on trial.
const ON_TRIAL: &str = "permit on trial";
