//! Answers as one JSON object on one line, for programs. Members are never renamed or removed; new ones may come.

mod explained;
mod measured;
mod replay;
mod tested;

use std::{io, path::Path};

use axtary_actionpass::{Json, LedgerHash, Number, Object, PassView, PolicyInfo, Timestamp};
use axtary_ledger::{Entry, Finding, ProvenRecord};
use serde::Serialize;

use crate::{
    command::{
        Answer, Checked, Drafted, Exported, History, Permitted, Proof, Records, Schema,
        SignedCheckpoint, Stats, Token, Valid, VerifiedLedger, Written,
    },
    failure::{Failure, Trouble},
};

pub(super) fn answer(answer: &Answer) -> io::Result<String> {
    match answer {
        Answer::Initialized(written) => line(&WrittenJson::of(written)),
        Answer::Permitted(permitted) => line(&PermittedJson::of(permitted)),
        Answer::Valid(valid) => line(&ValidJson::of(valid)),
        Answer::Checked(Checked { version, policies }) => object(
            Object::new()
                .with("policies", policies.iter().map(policy).collect::<Vec<_>>())
                .with("policy_version", version.to_string()),
        ),
        Answer::Schema(Schema::Native(schema)) => Ok(format!("{schema}\n")),
        Answer::Schema(Schema::Cedar(schema)) => {
            object(Object::new().with("schema", schema.as_str()))
        }
        Answer::Explained(explained) => object(explained::to_json(explained)),
        Answer::Tested(tested) => object(tested::to_json(tested)),
        Answer::Replayed(report) => object(replay::replayed(report)),
        Answer::Measured(measured) => object(measured::to_json(measured)),
        Answer::Drafted(Drafted { rules, learnt, malformed, file }) => object(
            Object::new()
                .with("decisions", number(*learnt))
                .with("file", file.as_deref().map_or(Json::Null, |file| shown(file).into()))
                .with("malformed", number(*malformed))
                .with("rules", rules.as_str()),
        ),
        Answer::LedgerVerified(verified) => line(&LedgerJson::of(verified)),
        Answer::Records(Records(entries)) => {
            line(&RecordsJson { records: entries.iter().map(EntryJson::of).collect() })
        }
        Answer::History(history) => line(&HistoryJson::of(history)),
        Answer::Proof(Proof { text, seq, size, key, file }) => object(
            Object::new()
                .with("file", file.as_deref().map_or(Json::Null, |file| shown(file).into()))
                .with("key", key.to_string())
                .with("proof", text.as_str())
                .with("seq", number(*seq))
                .with("size", number(*size)),
        ),
        Answer::Proven(proven) => line(&ProvenJson::of(&proven.0)),
        Answer::Checkpoint(SignedCheckpoint { text, checkpoint, key, file }) => object(
            Object::new()
                .with("checkpoint", text.as_str())
                .with("file", file.as_deref().map_or(Json::Null, |file| shown(file).into()))
                .with("key", key.to_string())
                .with("root", checkpoint.root.to_string())
                .with("size", number(checkpoint.size)),
        ),
        // What was written to standard output stands there, and nothing else may.
        Answer::Exported(Exported { to: None, .. }) => Ok(String::new()),
        Answer::Exported(Exported { records, to: Some(to) }) => {
            object(Object::new().with("records", number(*records)).with("to", shown(to)))
        }
        Answer::Stats(stats) => object(counted(stats)),
        Answer::Script(script) => Ok(String::from_utf8_lossy(script).into_owned()),
    }
}

/// One record on a line of its own.
pub(super) fn entry(entry: &Entry) -> io::Result<String> {
    line(&EntryJson::of(entry))
}

fn object(object: Object) -> io::Result<String> {
    Ok(format!("{}\n", Json::Object(object)))
}

fn policy(policy: &PolicyInfo) -> Object {
    let mut object = Object::new()
        .with("engine", policy.engine.as_str())
        .with("file", policy.file.as_str())
        .with("id", policy.id.as_str());
    if let Some(effect) = policy.effect {
        object.insert("effect", effect.as_str());
    }
    if let Some(line) = policy.line {
        object.insert("line", number(line));
    }
    object
}

fn number(value: u64) -> Json {
    Number::try_from(value).map_or(Json::Null, Json::Number)
}

fn finding(finding: &Finding) -> Object {
    let mut object = Object::new()
        .with("code", finding.kind.code())
        .with("intact", number(finding.intact))
        .with("message", finding.kind.to_string())
        .with("record", number(finding.record))
        .with("records_before_hold", finding.records_before_hold());
    if let Some(place) = &finding.place {
        object.insert("file", shown(&place.path));
        object.insert("line", number(place.line));
        object.insert("offset", number(place.offset));
    }
    object
}

