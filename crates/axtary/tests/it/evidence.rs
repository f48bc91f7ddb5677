//! `axtary ledger` for those who do not take the ledger's word: checkpoints, proofs, exports.

use std::fs;

use axtary::actionpass::Json;
use insta::assert_snapshot;

use crate::{
    killed::action,
    kit::{Gate, steady, text},
};

const KEY: &str = ".axtary/checkpoint.vkey";

/// A gate that recorded its policy, permitted once and denied once; and the id of the pass.
fn after_two_decisions() -> (Gate, String) {
    let gate = Gate::new();
    let open = axtary::Axtary::open(gate.path("axtary.yml")).unwrap();
    let id = open.guard().check(&action(&open)).unwrap().id().to_string();
    drop(open);
    gate.check("agent/leak", &[]).code(3);
    (gate, id)
}

fn number(object: &axtary::actionpass::Object, name: &str) -> i64 {
    object.get(name).and_then(Json::as_i64).unwrap()
}

#[test]
fn a_checkpoint_that_was_kept_shows_that_nothing_was_changed_since() {
    let (gate, _) = after_two_decisions();
    let ran = gate.run(&["ledger", "checkpoint", "--out", "kept.checkpoint"]).code(0);
    assert!(ran.out.starts_with("a checkpoint of 3 records was written to kept.checkpoint\n"));
    gate.check("agent/leak", &[]).code(3);
    let verify = ["ledger", "verify", "--checkpoint", "kept.checkpoint", "--key", KEY, "--json"];
    let json = gate.run(&verify).code(0).json();
    assert_eq!((number(&json, "records"), number(&json, "checkpointed")), (4, 4));
    // The key's text does as well as its file.
    let key = gate.read(KEY);
    let verify = ["ledger", "verify", "--checkpoint", "kept.checkpoint", "--key", key.trim_end()];
    gate.run(&verify).code(0);
}

#[test]
fn a_ledger_that_was_written_anew_does_not_fit_the_checkpoint() {
    let (gate, _) = after_two_decisions();
    gate.run(&["ledger", "checkpoint", "--out", "kept.checkpoint"]).code(0);
    let (other, _) = after_two_decisions();
    for file in ["ledger.jsonl", "ledger.jsonl.head", "ledger.jsonl.tree"] {
        let file = format!(".axtary/{file}");
        fs::copy(other.path(&file), gate.path(&file)).unwrap();
    }
    let verify = ["ledger", "verify", "--checkpoint", "kept.checkpoint", "--key", KEY, "--json"];
    let json = gate.run(&verify).code(3).json();
    assert_eq!(text(&json, "code"), "ledger.forked");
    // Nor does the gate open over it.
    let json = gate.check("agent/leak", &["--json"]).code(5).json();
    assert_eq!(text(&json, "code"), "ledger.forked");
    let json = gate.run(&["ledger", "checkpoint", "--json"]).code(3).json();
    assert_eq!(text(&json, "code"), "ledger.forked");
}

#[test]
fn a_checkpoint_of_another_key_is_not_believed() {
    let (gate, _) = after_two_decisions();
    gate.run(&["ledger", "checkpoint", "--out", "kept.checkpoint"]).code(0);
    let other = Gate::new();
    let key = other.path(KEY);
    let verify = ["ledger", "verify", "--checkpoint", "kept.checkpoint", "--key"];
    let ran = gate.run(&[&verify[..], &[key.to_str().unwrap(), "--json"]].concat()).code(3);
    assert_eq!(text(&ran.json(), "code"), "ledger.bad_note");
    let ran = gate.run(&[&verify[..], &["no-key", "--json"]].concat()).code(2);
    assert_eq!(text(&ran.json(), "code"), "usage");
    gate.run(&["ledger", "verify", "--checkpoint", "kept.checkpoint"]).code(2);
}

#[test]
fn a_key_without_a_checkpoint_is_a_mistake_and_not_passed_over() {
    let (gate, id) = after_two_decisions();
    for command in
        [["ledger", "verify", "--key", KEY].as_slice(), &["ledger", "prove", &id, "--key", KEY]]
    {
        let ran = gate.run(command).code(2);
        assert!(ran.err.contains("--checkpoint <FILE>"), "{ran:?}");
    }
}

