//! Answers and failures as text, for humans.

mod explained;
mod measured;
mod replay;
mod tested;

use std::{
    fmt::{self, Write as _},
    io,
};

use axtary_actionpass::{Cause, Json, Object, PassView, Reason, RecordKind, Refusal};
use axtary_ledger::{Damage, Entry, Place, ProvenRecord};
use serde::Serialize;

pub(in crate::render) use self::tested::failed as failed_check;
use super::escape::Inline;
use crate::{
    command::{
        Answer, Checked, Drafted, Exported, History, Permitted, Proof, Records, Schema,
        SignedCheckpoint, Stats, Token, Valid, VerifiedLedger, Written,
    },
    failure::{Failure, Trouble},
};

pub(super) fn answer(answer: &Answer) -> io::Result<String> {
    let mut out = String::new();
    match answer {
        Answer::Initialized(written) => initialized(&mut out, written),
        Answer::Permitted(permitted) => permit(&mut out, permitted),
        Answer::Valid(valid) => accepted(&mut out, valid),
        Answer::Checked(checked) => loads(&mut out, checked),
        Answer::Schema(Schema::Native(schema)) => pretty(&mut out, schema),
        Answer::Schema(Schema::Cedar(schema)) => out.write_str(schema),
        Answer::Explained(explained) => explained::tell(&mut out, explained),
        Answer::Tested(tested) => tested::tell(&mut out, tested),
        Answer::Replayed(report) => replay::replayed(&mut out, report),
        Answer::Measured(measured) => measured::tell(&mut out, measured),
        Answer::Drafted(drafted) => drafted_rules(&mut out, drafted),
        Answer::LedgerVerified(verified) => ledger_verified(&mut out, verified),
        Answer::Records(Records(entries)) => entries.iter().try_for_each(|e| record(&mut out, e)),
        Answer::History(history) => told(&mut out, history),
        Answer::Proof(proof) => proved(&mut out, proof),
        Answer::Proven(proven) => shown_to_be_there(&mut out, &proven.0),
        Answer::Checkpoint(signed) => checkpoint(&mut out, signed),
        Answer::Exported(exported) => told_of_export(&mut out, exported),
        Answer::Stats(stats) => counted(&mut out, stats),
        Answer::Script(script) => {
            out.push_str(&String::from_utf8_lossy(script));
            Ok(())
        }
    }
    .map_err(io::Error::other)?;
    Ok(out)
}

pub(super) fn entry(entry: &Entry) -> io::Result<String> {
    let mut out = String::new();
    record(&mut out, entry).map_err(io::Error::other)?;
    Ok(out)
}

pub(super) fn failure(failure: &Failure) -> String {
    let mut out = String::new();
    let told = match failure {
        Failure::Refusal(refusal) => refused(&mut out, refusal),
        Failure::Damage(damage) => damaged(&mut out, damage),
        Failure::Trouble(trouble) => troubled(&mut out, trouble),
    };
    // Writing to a string does not fail; were it to, the bare code is better than silence.
    if told.is_err() {
        out.push_str("error: the failure could not be told; see the exit code\n");
    }
    out
}

fn initialized(out: &mut String, written: &Written) -> fmt::Result {
    for path in &written.files {
        writeln!(out, "wrote {}", Inline(path.display()))?;
    }
    writeln!(
        out,
        "\nNext, read {}, and let an agent's pull request through the gate:\n  \
         axtary check github.pull_requests.create --config {} --repo PATH --base main --head BRANCH \\\n      \
         --title TITLE --agent ID --owner HUMAN",
        Inline(written.policy.display()),
        Inline(written.config.display())
    )
}

fn permit(out: &mut String, permitted: &Permitted) -> fmt::Result {
    view(out, &permitted.view)?;
    match &permitted.token {
        Token::Here(token) => writeln!(out, "\n{token}"),
        Token::WrittenTo(path) => {
            writeln!(out, "\nthe pass was written to {}", Inline(path.display()))
        }
    }
}

fn accepted(out: &mut String, valid: &Valid) -> fmt::Result {
    view(out, &valid.view)?;
    writeln!(
        out,
        "\nvalid for this call, and not used up: that it is used once is for its executor to see to"
    )
}

fn view(out: &mut String, view: &PassView) -> fmt::Result {
    pretty(out, view)
}

