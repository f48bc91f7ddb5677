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
//! - Another policy comes into force as a whole or not at all ([`Axtary::reload`]), and the ledger has a record of it before.
//! - Only one process at a time has the gate open, since one process writes a ledger.
//!
//! # Where to go next
//!
//! [`Config`] describes `axtary.yml`, and `docs/formats/policy.md` what policy files say. The crates that are wired here are
//! [`actionpass`], [`github`], [`ledger`] and [`policy`]. [`command`] is the command line; `axtary --help` describes it.

pub mod command;
mod config;
mod error;
mod failure;
mod file;
mod policy_record;
mod render;
mod wire;
mod written_action;
mod yaml;

use std::path::{Path, PathBuf};

pub use axtary_actionpass as actionpass;
pub use axtary_adapter_github as github;
pub use axtary_ledger as ledger;
pub use axtary_policy as policy;

use axtary_actionpass::{Audience, Guard, PolicyEngine as _, PolicyVersion};
use axtary_ledger::Repair;
use axtary_policy::Reloaded;

use crate::wire::Armed;
pub use crate::{
    config::{Checkpoints, Config, Entrypoints, PolicyFiles},
    error::{ConfigError, FileError, OpenError},
};

/// A gate as `axtary.yml` describes it, armed.
#[derive(Debug)]
pub struct Axtary {
    armed: Armed,
    audience: Audience,
    /// The `axtary.yml`.
    path: PathBuf,
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
        // A later change of the working folder must not lead a reload elsewhere.
        let path = file::absolute(config.path())?;
        Ok(Self { armed: wire::gate(config)?, audience: config.audience.clone(), path })
    }

    /// The gate itself.
    pub fn guard(&self) -> &Guard {
        &self.armed.guard
    }

    /// The executor that its passes are for.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What was taken off the end of the ledger as it was opened, if a crash had left half a record there.
    pub fn repair(&self) -> Option<&Repair> {
        self.armed.ledger.repair()
    }

    /// The digest of the policy in force.
    pub fn policy_version(&self) -> PolicyVersion {
        self.armed.policy.policy_version()
    }

    /// Reads the section `policy` of `axtary.yml` and the files that it names anew, and puts that policy in force in the place of the
    /// one before. What else stands in `axtary.yml` is not looked at before the next start.
    ///
    /// Decisions go on meanwhile, each under one policy from its start to its end. If the new policy is another, a record of the change
    /// is durable before it takes force.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with its place, if it does not load, would permit anything, or cannot be recorded. The old policy stays in
    /// force.
    ///
    /// # Example
    ///
    /// ```
    /// # use axtary::Axtary;
    /// # let folder = tempfile::tempdir()?;
    /// # axtary::command::run(["axtary".into(), "init".into(), folder.path().as_os_str().to_owned()]);
    /// # let path = folder.path().join("axtary.yml");
    /// # let rules = folder.path().join("policy/rules.yml");
    /// let gate = Axtary::open(&path)?;
    ///
    /// let text = std::fs::read_to_string(&rules)?;
    /// std::fs::write(&rules, text.replace("max_files_changed: 20", "max_files_changed: 5"))?;
    /// assert!(gate.reload()?.is_change());
    ///
    /// std::fs::write(&rules, text.replace("max_files_changed", "max_flies_changed"))?;
    /// println!("{}", gate.reload().unwrap_err()); // …/policy/rules.yml:30:26: the constraint `max_flies_changed` is unknown
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reload(&self) -> Result<Reloaded, OpenError> {
        let load = || wire::policy(&Config::load(&self.path)?.policy);
        self.armed.policy.reload_recorded(load, |Reloaded { before, after }| {
            if before == after {
                return Ok(());
            }
            policy_record::change(&self.armed.ledger, Some(*before), *after)
        })
    }
}
