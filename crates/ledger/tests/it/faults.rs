//! The real process on a real file, with system calls that fail and disks that are full: nothing that was acknowledged is lost, nothing
//! more is acknowledged after a failure, and the ledger goes on once the cause is gone.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::Stdio,
};

use axtary_actionpass::{LedgerHash, SigningKey};
use axtary_ledger::{
    CheckpointSigner, Durability, FileLedger, NoteKey, OpenError, Options, WriteError,
    verify_against,
};

use crate::kit::{Scene, append, child_under, has, heard, in_child, record, say};

/// Segments of a few records, and checkpoints, so that every kind of file is written.
fn options() -> Options {
    let key = SigningKey::from_seed(&[3; 32]);
    let log = NoteKey::of_log("ledger.example/axtary", key.verifying_key().clone()).unwrap();
    Options::from(Durability::Synced)
        .with_segment_bytes(600)
        .with_checkpoints(CheckpointSigner::new(log, key))
}

fn open(path: &Path) -> Result<FileLedger, OpenError> {
    FileLedger::open(path, options())
}

/// Appends, and says the hash of each record that was acknowledged, until one is not.
fn append_until_refused(path: &Path, most: i32) {
    let ledger = match open(path) {
        Ok(ledger) => ledger,
        Err(error) => return say(error.code()),
    };
    let keep = |number| -> Result<LedgerHash, WriteError> {
        let appended = ledger.append(&record(number))?;
        ledger.sync(&appended)?;
        Ok(appended.hash)
    };
    for number in 0..most {
        match keep(number) {
            Ok(hash) => say(&hash.to_string()),
            Err(error) => {
                say(error.code());
                assert_eq!(keep(-1).unwrap_err().code(), "ledger.stopped");
                return;
            }
        }
    }
}

/// What the second process was told of: the hashes that were acknowledged, and the code of the error that ended that.
fn run(program: &[&str], name: &str, path: &Path) -> (Vec<LedgerHash>, Option<String>) {
    let mut process = child_under(program, name, path).stderr(Stdio::inherit()).spawn().unwrap();
    let mut output = String::new();
    process.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    let status = process.wait().unwrap();
    assert!(status.success(), "{program:?}: {status}\n{output}");
    let (mut acknowledged, mut refused) = (Vec::new(), None);
    for said in output.lines().filter_map(heard) {
        assert_eq!(refused, None, "nothing is acknowledged behind a failure");
        match LedgerHash::parse(said) {
            Ok(hash) => acknowledged.push(hash),
            Err(_) => refused = Some(said.to_owned()),
        }
    }
    (acknowledged, refused)
}

/// Opens what is left, without faults, and demands that it holds what was acknowledged and can be gone on with.
fn assert_goes_on(scene: &Scene, acknowledged: &[LedgerHash]) {
    let ledger = open(&scene.path()).unwrap();
    let hash = append(&ledger, 99);
    drop(ledger);
    let expected = [acknowledged, &[hash]].concat();
    let verified = verify_against(scene.path(), &expected).unwrap();
    assert_eq!(verified.anchored, verified.records);
}

const RECORDS: i32 = 7;

#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn skip(program: &str) {
    eprintln!("\n*** SKIPPED: this machine does not run `{program}`\n");
}

#[test]
fn whichever_system_call_fails_nothing_acknowledged_is_lost() {
    if let Some(path) = in_child() {
        return append_until_refused(&path, RECORDS);
    }
    // Where strace is not there or may not trace, the fake disk's tests stand alone.
    if !has(&["strace", "-qq", "true"]) {
        return skip("strace");
    }
    let name = "faults::whichever_system_call_fails_nothing_acknowledged_is_lost";
    let everything = ["", "head", "lock", "tree", "tree.new", "checkpoint", "checkpoint.new"];
    let mut refusals = 0;
    for (call, fault, files) in [
        ("fdatasync", "error=EIO", &everything[..]),
        ("fsync", "error=EIO", &everything),
        ("write", "error=ENOSPC", &everything),
        ("write", "error=EIO", &everything),
        // Says that three bytes were written, and writes none.
        ("write", "retval=3", &[""]),
        ("ftruncate", "error=EIO", &everything),
        ("rename,renameat,renameat2", "error=EACCES", &everything),
    ] {
        for when in 1.. {
            let scene = Scene::new();
            let mut acknowledged = append_three(&scene);
            let inject = format!("inject={call}:{fault}:when={when}");
            let mut program = vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", &*inject];
            let path =
                |file: &&str| if file.is_empty() { scene.path() } else { scene.beside(file) };
            let files: Vec<_> = files.iter().map(|file| path(file).display().to_string()).collect();
            files.iter().for_each(|file| program.extend(["-P", file]));
            let (more, refused) = run(&program, name, &scene.path());
            let whole = more.len() == usize::try_from(RECORDS).unwrap();
            acknowledged.extend(more);
            assert_goes_on(&scene, &acknowledged);
            refusals += usize::from(refused.is_some());
            // A fault may also be met in closing, where nobody waits for an answer any more.
            if refused.is_none() && when > 30 {
                assert!(whole);
                break;
            }
        }
    }
    assert!(refusals > 20, "the faults are met: {refusals}");
}

