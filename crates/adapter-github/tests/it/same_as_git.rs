//! On real histories, the change set is the one that git itself prints.

use std::{
    cell::Cell,
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
    ChangeCase(usize),
    ToggleExecutable(usize),
    Link(usize, u8),
    LinkElsewhere(usize),
    /// Never at the zero id, which git's own check refuses, and which libgit2 takes for a change.
    Submodule(usize, u8),
    FolderForFile(usize),
}

fn path(number: usize) -> Vec<u8> {
    let names: [&[u8]; 12] = [
        b"a",
        b"b.txt",
        b"src/lib.rs",
        b"src/main.rs",
        b"src/deep/er/x",
        "docs/é.md".as_bytes(),
        b"docs/with space",
        b"x-y",
        b"tests/t.rs",
        b"z",
        b"new\nline",
        b"docs/caf\xe9",
    ];
    names[number % names.len()].to_vec()
}

/// Whether git prints a path that is refused here: one that is not UTF-8, or that holds a line break.
fn is_refused(path: &[u8]) -> bool {
    std::str::from_utf8(path).map_or(true, |path| path.contains('\n'))
}

/// Content that has its first lines in common with all of the same seed, so that there are similar files, and ties.
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
        Step::ChangeCase(at) => {
            let mut path = path(*at);
            if let Some(entry) = files.remove(&path) {
                let name = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                path[name..].make_ascii_uppercase();
                files.insert(path, entry);
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
        Step::Link(at, to) => {
            drop(files.insert(path(*at), (LINK, format!("target-{to}").into_bytes())))
        }
        Step::LinkElsewhere(at) => {
            if let Some((LINK, target)) = files.get_mut(&path(*at)) {
                target.extend_from_slice(b"-moved");
            }
        }
        Step::Submodule(at, seed) => drop(files.insert(path(*at), (SUBMODULE, vec![*seed; 20]))),
        Step::FolderForFile(at) => {
            if let Some(entry) = files.remove(&path(*at)) {
                files.insert([path(*at), b"/inner".to_vec()].concat(), entry);
            }
        }
    }
    // A path cannot be a file and a folder at once, nor stand there in two cases: what is in the way of another goes.
    let paths: Vec<Vec<u8>> = files.keys().cloned().collect();
    for path in &paths {
        let key = path.to_ascii_lowercase();
        let folder = [key.as_slice(), b"/"].concat();
        let is_in_the_way_of = |other: &Vec<u8>| {
            let other_key = other.to_ascii_lowercase();
            other_key.starts_with(&folder) || (other_key == key && other > path)
        };
        if paths.iter().any(is_in_the_way_of) {
            files.remove(path);
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..10_usize, 0..6_u8, 1..40_usize).prop_map(|(at, seed, lines)| Step::Write(at, seed, lines)),
        2 => (0..10_usize).prop_map(Step::Remove),
        2 => (0..10_usize, 0..10_usize).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => (0..10_usize, 0..10_usize).prop_map(|(from, to)| Step::RenameAndEdit(from, to)),
        1 => (0..10_usize).prop_map(Step::ChangeCase),
        1 => (0..10_usize).prop_map(Step::ToggleExecutable),
        1 => (0..10_usize, 0..2_u8).prop_map(|(at, to)| Step::Link(at, to)),
        1 => (0..10_usize).prop_map(Step::LinkElsewhere),
        1 => (0..10_usize, 1..=255_u8).prop_map(|(at, seed)| Step::Submodule(at, seed)),
        1 => (0..10_usize).prop_map(Step::FolderForFile),
    ]
}

/// How the two branches met again after they parted.
#[derive(Clone, Copy, Debug)]
enum Meeting {
    Never,
    HeadMergesBase,
    BaseMergesHead,
    /// Each merges what the other was: there are two merge bases then.
    BothMerge,
    /// The head merges the base and a third branch at once.
    Octopus,
    /// The base begins anew, with nothing before it.
    Unrelated,
}

#[derive(Clone, Debug)]
struct History {
    start: Vec<Step>,
    /// What the head did, commit by commit.
    head: Vec<Vec<Step>>,
    /// What the base did meanwhile.
    base: Vec<Step>,
    meeting: Meeting,
}

fn history() -> impl Strategy<Value = History> {
    let steps = || proptest::collection::vec(step(), 1..16);
    let meeting = prop_oneof![
        4 => Just(Meeting::Never),
        2 => Just(Meeting::HeadMergesBase),
        1 => Just(Meeting::BaseMergesHead),
        1 => Just(Meeting::BothMerge),
        1 => Just(Meeting::Octopus),
        1 => Just(Meeting::Unrelated),
    ];
    let refused =
        proptest::option::weighted(0.1, (10..12_usize).prop_map(|at| Step::Write(at, 0, 3)));
    (steps(), proptest::collection::vec(steps(), 1..4), refused, steps(), meeting).prop_map(
        |(start, mut head, refused, base, meeting)| {
            head.extend(refused.map(|step| vec![step]));
            History { start, head, base, meeting }
        },
    )
}

