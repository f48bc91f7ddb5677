//! What the records of a ledger hold, and what they withhold.

use std::sync::Arc;

use axtary_actionpass::{
    Action, Consumption, Disclosure, Effect, Event, Guard, Json, KeyChange, KeyPurpose, LedgerHash,
    Object, Operator, Outcome, PassId, PolicyVersion, Record, RecordKind, SigningKey, SpendStage,
    Timestamp, Trial, Vocabulary, testing,
};
use axtary_actionpass::{Cause, EngineError, EngineName, Signer as _};

use crate::kit::{action, issuer};

fn guard(
    policy: impl axtary_actionpass::PolicyEngine + 'static,
) -> (Arc<testing::MemoryLedger>, Guard) {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let guard =
        Guard::new(policy, ledger.clone(), SigningKey::from_seed(&[7; 32]), issuer()).unwrap();
    (ledger, guard)
}

fn body(record: &Record) -> Object {
    let body = Json::parse(record.body()).unwrap();
    assert_eq!(body.to_canonical(), record.body());
    body.as_object().unwrap().clone()
}

/// Decides on the kit's action alone, so that the canary is refused.
fn on_the_action(
    effect: Effect,
    cause: Cause,
    sensitive: &[&str],
) -> impl axtary_actionpass::PolicyEngine + use<> {
    let sensitive: Vec<String> = sensitive.iter().map(|name| (*name).to_owned()).collect();
    testing::policy(move |asked: &Action| {
        let known = asked.tool() == action().tool();
        let (effect, cause) =
            if known { (effect, cause.clone()) } else { (Effect::Deny, Cause::NoPermit) };
        Ok(testing::answer(effect, cause).with_sensitive(sensitive.clone()))
    })
}

#[test]
fn sensitive_facts_and_the_payload_hash_stand_in_the_record_as_commitments_alone() {
    let all = ["paths", "payload_hash", "paths", "not_there"];
    let (ledger, guard) = guard(on_the_action(Effect::Permit, Cause::Permitted, &all));
    let pass = guard.check(&action()).unwrap();
    let record = ledger.records().remove(0);
    let body = body(&record);
    assert!(body.get("payload_hash").is_none());
    let facts = body.get("facts").unwrap().as_object().unwrap();
    assert!(facts.get("paths").is_none());
    assert_eq!(facts.get("files_changed"), action().facts().as_object().get("files_changed"));

    let commitments = body.get("sensitive").unwrap().as_object().unwrap();
    assert_eq!(commitments.len(), 2);
    let disclosed: Vec<_> = record.disclosures().iter().map(Disclosure::name).collect();
    assert_eq!(disclosed, ["paths", "payload_hash"]);
    for disclosure in record.disclosures() {
        let committed = commitments.get(disclosure.name()).unwrap().as_str().unwrap();
        assert_eq!(committed, disclosure.commitment().to_string());
    }
    let hash = pass.claims().payload_hash().to_string();
    assert_eq!(record.disclosures()[1].value().as_str(), Some(&*hash));
    assert!(!String::from_utf8(record.body().to_vec()).unwrap().contains(&hash));
}

#[test]
fn a_reason_does_not_repeat_the_value_of_a_sensitive_fact() {
    let vocabulary =
        Vocabulary::new().with_constraint("max_files_changed", Operator::AtMost, "files_changed");
    let constraints = vocabulary.read(&Object::new().with("max_files_changed", 0)).unwrap();
    let violation = constraints.check(action().facts()).unwrap_err();
    let seen = violation.seen().unwrap().to_string();
    for (sensitive, shown) in [(&["files_changed"][..], false), (&[], true)] {
        let policy = on_the_action(Effect::Deny, Cause::Violated(violation.clone()), sensitive);
        let (ledger, guard) = guard(policy);
        guard.check(&action()).unwrap_err();
        let body = body(&ledger.records()[0]);
        let reason = body.get("reasons").unwrap().as_array().unwrap()[0].as_object().unwrap();
        let recorded = reason.get("violation").unwrap().as_object().unwrap();
        assert_eq!(recorded.get("seen").map(Json::to_string), shown.then(|| seen.clone()));
        assert_eq!(recorded.get("remedy").is_some(), shown);
        assert!(recorded.get("allowed").is_some());
    }
}

