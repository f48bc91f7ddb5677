//! What a policy marks as sensitive stands apart from the log, and can be erased without breaking it.

use std::{fs, sync::Arc};

use axtary_actionpass::{Cause, Effect, Guard, Json, SigningKey, testing};
use axtary_ledger::{Disclosures, Durability, FileLedger, Reader, disclosed, tail, verify};

use crate::kit::Scene;

/// A ledger with one decision, of which the fact `count` and the payload's hash are sensitive.
fn scene() -> Scene {
    after_decisions(1)
}

fn after_decisions(decisions: usize) -> Scene {
    let scene = Scene::new();
    let policy = testing::policy(|_| {
        Ok(testing::answer(Effect::Deny, Cause::NoPermit)
            .with_sensitive(vec!["count".to_owned(), "payload_hash".to_owned()]))
    });
    let ledger = Arc::new(FileLedger::open(scene.path(), Durability::Synced).unwrap());
    let issuer = "https://gate.example".parse().unwrap();
    let guard = Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer).unwrap();
    for _ in 0..decisions {
        guard.check(&testing::action("slack.messages.post").unwrap()).unwrap_err();
    }
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
fn the_disclosures_of_many_records_are_found_in_their_order_whatever_was_erased_or_left_by_a_crash()
{
    let scene = after_decisions(5);
    let disclosed = |scene: &Scene| -> Vec<usize> {
        let mut disclosures = Disclosures::of(scene.path());
        let reader = Reader::open(scene.path()).unwrap();
        reader.map(|entry| disclosures.of_record(&entry.unwrap()).unwrap().len()).collect()
    };
    assert_eq!(disclosed(&scene), [2; 5]);

    let whole = fs::read_to_string(scene.beside("sensitive")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let write = |lines: &[&str]| {
        fs::write(scene.beside("sensitive"), format!("{}\n", lines.join("\n"))).unwrap();
    };
    write(&[lines[0], lines[2], lines[4]]);
    assert_eq!(disclosed(&scene), [2, 0, 2, 0, 2]);
    // Records 1 to 3 were written anew after a crash took the first ones.
    let orphans: Vec<String> =
        lines[1..4].iter().map(|line| line.replace("\"count\",3", "\"count\",9")).collect();
    let orphans: Vec<&str> = orphans.iter().map(String::as_str).collect();
    write(&[&lines[..1], &orphans, &lines[1..]].concat());
    assert_eq!(disclosed(&scene), [2; 5]);
    write(&[lines[3], lines[1], lines[4], lines[0], lines[2]]);
    assert_eq!(disclosed(&scene), [2; 5]);
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
