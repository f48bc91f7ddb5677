//! On real histories, the change set is the one that git itself prints.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
};

use axtary_adapter_github::{Change, Status};
use git2::Oid;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::kit::{EXECUTABLE, FILE, Files, LINK, Repo, SUBMODULE};

/// One step of somebody's work.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8, usize),
    Remove(usize),
    Rename(usize, usize),
    RenameAndEdit(usize, usize),
    ToggleExecutable(usize),
    Link(usize),
    /// Never at the zero id, which git's own check refuses, and which libgit2 takes for a change.
    Submodule(usize, u8),
    FolderForFile(usize),
}

fn path(number: usize) -> Vec<u8> {
    let names = [
        "a",
        "b.txt",
        "src/lib.rs",
        "src/main.rs",
        "src/deep/er/x",
        "docs/é.md",
        "docs/with space",
        "x-y",
        "tests/t.rs",
        "z",
    ];
    names[number % names.len()].as_bytes().to_vec()
}

/// Content that differs from others' by more than half, so that no rename is a tie.
fn content(seed: u8, lines: usize) -> Vec<u8> {
    (0..=lines)
        .map(|line| format!("{seed} {line} {}\n", u64::from(seed) * 7919 + line as u64 * 104_729))
        .collect::<String>()
        .into_bytes()
}

fn apply(files: &mut Files, step: &Step) {
    match step {
        Step::Write(at, seed, lines) => {
            drop(files.insert(path(*at), (FILE, content(*seed, *lines))))
        }
        Step::Remove(at) => drop(files.remove(&path(*at))),
        Step::Rename(from, to) | Step::RenameAndEdit(from, to) => {
            if let Some((mode, mut text)) = files.remove(&path(*from)) {
                if matches!(step, Step::RenameAndEdit(..)) && mode != LINK && mode != SUBMODULE {
                    text.extend_from_slice(b"one more line\n");
                }
                files.insert(path(*to), (mode, text));
            }
        }
        Step::ToggleExecutable(at) => {
            if let Some((mode, _)) = files.get_mut(&path(*at)) {
                *mode = match *mode {
                    FILE => EXECUTABLE,
                    EXECUTABLE => FILE,
                    other => other,
                };
            }
        }
        Step::Link(at) => drop(files.insert(path(*at), (LINK, b"target".to_vec()))),
        Step::Submodule(at, seed) => drop(files.insert(path(*at), (SUBMODULE, vec![*seed; 20]))),
        Step::FolderForFile(at) => {
            if let Some(entry) = files.remove(&path(*at)) {
                files.insert([path(*at), b"/inner".to_vec()].concat(), entry);
            }
        }
    }
    // A path cannot be a file and a folder at once: what stands in the way of another goes.
    let paths: Vec<Vec<u8>> = files.keys().cloned().collect();
    for path in &paths {
        let folder = [path.as_slice(), b"/"].concat();
        if paths.iter().any(|other| other.starts_with(&folder)) {
            files.remove(path);
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..10_usize, any::<u8>(), 3..40_usize).prop_map(|(at, seed, lines)| Step::Write(at, seed, lines)),
        2 => (0..10_usize).prop_map(Step::Remove),
        2 => (0..10_usize, 0..10_usize).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => (0..10_usize, 0..10_usize).prop_map(|(from, to)| Step::RenameAndEdit(from, to)),
        1 => (0..10_usize).prop_map(Step::ToggleExecutable),
        1 => (0..10_usize).prop_map(Step::Link),
        1 => (0..10_usize, 1..=255_u8).prop_map(|(at, seed)| Step::Submodule(at, seed)),
        1 => (0..10_usize).prop_map(Step::FolderForFile),
    ]
}

/// A history: what was there, what the head did in commits, what the base did meanwhile, and whether the head merged it.
fn history() -> impl Strategy<Value = (Vec<Step>, Vec<Vec<Step>>, Vec<Step>, bool)> {
    let steps = || proptest::collection::vec(step(), 1..6);
    (steps(), proptest::collection::vec(steps(), 1..4), steps(), any::<bool>())
}

fn build((start, head, meanwhile, merges): &(Vec<Step>, Vec<Vec<Step>>, Vec<Step>, bool)) -> Repo {
    let repo = Repo::new();
    let mut files = Files::new();
    files.insert(b"README".to_vec(), (FILE, b"read me\n".to_vec()));
    start.iter().for_each(|step| apply(&mut files, step));
    let fork = repo.commit("main", &files, &[]);
    let mut on_main = files.clone();
    meanwhile.iter().for_each(|step| apply(&mut on_main, step));
    let main = repo.commit("main", &on_main, &[fork]);
    let mut tip: Oid = fork;
    for (number, commit) in head.iter().enumerate() {
        commit.iter().for_each(|step| apply(&mut files, step));
        let parents = if *merges && number == 0 { vec![tip, main] } else { vec![tip] };
        tip = repo.commit("head", &files, &parents);
    }
    repo
}

/// One line of what git prints: the modes, the status, and the paths.
type Line = (u32, u32, char, Vec<String>);

/// What `git diff --raw` prints; `None` where there is no git.
fn of_git(repo: &Repo, merge_base: &str) -> BTreeSet<Line> {
    let output = Command::new("git")
        .current_dir(repo.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", repo.path())
        .args(["diff", "--raw", "-z", "-M", "--no-abbrev", merge_base, "refs/heads/head"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut fields = text.split('\0');
    let mut lines = BTreeSet::new();
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let parts: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let mode = |text: &str| u32::from_str_radix(text, 8).unwrap();
        let status = parts[4].chars().next().unwrap();
        let count = if status == 'R' { 2 } else { 1 };
        let paths = (0..count).map(|_| fields.next().unwrap().to_owned()).collect();
        lines.insert((mode(parts[0]), mode(parts[1]), status, paths));
    }
    lines
}

fn ours(change: &Change) -> Line {
    let status = match change.status {
        Status::Added => 'A',
        Status::Deleted => 'D',
        Status::Modified => 'M',
        Status::Renamed => 'R',
        Status::Typechange => 'T',
        other => panic!("{other:?}"),
    };
    (change.old_mode, change.new_mode, status, change.paths().map(str::to_owned).collect())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn the_change_set_is_what_git_prints() {
    let there = Command::new("git")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        eprintln!("\n*** SKIPPED: the comparison with git, which is not installed\n");
        return;
    }
    let mut runner =
        TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    runner
        .run(&history(), |history| {
            let repo = build(&history);
            let set = repo.changes().unwrap();
            let ours: BTreeSet<Line> = set.changes().iter().map(ours).collect();
            prop_assert_eq!(ours, of_git(&repo, set.merge_base_sha()));
            Ok(())
        })
        .unwrap();
}
