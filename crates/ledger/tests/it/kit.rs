//! A folder with a ledger in it, and a second process.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use axtary_actionpass::{LedgerHash, Object, PassId, Record, RecordKind, Timestamp};
use axtary_ledger::{Durability, FileLedger, Options};
use tempfile::TempDir;

pub(crate) fn record(number: i32) -> Record {
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let body = Object::new().with("number", number).with("text", "zażółć, {[\"gęślą\"]}");
    Record::new(RecordKind::Decision, at, &body)
}

/// A folder with room for one ledger.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A scene whose ledger holds `count` records and is closed.
    pub(crate) fn with_records(count: i32) -> Self {
        let scene = Self::new();
        scene.append(count);
        scene
    }

    /// A scene whose ledger holds `count` records, two in each segment, and is closed.
    pub(crate) fn in_segments(count: i32) -> Self {
        let scene = Self::new();
        let ledger = scene.open_in_segments();
        for number in 0..count {
            append(&ledger, number);
        }
        scene
    }

    /// Opens the ledger so that two records fill a segment.
    pub(crate) fn open_in_segments(&self) -> FileLedger {
        let options = Options::from(Durability::Synced).with_segment_bytes(300);
        FileLedger::open(self.path(), options).unwrap()
    }

    /// The path of the closed segment that starts with this record.
    pub(crate) fn closed(&self, first: u64) -> PathBuf {
        self.beside(&format!("{first:020}"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("audit.jsonl.{suffix}"))
    }

    pub(crate) fn open(&self) -> FileLedger {
        FileLedger::open(self.path(), Durability::Synced).unwrap()
    }

    /// Opens the ledger, appends, syncs and closes.
    pub(crate) fn append(&self, count: i32) -> Vec<LedgerHash> {
        let ledger = self.open();
        (0..count).map(|number| append(&ledger, number)).collect()
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    pub(crate) fn write(&self, log: &[u8]) {
        fs::write(self.path(), log).unwrap();
    }

    /// The lines of the log, each with its newline.
    pub(crate) fn lines(&self) -> Vec<Vec<u8>> {
        self.log().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// The names of the files in the folder, without the log's own and the saved state of its tree.
    pub(crate) fn files_beside(&self) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(name).collect();
        names.retain(|name| name != "audit.jsonl" && name != "audit.jsonl.tree");
        names.sort();
        names
    }
}

/// A record about a pass.
pub(crate) fn about(kind: RecordKind, pass: &PassId, text: &str) -> Record {
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    let body = Object::new().with("action_pass_id", pass.as_str()).with("text", text);
    Record::new(kind, at, &body)
}

/// One of many passes.
pub(crate) fn pass(number: usize) -> PassId {
    PassId::new(format!("ap_01K1A2B3C4D5E6F7G8H9J{number:05}")).unwrap()
}

/// Appends a record and waits for it.
pub(crate) fn append(ledger: &FileLedger, number: i32) -> LedgerHash {
    let appended = ledger.append(&record(number)).unwrap();
    ledger.sync(&appended).unwrap();
    appended.hash
}

const CHILD: &str = "AXTARY_LEDGER_TEST_CHILD";

/// Runs the test `name` of this binary in a second process, in which [`in_child`] yields `path`.
pub(crate) fn child(name: &str, path: &Path) -> Command {
    child_under(&[], name, path)
}

/// As [`child`], started by another program: a tracer, a shell that sets limits.
pub(crate) fn child_under(program: &[&str], name: &str, path: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match program {
        [] => Command::new(this),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(this);
            command
        }
    };
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, path);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The path that this process was given, if it is a second one.
pub(crate) fn in_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Whether this program runs here.
pub(crate) fn has(program: &[&str]) -> bool {
    let [first, rest @ ..] = program else { return true };
    let mut command = Command::new(first);
    command.args(rest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Says a line to the first process, at once. The test harness writes to the same pipe, hence the mark.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{MARK}{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What a line of the second process's output says.
pub(crate) fn heard(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)
}

const MARK: &str = "says: ";
