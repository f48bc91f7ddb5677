//! The change set that GitHub's API yields is the one that a clone yields.

use std::collections::BTreeMap;

use axtary_adapter_github::{ChangeSet, NormalizeError};
use axtary_executor_github::{ApiUrl, Client, Secret};
use axtary_github_server::{Fault, GitHubServer, Mishap, Repository};
use git2::{Oid, Signature, Time};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::kit::{TOKEN, branch, name};

const FILE: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// Path to mode and content.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

const PATHS: [&str; 9] = [
    "a",
    "b.txt",
    "src/lib.rs",
    "src/deep/er/x",
    "docs/é.md",
    "docs/with space",
    "tests/t.rs",
    "z",
    "Ω",
];

fn files() -> impl Strategy<Value = Files> {
    let text = (0..4_u8, 0..30_usize).prop_map(|(seed, lines)| {
        (0..=lines).map(|line| format!("{seed} {line}\n")).collect::<String>().into_bytes()
    });
    let lfs = Just(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec());
    let binary = proptest::collection::vec(any::<u8>(), 0..300);
    let content = prop_oneof![
        6 => (prop_oneof![Just(FILE), Just(EXECUTABLE)], text).prop_map(|(mode, text)| (mode, text)),
        1 => lfs.prop_map(|text| (FILE, text)),
        1 => binary.prop_map(|bytes| (FILE, bytes)),
        1 => Just((LINK, b"target".to_vec())),
        1 => (1..=255_u8).prop_map(|seed| (SUBMODULE, vec![seed; 20])),
    ];
    proptest::collection::btree_map(
        (0..PATHS.len()).prop_map(|at| PATHS[at].to_owned()),
        content,
        0..9,
    )
}

fn write_tree(repository: &git2::Repository, files: &Files) -> Oid {
    let mut builder = repository.treebuilder(None).unwrap();
    let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
    for (path, (mode, content)) in files {
        if let Some((folder, rest)) = path.split_once('/') {
            folders.entry(folder).or_default().insert(rest.to_owned(), (*mode, content.clone()));
            continue;
        }
        let id = match *mode {
            SUBMODULE => Oid::from_bytes(content).unwrap(),
            _ => repository.blob(content).unwrap(),
        };
        builder.insert(path, id, i32::try_from(*mode).unwrap()).unwrap();
    }
    for (folder, below) in folders {
        builder.insert(folder, write_tree(repository, &below), 0o040_000).unwrap();
    }
    builder.write().unwrap()
}

fn commit(repository: &Repository, branch: &str, files: &Files, parents: &[Oid]) -> Oid {
    let git = &repository.git;
    let tree = git.find_tree(write_tree(git, files)).unwrap();
    let author = Signature::new("A", "a@example.com", &Time::new(1_785_240_000, 0)).unwrap();
    let parents: Vec<_> = parents.iter().map(|id| git.find_commit(*id).unwrap()).collect();
    let parents: Vec<_> = parents.iter().collect();
    let id = git.commit(None, &author, &author, "c", &tree, &parents).unwrap();
    git.reference(&format!("refs/heads/{branch}"), id, true, "test").unwrap();
    id
}

fn start() -> (GitHubServer, Client) {
    let server = GitHubServer::start().unwrap();
    server.world().grant_token(TOKEN);
    server.world().create_repository("company", "web-app").unwrap();
    let url = ApiUrl::new(server.url()).unwrap();
    let client = Client::with_token(url, Secret::new(TOKEN)).unwrap();
    (server, client)
}

fn build(server: &GitHubServer, steps: impl FnOnce(&Repository)) {
    server.world().remaining = 5000;
    steps(server.world().repository("company", "web-app").unwrap());
}

fn from_clone(server: &GitHubServer) -> Result<ChangeSet, NormalizeError> {
    let mut world = server.world();
    let repository = world.repository("company", "web-app").unwrap();
    ChangeSet::between(&repository.git, &branch("main"), &branch("head"))
}

fn from_api(client: &Client) -> Result<ChangeSet, NormalizeError> {
    client.change_set(&name(), &branch("main"), &branch("head"))
}

#[test]
fn on_random_histories_the_api_and_a_clone_yield_the_same() {
    let (server, client) = start();
    let mut runner =
        TestRunner::new(Config { cases: 50, failure_persistence: None, ..Config::default() });
    let history = (proptest::collection::vec(files(), 4), 0..4_u8);
    runner
        .run(&history, |(files, meeting)| {
            build(&server, |repository| {
                let fork = commit(repository, "main", &files[0], &[]);
                let base = commit(repository, "main", &files[1], &[fork]);
                let first = commit(repository, "head", &files[2], &[fork]);
                if meeting & 1 == 1 {
                    commit(repository, "head", &files[3], &[first, base]);
                }
                if meeting & 2 == 2 {
                    commit(repository, "main", &files[1], &[base, first]);
                }
            });
            match (from_clone(&server), from_api(&client)) {
                (Ok(clone), Ok(api)) => {
                    prop_assert_eq!(clone.changes(), api.changes());
                    prop_assert_eq!(clone.merge_base_sha(), api.merge_base_sha());
                    prop_assert_eq!(format!("{clone:?}"), format!("{api:?}"));
                }
                (clone, api) => {
                    let why = |set: Result<ChangeSet, NormalizeError>| {
                        set.map_or_else(|error| error.to_string(), |_| "there is one".to_owned())
                    };
                    prop_assert_eq!(why(clone), why(api));
                }
            }
            Ok(())
        })
        .unwrap();
}

