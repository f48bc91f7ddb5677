//! The form of a pass that humans read, on a terminal or an approval screen.

use std::time::Duration;

use serde::Serialize;

use crate::{clock::Timestamp, json::Object, pass::Claims};

/// A pass as humans read it. Serializes with these fields in this order; it is a picture, not a credential.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PassView {
    /// The pass's id.
    pub action_pass_id: String,
    /// The agent that acts.
    pub agent_id: String,
    /// The human who owns the agent's task.
    pub human_owner: String,
    /// What the agent said it is doing, with the task it named.
    pub intent: String,
    /// The capability that may be used.
    pub tool: String,
    /// What may be touched.
    pub resource: String,
    /// What the facts must meet.
    pub constraints: Object,
    /// How long the pass is still good: `9m 58s`, or `expired`.
    pub expires_in: String,
    /// The hash of the only payload that the pass is good for.
    pub payload_hash: String,
    /// The engines that decided.
    pub policy: String,
    /// The ledger line in which the decision stands.
    pub ledger_hash: String,
}

impl Claims {
    /// The claims as humans read them, at the time `now`.
    pub fn view(&self, now: Timestamp) -> PassView {
        PassView {
            action_pass_id: self.id.to_string(),
            agent_id: self.actor.agent_id().to_string(),
            human_owner: self.actor.human_owner().to_string(),
            intent: match self.intent.task_id() {
                Some(task) => format!("{task}: {}", self.intent.text()),
                None => self.intent.text().to_owned(),
            },
            tool: self.tool.to_string(),
            resource: self.resource.to_string(),
            constraints: Object::clone(&self.constraints),
            expires_in: remaining(self.expires_at.since(now)),
            payload_hash: self.payload_hash.to_string(),
            policy: self.policy.clone(),
            ledger_hash: self.ledger_hash.to_string(),
        }
    }
}

fn remaining(left: Duration) -> String {
    // Rounded up: a pass with a fraction of a second left is not expired.
    let seconds = left.as_millis().div_ceil(1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, 'h'), (minutes, 'm'), (seconds, 's')];
    let text: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if text.is_empty() { "expired".to_owned() } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_in_the_units_of_a_clock() {
        let of = |seconds| remaining(Duration::from_secs(seconds));
        assert_eq!(of(600), "10m");
        assert_eq!(of(598), "9m 58s");
        assert_eq!(of(3601), "1h 1s");
        assert_eq!(of(0), "expired");
        assert_eq!(remaining(Duration::from_millis(599_900)), "10m");
        assert_eq!(remaining(Duration::from_millis(1)), "1s");
    }
}
