//! Records as security events (Open Cybersecurity Schema Framework 1.8, class API Activity), for a SIEM.
//!
//! A decision is an event with the profile `security_control`: what the gate let through or stopped. An outcome is a second event of
//! the same call, with its status. Facts, payloads and the humans' words stay in the ledger; the hash of its line, `metadata.uid`,
//! leads there.

use std::{
    collections::{HashMap, VecDeque},
    io::Write,
};

use axtary_actionpass::{Json, Number, Object, RecordKind};

use crate::{
    error::ReadFailure,
    export::{
        error::ExportError,
        reasons::{policy, reasons},
    },
    line::Entry,
};

const VERSION: &str = "1.8.0";
const CATEGORY: u32 = 6;
const CLASS: u32 = 6003;

/// Writes one event for each record, each on a line of its own, and says how many there were.
///
/// An outcome names its pass alone; which call that was is known from the decision, if it is among the last 65,536 permits of
/// `entries`, and `unknown` otherwise.
///
/// # Errors
///
/// [`ExportError`] if the ledger cannot be read on, or `out` not be written.
pub fn write_ocsf(
    entries: impl IntoIterator<Item = Result<Entry, ReadFailure>>,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let mut calls = Calls::default();
    let mut records = 0;
    let mut line = Vec::new();
    for entry in entries {
        line.clear();
        event(&entry?, &mut calls).write_canonical(&mut line);
        line.push(b'\n');
        out.write_all(&line).map_err(ExportError::Output)?;
        records += 1;
    }
    out.flush().map_err(ExportError::Output)?;
    Ok(records)
}

fn event(entry: &Entry, calls: &mut Calls) -> Object {
    let body = &entry.body;
    let pass = text(body, "action_pass_id");
    let own = Call::of(body);
    if let (Some(pass), Some(call)) = (pass, &own) {
        calls.remember(pass, call);
    }
    let call = own.as_ref().or_else(|| calls.get(pass?));
    let (activity, name) = call.map_or((99, entry.kind.as_str()), Call::activity);

    let mut event = Object::new()
        .with("activity_id", activity)
        .with("activity_name", name)
        .with("actor", actor(call, pass))
        .with("api", api(call, pass))
        .with("category_uid", CATEGORY)
        .with("class_uid", CLASS)
        .with("metadata", metadata(entry, pass))
        .with("src_endpoint", Object::new().with("name", call.map_or(UNKNOWN, |c| &c.agent)))
        .with("time", integer(entry.at.millis()))
        .with("type_uid", CLASS * 100 + activity);
    if let Some(call) = call {
        event.insert("resources", vec![call.resource()]);
    }
    let severity = if entry.kind == RecordKind::Decision.as_str() {
        decision(&mut event, body)
    } else {
        outcome(&mut event, text(body, "outcome"))
    };
    event.insert("severity_id", severity);
    let kept: &[&str] = if entry.kind == RecordKind::Policy.as_str() {
        &["policy_version", "before"]
    } else {
        &["audience", "payload_hash", "decision", "outcome"]
    };
    let kept = kept.iter().filter_map(|name| Some((*name, body.get(name)?.clone())));
    event.insert("unmapped", kept.fold(Object::new(), |all, (name, value)| all.with(name, value)));
    event
}

/// What the gate did, and how severe that is.
fn decision(event: &mut Object, body: &Object) -> u32 {
    let (action, disposition, severity) = match text(body, "decision") {
        Some("permit") => (ALLOWED, 1, INFORMATIONAL),
        Some("deny") => (DENIED, 2, MEDIUM),
        Some("step_up") => (DENIED, 23, LOW),
        Some("unavailable") => (DENIED, 27, HIGH),
        Some(_) | None => (UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID),
    };
    event.insert("action_id", action);
    event.insert("disposition_id", disposition);
    event.insert("message", reasons(body));
    let reasons = body.get("reasons").and_then(Json::as_array).unwrap_or_default();
    let authorizations: Vec<_> = reasons
        .iter()
        .filter_map(Json::as_object)
        .map(|reason| {
            let policy = Object::new().with("name", policy(reason));
            let cause = text(reason, "cause").unwrap_or(UNKNOWN);
            Object::new().with("decision", cause).with("policy", policy)
        })
        .collect();
    event.insert("authorizations", authorizations);
    if let Some(label) = text(body, "policy") {
        let mut policy = Object::new().with("name", label);
        if let Some(version) = text(body, "policy_version") {
            policy.insert("version", version);
        }
        event.insert("policy", policy);
    }
    severity
}

