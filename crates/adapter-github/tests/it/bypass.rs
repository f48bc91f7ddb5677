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
}

use Expected::{Blocked, Production, Refused};

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
    ("a link with bytes that are not UTF-8", &[(b"docs/x", LINK, b"\xff")], Refused("github.path")),
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

fn base() -> Files {
    files(&[("plain", "plain\n"), (".github/workflows/release.yml", &"step\n".repeat(30))])
}

#[test]
fn no_trick_slips_by() {
    for (trick, entries, expected) in ROWS {
        let mut head = base();
        for (path, mode, content) in *entries {
            if path.starts_with(b".github") {
                head.remove(b".github/workflows/release.yml".as_slice());
            }
            head.insert(path.to_vec(), (*mode, content.to_vec()));
        }
        let action = Repo::with(&base(), &head).action();
        match expected {
            Refused(code) => assert_eq!(action.expect_err(trick).code(), *code, "{trick}"),
            Blocked(pattern) => {
                let action = action.unwrap_or_else(|error| panic!("{trick}: {error}"));
                let violation = violation(action.facts(), "blocked_paths", vec![*pattern]);
                assert!(violation.contains("blocked_paths blocks"), "{trick}: {violation:?}");
            }
            Production(category) => {
                let action = action.unwrap_or_else(|error| panic!("{trick}: {error}"));
                let categories = action.facts().get("production_categories").unwrap().to_string();
                assert!(categories.contains(category), "{trick}: {categories}");
                assert_ne!(violation(action.facts(), "touches_production", false), "", "{trick}");
            }
        }
    }
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
}
