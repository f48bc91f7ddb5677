//! Policy is tested by cases: one that is not decided as it says is told of with the reason, and one that would test nothing is a
//! mistake.

use std::{path::Path, process::Command};

use axtary::actionpass::{Json, Object};

use crate::kit::{Gate, Ran, text};

const RULES: &str = "\
version: 1
rules:
  - id: small
    effect: permit
    agent: codex-prod
    tool: github.pull_requests.create
    resource: repo:company/web-app
    constraints: { max_files_changed: 12 }
    ttl: 10m
  - id: frozen
    effect: forbid
    agent: '*'
    tool: '**'
    resource: '**'
    when: { base_branch: release }
    reason: the release is frozen
  - id: ask
    effect: step_up
    agent: '*'
    tool: '**'
    resource: '**'
    when: { touches_production: true }
    approvers: [security]
  - id: night
    effect: permit
    agent: codex-night
    tool: github.pull_requests.create
    resource: repo:company/web-app
    enforce: false
";

const CEDAR: &str = "\
@id(\"small\")
permit (principal == Agent::\"codex-prod\", action == Action::\"github.pull_requests.create\", resource == Repo::\"company/web-app\")
when { context.payload.files_changed <= 12 };
";

const CASES: &str = "\
version: 1
policies: [[rules.yml]]
defaults:
  agent: codex-prod
  owner: alice@example.com
  tool: github.pull_requests.create
  resource: repo:company/web-app
  facts: { base_branch: main, files_changed: 3, touches_production: false }
cases:
  - name: twelve files are few
    action: { facts: { files_changed: 12 } }
    expect: { decision: permit, reasons: [small], ttl: 10m, constraints: { max_files_changed: 12 } }
  - name: thirteen are not
    action: { facts: { files_changed: 13 } }
    expect: { decision: deny, reasons: ['native:small'], says: ['13, at most 12'] }
  - name: the release is frozen
    action: { facts: { base_branch: release } }
    expect: { decision: deny, reasons: [frozen], says: [the release is frozen] }
  - name: production is asked about
    action: { facts: { touches_production: true } }
    expect: { decision: step_up, reasons: [ask], approvers: [security] }
  - name: the night shift is on trial
    action: { agent: codex-night }
    expect: { decision: deny, trial: permit }
  - name: a missing fact denies
    without: [base_branch]
    expect: { decision: deny, says: ['`base_branch` is missing'] }
  - name: a fact of another type denies
    raw: true
    action: { facts: { files_changed: three } }
    expect: deny
";

fn folder() -> Gate {
    let gate = Gate::empty();
    gate.write("rules.yml", RULES);
    gate.write("limits.cedar", CEDAR);
    gate.write("all.cases.yml", CASES);
    gate
}

fn test(gate: &Gate, more: &[&str]) -> Ran {
    gate.run(&[&["policy", "test"], more].concat())
}

#[test]
fn cases_that_are_decided_as_they_say_pass() {
    let gate = folder();
    let ran = test(&gate, &[]).code(0);
    assert_eq!(ran.out, "7 cases in 1 file, 7 decisions: all as expected\n");
    let json = test(&gate, &["--json"]).code(0).json();
    assert_eq!(json.get("cases"), Some(&Json::from(7)));
    assert_eq!(json.get("failed"), Some(&Json::from(0)));
    test(&gate, &["all.cases.yml"]).code(0);
}

#[test]
fn a_case_that_is_decided_otherwise_fails_and_is_told_with_what_decided() {
    let gate = folder();
    gate.edit("all.cases.yml", "files_changed: 12 }", "files_changed: 14 }");
    gate.edit("all.cases.yml", "reasons: [frozen]", "reasons: [ask]");
    gate.edit("all.cases.yml", "approvers: [security]", "approvers: [security, ops]");
    gate.edit("all.cases.yml", "trial: permit", "trial: step_up");
    let ran = test(&gate, &[]).code(3);
    insta::assert_snapshot!(ran.out);
    let json = test(&gate, &["--json"]).code(3).json();
    let failing = failing(&json);
    assert_eq!(failing.len(), 4, "{failing:?}");
    let explanation = failing[0].get("explanation").and_then(Json::as_object).unwrap();
    assert_eq!(text(explanation, "decision"), "deny");
}

/// The checks that did not pass.
fn failing(json: &Object) -> Vec<&Object> {
    let files = json.get("files").and_then(Json::as_array).unwrap();
    let files = files.iter().filter_map(Json::as_object);
    let checks = files.filter_map(|file| file.get("checks")?.as_array()).flatten();
    let checks = checks.filter_map(Json::as_object);
    checks.filter(|check| check.get("passed") == Some(&Json::from(false))).collect()
}

#[test]
fn each_thing_that_is_expected_is_demanded() {
    for (from, to, part) in [
        ("decision: permit", "decision: step_up", "decision: expected step_up, got permit"),
        ("ttl: 10m", "ttl: 5m", "ttl: expected 300 s, got 600 s"),
        (
            "constraints: { max_files_changed: 12 }",
            "constraints: { max_files_changed: 11 }",
            "constraint: expected max_files_changed: 11, got max_files_changed: 12",
        ),
        (
            "constraints: { max_files_changed: 12 }",
            "constraints: { max_commits: 1 }",
            "constraint: expected max_commits: 1, got none",
        ),
        ("reasons: [small]", "reasons: [ask]", "reason: expected ask, got native:small"),
        (
            "'13, at most 12'",
            "'14, at most 12'",
            "words: expected 14, at most 12, got `native:small`",
        ),
        ("approvers: [security]", "approvers: []", "approvers: expected none, got security"),
        ("trial: permit", "trial: deny", "trial: expected deny, got permit"),
    ] {
        let gate = folder();
        gate.edit("all.cases.yml", from, to);
        let ran = test(&gate, &[]).code(3);
        assert!(ran.out.contains(part), "{to}: {ran:?}");
        assert!(ran.out.contains("1 not as expected"), "{to}: {ran:?}");
    }
}

#[test]
fn every_set_of_policies_must_decide_each_case_and_a_reason_is_demanded_of_those_that_have_it() {
    let gate = folder();
    let only = CASES.split("  - name: the release").next().unwrap();
    let only = only.replace("ttl: 10m, constraints: { max_files_changed: 12 } ", "");
    let only = only.replace(", says: ['13, at most 12']", "");
    gate.write("all.cases.yml", &only.replace("[[rules.yml]]", "[[rules.yml], [limits.cedar]]"));
    let ran = test(&gate, &[]).code(0);
    assert_eq!(ran.out, "2 cases in 1 file, 4 decisions: all as expected\n");
    gate.edit("limits.cedar", "<= 12", "<= 13");
    let ran = test(&gate, &[]).code(3);
    assert!(
        ran.out.contains("FAIL all.cases.yml:13: thirteen are not\n  policy: limits.cedar\n"),
        "{ran:?}"
    );
    // In one set, both must permit.
    gate.write("all.cases.yml", &only.replace("[[rules.yml]]", "[[rules.yml, limits.cedar]]"));
    test(&gate, &[]).code(0);
}

#[test]
fn cases_that_name_no_policies_are_about_those_in_force_or_named() {
    let gate = Gate::new();
    let bare = CASES.replace("policies: [[rules.yml]]\n", "");
    gate.write("all.cases.yml", bare.split("  - name: the night").next().unwrap());
    let ran = test(&gate, &[]).code(2);
    assert!(ran.err.contains("no policy is called `small`"), "{ran:?}");
    gate.write("policy/rules.yml", RULES);
    test(&gate, &[]).code(0);
    gate.edit("policy/rules.yml", "max_files_changed: 12", "max_files_changed: 2");
    test(&gate, &[]).code(3);
    gate.write("other.yml", RULES);
    test(&gate, &["--policy", "other.yml"]).code(0);
    gate.write("all.cases.yml", CASES);
    gate.write("rules.yml", RULES);
    let ran = test(&gate, &["--policy", "other.yml"]).code(2);
    assert!(ran.err.contains("every file of cases names its own"), "{ran:?}");
    let elsewhere = Gate::empty();
    elsewhere.write("all.cases.yml", &bare);
    let ran = test(&elsewhere, &[]).code(2);
    assert!(ran.err.contains("axtary.yml"), "{ran:?}");
}

#[test]
fn every_mistake_in_a_file_of_cases_is_named_with_its_place() {
    for (from, to, message) in [
        ("version: 1", "version: 2", ":1:10: the version is 2"),
        ("expect: deny", "expects: deny", "unknown field `expects`"),
        (
            "expect: deny",
            "expect: denied",
            ":31:13: `denied` is no decision; write `permit`, `step_up` or `deny`",
        ),
        ("decision: deny, trial", "decison: deny, trial", "unknown field `decison`"),
        (
            "files_changed: 13",
            "file_changed: 13",
            ":14:38: the fact `file_changed` is unknown; did you mean `files_changed`?",
        ),
        (
            "files_changed: 13",
            "files_changed: '13'",
            ":14:39: the fact `files_changed` is \"13\", must be an integer",
        ),
        ("  agent: codex-prod\n", "", ":9:11: the action has no `agent`; write one"),
        (
            "without: [base_branch]",
            "without: [base]",
            ":26:15: `without` names the fact `base`, which is not there",
        ),
        (
            "reasons: [frozen]",
            "reasons: [forzen]",
            ":18:41: no policy is called `forzen`; did you mean `frozen`?",
        ),
        (
            "'native:small'",
            "'cedar:small'",
            ":15:41: no policy is called `cedar:small`; there are native:ask, native:frozen, ",
        ),
        (
            "thirteen are not",
            "twelve files are few",
            ":13:11: the case \"twelve files are few\" stands twice",
        ),
        (
            "decision: deny, trial",
            "decision: deny, ttl: 5m, trial",
            "`ttl` is expected beside `deny`, which never has any",
        ),
        ("ttl: 10m", "ttl: 2h", ":12:56: `ttl` is \"2h\""),
        ("ttl: 10m", "approvers: [ops]", "`approvers` is expected beside `permit`"),
        ("[[rules.yml]]", "[]", ":2:11: `policies` names no set"),
        ("[[rules.yml]]", "[[]]", ":2:12: a set of policies names no file"),
        ("[[rules.yml]]", "[[ruels.yml]]", "ruels.yml"),
        ("[[rules.yml]]", "[[rules.txt]]", "tells no policy language"),
        ("version: 1\n", "version: 1\ndefaults: &a {}\n", "anchors"),
    ] {
        let gate = folder();
        gate.edit("all.cases.yml", from, to);
        let ran = test(&gate, &[]).code(2);
        assert!(ran.err.contains(message), "{to}: {}", ran.err);
        assert_eq!(ran.out, "", "{to}");
    }
}

#[test]
fn what_would_test_nothing_is_a_mistake() {
    let gate = Gate::empty();
    let ran = test(&gate, &[]).code(2);
    assert!(ran.err.contains("holds no file of cases"), "{ran:?}");
    gate.write("none.cases.yml", "version: 1\npolicies: [[rules.yml]]\ncases: []\n");
    let ran = test(&gate, &[]).code(2);
    assert!(ran.err.contains("none.cases.yml:3:8: it holds no case"), "{ran:?}");
    let gate = folder();
    let ran = test(&gate, &["--filter", "no such case"]).code(2);
    assert!(ran.err.contains("no case has that text"), "{ran:?}");
    test(&gate, &["nowhere"]).code(2);
}

#[test]
fn a_filter_names_cases_or_files() {
    let gate = folder();
    let ran = test(&gate, &["--filter", "are"]).code(0);
    assert!(ran.out.starts_with("2 cases in 1 file"), "{ran:?}");
    let ran = test(&gate, &["--filter", "all.cases"]).code(0);
    assert!(ran.out.starts_with("7 cases in 1 file"), "{ran:?}");
}

#[test]
fn folders_below_are_looked_through_in_the_order_of_their_paths_but_not_other_peoples() {
    let gate = folder();
    for folder in ["b/c", "a", ".hidden", "target", "node_modules/x"] {
        std::fs::create_dir_all(gate.path(folder)).unwrap();
        gate.write(
            &format!("{folder}/more.cases.yml"),
            &CASES.replace("[[rules.yml]]", "[[../rules.yml]]"),
        );
    }
    gate.edit("b/c/more.cases.yml", "../rules.yml", "../../rules.yml");
    let json = test(&gate, &["--json"]).code(0).json();
    let files = json.get("files").and_then(Json::as_array).unwrap();
    let files: Vec<&str> =
        files.iter().filter_map(Json::as_object).map(|file| text(file, "file")).collect();
    assert_eq!(files, ["a/more.cases.yml", "all.cases.yml", "b/c/more.cases.yml"]);
    test(&gate, &["target"]).code(0);
}

#[test]
fn a_policy_that_never_decided_a_case_is_told_and_can_be_made_to_fail() {
    let gate = folder();
    let ran = test(&gate, &["--coverage"]).code(0);
    assert!(ran.out.starts_with("4 of 4 policies fired\n"), "{ran:?}");
    test(&gate, &["--require-coverage"]).code(0);
    let all = gate.read("all.cases.yml");
    gate.write("all.cases.yml", all.split("  - name: the night").next().unwrap());
    let ran = test(&gate, &["--coverage"]).code(0);
    assert!(
        ran.out.starts_with(
            "rules.yml:\n  never fired: `native:night` at rules.yml:24\n3 of 4 policies fired\n"
        ),
        "{ran:?}"
    );
    test(&gate, &["--require-coverage"]).code(3);
    let json = test(&gate, &["--require-coverage", "--json"]).code(3).json();
    let coverage = json.get("coverage").and_then(Json::as_array).unwrap();
    assert_eq!(coverage[0].as_object().unwrap().get("never_fired"), Some(&Json::from(1)));
    test(&gate, &["--require-coverage", "--filter", "are"]).code(2);
}

#[test]
fn a_permit_that_was_only_missed_did_not_fire() {
    let gate = folder();
    let (head, _) = CASES.split_once("cases:\n").unwrap();
    let case = "cases:\n  - name: too many\n    action: { facts: { files_changed: 13 } }\n    expect: deny\n";
    gate.write("all.cases.yml", &format!("{head}{case}"));
    let ran = test(&gate, &["--coverage"]).code(0);
    assert!(ran.out.contains("never fired: `native:small` at rules.yml:3"), "{ran:?}");
}

#[test]
fn a_policy_fires_once_for_a_decision_however_many_reasons_it_gives() {
    let gate = folder();
    gate.write(
        "two.rego",
        "package axtary\nallow if false\ndeny contains reason if some reason in [\"one\", \"two\"]\n",
    );
    let cases = CASES.replace("[[rules.yml]]", "[[two.rego]]");
    let (head, _) = cases.split_once("cases:\n").unwrap();
    let case = "cases:\n  - name: denied\n    expect: { decision: deny, says: [one, two] }\n";
    gate.write("all.cases.yml", &format!("{head}{case}"));
    let json = test(&gate, &["--coverage", "--json"]).code(0).json();
    let coverage = json.get("coverage").and_then(Json::as_array).unwrap();
    let policies = coverage[0].as_object().unwrap().get("policies").and_then(Json::as_array);
    let fired = |policy: &Json| policy.as_object()?.get("fired")?.as_i64();
    let fired: Vec<_> = policies.unwrap().iter().map(fired).collect();
    assert_eq!(fired, [Some(0), Some(1)], "allow, deny");
}

#[test]
fn an_engine_that_cannot_decide_at_all_fails_the_case_whatever_it_expects() {
    let gate = folder();
    let hundred = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    gate.write(
        "endless.rego",
        &format!(
            "package axtary\nmany := [{hundred}]\nallow if {{ some a in many; some b in many; some c in many; a + b + c < 0 }}\n"
        ),
    );
    let cases = CASES.replace("[[rules.yml]]", "[[endless.rego]]");
    let (head, _) = cases.split_once("cases:\n").unwrap();
    gate.write("all.cases.yml", &format!("{head}cases:\n  - name: denied\n    expect: deny\n"));
    let ran = test(&gate, &[]).code(3);
    assert!(
        ran.out.contains("decision: expected deny, got none, for the rego engine: `data.axtary.allow` takes more than"),
        "{ran:?}"
    );
}

#[test]
fn a_report_is_read_by_what_others_wrote_to_read_reports() {
    let gate = folder();
    gate.edit("all.cases.yml", "the release is frozen", "'<frozen> & \"done\"'");
    gate.edit("all.cases.yml", "reasons: [frozen]", "reasons: [ask]");
    let all = gate.read("all.cases.yml");
    gate.write("all.cases.yml", all.split("  - name: the night").next().unwrap());
    gate.write("report.xml", "an older one");
    test(&gate, &["--junit", "report.xml", "--require-coverage"]).code(3);
    assert!(
        gate.read("report.xml")
            .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ")
    );
    test(&gate, &["--junit", "nowhere/report.xml"]).code(5);
    let Some(python) = python() else { return };
    let mut read = Command::new(python);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    let ran = Ran::of(read.arg(sources.join("read_junit.py")).arg(gate.path("report.xml"))).code(0);
    let expected = "\
5 2 0
all.cases.yml 4 1
- <frozen> & \"done\" [rules.yml] | reason | reason: expected ask, got native:frozen | policy: rules.yml
coverage 1 1
- native:night decides a case | coverage | the policy never decided a case |
";
    assert_eq!(ran.out.trim_end(), expected.trim_end());
}

/// A Python with `junitparser`, if one could be installed.
#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn python() -> Option<std::path::PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/install.sh");
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit-reader");
    let output = Command::new("bash").arg(script).arg(&into).output();
    let why = match output {
        Ok(output) if output.status.success() => return Some(into.join("python/bin/python")),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var_os("AXTARY_REQUIRE_INTEROP").is_none(), "junitparser is required: {why}");
    eprintln!(
        "\n*** SKIPPED: reading a report by junitparser, which could not be installed: {why}\n"
    );
    None
}
