//! `axtary policy replay`: a recorded decision, made again, is the same under the policy in force; under another, the difference is told.

use axtary::actionpass::{Json, Object};
use insta::assert_snapshot;

use crate::kit::{Gate, steady, text};

const RULES: &str = "policy/rules.yml";
const LEDGER: &str = ".axtary/ledger.jsonl";

fn count(report: &Object, name: &str) -> i64 {
    report.get(name).and_then(Json::as_i64).unwrap()
}

/// Why decisions could not be made again, in order.
fn not_again(report: &Object) -> Vec<&str> {
    let all = report.get("not_decided_again").and_then(Json::as_array).unwrap();
    all.iter().map(|one| text(one.as_object().unwrap(), "why")).collect()
}

#[test]
fn under_the_policy_in_force_every_decision_comes_to_the_same() {
    let gate = Gate::after_three_decisions();
    let ran = gate.run(&["policy", "replay"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    3 decisions in .axtary/ledger.jsonl
    policy version SHA256
             3  come to the same
             0  come to something else
    ");
    let report = gate.run(&["policy", "replay", "--json"]).code(0).json();
    assert_eq!(text(&report, "against"), "in_force");
    assert_eq!((count(&report, "compared"), count(&report, "differing")), (3, 0));
}

#[test]
fn a_record_that_says_something_else_than_policy_does_is_found() {
    let gate = Gate::after_three_decisions();
    let ledger = gate.read(LEDGER);
    for (from, to) in [
        (r#""decision":"deny""#, r#""decision":"permit""#),
        (r#""policy":"native:deny""#, r#""policy":"native:pass""#),
        (r#""cause":"permitted""#, r#""cause":"forbidden""#),
        (r#""max_files_changed":20"#, r#""max_files_changed":21"#),
    ] {
        gate.write(LEDGER, &ledger);
        gate.edit(LEDGER, from, to);
        let report = gate.run(&["policy", "replay", "--json"]).code(3).json();
        assert_eq!((count(&report, "compared"), count(&report, "differing")), (3, 1), "{from}");
    }
    let ran = gate.run(&["policy", "replay"]).code(3);
    assert_snapshot!(steady(&ran.out), @r#"
    3 decisions in .axtary/ledger.jsonl
    policy version SHA256
             2  come to the same
             1  come to something else

    permit -> permit: 1
             1  by native:small-tested-changes
             1  with other constraints
      record 1  TIME  codex-prod  github.pull_requests.create  repo:company/web-app  AP_ID
        `native:small-tested-changes`: permits this action
        constraints: recorded {"base_branches":["main","master","develop"],"blocked_paths":[".env*","*.pem","*.key","id_rsa*",".axtary/","axtary.yml"],"max_files_changed":21,"requires_tests":true,"touches_production":false}
        constraints: now      {"base_branches":["main","master","develop"],"blocked_paths":[".env*","*.pem","*.key","id_rsa*",".axtary/","axtary.yml"],"max_files_changed":20,"requires_tests":true,"touches_production":false}
    "#);
}

#[test]
fn decisions_of_another_version_are_counted_and_compared_only_if_asked() {
    let gate = Gate::after_three_decisions();
    gate.edit(RULES, "max_files_changed: 20", "max_files_changed: 1");
    let ran = gate.run(&["policy", "replay"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    3 decisions in .axtary/ledger.jsonl
    policy version SHA256
             0  come to the same
             0  come to something else
             3  were made under another version of the policy, and not compared (--all does)
    ");
    let report = gate.run(&["policy", "replay", "--json", "--all"]).code(3).json();
    assert_eq!((count(&report, "compared"), count(&report, "other_version")), (3, 0));
    assert_eq!(count(&report, "differing"), 2, "{report:?}");
}

#[test]
fn another_policy_is_tried_on_what_was_recorded() {
    let gate = Gate::after_three_decisions();
    let new = gate.read(RULES).replace("max_files_changed: 20", "max_files_changed: 1");
    gate.write("new.yml", &new);
    let ran = gate.run(&["policy", "replay", "--policy", "new.yml"]).code(0);
    assert_snapshot!(steady(&ran.out), @"
    3 decisions in .axtary/ledger.jsonl
    policy version SHA256
             3  were made again

    deny -> deny: 1
             1  by native:small-tested-changes

    permit -> deny: 1
             1  by native:small-tested-changes
      record 1  TIME  codex-prod  github.pull_requests.create  repo:company/web-app  AP_ID
        `native:small-tested-changes`: `files_changed` is 2, at most 1 allowed

    step_up -> step_up: 1
             1  by native:production-needs-a-human
    ");
    let report = gate.run(&["policy", "replay", "--policy", "new.yml", "--json"]).code(0).json();
    assert_eq!((text(&report, "against"), count(&report, "differing")), ("what_if", 1));
    let transitions = report.get("transitions").and_then(Json::as_array).unwrap();
    let to_deny = transitions[1].as_object().unwrap();
    assert_eq!((text(to_deny, "recorded"), text(to_deny, "now")), ("permit", "deny"));
    assert_eq!(
        to_deny.get("by").unwrap().to_string(),
        r#"[{"count":1,"engine":"native","policy":"small-tested-changes"}]"#
    );
    let copy = ["policy", "replay", "--policy", "new.yml", "--ledger", "copy.jsonl", "--json"];
    std::fs::copy(gate.path(LEDGER), gate.path("copy.jsonl")).unwrap();
    std::fs::remove_file(gate.path("axtary.yml")).unwrap();
    assert_eq!(count(&gate.run(&copy).code(0).json(), "compared"), 3);
    gate.run(&["policy", "replay", "--policy", "new.yml"]).code(2);
}

#[test]
fn a_rule_that_gave_no_reason_for_any_decision_is_named() {
    let gate = Gate::after_three_decisions();
    let more = "\n  - {id: quiet, effect: forbid, agent: claude, tool: \"**\", resource: \"**\"}\n";
    gate.write("new.yml", &format!("{}{more}", gate.read(RULES)));
    let ran = gate.run(&["policy", "replay", "--policy", "new.yml"]).code(0);
    let (_, never) = ran.out.split_once("\nnever fired:\n").unwrap();
    assert!(never.starts_with("  native:quiet in new.yml:"), "{never}");
    assert_eq!(never.lines().count(), 1);
}

#[test]
fn a_policy_that_could_not_be_in_force_is_not_tried() {
    let gate = Gate::after_three_decisions();
    gate.write("all.cedar", "permit (principal, action, resource);");
    let ran = gate.run(&["policy", "replay", "--policy", "all.cedar", "--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "policy.permits_everything");
    gate.run(&["policy", "replay", "--policy", "all.cedar", "--all"]).code(2);
}

#[test]
fn only_what_is_asked_for_is_looked_at() {
    let gate = Gate::after_three_decisions();
    let decisions = |more: &[&str]| {
        let call = [["policy", "replay", "--json"].as_slice(), more].concat();
        count(&gate.run(&call).code(0).json(), "decisions")
    };
    assert_eq!(decisions(&["--decision", "deny"]), 1);
    assert_eq!(decisions(&["--agent", "claude"]), 0);
    assert_eq!(decisions(&["--since", "2126-01-01T00:00:00.000Z"]), 0);
    assert_eq!(decisions(&["--limit", "2"]), 2);
    assert_eq!(decisions(&["--tool", "github.*"]), 3);
}

#[test]
fn what_a_record_withholds_is_disclosed_and_once_erased_it_is_said_so() {
    let gate = Gate::new();
    gate.edit(
        RULES,
        "    effect: permit",
        "    effect: permit\n    sensitive: [paths, payload_hash]",
    );
    gate.permit();
    let report = gate.run(&["policy", "replay", "--json", "--strict"]).code(0).json();
    assert_eq!((count(&report, "compared"), count(&report, "differing")), (1, 0), "{report:?}");
    std::fs::remove_file(gate.path(".axtary/ledger.jsonl.sensitive")).unwrap();
    let report = gate.run(&["policy", "replay", "--json"]).code(0).json();
    assert_eq!((count(&report, "decisions"), count(&report, "compared")), (1, 0));
    assert_eq!(not_again(&report), ["withheld"]);
    let ran = gate.run(&["policy", "replay", "--strict"]).code(3);
    assert!(ran.out.contains("the record withholds paths"), "{ran:?}");
}

#[test]
fn a_ledger_that_cannot_be_read_to_its_end_is_no_report() {
    let gate = Gate::after_three_decisions();
    gate.edit(LEDGER, "\"decision\":\"deny\"", "\"decision\":\"deny\" ");
    let ran = gate.run(&["policy", "replay", "--json"]).code(3);
    assert_eq!(text(&ran.json(), "code"), "ledger.not_canonical");
    gate.run(&["policy", "replay", "--ledger", "nowhere.jsonl"]).code(5);
}

#[test]
fn a_record_that_is_no_decision_of_a_known_form_is_counted_by_why() {
    let gate = Gate::after_three_decisions();
    gate.edit(LEDGER, r#":pass","policy_version":"sha256:"#, r#":pass","policy_version":"sha1:"#);
    gate.edit(LEDGER, r#""decision":"deny""#, r#""decision":"unavailable""#);
    let report = gate.run(&["policy", "replay", "--json"]).code(0).json();
    assert_eq!(not_again(&report), ["malformed", "undecided"]);
    assert_eq!((count(&report, "decisions"), count(&report, "compared")), (3, 1));
    gate.run(&["policy", "replay", "--strict"]).code(3);
    gate.run(&["policy", "replay", "--strict", "--policy", RULES]).code(3);
}

#[test]
fn nothing_is_written_and_the_ledger_may_be_in_use() {
    let gate = Gate::after_three_decisions();
    let before = gate.read(LEDGER);
    let open = axtary::Axtary::open(gate.path("axtary.yml")).unwrap();
    gate.run(&["policy", "replay"]).code(0);
    assert_eq!(gate.read(LEDGER), before);
    drop(open);
}
