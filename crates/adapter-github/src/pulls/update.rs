//! A change of a pull request: its texts, its base, whether it is open.

use serde::Deserialize;

use super::{Pull, State, state_fact};
use crate::{
    described::Described,
    error::NormalizeError,
    graphql::{Described as OfMutation, Mutation},
    name::BranchName,
    route::Matched,
    tool,
};

/// What a call makes of a pull request; what is `None` stays.
#[derive(Default)]
struct Update {
    title: Option<String>,
    body: Option<String>,
    open: Option<bool>,
    base: Option<String>,
}

impl Update {
    /// `set` are the names of what the call sets, if only to nothing.
    fn describe<'s>(
        &self,
        pull: &Pull<'_>,
        set: impl IntoIterator<Item = &'s str>,
    ) -> Result<Described, NormalizeError> {
        let described = match &self.base {
            Some(base) => {
                let base = BranchName::new(base)?;
                let sha = &pull.state.branch(&base)?.sha;
                pull.describe_into(tool::UPDATE_PULL_REQUEST, &base, sha)?
            }
            None => pull.describe(tool::UPDATE_PULL_REQUEST)?,
        };
        Ok(described
            .settings(set)
            .fact("state", state_fact(self.open))
            .texts([self.title.as_deref(), self.body.as_deref()]))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    title: Option<String>,
    body: Option<String>,
    state: Option<State>,
    base: Option<String>,
    #[serde(rename = "maintainer_can_modify")]
    _maintainer_can_modify: Option<bool>,
}

/// `PATCH pulls/{pull_number}`
pub(crate) fn update(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let UpdateBody { title, body, state, base, .. } = matched.body()?;
    let open = state.map(State::is_open);
    Update { title, body, open, base }.describe(&Pull::matched(matched)?, matched.members())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateInput {
    pull_request_id: String,
    title: Option<String>,
    body: Option<String>,
    state: Option<State>,
    base_ref_name: Option<String>,
    #[serde(rename = "maintainerCanModify")]
    _maintainer_can_modify: Option<bool>,
}

pub(crate) fn update_pull_request(mutation: &Mutation<'_>) -> OfMutation {
    let input: UpdateInput = mutation.input()?;
    let pull = Pull::node(mutation, &input.pull_request_id)?;
    let update = Update {
        title: input.title,
        body: input.body,
        open: input.state.map(State::is_open),
        base: input.base_ref_name,
    };
    let described = update.describe(&pull, mutation.members())?;
    pull.described(described)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PullInput {
    pull_request_id: String,
}

pub(crate) fn close_pull_request(mutation: &Mutation<'_>) -> OfMutation {
    set_open(mutation, false)
}

pub(crate) fn reopen_pull_request(mutation: &Mutation<'_>) -> OfMutation {
    set_open(mutation, true)
}

fn set_open(mutation: &Mutation<'_>, open: bool) -> OfMutation {
    let input: PullInput = mutation.input()?;
    let pull = Pull::node(mutation, &input.pull_request_id)?;
    let update = Update { open: Some(open), ..Update::default() };
    let described = update.describe(&pull, ["state"])?;
    pull.described(described)
}
