//! Branches and tags by their refs, and the merge of one branch into another without a pull request.
//!
//! A ref that comes to another commit brings what lies between the two, so that whoever may not merge a change cannot push it.

use serde::Deserialize;

use crate::{
    described::Described,
    error::NormalizeError,
    evidence::RepositoryState,
    facts,
    graphql::{Described as OfMutation, Mutation},
    name::BranchName,
    reference::{CommitId, RefName},
    route::Matched,
    tool,
};

impl Described {
    fn on_ref(self, name: &RefName) -> Self {
        self.fact("refs", vec![name.to_string()]).fact("is_tag", name.branch().is_none())
    }
}

/// A new ref brings what the default branch does not have.
fn creation(
    state: &RepositoryState,
    name: &RefName,
    sha: &CommitId,
) -> Result<Described, NormalizeError> {
    let base = &state.branch(state.default_branch())?.sha;
    Ok(Described::new(tool::CREATE_REF)
        .facts(facts::derive(state.changes(base, sha)?)?)
        .on_ref(name)
        .at("base_sha", base)
        .at("head_sha", sha))
}

/// A ref that moves brings what it did not have; where it loses commits, it does not go forward.
fn update_of(
    state: &RepositoryState,
    name: &RefName,
    sha: &CommitId,
    force: bool,
) -> Result<Described, NormalizeError> {
    let now = state.tip(name)?;
    let set = state.changes(now, sha)?;
    Described::new(tool::UPDATE_REF)
        .facts(facts::derive(set)?)
        .on_ref(name)
        .fact("force", force)
        .fact("fast_forward", set.merge_base_sha() == now.as_str())
        .at("base_sha", now)
        .at("head_sha", sha)
        .guarded(state, name.branch())
}

fn deletion(state: &RepositoryState, name: &RefName) -> Result<Described, NormalizeError> {
    Described::new(tool::DELETE_REF)
        .on_ref(name)
        .at("base_sha", state.tip(name)?)
        .guarded(state, name.branch())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

/// `POST git/refs`
pub(crate) fn create(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: CreateBody = matched.body()?;
    creation(matched.state()?, &RefName::new(&body.name)?, &CommitId::new(&body.sha)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    sha: String,
    force: Option<bool>,
}

/// `PATCH git/refs/{ref}`
pub(crate) fn update(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: UpdateBody = matched.body()?;
    let force = body.force.unwrap_or(false);
    update_of(matched.state()?, &named(matched)?, &CommitId::new(&body.sha)?, force)
}

/// `DELETE git/refs/{ref}`
pub(crate) fn delete(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    matched.no_body()?;
    deletion(matched.state()?, &named(matched)?)
}

/// In an address, `refs/` is left out.
fn named(matched: &Matched<'_>) -> Result<RefName, NormalizeError> {
    RefName::new(&format!("refs/{}", matched.text("ref")?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateInput {
    repository_id: String,
    name: String,
    oid: String,
}

pub(crate) fn create_ref(mutation: &Mutation<'_>) -> OfMutation {
    let input: CreateInput = mutation.input()?;
    let repository = mutation.repository(&input.repository_id)?;
    let (name, sha) = (RefName::new(&input.name)?, CommitId::new(&input.oid)?);
    Ok(vec![(repository.clone(), creation(mutation.state(repository)?, &name, &sha)?)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateInput {
    ref_id: String,
    oid: String,
    force: Option<bool>,
}

pub(crate) fn update_ref(mutation: &Mutation<'_>) -> OfMutation {
    let input: UpdateInput = mutation.input()?;
    let (repository, name) = mutation.reference(&input.ref_id)?;
    let state = mutation.state(repository)?;
    let sha = CommitId::new(&input.oid)?;
    Ok(vec![(repository.clone(), update_of(state, name, &sha, input.force.unwrap_or(false))?)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DeleteInput {
    ref_id: String,
}

pub(crate) fn delete_ref(mutation: &Mutation<'_>) -> OfMutation {
    let input: DeleteInput = mutation.input()?;
    let (repository, name) = mutation.reference(&input.ref_id)?;
    Ok(vec![(repository.clone(), deletion(mutation.state(repository)?, name)?)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateRefsInput {
    repository_id: String,
    ref_updates: Vec<RefUpdate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RefUpdate {
    name: String,
    before_oid: Option<String>,
    after_oid: String,
    force: Option<bool>,
}

pub(crate) fn update_refs(mutation: &Mutation<'_>) -> OfMutation {
    let input: UpdateRefsInput = mutation.input()?;
    let repository = mutation.repository(&input.repository_id)?;
    let state = mutation.state(repository)?;
    let one = |update: &RefUpdate| Ok((repository.clone(), update.describe(state)?));
    input.ref_updates.iter().map(one).collect()
}

impl RefUpdate {
    /// The id that stands for no commit.
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn describe(&self, state: &RepositoryState) -> Result<Described, NormalizeError> {
        let name = RefName::new(&self.name)?;
        let Some(before) = &self.before_oid else {
            return Err(NormalizeError::body("`beforeOid` says whether a ref is new; add it"));
        };
        if before == Self::NONE {
            return creation(state, &name, &CommitId::new(&self.after_oid)?);
        }
        let now = state.tip(&name)?;
        if before != now.as_str() {
            return Err(NormalizeError::Moved { call: before.clone(), now: now.to_string() });
        }
        if self.after_oid == Self::NONE {
            return deletion(state, &name);
        }
        update_of(state, &name, &CommitId::new(&self.after_oid)?, self.force.unwrap_or(false))
    }
}

/// A merge of branches.
struct Merge {
    base: String,
    head: String,
    message: Option<String>,
}

impl Merge {
    fn describe(&self, state: &RepositoryState) -> Result<Described, NormalizeError> {
        let (base, head) = (BranchName::new(&self.base)?, BranchName::new(&self.head)?);
        let (base_sha, head_sha) = (&state.branch(&base)?.sha, &state.branch(&head)?.sha);
        Described::new(tool::MERGE_BRANCH)
            .facts(facts::derive(state.changes(base_sha, head_sha)?)?)
            .fact("base_branch", base.as_str())
            .fact("head_branch", head.as_str())
            .fact("from_fork", false)
            .message(self.message.as_deref())
            .at("base_sha", base_sha)
            .at("head_sha", head_sha)
            .guarded(state, Some(&base))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    base: String,
    head: String,
    commit_message: Option<String>,
}

/// `POST merges`
pub(crate) fn merge(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let MergeBody { base, head, commit_message: message } = matched.body()?;
    Merge { base, head, message }.describe(matched.state()?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MergeInput {
    repository_id: String,
    base: String,
    head: String,
    commit_message: Option<String>,
}

pub(crate) fn merge_branch(mutation: &Mutation<'_>) -> OfMutation {
    let MergeInput { repository_id, base, head, commit_message: message } = mutation.input()?;
    let repository = mutation.repository(&repository_id)?;
    let described = Merge { base, head, message }.describe(mutation.state(repository)?)?;
    Ok(vec![(repository.clone(), described)])
}