#[test]
fn whoever_verifies_needs_the_public_key_alone() {
    let (gate, _) = after_two_decisions();
    fs::remove_file(gate.path(".axtary/checkpoint.pem")).unwrap();
    let json = gate.run(&["ledger", "verify", "--json"]).code(0).json();
    assert_eq!(number(&json, "checkpointed"), 3);
    // The key is held to: another one's checkpoints are not believed.
    let key = gate.read(KEY);
    fs::copy(Gate::new().path(KEY), gate.path(KEY)).unwrap();
    gate.run(&["ledger", "verify"]).code(3);
    gate.write(KEY, &key.replace("axtary.local", "axtary.other"));
    let ran = gate.run(&["ledger", "verify"]).code(2);
    assert_snapshot!(ran.err, @"error: .axtary/checkpoint.vkey: not a verifier key, which is a name, an id and a key, joined by `+`: its id is not that of its key");
    gate.write(KEY, &key);
    gate.edit("axtary.yml", "origin: axtary.local/ledger", "origin: axtary.local/other");
    let ran = gate.run(&["ledger", "verify"]).code(2);
    assert_snapshot!(ran.err, @"error: .axtary/checkpoint.vkey: it is the key of `axtary.local/ledger`, and axtary.yml names `axtary.local/other`");
    // Without it, the private one says what it is.
    fs::remove_file(gate.path(KEY)).unwrap();
    gate.run(&["ledger", "verify"]).code(2);
}

#[test]
fn a_record_is_proven_to_whoever_has_the_logs_public_key_alone() {
    let (gate, id) = after_two_decisions();
    let ran = gate.run(&["ledger", "prove", &id, "--out", "record.tlog-proof"]).code(0);
    assert!(
        ran.out.starts_with("record 1 is in the ledger of 3 records; the proof was written to")
    );

    // Elsewhere: no ledger, no axtary.yml.
    let elsewhere = Gate::empty();
    for file in ["record.tlog-proof", KEY] {
        let name = file.rsplit('/').next().unwrap();
        fs::copy(gate.path(file), elsewhere.path(name)).unwrap();
    }
    let check = ["ledger", "check-proof", "record.tlog-proof", "--key", "checkpoint.vkey"];
    let ran = elsewhere.run(&check).code(0);
    let told = steady(&ran.out);
    assert!(
        told.starts_with("proven: record 1 is in the ledger axtary.local/ledger of 3 records\n")
    );
    assert!(told.contains("\n  decision: permit\n"), "{told}");
    let json = elsewhere.run(&[&check[..], &["--json"]].concat()).code(0).json();
    assert_eq!(json.get("proven").and_then(Json::as_bool), Some(true));

    // Any other record, and any other key.
    let proof = elsewhere.read("record.tlog-proof");
    elsewhere.write("record.tlog-proof", &proof.replace("index 1", "index 2"));
    assert_eq!(
        text(&elsewhere.run(&[&check[..], &["--json"]].concat()).code(3).json(), "code"),
        "proof.inclusion"
    );
    elsewhere.write("record.tlog-proof", &proof);
    fs::copy(Gate::new().path(KEY), elsewhere.path("checkpoint.vkey")).unwrap();
    elsewhere.run(&check).code(3);
}

