//! Tricks by which a change might slip past a rule, one row each: what was done, and what must come of it.

use crate::kit::{EXECUTABLE, FILE, Files, LINK, Repo, SUBMODULE, files, violation};

/// What must come of a trick.
enum Expected {
    /// The call cannot be normalized, for this reason.
    Refused(&'static str),
    /// This constraint, with these patterns, stops it.
    Blocked(&'static str),
    /// It touches production, in this category.
    Production(&'static str),
    /// This fact says so, and the constraint of the same name can forbid it.
    Shown(&'static str),
    /// It is no test, whatever it looks like.
    NoTest,
    /// It is no trick: the call goes through, and the path is what it is.
    Taken,
}

use Expected::{Blocked, NoTest, Production, Refused, Shown, Taken};

/// The head has these entries beside an ordinary file.
type Row = (&'static str, &'static [(&'static [u8], i32, &'static [u8])], Expected);

const ROWS: &[Row] = &[
    ("a secret in a folder", &[(b"web/.env.local", FILE, b"x")], Blocked(".env*")),
    ("a secret at the root", &[(b".env", FILE, b"x")], Blocked(".env*")),
    ("a secret below a folder of that name", &[(b".env/production", FILE, b"x")], Blocked(".env*")),
    (
        "a workflow in another case",
        &[(b".GitHub/Workflows/x.yml", FILE, b"x")],
        Blocked(".github/workflows/**"),
    ),
    (
        "the folder itself as a link",
        &[(b".github/workflows", LINK, b"../docs")],
        Blocked(".github/workflows/**"),
    ),
    (
        "a trailing dot",
        &[(b".github./workflows/x.yml", FILE, b"x")],
        Blocked(".github/workflows/**"),
    ),
    (
        "a trailing space",
        &[(b".github /workflows/x.yml", FILE, b"x")],
        Blocked(".github/workflows/**"),
    ),
    (
        "an NTFS stream",
        &[(b".github::$INDEX_ALLOCATION/workflows/x.yml", FILE, b"x")],
        Blocked(".github/workflows/**"),
    ),
    (
        "full-width letters",
        &[(".\u{ff47}ithub/workflows/x.yml".as_bytes(), FILE, b"x")],
        Blocked(".github/workflows/**"),
    ),
    ("a file where a folder was expected", &[(b"infra", FILE, b"x")], Blocked("infra/**")),
    ("an executable bit alone", &[(b"plain", EXECUTABLE, b"plain\n")], Blocked("plain")),
    ("owners in another case", &[(b"docs/codeowners", FILE, b"* @agent")], Production("ownership")),
    (
        "attributes in a folder",
        &[(b"sub/.gitattributes", FILE, b"* -diff")],
        Production("ownership"),
    ),
    ("a list of submodules", &[(b".gitmodules", FILE, b"[submodule]")], Production("ownership")),
    ("a package script", &[(b"web/package.json", FILE, b"{}")], Production("dependencies")),
    (
        "a build script",
        &[(b"crates/x/build.rs", FILE, b"fn main() {}")],
        Production("dependencies"),
    ),
    ("the agent's own rules", &[(b"axtary.yml", FILE, b"version: 1")], Production("agent_config")),
    (
        "the agent's own settings",
        &[(b".claude/settings.json", FILE, b"{}")],
        Production("agent_config"),
    ),
    (
        "tests that are left out by their settings",
        &[(b"web/Jest.config.js", FILE, b"x")],
        Shown("test_harness_changed"),
    ),
    (
        "tests that are left out by a hook",
        &[(b"tests/conftest.py", FILE, b"x")],
        Shown("test_harness_changed"),
    ),
    ("a key", &[(b"certs/server.KEY", FILE, b"x")], Production("secrets")),
    (
        "git's own folder",
        &[(b".git/hooks/post-checkout", EXECUTABLE, b"x")],
        Refused("github.path"),
    ),
    ("git's own folder, further down", &[(b"sub/.git/config", FILE, b"x")], Refused("github.path")),
    ("git's own folder in capitals", &[(b".GIT/config", FILE, b"x")], Refused("github.path")),
    (
        "git's own folder by its short name",
        &[(b"GIT~1/config", FILE, b"x")],
        Refused("github.path"),
    ),
    (
        "git's own folder with an unseen character",
        &[(".g\u{200c}it/config".as_bytes(), FILE, b"x")],
        Refused("github.path"),
    ),
    ("a folder above", &[(b"../outside", FILE, b"x")], Refused("github.path")),
    ("a backslash", &[(b".github\\workflows\\x.yml", FILE, b"x")], Refused("github.path")),
    ("a newline in a name", &[(b"a\nb", FILE, b"x")], Refused("github.path")),
    ("an escape sequence in a name", &[(b"\x1b[2Ja", FILE, b"x")], Refused("github.path")),
    ("a reversed name", &[("a\u{202e}gnp.js".as_bytes(), FILE, b"x")], Refused("github.path")),
    ("bytes that are not UTF-8", &[(b"a\xff", FILE, b"x")], Refused("github.path")),
    (
        "a link out of the repository",
        &[(b"docs/x", LINK, b"../../etc/passwd")],
        Refused("github.symlink_escapes"),
    ),
    ("an absolute link", &[(b"docs/x", LINK, b"/etc/passwd")], Refused("github.symlink_escapes")),
    (
        "a link with bytes that are not UTF-8",
        &[(b"docs/x", LINK, b"\xff")],
        Refused("github.symlink_escapes"),
    ),
    (
        "a link into git's own folder",
        &[(b"docs/x", LINK, b"../.git/hooks")],
        Refused("github.symlink_escapes"),
    ),
    (
        "a link that climbs by way of another link",
        &[(b"here", LINK, b"."), (b"docs/x", LINK, b"here/../../x")],
        Refused("github.symlink_escapes"),
    ),
    (
        "a link that is a folder in another case",
        &[(b"A", LINK, b"plain"), (b"a/post-checkout", EXECUTABLE, b"x")],
        Refused("github.ambiguous_paths"),
    ),
    (
        "a name beside one that is there and is not touched",
        &[(b"PLAIN", FILE, b"x")],
        Refused("github.ambiguous_paths"),
    ),
    (
        "a folder beside one that is there and is not touched",
        &[(b"DOCS/new.md", FILE, b"x")],
        Refused("github.ambiguous_paths"),
    ),
    ("the short name of a secret", &[(b"web/ENV~1.LOC", FILE, b"x")], Refused("github.path")),
    ("the short name of the submodules", &[(b"GITMOD~1", FILE, b"x")], Refused("github.path")),
    ("a hashed short name", &[(b"GI7EBA~1", FILE, b"x")], Refused("github.path")),
    (
        "a submodule whose name ends in a return",
        &[(b"lib\r", SUBMODULE, &[7; 20])],
        Refused("github.path"),
    ),
    (
        "a letter that looks like another",
        &[("p\u{430}yments/x.rs".as_bytes(), FILE, b"x")],
        Shown("paths_confusable"),
    ),
    (
        "content that is elsewhere",
        &[(
            b"model.bin",
            FILE,
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        )],
        Shown("lfs_changed"),
    ),
    (
        "another server for such content",
        &[(b".lfsconfig", FILE, b"[lfs]")],
        Production("ownership"),
    ),
    ("owners at the root", &[(b"CODEOWNERS", FILE, b"* @agent")], Production("ownership")),
    (
        "owners in GitHub's folder",
        &[(b".github/CODEOWNERS", FILE, b"* @agent")],
        Production("ownership"),
    ),
    ("a test that is a link", &[(b"tests/x.rs", LINK, b"../plain")], NoTest),
    ("a test that is a submodule", &[(b"tests/x.rs", SUBMODULE, &[7; 20])], NoTest),
    ("a place holder with a line in it", &[(b"tests/.gitkeep", FILE, b"kept\n")], NoTest),
    (
        "a test of lines that show nothing",
        &[(b"tests/x.rs", FILE, "\u{a0}\n\u{200b}\n".as_bytes())],
        NoTest,
    ),
    ("a test in other letters", &[("te\u{ff53}ts/x.rs".as_bytes(), FILE, b"x")], NoTest),
    ("an escape that only addresses know", &[(b"docs/%2e%2e/x", FILE, b"x")], Taken),
    ("a name with a colon", &[(b"docs/a:b", FILE, b"x")], Taken),
    (
        "two names that are one file",
        &[(b"src/a.rs", FILE, b"1"), (b"src/A.rs", FILE, b"2")],
        Refused("github.ambiguous_paths"),
    ),
    (
        "two spellings of one letter",
        &[("caf\u{e9}".as_bytes(), FILE, b"1"), ("cafe\u{301}".as_bytes(), FILE, b"2")],
        Refused("github.ambiguous_paths"),
    ),
];

#[test]
fn no_trick_slips_by() {
    let base = files(&[("plain", "plain\n"), ("docs/index.md", "docs\n")]);
    for (trick, entries, expected) in ROWS {
        let mut head = base.clone();
        for (path, mode, content) in *entries {
            head.insert(path.to_vec(), (*mode, content.to_vec()));
        }
        let action = Repo::with(&base, &head).action();
        if let Refused(code) = expected {
            assert_eq!(action.expect_err(trick).code(), *code, "{trick}");
            continue;
        }
        let action = action.unwrap_or_else(|error| panic!("{trick}: {error}"));
        let fact = |name: &str| action.facts().get(name).unwrap().to_string();
        match expected {
            Refused(_) => {}
            Blocked(pattern) => {
                let violation = violation(action.facts(), "blocked_paths", vec![*pattern]);
                assert!(violation.contains("blocked_paths blocks"), "{trick}: {violation:?}");
            }
            Production(category) => {
                assert!(fact("production_categories").contains(category), "{trick}");
                assert_ne!(violation(action.facts(), "touches_production", false), "", "{trick}");
            }
            Shown(name) => {
                assert_eq!(fact(name), "true", "{trick}");
                assert_ne!(violation(action.facts(), name, false), "", "{trick}");
            }
            NoTest => assert_ne!(violation(action.facts(), "requires_tests", true), "", "{trick}"),
            Taken => {
                let paths = entries.iter().map(|(path, _, _)| std::str::from_utf8(path).unwrap());
                let paths = axtary_actionpass::Json::from(paths.collect::<Vec<_>>());
                assert_eq!(action.facts().get("paths"), Some(&paths), "{trick}");
            }
        }
    }
}

fn base() -> Files {
    files(&[("plain", "plain\n"), (".github/workflows/release.yml", &"step\n".repeat(30))])
}

#[test]
fn a_rename_out_of_a_blocked_folder_is_stopped_by_its_old_name() {
    let mut head = base();
    let content = head.remove(b".github/workflows/release.yml".as_slice()).unwrap();
    head.insert(b"docs/old.txt".to_vec(), content);
    let facts = Repo::with(&base(), &head).facts();
    assert_eq!(facts.get("renames"), Some(&1.into()));
    assert_eq!(
        violation(&facts, "blocked_paths", vec![".github/workflows/**"]),
        "`paths` holds `.github/workflows/release.yml`, which blocked_paths blocks"
    );
    assert_ne!(
        violation(&facts, "allowed_paths", vec!["docs/**"]),
        "",
        "both names must be allowed"
    );
}

#[test]
fn a_rename_that_corrects_case_is_allowed_and_shows_both_names() {
    let mut head = base();
    let content = head.remove(b"plain".as_slice()).unwrap();
    head.insert(b"Plain".to_vec(), content);
    let facts = Repo::with(&base(), &head).facts();
    assert_eq!(facts.get("paths"), Some(&vec!["Plain", "plain"].into()));
}

#[test]
fn links_and_submodules_can_be_limited() {
    let mut head = base();
    head.insert(b"docs/link".to_vec(), (LINK, b"../plain".to_vec()));
    head.insert(b"vendor/lib".to_vec(), (SUBMODULE, vec![3; 20]));
    let facts = Repo::with(&base(), &head).facts();
    assert_ne!(violation(&facts, "symlinks_within", vec!["assets/**"]), "");
    assert_eq!(violation(&facts, "symlinks_within", vec!["docs/**"]), "");
    assert_eq!(facts.get("submodules"), Some(&vec!["vendor/lib"].into()));
    assert_ne!(violation(&facts, "submodules_within", vec!["third_party/**"]), "");
    assert_eq!(violation(&facts, "submodules_within", vec!["vendor/**"]), "");
}

#[test]
fn lines_cannot_be_hidden_by_making_a_file_binary() {
    let mut head = base();
    head.insert(b"plain".to_vec(), (FILE, b"plain\n\0\nmuch more\n".to_vec()));
    let facts = Repo::with(&base(), &head).facts();
    assert_eq!(violation(&facts, "max_lines_changed", 0), "", "a binary file has no lines");
    assert_ne!(violation(&facts, "max_binary_files", 0), "");
}

#[test]
fn a_file_that_becomes_a_folder_and_the_reverse_show_both_names() {
    let as_file = files(&[("plain", "plain\n"), ("infra", "x\n")]);
    let as_folder = files(&[("plain", "plain\n"), ("infra/main.rs", "unlike\n")]);
    for (before, after) in [(&as_file, &as_folder), (&as_folder, &as_file)] {
        let facts = Repo::with(before, after).facts();
        assert_eq!(facts.get("paths"), Some(&vec!["infra", "infra/main.rs"].into()));
        assert_ne!(violation(&facts, "blocked_paths", vec!["infra/**"]), "");
    }
}

#[test]
fn a_mode_that_git_does_not_write_is_refused() {
    for mode in [0o100_640, 0o100_777, 0o120_777, 0o160_755, 0o060_000, 0o177_777, 0] {
        let mut odd = base();
        odd.insert(b"odd".to_vec(), (mode, b"plain".to_vec()));
        for repo in [Repo::with(&base(), &odd), Repo::with(&odd, &base())] {
            assert_eq!(repo.changes().unwrap_err().code(), "github.path", "{mode:o}");
        }
    }
    let mut old = base();
    old.insert(b"odd".to_vec(), (0o100_664, b"x\n".to_vec()));
    assert_eq!(Repo::with(&base(), &old).changes().unwrap().changes()[0].new_mode, 0o100_644);
}
