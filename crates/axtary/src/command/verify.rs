//! `axtary verify`: every check that an executor makes of a pass, except using it up.

use std::path::{Path, PathBuf};

use axtary_actionpass::{
    Audience, Clock as _, Execution, Facts, Issuer, Json, KeyError, KeySet, MAX_BYTES, MemoryStore,
    PassView, Payload, Resource, SystemClock, ToolName, Verifier, VerifyError, VerifyingKey,
};
use clap::Args;

use super::{ConfigArgument, standard_input};
use crate::{
    config::Config,
    failure::{Exit, Failure},
    file, wire,
};

/// Look at a pass as its executor does, without using it up
#[derive(Args)]
#[command(after_help = "\
Makes every check but the last: that a pass is used once is for its executor to see to.
Trusts the gate of axtary.yml, unless --keys, --issuer and --audience are given.

Example:
  axtary verify pass.jws --payload payload.json --facts facts.json \\
      --tool github.pull_requests.create --resource repo:company/web-app
  axtary verify - --payload payload.json --tool github.pull_requests.create --resource repo:company/web-app \\
      --keys jwks.json --issuer axtary://local --audience github-executor < pass.jws")]
pub(super) struct Verify {
    /// The pass: a token, a file that holds one, or `-` for standard input
    pass: String,
    /// The payload about to be sent
    #[arg(long, value_name = "FILE")]
    payload: PathBuf,
    /// The facts at this moment, one JSON object; needed where the pass carries constraints
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// The tool about to be used
    #[arg(long)]
    tool: ToolName,
    /// The resource about to be touched, type:id
    #[arg(long)]
    resource: Resource,
    /// The keys to trust: a JWKS, or one public key in PEM
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The gate to trust
    #[arg(long)]
    issuer: Option<Issuer>,
    /// The executor that this is
    #[arg(long)]
    audience: Option<Audience>,
    #[command(flatten)]
    config: ConfigArgument,
}

/// A pass that is good, and not used up.
pub(crate) struct Valid {
    pub(crate) view: PassView,
}

/// A token is at most 16 KiB; a file around it may have some white space.
const MAX_PASS_BYTES: usize = 20 * 1024;

impl Verify {
    pub(super) fn run(self) -> Result<Valid, Failure> {
        let verifier = self.verifier()?;
        let token = self.token()?;
        let payload = Payload::parse(&file::read(&self.payload, MAX_BYTES)?)?;
        let facts = self.facts.as_deref().map_or(Ok(Facts::default()), read_facts)?;
        let execution = Execution {
            tool: &self.tool,
            resource: &self.resource,
            payload: &payload,
            facts: &facts,
        };
        let claims = verifier
            .check_without_consuming(token.trim_ascii(), &execution)
            .map_err(|error| self.refused(error))?;
        let now = SystemClock.now().map_err(VerifyError::ClockUnavailable)?;
        Ok(Valid { view: claims.view(now) })
    }

    fn refused(&self, error: VerifyError) -> Failure {
        let needs_facts = matches!(error, VerifyError::Constraint(_)) && self.facts.is_none();
        let failure = Failure::from(error);
        if needs_facts { failure.help("give the facts using `--facts FILE`") } else { failure }
    }

    fn verifier(&self) -> Result<Verifier, Failure> {
        let (keys, audience) = match (&self.keys, &self.issuer, &self.audience) {
            (Some(keys), Some(issuer), Some(audience)) => {
                (read_keys(keys, issuer)?, audience.clone())
            }
            _ => {
                let config = self.config()?;
                let issuer = self.issuer.clone().unwrap_or_else(|| config.issuer.clone());
                let keys = match &self.keys {
                    Some(keys) => read_keys(keys, &issuer)?,
                    None => wire::trusted_keys(&config, issuer)?,
                };
                (keys, self.audience.clone().unwrap_or(config.audience))
            }
        };
        // Nothing is used up, so nothing need be remembered.
        Ok(Verifier::new(keys, audience, MemoryStore::default())?
            .with_vocabulary(wire::vocabulary()))
    }

    fn config(&self) -> Result<Config, Failure> {
        let path = &self.config.config;
        let failed = |error| {
            let failure = Failure::from(error);
            if path.exists() {
                return failure;
            }
            failure.help(
                "name the gate using `--config`, or give `--keys`, `--issuer` and `--audience`",
            )
        };
        Config::load(path).map_err(failed)
    }

    fn token(&self) -> Result<String, Failure> {
        if self.pass == "-" {
            return standard_input("the pass", MAX_PASS_BYTES);
        }
        if is_token(&self.pass) {
            return Ok(self.pass.clone());
        }
        Ok(file::read_text(Path::new(&self.pass), MAX_PASS_BYTES)?)
    }
}

/// Every token starts with an encoded `{"`; no file is called like that.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

fn read_keys(path: &Path, issuer: &Issuer) -> Result<KeySet, Failure> {
    let bytes = file::read(path, MAX_BYTES)?;
    let keys = match std::str::from_utf8(&bytes) {
        Ok(pem) if pem.trim_start().starts_with("-----BEGIN") => VerifyingKey::from_spki_pem(pem)
            .and_then(|key| KeySet::new().trust(issuer.clone(), key)),
        Ok(_) | Err(_) => KeySet::from_jwks(issuer, &bytes),
    };
    keys.map_err(|error: KeyError| {
        Failure::trouble(Exit::Usage, "key", format!("`{}`: {error}", path.display()))
    })
}

/// Facts are what the executor itself derived: a mistake in them is the operator's.
fn read_facts(path: &Path) -> Result<Facts, Failure> {
    let refused = |problem: String| Failure::usage(format!("`{}`: {problem}", path.display()));
    match Json::parse(&file::read(path, MAX_BYTES)?) {
        Ok(Json::Object(facts)) => Facts::new(facts).map_err(|error| refused(error.to_string())),
        Ok(other) => {
            Err(refused(format!("facts are an object, but this is {}", other.type_name())))
        }
        Err(error) => Err(refused(error.to_string())),
    }
}
