//! Files that are written to a branch, or deleted from it, by a commit of their own.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{
    content,
    described::{Described, path_facts},
    error::NormalizeError,
    evidence::RepositoryState,
    graphql::{Described as OfMutation, Mutation},
    name::{BranchName, RepositoryName},
    path,
    reference::{CommitId, RefName},
    route::Matched,
    tool,
};

/// Who wrote a commit, if the call says so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "email")]
    _email: String,
    #[serde(rename = "date")]
    _date: Option<String>,
}

/// Files of one commit: those that are written, with their content, or those that are deleted.
struct Files<'c> {
    paths: Vec<String>,
    contents: Vec<Vec<u8>>,
    messages: Vec<&'c str>,
    names_author: bool,
}

impl Files<'_> {
    fn describe(
        &self,
        tool: &'static str,
        state: &RepositoryState,
        branch: &BranchName,
    ) -> Result<Described, NormalizeError> {
        let paths: BTreeSet<&str> = self.paths.iter().map(String::as_str).collect();
        if paths.len() != self.paths.len() {
            return Err(NormalizeError::body("a path stands twice"));
        }
        Described::new(tool)
            .facts(path_facts(&paths, paths.len(), state.production())?)
            .fact(
                "lfs_changed",
                self.contents.iter().any(|content| content::is_lfs_pointer(content)),
            )
            .fact("names_author", self.names_author)
            .message(self.messages.iter().copied())
            .count("bytes_written", self.contents.iter().map(Vec::len).sum::<usize>())?
            .on_branch(state, branch)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteBody {
    message: String,
    content: String,
    #[serde(rename = "sha")]
    _sha: Option<String>,
    branch: Option<String>,
    committer: Option<Person>,
    author: Option<Person>,
}

/// `PUT contents/{path}`
pub(crate) fn write(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: WriteBody = matched.body()?;
    let state = matched.state()?;
    Files {
        paths: vec![matched.path()?],
        contents: vec![decode(&body.content)?],
        messages: vec![&body.message],
        names_author: body.author.is_some() || body.committer.is_some(),
    }
    .describe(tool::WRITE_CONTENTS, state, &branch_or_default(body.branch.as_deref(), state)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteBody {
    message: String,
    #[serde(rename = "sha")]
    _sha: String,
    branch: Option<String>,
    committer: Option<Person>,
    author: Option<Person>,
}

/// `DELETE contents/{path}`
pub(crate) fn delete(matched: &Matched<'_>) -> Result<Described, NormalizeError> {
    let body: DeleteBody = matched.body()?;
    let state = matched.state()?;
    Files {
        paths: vec![matched.path()?],
        contents: Vec::new(),
        messages: vec![&body.message],
        names_author: body.author.is_some() || body.committer.is_some(),
    }
    .describe(tool::DELETE_CONTENTS, state, &branch_or_default(body.branch.as_deref(), state)?)
}

/// The branch that a call means when it names none is the default one.
fn branch_or_default(
    branch: Option<&str>,
    state: &RepositoryState,
) -> Result<BranchName, NormalizeError> {
    branch.map_or_else(|| Ok(state.default_branch().clone()), BranchName::new)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CommitInput {
    branch: CommittableBranch,
    file_changes: Option<FileChanges>,
    message: CommitMessage,
    expected_head_oid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CommittableBranch {
    id: Option<String>,
    repository_name_with_owner: Option<String>,
    branch_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileChanges {
    additions: Option<Vec<FileAddition>>,
    deletions: Option<Vec<FileDeletion>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAddition {
    path: String,
    contents: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDeletion {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitMessage {
    headline: String,
    body: Option<String>,
}

/// A commit that writes and deletes is both, and both must be permitted.
pub(crate) fn create_commit_on_branch(mutation: &Mutation<'_>) -> OfMutation {
    let input: CommitInput = mutation.input()?;
    let (repository, branch) = committable(mutation, &input.branch)?;
    let state = mutation.state(&repository)?;
    let expected = CommitId::new(&input.expected_head_oid)?;
    let now = &state.branch(&branch)?.sha;
    if expected != *now {
        return Err(NormalizeError::Moved { call: expected.to_string(), now: now.to_string() });
    }
    let FileChanges { additions, deletions } = input.file_changes.unwrap_or_default();
    let (additions, deletions) = (additions.unwrap_or_default(), deletions.unwrap_or_default());
    let messages: Vec<&str> =
        [Some(input.message.headline.as_str()), input.message.body.as_deref()]
            .into_iter()
            .flatten()
            .collect();
    let read = |text: &String| path::read(text.as_bytes());
    let written = Files {
        paths: additions.iter().map(|file| read(&file.path)).collect::<Result<_, _>>()?,
        contents: additions.iter().map(|file| decode(&file.contents)).collect::<Result<_, _>>()?,
        messages: messages.clone(),
        names_author: false,
    };
    let deleted = Files {
        paths: deletions.iter().map(|file| read(&file.path)).collect::<Result<_, _>>()?,
        contents: Vec::new(),
        messages,
        names_author: false,
    };
    // A commit without files is still one: it moves the branch.
    let writes = !additions.is_empty() || deletions.is_empty();
    [
        writes.then(|| written.describe(tool::WRITE_CONTENTS, state, &branch)),
        (!deletions.is_empty()).then(|| deleted.describe(tool::DELETE_CONTENTS, state, &branch)),
    ]
    .into_iter()
    .flatten()
    .map(|described| Ok((repository.clone(), described?.at("branch_sha", now))))
    .collect()
}

fn committable(
    mutation: &Mutation<'_>,
    branch: &CommittableBranch,
) -> Result<(RepositoryName, BranchName), NormalizeError> {
    match branch {
        CommittableBranch {
            id: None,
            repository_name_with_owner: Some(repository),
            branch_name: Some(branch),
        } => Ok((RepositoryName::new(repository)?, BranchName::new(branch)?)),
        CommittableBranch { id: Some(id), repository_name_with_owner: None, branch_name: None } => {
            match mutation.reference(id)? {
                (repository, RefName::Branch(branch)) => Ok((repository.clone(), branch.clone())),
                (_, RefName::Tag(_)) => Err(NormalizeError::body("a tag takes no commit")),
            }
        }
        _ => Err(NormalizeError::body(
            "the branch is named either by `id`, or by `repositoryNameWithOwner` and `branchName`",
        )),
    }
}

/// Decodes base64, in lines or not, as GitHub takes it.
fn decode(text: &str) -> Result<Vec<u8>, NormalizeError> {
    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    STANDARD.decode(text).map_err(|error| {
        let error = error.to_string().to_lowercase();
        NormalizeError::body(format!("the content is not base64: {error}"))
    })
}
