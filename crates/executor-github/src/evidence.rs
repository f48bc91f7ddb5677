//! What the adapter needs to know of GitHub to normalize a call, read when it asks for it.

use std::collections::BTreeSet;

use axtary_actionpass::{Json, Object};
use axtary_adapter_github::{
    BranchName, BranchState, CommitId, Evidence, Needed, Production, PullRequestState,
    RepositoryName, RepositoryState,
};

use crate::{
    answer::Answer,
    checks,
    error::{ApiError, ExecuteError},
    objects::{change_set, ref_target, tag_commit},
    session::Session,
    url::Path,
};

/// What was read, and what of it may be otherwise a moment later.
pub(crate) struct Reader<'s> {
    session: &'s Session<'s>,
    apps: &'s BTreeSet<u64>,
    production: Option<&'s Production>,
    state: Option<RepositoryState>,
    moving: Vec<(Needed, Moving)>,
}

/// A part of GitHub that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moving {
    Repository(BranchName),
    Branch(BranchState),
    Tag(CommitId),
    PullRequest(PullRequestState),
}

impl<'s> Reader<'s> {
    /// Checks count that are from `apps`; what reaches production, `production` says, or else the standard list.
    pub(crate) fn new(
        session: &'s Session<'s>,
        apps: &'s BTreeSet<u64>,
        production: Option<&'s Production>,
    ) -> Self {
        Self { session, apps, production, state: None, moving: Vec::new() }
    }

    /// All that was read so far.
    pub(crate) fn evidence(&self) -> Evidence {
        self.state
            .clone()
            .map_or_else(Evidence::new, |state| Evidence::new().with_repository(state))
    }

    /// Reads what is needed, and adds it.
    pub(crate) fn read(&mut self, needed: &Needed) -> Result<(), ExecuteError> {
        self.refuse_elsewhere(needed)?;
        if let Needed::Changes { base, head, .. } = needed {
            let (base_branch, head_branch) = self.branches_of(base, head)?;
            let changes = change_set(self.session, (&base_branch, base), (&head_branch, head))?;
            let changes = match self.production {
                Some(production) => changes.judged_by(production.clone()),
                None => changes,
            };
            return self.add(|state| state.with_changes(changes));
        }
        if let Needed::Checks { head, .. } = needed {
            let checks = checks::read(self.session, head, self.apps)?;
            return self.add(|state| state.with_checks(checks));
        }
        let moving = self.look(needed)?;
        match (&moving, needed) {
            (Moving::Repository(default), _) => {
                let name = self.session.repository().clone();
                let state = RepositoryState::new(name, default.clone())?;
                self.state = Some(match self.production {
                    Some(production) => state.judged_by(production.clone()),
                    None => state,
                });
            }
            (Moving::Branch(branch), Needed::Branch { branch: name, .. }) => {
                self.add(|state| state.with_branch(name.clone(), branch.clone()))?;
            }
            (Moving::Tag(commit), Needed::Tag { tag, .. }) => {
                self.add(|state| state.with_tag(tag.clone(), commit.clone()))?;
            }
            (Moving::PullRequest(pull), Needed::PullRequest { number, .. }) => {
                self.add(|state| state.with_pull_request(*number, pull.clone()))?;
            }
            _ => return Err(unreadable(needed)),
        }
        self.moving.push((needed.clone(), moving));
        Ok(())
    }