fn loads(out: &mut String, checked: &Checked) -> fmt::Result {
    let mut files: Vec<(&str, usize)> = Vec::new();
    for policy in &checked.policies {
        match files.iter_mut().find(|(file, _)| *file == policy.file) {
            Some((_, count)) => *count += 1,
            None => files.push((&policy.file, 1)),
        }
    }
    for (file, count) in files {
        let policies = if count == 1 { "policy" } else { "policies" };
        writeln!(out, "{}: {count} {policies}", Inline(file))?;
    }
    writeln!(out, "policy version {}", checked.version)
}

fn drafted_rules(out: &mut String, drafted: &Drafted) -> fmt::Result {
    let Some(file) = &drafted.file else { return out.write_str(&drafted.rules) };
    let file = Inline(file.display());
    writeln!(out, "learnt from {} decisions; the rules were written to {file}", drafted.learnt)?;
    writeln!(out, "read them, then see what they would have decided:")?;
    writeln!(out, "  axtary policy replay --policy {file}")
}

fn pretty(out: &mut String, value: &impl Serialize) -> fmt::Result {
    let json = serde_json::to_string_pretty(value).map_err(|_| fmt::Error)?;
    writeln!(out, "{json}")
}

fn ledger_verified(
    out: &mut String,
    VerifiedLedger { path, verified }: &VerifiedLedger,
) -> fmt::Result {
    let path = Inline(path.display());
    match verified.last {
        None => writeln!(out, "verified: {path} holds no record")?,
        Some(last) => writeln!(
            out,
            "verified: {path} holds {} records as they were written, the last {last}",
            verified.records
        )?,
    }
    if verified.first > 0 {
        writeln!(out, "the records before {} were archived, and not read", verified.first)?;
    }
    if verified.checkpointed > 0 {
        writeln!(
            out,
            "the first {} are those that a checkpoint was signed of",
            verified.checkpointed
        )?;
    }
    if verified.anchored < verified.records {
        writeln!(
            out,
            "nothing outside the ledger vouches for the records behind the first {}",
            verified.anchored
        )?;
    }
    Ok(())
}

/// One record on one line.
fn record(out: &mut String, entry: &Entry) -> fmt::Result {
    write!(out, "{:>6}  {}  {}", entry.seq, entry.at, entry.kind)?;
    for name in ["decision", "outcome", "agent_id", "tool", "resource", "action_pass_id"] {
        if let Some(value) = entry.body.get(name).and_then(Json::as_str) {
            write!(out, "  {}", Inline(value))?;
        }
    }
    if entry.kind == RecordKind::Policy.as_str()
        && let Some(version) = entry.body.get("policy_version").and_then(Json::as_str)
    {
        write!(out, "  {}", Inline(version))?;
    }
    writeln!(out)
}

fn told(out: &mut String, history: &History) -> fmt::Result {
    let decision = history.history.decision();
    writeln!(out, "{} in record {}, {}", decision.kind, decision.seq, decision.at)?;
    writeln!(out, "{}", decision.hash)?;
    members(out, &decision.body, "  ")?;
    if !history.disclosed.is_empty() {
        writeln!(out, "  disclosed:")?;
        for disclosure in &history.disclosed {
            writeln!(out, "    {}: {}", Inline(disclosure.name()), disclosure.value())?;
        }
    }
    for entry in history.history.outcomes() {
        writeln!(out, "{} in record {}, {}", entry.kind, entry.seq, entry.at)?;
        writeln!(out, "{}", entry.hash)?;
        members(out, &entry.body, "  ")?;
    }
    writeln!(out, "outcome: {}", Inline(history.outcome()))
}

fn proved(out: &mut String, Proof { text, seq, size, key, file }: &Proof) -> fmt::Result {
    let Some(file) = file else { return out.write_str(text) };
    let file = Inline(file.display());
    writeln!(
        out,
        "record {seq} is in the ledger of {size} records; the proof was written to {file}"
    )?;
    writeln!(out, "verify it with:\n  axtary ledger check-proof {file} --key '{key}'")
}

fn shown_to_be_there(out: &mut String, proven: &ProvenRecord) -> fmt::Result {
    let ProvenRecord { entry, checkpoint, cosignatures, .. } = proven;
    let (origin, size) = (Inline(&checkpoint.origin), checkpoint.size);
    writeln!(out, "proven: record {} is in the ledger {origin} of {size} records", entry.seq)?;
    for cosignature in cosignatures {
        writeln!(out, "cosigned by {} at {}", Inline(&cosignature.witness), cosignature.at)?;
    }
    writeln!(out, "{} at {}", entry.kind, entry.at)?;
    writeln!(out, "{}", entry.hash)?;
    members(out, &entry.body, "  ")
}

