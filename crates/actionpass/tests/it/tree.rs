//! A service that only verifies passes gets no policy engine, no async runtime and no HTTP with them.

use std::process::Command;

#[test]
fn the_core_brings_no_engine_runtime_or_http() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "-p", "axtary-actionpass", "-e", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("ed25519-dalek"), "{tree}");
    for unwanted in ["cedar", "regorus", "tokio", "hyper", "reqwest", "openssl", "git2"] {
        assert!(
            !tree.lines().any(|line| line.starts_with(unwanted)),
            "{unwanted} is in the tree:\n{tree}"
        );
    }
}
