//! Reviews: asked for, and given.

use serde::Deserialize;

use super::Pull;
use crate::{
    described::{Described, names},
    error::NormalizeError,
    graphql::{Described as OfMutation, Mutation},
    route::Matched,
    tool,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewersBody {
    reviewers: Option<Vec<String>>,
    team_reviewers: Option<Vec<String>>,
}

/// `POST pulls/{pull_number}/requested_reviewers`
pub(crate) fn request_reviewers(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: ReviewersBody = matched.body()?;
    ask(
        &Pull::matched(matched)?,
        &body.reviewers.unwrap_or_default(),
        &body.team_reviewers.unwrap_or_default(),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReviewersInput {
    pull_request_id: String,
    user_ids: Option<Vec<String>>,
    team_ids: Option<Vec<String>>,
    union: Option<bool>,
}

pub(crate) fn request_reviews(mutation: &Mutation<'_>) -> OfMutation {
    let input: ReviewersInput = mutation.input()?;
    if input.union != Some(true) {
        return Err(NormalizeError::body(
            "without `union: true` it takes back what others asked for; add it",
        ));
    }
    let pull = Pull::node(mutation, &input.pull_request_id)?;
    let users = mutation.users(&input.user_ids.unwrap_or_default())?;
    let teams = mutation.teams(&input.team_ids.unwrap_or_default())?;
    let described = ask(&pull, &users, &teams)?;
    pull.described(described)
}

fn ask(pull: &Pull<'_>, users: &[String], teams: &[String]) -> Result<Described, NormalizeError> {
    Ok(pull
        .describe(tool::REQUEST_REVIEWERS)?
        .fact("reviewers", names(users))
        .fact("team_reviewers", names(teams)))
}

/// What a review says; without it, it is not submitted yet.
#[derive(Clone, Copy, Deserialize)]
enum ReviewEvent {
    #[serde(rename = "APPROVE")]
    Approve,
    #[serde(rename = "REQUEST_CHANGES")]
    RequestChanges,
    #[serde(rename = "COMMENT")]
    Comment,
}

/// A comment on a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineComment {
    body: String,
    #[serde(rename = "path")]
    _path: String,
    #[serde(rename = "position")]
    _position: Option<u64>,
    #[serde(rename = "line")]
    _line: Option<u64>,
    #[serde(rename = "side")]
    _side: Option<String>,
    #[serde(rename = "start_line", alias = "startLine")]
    _start_line: Option<u64>,
    #[serde(rename = "start_side", alias = "startSide")]
    _start_side: Option<String>,
}

struct Review {
    sha_name: &'static str,
    sha: Option<String>,
    body: Option<String>,
    event: Option<ReviewEvent>,
    comments: Vec<LineComment>,
}

impl Review {
    fn describe(&self, pull: &Pull<'_>) -> Result<Described, NormalizeError> {
        pull.demand_head(self.sha_name, self.sha.as_deref())?;
        let comments = self.comments.iter().map(|comment| Some(comment.body.as_str()));
        Ok(pull
            .describe(tool::SUBMIT_REVIEW)?
            .fact("approves", matches!(self.event, Some(ReviewEvent::Approve)))
            .texts(comments.chain([self.body.as_deref()])))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewBody {
    commit_id: Option<String>,
    body: Option<String>,
    event: Option<ReviewEvent>,
    comments: Option<Vec<LineComment>>,
}

/// `POST pulls/{pull_number}/reviews`
pub(crate) fn submit_review(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: ReviewBody = matched.body()?;
    Review {
        sha_name: "commit_id",
        sha: body.commit_id,
        body: body.body,
        event: body.event,
        comments: body.comments.unwrap_or_default(),
    }
    .describe(&Pull::matched(matched)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReviewInput {
    pull_request_id: String,
    #[serde(rename = "commitOID")]
    commit_oid: Option<String>,
    body: Option<String>,
    event: Option<ReviewEvent>,
    threads: Option<Vec<LineComment>>,
}

pub(crate) fn add_pull_request_review(mutation: &Mutation<'_>) -> OfMutation {
    let input: ReviewInput = mutation.input()?;
    let pull = Pull::node(mutation, &input.pull_request_id)?;
    let review = Review {
        sha_name: "commitOID",
        sha: input.commit_oid,
        body: input.body,
        event: input.event,
        comments: input.threads.unwrap_or_default(),
    };
    let described = review.describe(&pull)?;
    pull.described(described)
}