#[test]
fn what_rules_on_trial_would_have_decided_is_recorded_beside_the_decision() {
    let policy = testing::policy(|asked: &Action| {
        if asked.tool() != action().tool() {
            return Ok(testing::answer(Effect::Deny, Cause::NoPermit));
        }
        let reasons = testing::answer(Effect::Deny, Cause::Forbidden).into_reasons();
        let trial = Trial { effect: Effect::Deny, reasons };
        Ok(testing::answer(Effect::Permit, Cause::Permitted).with_trial(Some(trial)))
    });
    let (ledger, guard) = guard(policy);
    let _pass = guard.check(&action()).unwrap();
    let body = body(&ledger.records()[0]);
    assert_eq!(body.get("decision").and_then(Json::as_str), Some("permit"));
    let trial = body.get("trial").and_then(Json::as_object).unwrap();
    assert_eq!(trial.get("decision").and_then(Json::as_str), Some("deny"));
    assert_eq!(trial.get("reasons").and_then(Json::as_array).map(<[Json]>::len), Some(1));
}

#[test]
fn where_policy_fails_and_what_is_sensitive_is_unknown_every_fact_is_withheld() {
    let policy = testing::policy(|asked: &Action| {
        if asked.tool() == action().tool() {
            return Err(EngineError { engine: EngineName::NATIVE, message: "broken".to_owned() });
        }
        Ok(testing::answer(Effect::Deny, Cause::NoPermit))
    });
    let (ledger, guard) = guard(policy);
    guard.check(&action()).unwrap_err();
    let record = ledger.records().remove(0);
    let body = body(&record);
    assert_eq!(body.get("facts").unwrap().as_object().unwrap().len(), 0);
    assert!(body.get("payload_hash").is_none());
    assert_eq!(record.disclosures().len(), action().facts().as_object().len() + 1);
}

#[test]
fn an_outcome_that_was_observed_elsewhere_is_recorded_with_what_was_seen() {
    let (ledger, guard) = guard(on_the_action(Effect::Permit, Cause::Permitted, &[]));
    let pass = guard.check(&action()).unwrap();
    guard.record_outcome(pass.id(), Outcome::Failed, &Object::new().with("status", 422)).unwrap();
    let record = ledger.records().pop().unwrap();
    assert_eq!(record.kind(), RecordKind::Outcome);
    let text = format!(
        r#"{{"action_pass_id":"{}","observed":{{"status":422}},"outcome":"failed"}}"#,
        pass.id()
    );
    assert_eq!(record.body(), text.as_bytes());
}

#[test]
fn each_event_has_a_kind_and_members_of_its_own() {
    let pass = PassId::new("ap_01K10000000000000000000000").unwrap();
    let key = SigningKey::from_seed(&[7; 32]);
    let version = PolicyVersion::from_bytes([2; 32]);
    let two = "02".repeat(32);
    let request = LedgerHash::from_bytes([2; 32]);
    let (approver, audience) =
        ("alice@example.com".parse().unwrap(), "github-executor".parse().unwrap());
    let consumption = Consumption::Already;
    let events = [
        (
            Event::Approval { request, approver: &approver, approved: true },
            "approval",
            format!(
                r#"{{"approver":"alice@example.com","request":"sha256:{two}","verdict":"approved"}}"#
            ),
        ),
        (
            Event::Consumption { pass: &pass, audience: &audience, consumption: &consumption },
            "consumption",
            format!(
                r#"{{"action_pass_id":"{pass}","audience":"github-executor","consumption":"already"}}"#
            ),
        ),
        (
            Event::Spend {
                pass: &pass,
                stage: SpendStage::RolledBack,
                amount: 1250.into(),
                currency: "EUR",
            },
            "spend",
            format!(
                r#"{{"action_pass_id":"{pass}","amount":1250,"currency":"EUR","stage":"rolled_back"}}"#
            ),
        ),
        (
            Event::Key { key: key.key_id(), purpose: KeyPurpose::Pass, change: KeyChange::Retired },
            "key",
            format!(r#"{{"change":"retired","key_id":"{}","purpose":"pass"}}"#, key.key_id()),
        ),
        (
            Event::Policy { version, before: Some(version) },
            "policy",
            format!(r#"{{"before":"sha256:{two}","policy_version":"sha256:{two}"}}"#),
        ),
        (
            Event::Repair { bytes: 17, moved_to: "audit.jsonl.torn-1" },
            "repair",
            r#"{"bytes":17,"moved_to":"audit.jsonl.torn-1"}"#.to_owned(),
        ),
    ];
    let at = Timestamp::from_seconds(1_785_240_000).unwrap();
    for (event, kind, expected) in events {
        let record = Record::event(at, &event);
        assert_eq!(record.kind().as_str(), kind);
        assert_eq!(std::str::from_utf8(record.body()).unwrap(), expected);
        assert!(RecordKind::ALL.contains(&record.kind()));
    }
}
