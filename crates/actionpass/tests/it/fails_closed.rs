//! Every part of the gate that fails ends in a refusal that says which, and nothing is released.

use std::sync::{Arc, atomic::Ordering};

use axtary_actionpass::{
    Action, ArmError, Cause, Clock, ClockError, Effect, EngineError, EngineName, Guard, Json, Part,
    RecordKind, Refusal, SignError, Signer, SigningKey, Timestamp, testing,
};

use crate::kit::{action, issuer};

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// Permits the kit's action only.
fn permit() -> impl axtary_actionpass::PolicyEngine {
    testing::permit_if(|action: &Action| action.tool().as_str() == "github.pull_requests.create")
}

fn unavailable(refusal: Refusal) -> Part {
    match refusal {
        Refusal::Unavailable(unavailable) => unavailable.part(),
        Refusal::Denied(why) => panic!("{why}"),
        Refusal::ApprovalRequired(request) => panic!("{request}"),
    }
}

/// The decisions that a ledger has, as text.
fn decisions(ledger: &testing::MemoryLedger) -> Vec<String> {
    ledger
        .records()
        .iter()
        .filter(|record| record.kind() == RecordKind::Decision)
        .map(|record| {
            let body = Json::parse(record.body()).unwrap();
            body.as_object().unwrap().get("decision").unwrap().as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_permit_is_recorded_before_its_pass_exists() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let guard = Guard::new(permit(), ledger.clone(), key(), issuer()).unwrap();
    let pass = guard.check(&action()).unwrap();
    let records = ledger.records();
    assert_eq!(records.len(), 1);
    let body = Json::parse(records[0].body()).unwrap();
    assert_eq!(body.to_canonical(), records[0].body(), "a body is canonical from the start");
    let body = body.as_object().unwrap();
    assert_eq!(body.get("action_pass_id").unwrap().as_str(), Some(pass.id().as_str()));
    assert_eq!(body.get("facts"), Some(&Json::Object(action().facts().as_object().clone())));
    assert_eq!(
        pass.claims().ledger_hash(),
        axtary_actionpass::LedgerHash::of_line(records[0].body())
    );
}

#[test]
fn a_denial_carries_its_reasons_and_is_recorded() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let policy = testing::policy(|_: &Action| Ok(testing::answer(Effect::Deny, Cause::Forbidden)));
    let guard = Guard::new(policy, ledger.clone(), key(), issuer()).unwrap();
    let refusal = guard.check(&action()).unwrap_err();
    assert_eq!(refusal.to_string(), "denied by `testing:closure`: forbids this action");
    assert_eq!(refusal.code(), "denied");
    assert_eq!(decisions(&ledger), ["deny"]);
}

#[test]
fn a_step_up_asks_for_approval_of_exactly_this_payload() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let policy = testing::policy(|_: &Action| {
        Ok(testing::answer(Effect::StepUp, Cause::StepUp)
            .with_approvers(vec!["security".to_owned()]))
    });
    let guard = Guard::new(policy, ledger.clone(), key(), issuer()).unwrap();
    let Refusal::ApprovalRequired(request) = guard.check(&action()).unwrap_err() else {
        panic!("a step-up")
    };
    assert_eq!(request.payload_hash(), action().payload().hash());
    assert_eq!(
        request.to_string(),
        "approval required from security by `testing:closure`: asks for a human's approval"
    );
    assert_eq!(decisions(&ledger), ["step_up"]);
}

#[test]
fn an_engine_that_fails_is_unavailable_and_recorded() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let policy = testing::policy(|action: &Action| match action.tool().as_str() {
        "axtary.canary" => Ok(testing::answer(Effect::Deny, Cause::NoPermit)),
        _ => Err(EngineError { engine: EngineName::CEDAR, message: "broke".to_owned() }),
    });
    let guard = Guard::new(policy, ledger.clone(), key(), issuer()).unwrap();
    let refusal = guard.check(&action()).unwrap_err();
    assert_eq!(refusal.to_string(), "unavailable, the policy failed: the cedar engine: broke");
    assert_eq!(unavailable(refusal), Part::Policy);
    assert_eq!(decisions(&ledger), ["unavailable"]);
}

#[test]
fn a_ledger_that_fails_to_write_or_to_sync_releases_nothing() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let guard = Guard::new(permit(), ledger.clone(), key(), issuer()).unwrap();
    ledger.refuse_sync.store(true, Ordering::SeqCst);
    assert_eq!(unavailable(guard.check(&action()).unwrap_err()), Part::Ledger);
    ledger.refuse_append.store(true, Ordering::SeqCst);
    assert_eq!(unavailable(guard.check(&action()).unwrap_err()), Part::Ledger);
}

