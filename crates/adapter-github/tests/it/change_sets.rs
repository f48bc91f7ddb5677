//! A change set is whole, and what cannot be read with certainty is an error.

use axtary_actionpass::Json;
use axtary_adapter_github::{ChangeSet, MAX_CHANGES, Production, Status};

use crate::kit::{EXECUTABLE, FILE, Files, LINK, Repo, SUBMODULE, branch, files};

fn with(base: &Files, path: &str, mode: i32, content: &[u8]) -> Files {
    let mut files = base.clone();
    files.insert(path.as_bytes().to_vec(), (mode, content.to_vec()));
    files
}

#[test]
fn every_kind_of_change_is_seen_with_both_names_and_modes() {
    let long = "line\n".repeat(50);
    let mut base = files(&[
        ("kept", "k"),
        ("edited", "1\n2\n"),
        ("removed", "r"),
        ("old/name", &long),
        ("script", "s"),
        ("file", "f"),
    ]);
    base = with(&base, "module", SUBMODULE, &[1; 20]);
    let mut head =
        files(&[("kept", "k"), ("edited", "1\n2\n3\n"), ("added", "a\nb\n"), ("new/name", &long)]);
    head = with(&head, "script", EXECUTABLE, b"s");
    head = with(&head, "file", LINK, b"kept");
    head = with(&head, "module", SUBMODULE, &[2; 20]);
    let repo = Repo::with(&base, &head);
    let set = repo.changes().unwrap();
    let seen: Vec<String> = set
        .changes()
        .iter()
        .map(|change| {
            format!(
                "{:?} {} {:o} {:o}{}",
                change.status,
                change.paths().collect::<Vec<_>>().join(" -> "),
                change.old_mode,
                change.new_mode,
                change
                    .symlink_target
                    .as_ref()
                    .map_or_else(String::new, |target| format!(" => {target}"))
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "Added added 0 100644",
            "Modified edited 100644 100644",
            "Typechange file 100644 120000 => kept",
            "Modified module 160000 160000",
            "Renamed old/name -> new/name 100644 100644",
            "Deleted removed 100644 0",
            "Modified script 100644 100755",
        ]
    );
    let facts = repo.facts();
    let is = |name: &str, value: Json| assert_eq!(facts.get(name), Some(&value), "{name}");
    is("files_changed", 7.into());
    is("max_files_changed", 7.into());
    is("renames", 1.into());
    is("commits", 1.into());
    is("lines_added", 3.into());
    is(
        "paths",
        vec!["added", "edited", "file", "module", "new/name", "old/name", "removed", "script"]
            .into(),
    );
    is("symlinks", vec!["file"].into());
    is("submodules", vec!["module"].into());
    is("mode_changes", vec!["script"].into());
    is("lfs_changed", false.into());
    is("paths_confusable", false.into());
    is("base_branch", "main".into());
    is("head_branch", "head".into());
}

#[test]
fn what_the_base_has_since_is_no_change_of_the_head() {
    let repo = Repo::new();
    let fork = repo.commit("main", &files(&[("a", "1")]), &[]);
    repo.commit("head", &files(&[("a", "1"), ("b", "2")]), &[fork]);
    repo.commit("main", &files(&[("a", "changed since")]), &[fork]);
    let set = repo.changes().unwrap();
    assert_eq!(set.merge_base_sha(), fork.to_string());
    assert_ne!(set.base_sha(), set.merge_base_sha());
    assert_eq!(repo.facts().get("paths"), Some(&vec!["b"].into()));
}

#[test]
fn a_branch_that_is_not_here_is_looked_for_at_the_remote_and_a_tag_never() {
    let repo = Repo::with(&files(&[("a", "1")]), &files(&[("a", "2")]));
    let head = repo.git.find_reference("refs/heads/head").unwrap().target().unwrap();
    repo.git.reference("refs/remotes/origin/far", head, true, "test").unwrap();
    repo.git.reference("refs/tags/tagged", head, true, "test").unwrap();
    let between = |name: &str| ChangeSet::between(&repo.git, &branch("main"), &branch(name));
    assert_eq!(between("far").unwrap().head_sha(), head.to_string());
    assert_eq!(between("tagged").unwrap_err().code(), "github.no_such_branch");
}

#[test]
fn a_tag_of_the_same_name_does_not_stand_in_for_the_branch() {
    let repo = Repo::with(&files(&[("a", "1")]), &files(&[("a", "2")]));
    let main = repo.git.find_reference("refs/heads/main").unwrap().target().unwrap();
    repo.git.reference("refs/tags/head", main, true, "test").unwrap();
    assert_eq!(repo.changes().unwrap().changes().len(), 1);
}

#[test]
fn histories_without_a_common_commit_are_refused() {
    let repo = Repo::new();
    repo.commit("main", &files(&[("a", "1")]), &[]);
    repo.commit("head", &files(&[("a", "2")]), &[]);
    assert_eq!(repo.changes().unwrap_err().code(), "github.unrelated");
}

#[test]
fn a_change_set_too_large_to_look_at_is_refused_and_the_largest_is_not() {
    let many = |count: usize| -> Files {
        (0..count)
            .map(|n| (format!("f{n}").into_bytes(), (FILE, n.to_string().into_bytes())))
            .collect()
    };
    let repo = Repo::with(&files(&[("x", "unlike any other")]), &many(MAX_CHANGES - 1));
    assert_eq!(repo.changes().unwrap().changes().len(), MAX_CHANGES);
    let repo = Repo::with(&files(&[("x", "unlike any other")]), &many(MAX_CHANGES));
    assert_eq!(repo.changes().unwrap_err().code(), "github.change_set_too_large");
}

#[test]
fn binary_content_is_counted_and_has_no_lines() {
    let base = files(&[("text", "1\n")]);
    let repo = Repo::with(&base, &with(&base, "image.png", FILE, b"\x89PNG\0\0\0"));
    let set = repo.changes().unwrap();
    assert_eq!((set.changes()[0].status, set.changes()[0].lines_added), (Status::Added, None));
    assert_eq!(repo.facts().get("binary_files"), Some(&1.into()));
    assert_eq!(repo.facts().get("lines_changed"), Some(&0.into()));
}

#[test]
fn tests_count_as_changed_only_where_a_test_file_gains_a_line() {
    let base = files(&[("tests/old.rs", "a\nb\n"), ("src/a.rs", "a\n")]);
    for (path, content, changed) in [
        ("tests/new.rs", "fn t() {}\n", true),
        ("crates/x/tests/it/main.rs", "mod a;\n", true),
        ("web/login.test.ts", "it()\n", true),
        ("pkg/login_test.go", "func\n", true),
        ("test_login.py", "def\n", true),
        ("tests/.gitkeep", "", false),
        ("tests/blank.rs", "\n  \n\t\n", false),
        ("latest/x.rs", "fn\n", false),
        ("contest.py", "def\n", false),
        ("src/attest.rs", "fn\n", false),
    ] {
        let repo = Repo::with(&base, &with(&base, path, FILE, content.as_bytes()));
        assert_eq!(repo.facts().get("tests_changed"), Some(&changed.into()), "{path}");
    }
    let mut without = base.clone();
    without.remove(b"tests/old.rs".as_slice());
    assert_eq!(
        Repo::with(&base, &without).facts().get("tests_changed"),
        Some(&false.into()),
        "a removed test"
    );
    let renamed = files(&[("tests/new.rs", "a\nb\n"), ("src/a.rs", "a\n")]);
    assert_eq!(
        Repo::with(&base, &renamed).facts().get("tests_changed"),
        Some(&false.into()),
        "a renamed test"
    );
    let longer = files(&[("tests/new.rs", "a\nb\nc\n"), ("src/a.rs", "a\n")]);
    assert_eq!(
        Repo::with(&base, &longer).facts().get("tests_changed"),
        Some(&false.into()),
        "a renamed test that gained a line"
    );
}

#[test]
fn a_test_that_is_gone_is_seen() {
    let test = "#[test]\nfn login() {}\nfn logout() {}\n";
    let base = files(&[("tests/login.rs", test), ("src/a.rs", "a\n")]);
    let mut as_link = files(&[("src/a.rs", "a\n")]);
    as_link.insert(b"tests/login.rs".to_vec(), (LINK, b"../src/a.rs".to_vec()));
    for (what, head, removed) in [
        ("deleted", files(&[("src/a.rs", "a\n")]), true),
        (
            "moved to where it is none",
            files(&[("docs/login.txt", test), ("src/a.rs", "a\n")]),
            true,
        ),
        ("moved to where it is one", files(&[("test/login.rs", test), ("src/a.rs", "a\n")]), false),
        ("made a link", as_link, true),
        ("kept", files(&[("tests/login.rs", test), ("src/a.rs", "b\n")]), false),
    ] {
        let facts = Repo::with(&base, &head).facts();
        assert_eq!(facts.get("tests_removed"), Some(&removed.into()), "{what}");
    }
}

#[test]
fn branches_that_were_merged_in_both_directions_are_refused_until_one_is_merged_again() {
    let repo = Repo::new();
    let root = repo.commit("main", &files(&[("a", "1")]), &[]);
    let left = repo.commit("main", &files(&[("a", "1"), ("left", "1")]), &[root]);
    let right = repo.commit("head", &files(&[("a", "1"), ("right", "1")]), &[root]);
    let both = files(&[("a", "1"), ("left", "1"), ("right", "1")]);
    let main = repo.commit("main", &both, &[left, right]);
    let head = repo.commit("head", &both, &[right, left]);
    let error = repo.changes().unwrap_err();
    assert_eq!(error.code(), "github.several_merge_bases");
    assert!(error.to_string().ends_with("merge `main` into `head` once more"), "{error}");
    repo.commit("head", &both, &[head, main]);
    assert_eq!(repo.changes().unwrap().merge_base_sha(), main.to_string());
}

#[test]
fn a_folder_of_any_size_that_moves_is_as_many_renames() {
    let text = |n: usize| format!("{n}\n").repeat(20);
    let moved = |folder: &str| -> Files {
        (0..MAX_CHANGES - 1)
            .map(|n| (format!("{folder}/{n}").into_bytes(), (FILE, text(n).into_bytes())))
            .collect()
    };
    let (mut base, mut head) = (moved("old"), moved("new"));
    // One that was edited on the way is found among the few that are left.
    base.insert(b"old/edited".to_vec(), (FILE, "line\n".repeat(50).into_bytes()));
    head.insert(b"new/edited".to_vec(), (FILE, "line\n".repeat(51).into_bytes()));
    let facts = Repo::with(&base, &head).facts();
    let all = Json::from(i32::try_from(MAX_CHANGES).unwrap());
    assert_eq!((facts.get("renames"), facts.get("files_changed")), (Some(&all), Some(&all)));
}

#[test]
fn where_too_many_files_would_have_to_be_compared_they_stay_removed_and_added() {
    let many = |kind: &str, count: usize| -> Files {
        (0..count)
            .map(|n| {
                let text = format!("{}{kind} {n}\n", "line\n".repeat(20));
                (format!("{kind}{n}").into_bytes(), (FILE, text.into_bytes()))
            })
            .collect()
    };
    let facts = Repo::with(&many("old", 1001), &many("new", 1000)).facts();
    assert_eq!(facts.get("renames"), Some(&0.into()));
    assert_eq!(facts.get("files_changed"), Some(&2001.into()));
}

#[test]
fn the_count_of_changes_is_bounded_before_renames_are_looked_for() {
    let many = |folder: &str| -> Files {
        (0..=MAX_CHANGES)
            .map(|n| (format!("{folder}/{n}").into_bytes(), (FILE, n.to_string().into_bytes())))
            .collect()
    };
    let repo = Repo::with(&many("old"), &many("new"));
    assert_eq!(repo.changes().unwrap_err().code(), "github.change_set_too_large");
}

#[test]
fn a_list_of_ones_own_replaces_the_standard_one() {
    let base = files(&[("a", "1")]);
    let repo = Repo::with(&base, &with(&base, "billing/invoice.rs", FILE, b"x\n"));
    assert_eq!(repo.facts().get("touches_production"), Some(&false.into()));
    let production = Production::new([("billing", ["/billing/"].as_slice())]).unwrap();
    let set = repo.changes().unwrap().judged_by(production);
    let action = crate::what_is_sent::normalized(&set).unwrap();
    assert_eq!(action.facts().get("production_categories"), Some(&vec!["billing"].into()));
}

#[test]
fn a_repository_that_is_damaged_is_an_error() {
    for damaged in ["a tree", "a blob"] {
        let repo = Repo::with(&files(&[("a", "1")]), &files(&[("a", "2")]));
        let tree = repo.git.find_reference("refs/heads/head").unwrap().peel_to_tree().unwrap();
        let id = if damaged == "a tree" { tree.id() } else { tree.get_name("a").unwrap().id() };
        std::fs::remove_file(repo.object(id)).unwrap();
        let error = repo.reopened().changes().unwrap_err();
        assert_eq!(error.code(), "github.git", "{damaged}");
        assert!(error.to_string().contains(&id.to_string()), "{error}");
    }
}

#[test]
fn two_spellings_of_one_mode_are_no_change() {
    let mut before = files(&[("a", "1"), ("b", "1")]);
    before.insert(b"a".to_vec(), (0o100_664, b"1".to_vec()));
    let repo = Repo::with(&before, &files(&[("a", "1"), ("b", "2")]));
    let set = repo.changes().unwrap();
    assert_eq!(set.changes().len(), 1);
    assert_eq!(set.changes()[0].new_path.as_deref(), Some("b"));
}

#[test]
fn a_message_that_keeps_checks_from_running_is_seen_in_any_commit_of_the_head_and_in_no_other() {
    let repo = Repo::new();
    let start = files(&[("a", "1")]);
    let fork = repo.commit_saying("main", "Start [skip ci]", &start, &[]);
    repo.commit_saying(
        "main",
        "More\n\nskip-checks: true",
        &files(&[("a", "1"), ("b", "1")]),
        &[fork],
    );
    let first = repo.commit("head", &files(&[("a", "2")]), &[fork]);
    assert_eq!(repo.facts().get("skips_ci"), Some(&false.into()), "only the base says so");
    let said = repo.commit_saying("head", "Fix [No CI]", &files(&[("a", "3")]), &[first]);
    repo.commit("head", &files(&[("a", "4")]), &[said]);
    assert_eq!(repo.facts().get("skips_ci"), Some(&true.into()));
}
