//! A gate in a temporary folder, a git repository beside it, and the binary to run on them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use axtary::actionpass::{Json, Object};
use git2::{IndexEntry, IndexTime, Oid, Repository, Signature, Time};
use tempfile::TempDir;

/// A folder with a gate as `axtary init` makes it, and a clone `web-app` of `company/web-app`.
pub(crate) struct Gate {
    folder: TempDir,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let gate = Self::empty();
        gate.run(&["init"]).code(0);
        let repository = Repository::init(gate.path("web-app")).unwrap();
        repository.remote("origin", "git@github.com:company/web-app.git").unwrap();
        let main = commit(&repository, "main", None, &["src/login.rs", "tests/login.rs"]);
        for (branch, files) in [
            ("agent/fix", ["src/login.rs", "tests/login.rs"].as_slice()),
            ("agent/leak", &["src/login.rs", "web/.env.local"]),
            ("agent/deploy", &["deploy/production.yaml", "tests/deploy.rs"]),
        ] {
            commit(&repository, branch, Some(main), files);
        }
        gate
    }

    /// A gate that permitted once, denied once and stepped up once.
    pub(crate) fn after_three_decisions() -> Self {
        let gate = Self::new();
        gate.permit();
        gate.check("agent/leak", &[]).code(3);
        gate.check("agent/deploy", &[]).code(4);
        gate
    }

    /// A folder without a gate.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Changes a file, in which `from` stands.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{from:?} is not in {name}:\n{text}");
        self.write(name, &text.replacen(from, to, 1));
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open(self.path("web-app")).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(command(self.folder.path()).args(arguments))
    }

    /// Lets the pull request of a branch through the gate.
    pub(crate) fn check(&self, head: &str, more: &[&str]) -> Ran {
        let call = [
            "check",
            "github.pull_requests.create",
            "--repo=web-app",
            "--base=main",
            "--head",
            head,
            "--title=Fix the login redirect",
            "--agent=codex-prod",
            "--owner=alice@example.com",
            "--task=AXT-418",
        ];
        self.run(&[&call, more].concat())
    }

    /// Gets a pass for the branch `agent/fix`, with its payload and facts in files.
    pub(crate) fn permit(&self) {
        let files = ["--pass-out=pass.jws", "--payload-out=payload.json", "--facts-out=facts.json"];
        self.check("agent/fix", &files).code(0);
    }

    /// Verifies that pass.
    pub(crate) fn verify(&self, more: &[&str]) -> Ran {
        let call = ["verify", "pass.jws", "--payload=payload.json", "--facts=facts.json"];
        self.run(&[&call, THE_CALL.as_slice(), more].concat())
    }
}

pub(crate) const THE_CALL: [&str; 2] =
    ["--tool=github.pull_requests.create", "--resource=repo:company/web-app"];

/// The binary, in a folder.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axtary"));
    command.current_dir(folder);
    command
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    code: Option<i32>,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
            code: status.code(),
        }
    }

    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard output, which holds one JSON object on one line.
    #[track_caller]
    pub(crate) fn json(&self) -> Object {
        assert_eq!(self.out.lines().count(), 1, "{self:#?}");
        match Json::parse(self.out.trim_end().as_bytes()).unwrap() {
            Json::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }
}

/// A member of an object that is a string.
#[track_caller]
pub(crate) fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Json::as_str).unwrap_or_else(|| panic!("no {name} in {object:?}"))
}

/// An object as humans read it, without what differs from run to run.
pub(crate) fn pretty(object: &Object) -> String {
    steady(&serde_json::to_string_pretty(object).unwrap())
}

/// Replaces what differs from run to run by its name: hashes, ids, times.
pub(crate) fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || "_-.:".contains(character) {
            word.push(character);
        } else {
            out.push_str(name_of(&word));
            word.clear();
            out.push(character);
        }
    }
    if let Some((before, after)) = out.split_once("\"expires_in\": \"")
        && let Some((_, after)) = after.split_once('"')
    {
        out = format!("{before}\"expires_in\": \"SOON\"{after}");
    }
    out.trim_end().to_owned()
}

fn name_of(word: &str) -> &str {
    if word.starts_with("sha256:") {
        "SHA256"
    } else if word.starts_with("ap_") && word.len() == 29 {
        "AP_ID"
    } else if word.len() == 24 && word.ends_with('Z') {
        "TIME"
    } else if word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "COMMIT"
    } else {
        word
    }
}

/// Commits new contents of `files` to `branch`, upon `parent`.
pub(crate) fn commit(
    repository: &Repository,
    branch: &str,
    parent: Option<Oid>,
    files: &[&str],
) -> Oid {
    let parent = parent.map(|parent| repository.find_commit(parent).unwrap());
    let mut index = git2::Index::new().unwrap();
    if let Some(parent) = &parent {
        index.read_tree(&parent.tree().unwrap()).unwrap();
    }
    for file in files {
        let id = repository.blob(format!("{file} of {branch}\n").as_bytes()).unwrap();
        index.add(&entry(file, id)).unwrap();
    }
    let tree = index.write_tree_to(repository).unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let author =
        Signature::new("Codex", "codex@example.com", &Time::new(1_785_240_000, 0)).unwrap();
    let parents: Vec<_> = parent.iter().collect();
    let reference = format!("refs/heads/{branch}");
    repository.commit(Some(&reference), &author, &author, "work", &tree, &parents).unwrap()
}

fn entry(path: &str, id: Oid) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}
