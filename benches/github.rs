//! What a pull request of 3,000 files costs: its change set beside `git diff --raw -M`, and its normalization once that is known.
//!
//!     cargo bench -p axtary-benches --bench github

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use std::{
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
};

use axtary_actionpass::{Actor, Intent};
use axtary_adapter_github::{BranchName, ChangeSet, PullRequest, RepositoryName, normalize};
use criterion::{Criterion, criterion_group, criterion_main};
use git2::{Repository, Signature, Time};
use tempfile::TempDir;

/// As many files as GitHub lists of a pull request.
const FILES: usize = 3000;

/// `main` has twice as many files; `head` changes half of them, a line of forty each.
fn repository(folder: &Path) -> Repository {
    let repository = Repository::init_bare(folder).unwrap();
    let author = Signature::new("A", "a@example.com", &Time::new(1_785_240_000, 0)).unwrap();
    let commit = |branch: &str, edited: usize, parent: Option<git2::Oid>| {
        let mut index = git2::Index::new().unwrap();
        for number in 0..2 * FILES {
            let mut text: String =
                (0..40).map(|line| format!("let value_{line} = {number};\n")).collect();
            if number < edited {
                text.push_str("let added = true;\n");
            }
            let entry = git2::IndexEntry {
                ctime: git2::IndexTime::new(0, 0),
                mtime: git2::IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: repository.blob(text.as_bytes()).unwrap(),
                flags: 0,
                flags_extended: 0,
                path: format!("src/module_{:03}/file_{number:05}.rs", number % 100).into_bytes(),
            };
            index.add(&entry).unwrap();
        }
        let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
        let parent = parent.map(|id| repository.find_commit(id).unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let name = format!("refs/heads/{branch}");
        repository.commit(Some(&name), &author, &author, "c", &tree, &parents).unwrap()
    };
    let main = commit("main", 0, None);
    commit("head", FILES, Some(main));
    // As a clone has it: in one pack.
    git(folder, &["gc", "--quiet"]);
    Repository::open(folder).unwrap()
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(folder).args(arguments).stdout(Stdio::null());
    assert!(git.status().unwrap().success());
}

fn large_pull_request(c: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let repository = repository(folder.path());
    let (base, head) = (BranchName::new("main").unwrap(), BranchName::new("head").unwrap());
    let mut group = c.benchmark_group("pull_request_of_3000_files");
    group.sample_size(10);
    group.bench_function("git_diff_raw", |b| {
        b.iter(|| git(folder.path(), &["diff", "--raw", "-M", "--no-abbrev", "main...head"]));
    });
    group.bench_function("git_diff_raw_and_numstat", |b| {
        b.iter(|| git(folder.path(), &["diff", "--raw", "--numstat", "-M", "main...head"]));
    });
    group.bench_function("change_set", |b| {
        b.iter(|| ChangeSet::between(black_box(&repository), &base, &head).unwrap());
    });
    let set = ChangeSet::between(&repository, &base, &head).unwrap();
    assert_eq!(set.changes().len(), FILES);
    let name = RepositoryName::new("company/web-app").unwrap();
    let call = PullRequest::new(name, base.clone(), head.clone(), "Rename everything");
    let actor = || Actor::new("codex-prod".parse().unwrap(), "alice@example.com".parse().unwrap());
    group.bench_function("normalize", |b| {
        b.iter(|| {
            let intent = Intent::new("rename").unwrap();
            normalize(&call, &set, actor(), intent, "github-executor".parse().unwrap()).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, large_pull_request);
criterion_main!(benches);