#[test]
fn a_denial_that_cannot_be_recorded_is_unavailable() {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let guard = Guard::new(testing::permit_if(|_| false), ledger.clone(), key(), issuer()).unwrap();
    ledger.refuse_append.store(true, Ordering::SeqCst);
    assert_eq!(unavailable(guard.check(&action()).unwrap_err()), Part::Ledger);
}

struct BrokenSigner(SigningKey);

impl Signer for BrokenSigner {
    fn key_id(&self) -> &axtary_actionpass::KeyId {
        self.0.key_id()
    }

    fn algorithm(&self) -> axtary_actionpass::Algorithm {
        self.0.algorithm()
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        Err(SignError { message: "the HSM is away".to_owned() })
    }
}

#[test]
fn a_signer_that_fails_releases_nothing() {
    let guard =
        Guard::new(permit(), testing::MemoryLedger::new(), BrokenSigner(key()), issuer()).unwrap();
    let refusal = guard.check(&action()).unwrap_err();
    assert_eq!(refusal.to_string(), "unavailable, the signer failed: the HSM is away");
    assert_eq!(unavailable(refusal), Part::Signer);
}

struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        Err(ClockError { reason: "it stands still".to_owned() })
    }
}

#[test]
fn without_the_time_nothing_is_decided_and_nothing_verified() {
    let guard = Guard::new(permit(), testing::MemoryLedger::new(), key(), issuer())
        .unwrap()
        .with_clock(BrokenClock);
    assert_eq!(unavailable(guard.check(&action()).unwrap_err()), Part::Clock);

    let scene = crate::kit::Scene::new();
    let verifier = crate::kit::verifier(&scene.key, &scene.clock).with_clock(BrokenClock);
    let action = action();
    let error = verifier.verify(scene.pass().token(), &crate::kit::execution(&action)).unwrap_err();
    assert_eq!(error.code(), "clock_unavailable");
}

#[test]
fn a_policy_that_permits_everything_does_not_arm() {
    let error =
        Guard::new(testing::permit_if(|_| true), testing::MemoryLedger::new(), key(), issuer())
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy permits the canary action, so it would permit anything: `testing:closure`: permits this action; \
         narrow the rule to the agents, tools and resources it is meant for"
    );
}

#[test]
fn an_engine_that_cannot_show_a_refusal_does_not_arm() {
    let policy = testing::policy(|_: &Action| {
        Err(EngineError { engine: EngineName::REGO, message: "out of steps".to_owned() })
    });
    let error = Guard::new(policy, testing::MemoryLedger::new(), key(), issuer()).unwrap_err();
    assert!(matches!(error, ArmError::Engine(_)), "{error}");
}

#[test]
fn a_pass_lives_no_longer_than_the_gate_allows() {
    use std::time::Duration;
    let policy = testing::policy(|action: &Action| {
        Ok(match action.tool().as_str() {
            "axtary.canary" => testing::answer(Effect::Deny, Cause::NoPermit),
            _ => testing::answer(Effect::Permit, Cause::Permitted)
                .with_ttl(Some(Duration::from_secs(86_400))),
        })
    });
    let guard = Guard::new(policy, testing::MemoryLedger::new(), key(), issuer())
        .unwrap()
        .with_max_ttl(Duration::from_secs(120));
    let pass = guard.check(&action()).unwrap();
    assert_eq!(
        pass.claims().expires_at().since(pass.claims().issued_at()),
        Duration::from_secs(120)
    );
}

#[test]
fn a_pass_larger_than_a_verifier_reads_is_not_issued() {
    let scene = crate::kit::Scene::new();
    let text = "\u{1}".repeat(axtary_actionpass::Intent::MAX_BYTES);
    let large = Action::builder(
        action().actor().clone(),
        action().tool().clone(),
        action().resource().clone(),
    )
    .intent(axtary_actionpass::Intent::new(text).unwrap())
    .audience("github-executor".parse().unwrap())
    .payload(action().payload().clone())
    .facts(action().facts().clone())
    .build()
    .unwrap();
    assert_eq!(unavailable(scene.guard.check(&large).unwrap_err()), Part::Signer);
}

#[test]
fn nothing_shows_the_token_or_the_key() {
    let scene = crate::kit::Scene::new();
    let pass = scene.pass();
    let shown = format!("{pass:?} {:?} {:?} {:?}", scene.key, scene.guard, scene.verifier);
    assert!(!shown.contains(pass.token()));
    assert!(!shown.contains(pass.token().rsplit('.').next().unwrap()));
    assert!(!shown.contains("7, 7, 7"), "{shown}");
}