#[test]
fn a_proof_without_a_key_or_of_nothing_is_not_made() {
    let (gate, id) = after_two_decisions();
    gate.run(&["ledger", "prove"]).code(2);
    let ran = gate.run(&["ledger", "prove", "--record", "3", "--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "ledger.no_such_record");
    let ledger = [".axtary/ledger.jsonl"];
    let ran = gate.run(&[&["ledger", "prove", &id, "--ledger"][..], &ledger].concat()).code(2);
    assert_snapshot!(ran.err, @"
    error: there is no key that signs checkpoints
    help: name one in axtary.yml under `ledger.checkpoints`, or give --checkpoint and --key
    ");
    gate.run(&["ledger", "checkpoint", "--out", "kept.checkpoint"]).code(0);
    let given = ["--checkpoint", "kept.checkpoint", "--key", KEY];
    let proof = [&["ledger", "prove", &id, "--ledger"][..], &ledger, &given].concat();
    let ran = gate.run(&proof).code(0);
    assert!(ran.out.starts_with("c2sp.org/tlog-proof@v1\n"));
}

#[test]
fn the_ledger_is_exported_in_three_forms() {
    let (gate, _) = after_two_decisions();
    let ran = gate.run(&["ledger", "export", "csv"]).code(0);
    assert_eq!(ran.out.lines().count(), 4);
    let ran = gate.run(&["ledger", "export", "ocsf", "--decision", "deny"]).code(0);
    assert_eq!(ran.out.lines().count(), 1);
    assert!(ran.out.contains("\"class_uid\":6003"));
    let ran = gate.run(&["ledger", "export", "csv", "--out", "all.csv"]).code(0);
    assert_snapshot!(ran.out, @"3 records are in all.csv");
    let json = gate.run(&["ledger", "export", "tiles", "--out", "public", "--json"]).code(0).json();
    assert_eq!(number(&json, "records"), 3);
    assert!(gate.path("public/tile/entries/000.p/3").exists());
    gate.check("agent/leak", &[]).code(3);
    gate.run(&["ledger", "export", "tiles", "--out", "public"]).code(0);
    assert!(gate.read("public/checkpoint").starts_with("axtary.local/ledger\n4\n"));
    gate.run(&["ledger", "export", "tiles"]).code(2);
    gate.run(&["ledger", "export", "tiles", "--out", "public", "--agent", "x"]).code(2);
    // Another gate's ledger does not go into the same folder.
    let (other, _) = after_two_decisions();
    let folder = gate.path("public");
    other.run(&["ledger", "export", "tiles", "--out", folder.to_str().unwrap()]).code(3);
}

#[test]
fn what_the_ledger_holds_is_counted() {
    let (gate, _) = after_two_decisions();
    let ran = gate.run(&["ledger", "stats"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    3 records
    from TIME to TIME
    kind:
             2  decision
             1  policy
    decision:
             1  deny
             1  permit
    agent_id:
             2  codex-prod
    tool:
             2  github.pull_requests.create
    ");
    let json = gate.run(&["ledger", "stats", "--decision", "deny", "--json"]).code(0).json();
    assert_eq!(number(&json, "records"), 1);
}

#[test]
fn the_records_that_are_wanted_are_shown() {
    let (gate, _) = after_two_decisions();
    let shown = |more: &[&str]| {
        let ran = gate.run(&[&["ledger", "tail", "--json"], more].concat()).code(0).json();
        ran.get("records").and_then(Json::as_array).unwrap().len()
    };
    assert_eq!(shown(&["--decision", "deny"]), 1);
    assert_eq!(shown(&["--agent", "codex-*", "--tool", "github.*"]), 2);
    assert_eq!(shown(&["--agent", "claude"]), 0);
    assert_eq!(shown(&["--kind", "outcome"]), 0);
    assert_eq!(shown(&["--until", "2020-01-01T00:00:00Z"]), 0);
    assert_eq!(shown(&["--since", "2020-01-01T00:00:00Z", "-n", "1"]), 1);
    gate.run(&["ledger", "tail", "--kind", "decisions"]).code(2);
    gate.run(&["ledger", "tail", "--since", "yesterday"]).code(2);
}

#[test]
fn everything_that_is_wrong_is_told_with_how_far_the_ledger_can_be_trusted() {
    let gate = Gate::new();
    for _ in 0..4 {
        gate.check("agent/leak", &[]).code(3);
    }
    let ledger = gate.read(".axtary/ledger.jsonl");
    let mut lines: Vec<_> = ledger.lines().collect();
    let edited = lines[2].replace("\"deny\"", "\"denY\"");
    lines[2] = &edited;
    lines.remove(4);
    gate.write(".axtary/ledger.jsonl", &(lines.join("\n") + "\n"));
    let ran = gate.run(&["ledger", "verify"]).code(3);
    assert!(
        ran.err.starts_with("error: .axtary/ledger.jsonl is not as it was written\n"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("line 3 at byte"), "{}", ran.err);
    assert!(ran.err.contains("help: the first 2 records can be trusted"), "{}", ran.err);
    let json = gate.run(&["ledger", "verify", "--json"]).code(3).json();
    let findings = json.get("findings").and_then(Json::as_array).unwrap();
    let code = |finding: &Json| text(finding.as_object().unwrap(), "code").to_owned();
    let codes: Vec<_> = findings.iter().map(code).collect();
    assert!(
        codes.starts_with(&["ledger.edited".to_owned(), "ledger.truncated".to_owned()]),
        "{codes:?}"
    );
}
