//! The command line: arguments go in, an exit code comes out.

mod check;
mod completions;
mod init;
mod ledger;
mod origin;
mod policy;
mod verify;

use std::{ffi::OsString, io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

pub(crate) use self::{
    check::{Permitted, Token},
    init::Written,
    ledger::{Exported, History, Proof, Proven, Records, SignedCheckpoint, Stats, VerifiedLedger},
    policy::{
        Aim, Checked, Cost, Coverage, Drafted, Example, Explained, Group, Measured, PassedOver,
        PolicyCheck, RecordedDecision, ReplayReport, SMALL_SAMPLE, Schema, Tested, TestedFile,
    },
    verify::Valid,
};
use crate::{
    failure::{Exit, Failure},
    file,
    render::{self, Form},
};

/// Runs `axtary` with these arguments, the program's name first, and prints what comes of it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return render::usage(&error, asks_for_json(&arguments)).into(),
    };
    let form = if parsed.json { Form::Json } else { Form::Text };
    let result = match parsed.command {
        Command::Init(init) => init.run().map(Answer::Initialized),
        Command::Check { call } => {
            call.run().map(|permitted| Answer::Permitted(Box::new(permitted)))
        }
        Command::Verify(verify) => verify.run().map(|valid| Answer::Valid(Box::new(valid))),
        Command::Policy { command } => command.run(form),
        Command::Ledger { command } => command.run(form),
        Command::Completions(completions) => Ok(Answer::Script(completions.run())),
    };
    match result {
        Ok(answer) => render::answer(&answer, form).into(),
        Err(failure) => render::failure(&failure, form).into(),
    }
}

/// Whether errors in the arguments themselves are to be told as JSON.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--json")
}

/// What a command that did what it was asked has to say.
pub(crate) enum Answer {
    Initialized(Written),
    Permitted(Box<Permitted>),
    Valid(Box<Valid>),
    Checked(Checked),
    Schema(Schema),
    Explained(Box<Explained>),
    Tested(Box<Tested>),
    Replayed(Box<ReplayReport>),
    Measured(Box<Measured>),
    Drafted(Drafted),
    LedgerVerified(VerifiedLedger),
    Records(Records),
    History(Box<History>),
    Proof(Proof),
    Proven(Box<Proven>),
    Checkpoint(SignedCheckpoint),
    Exported(Exported),
    Stats(Box<Stats>),
    Script(Vec<u8>),
}

impl Answer {
    /// How the process ends once the answer is told: it may be that a call is denied.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Explained(explained) => explained.exit(),
            Self::Tested(tested) => tested.exit(),
            Self::Replayed(report) => report.exit(),
            Self::Initialized(_)
            | Self::Permitted(_)
            | Self::Valid(_)
            | Self::Checked(_)
            | Self::Schema(_)
            | Self::Measured(_)
            | Self::Drafted(_)
            | Self::LedgerVerified(_)
            | Self::Records(_)
            | Self::History(_)
            | Self::Proof(_)
            | Self::Proven(_)
            | Self::Checkpoint(_)
            | Self::Exported(_)
            | Self::Stats(_)
            | Self::Script(_) => Exit::Success,
        }
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  permitted; valid; done
  2  the arguments, axtary.yml, a key or a policy is wrong; a policy permits
     everything
  3  denied, or not to be normalized; the pass is refused; the ledger is not as
     it was written; a case of `policy test` fails; a decision, made
     again, is another
  4  a human must approve first
  5  a part failed (disk, ledger, clock), and nothing was released

Example:
  axtary init
  axtary check github.pull_requests.create --base main --head agent/fix-login \\
      --title 'Fix the login redirect' --agent codex-prod --owner alice@example.com";

/// Guards agents' tool calls: checks them against policy, records every decision, and issues passes that fit one call.
#[derive(Parser)]
#[command(name = "axtary", version, after_help = EXIT_CODES, propagate_version = true)]
struct Arguments {
    /// Print one JSON object, errors included
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    /// Decide on a tool call, record the decision, and issue a pass if it is permitted
    #[command(after_help = check::TOOLS)]
    Check {
        #[command(subcommand)]
        call: check::Call,
    },
    Verify(verify::Verify),
    /// Check, explain, test and draft policy
    #[command(after_help = policy::EXAMPLES)]
    Policy {
        #[command(subcommand)]
        command: policy::PolicyCommand,
    },
    /// Verify, read, prove and export the ledger of decisions
    #[command(after_help = ledger::EXAMPLES)]
    Ledger {
        #[command(subcommand)]
        command: ledger::LedgerCommand,
    },
    Completions(completions::Completions),
}

/// Where the gate is described.
#[derive(Args)]
struct ConfigArgument {
    /// The file that describes the gate
    #[arg(long, value_name = "FILE", default_value = "axtary.yml")]
    config: PathBuf,
}

/// Reads `what`, a text of at most `max` bytes, from standard input.
fn standard_input(what: &str, max: usize) -> Result<String, Failure> {
    file::read_from(io::stdin().lock(), max)
        .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
        .map_err(|error| Failure::usage(format!("cannot read {what} from standard input: {error}")))
}

/// The failure of a file that could not be written although everything else went well.
fn unwritten(error: &crate::error::FileError) -> Failure {
    Failure::trouble(Exit::Unavailable, "file", error.to_string())
}
