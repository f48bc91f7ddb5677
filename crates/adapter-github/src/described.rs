//! What a call comes to: its tool, its facts, and the commits that they are true of.

use std::collections::BTreeSet;

use axtary_actionpass::{InputError, Json, Number, NumberError, Object};

use crate::{
    error::NormalizeError,
    evidence::RepositoryState,
    name::BranchName,
    path,
    production::{self, Production},
    reference::CommitId,
    text,
};

/// One call, described: all that policy reads of it, and what the payload is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) tool: &'static str,
    pub(crate) facts: Object,
    /// What stands beside the request in the payload, so that a pass is for this and no other state.
    pub(crate) bound: Object,
    /// The payload, where it has another form than the request with what it is bound to.
    pub(crate) payload: Option<Json>,
}

impl Described {
    pub(crate) fn new(tool: &'static str) -> Self {
        Self { tool, facts: Object::new(), bound: Object::new(), payload: None }
    }

    /// Adds a fact.
    pub(crate) fn fact(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.facts.insert(name, value);
        self
    }

    /// Adds a fact that is a number.
    pub(crate) fn count(
        self,
        name: &str,
        value: impl TryInto<Number, Error = NumberError>,
    ) -> Result<Self, NormalizeError> {
        Ok(self.fact(name, value.try_into().map_err(InputError::from)?))
    }

    /// Adds the facts of the texts that others will read.
    pub(crate) fn texts<'t>(self, texts: impl IntoIterator<Item = Option<&'t str>>) -> Self {
        let texts: Vec<&str> = texts.into_iter().flatten().collect();
        let mentions: Vec<String> = text::mentions(texts.iter().copied()).into_iter().collect();
        self.fact("commands", text::has_command(texts)).fact("mentions", mentions)
    }

    /// Adds that the message of a commit which the call makes keeps checks from running, if it does.
    pub(crate) fn message<'t>(self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let already = self.facts.get("skips_ci") == Some(&Json::Bool(true));
        self.fact("skips_ci", already || text::skips_ci(texts))
    }

    /// Adds which members a call sets, in REST's words; what names the thing itself is left out.
    pub(crate) fn settings<'s>(self, members: impl IntoIterator<Item = &'s str>) -> Self {
        let settings: BTreeSet<&str> = members
            .into_iter()
            .filter(|member| !matches!(*member, "id" | "issueId" | "pullRequestId"))
            .map(|member| match member {
                "assigneeIds" => "assignees",
                "baseRefName" => "base",
                "labelIds" => "labels",
                "maintainerCanModify" => "maintainer_can_modify",
                "milestoneId" => "milestone",
                "stateReason" => "state_reason",
                other => other,
            })
            .collect();
        self.fact("settings", list(settings))
    }

    /// Adds facts that were derived together.
    pub(crate) fn facts(mut self, facts: Object) -> Self {
        for (name, value) in facts {
            self.facts.insert(name, value);
        }
        self
    }

    /// Binds the payload to a commit.
    pub(crate) fn at(mut self, name: &str, commit: &CommitId) -> Self {
        self.bound.insert(name, commit.as_str());
        self
    }

    /// Adds the facts of the branch that is written, or run from, and names it in the payload.
    pub(crate) fn on_branch(
        mut self,
        state: &RepositoryState,
        branch: &BranchName,
    ) -> Result<Self, NormalizeError> {
        self.bound.insert("branch", branch.as_str());
        self.fact("branch", branch.as_str())
            .fact("refs", vec![format!("refs/heads/{branch}")])
            .guarded(state, Some(branch))
    }

    /// Adds whether the branch that is written is one to be careful with. What is no branch is neither.
    pub(crate) fn guarded(
        self,
        state: &RepositoryState,
        branch: Option<&BranchName>,
    ) -> Result<Self, NormalizeError> {
        let protected = match branch {
            Some(name) => state.branch(name)?.protected,
            None => false,
        };
        Ok(self
            .fact("protected_branch", protected)
            .fact("is_default_branch", branch == Some(state.default_branch())))
    }
}

/// The facts about the paths that a call touches, `changes` times.
pub(crate) fn path_facts(
    paths: &BTreeSet<&str>,
    changes: usize,
    production: &Production,
) -> Result<Object, NormalizeError> {
    let categories: BTreeSet<&str> =
        paths.iter().flat_map(|path| production.categories_of(path)).collect();
    let changes = Number::try_from(changes).map_err(InputError::from)?;
    let workflows = production::workflows()?;
    Ok(Object::new()
        .with("files_changed", changes)
        .with("max_files_changed", changes)
        .with("paths_confusable", paths.iter().any(|path| path::is_confusable(path)))
        .with("touches_production", !categories.is_empty())
        .with("touches_workflows", paths.iter().any(|path| workflows.matches(path)))
        .with("production_categories", list(categories))
        .with("paths", list(paths.iter().copied())))
}

/// A list of texts.
pub(crate) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> Json {
    Json::from(items.into_iter().collect::<Vec<_>>())
}

/// A set of names as a fact: in lower case where GitHub compares them so, in order, each once.
pub(crate) fn names(items: &[String]) -> Json {
    let items: BTreeSet<String> = items.iter().map(|item| item.to_ascii_lowercase()).collect();
    Json::from(items.into_iter().collect::<Vec<_>>())
}
