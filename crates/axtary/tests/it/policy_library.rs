//! The policies in `docs/policies` do what they say, in each language, and each of them is in the index.

use std::{fs, path::PathBuf};

use crate::kit::{Gate, Ran, command};

pub(crate) fn library() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/policies")
}

/// The folders of the library, by name.
pub(crate) fn situations() -> Vec<String> {
    let entries = fs::read_dir(library()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> =
        folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_policy_of_the_library_decides_its_cases_and_each_of_its_rules_some_case() {
    let ran = Ran::of(command(&library()).args(["policy", "test", "--require-coverage"])).code(0);
    assert!(ran.out.contains("all as expected"), "{ran:?}");
}

#[test]
fn every_situation_is_there_in_three_languages_under_one_file_of_cases() {
    let situations = situations();
    assert!(situations.len() >= 12, "{situations:?}");
    for name in situations {
        let folder = library().join(&name);
        let cases = fs::read_to_string(folder.join(format!("{name}.cases.yml"))).unwrap();
        for policy in ["policy.yml", "policy.cedar", "policy.rego"] {
            assert!(cases.contains(&format!("[{policy}]")), "{name}: {policy}");
            let text = fs::read_to_string(folder.join(policy)).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= 140), "{name}: {policy}");
        }
    }
}

#[test]
fn a_gate_would_open_with_every_policy_of_the_library() {
    for name in situations() {
        for policy in ["policy.yml", "policy.cedar", "policy.rego"] {
            let path = format!("{name}/{policy}");
            Ran::of(command(&library()).args(["policy", "check", "--policy", &path])).code(0);
        }
    }
}

#[test]
fn the_index_names_every_situation_and_no_other() {
    let index = fs::read_to_string(library().join("README.md")).unwrap();
    let linked: Vec<&str> = index
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("]("))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(linked, situations());
}

#[test]
fn the_cases_on_the_page_about_testing_run() {
    let page = fs::read_to_string(library().join("../testing-policy.md")).unwrap();
    let (_, cases) = page.split_once("```yaml\nversion: 1\n").unwrap();
    let (cases, _) = cases.split_once("```").unwrap();
    let gate = Gate::empty();
    gate.write("page.cases.yml", &format!("version: 1\n{cases}"));
    let (agent, resource) = ("codex-prod", "company/web-app");
    gate.write(
        "rules.yml",
        &format!(
            "version: 1\nrules:\n  - {{ id: small-changes, effect: permit, agent: {agent}, tool: '**', \
             resource: 'repo:{resource}', constraints: {{ max_files_changed: 12 }} }}\n"
        ),
    );
    gate.write(
        "limits.cedar",
        &format!(
            "permit (principal == Agent::\"{agent}\", action == Action::\"github.pull_requests.create\",\n\
             resource == Repo::\"{resource}\")\n\
             when {{ context.payload.files_changed <= 12 }};"
        ),
    );
    gate.write(
        "limits.rego",
        "package axtary\nallow if { is_number(input.facts.files_changed); input.facts.files_changed <= 12 }\n",
    );
    let ran = gate.run(&["policy", "test"]).code(0);
    assert_eq!(ran.out, "3 cases in 1 file, 6 decisions: all as expected\n");
}
