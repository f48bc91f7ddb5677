//! `axtary policy check`: everything is loaded, and nothing is decided.

use axtary_actionpass::{PolicyEngine as _, PolicyInfo, PolicyVersion, prove_refusal};
use clap::Args;

use super::PolicyArgument;
use crate::{error::OpenError, failure::Failure};

/// Validate all policy without running it, and print its version
#[derive(Args)]
#[command(after_help = "\
What permits everything is refused, as it is when a gate opens.

Example:
  axtary policy check
  axtary policy check --policy drafts/ --json")]
pub(in crate::command) struct Check {
    #[command(flatten)]
    policy: PolicyArgument,
}

/// Policy that loads, and can refuse.
pub(crate) struct Checked {
    pub(crate) version: PolicyVersion,
    pub(crate) policies: Vec<PolicyInfo>,
}

impl Check {
    pub(super) fn run(self) -> Result<Checked, Failure> {
        let policy = self.policy.load()?;
        prove_refusal(&policy).map_err(OpenError::from)?;
        Ok(Checked { version: policy.policy_version(), policies: policy.policies() })
    }
}
