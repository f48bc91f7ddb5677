//! Words of an agent reach a terminal only where they can do no harm, and an answer that nobody got is none.

use std::{fs::File, process::Stdio};

use crate::kit::{Gate, command, commit, text};

const HOSTILE: &str = "\u{1b}[2J\u{1b}[32mpermitted\u{1b}[0m\r\nerror: \u{202e}txt\u{200b}";

#[track_caller]
fn assert_harmless(text: &str) {
    let harmful = |c: char| c != '\n' && axtary::actionpass::is_invisible(c);
    assert!(!text.contains(harmful), "{text:?}");
}

#[test]
fn an_intent_cannot_speak_to_the_terminal() {
    let gate = Gate::new();
    for form in [[].as_slice(), &["--json"]] {
        let ran = gate.check("agent/fix", &[&["--intent", HOSTILE], form].concat()).code(0);
        assert_harmless(&ran.out);
        assert!(ran.out.contains("\\u001b[2J"), "{}", ran.out);
        let ran = gate.run(&[&["ledger", "tail"], form].concat()).code(0);
        assert_harmless(&ran.out);
    }
    let id = gate.check("agent/fix", &["--intent", HOSTILE, "--json"]).code(0).json();
    let id = text(id.get("view").and_then(|view| view.as_object()).unwrap(), "action_pass_id");
    let ran = gate.run(&["ledger", "show", id]).code(0);
    assert_harmless(&ran.out);
    assert!(ran.out.lines().all(|line| !line.starts_with("error:")), "{}", ran.out);
}

#[test]
fn json_is_escaped_and_keeps_its_value() {
    let ran = Gate::new().check("agent/fix", &["--intent", HOSTILE, "--json"]).code(0).json();
    let view = ran.get("view").and_then(|view| view.as_object()).unwrap();
    assert_eq!(text(view, "intent"), format!("AXT-418: {HOSTILE}"));
}

#[test]
fn a_path_cannot_speak_to_the_terminal() {
    let gate = Gate::new();
    let repository = gate.repository();
    let main = repository.refname_to_id("refs/heads/main").unwrap();
    commit(&repository, "agent/path", Some(main), &["src/\u{1b}[2J.rs"]);
    assert_harmless(&gate.check("agent/path", &[]).code(3).err);
}

#[test]
fn what_is_explained_cannot_speak_to_the_terminal() {
    let gate = Gate::new();
    gate.write(
        "action.yml",
        "agent: a\nowner: o\ntool: github.pull_requests.create\nresource: repo:company/web-app\n\
         facts: { paths: [\"\\e[2J/.env\\nerror: \\u202e\"], base_branch: \"\\e[1m\" }\n",
    );
    for form in [[].as_slice(), &["--json"]] {
        let explain = ["policy", "explain", "--action", "action.yml"];
        let ran = gate.run(&[&explain[..], form].concat()).code(3);
        assert_harmless(&ran.out);
        assert!(ran.out.contains("\\u001b[2J"), "{}", ran.out);
        assert!(ran.out.lines().all(|line| !line.starts_with("error:")), "{}", ran.out);
    }
    gate.edit("action.yml", "paths:", "\"\\e[2J\":");
    assert_harmless(&gate.run(&["policy", "explain", "--action", "action.yml"]).code(2).err);
}

#[test]
fn an_argument_cannot_speak_to_the_terminal() {
    let gate = Gate::new();
    assert_harmless(&gate.check(HOSTILE, &[]).code(2).err);
    assert_harmless(&gate.check(HOSTILE, &["--json"]).code(2).out);
    assert_harmless(&gate.run(&["verify", HOSTILE]).code(2).err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_permit_that_cannot_be_printed_is_not_one() {
    let gate = Gate::new();
    let status = command(&gate.path(""))
        .args(["check", "github.pull_requests.create", "--repo=web-app", "--base=main"])
        .args(["--head=agent/fix", "--title=t", "--agent=a", "--owner=o"])
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(5));
}
