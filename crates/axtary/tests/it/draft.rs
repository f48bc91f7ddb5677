//! `axtary policy draft`: what agents were let do becomes rules, which a human reads before they come into force.

use axtary::actionpass::Json;

use crate::kit::{Gate, text};

const OUT: [&str; 4] = ["policy", "draft", "--out", "draft.yml"];

#[test]
fn a_draft_permits_what_was_permitted_and_what_it_was_not_told_of_stays_denied() {
    let gate = Gate::after_three_decisions();
    let ran = gate.run(&OUT).code(0);
    assert!(ran.out.starts_with("learnt from 1 decisions; the rules were written to draft.yml\n"));
    let report = gate.run(&["policy", "replay", "--policy", "draft.yml", "--json"]).code(0).json();
    let transitions = report.get("transitions").and_then(Json::as_array).unwrap();
    let told: Vec<_> = transitions
        .iter()
        .map(|one| one.as_object().unwrap())
        .map(|one| (text(one, "recorded"), text(one, "now")))
        .collect();
    assert_eq!(told, [("deny", "deny"), ("permit", "permit"), ("step_up", "deny")]);
}

#[test]
fn a_draft_never_replaces_a_file_and_goes_to_standard_output_if_none_is_named() {
    let gate = Gate::new();
    gate.permit();
    let rules = gate.run(&["policy", "draft"]).code(0).out;
    assert_eq!(rules, gate.run(&["policy", "draft"]).code(0).out);
    gate.run(&OUT).code(0);
    assert_eq!(gate.read("draft.yml"), rules);
    gate.write("draft.yml", "mine");
    let ran = gate.run(&OUT).code(5);
    assert!(ran.err.contains("draft.yml"), "{ran:?}");
    assert_eq!(gate.read("draft.yml"), "mine");
    let json = gate.run(&["policy", "draft", "--json"]).code(0).json();
    assert_eq!(text(&json, "rules"), rules);
    assert_eq!(json.get("decisions").and_then(Json::as_i64), Some(1));
}

#[test]
fn refusals_are_learnt_from_only_if_that_is_asked_for() {
    let gate = Gate::new();
    gate.check("agent/leak", &[]).code(3);
    let ran = gate.run(&["policy", "draft", "--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "policy.nothing_observed");
    let ran = gate.run(&["policy", "draft", "--include", "deny"]).code(0);
    assert!(ran.out.contains("# CAUTION: decisions of `deny` were learnt from."), "{ran:?}");
    assert!(ran.out.contains("\"web/.env.local\""), "{ran:?}");
    gate.run(&["policy", "draft", "--include", "everything"]).code(2);
    gate.run(&["policy", "draft", "--include", "deny", "--agent", "claude"]).code(2);
}

#[test]
fn a_record_that_is_no_decision_of_a_known_form_is_counted() {
    let gate = Gate::new();
    gate.permit();
    gate.check("agent/fix", &[]).code(0);
    gate.edit(
        ".axtary/ledger.jsonl",
        r#""tool":"github.pull_requests.create"}"#,
        r#""tool":"create"}"#,
    );
    let ran = gate.run(&["policy", "draft", "--json"]).code(0);
    assert!(ran.err.contains("1 records are no decisions"), "{ran:?}");
    assert!(ran.err.contains("the first is 1: the record is no decision: a tool name must be"));
    assert_eq!(ran.json().get("malformed").and_then(Json::as_i64), Some(1));
}
