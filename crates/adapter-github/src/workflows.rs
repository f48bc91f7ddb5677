//! Runs of GitHub Actions: started, repeated, stopped.
//!
//! A workflow that is run from a branch is the workflow as that branch has it, with the repository's secrets.

use axtary_actionpass::Object;
use serde::Deserialize;

use crate::{
    described::{Described, list},
    error::NormalizeError,
    name::BranchName,
    request::typed,
    route::Matched,
    tool,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DispatchBody {
    r#ref: String,
    inputs: Option<serde_json::Map<String, serde_json::Value>>,
}

/// `POST actions/workflows/{workflow_id}/dispatches`
pub(crate) fn dispatch(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: DispatchBody = matched.body()?;
    let inputs = body.inputs.unwrap_or_default();
    Described::new(tool::DISPATCH_WORKFLOW)
        .fact("workflow", matched.text("workflow_id")?)
        .fact("inputs", list(inputs.keys().map(String::as_str)))
        .on_branch(matched.state()?, &BranchName::new(&body.r#ref)?)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RerunBody {
    enable_debug_logging: Option<bool>,
}

/// `POST actions/runs/{run_id}/rerun`
pub(crate) fn rerun(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    rerun_of(matched, "all", "run_id")
}

/// `POST actions/runs/{run_id}/rerun-failed-jobs`
pub(crate) fn rerun_failed(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    rerun_of(matched, "failed", "run_id")
}

/// `POST actions/jobs/{job_id}/rerun`
pub(crate) fn rerun_job(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    rerun_of(matched, "job", "job_id")
}

fn rerun_of(
    matched: &Matched<'_>,
    what: &'static str,
    id: &'static str,
) -> Result<Described, NormalizeError> {
    let body: RerunBody = typed(matched.raw_body().unwrap_or(&Object::new()))?;
    Described::new(tool::RERUN)
        .fact("rerun", what)
        .fact("debug_logging", body.enable_debug_logging.unwrap_or(false))
        .count("run", matched.number(id)?)
}

/// `POST actions/runs/{run_id}/cancel`
pub(crate) fn cancel(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    cancel_of(matched, false)
}

/// `POST actions/runs/{run_id}/force-cancel`
pub(crate) fn force_cancel(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    cancel_of(matched, true)
}

fn cancel_of(matched: &Matched<'_>, force: bool) -> Result<Described, NormalizeError> {
    matched.no_body()?;
    Described::new(tool::CANCEL_RUN).fact("force", force).count("run", matched.number("run_id")?)
}
