//! Prints what a decision of `agentmesh` costs over policies that grow: for other agents, and, last, the one that permits.
//!
//!     cargo run --release --manifest-path benches/agentmesh/Cargo.toml > target/agentmesh.txt

use std::{collections::HashMap, error::Error, hint::black_box, time::Instant};

use agentmesh::{policy::PolicyEngine, types::PolicyDecision};

/// How many policies there are, up to where a decision takes a second.
const COUNTS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
const SAMPLES: usize = 31;

fn main() -> Result<(), Box<dyn Error>> {
    let facts = [("agent_id", "codex-prod"), ("repo", "company/web-app"), ("task_id", "AXT-418")];
    let context: HashMap<String, serde_yaml::Value> =
        facts.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    for count in COUNTS {
        let engine = PolicyEngine::new();
        engine.load_from_yaml(&profile(count)).map_err(|error| error.to_string())?;
        let decide = || engine.evaluate(black_box("github.pull_requests.create"), Some(&context));
        if !matches!(decide(), PolicyDecision::Allow) {
            return Err("the policy does not permit the action".into());
        }
        let mut times: Vec<f64> = (0..SAMPLES)
            .map(|_| {
                let calls = (100_000 / count).max(1);
                let start = Instant::now();
                (0..calls).for_each(|_| drop(black_box(decide())));
                start.elapsed().as_secs_f64() / calls as f64
            })
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        println!("{count} {:.9}", times[SAMPLES / 2]);
    }
    Ok(())
}

fn profile(count: usize) -> String {
    let mut text = "version: \"1.0\"\nagent: codex-prod\npolicies:\n".to_owned();
    for number in 1..=count {
        let agent =
            if number == count { "codex-prod".to_owned() } else { format!("agent-{number}") };
        text.push_str(&format!(
            "  - name: rule-{number}\n    type: capability\n    allowed_actions: [github.pull_requests.create]\n    conditions: {{ agent_id: {agent}, \
             repo: company/web-app, task_id: AXT-418 }}\n"
        ));
    }
    text
}
