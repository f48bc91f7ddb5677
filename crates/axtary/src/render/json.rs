//! Answers as one JSON object on one line, for programs. Members are never renamed or removed; new ones may come.

use std::{io, path::Path};

use axtary_actionpass::{Json, LedgerHash, Object, PassView};
use axtary_ledger::Entry;
use serde::Serialize;

use crate::{
    command::{Answer, History, Permitted, Records, Token, Valid, VerifiedLedger, Written},
    failure::{Failure, Trouble},
};

pub(super) fn answer(answer: &Answer) -> io::Result<String> {
    match answer {
        Answer::Initialized(written) => line(&WrittenJson::of(written)),
        Answer::Permitted(permitted) => line(&PermittedJson::of(permitted)),
        Answer::Valid(valid) => line(&ValidJson::of(valid)),
        Answer::LedgerVerified(verified) => line(&LedgerJson::of(verified)),
        Answer::Records(Records(entries)) => {
            line(&RecordsJson { records: entries.iter().map(EntryJson::of).collect() })
        }
        Answer::History(history) => line(&HistoryJson::of(history)),
        Answer::Script(script) => Ok(String::from_utf8_lossy(script).into_owned()),
    }
}

pub(super) fn failure(failure: &Failure) -> String {
    let object = match failure {
        Failure::Refusal(refusal) => refusal.to_json().with("code", refusal.code()),
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
struct HistoryJson<'a> {
    outcome: &'a str,
    decision: EntryJson<'a>,
    outcomes: Vec<EntryJson<'a>>,
}

impl<'a> HistoryJson<'a> {
    fn of(history: &'a History) -> Self {
        Self {
            outcome: history.outcome(),
            decision: EntryJson::of(history.0.decision()),
            outcomes: history.0.outcomes().iter().map(EntryJson::of).collect(),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
