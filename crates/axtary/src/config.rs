//! `axtary.yml`: text goes in, a [`Config`] whose parts are well formed comes out, or an error with its place.

mod policy_files;
mod policy_section;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use axtary_actionpass::{Audience, Guard, Issuer};
use axtary_ledger::Durability;
use serde::Deserialize;
use serde_saphyr::Spanned;

pub use self::policy_files::{Entrypoints, PolicyFiles};
pub(crate) use self::{
    policy_files::{CASES, is_bundle},
    policy_section::PolicySection,
};

use crate::{
    error::ConfigError,
    file,
    yaml::{self, Bounds, place},
};

/// What `axtary.yml` says.
///
/// ```yaml
/// version: 1
/// issuer: axtary://local           # the name under which verifiers trust the signing key
/// audience: github-executor        # the executor that passes are for
/// signing_key: .axtary/pass.pem    # Ed25519, PKCS#8 in PEM, mode 0600
/// ledger:
///   path: .axtary/ledger.jsonl
///   durability: synced             # or `buffered`; `synced` if left out
///   segment_mib: 256               # a new file begins once one is this large; 256 if left out
///   checkpoints:                   # none are signed if left out
///     origin: axtary.local/ledger  # the name under which they are signed
///     key: .axtary/checkpoint.pem  # a key of its own, as `signing_key`
///     file: /mnt/kept/checkpoint   # where the last one is kept; beside the ledger if left out
/// policy:                          # at least one file in all
///   native: [policy/rules.yml]     # at most one
///   cedar: [policy/main.cedar]
///   rego: [policy/main.rego]       # modules, and OPA bundles: names that end in `.tar.gz`
///   groups:                        # of agents: each is then in Cedar's `AgentGroup::"backend"`
///     backend: [codex-prod, codex-stage]
///   links:                         # policies that are made of Cedar templates
///     - { template: reader, id: codex-reads, principal: 'Agent::"codex-prod"' }
///   entrypoints:                   # the Rego rules that are asked; those of `data.axtary` if left out
///     allow: data.company.authz.allow
///     deny: data.company.authz.deny
///     step_up: data.company.authz.step_up
/// max_ttl: 10m                     # `30s`, `10m` or `1h`; `1h` if left out
/// ```
///
/// Paths are relative to the file. The YAML is strict: no unknown keys, anchors, aliases or second documents.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name under which verifiers trust the signing key.
    pub issuer: Issuer,
    /// The executor that passes are for.
    pub audience: Audience,
    /// The file that holds the signing key.
    pub signing_key: PathBuf,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// How durable a decision is before its pass is released.
    pub durability: Durability,
    /// How many bytes a file of the ledger has before the next one begins, if it says.
    pub segment_bytes: Option<u64>,
    /// Who signs checkpoints of the ledger, if anybody does.
    pub checkpoints: Option<Checkpoints>,
    /// The policy files.
    pub policy: PolicyFiles,
    /// How long a pass lives at most.
    pub max_ttl: Duration,
    /// The `axtary.yml` itself.
    path: PathBuf,
}

/// Who signs checkpoints of the ledger.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checkpoints {
    /// The name under which they are signed.
    pub origin: String,
    /// The file that holds the key.
    pub key: PathBuf,
    /// Where the last one is kept, if not beside the ledger.
    pub file: Option<PathBuf>,
}

/// The largest file of a ledger, in MiB.
const MAX_SEGMENT_MIB: u64 = 64 * 1024;
/// The largest `axtary.yml` that is read.
const MAX_BYTES: usize = 64 * 1024;
const BOUNDS: Bounds = Bounds { depth: 8, nodes: 10_000 };

impl Config {
    /// Reads the `axtary.yml` at `path`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the line and column, and what to write instead.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = file::read_text(path, MAX_BYTES).map_err(|error| {
            ConfigError::new(path, error.problem())
                .advise("run `axtary init` to make one, or name yours using `--config`")
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let written: File = yaml::read(path, text, BOUNDS)?;
        let File { version, issuer, audience, signing_key, ledger, policy, max_ttl } = written;
        if version.value != 1 {
            let problem = format!("the version is {}, and this `axtary` reads 1", version.value);
            return Err(ConfigError::new(path, problem).at(place(&version)));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mib = 1024 * 1024;
        let segment_bytes = ledger.segment_mib.map(|written| match written.value {
            1..=MAX_SEGMENT_MIB => Ok(written.value * mib),
            other => Err(ConfigError::new(path, format!("`segment_mib` is {other}"))
                .at(place(&written))
                .advise("write a number of MiB from 1 to 65536")),
        });
        let checkpoints = ledger.checkpoints.map(|written| Checkpoints {
            origin: written.origin,
            key: folder.join(written.key),
            file: written.file.map(|file| folder.join(file)),
        });
        Ok(Self {
            issuer: yaml::name(path, &issuer)?,
            audience: yaml::name(path, &audience)?,
            signing_key: folder.join(signing_key),
            ledger: folder.join(ledger.path),
            durability: ledger.durability.into(),
            segment_bytes: segment_bytes.transpose()?,
            checkpoints,
            policy: policy.files(path)?,
            max_ttl: max_ttl.map_or(Ok(Guard::MAX_TTL), |written| ttl(path, &written))?,
            path: path.to_owned(),
        })
    }

    /// The `axtary.yml` itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads `30s`, `10m` or `1h`.
fn ttl(path: &Path, written: &Spanned<String>) -> Result<Duration, ConfigError> {
    axtary_policy::read_ttl(&written.value).ok_or_else(|| {
        ConfigError::new(path, format!("`max_ttl` is {:?}", written.value))
            .at(place(written))
            .advise("write `30s`, `10m` or `1h`, at most `1h`")
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u64>,
    issuer: Spanned<String>,
    audience: Spanned<String>,
    signing_key: String,
    ledger: LedgerSection,
    policy: PolicySection,
    #[serde(default, deserialize_with = "yaml::present")]
    max_ttl: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerSection {
    path: String,
    #[serde(default)]
    durability: WrittenDurability,
    #[serde(default, deserialize_with = "yaml::present")]
    segment_mib: Option<Spanned<u64>>,
    #[serde(default, deserialize_with = "yaml::present")]
    checkpoints: Option<CheckpointsSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointsSection {
    origin: String,
    key: String,
    #[serde(default, deserialize_with = "yaml::present")]
    file: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenDurability {
    #[default]
    Synced,
    Buffered,
}

impl From<WrittenDurability> for Durability {
    fn from(written: WrittenDurability) -> Self {
        match written {
            WrittenDurability::Synced => Self::Synced,
            WrittenDurability::Buffered => Self::Buffered,
        }
    }
}

#[cfg(test)]
mod tests;
