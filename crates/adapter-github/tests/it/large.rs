//! A pull request of thousands of files can be decided on and recorded.

use std::sync::Arc;

use axtary_actionpass::{Guard, SigningKey, testing::MemoryLedger};
use axtary_adapter_github::{MAX_CHANGES, vocabulary};
use axtary_policy::NativeEngine;

use crate::kit::{FILE, Files, Repo, files};

/// The longest line of a ledger, in bytes.
const MAX_RECORD: usize = 65_535;

fn rules(sensitive: &str) -> NativeEngine {
    let text = format!(
        "version: 1\nrules:\n  - id: large\n    effect: permit\n    agent: codex-prod\n    tool: github.pull_requests.create\n    resource: repo:company/web-app\n    constraints: {{ blocked_paths: [\".env*\"], max_files_changed: 3000 }}\n{sensitive}"
    );
    NativeEngine::from_yaml("policy.yml", &text, &vocabulary()).unwrap()
}

/// The size of the record of a decision by these rules.
fn record_of(repo: &Repo, rules: NativeEngine) -> usize {
    let ledger = Arc::new(MemoryLedger::new());
    let key = SigningKey::from_seed(&[7; 32]);
    let guard =
        Guard::new(rules, Arc::clone(&ledger), key, "https://gate.example".parse().unwrap())
            .unwrap();
    assert!(guard.check(&repo.action().unwrap()).is_ok());
    ledger.records().last().unwrap().body().len()
}

#[test]
fn a_rule_that_withholds_the_paths_keeps_the_record_of_a_large_pull_request_small() {
    let added =
        |number: usize| format!("src/components/module-{:02}/file-{number:04}.rs", number % 50);
    let mut head: Files = (0..MAX_CHANGES - 1)
        .map(|number| (added(number).into_bytes(), (FILE, number.to_string().into_bytes())))
        .collect();
    head.extend(files(&[("README.md", "b")]));
    let repo = Repo::with(&files(&[("README.md", "a")]), &head);
    assert!(record_of(&repo, rules("")) > MAX_RECORD, "a ledger would not take it");
    // Rules are evaluated over the paths all the same; the ledger has a commitment to them.
    let withheld = record_of(&repo, rules("    sensitive: [paths]\n"));
    assert!(withheld < 2_000, "{withheld} bytes");
}
