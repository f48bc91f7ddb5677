//! Answers and failures as text, for humans.

use std::{
    fmt::{self, Write as _},
    io,
};

use axtary_actionpass::{Cause, Json, Object, PassView, Reason, Refusal};
use axtary_ledger::Entry;

use super::escape::Inline;
use crate::{
    command::{Answer, History, Permitted, Records, Token, Valid, VerifiedLedger, Written},
    failure::{Failure, Trouble},
};

pub(super) fn answer(answer: &Answer) -> io::Result<String> {
    let mut out = String::new();
    match answer {
        Answer::Initialized(written) => initialized(&mut out, written),
        Answer::Permitted(permitted) => permit(&mut out, permitted),
        Answer::Valid(valid) => accepted(&mut out, valid),
        Answer::LedgerVerified(verified) => ledger_verified(&mut out, verified),
        Answer::Records(Records(entries)) => entries.iter().try_for_each(|e| record(&mut out, e)),
        Answer::History(history) => told(&mut out, history),
        Answer::Script(script) => {
            out.push_str(&String::from_utf8_lossy(script));
            Ok(())
        }
    }
    .map_err(io::Error::other)?;
    Ok(out)
}

pub(super) fn failure(failure: &Failure) -> String {
    let mut out = String::new();
    let told = match failure {
        Failure::Refusal(refusal) => refused(&mut out, refusal),
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
    let json = serde_json::to_string_pretty(view).map_err(|_| fmt::Error)?;
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
    writeln!(out)
}

fn told(out: &mut String, history: &History) -> fmt::Result {
    let decision = history.0.decision();
    writeln!(out, "{} in record {}, {}", decision.kind, decision.seq, decision.at)?;
    writeln!(out, "{}", decision.hash)?;
    members(out, &decision.body, "  ")?;
    for entry in history.0.outcomes() {
        writeln!(out, "{} in record {}, {}", entry.kind, entry.seq, entry.at)?;
        writeln!(out, "{}", entry.hash)?;
        members(out, &entry.body, "  ")?;
    }
    writeln!(out, "outcome: {}", Inline(history.outcome()))
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

fn troubled(out: &mut String, trouble: &Trouble) -> fmt::Result {
    writeln!(out, "error: {}", Inline(&trouble.message))?;
    match &trouble.help {
        Some(help) => writeln!(out, "help: {}", Inline(help)),
        None => Ok(()),
    }
}
