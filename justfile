# Each recipe is what it says, in plain cargo.

# formatting and lints
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# all tests, and the core's once more alone, where features of serde_json differ
test:
    cargo test --workspace
    cargo test -p axtary-actionpass

# the documentation, with every warning an error
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# licences, sources, banned crates and features
deps:
    cargo deny --offline check bans licenses sources

# the hot path beside its bare reference, and whether it keeps its budgets
bench:
    cargo bench -p axtary-benches --bench hot_path
    cargo run --release -p axtary-benches --bin budgets

# the story of one pull request
story:
    cargo run --example guard_a_pull_request

# all that CI runs
ready:
    .ci/run
