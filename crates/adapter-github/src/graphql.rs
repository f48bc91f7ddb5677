//! GraphQL: a document comes to everything that it may do, in the same actions as REST.
//!
//! ```text
//! body -> document.rs (the operation's root fields) -> value.rs (arguments without variables) -> mutation table -> described calls
//! ```
//!
//! What might run counts as run: `@skip` and `@include` are not evaluated. What is not certain is refused.

mod document;
mod value;

use axtary_actionpass::{Json, Object};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    contents, described,
    error::NormalizeError,
    evidence::{Evidence, Node, RepositoryState},
    issues,
    name::{MAX_SHOWN, RepositoryName},
    pulls,
    reference::RefName,
    refs,
    request::typed,
    tool,
};

/// What one mutation comes to, and on which repository.
pub(crate) type Described = Result<Vec<(RepositoryName, described::Described)>, NormalizeError>;

/// One thing that a document does.
#[derive(Debug)]
pub(crate) enum Part {
    /// A call that a tool is known for.
    Known(RepositoryName, described::Described),
    /// Any other root field, of a `mutation` or a `query`.
    Unknown { kind: &'static str, field: String },
}

/// How a call of one mutation is described.
type Describe = fn(&Mutation<'_>) -> Described;

/// The mutations that are known: name, tools, how they are described.
pub(crate) const MUTATIONS: [(&str, &[&str], Describe); 19] = [
    ("addComment", &[tool::COMMENT], issues::add_comment),
    ("addPullRequestReview", &[tool::SUBMIT_REVIEW], pulls::add_pull_request_review),
    ("closeIssue", &[tool::UPDATE_ISSUE], issues::close_issue),
    ("closePullRequest", &[tool::UPDATE_PULL_REQUEST], pulls::close_pull_request),
    (
        "createCommitOnBranch",
        &[tool::WRITE_CONTENTS, tool::DELETE_CONTENTS],
        contents::create_commit_on_branch,
    ),
    ("createIssue", &[tool::CREATE_ISSUE], issues::create_issue),
    ("createPullRequest", &[tool::CREATE_PULL_REQUEST], pulls::create_pull_request),
    ("createRef", &[tool::CREATE_REF], refs::create_ref),
    ("deleteRef", &[tool::DELETE_REF], refs::delete_ref),
    (
        "enablePullRequestAutoMerge",
        &[tool::ENABLE_AUTO_MERGE],
        pulls::enable_pull_request_auto_merge,
    ),
    ("mergeBranch", &[tool::MERGE_BRANCH], refs::merge_branch),
    ("mergePullRequest", &[tool::MERGE_PULL_REQUEST], pulls::merge_pull_request),
    ("reopenIssue", &[tool::UPDATE_ISSUE], issues::reopen_issue),
    ("reopenPullRequest", &[tool::UPDATE_PULL_REQUEST], pulls::reopen_pull_request),
    ("requestReviews", &[tool::REQUEST_REVIEWERS], pulls::request_reviews),
    ("updateIssue", &[tool::UPDATE_ISSUE], issues::update_issue),
    ("updatePullRequest", &[tool::UPDATE_PULL_REQUEST], pulls::update_pull_request),
    ("updateRef", &[tool::UPDATE_REF], refs::update_ref),
    ("updateRefs", &[tool::CREATE_REF, tool::UPDATE_REF, tool::DELETE_REF], refs::update_refs),
];

/// The most things that one document may do.
const MAX_PARTS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    query: String,
    operation_name: Option<String>,
    #[serde(rename = "variables")]
    _variables: Option<serde_json::Map<String, serde_json::Value>>,
}

/// All that the body of `POST /graphql` does; at least one thing.
pub(crate) fn describe(body: &Object, evidence: &Evidence) -> Result<Vec<Part>, NormalizeError> {
    let Body { query, operation_name, .. } = typed(body)?;
    let none = Object::new();
    let variables = body.get("variables").and_then(Json::as_object).unwrap_or(&none);
    let operation = document::read(&query, operation_name.as_deref())?;
    let mut parts = Vec::new();
    for field in &operation.fields {
        let known =
            MUTATIONS.iter().find(|(name, ..)| operation.is_mutation && *name == field.name);
        match known {
            Some((_, _, describe)) => {
                let input = field.input(&operation, variables)?;
                let mutation = Mutation { input, evidence };
                let calls = describe(&mutation)?;
                parts.extend(calls.into_iter().map(|(name, call)| Part::Known(name, call)));
            }
            None => parts.push(Part::Unknown {
                kind: if operation.is_mutation { "mutation" } else { "query" },
                field: field.name.clone(),
            }),
        }
    }
    if parts.is_empty() {
        return Err(NormalizeError::document("it does nothing"));
    }
    if parts.len() > MAX_PARTS {
        let problem =
            format!("it does {} things, at most {MAX_PARTS} are taken; split it", parts.len());
        return Err(NormalizeError::document(problem));
    }
    Ok(parts)
}

/// A mutation with its input, and what is known of the ids in it.
pub(crate) struct Mutation<'e> {
    input: Object,
    evidence: &'e Evidence,
}

