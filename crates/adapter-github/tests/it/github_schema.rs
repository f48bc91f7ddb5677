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
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
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

/// Something at the root of a mutation.
#[derive(Clone, Debug)]
enum Root {
    /// A field under an alias of its own, which may be left out.
    Field(Which, Option<Leave>),
    /// A fragment without a name, on the root or on no type.
    Inline(Vec<Self>, bool, Option<Leave>),
    /// A fragment with a name.
    Named(Vec<Self>, Option<Leave>),
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Comment,
    DeleteRef,
    Star,
}

/// `@skip` or `@include`, by a variable or not, and its value.
#[derive(Clone, Copy, Debug)]
struct Leave {
    is_skip: bool,
    is_variable: bool,
    value: bool,
}

impl Leave {
    fn written(leave: Option<Self>) -> String {
        leave.map_or_else(String::new, |leave| {
            let name = if leave.is_skip { "skip" } else { "include" };
            match leave.is_variable {
                true => format!("@{name}(if: ${})", if leave.value { "yes" } else { "no" }),
                false => format!("@{name}(if: {})", leave.value),
            }
        })
    }
}

/// Writes what stands at the root; the definitions of fragments go to `fragments`.
fn write(roots: &[Root], fragments: &mut Vec<String>, fields: &mut usize) -> String {
    let mut text = String::new();
    for root in roots {
        match root {
            Root::Field(which, leave) => {
                *fields += 1;
                let call = match which {
                    Which::Comment => "addComment(input: {subjectId: \"I_3\", body: $text})",
                    Which::DeleteRef => "deleteRef(input: {refId: \"REF_fix\"})",
                    Which::Star => "addStar(input: {starrableId: \"R_web\"})",
                };
                let leave = Leave::written(*leave);
                text += &format!(" f{fields}: {call} {leave} {{ clientMutationId }}");
            }
            Root::Inline(below, is_typed, leave) => {
                let condition = if *is_typed { "on Mutation" } else { "" };
                let (leave, below) = (Leave::written(*leave), write(below, fragments, fields));
                text += &format!(" ... {condition} {leave} {{ {below} }}");
            }
            Root::Named(below, leave) => {
                let below = write(below, fragments, fields);
                let name = format!("F{}", fragments.len());
                fragments.push(format!("fragment {name} on Mutation {{ {below} }}"));
                text += &format!(" ...{name} {}", Leave::written(*leave));
            }
        }
    }
    text
}

fn roots() -> impl Strategy<Value = Vec<Root>> {
    let leave = || {
        proptest::option::of(
            (any::<bool>(), any::<bool>(), any::<bool>())
                .prop_map(|(is_skip, is_variable, value)| Leave { is_skip, is_variable, value }),
        )
    };
    let which = prop_oneof![Just(Which::Comment), Just(Which::DeleteRef), Just(Which::Star)];
    let field = (which, leave()).prop_map(|(which, leave)| Root::Field(which, leave));
    let root = field.prop_recursive(3, 12, 3, move |below| {
        let several = proptest::collection::vec(below, 1..4);
        prop_oneof![
            (several.clone(), any::<bool>(), leave())
                .prop_map(|(below, is_typed, leave)| Root::Inline(below, is_typed, leave)),
            (several, leave()).prop_map(|(below, leave)| Root::Named(below, leave)),
        ]
    });
    proptest::collection::vec(root, 1..4)
}

/// A document of several operations, of which the one named `Run` is run.
fn generated(roots: &[Root]) -> (Json, usize) {
    let (mut fragments, mut fields) = (Vec::new(), 0);
    let run = write(roots, &mut fragments, &mut fields);
    let fragments = fragments.join(" ");
    // A variable that is not used makes a document invalid.
    let declared: Vec<&str> = ["$text: String = \"hi\"", "$yes: Boolean!", "$no: Boolean!"]
        .into_iter()
        .filter(|variable| {
            let name = variable.split(':').next().unwrap();
            run.contains(name) || fragments.contains(name)
        })
        .collect();
    let declared =
        if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
    let document = format!(
        "query Other {{ viewer {{ login }} }} mutation Run{declared} {{ {run} }} {fragments}"
    );
    let variables = Object::new().with("yes", true).with("no", false);
    let body = Object::new()
        .with("query", document)
        .with("variables", variables)
        .with("operationName", "Run");
    (body.into(), fields)
}

#[test]
fn whatever_a_generated_document_runs_is_an_action() {
    let world = World::new();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let (bodies, fields): (Vec<Json>, Vec<usize>) =
        (0..300).map(|_| generated(&roots().new_tree(&mut runner).unwrap().current())).unzip();
    let Some(ran) = run(bodies.clone()) else { return };
    let mut compared = 0;
    for ((body, fields), ran) in bodies.iter().zip(fields).zip(ran) {
        let actions = world.rest("POST", "/graphql", &body.to_string()).unwrap();
        assert_eq!(
            actions.len(),
            fields,
            "each field is an action, whether it is left out or not: {body}"
        );
        let ours = |tool: &str| actions.iter().filter(|a| a.tool().as_str() == tool).count();
        let theirs = |name: &str| ran.calls.iter().filter(|call| *call == name).count();
        for (name, tool) in [
            ("addComment", "github.issues.comment"),
            ("deleteRef", "github.refs.delete"),
            ("addStar", "github.unknown"),
        ] {
            assert!(theirs(name) <= ours(tool), "{name}: {body}");
        }
        compared += ran.calls.len();
    }
    assert!(compared >= 300, "only {compared} fields ran there");
}
