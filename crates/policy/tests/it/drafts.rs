//! Rules drafted from what was observed permit exactly that kind of call: each call that was learnt from, and none that goes beyond.

use axtary_actionpass::{
    Cause, Effect, EngineName, Evaluation, FactType, Json, Object, Operator, PolicyEngine,
    PolicyVersion, Reason, Record, Timestamp, Trial, Vocabulary,
};
use axtary_policy::{Draft, NativeEngine, PolicyStack, replay};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::kit::{Call, call};

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_fact("base", FactType::Text, "the branch")
        .with_fact("files", FactType::Integer, "how many files")
        .with_fact("kinds", FactType::TextList, "of which kinds")
        .with_fact("paths", FactType::TextList, "which paths")
        .with_fact("production", FactType::Boolean, "whether it is production")
        .with_fact("tested", FactType::Boolean, "whether it is tested")
        .with_constraint("allowed_paths", Operator::AllMatch, "paths")
        .with_constraint("base", Operator::Equals, "base")
        .with_constraint("bases", Operator::OneOf, "base")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
        .with_constraint("kinds", Operator::SubsetOf, "kinds")
        .with_constraint("max_files", Operator::AtMost, "files")
        .with_constraint("min_files", Operator::AtLeast, "files")
        .with_constraint("other", Operator::Present, "other")
        .with_constraint("production", Operator::Equals, "production")
        .with_constraint("tested", Operator::IsTrue, "tested")
}

fn at(seq: usize) -> Timestamp {
    Timestamp::from_seconds(1_785_240_000 + i64::try_from(seq).unwrap()).unwrap()
}

fn answer(effect: Effect) -> Evaluation {
    let version = PolicyVersion::of_sources([("test", b"".as_slice())]);
    let reason = Reason::new(EngineName::NATIVE, Cause::NoPermit);
    Evaluation::new(effect, vec![EngineName::NATIVE], version, vec![reason])
}

fn body(record: &Record) -> Object {
    Json::parse(record.body()).unwrap().as_object().unwrap().clone()
}

fn recorded(seq: usize, call: &Call, answer: &Evaluation) -> Object {
    body(&Record::decision(at(seq), &call.action(), answer, None).unwrap())
}

fn observe(draft: &mut Draft<'_>, seq: usize, body: &Object, disclosed: &Object) {
    draft.observe(u64::try_from(seq).unwrap(), at(seq), body, disclosed).unwrap();
}

/// The draft of permits, and the engine that it makes.
fn drafted(calls: &[Call]) -> (String, NativeEngine) {
    let vocabulary = vocabulary();
    let mut draft = Draft::new(&vocabulary);
    for (seq, call) in calls.iter().enumerate() {
        observe(&mut draft, seq, &recorded(seq, call, &answer(Effect::Permit)), &Object::new());
    }
    let text = draft.to_yaml();
    let engine = NativeEngine::from_yaml("draft.yml", &text, &vocabulary).expect(&text);
    (text, engine)
}

fn effect(engine: &NativeEngine, call: &Call) -> Effect {
    engine.evaluate(&call.action()).unwrap().effect()
}

fn change(files: i32, paths: &[&str]) -> Call {
    let mut call = call();
    call.facts = Object::new()
        .with("base", "main")
        .with("files", files)
        .with("kinds", vec!["code"])
        .with("lines", files * 10)
        .with("paths", paths.to_vec())
        .with("production", false)
        .with("tested", true);
    call
}

#[test]
fn a_draft_says_of_each_rule_what_it_was_drawn_from_and_what_it_leaves_open() {
    let (text, _) = drafted(&[
        change(3, &["src/a.rs", "src/b.rs", "src/c.rs"]),
        change(5, &["README.md", "src/d.rs"]),
        change(4, &["src/a.rs"]).resource("repo:company/api"),
        change(4, &["src/a.rs"]).resource("repo:company/app"),
        change(1, &["docs/a.md"]).agent("writer").fact("base", "next").without("kinds"),
        change(2, &["docs/b.md"]).agent("writer").fact("kinds", Vec::<&str>::new()),
    ]);
    assert_snapshot!(text);
}

