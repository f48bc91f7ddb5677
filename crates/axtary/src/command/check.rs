//! `axtary check`: one tool call goes through the gate.

use std::path::{Path, PathBuf};

use axtary_actionpass::{
    Action, ActionPass, Actor, AgentId, Audience, Clock as _, Facts, Intent, Json, PassView,
    Principal, SystemClock, TaskId,
};
use axtary_adapter_github::{
    BranchName, ChangeSet, NormalizeError, PullRequest, RepositoryName, normalize,
};
use clap::{Args, Subcommand};
use git2::Repository;

use super::{ConfigArgument, origin, unwritten};
use crate::{
    Axtary,
    config::Config,
    failure::{Exit, Failure},
    file, render,
};

pub(super) const TOOLS: &str = "\
Example:
  axtary check github.pull_requests.create --base main --head agent/fix-login \\
      --title 'Fix the login redirect' --agent codex-prod --owner alice@example.com";

/// The tools whose calls can be checked.
#[derive(Subcommand)]
pub(super) enum Call {
    #[command(name = "github.pull_requests.create")]
    CreatePullRequest(Box<CreatePullRequest>),
}

impl Call {
    pub(super) fn run(self) -> Result<Permitted, Failure> {
        match self {
            Self::CreatePullRequest(call) => call.run(),
        }
    }
}

/// Open a pull request: what it changes is read from the git repository itself
#[derive(Args)]
#[command(after_help = "\
Branches are looked for here first, then at the remote `origin` as last fetched.
The pass is for exactly their commits.

Example:
  axtary check github.pull_requests.create --repo web-app --base main --head agent/fix-login \\
      --title 'Fix the login redirect' --task AXT-418 --agent codex-prod --owner alice@example.com \\
      --payload-out payload.json --facts-out facts.json --pass-out pass.jws")]
pub(super) struct CreatePullRequest {
    /// A clone of the repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: PathBuf,
    /// The repository on GitHub, owner/name [default: what the remote `origin` of the clone names]
    #[arg(long, value_name = "OWNER/NAME", value_parser = RepositoryName::new)]
    repository: Option<RepositoryName>,
    /// The branch to merge into
    #[arg(long, value_name = "BRANCH", value_parser = BranchName::new)]
    base: BranchName,
    /// The branch to merge
    #[arg(long, value_name = "BRANCH", value_parser = BranchName::new)]
    head: BranchName,
    /// The title of the pull request
    #[arg(long, allow_hyphen_values = true)]
    title: String,
    /// Its description
    #[arg(long, allow_hyphen_values = true)]
    body: Option<String>,
    /// Open it as a draft
    #[arg(long)]
    draft: bool,
    #[command(flatten)]
    caller: Caller,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    config: ConfigArgument,
}

/// Who calls, and what for.
#[derive(Args)]
struct Caller {
    /// The agent that acts
    #[arg(long, value_name = "ID")]
    agent: AgentId,
    /// The human who owns its task
    #[arg(long, value_name = "HUMAN")]
    owner: Principal,
    /// What the agent says it is doing [default: the title]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    intent: Option<String>,
    /// The task in your tracker
    #[arg(long, value_name = "ID")]
    task: Option<TaskId>,
}

/// Files for whoever executes the call, which only this user can read. An older file is replaced.
#[derive(Args)]
struct Outputs {
    /// Write the payload here: send these bytes, and no others
    #[arg(long, value_name = "FILE")]
    payload_out: Option<PathBuf>,
    /// Write the facts here, in which the pass's constraints hold
    #[arg(long, value_name = "FILE")]
    facts_out: Option<PathBuf>,
    /// Write the pass here, readable by this user alone, and do not print it
    #[arg(long, value_name = "FILE")]
    pass_out: Option<PathBuf>,
}

/// A permitted call and its pass.
pub(crate) struct Permitted {
    pub(crate) view: PassView,
    pub(crate) token: Token,
    pub(crate) payload: Json,
    pub(crate) facts: Facts,
}

/// Where the pass is.
pub(crate) enum Token {
    Here(String),
    WrittenTo(PathBuf),
}

impl CreatePullRequest {
    fn run(self) -> Result<Permitted, Failure> {
        let Self { caller, outputs, config, .. } = &self;
        let config = Config::load(&config.config)?;
        // The repository is read before the gate opens: while it is open, no other process has the ledger.
        let action = self.action(caller, config.audience.clone())?;
        let gate = Axtary::arm(&config)?;
        if let Some(repair) = gate.repair() {
            render::note(&format!("the ledger was repaired: {repair}"));
        }
        let pass = gate.guard().check(&action)?;
        outputs.release(&action, &pass)
    }

    fn action(&self, caller: &Caller, audience: Audience) -> Result<Action, Failure> {
        let repository = open_repository(&self.repo)?;
        let name = match &self.repository {
            Some(name) => name.clone(),
            None => origin_of(&repository)?,
        };
        let changes = ChangeSet::between(&repository, &self.base, &self.head)?;
        let call = PullRequest::new(name, self.base.clone(), self.head.clone(), &self.title);
        let call = if self.draft { call.as_draft(true) } else { call };
        let call = match &self.body {
            Some(body) => call.with_body(body),
            None => call,
        };
        let actor = Actor::new(caller.agent.clone(), caller.owner.clone());
        let intent = Intent::new(caller.intent.as_ref().unwrap_or(&self.title))
            .map_err(NormalizeError::from)?;
        let intent = match &caller.task {
            Some(task) => intent.with_task(task.clone()),
            None => intent,
        };
        Ok(normalize(&call, &changes, actor, intent, audience)?)
    }
}

fn open_repository(path: &Path) -> Result<Repository, Failure> {
    Repository::discover(path).map_err(|error| {
        let message =
            format!("`{}` is not in a git repository: {}", path.display(), error.message());
        Failure::usage(message).help("name a clone using `--repo`")
    })
}

fn origin_of(repository: &Repository) -> Result<RepositoryName, Failure> {
    let origin = repository.find_remote("origin").ok();
    origin.as_ref().and_then(|remote| remote.url().ok()).and_then(origin::repository_of).ok_or_else(
        || {
            Failure::usage("the clone has no remote `origin` on GitHub, so its name is not known")
                .help("name the repository using `--repository owner/name`")
        },
    )
}

impl Outputs {
    /// Hands the call out with its pass, and the pass last: where there is one, everything else is there too.
    fn release(&self, action: &Action, pass: &ActionPass) -> Result<Permitted, Failure> {
        let now = SystemClock
            .now()
            .map_err(|e| Failure::trouble(Exit::Unavailable, "clock", e.to_string()))?;
        let payload = Json::parse(action.payload().canonical())?;
        let facts = Json::Object(action.facts().as_object().clone());
        let write = |path: &Option<PathBuf>, bytes: &[u8]| match path {
            Some(path) => file::replace(path, bytes).map_err(|error| unwritten(&error)),
            None => Ok(()),
        };
        write(&self.payload_out, action.payload().canonical())?;
        write(&self.facts_out, &facts.to_canonical())?;
        write(&self.pass_out, format!("{}\n", pass.token()).as_bytes())?;
        Ok(Permitted {
            view: pass.claims().view(now),
            token: match &self.pass_out {
                Some(path) => Token::WrittenTo(path.clone()),
                None => Token::Here(pass.token().to_owned()),
            },
            payload,
            facts: action.facts().clone(),
        })
    }
}
