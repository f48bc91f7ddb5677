//! The loopback GitHub pleases not us alone: clients of others work with it, and GitHub's own description fits what is said.
//!
//! They are installed from their registries on the first run. Where they cannot be, the tests say so loudly and pass; with
//! `AXTARY_REQUIRE_INTEROP` set, as in CI, they fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use axtary_github_server::GitHubServer;
use serde_json::{Value, json};

use crate::kit::{Scene, TOKEN};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Where the clients are, if they could be installed.
fn clients() -> Option<&'static Path> {
    static CLIENTS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = CLIENTS.get_or_init(|| {
        let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("github-clients");
        match run(Command::new("bash").arg(sources().join("install.sh")).arg(&into)) {
            Ok(_) => {
                for script in SCRIPTS {
                    fs::copy(sources().join(script), into.join("node").join(script)).unwrap();
                }
                Some(into)
            }
            Err(why) => {
                let required = std::env::var_os("AXTARY_REQUIRE_INTEROP").is_some();
                assert!(!required, "the clients are required: {why}");
                skip(&why);
                None
            }
        }
    });
    found.as_deref()
}

#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn skip(why: &str) {
    eprintln!(
        "\n*** SKIPPED: octokit, PyGithub and GitHub's description, which could not be installed: {why}\n"
    );
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// These stand beside the packages, where node looks for them.
const SCRIPTS: [&str; 2] = ["octokit_client.mjs", "validate.mjs"];

fn node(clients: &Path, script: &str, arguments: &[&str]) -> Result<String, String> {
    run(Command::new("node").current_dir(clients.join("node")).arg(script).args(arguments))
}

/// Holds what was said to a server, and what it said, against GitHub's description.
pub(crate) fn fits_the_description(server: &GitHubServer, name: &str) {
    let Some(clients) = clients() else { return };
    let exchanges: Vec<Value> = server
        .world()
        .exchanges()
        .iter()
        .map(|exchange| {
            json!({
                "method": exchange.request.method,
                "path": exchange.request.target.split('?').next(),
                "status": exchange.answer.status,
                "request": exchange.request.body,
                "response": exchange.answer.body,
            })
        })
        .filter(|exchange| !exchange["response"].is_null() || exchange["status"] == 204)
        .collect();
    let file = clients.join(format!("{name}.json"));
    fs::write(&file, Value::from(exchanges).to_string()).unwrap();
    let validated = node(clients, "validate.mjs", &[file.to_str().unwrap()]);
    assert!(validated.is_ok(), "{}", validated.unwrap_err());
}

#[test]
fn octokit_and_pygithub_work_with_the_server_as_github_describes_it() {
    let Some(clients) = clients() else { return };
    let Scene { server, .. } = Scene::new();
    let python = clients.join("python/bin/python");
    let script = sources().join("pygithub_client.py");
    let ran = run(Command::new(python).arg(script).args([server.url(), TOKEN]));
    assert!(ran.is_ok(), "{}", ran.unwrap_err());
    let ran = node(clients, "octokit_client.mjs", &[server.url(), TOKEN]);
    assert!(ran.is_ok(), "{}", ran.unwrap_err());
    fits_the_description(&server, "clients");
}
