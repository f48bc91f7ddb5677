//! A merge, of exactly the commit that was looked at.

use axtary_actionpass::Json;
use serde::Deserialize;

use super::Pull;
use crate::{
    described::Described,
    error::NormalizeError,
    graphql::{Described as OfMutation, Mutation},
    route::Matched,
    tool,
};

/// How a pull request is merged, in either API's spelling.
#[derive(Clone, Copy, Deserialize)]
enum MergeMethod {
    #[serde(rename = "merge", alias = "MERGE")]
    Merge,
    #[serde(rename = "squash", alias = "SQUASH")]
    Squash,
    #[serde(rename = "rebase", alias = "REBASE")]
    Rebase,
}

/// A merge, now or once GitHub finds that nothing stands against it.
struct Merge {
    headline: Option<String>,
    message: Option<String>,
    /// What the API calls the commit that the head must be at.
    sha_name: &'static str,
    sha: Option<String>,
    method: Option<MergeMethod>,
}

impl Merge {
    fn describe(&self, pull: &Pull<'_>, tool: &'static str) -> Result<Described, NormalizeError> {
        pull.demand_head(self.sha_name, self.sha.as_deref())?;
        let checks = pull.state.checks(&pull.pull.head_sha)?;
        let described = pull.describe(tool)?;
        // A change of workflows decides itself what runs under the name of a check.
        let is_untouched = described.facts.get("touches_workflows") == Some(&Json::Bool(false));
        let method = match self.method.unwrap_or(MergeMethod::Merge) {
            MergeMethod::Merge => "merge",
            MergeMethod::Squash => "squash",
            MergeMethod::Rebase => "rebase",
        };
        let texts = [self.headline.as_deref(), self.message.as_deref()];
        described
            .fact("check_apps", checks.apps())
            .fact("tests_passed", checks.passed() && is_untouched)
            .fact("merge_method", method)
            .fact("signed_commits", pull.pull.signed_commits)
            .message(texts.into_iter().flatten())
            .guarded(pull.state, Some(&pull.pull.base))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    commit_title: Option<String>,
    commit_message: Option<String>,
    sha: Option<String>,
    merge_method: Option<MergeMethod>,
}

/// `PUT pulls/{pull_number}/merge`
pub(crate) fn merge(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: MergeBody = matched.body()?;
    Merge {
        headline: body.commit_title,
        message: body.commit_message,
        sha_name: "sha",
        sha: body.sha,
        method: body.merge_method,
    }
    .describe(&Pull::matched(matched)?, tool::MERGE_PULL_REQUEST)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MergeInput {
    pull_request_id: String,
    commit_headline: Option<String>,
    commit_body: Option<String>,
    expected_head_oid: Option<String>,
    merge_method: Option<MergeMethod>,
}

pub(crate) fn merge_pull_request(mutation: &Mutation<'_>) -> OfMutation {
    merge_by(mutation, tool::MERGE_PULL_REQUEST)
}

pub(crate) fn enable_pull_request_auto_merge(mutation: &Mutation<'_>) -> OfMutation {
    merge_by(mutation, tool::ENABLE_AUTO_MERGE)
}

fn merge_by(mutation: &Mutation<'_>, tool: &'static str) -> OfMutation {
    let input: MergeInput = mutation.input()?;
    let pull = Pull::node(mutation, &input.pull_request_id)?;
    let merge = Merge {
        headline: input.commit_headline,
        message: input.commit_body,
        sha_name: "expectedHeadOid",
        sha: input.expected_head_oid,
        method: input.merge_method,
    };
    let described = merge.describe(&pull, tool)?;
    pull.described(described)
}
