//! Pull requests: open, change, merge, ask for a review, review.
//!
//! What GitHub knows of a pull request comes from the evidence, what it changes from the change set between its two commits. The
//! payload names both, so that after a push it is another payload.

mod merge;
mod review;
mod update;

use serde::Deserialize;

pub(crate) use self::{
    merge::{enable_pull_request_auto_merge, merge, merge_pull_request},
    review::{add_pull_request_review, request_reviewers, request_reviews, submit_review},
    update::{close_pull_request, reopen_pull_request, update, update_pull_request},
};
use crate::{
    call::PullRequest,
    change::ChangeSet,
    described::Described,
    error::NormalizeError,
    evidence::{PullRequestState, RepositoryState},
    facts,
    graphql::{Described as OfMutation, Mutation},
    name::BranchName,
    normalize,
    reference::CommitId,
    route::Matched,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    title: String,
    head: String,
    base: String,
    body: Option<String>,
    draft: Option<bool>,
    maintainer_can_modify: Option<bool>,
}

/// `POST pulls`
pub(crate) fn create(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: CreateBody = matched.body()?;
    // GitHub takes `owner:branch` too; within the repository it says no more than the branch does.
    let head = match body.head.split_once(':') {
        Some((owner, branch)) if owner.eq_ignore_ascii_case(matched.repository().owner()) => branch,
        Some(_) | None => &body.head,
    };
    let call = PullRequest {
        repository: matched.repository().clone(),
        base: BranchName::new(&body.base)?,
        head: BranchName::new(head)?,
        title: body.title,
        body: body.body,
        draft: body.draft,
        maintainer_can_modify: body.maintainer_can_modify,
    };
    let set = changes_of(&call, matched.state()?)?;
    let payload = normalize::payload(&call, set);
    Ok(Described { payload: Some(payload), ..normalize::describe(&call, set)? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateInput {
    repository_id: String,
    base_ref_name: String,
    head_ref_name: String,
    title: String,
    body: Option<String>,
    draft: Option<bool>,
    maintainer_can_modify: Option<bool>,
}

pub(crate) fn create_pull_request(mutation: &Mutation<'_>) -> OfMutation {
    let input: CreateInput = mutation.input()?;
    let repository = mutation.repository(&input.repository_id)?;
    let call = PullRequest {
        repository: repository.clone(),
        base: BranchName::new(&input.base_ref_name)?,
        head: BranchName::new(&input.head_ref_name)?,
        title: input.title,
        body: input.body,
        draft: input.draft,
        maintainer_can_modify: input.maintainer_can_modify,
    };
    let set = changes_of(&call, mutation.state(repository)?)?;
    Ok(vec![(repository.clone(), normalize::describe(&call, set)?)])
}

/// What the branches of a call have come to on GitHub.
fn changes_of<'e>(
    call: &PullRequest,
    state: &'e RepositoryState,
) -> Result<&'e ChangeSet, NormalizeError> {
    state.changes(&state.branch(&call.base)?.sha, &state.branch(&call.head)?.sha)
}

/// A pull request that is there, and the repository that it is in.
struct Pull<'e> {
    state: &'e RepositoryState,
    number: u64,
    pull: &'e PullRequestState,
}

impl<'e> Pull<'e> {
    fn of(state: &'e RepositoryState, number: u64) -> Result<Self, NormalizeError> {
        Ok(Self { state, number, pull: state.pull_request(number)? })
    }

    fn matched(matched: &Matched<'e>) -> Result<Self, NormalizeError> {
        Self::of(matched.state()?, matched.number("pull_number")?)
    }

    fn node(mutation: &Mutation<'e>, id: &str) -> Result<Self, NormalizeError> {
        let (repository, number) = mutation.pull_request(id)?;
        Self::of(mutation.state(repository)?, number)
    }

    fn describe(&self, tool: &'static str) -> Result<Described, NormalizeError> {
        self.describe_into(tool, &self.pull.base, &self.pull.base_sha)
    }

    /// As if it were to be merged into `base`.
    fn describe_into(
        &self,
        tool: &'static str,
        base: &BranchName,
        base_sha: &CommitId,
    ) -> Result<Described, NormalizeError> {
        let set = self.state.changes(base_sha, &self.pull.head_sha)?;
        Described::new(tool)
            .facts(facts::derive(set)?)
            .fact("base_branch", base.as_str())
            .fact("head_branch", self.pull.head.as_str())
            .fact("from_fork", self.pull.head_repository != *self.state.name())
            .at("base_sha", base_sha)
            .at("head_sha", &self.pull.head_sha)
            .count("number", self.number)
    }

    /// Demands that the call names the commit that the head is at, so that GitHub itself refuses a head that moved.
    fn demand_head(&self, name: &'static str, sha: Option<&str>) -> Result<(), NormalizeError> {
        let head = &self.pull.head_sha;
        match sha {
            None => Err(NormalizeError::Unbound { name, head: head.to_string() }),
            Some(sha) if CommitId::new(sha)? == *head => Ok(()),
            Some(sha) => Err(NormalizeError::Moved { call: sha.to_owned(), now: head.to_string() }),
        }
    }

    fn described(self, described: Described) -> OfMutation {
        Ok(vec![(self.state.name().clone(), described)])
    }
}

/// How a call leaves something: `open`, `closed`, or as it was.
pub(crate) fn state_fact(open: Option<bool>) -> &'static str {
    match open {
        Some(true) => "open",
        Some(false) => "closed",
        None => "unchanged",
    }
}

/// Whether a pull request or an issue is open, in either API's spelling.
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum State {
    #[serde(rename = "open", alias = "OPEN")]
    Open,
    #[serde(rename = "closed", alias = "CLOSED")]
    Closed,
}

impl State {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }
}
