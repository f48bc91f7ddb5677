//! What opening creates, and what it refuses.

use std::fs;

use axtary_ledger::{Durability, FileLedger, OpenError, verify};

use crate::kit::Scene;

fn refused(scene: &Scene) -> OpenError {
    FileLedger::open(scene.path(), Durability::Synced).unwrap_err()
}

#[test]
fn a_new_ledger_is_empty_and_verifies() {
    let scene = Scene::new();
    assert!(scene.open().is_empty());
    let verified = verify(scene.path()).unwrap();
    assert_eq!((verified.records, verified.last, verified.bytes), (0, None, 0));
    assert_eq!(scene.files_beside(), ["audit.jsonl.head", "audit.jsonl.lock"]);
}

#[cfg(unix)]
#[test]
fn what_is_created_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    drop(scene.open());
    scene.write(b"torn");
    drop(scene.open());
    for path in [scene.path(), scene.beside("head"), scene.beside("lock"), scene.beside("torn-1")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
fn a_reopened_ledger_goes_on_where_it_ended() {
    let scene = Scene::new();
    let mut hashes = scene.append(2);
    hashes.extend(scene.append(2));
    let verified = axtary_ledger::verify_against(scene.path(), &hashes).unwrap();
    assert_eq!((verified.records, verified.last), (4, hashes.last().copied()));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let target = Scene::with_records(0);
    for suffix in ["", "head", "lock"] {
        let beside = |scene: &Scene| match suffix {
            "" => scene.path(),
            suffix => scene.beside(suffix),
        };
        for to in [beside(&target), target.beside("nowhere")] {
            let scene = Scene::new();
            symlink(&to, beside(&scene)).unwrap();
            assert_eq!(refused(&scene).code(), "ledger.not_a_file", "{suffix:?} to {to:?}");
            assert!(!target.beside("nowhere").exists());
        }
    }
}

#[test]
fn a_folder_is_no_ledger() {
    let scene = Scene::new();
    fs::create_dir(scene.path()).unwrap();
    let error = refused(&scene);
    assert_eq!(error.code(), "ledger.not_a_file");
    assert!(verify(scene.path()).unwrap_err().to_string().contains("not a regular file"));
}

#[test]
fn no_new_chain_is_started_where_a_ledger_was_removed() {
    let scene = Scene::with_records(2);
    fs::remove_file(scene.path()).unwrap();
    let error = refused(&scene);
    assert_eq!(error.code(), "ledger.truncated");
    assert!(error.to_string().contains("has lost records"), "{error}");
    assert!(!scene.path().exists());
}

#[test]
fn no_new_chain_is_started_over_a_file_that_was_emptied_or_is_something_else() {
    let scene = Scene::with_records(2);
    scene.write(b"");
    assert_eq!(refused(&scene).code(), "ledger.truncated");

    let scene = Scene::new();
    for other in ["# notes\n", "no line at all", "\0\0\0\0"] {
        scene.write(other.as_bytes());
        assert_eq!(refused(&scene).code(), "ledger.no_head");
        assert_eq!(scene.log(), other.as_bytes());
    }
}

#[test]
fn an_older_copy_of_the_ledger_is_refused() {
    let scene = Scene::with_records(2);
    let older = scene.log();
    scene.append(1);
    scene.write(&older);
    assert_eq!(refused(&scene).code(), "ledger.truncated");
}

#[test]
fn another_ledger_under_the_same_name_is_refused() {
    let scene = Scene::with_records(2);
    let other = Scene::new();
    other.append(1);
    other.append(3);
    // The same length, and other content.
    let mut lines = other.lines();
    lines.truncate(2);
    let text = String::from_utf8(lines.concat()).unwrap().replace("\"number\":0", "\"number\":5");
    scene.write(text.as_bytes());
    assert_eq!(refused(&scene).code(), "ledger.corrupt");
}

#[test]
fn a_ledger_without_its_head_is_refused_until_an_empty_one_says_otherwise() {
    let scene = Scene::with_records(2);
    fs::remove_file(scene.beside("head")).unwrap();
    let error = refused(&scene);
    assert_eq!(error.code(), "ledger.no_head");
    assert!(error.to_string().contains("audit.jsonl.head"), "{error}");
    assert!(!scene.beside("head").exists());
    fs::write(scene.beside("head"), "").unwrap();
    scene.append(1);
    assert_eq!(verify(scene.path()).unwrap().anchored, 3);
}

#[test]
fn a_damaged_head_is_refused() {
    let scene = Scene::with_records(2);
    let head = fs::read(scene.beside("head")).unwrap();
    for damaged in [&head[1..], &[&*head, b"\n"].concat(), &head[..head.len() - 1], b"\0"] {
        fs::write(scene.beside("head"), damaged).unwrap();
        assert_eq!(refused(&scene).code(), "ledger.bad_head");
        assert_eq!(verify(scene.path()).unwrap_err().code(), "ledger.bad_head");
    }
}

#[test]
fn any_changed_byte_of_a_head_is_refused() {
    let scene = Scene::with_records(3);
    let head = fs::read(scene.beside("head")).unwrap();
    for at in 0..head.len() {
        for flip in [1, 0x20] {
            let mut changed = head.clone();
            changed[at] ^= flip;
            fs::write(scene.beside("head"), changed).unwrap();
            assert!(FileLedger::open(scene.path(), Durability::Synced).is_err(), "{at} ^ {flip}");
            assert!(verify(scene.path()).is_err(), "{at} ^ {flip}");
        }
    }
}

#[test]
fn a_last_line_that_is_no_record_is_refused_with_its_offset() {
    let scene = Scene::with_records(2);
    let log = scene.log();
    for bad in ["{}\n", "\n", "{\"body\":{}}\n", "xxx\n"] {
        scene.write(&[&log, bad.as_bytes()].concat());
        let error = refused(&scene);
        assert_eq!(error.code(), "ledger.corrupt", "{bad:?}");
        assert!(error.to_string().contains(&format!("at byte {}", log.len())), "{error}");
    }
}

#[test]
fn a_first_line_that_is_not_the_first_record_is_refused() {
    let scene = Scene::with_records(2);
    let lines = scene.lines();
    let first = String::from_utf8(lines[0].clone()).unwrap();
    let after_another = first.replace("sha256:0", "sha256:1");
    for line in [&*lines[1], after_another.as_bytes()] {
        scene.write(line);
        fs::write(scene.beside("head"), "").unwrap();
        assert_eq!(refused(&scene).code(), "ledger.corrupt");
    }
    scene.write(&[&*lines[0], &*lines[0]].concat());
    assert_eq!(refused(&scene).code(), "ledger.corrupt");
}

#[test]
fn a_folder_that_does_not_exist_is_said_so() {
    let scene = Scene::new();
    let path = scene.beside("nowhere").join("audit.jsonl");
    let error = FileLedger::open(&path, Durability::Synced).unwrap_err();
    assert_eq!(error.code(), "ledger.io");
    assert!(error.to_string().starts_with("cannot create `"), "{error}");
}
