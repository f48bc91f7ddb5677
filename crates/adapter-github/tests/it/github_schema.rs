//! Beside GitHub's published GraphQL schema and the reference implementation of GraphQL: inputs have the form that GitHub gives
//! them, and whatever a document runs there is an action here.
//!
//! Both are installed from their registry on the first run. Where they cannot be, the tests say so loudly and pass; with
//! `AXTARY_REQUIRE_INTEROP` set, as in CI, they fail.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use axtary_actionpass::{Json, Object};
use tempfile::TempDir;

use crate::{
    bypass_by_request,
    either_form::{self, PAIRS},
    world::World,
};

/// What the reference implementation makes of a body.
struct Ran {
    /// The root fields that it called.
    calls: Vec<String>,
    /// Why it called none.
    refused: String,
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Where the schema and the implementation are, if they could be installed.
fn modules() -> Option<&'static Path> {
    static MODULES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let install = || {
        let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop-github-schema");
        let output = Command::new("bash").arg(sources().join("install.sh")).arg(&into).output();
        let why = match output {
            Ok(output) if output.status.success() => return Some(into.join("node/node_modules")),
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        let is_required = std::env::var_os("AXTARY_REQUIRE_INTEROP").is_some();
        assert!(!is_required, "GitHub's schema is required: {why}");
        skip(&why);
        None
    };
    MODULES.get_or_init(install).as_deref()
}

/// Runs the bodies there; `None` where there is no node or no registry.
fn run(bodies: Vec<Json>) -> Option<Vec<Ran>> {
    let modules = modules()?;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bodies.json");
    fs::write(&file, Json::Array(bodies).to_canonical()).unwrap();
    let output = Command::new("node")
        .arg(sources().join("run.mjs"))
        .arg(modules)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let texts = |json: &Object, name: &str| -> Vec<String> {
        let items = json.get(name).unwrap().as_array().unwrap();
        items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let ran = |json: &Json| {
        let json = json.as_object().unwrap();
        Ran { calls: texts(json, "calls"), refused: texts(json, "refused").join("; ") }
    };
    Some(Json::parse(&output.stdout).unwrap().as_array().unwrap().iter().map(ran).collect())
}

#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn skip(why: &str) {
    eprintln!("\n*** SKIPPED: GitHub's GraphQL schema, which could not be installed: {why}\n");
}

#[test]
fn each_mutation_takes_the_input_that_github_describes() {
    let world = World::new();
    let bodies =
        PAIRS.iter().map(|(name, input, _)| either_form::body(&world, name, input)).collect();
    let Some(ran) = run(bodies) else { return };
    for ((name, ..), ran) in PAIRS.iter().zip(ran) {
        assert_eq!(ran.calls, [*name], "{}", ran.refused);
    }
}

#[test]
fn whatever_a_document_runs_is_an_action() {
    let world = World::new();
    let mut tools: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, input, _) in PAIRS {
        let actions = either_form::by_graphql(&world, name, input);
        tools.insert(name, actions.iter().map(|action| action.tool().to_string()).collect());
    }
    tools.insert(
        "enablePullRequestAutoMerge",
        vec!["github.pull_requests.enable_auto_merge".into()],
    );
    let bodies = bypass_by_request::documents(&world);
    let Some(ran) = run(bodies.clone()) else { return };
    let mut compared = 0;
    for (body, ran) in bodies.iter().zip(ran) {
        // What is refused here may run there: it is not sent.
        let Ok(actions) = world.rest("POST", "/graphql", &body.to_string()) else { continue };
        for call in &ran.calls {
            let is_action = actions.iter().any(|action| match tools.get(call.as_str()) {
                Some(tools) => tools.contains(&action.tool().to_string()),
                None => {
                    let route = action.facts().get("route").and_then(Json::as_str);
                    route.is_some_and(|route| route.ends_with(&format!(" {call}")))
                }
            });
            assert!(is_action, "{call} of {body}");
        }
        compared += usize::from(!ran.calls.is_empty());
    }
    assert!(compared >= 15, "only {compared} documents ran there and are actions here");
}
