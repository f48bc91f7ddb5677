//! The fuzz targets' seeds keep their properties; and a fuzzer is not needed to see it.

use std::{fs, path::Path};

use axtary_actionpass::testing::properties;

fn run(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        property(&bytes);
        // And cut in half, and with its bytes backwards, which no seed is.
        property(&bytes[..bytes.len() / 2]);
        property(&bytes.iter().rev().copied().collect::<Vec<u8>>());
        seeds += 1;
    }
    assert!(seeds >= 5, "{target} has {seeds} seeds");
}

#[test]
fn json_scan() {
    run("json_scan", properties::json_scan);
}

#[test]
fn canonical() {
    run("canonical", properties::canonical);
}

#[test]
fn pass_parse() {
    run("pass_parse", properties::pass_parse);
}

#[test]
fn verify() {
    run("verify", properties::verify);
    properties::verify(properties::issued_token().unwrap().as_bytes());
}

#[test]
fn jwks() {
    run("jwks", properties::jwks);
}
