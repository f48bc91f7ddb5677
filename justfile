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
    cargo fetch --locked
    cargo deny --offline check bans licenses sources

# the hot path beside its bare reference, and whether it keeps its budgets
bench:
    cargo bench -p axtary-benches --bench hot_path
    cargo run --release -p axtary-benches --bin budgets

# what a durable ledger costs with 1 to 256 callers, drawn into docs/ledger-callers.svg
callers:
    cargo run --release -p axtary-benches --bin callers -- docs/ledger-callers.svg

# what a decision costs with 10 to 100,000 policies, drawn into docs/policy-cost.svg, and what policies take of memory
policy-cost:
    mkdir -p target
    cargo run --release --manifest-path benches/agentmesh/Cargo.toml > target/agentmesh.txt
    cargo run --release -p axtary-benches --bin policy_cost -- docs/policy-cost.svg target/agentmesh.txt

# passes beside the tokens of other libraries; allocations of a check and of a verification
rivals:
    cargo bench --manifest-path benches/rivals/Cargo.toml
    cargo run --release --manifest-path benches/rivals/Cargo.toml --bin allocations

# fuzz one of json_scan, canonical, pass_parse, verify, jwks, record_proof, ledger, policy (needs `cargo install cargo-fuzz` and a nightly toolchain)
fuzz target seconds="60":
    cargo +nightly fuzz run {{target}} -- -max_total_time={{seconds}}

# write the vectors and the golden pass anew, to look at what a change of format changes
vectors:
    UPDATE_VECTORS=1 cargo test -p axtary-actionpass

# the story of one pull request
story:
    cargo run --example guard_a_pull_request

# all that CI runs
ready:
    .ci/run