fn build(repo: &Repo, history: &History) {
    let mut files = Files::new();
    files.insert(b"README".to_vec(), (FILE, b"read me\n".to_vec()));
    history.start.iter().for_each(|step| apply(&mut files, step));
    let fork = repo.commit("main", &files, &[]);
    let mut on_base = files.clone();
    history.base.iter().for_each(|step| apply(&mut on_base, step));
    let is_apart = matches!(history.meeting, Meeting::Unrelated);
    let before: &[Oid] = if is_apart { &[] } else { &[fork] };
    let base = repo.commit("main", &on_base, before);
    let mut tip = fork;
    for (number, commit) in history.head.iter().enumerate() {
        commit.iter().for_each(|step| apply(&mut files, step));
        tip = repo.commit("head", &files, &[tip]);
        if number == 0 {
            let first = tip;
            if let Meeting::HeadMergesBase | Meeting::BothMerge = history.meeting {
                tip = repo.commit("head", &files, &[first, base]);
            }
            if let Meeting::Octopus = history.meeting {
                let third = repo.commit("third", &on_base, &[fork]);
                tip = repo.commit("head", &files, &[first, base, third]);
            }
            if let Meeting::BaseMergesHead | Meeting::BothMerge = history.meeting {
                repo.commit("main", &on_base, &[base, first]);
            }
        }
    }
}

/// What git says of a change: the modes, the status, the paths, and, of files, the lines added and removed.
type Line = (u32, u32, char, Vec<Vec<u8>>, Option<(String, String)>);

/// Runs git, with no configuration but its own defaults; what it prints, and whether it succeeded.
fn git(repo: &Repo, arguments: &[&str]) -> (Vec<u8>, bool) {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            git.env_remove(name);
        }
    }
    let output = git
        .current_dir(repo.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", repo.path().join("none"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.stdout, output.status.success())
}

fn text_of_git(repo: &Repo, arguments: &[&str]) -> String {
    let (bytes, success) = git(repo, arguments);
    assert!(success, "git {arguments:?}");
    String::from_utf8(bytes).unwrap()
}

/// What `git diff --raw --numstat` prints.
fn of_git(repo: &Repo, merge_base: &str) -> BTreeSet<Line> {
    let (printed, _) = git(
        repo,
        &["diff", "--raw", "--numstat", "-z", "-M", "--no-abbrev", merge_base, "refs/heads/head"],
    );
    let mut fields = printed.split(|byte| *byte == 0).peekable();
    let mut lines = Vec::new();
    while let Some(head) = fields.next_if(|field| field.starts_with(b":")) {
        let head = std::str::from_utf8(head).unwrap();
        let parts: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let mode = |text: &str| u32::from_str_radix(text, 8).unwrap();
        let status = parts[4].chars().next().unwrap();
        let count = if status == 'R' { 2 } else { 1 };
        let paths: Vec<Vec<u8>> = (0..count).map(|_| fields.next().unwrap().to_vec()).collect();
        lines.push((mode(parts[0]), mode(parts[1]), status, paths));
    }
    let with_counts = |(old, new, status, paths): (u32, u32, char, Vec<Vec<u8>>)| {
        let counts = fields.next().unwrap();
        let [added, removed, path] =
            counts.splitn(3, |byte| *byte == b'\t').collect::<Vec<_>>()[..]
        else {
            panic!("{counts:?}");
        };
        if path.is_empty() {
            assert_eq!(paths, [fields.next().unwrap(), fields.next().unwrap()]);
        } else {
            assert_eq!(paths, [path]);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let counts = (text(added), text(removed));
        let counts = (has_lines(old) && has_lines(new)).then_some(counts);
        (old, new, status, paths, counts)
    };
    lines.into_iter().map(with_counts).collect()
}

/// Git counts a line for a link and for a submodule too; we count those of files.
fn has_lines(mode: u32) -> bool {
    mode == 0 || mode & 0o170_000 == 0o100_000
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
    let paths = change.paths().map(|path| path.as_bytes().to_vec()).collect();
    let count = |lines: Option<usize>| lines.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let counts = (has_lines(change.old_mode) && has_lines(change.new_mode))
        .then(|| (count(change.lines_added), count(change.lines_removed)));
    (change.old_mode, change.new_mode, status, paths, counts)
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
        TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    // One repository for all of them: a history replaces the branches of the one before it.
    let repo = Repo::new();
    // Those that are refused, as they must be, are not compared.
    let compared = Cell::new(0);
    runner
        .run(&history(), |history| {
            build(&repo, &history);
            let (nearest, is_related) = git(&repo, &["merge-base", "--all", "main", "head"]);
            let nearest = String::from_utf8(nearest).unwrap();
            if !is_related {
                prop_assert_eq!(repo.changes().unwrap_err().code(), "github.unrelated");
                return Ok(());
            }
            if nearest.lines().count() > 1 {
                prop_assert_eq!(repo.changes().unwrap_err().code(), "github.several_merge_bases");
                return Ok(());
            }
            let theirs = of_git(&repo, nearest.trim_end());
            if theirs.iter().any(|(.., paths, _)| paths.iter().any(|path| is_refused(path))) {
                prop_assert_eq!(repo.changes().unwrap_err().code(), "github.path");
                return Ok(());
            }
            let set = repo.changes().unwrap();
            prop_assert_eq!(set.merge_base_sha(), nearest.trim_end());
            let ours: BTreeSet<Line> = set.changes().iter().map(ours).collect();
            prop_assert_eq!(ours, theirs);
            let commits = text_of_git(&repo, &["rev-list", "--count", "main..head"]);
            let action = crate::what_is_sent::normalized(&set).unwrap();
            let counted = action.facts().get("commits").unwrap().to_string();
            prop_assert_eq!(counted, commits.trim_end());
            compared.set(compared.get() + 1);
            Ok(())
        })
        .unwrap();
    assert!(compared.get() >= 300, "only {} histories were compared", compared.get());
}
