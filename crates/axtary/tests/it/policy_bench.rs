//! What a decision costs under the user's own policies is measured, on calls that they have seen.

use std::fs;

use axtary::{
    Axtary,
    actionpass::{Json, Object},
};

use crate::{
    killed::action,
    kit::{Gate, text},
};

/// A gate whose ledger holds three decisions.
fn after_three_decisions() -> Gate {
    let gate = Gate::new();
    let open = Axtary::open(gate.path("axtary.yml")).unwrap();
    for _ in 0..3 {
        assert!(open.guard().check(&action(&open)).is_ok());
    }
    gate
}

fn number(object: &Object, name: &str) -> i64 {
    object.get(name).and_then(Json::as_i64).unwrap()
}

#[test]
fn each_language_is_measured_by_itself_and_all_together() {
    let gate = after_three_decisions();
    gate.write(
        "policy/main.cedar",
        "permit (principal == Agent::\"codex-prod\", action, resource);",
    );
    gate.write("policy/main.rego", "package axtary\nallow if input.facts.files_changed < 5\n");
    let before = gate.read(".axtary/ledger.jsonl");
    let bench = ["policy", "bench", "--decisions", "50"];
    let policy = ["--policy", "policy"];
    let json = gate.run(&[&bench[..], &policy, &["--json"]].concat()).code(0).json();
    assert_eq!(number(&json, "calls"), 3);
    assert_eq!(json.get("small_sample").and_then(Json::as_bool), Some(true));
    let engines = json.get("engines").and_then(Json::as_array).unwrap();
    let engines: Vec<&Object> = engines.iter().filter_map(Json::as_object).collect();
    let names: Vec<&str> = engines.iter().map(|engine| text(engine, "engine")).collect();
    assert_eq!(names, ["native", "cedar", "rego"]);
    let all = json.get("all").and_then(Json::as_object).unwrap();
    let policies: i64 = engines.iter().map(|engine| number(engine, "policies")).sum();
    assert_eq!(number(all, "policies"), policies);
    for cost in engines.into_iter().chain([all]) {
        assert_eq!((number(cost, "decisions"), number(cost, "failures")), (50, 0));
        assert!(number(cost, "median_ns") <= number(cost, "p99_ns"));
        assert!(number(cost, "load_ns") > 0);
    }
    let ran = gate.run(&[&bench[..], &policy].concat()).code(0);
    for row in ["\nnative ", "\ncedar ", "\nrego ", "\nall ", "\nthe sample is small"] {
        assert!(ran.out.contains(row), "{}", ran.out);
    }
    assert_eq!(gate.read(".axtary/ledger.jsonl"), before, "nothing is recorded");
}

#[test]
fn decisions_that_cannot_be_made_again_are_counted_and_none_left_is_a_mistake() {
    let gate = Gate::new();
    gate.edit("policy/rules.yml", "ttl: 10m", "ttl: 10m\n    sensitive: [paths]");
    gate.check("agent/fix", &[]).code(0);
    gate.check("agent/leak", &[]).code(3);
    let bench = ["policy", "bench", "--decisions", "5", "--json"];
    let json = gate.run(&bench).code(0).json();
    assert_eq!((number(&json, "calls"), number(&json, "passed_over")), (2, 0));
    fs::remove_file(gate.path(".axtary/ledger.jsonl.sensitive")).unwrap();
    let ran = gate.run(&bench).code(2);
    assert!(text(&ran.json(), "message").contains("no decision that can be made again"));
    gate.edit("policy/rules.yml", "    sensitive: [paths]\n", "");
    gate.check("agent/fix", &[]).code(0);
    let json = gate.run(&bench).code(0).json();
    assert_eq!((number(&json, "calls"), number(&json, "passed_over")), (1, 2));
    let ran = gate.run(&[&bench[..4], &["--last", "0"]].concat()).code(2);
    assert!(ran.err.contains("--last"), "{ran:?}");
}

#[test]
fn a_call_that_is_written_down_is_measured_too() {
    let gate = Gate::new();
    gate.write(
        "action.yml",
        "agent: a\nowner: o\ntool: github.pull_requests.create\nresource: repo:company/web-app\n",
    );
    let bench = ["policy", "bench", "--action", "action.yml", "--decisions", "7"];
    let json = gate.run(&[&bench[..], &["--json"]].concat()).code(0).json();
    assert_eq!(number(json.get("all").and_then(Json::as_object).unwrap(), "decisions"), 7);
    assert!(json.get("engines").and_then(Json::as_array).unwrap().is_empty(), "one alone is all");
    gate.run(&[&bench[..], &["--ledger", "l"]].concat()).code(2);
    gate.run(&["policy", "bench", "--decisions", "0"]).code(2);
    // Without a ledger there is nothing to decide on.
    gate.run(&["policy", "bench"]).code(5);
}
