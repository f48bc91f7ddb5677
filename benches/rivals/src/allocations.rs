//! Counts allocations: of one `check`, of one `verify`, and whether the heap grows with the number of passes.
//!
//!     cargo run --release --manifest-path benches/rivals/Cargo.toml --bin allocations

use std::error::Error;

use axtary_actionpass::{Execution, Payload};
use axtary_rivals::{action, guard, payload, verifier};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const TIMES: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (guard, verifier, action, bytes) = (guard()?, verifier()?, action()?, payload());
    let _profiler = dhat::Profiler::builder().testing().build();
    // What is compiled and cached on first use does not count.
    let execution = Execution {
        tool: action.tool(),
        resource: action.resource(),
        payload: action.payload(),
        facts: action.facts(),
    };
    verifier.check_without_consuming(guard.check(&action)?.token(), &execution)?;

    let count = |name: &str,
                 call: &dyn Fn() -> Result<(), Box<dyn Error>>|
     -> Result<(), Box<dyn Error>> {
        let before = dhat::HeapStats::get();
        for _ in 0..TIMES {
            call()?;
        }
        let after = dhat::HeapStats::get();
        println!(
            "{name}: {:.1} allocations, {:.0} bytes each; the heap grew by {} bytes in {TIMES} calls",
            (after.total_blocks - before.total_blocks) as f64 / TIMES as f64,
            (after.total_bytes - before.total_bytes) as f64 / TIMES as f64,
            after.curr_bytes as i64 - before.curr_bytes as i64,
        );
        Ok(())
    };
    count("check", &|| Ok(drop(guard.check(&action)?)))?;
    let pass = guard.check(&action)?;
    count("verify, without single use", &|| {
        let payload = Payload::parse(bytes.as_bytes())?;
        verifier
            .check_without_consuming(pass.token(), &Execution { payload: &payload, ..execution })?;
        Ok(())
    })
}
