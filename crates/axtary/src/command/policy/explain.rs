//! `axtary policy explain`: why a call is decided as it is, or was. Nothing is recorded, and no key is read.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use axtary_actionpass::{
    Action, Effect, EngineError, InputError, Json, PassId, RecordKind, Timestamp,
};
use axtary_ledger::{Disclosures, Entry};
use axtary_policy::{Explanation, RecordedError, recorded_action};
use clap::Args;

use super::PolicyArgument;
use crate::{
    command::{ledger, standard_input},
    config::Config,
    failure::{Exit, Failure},
    file,
    render::Form,
    wire,
    written_action::WrittenAction,
};

/// Explain why a call is decided as it is: which policy, where, and which of its conditions hold
#[derive(Args)]
#[command(after_help = "\
An action file is YAML or JSON:
  agent: codex-prod
  owner: alice@example.com
  tool: github.pull_requests.create
  resource: repo:company/web-app
  intent: fix the login redirect
  facts: { files_changed: 3, paths: [src/login.rs] }
Its `task` may be left out, and so may `audience` where axtary.yml names one.
Exit codes are those of the decision: 0 permit, 3 deny, 4 step-up.

Example:
  axtary policy explain --action action.yml
  axtary policy explain --record ap_01K15ZQ8M0V4T0N4S5X8S7R3YB
  axtary policy explain --record 17 --policy drafts/ --json")]
pub(in crate::command) struct Explain {
    /// The action, written down; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "record")]
    action: Option<PathBuf>,
    /// The action of a recorded decision: a pass's id, or the number of the record
    #[arg(long, value_name = "AP_ID|SEQ", conflicts_with = "action")]
    record: Option<RecordName>,
    /// The ledger that holds the record, instead of the one that axtary.yml names
    #[arg(long, value_name = "FILE", requires = "record")]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgument,
}

/// A record, by its number or by the pass that it led to.
#[derive(Clone, Copy)]
enum RecordName {
    Pass(PassId),
    Seq(u64),
}

impl FromStr for RecordName {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        text.parse().map(Self::Seq).or_else(|_| text.parse().map(Self::Pass))
    }
}

/// A decision, explained.
pub(crate) struct Explained {
    pub(crate) explanation: Explanation,
    /// What was decided at the time, if the action is from a record.
    pub(crate) recorded: Option<RecordedDecision>,
}

/// What a record says was decided.
pub(crate) struct RecordedDecision {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) decision: String,
    /// `None` if no policy could decide.
    pub(crate) policy_version: Option<String>,
}

impl Explained {
    pub(crate) fn exit(&self) -> Exit {
        match self.explanation.evaluation().effect() {
            Effect::Permit => Exit::Success,
            Effect::StepUp => Exit::ApprovalRequired,
            Effect::Deny => Exit::Refused,
        }
    }
}

impl Explain {
    pub(super) fn run(self, form: Form) -> Result<Explained, Failure> {
        let policy = self.policy.load()?;
        let (action, recorded) = match (&self.action, self.record) {
            (_, Some(record)) => self.recorded(record, form)?,
            (Some(path), None) => (self.policy.written_action(path)?, None),
            (None, None) => {
                return Err(Failure::usage("there is no action to explain")
                    .help("name its file using `--action`, or a record using `--record`"));
            }
        };
        let explanation = Explanation::of(&policy, &action)?;
        Ok(Explained { explanation, recorded })
    }

    fn recorded(
        &self,
        record: RecordName,
        form: Form,
    ) -> Result<(Action, Option<RecordedDecision>), Failure> {
        let path = match &self.ledger {
            Some(path) => path.clone(),
            None => Config::load(&self.policy.config.config)?.ledger,
        };
        let index = ledger::index(&path, form)?;
        let entry = match record {
            RecordName::Seq(seq) => index.record(seq)?,
            RecordName::Pass(pass) => index.history_of(&pass)?.decision().clone(),
        };
        if entry.kind != RecordKind::Decision.as_str() {
            let message =
                format!("the record {} is no decision: its kind is `{}`", entry.seq, entry.kind);
            return Err(Failure::usage(message)
                .help("`axtary ledger tail --kind decision` shows the last ones"));
        }
        let disclosed = Disclosures::of(&path).values_of_record(&entry)?;
        let action = recorded_action(&entry.body, &disclosed)?;
        Ok((action, Some(RecordedDecision::of(&entry))))
    }
}

impl PolicyArgument {
    /// The action that is written in a file, `-` being standard input.
    pub(super) fn written_action(&self, path: &Path) -> Result<Action, Failure> {
        let text = if path == Path::new("-") {
            standard_input("the action", MAX_BYTES)?
        } else {
            file::read_text(path, MAX_BYTES)?
        };
        let mut written = WrittenAction::parse(path, &text)?;
        // Policy that is named by itself belongs to no gate, and so to no executor.
        if self.paths.is_empty() {
            written = written.or_audience(&Config::load(&self.config.config)?.audience);
        }
        Ok(written.action(path, &wire::vocabulary())?)
    }
}

/// The largest action that is read.
const MAX_BYTES: usize = 1024 * 1024;

impl RecordedDecision {
    fn of(entry: &Entry) -> Self {
        let text = |name: &str| entry.body.get(name).and_then(Json::as_str).map(str::to_owned);
        Self {
            seq: entry.seq,
            at: entry.at,
            decision: text("decision").unwrap_or_default(),
            policy_version: text("policy_version"),
        }
    }
}

/// What was recorded is as it is; the operator can choose another, or disclose what is withheld.
impl From<RecordedError> for Failure {
    fn from(error: RecordedError) -> Self {
        Self::trouble(Exit::Usage, "record", error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::trouble(Exit::Unavailable, "policy.unavailable", error.to_string())
    }
}
