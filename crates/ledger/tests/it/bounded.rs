//! Verifying takes no more memory than a ledger of short lines takes, whatever stands in the file.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    process::Command,
};

use axtary_ledger::verify;

use crate::kit::{self, Scene, child, in_child};

#[cfg(unix)]
#[test]
fn a_line_of_a_gigabyte_takes_no_memory_and_what_is_behind_it_is_read() {
    if let Some(path) = in_child() {
        let failure = verify(path).unwrap_err();
        let codes: Vec<_> = failure.findings().iter().map(|found| found.kind.code()).collect();
        return kit::say(&codes.join(" "));
    }
    let scene = Scene::with_records(3);
    let lines = scene.lines();
    let mut log = File::options().write(true).open(scene.path()).unwrap();
    let second = u64::try_from(lines[0].len()).unwrap();
    log.set_len(second).unwrap();
    log.seek(SeekFrom::End(0)).unwrap();
    log.write_all(b"{\"body\":{\"text\":\"").unwrap();
    // Nothing is written in between: the file has a hole, which reads as zeros.
    log.seek(SeekFrom::Start(1_000_000_000)).unwrap();
    log.write_all(&[b"\n", &*lines[2]].concat()).unwrap();

    let name = "bounded::a_line_of_a_gigabyte_takes_no_memory_and_what_is_behind_it_is_read";
    let verifying = child(name, &scene.path());
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 800000; exec \"$0\" \"$@\""]).arg(verifying.get_program());
    limited.args(verifying.get_args());
    // Each thread's own heap would reserve much more than it uses.
    limited.env("MALLOC_ARENA_MAX", "1");
    for (name, value) in verifying.get_envs() {
        limited.env(name, value.unwrap());
    }
    let output = limited.output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let told: Vec<_> = out.lines().filter_map(kit::heard).collect();
    assert_eq!(told, ["ledger.edited"], "{out}\n{}", String::from_utf8_lossy(&output.stderr));
}