    /// Reads once more all that moves, and refuses if any of it is otherwise.
    pub(crate) fn refuse_if_moved(&self) -> Result<(), ExecuteError> {
        for (needed, before) in &self.moving {
            let now = self.look(needed)?;
            if now != *before {
                return Err(ExecuteError::Moved {
                    what: needed.to_string(),
                    checked: before.shown(),
                    now: now.shown(),
                });
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        with: impl FnOnce(RepositoryState) -> RepositoryState,
    ) -> Result<(), ExecuteError> {
        let repository = self.session.repository().clone();
        let state = self.state.take();
        let state = state.ok_or_else(|| unreadable(&Needed::Repository { repository }))?;
        self.state = Some(with(state));
        Ok(())
    }

    /// The session opens one repository.
    fn refuse_elsewhere(&self, needed: &Needed) -> Result<(), ExecuteError> {
        let (Needed::Repository { repository }
        | Needed::Branch { repository, .. }
        | Needed::Tag { repository, .. }
        | Needed::PullRequest { repository, .. }
        | Needed::Changes { repository, .. }
        | Needed::Checks { repository, .. }) = needed
        else {
            return Err(unreadable(needed));
        };
        if repository == self.session.repository() { Ok(()) } else { Err(unreadable(needed)) }
    }

    fn look(&self, needed: &Needed) -> Result<Moving, ExecuteError> {
        match needed {
            Needed::Repository { .. } => self.repository().map(Moving::Repository),
            Needed::Branch { branch, .. } => self.branch(branch).map(Moving::Branch),
            Needed::Tag { tag, .. } => {
                let commit = tag_commit(self.session, tag)?;
                commit.map(Moving::Tag).ok_or_else(|| gone(needed))
            }
            Needed::PullRequest { number, .. } => {
                self.pull_request(needed, *number).map(Moving::PullRequest)
            }
            _ => Err(unreadable(needed)),
        }
    }

    fn repository(&self) -> Result<BranchName, ExecuteError> {
        let answer = self.session.get(&self.session.path([]))?;
        let object = answer.object()?;
        let name = text(&answer, &object, "full_name")?;
        if !name.eq_ignore_ascii_case(&self.session.repository().to_string()) {
            return Err(answer.form(format!("it is about the repository `{name}`")).into());
        }
        Ok(BranchName::new(text(&answer, &object, "default_branch")?)?)
    }

    /// Where a branch is, and whether it is protected: by a rule of its own, or by a ruleset.
    fn branch(&self, branch: &BranchName) -> Result<BranchState, ExecuteError> {
        let repository = self.session.repository().clone();
        let needed = || Needed::Branch { repository: repository.clone(), branch: branch.clone() };
        let path = self.session.path(["branches"]).below(branch.as_str());
        let answer = self.session.find(&path)?.ok_or_else(|| gone(&needed()))?;
        let object = answer.object()?;
        if text(&answer, &object, "name")? != branch.as_str() {
            return Err(answer.form("it is about another branch").into());
        }
        let protected = object.get("protected").and_then(Json::as_bool);
        let protected = protected.ok_or_else(|| answer.form("it has no `protected`"))?;
        let sha = commit(&answer, member(&answer, &object, "commit")?)?;
        let rules = self.session.path(["rules", "branches"]).below(branch.as_str());
        let answer = self.session.get(&rules.with("per_page", "1"))?;
        let rules = answer.json()?;
        let rules = rules.as_array().ok_or_else(|| answer.form("it is not a list"))?;
        Ok(BranchState { sha, protected: protected || !rules.is_empty() })
    }

    fn pull_request(&self, needed: &Needed, number: u64) -> Result<PullRequestState, ExecuteError> {
        let path = self.session.path(["pulls", &number.to_string()]);
        let answer = self.session.find(&path)?.ok_or_else(|| gone(needed))?;
        let object = answer.object()?;
        let (base, head) = (member(&answer, &object, "base")?, member(&answer, &object, "head")?);
        let base_branch = BranchName::new(text(&answer, base, "ref")?)?;
        // `base.sha` is where the base was when the pull request was last looked at.
        let base_sha = ref_target(self.session, &format!("heads/{base_branch}"))?;
        let repository = text(&answer, member(&answer, head, "repo")?, "full_name")?;
        let commits = object.get("commits").and_then(Json::as_i64);
        Ok(PullRequestState {
            base: base_branch,
            base_sha: base_sha.ok_or_else(|| gone(needed))?,
            head_repository: RepositoryName::new(repository)?,
            head: BranchName::new(text(&answer, head, "ref")?)?,
            head_sha: commit(&answer, head)?,
            signed_commits: self.all_signed(&path, commits)?,
        })
    }

    /// Whether GitHub verified every commit of a pull request. It lists 250 at most: of more, none is believed.
    fn all_signed(&self, pull: &Path, commits: Option<i64>) -> Result<bool, ExecuteError> {
        let mut seen = 0;
        for answer in self.session.pages(&pull.clone().below("commits"))? {
            let page = answer.json()?;
            for commit in page.as_array().ok_or_else(|| answer.form("it is not a list"))? {
                let verified = || {
                    let commit = commit.as_object()?.get("commit")?.as_object()?;
                    commit.get("verification")?.as_object()?.get("verified")?.as_bool()
                };
                if verified() != Some(true) {
                    return Ok(false);
                }
                seen += 1;
            }
        }
        Ok(seen > 0 && Some(seen) == commits)
    }

    /// The branches that are at two commits, among those that the call is about. A commit that none is at is what the base comes to.
    fn branches_of(
        &self,
        base: &CommitId,
        head: &CommitId,
    ) -> Result<(BranchName, BranchName), ExecuteError> {
        let ends = self.moving.iter().flat_map(|(needed, moving)| match (needed, moving) {
            (Needed::Branch { branch, .. }, Moving::Branch(state)) => {
                vec![(branch, &state.sha)]
            }
            (Needed::Tag { tag, .. }, Moving::Tag(commit)) => vec![(tag, commit)],
            (_, Moving::PullRequest(pull)) => {
                vec![(&pull.base, &pull.base_sha), (&pull.head, &pull.head_sha)]
            }
            _ => Vec::new(),
        });
        let ends: Vec<(&BranchName, &CommitId)> = ends.collect();
        let at =
            |commit: &CommitId| ends.iter().find(|(_, at)| *at == commit).map(|(name, _)| *name);
        let repository = self.session.repository().clone();
        let needed = || Needed::Changes { repository, base: base.clone(), head: head.clone() };
        let base_branch = at(base).ok_or_else(|| unreadable(&needed()))?;
        Ok((base_branch.clone(), at(head).unwrap_or(base_branch).clone()))
    }
}

impl Moving {
    fn shown(&self) -> String {
        match self {
            Self::Repository(default) => default.to_string(),
            Self::Branch(branch) if branch.protected => format!("{}, protected", branch.sha),
            Self::Branch(branch) => branch.sha.to_string(),
            Self::Tag(commit) => commit.to_string(),
            Self::PullRequest(pull) => {
                format!("{} into {} at {}", pull.head_sha, pull.base, pull.base_sha)
            }
        }
    }
}

fn gone(needed: &Needed) -> ExecuteError {
    ExecuteError::Gone { what: needed.to_string() }
}

fn unreadable(needed: &Needed) -> ExecuteError {
    ExecuteError::Unreadable { what: needed.to_string() }
}

fn member<'o>(answer: &Answer, object: &'o Object, name: &str) -> Result<&'o Object, ApiError> {
    let member = object.get(name).and_then(Json::as_object);
    member.ok_or_else(|| answer.form(format!("it has no `{name}`")))
}

fn text<'o>(answer: &Answer, object: &'o Object, name: &str) -> Result<&'o str, ApiError> {
    let text = object.get(name).and_then(Json::as_str);
    text.ok_or_else(|| answer.form(format!("it has no text `{name}`")))
}

fn commit(answer: &Answer, object: &Object) -> Result<CommitId, ExecuteError> {
    Ok(CommitId::new(text(answer, object, "sha")?)?)
}
