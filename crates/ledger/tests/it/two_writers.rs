//! One ledger, one writer.

use std::{
    fs,
    io::{BufRead, BufReader},
};

use axtary_ledger::{Durability, FileLedger};

use crate::kit::{Scene, child, heard, in_child, say};

#[test]
fn a_second_open_in_the_same_process_is_refused_and_names_the_first() {
    let scene = Scene::new();
    let _first = scene.open();
    let error = FileLedger::open(scene.path(), Durability::Synced).unwrap_err();
    assert_eq!(error.code(), "ledger.locked");
    let message = error.to_string();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(message.contains(scene.path().to_str().unwrap()), "{message}");
}

#[test]
fn a_second_process_is_refused_and_names_the_first() {
    if let Some(path) = in_child() {
        return say(&FileLedger::open(path, Durability::Synced).unwrap_err().to_string());
    }
    let scene = Scene::new();
    let _first = scene.open();
    let path = scene.path();
    let name = "two_writers::a_second_process_is_refused_and_names_the_first";
    let output = child(name, &path).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let said = output.lines().find_map(heard).expect("the second process speaks");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
}

#[test]
fn a_ledger_that_is_closed_can_be_opened_again() {
    let scene = Scene::new();
    drop(scene.open());
    drop(scene.open());
    assert_eq!(fs::read(scene.beside("lock")).unwrap(), b"", "nobody is named");
}

#[test]
fn the_lock_file_of_a_process_that_was_killed_is_no_obstacle() {
    if let Some(path) = in_child() {
        let _ledger = FileLedger::open(path, Durability::Synced).unwrap();
        say("open");
        // Until it is killed.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let scene = Scene::new();
    let name = "two_writers::the_lock_file_of_a_process_that_was_killed_is_no_obstacle";
    let mut first = child(name, &scene.path()).spawn().unwrap();
    let output = BufReader::new(first.stdout.take().unwrap());
    assert!(output.lines().map(Result::unwrap).any(|line| heard(&line) == Some("open")));
    let error = FileLedger::open(scene.path(), Durability::Synced).unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", first.id())), "{error}");
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(fs::read_to_string(scene.beside("lock")).unwrap().trim(), first.id().to_string());
    scene.append(1);
}
