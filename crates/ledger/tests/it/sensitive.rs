//! What a policy marks as sensitive stands apart from the log, and can be erased without breaking it.

use std::{fs, sync::Arc};

use axtary_actionpass::{Cause, Effect, Guard, Json, SigningKey, testing};
use axtary_ledger::{Durability, FileLedger, disclosed, tail, verify};

use crate::kit::Scene;

/// A ledger with one decision, of which the fact `count` and the payload's hash are sensitive.
fn scene() -> Scene {
    let scene = Scene::new();
    let policy = testing::policy(|_| {
        Ok(testing::answer(Effect::Deny, Cause::NoPermit)
            .with_sensitive(vec!["count".to_owned(), "payload_hash".to_owned()]))
    });
    let ledger = Arc::new(FileLedger::open(scene.path(), Durability::Synced).unwrap());
    let issuer = "https://gate.example".parse().unwrap();
    let guard = Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer).unwrap();
    guard.check(&testing::action("slack.messages.post").unwrap()).unwrap_err();
    scene
}

fn names_disclosed(scene: &Scene) -> Vec<String> {
    let entry = tail(scene.path(), 1).unwrap().remove(0);
    let disclosed = disclosed(scene.path(), &entry).unwrap();
    disclosed.iter().map(|disclosure| disclosure.name().to_owned()).collect()
}

#[test]
fn a_withheld_value_is_disclosed_by_the_file_beside_the_log() {
    let scene = scene();
    assert_eq!(names_disclosed(&scene), ["count", "payload_hash"]);
    let entry = tail(scene.path(), 1).unwrap().remove(0);
    let disclosed = disclosed(scene.path(), &entry).unwrap();
    assert_eq!(disclosed[0].value(), &Json::from(3));
    assert!(!String::from_utf8(scene.log()).unwrap().contains("\"count\":3"));
}

#[test]
fn erasing_what_was_withheld_breaks_nothing() {
    let scene = scene();
    fs::remove_file(scene.beside("sensitive")).unwrap();
    assert!(names_disclosed(&scene).is_empty());
    assert_eq!(verify(scene.path()).unwrap().anchored, 1);
    scene.append(1);
    assert_eq!(verify(scene.path()).unwrap().anchored, 2);
}

#[test]
fn a_value_that_was_changed_is_not_disclosed() {
    let scene = scene();
    let line = fs::read_to_string(scene.beside("sensitive")).unwrap();
    let changed = line.replace("\"count\",3", "\"count\",4");
    assert_ne!(changed, line);
    fs::write(scene.beside("sensitive"), changed).unwrap();
    assert_eq!(names_disclosed(&scene), ["payload_hash"]);
    let cut = line.trim_end();
    for damaged in [cut, cut.trim_start_matches('{'), "{\"seq\":0}\n", ",\"seq\":0}\n"] {
        fs::write(scene.beside("sensitive"), damaged).unwrap();
        assert!(names_disclosed(&scene).is_empty(), "{damaged}");
    }
}

#[test]
fn the_disclosures_of_a_record_that_a_crash_prevented_are_not_taken_for_anothers() {
    let scene = scene();
    let line = fs::read_to_string(scene.beside("sensitive")).unwrap();
    let orphan = line.replace("\"count\",3", "\"count\",9");
    fs::write(scene.beside("sensitive"), format!("{orphan}{line}")).unwrap();
    let entry = tail(scene.path(), 1).unwrap().remove(0);
    let values: Vec<_> = disclosed(scene.path(), &entry).unwrap();
    let count: Vec<_> = values.iter().filter(|one| one.name() == "count").collect();
    assert_eq!(count.len(), 1);
    assert_eq!(count[0].value(), &Json::from(3));
}

#[test]
fn where_what_is_withheld_cannot_be_kept_nothing_is_decided() {
    let scene = Scene::new();
    fs::create_dir(scene.beside("sensitive")).unwrap();
    let policy = testing::policy(|_| {
        let answer = testing::answer(Effect::Deny, Cause::NoPermit);
        Ok(answer.with_sensitive(vec!["count".to_owned()]))
    });
    let ledger = FileLedger::open(scene.path(), Durability::Synced).unwrap();
    let issuer = "https://gate.example".parse().unwrap();
    let guard = Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer).unwrap();
    let refusal = guard.check(&testing::action("slack.messages.post").unwrap()).unwrap_err();
    assert_eq!(refusal.code(), "unavailable");
}
