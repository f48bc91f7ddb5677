//! From [`Config`] to the parts of a gate. The one file that knows every crate.

use std::{path::Path, sync::Arc};

use axtary_actionpass::{
    AgentId, Guard, Issuer, KeyError, KeySet, PolicyEngine as _, SigningKey, Vocabulary,
};
use axtary_ledger::{CheckpointSigner, FileLedger, NoteKey, Options};
use axtary_policy::{
    CedarBuilder, CedarEngine, CedarSchema, LivePolicy, LoadError, NativeEngine, PolicyStack,
    RegoBuilder, RegoEngine,
};

use crate::{
    config::{Checkpoints, Config, Entrypoints, PolicyFiles, is_bundle},
    error::{ConfigError, OpenError},
    file, policy_record,
};

/// The largest key file that is read.
const MAX_KEY_BYTES: usize = 16 * 1024;
/// The largest policy file that is read.
const MAX_POLICY_BYTES: usize = 4 * 1024 * 1024;
/// The largest bundle that is read, packed.
const MAX_BUNDLE_BYTES: usize = 16 * 1024 * 1024;

/// A gate, and the parts of it that are needed beside it.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) guard: Guard,
    pub(crate) policy: LivePolicy,
    pub(crate) ledger: Arc<FileLedger>,
}

/// Arms the gate: key and policy first, so that no ledger is made for a gate that cannot work.
pub(crate) fn gate(config: &Config) -> Result<Armed, OpenError> {
    let key = signing_key(&config.signing_key)?;
    let policy = LivePolicy::new(policy(&config.policy)?);
    let mut options = Options::from(config.durability);
    if let Some(bytes) = config.segment_bytes {
        options = options.with_segment_bytes(bytes);
    }
    if let Some(signer) = checkpoint_signer(config)? {
        options = options.with_checkpoints(signer);
    }
    let ledger = Arc::new(FileLedger::open(&config.ledger, options)?);
    let guard = Guard::new(policy.clone(), Arc::clone(&ledger), key, config.issuer.clone())?;
    let guard = guard.with_max_ttl(config.max_ttl);
    // Only what can refuse is recorded, and nothing is decided before that.
    let (before, version) = (policy_record::last(&ledger)?, policy.policy_version());
    if before != Some(version) {
        policy_record::change(&ledger, before, version)?;
    }
    Ok(Armed { guard, policy, ledger })
}

/// What signs the ledger's checkpoints, if `axtary.yml` names it.
pub(crate) fn checkpoint_signer(config: &Config) -> Result<Option<CheckpointSigner>, OpenError> {
    let Some(Checkpoints { origin, key: path, file }) = &config.checkpoints else {
        return Ok(None);
    };
    let key = signing_key(path)?;
    let log = NoteKey::of_log(origin, key.verifying_key()).map_err(|error| {
        let problem = format!("`ledger.checkpoints.origin`: {error}");
        OpenError::Config(ConfigError::new(config.path(), problem))
    })?;
    let signer = CheckpointSigner::new(log, key);
    Ok(Some(match file {
        Some(file) => signer.kept_in(file),
        None => signer,
    }))
}

/// The public half of what signs the ledger's checkpoints, if `axtary.yml` names it: read from the `.vkey` beside the key, where
/// there is one, since whoever only verifies need not be able to sign.
pub(crate) fn checkpoint_key(config: &Config) -> Result<Option<NoteKey>, OpenError> {
    let Some(Checkpoints { origin, key, .. }) = &config.checkpoints else { return Ok(None) };
    let path = key.with_extension("vkey");
    if !path.exists() {
        return Ok(checkpoint_signer(config)?.map(|signer| signer.log().clone()));
    }
    let text = file::read_text(&path, MAX_KEY_BYTES)?;
    let wrong = |problem: String| OpenError::Config(ConfigError::new(&path, problem));
    let log = NoteKey::parse(text.trim_end()).map_err(|error| wrong(error.to_string()))?;
    if log.name() != origin {
        let config = config.path().display();
        return Err(wrong(format!(
            "it is the key of `{}`, and {config} names `{origin}`",
            log.name()
        )));
    }
    Ok(Some(log))
}

/// The keys whose passes a verifier beside the gate trusts: the gate's own.
pub(crate) fn trusted_keys(config: &Config, issuer: Issuer) -> Result<KeySet, OpenError> {
    let key = signing_key(&config.signing_key)?;
    KeySet::new()
        .trust(issuer, key.verifying_key())
        .map_err(|error| OpenError::Key { path: config.signing_key.clone(), error })
}

/// The facts and constraints of every surface that is guarded.
pub(crate) fn vocabulary() -> Vocabulary {
    axtary_adapter_github::vocabulary()
}

/// What Cedar policies may say of every surface that is guarded.
pub(crate) fn cedar_schema() -> Result<CedarSchema, LoadError> {
    let tools = axtary_adapter_github::tools();
    CedarSchema::new(tools.iter().map(|tool| (tool.name, tool.resource, &tool.vocabulary)))
}

fn signing_key(path: &Path) -> Result<SigningKey, OpenError> {
    let secret = file::read_secret(path, MAX_KEY_BYTES)?;
    if let Some(mode) = secret.mode.filter(|mode| mode & 0o077 != 0) {
        return Err(OpenError::KeyExposed { path: path.to_owned(), mode });
    }
    SigningKey::from_pkcs8_pem(&secret.text)
        .map_err(|error: KeyError| OpenError::Key { path: path.to_owned(), error })
}

/// Loads policy files, those of one language into one engine.
pub(crate) fn policy(files: &PolicyFiles) -> Result<PolicyStack, OpenError> {
    let failed = |error: LoadError| OpenError::Policy { path: files.blame(error.file()), error };
    let mut stack = PolicyStack::new();
    for name in &files.native {
        let text = policy_text(files, name)?;
        let rules = NativeEngine::from_yaml(name, &text, &vocabulary()).map_err(failed)?;
        stack = stack.with(rules);
    }
    if !files.cedar.is_empty() {
        stack = stack.with(cedar(files)?.build().map_err(failed)?);
    }
    if !files.rego.is_empty() {
        stack = stack.with(rego(files)?.build().map_err(failed)?);
    }
    Ok(stack)
}

fn cedar(files: &PolicyFiles) -> Result<CedarBuilder, OpenError> {
    let mut builder = CedarEngine::builder();
    for name in &files.cedar {
        builder = builder.source(name, policy_text(files, name)?);
    }
    for (name, agents) in &files.groups {
        builder = builder.group(name, agents.iter().map(AgentId::as_str));
    }
    let schema = cedar_schema()
        .map_err(|error| OpenError::Policy { path: files.blame(error.file()), error })?;
    Ok(files.links.iter().cloned().fold(builder, CedarBuilder::link).schema(&schema))
}

fn rego(files: &PolicyFiles) -> Result<RegoBuilder, OpenError> {
    let mut builder = RegoEngine::builder();
    for name in &files.rego {
        builder = if is_bundle(name) {
            builder.bundle(name, file::read(&files.locate(name), MAX_BUNDLE_BYTES)?)
        } else {
            builder.module(name, policy_text(files, name)?)
        };
    }
    let Entrypoints { allow, deny, step_up } = &files.entrypoints;
    builder = allow.iter().fold(builder, RegoBuilder::allow);
    builder = deny.iter().fold(builder, RegoBuilder::deny);
    Ok(step_up.iter().fold(builder, RegoBuilder::step_up))
}

fn policy_text(files: &PolicyFiles, name: &str) -> Result<String, OpenError> {
    Ok(file::read_text(&files.locate(name), MAX_POLICY_BYTES)?)
}