#[test]
fn what_differs_by_one_fact_beyond_what_was_seen_is_denied() {
    let calls = [
        change(3, &["src/a.rs", "src/b.rs", "src/c.rs"]),
        change(5, &["README.md", "src/d.rs"]).fact("base", "next"),
    ];
    let (text, engine) = drafted(&calls);
    let seen = || calls[0].clone();
    for call in [seen(), seen().fact("files", 4), seen().fact("paths", vec!["src/new.rs"])] {
        assert_eq!(effect(&engine, &call), Effect::Permit, "{call:?}\n{text}");
    }
    for (name, value) in [
        ("files", Json::from(6)),
        ("files", Json::from(2)),
        ("files", Json::from("3")),
        ("base", Json::from("other")),
        ("kinds", Json::from(vec!["code", "docs"])),
        ("paths", Json::from(vec!["src/a.rs", "README.md", "Makefile"])),
        ("paths", Json::from(vec!["src/deep/a.rs"])),
        ("paths", Json::from(vec!["docs/README.md"])),
        ("production", Json::from(true)),
        ("tested", Json::from(false)),
    ] {
        let call = seen().fact(name, value.clone());
        assert_eq!(effect(&engine, &call), Effect::Deny, "{name}: {value}\n{text}");
        assert_eq!(effect(&engine, &seen().without(name)), Effect::Deny, "no {name}\n{text}");
    }
    for call in [
        seen().agent("codex-prod-2"),
        seen().tool("github.pull_requests.merge"),
        seen().resource("repo:company/web-app-2"),
        Call { owner: "mallory@example.com".to_owned(), ..seen() },
    ] {
        assert_eq!(effect(&engine, &call), Effect::Deny, "{call:?}\n{text}");
    }
}

#[test]
fn denied_calls_are_learnt_from_only_if_that_is_asked_for_and_then_it_is_said() {
    let vocabulary = vocabulary();
    let denied = recorded(0, &change(3, &["a/b"]), &answer(Effect::Deny));
    let would_be = answer(Effect::Deny)
        .with_trial(Some(Trial { effect: Effect::Permit, reasons: Vec::new() }));
    let on_trial = recorded(1, &change(3, &["a/b"]), &would_be);
    let stepped_up = recorded(2, &change(3, &["a/b"]), &answer(Effect::StepUp));
    let learn = |mut draft: Draft<'_>| {
        for (seq, body) in [&denied, &on_trial, &stepped_up].into_iter().enumerate() {
            observe(&mut draft, seq, body, &Object::new());
        }
        (draft.learnt(), draft.to_yaml())
    };
    let (learnt, text) = learn(Draft::new(&vocabulary));
    assert_eq!(learnt, 1);
    assert!(text.contains("# Learnt from 1 decisions: 1 permit on trial.\n"), "{text}");
    assert!(!text.contains("CAUTION"), "{text}");
    let (learnt, text) = learn(Draft::new(&vocabulary).including(Effect::Deny));
    assert_eq!(learnt, 2);
    assert!(text.contains("\n# CAUTION: decisions of `deny` were learnt from."), "{text}");
    let (learnt, _) = learn(Draft::new(&vocabulary).including(Effect::StepUp));
    assert_eq!(learnt, 2);
}

#[test]
fn what_a_record_withholds_is_not_limited_unless_it_is_disclosed() {
    let vocabulary = vocabulary();
    let sensitive = answer(Effect::Permit).with_sensitive(vec!["paths".to_owned()]);
    let call = change(3, &["a/b"]);
    let body = recorded(0, &call, &sensitive);
    let learn = |disclosed: &Object| {
        let mut draft = Draft::new(&vocabulary);
        observe(&mut draft, 0, &body, disclosed);
        draft.to_yaml()
    };
    let text = learn(&Object::new());
    assert!(text.contains("  # Not limited, since they are withheld: paths\n"), "{text}");
    assert!(!text.contains("allowed_paths"), "{text}");
    assert!(learn(&call.facts).contains("allowed_paths: [\"a/b\"]"));
    let engine = NativeEngine::from_yaml("draft.yml", &text, &vocabulary).unwrap();
    assert_eq!(effect(&engine, &call), Effect::Permit);
}

#[test]
fn a_name_that_reads_as_a_pattern_is_left_out_and_that_is_said() {
    let (text, engine) = drafted(&[change(1, &["a/b"]), change(1, &["a/b"]).agent("codex-*")]);
    assert!(text.contains("# LEFT OUT: 1 decisions; their agent or resource has a `*`"), "{text}");
    assert_eq!(effect(&engine, &change(1, &["a/b"]).agent("codex-2")), Effect::Deny);
    let owner = |owner: &str| Call { owner: owner.to_owned(), ..change(1, &["a/b"]) };
    let (text, engine) = drafted(&[owner("team*")]);
    assert!(text.contains("in its name: human_owner\n"), "{text}");
    assert_eq!(effect(&engine, &owner("team*")), Effect::Permit);
}

#[test]
fn a_record_of_another_form_is_refused_and_nothing_is_learnt() {
    let vocabulary = vocabulary();
    let good = recorded(0, &call(), &answer(Effect::Permit));
    let mut draft = Draft::new(&vocabulary);
    for (member, value) in [
        ("decision", Json::from(1)),
        ("agent_id", Json::from("two words")),
        ("tool", Json::from("post\n")),
        ("facts", Json::from("none")),
    ] {
        let body = good.clone().with(member, value);
        let error = draft.observe(0, at(0), &body, &Object::new()).unwrap_err();
        assert_eq!(error.code(), "malformed");
    }
    assert_eq!(draft.learnt(), 0);
}

