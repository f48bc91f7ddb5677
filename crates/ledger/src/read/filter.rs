//! Which records are wanted.

use axtary_actionpass::{Json, PassId, RecordKind, Timestamp};

use crate::line::Entry;

/// Which records are wanted: those that meet every condition. Without any, all are.
///
/// A text that ends in `*` stands for every text that begins so.
///
/// ```
/// use axtary_actionpass::RecordKind;
/// use axtary_ledger::Filter;
///
/// let denied = Filter::all().of_kind(RecordKind::Decision).with_tool("github.*").with_decision("deny");
/// # let _ = denied;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Filter {
    kind: Option<RecordKind>,
    members: Vec<Member>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// A member of the body, and its value.
#[derive(Clone, Debug)]
struct Member {
    name: &'static str,
    value: String,
    is_prefix: bool,
}

impl Filter {
    /// All records.
    pub fn all() -> Self {
        Self::default()
    }

    /// Records of this kind.
    pub fn of_kind(mut self, kind: RecordKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Decisions on actions of this agent.
    pub fn with_agent(self, agent: &str) -> Self {
        self.with("agent_id", agent)
    }

    /// Decisions on actions with this tool.
    pub fn with_tool(self, tool: &str) -> Self {
        self.with("tool", tool)
    }

    /// Decisions on actions on this resource.
    pub fn with_resource(self, resource: &str) -> Self {
        self.with("resource", resource)
    }

    /// Decisions like this one: `permit`, `deny`, `step_up`, `unavailable`.
    pub fn with_decision(self, decision: &str) -> Self {
        self.with("decision", decision)
    }

    /// Records about this pass.
    pub fn with_pass(self, pass: &PassId) -> Self {
        self.with("action_pass_id", pass.as_str())
    }

    /// Records of this moment and later ones.
    pub fn since(mut self, moment: Timestamp) -> Self {
        self.since = Some(moment);
        self
    }

    /// Records from before this moment.
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.until = Some(moment);
        self
    }

    fn with(mut self, name: &'static str, text: &str) -> Self {
        let (value, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        self.members.push(Member { name, value: value.to_owned(), is_prefix });
        self
    }

    /// Whether a record meets every condition.
    pub fn accepts(&self, entry: &Entry) -> bool {
        let member = |member: &Member| {
            let value = entry.body.get(member.name).and_then(Json::as_str);
            value.is_some_and(|value| {
                if member.is_prefix {
                    value.starts_with(&member.value)
                } else {
                    value == member.value
                }
            })
        };
        self.kind.is_none_or(|kind| entry.kind == kind.as_str())
            && self.since.is_none_or(|moment| entry.at >= moment)
            && self.until.is_none_or(|moment| entry.at < moment)
            && self.members.iter().all(member)
    }

    /// Whether a line may be that of a wanted record; `false` is certain. Looked at before the line is parsed.
    pub(super) fn may_accept(&self, line: &[u8]) -> bool {
        let Ok(line) = std::str::from_utf8(line) else { return true };
        // In canonical JSON a value without characters that are escaped stands as it is.
        let plain = |text: &str| {
            text.bytes().all(|byte| (0x20..0x7F).contains(&byte) && !matches!(byte, b'"' | b'\\'))
        };
        self.members.iter().all(|member| !plain(&member.value) || line.contains(&member.value))
    }
}
