//! Issues and comments, on pull requests too: they share their numbers with issues.

use serde::Deserialize;

use crate::{
    described::{Described, list, names},
    error::NormalizeError,
    graphql::{Described as OfMutation, Mutation},
    pulls::{State, state_fact},
    route::Matched,
    tool,
};

/// What a call makes of an issue; what is `None` stays.
#[derive(Default)]
struct Issue {
    title: Option<String>,
    body: Option<String>,
    open: Option<bool>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
}

impl Issue {
    fn describe(&self, tool: &'static str) -> Described {
        Described::new(tool)
            .fact("labels", list(self.labels.iter().flatten().map(String::as_str)))
            .fact("assignees", names(self.assignees.as_deref().unwrap_or_default()))
            .texts([self.title.as_deref(), self.body.as_deref()])
    }

    /// `set` are the names of what the call sets, if only to nothing.
    fn describe_update<'s>(
        &self,
        number: u64,
        set: impl IntoIterator<Item = &'s str>,
    ) -> Result<Described, NormalizeError> {
        self.describe(tool::UPDATE_ISSUE)
            .settings(set)
            .fact("state", state_fact(self.open))
            .count("number", number)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    title: String,
    body: Option<String>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
    #[serde(rename = "milestone")]
    _milestone: Option<u64>,
    #[serde(rename = "type")]
    _type: Option<String>,
}

/// `POST issues`
pub(crate) fn create(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let CreateBody { title, body, labels, assignees, .. } = matched.body()?;
    let issue = Issue { title: Some(title), body, labels, assignees, ..Issue::default() };
    Ok(issue.describe(tool::CREATE_ISSUE))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateInput {
    repository_id: String,
    title: String,
    body: Option<String>,
    label_ids: Option<Vec<String>>,
    assignee_ids: Option<Vec<String>>,
    #[serde(rename = "milestoneId")]
    _milestone_id: Option<String>,
}

pub(crate) fn create_issue(mutation: &Mutation<'_>) -> OfMutation {
    let input: CreateInput = mutation.input()?;
    let repository = mutation.repository(&input.repository_id)?;
    let issue = Issue {
        title: Some(input.title),
        body: input.body,
        labels: input.label_ids.map(|ids| mutation.labels(&ids)).transpose()?,
        assignees: input.assignee_ids.map(|ids| mutation.users(&ids)).transpose()?,
        ..Issue::default()
    };
    Ok(vec![(repository.clone(), issue.describe(tool::CREATE_ISSUE))])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    title: Option<String>,
    body: Option<String>,
    state: Option<State>,
    #[serde(rename = "state_reason")]
    _state_reason: Option<String>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
    #[serde(rename = "milestone")]
    _milestone: Option<u64>,
    #[serde(rename = "type")]
    _type: Option<String>,
}

/// `PATCH issues/{issue_number}`
pub(crate) fn update(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: UpdateBody = matched.body()?;
    Issue {
        title: body.title,
        body: body.body,
        open: body.state.map(State::is_open),
        labels: body.labels,
        assignees: body.assignees,
    }
    .describe_update(matched.number("issue_number")?, matched.members())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateInput {
    id: String,
    title: Option<String>,
    body: Option<String>,
    state: Option<State>,
    label_ids: Option<Vec<String>>,
    assignee_ids: Option<Vec<String>>,
    #[serde(rename = "milestoneId")]
    _milestone_id: Option<String>,
}

pub(crate) fn update_issue(mutation: &Mutation<'_>) -> OfMutation {
    let input: UpdateInput = mutation.input()?;
    let (repository, number) = mutation.issue(&input.id)?;
    let issue = Issue {
        title: input.title,
        body: input.body,
        open: input.state.map(State::is_open),
        labels: input.label_ids.map(|ids| mutation.labels(&ids)).transpose()?,
        assignees: input.assignee_ids.map(|ids| mutation.users(&ids)).transpose()?,
    };
    Ok(vec![(repository.clone(), issue.describe_update(number, mutation.members())?)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CloseInput {
    issue_id: String,
    #[serde(rename = "stateReason")]
    _state_reason: Option<String>,
}

pub(crate) fn close_issue(mutation: &Mutation<'_>) -> OfMutation {
    let input: CloseInput = mutation.input()?;
    let (repository, number) = mutation.issue(&input.issue_id)?;
    let issue = Issue { open: Some(false), ..Issue::default() };
    let set = mutation.members().chain(["state"]);
    Ok(vec![(repository.clone(), issue.describe_update(number, set)?)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReopenInput {
    issue_id: String,
}

pub(crate) fn reopen_issue(mutation: &Mutation<'_>) -> OfMutation {
    let input: ReopenInput = mutation.input()?;
    let (repository, number) = mutation.issue(&input.issue_id)?;
    let issue = Issue { open: Some(true), ..Issue::default() };
    Ok(vec![(repository.clone(), issue.describe_update(number, ["state"])?)])
}

fn comment_of(number: u64, body: &str) -> Result<Described, NormalizeError> {
    Described::new(tool::COMMENT).texts([Some(body)]).count("number", number)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentBody {
    body: String,
}

/// `POST issues/{issue_number}/comments`
pub(crate) fn comment(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: CommentBody = matched.body()?;
    comment_of(matched.number("issue_number")?, &body.body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CommentInput {
    subject_id: String,
    body: String,
}

pub(crate) fn add_comment(mutation: &Mutation<'_>) -> OfMutation {
    let input: CommentInput = mutation.input()?;
    let (repository, number) = mutation.issue_or_pull_request(&input.subject_id)?;
    Ok(vec![(repository.clone(), comment_of(number, &input.body)?)])
}