#[test]
fn what_an_agent_writes_breaks_out_of_no_line() {
    let hostile = [
        "a\n  - id: x\n    effect: permit",
        "# no comment",
        "\"quoted\": [",
        "tab\tand \u{7} bell",
        "line\u{2028}separator\u{85}next",
        "\u{202e}reversed",
        "\u{feff}mark",
        "tag\u{e0041}",
        "back\\slash {brace}",
        "!bang *star* [class] ?",
        "%YAML 1.2\n---\n",
        "'single' & *alias !tag |",
    ];
    let calls: Vec<Call> = hostile
        .iter()
        .map(|text| {
            change(1, &[text]).fact("base", *text).fact("kinds", vec![*text]).agent("a#b:[c]")
        })
        .collect();
    let (text, engine) = drafted(&calls);
    for call in &calls {
        assert_eq!(effect(&engine, call), Effect::Permit, "{call:?}\n{text}");
    }
    assert_eq!(engine.policies().len(), 1, "{text}");
    let is_safe = |c: char| c == '\n' || c == ' ' || !axtary_actionpass::is_invisible(c);
    assert!(text.chars().all(is_safe), "{text:?}");
}

fn facts() -> impl Strategy<Value = Object> {
    let text = prop_oneof![Just("main".to_owned()), "[a-c#:\"'\\\\\n]{0,3}"];
    let path = "[a-d*?{\\[\n#é]{1,2}(/[a-d!]{1,2}){0,2}";
    let value = prop_oneof![
        6 => (-5..40_i32).prop_map(Json::from),
        2 => any::<bool>().prop_map(Json::from),
        3 => text.prop_map(Json::from),
        4 => prop::collection::vec(path.prop_map(Json::from), 0..5).prop_map(Json::Array),
        1 => Just(Json::from(Object::new().with("a", 1))),
        1 => Just(Json::Array(vec![Json::from(1), Json::from("x")])),
    ];
    let odd =
        (prop::sample::select(vec!["base", "files", "kinds", "other", "paths", "tested"]), value);
    let plain = (
        prop_oneof![3 => Just("main".to_owned()), 1 => "[a-z]{1,4}"],
        0..30_i32,
        prop::collection::vec("[a-c]{1,2}(/[a-c]{1,2}){0,3}", 0..6),
        any::<bool>(),
        prop::collection::vec(odd, 0..2),
        prop::bool::weighted(0.1),
    );
    plain.prop_map(|(base, files, paths, tested, odd, lacks)| {
        let facts = Object::new()
            .with("base", base)
            .with("files", files)
            .with("kinds", vec!["code"])
            .with("tested", tested);
        let facts = if lacks { facts } else { facts.with("paths", paths) };
        odd.into_iter().fold(facts, |facts, (name, value)| facts.with(name, value))
    })
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = (
        prop::sample::select(vec!["codex", "claude"]),
        prop::sample::select(vec!["alice@example.com", "bob"]),
        prop::sample::select(vec!["repo:a/b", "repo:a/c", "repo:a/d", "wiki:x"]),
        facts(),
    );
    let call = call.prop_map(|(agent, owner, resource, facts)| Call {
        owner: owner.to_owned(),
        facts,
        ..call_of(agent, resource)
    });
    prop::collection::vec(call, 1..30)
}

fn call_of(agent: &str, resource: &str) -> Call {
    call().agent(agent).resource(resource)
}

proptest! {
    #[test]
    fn whatever_was_permitted_is_permitted_by_its_draft_which_is_the_same_each_time(calls in calls()) {
        let (text, engine) = drafted(&calls);
        prop_assert_eq!(&text, &drafted(&calls).0);
        let stack = PolicyStack::new().with(engine);
        for (seq, call) in calls.iter().enumerate() {
            let body = recorded(seq, call, &answer(Effect::Permit));
            let again = replay(&stack, at(seq), &body, &Object::new()).unwrap();
            prop_assert_eq!(again.decision(), "permit", "{:?}\n{}", call, text);
        }
    }

    #[test]
    fn no_integer_beyond_those_that_were_seen_is_permitted(calls in calls(), beyond in 1..5_i64) {
        let (text, engine) = drafted(&calls);
        let files = |call: &Call| call.facts.get("files").and_then(Json::as_i64);
        for call in &calls {
            let like = |other: &&Call| (&other.agent, &other.resource) == (&call.agent, &call.resource);
            let seen: Option<Vec<i64>> = calls.iter().filter(like).map(files).collect();
            // Where not every record has an integer, the draft says that it does not limit it.
            let Some(seen) = seen else { continue };
            let most = seen.into_iter().max().unwrap() + beyond;
            let call = call.clone().fact("files", i32::try_from(most).unwrap());
            prop_assert_eq!(effect(&engine, &call), Effect::Deny, "{:?}\n{}", call, text);
        }
    }
}