/// How a call ended, and how severe that is. Of the other kinds of records there is nothing to say.
fn outcome(event: &mut Object, outcome: Option<&str>) -> u32 {
    let (status, severity) = match outcome {
        Some("executed") => (1, INFORMATIONAL),
        Some("failed") => (2, LOW),
        Some("unknown") => (UNKNOWN_ID, MEDIUM),
        Some(_) | None => (UNKNOWN_ID, INFORMATIONAL),
    };
    if let Some(outcome) = outcome {
        event.insert("action_id", ALLOWED);
        event.insert("disposition_id", 1);
        event.insert("status_id", status);
        event.insert("status_detail", outcome);
    }
    severity
}

fn metadata(entry: &Entry, pass: Option<&str>) -> Object {
    let product = Object::new()
        .with("name", "Axtary ActionPass")
        .with("vendor_name", "Axtary")
        .with("version", env!("CARGO_PKG_VERSION"));
    let mut metadata = Object::new()
        .with("event_code", entry.kind.as_str())
        .with("product", product)
        .with("profiles", vec!["security_control"])
        .with("sequence", integer(entry.seq))
        .with("uid", entry.hash.to_string())
        .with("version", VERSION);
    if let Some(pass) = pass {
        metadata.insert("correlation_uid", pass);
    }
    metadata
}

fn actor(call: Option<&Call>, pass: Option<&str>) -> Object {
    match (call, pass) {
        (Some(call), _) => Object::new()
            .with("app_name", call.agent.as_str())
            .with("user", Object::new().with("name", call.owner.as_str())),
        (None, Some(pass)) => Object::new().with("session", Object::new().with("uid", pass)),
        (None, None) => Object::new().with("app_name", UNKNOWN),
    }
}

fn api(call: Option<&Call>, pass: Option<&str>) -> Object {
    let mut api = Object::new().with("operation", call.map_or(UNKNOWN, |call| &call.tool));
    if let Some((service, _)) = call.and_then(|call| call.tool.split_once('.')) {
        api.insert("service", Object::new().with("name", service));
    }
    if let Some(pass) = pass {
        api.insert("request", Object::new().with("uid", pass));
    }
    api
}

/// Who called what: the part of a decision that the events of its outcome need too.
#[derive(Clone, Debug)]
struct Call {
    agent: String,
    owner: String,
    tool: String,
    resource: String,
}

impl Call {
    fn of(body: &Object) -> Option<Self> {
        let text = |name| text(body, name).map(str::to_owned);
        Some(Self {
            agent: text("agent_id")?,
            owner: text("human_owner")?,
            tool: text("tool")?,
            resource: text("resource")?,
        })
    }

    /// The activity that the last part of the tool's name says.
    fn activity(&self) -> (u32, &str) {
        let verb = self.tool.rsplit('.').next().unwrap_or_default();
        let activity = match verb {
            "add" | "create" | "insert" | "open" | "post" | "send" | "upload" => 1,
            "fetch" | "get" | "list" | "query" | "read" | "search" => 2,
            "edit" | "merge" | "move" | "set" | "update" | "write" => 3,
            "delete" | "remove" => 4,
            _ => 99,
        };
        (activity, verb)
    }

    fn resource(&self) -> Object {
        match self.resource.split_once(':') {
            Some((kind, name)) => Object::new().with("name", name).with("type", kind),
            None => Object::new().with("name", self.resource.as_str()),
        }
    }
}

/// The calls of the latest passes.
#[derive(Debug, Default)]
struct Calls {
    by_pass: HashMap<String, Call>,
    oldest_first: VecDeque<String>,
}

impl Calls {
    /// How many are remembered, so that memory is bounded. A pass lives for minutes, and its outcome follows soon.
    const MOST: usize = 65_536;

    fn remember(&mut self, pass: &str, call: &Call) {
        if self.by_pass.insert(pass.to_owned(), call.clone()).is_none() {
            self.oldest_first.push_back(pass.to_owned());
        }
        if self.oldest_first.len() > Self::MOST
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_pass.remove(&oldest);
        }
    }

    fn get(&self, pass: &str) -> Option<&Call> {
        self.by_pass.get(pass)
    }
}

/// `action_id` of what was let through, and of what was not.
const ALLOWED: u32 = 1;
const DENIED: u32 = 2;
/// Values of `severity_id`.
const INFORMATIONAL: u32 = 1;
const LOW: u32 = 2;
const MEDIUM: u32 = 3;
const HIGH: u32 = 4;
/// What stands for `unknown` among numbers, and among names.
const UNKNOWN_ID: u32 = 0;
const UNKNOWN: &str = "unknown";

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Json::as_str)
}

/// An integer. Times until the year 9999 and the numbers of records are all within the profile.
fn integer(value: impl TryInto<Number>) -> Json {
    value.try_into().map_or(Json::Null, Json::Number)
}
