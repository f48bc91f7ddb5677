//! The whole gate from one file: `axtary.yml` goes in, an armed [`Guard`] comes out.
//!
//! ```text
//! axtary.yml ── Config ── wire ──> key, policy, ledger ──> Guard
//! ```
//!
//! ```
//! use axtary::Axtary;
//! # use axtary::actionpass::{Action, Actor, Facts, Intent, Object, Payload, Refusal};
//! # let folder = tempfile::tempdir()?;
//! # axtary::command::run(["axtary".into(), "init".into(), folder.path().as_os_str().to_owned()]);
//! # let path = folder.path().join("axtary.yml");
//!
//! let gate = Axtary::open(&path)?;
//! # let action = Action::builder(
//! #     Actor::new("codex-prod".parse()?, "alice@example.com".parse()?),
//! #     "github.repos.delete".parse()?,
//! #     "repo:company/web-app".parse()?,
//! # )
//! # .intent(Intent::new("clean up")?)
//! # .audience(gate.audience().clone())
//! # .payload(Payload::parse(b"{}")?)
//! # .facts(Facts::default())
//! # .build()?;
//! match gate.guard().check(&action) {
//!     Ok(pass) => println!("send the call with {}", pass.token()),
//!     Err(refusal) => println!("{refusal}"),
//! }
//! # assert!(matches!(gate.guard().check(&action), Err(Refusal::Denied(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Nothing is assumed: a key of `axtary.yml` that is misspelt, missing or of the wrong type is an error with its place, and
//!   a gate without policy does not open.
//! - A signing key that others can read is refused.
//! - Only one process at a time has the gate open, since one process writes a ledger.
//!
//! # Where to go next
//!
//! [`Config`] describes `axtary.yml`. The crates that are wired here are [`actionpass`], [`github`], [`ledger`] and [`policy`].
//! [`command`] is the command line; `axtary --help` describes it.

pub mod command;
mod config;
mod error;
mod failure;
mod file;
mod render;
mod wire;
mod written_action;
mod yaml;

use std::path::Path;

pub use axtary_actionpass as actionpass;
pub use axtary_adapter_github as github;
pub use axtary_ledger as ledger;
pub use axtary_policy as policy;

use axtary_actionpass::{Audience, Guard};
use axtary_ledger::Repair;

pub use crate::{
    config::{Checkpoints, Config, Entrypoints, PolicyFiles},
    error::{ConfigError, FileError, OpenError},
};

/// A gate as `axtary.yml` describes it, armed.
#[derive(Debug)]
pub struct Axtary {
    guard: Guard,
    audience: Audience,
    repair: Option<Repair>,
}

impl Axtary {
    /// Reads the `axtary.yml` at `path`, and arms the gate that it describes.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file or a part that it names is not as it should be, or if policy would permit anything.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::arm(&Config::load(path)?)
    }

    /// Arms the gate that `config` describes.
    ///
    /// # Errors
    ///
    /// As [`Axtary::open`].
    pub fn arm(config: &Config) -> Result<Self, OpenError> {
        let (guard, repair) = wire::guard(config)?;
        Ok(Self { guard, audience: config.audience.clone(), repair })
    }

    /// The gate itself.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The executor that its passes are for.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What was taken off the end of the ledger as it was opened, if a crash had left half a record there.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }
}
