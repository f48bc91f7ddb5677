//! `axtary init`: a gate that works, a key that nobody else can read, and nothing overwritten.

use axtary::{Axtary, Config};
use insta::assert_snapshot;

use crate::kit::{Gate, text};

const FILES: [&str; 5] = [
    ".axtary/.gitignore",
    ".axtary/pass.pem",
    ".axtary/jwks.json",
    "policy/rules.yml",
    "axtary.yml",
];

#[test]
fn what_it_writes_is_a_gate() {
    let gate = Gate::empty();
    let ran = gate.run(&["init"]).code(0);
    assert_snapshot!(ran.out, @r"
    wrote .axtary/.gitignore
    wrote .axtary/pass.pem
    wrote .axtary/jwks.json
    wrote .axtary/checkpoint.pem
    wrote .axtary/checkpoint.vkey
    wrote policy/rules.yml
    wrote axtary.yml

    Next, read policy/rules.yml, and let an agent's pull request through the gate:
      axtary check github.pull_requests.create --config axtary.yml --repo PATH --base main --head BRANCH \
          --title TITLE --agent ID --owner HUMAN
    ");
    Axtary::open(gate.path("axtary.yml")).unwrap();
}

#[test]
fn a_folder_is_made_and_named_in_what_to_do_next() {
    let gate = Gate::empty();
    let ran = gate.run(&["init", "some/gate"]).code(0);
    assert!(ran.out.contains("--config some/gate/axtary.yml"), "{}", ran.out);
    Config::load(gate.path("some/gate/axtary.yml")).unwrap();
}

#[test]
fn a_second_run_is_refused_and_changes_nothing() {
    let gate = Gate::empty();
    gate.run(&["init"]).code(0);
    let before = FILES.map(|name| gate.read(name));
    let ran = gate.run(&["init"]).code(2);
    assert_snapshot!(ran.err, @"
    error: `.axtary/.gitignore` is there already, and is not overwritten
    help: name another folder, or move the file away first
    ");
    assert_eq!(FILES.map(|name| gate.read(name)), before);
}

#[test]
fn any_file_that_is_there_stops_it_before_it_writes() {
    for name in FILES {
        let gate = Gate::empty();
        std::fs::create_dir_all(gate.path(name).parent().unwrap()).unwrap();
        gate.write(name, "mine");
        let ran = gate.run(&["init", "--json"]).code(2);
        assert!(text(&ran.json(), "message").contains(name), "{}", ran.out);
        assert_eq!(gate.read(name), "mine");
        assert_eq!(FILES.iter().filter(|name| gate.path(name).exists()).count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_written_through() {
    let gate = Gate::empty();
    std::os::unix::fs::symlink(gate.path("elsewhere"), gate.path("axtary.yml")).unwrap();
    gate.run(&["init"]).code(2);
    assert!(!gate.path("elsewhere").exists());
}

#[cfg(unix)]
#[test]
fn the_key_and_its_folder_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let gate = Gate::empty();
    gate.run(&["init"]).code(0);
    let mode = |name: &str| gate.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".axtary"), 0o700);
    assert_eq!(mode(".axtary/pass.pem"), 0o600);
}

#[test]
fn the_key_stays_out_of_git_and_its_public_half_does_not() {
    let gate = Gate::empty();
    gate.run(&["init"]).code(0);
    let repository = git2::Repository::init(gate.path("")).unwrap();
    let ignored = |name: &str| repository.is_path_ignored(name).unwrap();
    assert!(ignored(".axtary/pass.pem"));
    assert!(ignored(".axtary/ledger.jsonl"));
    assert!(!ignored(".axtary/jwks.json"));
    assert!(!gate.read(".axtary/jwks.json").contains("\"d\""));
}

#[test]
fn two_gates_have_two_keys() {
    let key = || {
        let gate = Gate::empty();
        gate.run(&["init"]).code(0);
        gate.read(".axtary/jwks.json")
    };
    assert_ne!(key(), key());
}
