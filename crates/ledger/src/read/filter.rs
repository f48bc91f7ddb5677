//! Which records are wanted. Most lines that are not are told from their bytes, without being parsed.

use std::ops::{Bound, RangeBounds};

use axtary_actionpass::{Json, PassId, RecordKind, Timestamp};

use crate::line::Entry;

/// Which records are wanted: those that meet every condition. Without any, all are.
///
/// A text that ends in `*` stands for every text that begins so.
///
/// # Example
///
/// ```
/// use axtary_actionpass::RecordKind;
/// use axtary_ledger::Filter;
///
/// let denied = Filter::all().of_kind(RecordKind::Decision).with_tool("github.*").with_decision("deny");
/// # let _ = denied;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Filter {
    kind: Option<(RecordKind, Mark)>,
    members: Vec<Member>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    records: (Bound<u64>, Bound<u64>),
}

/// A text that stands in every line that meets a condition. Canonical JSON has one spelling of each member, so a line without it is
/// certain not to.
type Mark = String;

/// A member of the body, and its value.
#[derive(Clone, Debug)]
struct Member {
    name: &'static str,
    value: String,
    is_prefix: bool,
    mark: Mark,
}

impl Filter {
    /// All records.
    pub fn all() -> Self {
        let records = (Bound::Unbounded, Bound::Unbounded);
        Self { kind: None, members: Vec::new(), since: None, until: None, records }
    }

    /// Records of this kind.
    pub fn of_kind(mut self, kind: RecordKind) -> Self {
        self.kind = Some((kind, format!(",\"kind\":\"{kind}\",\"prev\":\"")));
        self
    }

    /// Records about this agent.
    pub fn with_agent(self, agent: &str) -> Self {
        self.with("agent_id", agent)
    }

    /// Records about this tool.
    pub fn with_tool(self, tool: &str) -> Self {
        self.with("tool", tool)
    }

    /// Records about this resource.
    pub fn with_resource(self, resource: &str) -> Self {
        self.with("resource", resource)
    }

    /// Records with this decision: `permit`, `deny`, `step_up`, `unavailable`.
    pub fn with_decision(self, decision: &str) -> Self {
        self.with("decision", decision)
    }

    /// Records about this pass.
    pub fn with_pass(self, pass: &PassId) -> Self {
        self.with("action_pass_id", pass.as_str())
    }

    /// Records of this moment and later ones. They stand in the order in which they were written, which is not that of a clock that was
    /// set back, so all are looked at.
    pub fn since(mut self, moment: Timestamp) -> Self {
        self.since = Some(moment);
        self
    }

    /// Records from before this moment.
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.until = Some(moment);
        self
    }

    /// Records with these numbers. Segments that end before them are not read, nor is anything behind.
    pub fn with_records(mut self, records: impl RangeBounds<u64>) -> Self {
        self.records = (records.start_bound().cloned(), records.end_bound().cloned());
        self
    }

    fn with(mut self, name: &'static str, text: &str) -> Self {
        let (value, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let mut mark = format!("\"{name}\":{}", Json::from(value));
        if is_prefix {
            // Without the quote behind it.
            mark.pop();
        }
        self.members.push(Member { name, value: value.to_owned(), is_prefix, mark });
        self
    }

    /// Whether a record meets every condition.
    pub fn accepts(&self, entry: &Entry) -> bool {
        self.records.contains(&entry.seq)
            && self.kind.as_ref().is_none_or(|(kind, _)| entry.kind == kind.as_str())
            && self.accepts_time(entry.at)
            && self.members.iter().all(|member| member.is_in(entry))
    }

    /// Whether the record `seq`, which stands in this line, may meet every condition; `false` is certain. Looked at before the line is
    /// parsed.
    pub(super) fn may_accept(&self, seq: u64, line: &[u8]) -> bool {
        if !self.records.contains(&seq) || time_of(line).is_some_and(|at| !self.accepts_time(at)) {
            return false;
        }
        let marks = self.members.iter().map(|member| &member.mark);
        let mut marks = self.kind.iter().map(|(_, mark)| mark).chain(marks).peekable();
        // Where nothing is looked for, nothing need be text.
        marks.peek().is_none()
            || std::str::from_utf8(line).map_or(true, |line| marks.all(|mark| line.contains(mark)))
    }

    /// The number of the first record that can meet every condition.
    pub(super) fn first(&self) -> u64 {
        match self.records.0 {
            Bound::Included(first) => first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        }
    }

    /// Whether neither this record nor any behind it can meet every condition.
    pub(super) fn ends_before(&self, seq: u64) -> bool {
        !(Bound::Unbounded, self.records.1).contains(&seq)
    }

    fn accepts_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|moment| at >= moment) && self.until.is_none_or(|moment| at < moment)
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::all()
    }
}

