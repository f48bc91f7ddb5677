//! `axtary init`: a new gate, with a key of its own and a policy to start from. Nothing that is there is overwritten.

use std::path::{Path, PathBuf};

use axtary_actionpass::{Json, KeySet, SigningKey};
use axtary_ledger::NoteKey;
use clap::Args;

use super::unwritten;
use crate::{
    failure::{Exit, Failure},
    file::{self, Access},
};

/// Write axtary.yml, a signing key and a policy to start from
#[derive(Args)]
#[command(after_help = "\
Writes axtary.yml, policy/rules.yml, .axtary/pass.pem (the signing key),
.axtary/jwks.json (its public half, for verifiers), .axtary/checkpoint.pem and
.vkey (the same for the ledger's checkpoints) and .axtary/.gitignore.
Overwrites nothing.

Example:
  axtary init
  axtary init gate")]
pub(super) struct Init {
    /// The folder to write into, made if it is missing
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// What was written.
pub(crate) struct Written {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) policy: PathBuf,
    pub(crate) config: PathBuf,
}

/// The name of the ledger, as `axtary.yml` has it.
const ORIGIN: &str = "axtary.local/ledger";
const CONFIG: &str = include_str!("init/axtary.yml");
const RULES: &str = include_str!("init/rules.yml");
const GITIGNORE: &str = "# The signing key and the ledger stay on this machine; the public keys may go anywhere.\n*\n!.gitignore\n!jwks.json\n!checkpoint.vkey\n";

impl Init {
    pub(super) fn run(self) -> Result<Written, Failure> {
        let at = |name: &str| plain(&self.folder).join(name);
        let key = SigningKey::generate()
            .map_err(|e| Failure::trouble(Exit::Unavailable, "randomness", e.to_string()))?;
        let pem = key.to_pkcs8_pem()?;
        // The issuer is not part of the set.
        let public = KeySet::new().trust("axtary://local".parse()?, key.verifying_key())?.to_jwks();
        let public = format!("{}\n", Json::Object(public));
        let signs = SigningKey::generate()
            .map_err(|e| Failure::trouble(Exit::Unavailable, "randomness", e.to_string()))?;
        let log = NoteKey::of_log(ORIGIN, signs.verifying_key())?;
        let (signs, log) = (signs.to_pkcs8_pem()?, format!("{log}\n"));
        // `axtary.yml` comes last: once it is there, the gate is whole.
        let files: [(PathBuf, &[u8], Access); 7] = [
            (at(".axtary/.gitignore"), GITIGNORE.as_bytes(), Access::Shared),
            (at(".axtary/pass.pem"), pem.as_bytes(), Access::Private),
            (at(".axtary/jwks.json"), public.as_bytes(), Access::Shared),
            (at(".axtary/checkpoint.pem"), signs.as_bytes(), Access::Private),
            (at(".axtary/checkpoint.vkey"), log.as_bytes(), Access::Shared),
            (at("policy/rules.yml"), RULES.as_bytes(), Access::Shared),
            (at("axtary.yml"), CONFIG.as_bytes(), Access::Shared),
        ];
        for (path, ..) in &files {
            // A link counts, wherever it leads.
            if path.symlink_metadata().is_ok() {
                let message =
                    format!("`{}` is there already, and is not overwritten", path.display());
                return Err(Failure::usage(message)
                    .help("name another folder, or move the file away first"));
            }
        }
        file::create_folder(&at("policy"))
            .and_then(|()| file::create_private_folder(&at(".axtary")))
            .map_err(|error| unwritten(&error))?;
        for (path, bytes, access) in &files {
            file::create(path, bytes, *access).map_err(|error| unwritten(&error))?;
        }
        Ok(Written {
            files: files.into_iter().map(|(path, ..)| path).collect(),
            policy: at("policy/rules.yml"),
            config: at("axtary.yml"),
        })
    }
}

/// The folder as one writes it: nothing in front of what lies in this one.
fn plain(folder: &Path) -> &Path {
    if folder == Path::new(".") { Path::new("") } else { folder }
}