fn counted(stats: &Stats) -> Object {
    let moment = |at: Option<Timestamp>| at.map_or(Json::Null, |at| at.to_string().into());
    let mut object = Object::new()
        .with("first", moment(stats.first))
        .with("last", moment(stats.last))
        .with("ledger", shown(&stats.path))
        .with("records", number(stats.records));
    for (name, counts) in &stats.counts {
        let mut counted = Object::new();
        for (value, count) in counts {
            counted.insert(value.as_str(), number(*count));
        }
        object.insert(*name, counted);
    }
    object
}

pub(super) fn failure(failure: &Failure) -> String {
    let object = match failure {
        Failure::Refusal(refusal) => refusal.to_json().with("code", refusal.code()),
        Failure::Damage(damage) => Object::new()
            .with("code", damage.findings().first().map_or("ledger.damaged", |one| one.kind.code()))
            .with("findings", damage.findings().iter().map(finding).collect::<Vec<_>>())
            .with("intact", number(damage.intact()))
            .with("message", damage.to_string())
            .with("more", number(damage.more())),
        Failure::Trouble(Trouble { code, message, help, .. }) => {
            let object = Object::new().with("code", *code).with("message", message.as_str());
            match help {
                Some(help) => object.with("help", help.as_str()),
                None => object,
            }
        }
    };
    format!("{}\n", Json::Object(object))
}

fn line(value: &impl Serialize) -> io::Result<String> {
    Ok(format!("{}\n", serde_json::to_string(value)?))
}

#[derive(Serialize)]
struct WrittenJson {
    config: String,
    written: Vec<String>,
}

impl WrittenJson {
    fn of(Written { files, config, .. }: &Written) -> Self {
        Self { config: shown(config), written: files.iter().map(|path| shown(path)).collect() }
    }
}

#[derive(Serialize)]
struct PermittedJson<'a> {
    decision: &'static str,
    view: &'a PassView,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass_file: Option<String>,
    payload: &'a Json,
    facts: &'a Object,
}

impl<'a> PermittedJson<'a> {
    fn of(permitted: &'a Permitted) -> Self {
        let Permitted { view, token, payload, facts } = permitted;
        let (token, pass_file) = match token {
            Token::Here(token) => (Some(token.as_str()), None),
            Token::WrittenTo(path) => (None, Some(shown(path))),
        };
        Self { decision: "permit", view, token, pass_file, payload, facts: facts.as_object() }
    }
}

#[derive(Serialize)]
struct ValidJson<'a> {
    valid: bool,
    consumed: bool,
    view: &'a PassView,
}

impl<'a> ValidJson<'a> {
    fn of(valid: &'a Valid) -> Self {
        Self { valid: true, consumed: false, view: &valid.view }
    }
}

#[derive(Serialize)]
struct LedgerJson {
    valid: bool,
    ledger: String,
    records: u64,
    anchored: u64,
    bytes: u64,
    first: u64,
    checkpointed: u64,
    root: String,
    last: Option<String>,
}

impl LedgerJson {
    fn of(VerifiedLedger { path, verified }: &VerifiedLedger) -> Self {
        Self {
            valid: true,
            ledger: shown(path),
            records: verified.records,
            anchored: verified.anchored,
            bytes: verified.bytes,
            first: verified.first,
            checkpointed: verified.checkpointed,
            root: verified.root.to_string(),
            last: verified.last.as_ref().map(LedgerHash::to_string),
        }
    }
}

#[derive(Serialize)]
struct RecordsJson<'a> {
    records: Vec<EntryJson<'a>>,
}

#[derive(Serialize)]
struct EntryJson<'a> {
    seq: u64,
    kind: &'a str,
    ts: String,
    hash: String,
    prev: String,
    body: &'a Object,
}

impl<'a> EntryJson<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            seq: entry.seq,
            kind: &entry.kind,
            ts: entry.at.to_string(),
            hash: entry.hash.to_string(),
            prev: entry.prev.to_string(),
            body: &entry.body,
        }
    }
}

#[derive(Serialize)]
struct ProvenJson<'a> {
    proven: bool,
    origin: &'a str,
    size: u64,
    cosigned_by: Vec<&'a str>,
    record: EntryJson<'a>,
}

impl<'a> ProvenJson<'a> {
    fn of(proven: &'a ProvenRecord) -> Self {
        Self {
            proven: true,
            origin: &proven.checkpoint.origin,
            size: proven.checkpoint.size,
            cosigned_by: proven.cosignatures.iter().map(|one| one.witness.as_str()).collect(),
            record: EntryJson::of(&proven.entry),
        }
    }
}

#[derive(Serialize)]
struct HistoryJson<'a> {
    outcome: &'a str,
    decision: EntryJson<'a>,
    disclosed: Object,
    outcomes: Vec<EntryJson<'a>>,
}

impl<'a> HistoryJson<'a> {
    fn of(history: &'a History) -> Self {
        Self {
            outcome: history.outcome(),
            decision: EntryJson::of(history.history.decision()),
            disclosed: history
                .disclosed
                .iter()
                .fold(Object::new(), |all, one| all.with(one.name(), one.value().clone())),
            outcomes: history.history.outcomes().iter().map(EntryJson::of).collect(),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