fn checkpoint(out: &mut String, signed: &SignedCheckpoint) -> fmt::Result {
    let Some(file) = &signed.file else { return out.write_str(&signed.text) };
    let (size, file) = (signed.checkpoint.size, Inline(file.display()));
    writeln!(out, "a checkpoint of {size} records was written to {file}")?;
    writeln!(out, "hold the ledger against it later with:")?;
    writeln!(out, "  axtary ledger verify --checkpoint {file} --key '{}'", signed.key)
}

fn told_of_export(out: &mut String, exported: &Exported) -> fmt::Result {
    match &exported.to {
        Some(path) => {
            writeln!(out, "{} records are in {}", exported.records, Inline(path.display()))
        }
        // What was written stands there, and nothing else may.
        None => Ok(()),
    }
}

fn counted(out: &mut String, stats: &Stats) -> fmt::Result {
    writeln!(out, "{} records", stats.records)?;
    if let (Some(first), Some(last)) = (stats.first, stats.last) {
        writeln!(out, "from {first} to {last}")?;
    }
    for (name, counts) in stats.counts.iter().filter(|(_, counts)| !counts.is_empty()) {
        writeln!(out, "{name}:")?;
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (value, count) in counts {
            writeln!(out, "  {count:>8}  {}", Inline(value))?;
        }
    }
    Ok(())
}

fn members(out: &mut String, object: &Object, indent: &str) -> fmt::Result {
    for (name, value) in object.iter() {
        let name = Inline(name);
        match value {
            Json::String(text) => writeln!(out, "{indent}{name}: {}", Inline(text))?,
            Json::Object(inner) if !inner.is_empty() => {
                writeln!(out, "{indent}{name}:")?;
                members(out, inner, &format!("{indent}  "))?;
            }
            Json::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
                writeln!(out, "{indent}{name}:")?;
                items.iter().try_for_each(|item| writeln!(out, "{indent}  {item}"))?;
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                writeln!(out, "{indent}{name}: {value}")?;
            }
        }
    }
    Ok(())
}

fn refused(out: &mut String, refusal: &Refusal) -> fmt::Result {
    match refusal {
        Refusal::Denied(denied) => {
            writeln!(out, "error: denied ({})", denied.policy())?;
            reasons(out, denied.reasons())?;
            writeln!(out, "recorded as {}", denied.ledger_hash())
        }
        Refusal::ApprovalRequired(request) => {
            writeln!(out, "error: a human must approve first ({})", request.policy())?;
            reasons(out, request.reasons())?;
            let approvers = match request.approvers() {
                [] => "an approver".to_owned(),
                named => named.join(" or "),
            };
            writeln!(
                out,
                "help: ask {} to approve exactly the payload {}",
                Inline(approvers),
                request.payload_hash()
            )?;
            writeln!(out, "recorded as {}", request.ledger_hash())
        }
        Refusal::Unavailable(unavailable) => {
            writeln!(out, "error: {}", Inline(unavailable))?;
            writeln!(
                out,
                "help: no pass was released; repair the {}, and run the command again",
                unavailable.part().as_str()
            )
        }
    }
}

fn reasons(out: &mut String, reasons: &[Reason]) -> fmt::Result {
    for reason in reasons {
        writeln!(out, "  {}", Inline(reason))?;
        if let Cause::Violated(violation) = reason.cause()
            && let Some(remedy) = violation.remedy()
        {
            writeln!(out, "    help: {}", Inline(remedy))?;
        }
    }
    Ok(())
}

fn damaged(out: &mut String, damage: &Damage) -> fmt::Result {
    writeln!(out, "error: {} is not as it was written", Inline(damage.path().display()))?;
    for finding in damage.findings() {
        match &finding.place {
            Some(Place { path, line, offset, .. }) => {
                let path = Inline(path.display());
                writeln!(out, "  {path}, line {line} at byte {offset}: {}", Inline(&finding.kind))?;
            }
            None => writeln!(out, "  {}", Inline(&finding.kind))?,
        }
        if finding.records_before_hold() {
            writeln!(out, "    all records before it are in an unbroken chain")?;
        }
    }
    if damage.more() > 0 {
        writeln!(out, "  and {} findings more", damage.more())?;
    }
    writeln!(
        out,
        "help: the first {} records can be trusted; put the rest back from a copy",
        damage.intact()
    )
}

fn troubled(out: &mut String, trouble: &Trouble) -> fmt::Result {
    writeln!(out, "error: {}", Inline(&trouble.message))?;
    match &trouble.help {
        Some(help) => writeln!(out, "help: {}", Inline(help)),
        None => Ok(()),
    }
}