/// A ledger of three records, closed.
fn append_three(scene: &Scene) -> Vec<LedgerHash> {
    let ledger = open(&scene.path()).unwrap();
    (0..3).map(|number| append(&ledger, number)).collect()
}

#[test]
fn a_file_that_may_not_grow_is_unavailable_and_holds_no_half_record() {
    if let Some(path) = in_child() {
        let ledger = FileLedger::open(&path, Durability::Synced).unwrap();
        for number in 0.. {
            let appended = match ledger.append(&record(number)) {
                Ok(appended) => appended,
                Err(error) => return say(error.code()),
            };
            ledger.sync(&appended).unwrap();
            say(&appended.hash.to_string());
        }
    }
    let name = "faults::a_file_that_may_not_grow_is_unavailable_and_holds_no_half_record";
    let scene = Scene::new();
    // In units of 1,024 bytes; the signal that would end the process is ignored, so that writing fails.
    let limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""];
    let (acknowledged, refused) = run(&limited, name, &scene.path());
    assert_eq!(refused.as_deref(), Some("ledger.io"));
    assert!(acknowledged.len() > 10);
    assert!(scene.log().ends_with(b"\n"), "half a record was left");
    let verified = verify_against(scene.path(), &acknowledged).unwrap();
    assert_eq!(verified.anchored, verified.records);
    let hash = append(&scene.open(), 99);
    verify_against(scene.path(), &[&*acknowledged, &[hash]].concat()).unwrap();
}

#[test]
fn a_full_disk_is_unavailable_and_the_ledger_goes_on_once_there_is_room() {
    if let Some(path) = in_child() {
        return fill_the_disk(&path);
    }
    let scene = Scene::new();
    let mount =
        "mount -t tmpfs -o size=128k tmpfs \"$AXTARY_LEDGER_TEST_DISK\" && exec \"$0\" \"$@\"";
    let program = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount];
    if !has(&["unshare", "--user", "--map-root-user", "--mount", "true"]) {
        return skip("unshare");
    }
    let name = "faults::a_full_disk_is_unavailable_and_the_ledger_goes_on_once_there_is_room";
    let mut process = child_under(&program, name, &scene.path());
    let process = process.env("AXTARY_LEDGER_TEST_DISK", scene.folder()).output().unwrap();
    let said = [process.stdout, process.stderr].concat();
    assert!(process.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// On a disk of 128 KiB that is mounted at the ledger's folder.
fn fill_the_disk(path: &Path) {
    let ballast = path.with_file_name("ballast");
    fs::write(&ballast, vec![0; 40 * 1024]).unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..2 {
        let ledger = FileLedger::open(path, Durability::Synced).unwrap();
        let error = loop {
            let kept = ledger.append(&record(7)).and_then(|appended| {
                ledger.sync(&appended)?;
                Ok(appended.hash)
            });
            match kept {
                Ok(hash) => acknowledged.push(hash),
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), "ledger.io", "{error}");
        drop(ledger);
        let verified = verify_against(path, &acknowledged).unwrap();
        assert_eq!(verified.anchored, verified.records);
        assert!(acknowledged.len() > 50 * (round + 1));
        File::options().write(true).open(&ballast).unwrap().set_len(0).unwrap();
    }
}

#[test]
fn a_ledger_that_may_not_be_written_does_not_open() {
    if let Some(path) = in_child() {
        return say(FileLedger::open(path, Durability::Synced).unwrap_err().code());
    }
    let scene = Scene::with_records(2);
    let name = "faults::a_ledger_that_may_not_be_written_does_not_open";
    let mut permissions = fs::metadata(scene.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(scene.path(), permissions).unwrap();
    // To the superuser, permissions mean nothing.
    let superuser = File::options().append(true).open(scene.path()).is_ok();
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let program = if superuser { &nobody[..] } else { &[] };
    if has(&[program, &["true"]].concat()) {
        let (_, refused) = run(program, name, &scene.path());
        assert_eq!(refused.as_deref(), Some("ledger.io"));
    }
}
