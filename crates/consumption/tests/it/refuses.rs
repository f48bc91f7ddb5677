//! Everything that is not certainly a first use is refused.

use std::fs;

use axtary_actionpass::{AgentId, Consumption, ConsumptionStore as _, Revocation};
use axtary_consumption::{OpenError, SqliteStore};

use crate::kit::{at, consume, id, key, with_use};

#[test]
fn a_second_use_is_refused_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert_eq!(consume(&SqliteStore::open(&path).unwrap(), &id(1), 100, 1), Ok(Consumption::First));
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(with_use(&id(1), 100, 2, |pass| store.look(pass)), Ok(Consumption::Already));
    assert_eq!(consume(&store, &id(1), 100, 2), Ok(Consumption::Already));
    assert_eq!(with_use(&id(2), 100, 2, |pass| store.look(pass)), Ok(Consumption::First));
    assert_eq!(consume(&store, &id(2), 100, 2), Ok(Consumption::First), "looking used nothing up");
}

#[test]
fn what_is_revoked_is_refused_in_every_open_store() {
    let folder = tempfile::tempdir().unwrap();
    let revocations = [
        Revocation::Pass(id(1)),
        Revocation::Key(key()),
        Revocation::Agent(AgentId::new("codex").unwrap()),
        Revocation::IssuedBefore(at(2)),
    ];
    for (number, revocation) in revocations.into_iter().enumerate() {
        let path = folder.path().join(number.to_string());
        let (one, other) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
        one.revoke(&revocation).unwrap();
        one.revoke(&Revocation::IssuedBefore(at(0))).unwrap();
        assert_eq!(consume(&other, &id(1), 100, 1), Ok(Consumption::Revoked(revocation.clone())));
        assert_eq!(
            with_use(&id(1), 100, 1, |pass| other.look(pass)),
            Ok(Consumption::Revoked(revocation))
        );
    }
}

#[test]
fn what_has_expired_is_forgotten_and_cannot_be_used_when_the_clock_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert_eq!(consume(&SqliteStore::open(&path).unwrap(), &id(1), 10, 1), Ok(Consumption::First));
    // The first use of a store cleans up.
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(consume(&store, &id(2), 100, 50), Ok(Consumption::First));
    assert!(consume(&store, &id(1), 10, 1).unwrap_err().message.contains("clock"));
    assert_eq!(consume(&store, &id(2), 100, 1), Ok(Consumption::Already));
}

#[test]
fn a_full_store_refuses_and_works_again_with_more_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = SqliteStore::open(&path).unwrap().with_max_bytes(40_960).unwrap();
    let full = (0..10_000)
        .find_map(|number| consume(&store, &id(number), 100, 1).err().map(|error| (number, error)));
    let (number, error) = full.unwrap();
    assert!(error.message.contains("full"), "{error}");
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(
        consume(&store, &id(number), 100, 1),
        Ok(Consumption::First),
        "the refused use left nothing behind"
    );
    assert_eq!(consume(&store, &id(0), 100, 1), Ok(Consumption::Already));
}

#[test]
fn a_file_that_is_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, and long enough to look like one to nobody at all").unwrap();
    assert!(matches!(SqliteStore::open(&text), Err(OpenError::Database { .. })));
    assert!(fs::read_to_string(&text).unwrap().starts_with("not a database"));

    let other = folder.path().join("other.sqlite");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE contacts (name TEXT)").unwrap();
    drop(connection);
    let error = SqliteStore::open(&other).unwrap_err();
    assert_eq!(error.code(), "consumption.foreign");

    assert_eq!(
        SqliteStore::open(folder.path().join("no/such/folder")).unwrap_err().code(),
        "consumption.file"
    );
}

#[test]
fn a_damaged_store_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..200 {
        assert_eq!(consume(&store, &id(number), 100, 1), Ok(Consumption::First));
    }
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0xAA);
    fs::write(&path, bytes).unwrap();
    let refused =
        SqliteStore::open(&path).map_or(true, |store| consume(&store, &id(7), 100, 1).is_err());
    assert!(refused);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone_and_no_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(consume(&store, &id(1), 100, 1), Ok(Consumption::First));
    for file in ["store", "store-wal"] {
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(SqliteStore::open(&link).is_err());
}
