//! The documents name files and tests that exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of every source file below `folder`.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// What stands in backticks in a document.
fn quoted(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let mut text = String::new();
    sources(&root().join("crates"), &mut text);
    let is_test = |name: &&String| {
        name.contains('_')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let named = quoted("SECURITY.md");
    let named: Vec<&String> = named.iter().filter(is_test).collect();
    assert!(named.len() >= 10, "{named:?}");
    for name in named {
        assert!(text.contains(&format!("fn {name}(")), "there is no test `{name}`");
    }
}

#[test]
fn every_file_that_the_architecture_names_exists() {
    for name in quoted("docs/ARCHITECTURE.md") {
        let path = name.strip_prefix("crates/").unwrap_or(&name);
        if path.ends_with(".rs") && path.contains("/src/") {
            assert!(root().join("crates").join(path).exists(), "there is no file `{name}`");
        }
    }
}
