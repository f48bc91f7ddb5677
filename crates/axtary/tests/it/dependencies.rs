//! What may be in the tree, and what may not.

use std::{collections::HashSet, process::Command, sync::OnceLock};

use serde_json::Value;

/// What cargo knows of the workspace on this platform.
fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let version = cargo(&["-vV"]);
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let text = cargo(&["metadata", "--format-version=1", "--filter-platform", host]);
        #[expect(
            clippy::disallowed_methods,
            reason = "cargo's output, larger than the strict bound"
        )]
        serde_json::from_str(&text).unwrap()
    })
}

fn cargo(arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

fn package(id: &str) -> &'static Value {
    array(metadata(), "packages").iter().find(|package| package["id"] == id).unwrap()
}

fn node(id: &str) -> &'static Value {
    array(&metadata()["resolve"], "nodes").iter().find(|node| node["id"] == id).unwrap()
}

/// The names of everything that a package brings into a program.
fn normal_tree(name: &str) -> HashSet<&'static str> {
    let root =
        array(metadata(), "packages").iter().find(|package| package["name"] == name).unwrap();
    let mut todo = vec![root["id"].as_str().unwrap()];
    let mut seen = HashSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in array(node(id), "deps") {
            let normal = array(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
            if normal {
                todo.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    seen.into_iter().map(|id| package(id)["name"].as_str().unwrap()).collect()
}

#[test]
fn the_core_brings_no_engine_runtime_or_http() {
    let tree = normal_tree("axtary-actionpass");
    assert!(tree.contains("ed25519-dalek"));
    for name in tree {
        for unwanted in [
            "cedar",
            "regorus",
            "tokio",
            "async-std",
            "hyper",
            "reqwest",
            "ureq",
            "rustls",
            "git2",
            "openssl",
            "clap",
        ] {
            assert!(!name.starts_with(unwanted), "the core brings {name}");
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    let ours = |name: &str| -> Vec<&str> {
        let mut ours: Vec<_> = normal_tree(name)
            .into_iter()
            .filter(|n| n.starts_with("axtary") && *n != name)
            .collect();
        ours.sort_unstable();
        ours
    };
    assert_eq!(ours("axtary-actionpass"), [""; 0]);
    for part in ["axtary-policy", "axtary-ledger", "axtary-consumption", "axtary-adapter-github"] {
        assert_eq!(ours(part), ["axtary-actionpass"], "{part}");
    }
}

#[test]
fn numbers_stay_numbers_in_the_whole_graph() {
    let mut seen = 0;
    for node in array(&metadata()["resolve"], "nodes") {
        if package(node["id"].as_str().unwrap())["name"] == "serde_json" {
            seen += 1;
            let features = array(node, "features");
            assert!(!features.iter().any(|f| f == "arbitrary_precision"), "{features:?}");
            assert!(features.iter().any(|f| f == "float_roundtrip"), "{features:?}");
        }
    }
    assert_eq!(seen, 1, "one serde_json in the graph");
}

#[test]
fn no_dependency_needs_a_newer_rust_than_we_say() {
    let ours = env!("CARGO_PKG_RUST_VERSION");
    for node in array(&metadata()["resolve"], "nodes") {
        let package = package(node["id"].as_str().unwrap());
        if let Some(theirs) = package["rust_version"].as_str() {
            assert!(parts(theirs) <= parts(ours), "{} needs Rust {theirs}", package["name"]);
        }
    }
}

fn parts(version: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = version.split('.').map(|part| part.parse().unwrap()).collect();
    parts.resize(3, 0);
    parts
}