impl Member {
    fn is_in(&self, entry: &Entry) -> bool {
        let value = entry.body.get(self.name).and_then(Json::as_str);
        value.is_some_and(|value| {
            if self.is_prefix { value.starts_with(&self.value) } else { value == self.value }
        })
    }
}

/// The time of a line, from its fixed place near the end.
fn time_of(line: &[u8]) -> Option<Timestamp> {
    let (_, time) = line.strip_suffix(b"\",\"v\":1}")?.split_last_chunk::<24>()?;
    Timestamp::read(time)
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::{Object, Record};
    use proptest::prelude::*;

    use super::*;
    use crate::line::{self, NO_LINE};

    fn line(kind: RecordKind, second: i64, body: &Object) -> Vec<u8> {
        let at = Timestamp::from_seconds(second).unwrap();
        let mut line = Vec::new();
        line::write(&mut line, 7, &NO_LINE, &Record::new(kind, at, body)).unwrap();
        line.pop();
        line
    }

    fn filters(text: &str, second: i64) -> Vec<Filter> {
        let at = Timestamp::from_seconds(second).unwrap();
        let all = Filter::all;
        vec![
            all(),
            all().with_agent(text),
            all().with_tool(&format!("{text}*")),
            all().with_resource(text).with_agent("*"),
            all().with_decision(text),
            all().of_kind(RecordKind::Outcome),
            all().since(at),
            all().until(at),
            all().with_records(7..=7),
            all().with_records(8..),
            all().with_records(..7),
        ]
    }

    proptest! {
        #[test]
        fn no_record_that_is_wanted_is_told_from_its_bytes_to_be_none(
            text in "[ab\"\\\\\n\u{e9}\u{1}*]{0,3}", other in "[ab\"\\\\\n\u{e9}\u{1}*]{0,4}",
            seconds in (0..9_i64, 0..9_i64), outcome in any::<bool>(),
        ) {
            let kind = if outcome { RecordKind::Outcome } else { RecordKind::Decision };
            let mut body = Object::new().with("facts", Object::new().with("tool", text.as_str()));
            for member in ["agent_id", "decision", "resource", "tool"] {
                body.insert(member, other.as_str());
            }
            let line = line(kind, seconds.0, &body);
            let entry = Entry::parse(&line).unwrap();
            for filter in filters(&text, seconds.1) {
                if filter.accepts(&entry) {
                    prop_assert!(filter.may_accept(entry.seq, &line), "{filter:?}");
                }
            }
        }
    }

    #[test]
    fn each_part_of_a_filter_refuses() {
        let pass = |end| PassId::new(format!("ap_01K1A2B3C4D5E6F7G8H9J0K1M{end}")).unwrap();
        let body = Object::new()
            .with("action_pass_id", pass(2).as_str())
            .with("agent_id", "codex")
            .with("decision", "deny")
            .with("resource", "repo:company/web-app")
            .with("tool", "github.issues.create");
        let line = line(RecordKind::Decision, 100, &body);
        let entry = Entry::parse(&line).unwrap();
        let at = |second| Timestamp::from_seconds(second).unwrap();
        let all = Filter::all;
        for (wanted, filter) in [
            (true, all()),
            (true, all().with_agent("codex").with_decision("deny").with_tool("github.*")),
            (true, all().with_resource("repo:company/*").of_kind(RecordKind::Decision)),
            (true, all().with_pass(&pass(2)).since(at(100)).until(at(101)).with_records(7..8)),
            (false, all().with_agent("code")),
            (false, all().with_agent("codex-")),
            (false, all().with_agent("odex*")),
            (false, all().with_tool("github.issues")),
            (false, all().with_resource("repo:company")),
            (false, all().with_decision("permit")),
            (false, all().of_kind(RecordKind::Outcome)),
            (false, all().with_pass(&pass(3))),
            (false, all().since(at(101))),
            (false, all().until(at(100))),
            (false, all().with_records(8..)),
            (false, all().with_records(..=6)),
        ] {
            assert_eq!(filter.accepts(&entry), wanted, "{filter:?}");
            assert_eq!(filter.may_accept(entry.seq, &line), wanted, "{filter:?}");
        }
    }
}
