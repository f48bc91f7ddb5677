//! A decision, explained, as JSON.

use axtary_actionpass::{Json, Object};
use axtary_policy::Explanation;

use super::number;
use crate::command::{Explained, RecordedDecision};

pub(super) fn to_json(Explained { explanation, recorded }: &Explained) -> Object {
    let mut object = decided(explanation);
    if let Some(RecordedDecision { seq, at, decision, policy_version }) = recorded {
        let version = policy_version.as_deref().map_or(Json::Null, Json::from);
        let recorded = Object::new()
            .with("decision", decision.as_str())
            .with("policy_version", version)
            .with("seq", number(*seq))
            .with("ts", at.to_string());
        object.insert("recorded", recorded);
    }
    object
}

/// The decision itself.
pub(super) fn decided(explanation: &Explanation) -> Object {
    let mut object = explanation.to_json();
    let evaluation = explanation.evaluation();
    if !evaluation.constraints().is_empty() {
        object.insert("constraints", evaluation.constraints().as_object().clone());
    }
    if !evaluation.approvers().is_empty() {
        object.insert("approvers", evaluation.approvers().to_vec());
    }
    if let Some(ttl) = evaluation.ttl() {
        object.insert("ttl_seconds", number(ttl.as_secs()));
    }
    object
}