impl<'e> Mutation<'e> {
    /// The input, in the form that the mutation takes.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, NormalizeError> {
        typed(&self.input)
    }

    /// The names of the input's members.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        self.input.iter().map(|(name, _)| name)
    }

    pub(crate) fn state(
        &self,
        repository: &RepositoryName,
    ) -> Result<&'e RepositoryState, NormalizeError> {
        self.evidence.repository(repository)
    }

    pub(crate) fn repository(&self, id: &str) -> Result<&'e RepositoryName, NormalizeError> {
        match self.evidence.node(id)? {
            Node::Repository(name) => Ok(name),
            other => Err(other_kind(id, other, "a repository")),
        }
    }

    pub(crate) fn pull_request(
        &self,
        id: &str,
    ) -> Result<(&'e RepositoryName, u64), NormalizeError> {
        match self.evidence.node(id)? {
            Node::PullRequest(repository, number) => Ok((repository, *number)),
            other => Err(other_kind(id, other, "a pull request")),
        }
    }

    pub(crate) fn issue(&self, id: &str) -> Result<(&'e RepositoryName, u64), NormalizeError> {
        match self.evidence.node(id)? {
            Node::Issue(repository, number) => Ok((repository, *number)),
            other => Err(other_kind(id, other, "an issue")),
        }
    }

    pub(crate) fn issue_or_pull_request(
        &self,
        id: &str,
    ) -> Result<(&'e RepositoryName, u64), NormalizeError> {
        match self.evidence.node(id)? {
            Node::Issue(repository, number) | Node::PullRequest(repository, number) => {
                Ok((repository, *number))
            }
            other => Err(other_kind(id, other, "an issue or a pull request")),
        }
    }

    pub(crate) fn reference(
        &self,
        id: &str,
    ) -> Result<(&'e RepositoryName, &'e RefName), NormalizeError> {
        match self.evidence.node(id)? {
            Node::Ref(repository, name) => Ok((repository, name)),
            other => Err(other_kind(id, other, "a ref")),
        }
    }

    /// The logins of users and bots.
    pub(crate) fn users(&self, ids: &[String]) -> Result<Vec<String>, NormalizeError> {
        self.names(ids, "a user", |node| match node {
            Node::User(login) => Some(login),
            _ => None,
        })
    }

    /// The slugs of teams.
    pub(crate) fn teams(&self, ids: &[String]) -> Result<Vec<String>, NormalizeError> {
        self.names(ids, "a team", |node| match node {
            Node::Team(slug) => Some(slug),
            _ => None,
        })
    }

    /// The names of labels.
    pub(crate) fn labels(&self, ids: &[String]) -> Result<Vec<String>, NormalizeError> {
        self.names(ids, "a label", |node| match node {
            Node::Label(name) => Some(name),
            _ => None,
        })
    }

    fn names(
        &self,
        ids: &[String],
        wanted: &'static str,
        name: fn(&Node) -> Option<&String>,
    ) -> Result<Vec<String>, NormalizeError> {
        let one = |id: &String| {
            let node = self.evidence.node(id)?;
            name(node).cloned().ok_or_else(|| other_kind(id, node, wanted))
        };
        ids.iter().map(one).collect()
    }
}

fn other_kind(id: &str, node: &Node, wanted: &'static str) -> NormalizeError {
    let id = id.chars().take(MAX_SHOWN).collect();
    NormalizeError::Node { id, kind: node.kind(), wanted }
}
