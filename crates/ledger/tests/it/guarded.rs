//! A guard over a ledger in a file.

use axtary_actionpass::{Guard, Part, Refusal, SigningKey, testing};
use axtary_ledger::{find, tail, verify_against};

use crate::kit::Scene;

const TOOL: &str = "slack.messages.post";

fn guard(scene: &Scene) -> Guard {
    let policy = testing::permit_if(|action| action.tool().as_str() == TOOL);
    let issuer = "https://gate.example".parse().unwrap();
    Guard::new(policy, scene.open(), SigningKey::from_seed(&[7; 32]), issuer).unwrap()
}

#[test]
fn a_pass_carries_the_hash_of_the_line_in_which_its_decision_stands() {
    let scene = Scene::new();
    let pass = guard(&scene).check(&testing::action(TOOL).unwrap()).unwrap();
    let verified = verify_against(scene.path(), &[pass.claims().ledger_hash()]).unwrap();
    assert_eq!((verified.records, verified.anchored), (1, 1));

    let history = find(scene.path(), pass.id()).unwrap();
    assert_eq!(history.decision().hash, pass.claims().ledger_hash());
    assert_eq!(history.decision().body.get("decision").unwrap().as_str(), Some("permit"));
    assert!(history.outcomes().is_empty());
}

#[test]
fn a_refusal_is_recorded_too() {
    let scene = Scene::new();
    let refusal = guard(&scene).check(&testing::action("slack.channels.delete").unwrap());
    let Err(Refusal::Denied(denied)) = refusal else { panic!("{refusal:?}") };
    let entries = tail(scene.path(), 1).unwrap();
    assert_eq!(entries[0].hash, denied.ledger_hash());
    assert_eq!(entries[0].body.get("decision").unwrap().as_str(), Some("deny"));
}

#[test]
fn a_ledger_that_lost_its_file_lets_no_pass_out() {
    let scene = Scene::new();
    let guard = guard(&scene);
    std::fs::remove_file(scene.path()).unwrap();
    for _ in 0..2 {
        let refusal = guard.check(&testing::action(TOOL).unwrap()).unwrap_err();
        let Refusal::Unavailable(unavailable) = refusal else { panic!("{refusal:?}") };
        assert_eq!(unavailable.part(), Part::Ledger);
        assert!(unavailable.message().contains("was removed"), "{unavailable}");
    }
}