/// `main`, and `head` with so many files more.
fn many_files(server: &GitHubServer, count: usize) {
    build(server, |repository| {
        let before = Files::from([("a".to_owned(), (FILE, b"1\n".to_vec()))]);
        let mut after = before.clone();
        for number in 0..count {
            after.insert(format!("src/{number:04}"), (FILE, b"the same\n".to_vec()));
        }
        after.insert("z/.github/workflows/x.yml".to_owned(), (FILE, b"on: push\n".to_vec()));
        let fork = commit(repository, "main", &before, &[]);
        commit(repository, "head", &after, &[fork]);
    });
}

#[test]
fn a_file_beyond_what_a_comparison_lists_is_seen() {
    let (server, client) = start();
    many_files(&server, 400);
    let set = from_api(&client).unwrap();
    assert_eq!(set.changes().len(), 401);
    assert!(set.changes().iter().any(|c| c.paths().any(|p| p == "z/.github/workflows/x.yml")));
}

#[test]
fn a_change_set_beyond_the_bound_is_refused() {
    let (server, client) = start();
    many_files(&server, 3000);
    assert_eq!(from_api(&client).unwrap_err().code(), "github.change_set_too_large");
}

#[test]
fn a_history_of_more_commits_than_a_page_holds_is_walked() {
    let (server, client) = start();
    build(&server, |repository| {
        let files = |number: usize| {
            Files::from([("a".to_owned(), (FILE, format!("{number}\n").into_bytes()))])
        };
        let fork = commit(repository, "main", &files(0), &[]);
        let mut tip = fork;
        for number in 1..=260 {
            tip = commit(repository, "head", &files(number), &[tip]);
        }
    });
    let set = from_api(&client).unwrap();
    assert_eq!(format!("{set:?}"), format!("{:?}", from_clone(&server).unwrap()));
}

#[test]
fn branches_with_nothing_in_common_and_missing_ones_are_refused() {
    let (server, client) = start();
    build(&server, |repository| {
        commit(repository, "main", &Files::new(), &[]);
    });
    assert_eq!(from_api(&client).unwrap_err().code(), "github.no_such_branch");
    build(&server, |repository| {
        commit(repository, "head", &Files::from([("a".to_owned(), (FILE, vec![]))]), &[]);
    });
    assert_eq!(from_api(&client).unwrap_err().code(), "github.unrelated");
}

#[test]
fn a_tree_or_a_blob_that_is_not_whole_is_refused() {
    let (server, client) = start();
    build(&server, |repository| {
        let file = |text: &str| (FILE, text.as_bytes().to_vec());
        let before = Files::from([("a".to_owned(), file("1\n")), ("b".to_owned(), file("1\n"))]);
        let mut after = before.clone();
        after.insert("a".to_owned(), file("2\n"));
        after.insert("evil".to_owned(), file("x\n"));
        let fork = commit(repository, "main", &before, &[]);
        commit(repository, "head", &after, &[fork]);
    });
    let (tree, blob) = {
        let mut world = server.world();
        let git = &world.repository("company", "web-app").unwrap().git;
        let tree = git.revparse_single("head^{tree}").unwrap();
        let entries: Vec<_> = tree.as_tree().unwrap().iter().map(|e| e.id()).collect();
        (tree.id(), entries[0])
    };
    let entry = |path: &str| json!({ "path": path, "mode": "100644", "type": "blob", "sha": blob.to_string() });
    let without_evil = json!({ "sha": tree.to_string(), "tree": [entry("a")], "truncated": false });
    for answer in [without_evil, json!({ "tree": [] })] {
        let path = format!("/git/trees/{tree}");
        server.world().inject(Fault::at("GET", path, Mishap::instead(200, &[], answer)));
        let error = from_api(&client).unwrap_err();
        assert_eq!(error.code(), "github.change_set_incomplete");
        assert!(error.to_string().contains("cut short"), "{error}");
    }
    for answer in [json!({}), json!({ "tree": [{ "path": "a" }] }), json!([])] {
        let path = format!("/git/trees/{tree}");
        server.world().inject(Fault::at("GET", path, Mishap::instead(200, &[], answer)));
        assert_eq!(from_api(&client).unwrap_err().code(), "github.change_set_incomplete");
    }
    let path = format!("/git/blobs/{blob}");
    server.world().inject(Fault::at("GET", path, Mishap::instead(200, &[], json!("other"))));
    let error = from_api(&client).unwrap_err();
    assert!(error.to_string().contains("cut short"), "{error}");
    assert!(from_api(&client).is_ok());
}

#[test]
fn content_beyond_the_bound_is_refused() {
    let (server, client) = start();
    build(&server, |repository| {
        let before = Files::from([("a".to_owned(), (FILE, b"1\n".to_vec()))]);
        let mut after = before.clone();
        for number in 0..9_u8 {
            after.insert(format!("{number}.bin"), (FILE, vec![number; 8 << 20]));
        }
        let fork = commit(repository, "main", &before, &[]);
        commit(repository, "head", &after, &[fork]);
    });
    let error = from_api(&client).unwrap_err();
    assert_eq!(error.code(), "github.change_set_incomplete");
    assert!(error.to_string().contains("larger than"), "{error}");
}
