//! The checks of one commit: check runs, and the statuses that apps posted.

use std::collections::{BTreeMap, BTreeSet};

use axtary_actionpass::{Json, Object};
use axtary_adapter_github::{CheckRun, CheckRuns, CommitId, Conclusion};

use crate::{error::ApiError, session::Session, url::Path};

/// Reads every check of `head`, of which those of `apps` count.
///
/// GitHub gives the latest run of each name and app. Of a list that is not whole, none is believed.
pub(crate) fn read(
    session: &Session<'_>,
    head: &CommitId,
    apps: &BTreeSet<u64>,
) -> Result<CheckRuns, ApiError> {
    let mut runs = check_runs(session, head)?;
    runs.extend(statuses(session, head)?);
    Ok(CheckRuns::new(head.clone(), apps.iter().copied(), runs))
}

fn check_runs(session: &Session<'_>, head: &CommitId) -> Result<Vec<CheckRun>, ApiError> {
    let path = session.path(["commits", head.as_str(), "check-runs"]).with("filter", "latest");
    let mut runs = Vec::new();
    for answer in session.pages(&path)? {
        let page = answer.object()?;
        let list = page.get("check_runs").and_then(Json::as_array);
        let list = list.ok_or_else(|| answer.form("it has no `check_runs`"))?;
        for run in list {
            let run = run.as_object().and_then(read_run);
            runs.push(run.ok_or_else(|| answer.form("a check run is not in form"))?);
        }
        let total = page.get("total_count").and_then(Json::as_i64);
        if !answer.has_next() && total != i64::try_from(runs.len()).ok() {
            return Err(answer.form("`total_count` is another number than there are check runs"));
        }
    }
    Ok(runs)
}

fn read_run(run: &Object) -> Option<CheckRun> {
    let conclusion = match run.get("status")?.as_str()? {
        "completed" => run.get("conclusion")?.as_str().and_then(read_conclusion),
        _ => None,
    };
    Some(CheckRun {
        name: run.get("name")?.as_str()?.to_owned(),
        app_id: u64::try_from(run.get("app")?.as_object()?.get("id")?.as_i64()?).ok()?,
        head_sha: CommitId::new(run.get("head_sha")?.as_str()?).ok()?,
        conclusion,
    })
}

/// One that is not known reads as if the run had not ended.
fn read_conclusion(text: &str) -> Option<Conclusion> {
    Some(match text {
        "success" => Conclusion::Success,
        "failure" => Conclusion::Failure,
        "neutral" => Conclusion::Neutral,
        "cancelled" => Conclusion::Cancelled,
        "skipped" => Conclusion::Skipped,
        "timed_out" => Conclusion::TimedOut,
        "action_required" => Conclusion::ActionRequired,
        "stale" => Conclusion::Stale,
        "startup_failure" => Conclusion::StartupFailure,
        _ => return None,
    })
}

/// The latest status of each context, if an app posted it. What a person posted is nobody's check.
fn statuses(session: &Session<'_>, head: &CommitId) -> Result<Vec<CheckRun>, ApiError> {
    let mut latest: BTreeMap<String, Status> = BTreeMap::new();
    for answer in session.pages(&session.path(["commits", head.as_str(), "statuses"]))? {
        let page = answer.json()?;
        for status in page.as_array().ok_or_else(|| answer.form("it is not a list"))? {
            let status = status.as_object().and_then(read_status);
            let (context, status) = status.ok_or_else(|| answer.form("a status is not in form"))?;
            // The newest comes first.
            latest.entry(context).or_insert(status);
        }
    }
    let mut apps: BTreeMap<String, Option<u64>> = BTreeMap::new();
    let mut runs = Vec::new();
    for (name, Status { slug, conclusion }) in latest {
        let Some(slug) = slug else { continue };
        let app = match apps.get(&slug) {
            Some(app) => *app,
            None => *apps.entry(slug.clone()).or_insert(app_id(session, &slug)?),
        };
        if let Some(app_id) = app {
            runs.push(CheckRun { name, app_id, head_sha: head.clone(), conclusion });
        }
    }
    Ok(runs)
}

/// What a status says, and the app that posted it, if one did.
struct Status {
    slug: Option<String>,
    conclusion: Option<Conclusion>,
}

/// Reads a status with its context.
fn read_status(status: &Object) -> Option<(String, Status)> {
    let conclusion = match status.get("state")?.as_str()? {
        "success" => Some(Conclusion::Success),
        "failure" | "error" => Some(Conclusion::Failure),
        _ => None,
    };
    // No person has a bot's name: it has brackets, which no login may have.
    let slug = status.get("creator").and_then(Json::as_object).and_then(|creator| {
        let is_bot = creator.get("type")?.as_str()? == "Bot";
        let slug = creator.get("login")?.as_str()?.strip_suffix("[bot]")?;
        is_bot.then(|| slug.to_owned())
    });
    Some((status.get("context")?.as_str()?.to_owned(), Status { slug, conclusion }))
}

/// The id of an app that anybody may see.
fn app_id(session: &Session<'_>, slug: &str) -> Result<Option<u64>, ApiError> {
    let Some(answer) = session.find(&Path::of(["apps", slug]))? else { return Ok(None) };
    let id = answer.object()?.get("id").and_then(Json::as_i64);
    let id = id.and_then(|id| u64::try_from(id).ok());
    id.map(Some).ok_or_else(|| answer.form("it has no `id`"))
}
