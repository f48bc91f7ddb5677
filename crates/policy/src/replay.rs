//! A recorded decision, made again: under the policy that was in force, which must leave the same record, or under another.

use std::collections::BTreeSet;

use axtary_actionpass::{
    Effect, EngineError, Evaluation, Guard, Json, Object, PolicyEngine, PolicyVersion, Record,
    Timestamp,
};

use crate::recorded::{RecordedError, recorded_action, text};

/// A recorded decision, made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The decision that was recorded.
    pub recorded: Effect,
    /// The version of the policy that it was made under.
    pub version: PolicyVersion,
    /// The answer that policy gives now.
    pub answer: Result<Evaluation, EngineError>,
    /// What the record would say otherwise, the decision first.
    pub differences: Vec<Difference>,
}

/// A member of a record that would be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub member: &'static str,
    /// What the record holds; `None` if it lacks the member.
    pub recorded: Option<Json>,
    /// What it would hold.
    pub again: Option<Json>,
}

impl Replayed {
    /// The decision as it would be recorded now: `permit`, `step_up`, `deny`, or `unavailable` if the policy fails as a whole.
    pub fn decision(&self) -> &'static str {
        self.answer.as_ref().map_or(UNAVAILABLE, |answer| answer.effect().as_str())
    }

    /// Whether the record would be another.
    pub fn differs(&self) -> bool {
        !self.differences.is_empty()
    }
}

/// Decides again on the action of a decision's record, written at `at`, and says what of the record would be another: the
/// decision, its reasons, label and version, constraints, approvers, what was withheld, what was on trial, and a life of the
/// pass that policy would not grant.
///
/// `body` and `disclosed` are as in [`recorded_action`]. How long a pass lives is bounded by the gate too, which the record
/// does not tell, so a shorter life is no difference.
///
/// # Errors
///
/// [`RecordedError`] if it cannot be decided on again.
pub fn replay(
    policy: &impl PolicyEngine,
    at: Timestamp,
    body: &Object,
    disclosed: &Object,
) -> Result<Replayed, RecordedError> {
    let recorded = recorded_effect(body)?;
    let action = recorded_action(body, disclosed)?;
    let version = text(body, "policy_version")?;
    let version = PolicyVersion::parse(version)?;
    let answer = policy.evaluate(&action);
    let differences = match &answer {
        Ok(evaluation) => {
            let again =
                Record::decision(at, &action, evaluation, None).map_err(RecordedError::Failed)?;
            let again = Json::parse(again.body())
                .map_err(|error| RecordedError::Form(format!("it would be refused: {error}")))?;
            let again = again.as_object().cloned().unwrap_or_default();
            differences(at, body, &again, evaluation)
        }
        Err(_) => vec![Difference {
            member: "decision",
            recorded: body.get("decision").cloned(),
            again: Some(UNAVAILABLE.into()),
        }],
    };
    Ok(Replayed { recorded, version, answer, differences })
}

/// What a record calls the decision that could not be made.
const UNAVAILABLE: &str = "unavailable";

/// The members of a record that policy decides, in the order in which they matter. The others are of the call and its pass.
const OF_POLICY: [&str; 7] =
    ["decision", "reasons", "constraints", "approvers", "trial", "policy", "policy_version"];

fn recorded_effect(body: &Object) -> Result<Effect, RecordedError> {
    let decision = text(body, "decision")?;
    if decision == UNAVAILABLE {
        return Err(RecordedError::Undecided);
    }
    let mut effects = [Effect::Permit, Effect::StepUp, Effect::Deny].into_iter();
    effects
        .find(|effect| effect.as_str() == decision)
        .ok_or_else(|| RecordedError::Form("its `decision` is none that is known".to_owned()))
}

fn differences(
    at: Timestamp,
    body: &Object,
    again: &Object,
    evaluation: &Evaluation,
) -> Vec<Difference> {
    let mut differences: Vec<Difference> = OF_POLICY
        .into_iter()
        .filter(|member| body.get(member) != again.get(member))
        .map(|member| Difference {
            member,
            recorded: body.get(member).cloned(),
            again: again.get(member).cloned(),
        })
        .collect();
    // Each commitment has a salt of its own, so it is their names that must agree.
    let (recorded, withheld) = (withheld(body), withheld(again));
    if recorded != withheld {
        let names = |names: BTreeSet<&str>| Some(Json::from(names.into_iter().collect::<Vec<_>>()));
        differences.push(Difference {
            member: "sensitive",
            recorded: names(recorded),
            again: names(withheld),
        });
    }
    if let (Some(expires), Effect::Permit) = (expiry(body), evaluation.effect()) {
        let latest = issued_at(at).later(evaluation.ttl().unwrap_or(Guard::DEFAULT_TTL));
        if expires > latest {
            differences.push(Difference {
                member: "expires_at",
                recorded: body.get("expires_at").cloned(),
                again: Some(latest.to_string().into()),
            });
        }
    }
    differences
}

fn withheld(body: &Object) -> BTreeSet<&str> {
    let commitments = body.get("sensitive").and_then(Json::as_object);
    commitments.into_iter().flat_map(Object::iter).map(|(name, _)| name).collect()
}

fn expiry(body: &Object) -> Option<Timestamp> {
    Timestamp::read(body.get("expires_at")?.as_str()?.as_bytes())
}

/// When the pass of a decision was issued: passes have whole seconds.
fn issued_at(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axtary_actionpass::{
        Cause, Effect, EngineName, FixedClock, Operator, RecordKind, SigningKey, Trial, Vocabulary,
        testing,
    };

    use super::*;
    use crate::{NativeEngine, PolicyStack, Rule};

    fn vocabulary() -> Vocabulary {
        Vocabulary::new().with_constraint("max_count", Operator::AtMost, "count")
    }

    fn rule() -> Rule {
        Rule::permit("few").agent("agent").tool("slack.messages.*").resource("**")
    }

    fn policy(rules: Vec<Rule>) -> PolicyStack {
        let vocabulary = vocabulary();
        let builder = NativeEngine::builder(&vocabulary);
        PolicyStack::new()
            .with(rules.into_iter().fold(builder, |all, rule| all.rule(rule)).build().unwrap())
    }

    /// The record of a message to Slack, as a guard writes it.
    fn record(policy: PolicyStack) -> (Timestamp, Object) {
        let ledger = std::sync::Arc::new(testing::MemoryLedger::new());
        let key = SigningKey::from_seed(&[7; 32]);
        let at = Timestamp::from_millis(1_785_240_000_500).unwrap();
        let guard =
            Guard::new(policy, ledger.clone(), key, "https://gate.example".parse().unwrap());
        let guard = guard.unwrap().with_clock(FixedClock::new(at));
        drop(guard.check(&testing::action("slack.messages.post").unwrap()));
        let record = ledger.records().remove(0);
        assert_eq!(record.kind(), RecordKind::Decision);
        let Ok(Json::Object(body)) = Json::parse(record.body()) else { panic!("{record:?}") };
        (record.at(), body)
    }

    fn members(replayed: &Replayed) -> Vec<&str> {
        replayed.differences.iter().map(|difference| difference.member).collect()
    }

    fn again(rules: Vec<Rule>, (at, body): &(Timestamp, Object)) -> Replayed {
        replay(&policy(rules), *at, body, &Object::new()).unwrap()
    }

    #[test]
    fn the_same_policy_leaves_the_same_record() {
        let limited = || rule().constraint("max_count", 3).ttl(Duration::from_secs(60));
        for rules in [
            vec![limited()],
            vec![rule().constraint("max_count", 2)],
            vec![Rule::step_up("ask").agent("*").tool("**").resource("**").approver("bob")],
            vec![rule(), Rule::forbid("none").agent("*").tool("**").resource("**").on_trial()],
        ] {
            let record = record(policy(rules.clone()));
            let replayed = again(rules, &record);
            assert_eq!(members(&replayed), [""; 0]);
            assert!(!replayed.differs());
            assert_eq!(replayed.decision(), replayed.recorded.as_str());
        }
    }

    #[test]
    fn each_part_that_policy_decides_is_compared() {
        let was = record(policy(vec![rule().constraint("max_count", 3)]));
        let rest = ["policy_version"].as_slice();
        let forbid = Rule::forbid("none").agent("*").tool("**").resource("**");
        for (rules, differing) in [
            (vec![rule().constraint("max_count", 4)], ["constraints"].as_slice()),
            (vec![rule().constraint("max_count", 3).reason("few")], &["reasons"]),
            (vec![rule().constraint("max_count", 3), forbid.on_trial()], &["trial"]),
            (
                vec![rule().constraint("max_count", 2)],
                &["decision", "reasons", "constraints", "policy"],
            ),
        ] {
            assert_eq!(members(&again(rules, &was)), [differing, rest].concat());
        }
        let shorter = rule().constraint("max_count", 3).ttl(Duration::from_secs(60));
        assert_eq!(members(&again(vec![shorter], &was)), ["policy_version", "expires_at"]);
        let longer = rule().constraint("max_count", 3).ttl(Duration::from_secs(3600));
        assert_eq!(members(&again(vec![longer], &was)), rest, "the gate's own bound is not known");
    }

    #[test]
    fn what_a_policy_would_withhold_is_compared_by_name() {
        let sensitive = vocabulary().with_fact("count", axtary_actionpass::FactType::Integer, "n");
        let engine = NativeEngine::builder(&sensitive).rule(rule().sensitive("count")).build();
        let withholding = PolicyStack::new().with(engine.unwrap());
        let (at, body) = record(policy(vec![rule()]));
        let replayed = replay(&withholding, at, &body, &Object::new()).unwrap();
        assert_eq!(members(&replayed), ["policy_version", "sensitive"]);
        assert_eq!(replayed.differences[1].again, Some(Json::from(vec!["count"])));
    }

    #[test]
    fn a_policy_that_fails_as_a_whole_leaves_another_record() {
        let (at, body) = record(policy(vec![rule()]));
        let broken = testing::policy(|_| {
            Err(EngineError { engine: EngineName::REGO, message: "broken".to_owned() })
        });
        let replayed = replay(&broken, at, &body, &Object::new()).unwrap();
        assert_eq!((replayed.decision(), members(&replayed)), ("unavailable", vec!["decision"]));
    }

    #[test]
    fn what_is_no_decision_is_not_made_again() {
        let (at, body) = record(policy(vec![rule()]));
        let with = |member: &str, value: &str| {
            let body = body.clone().with(member, value);
            replay(&policy(vec![rule()]), at, &body, &Object::new()).map_err(|e| e.code())
        };
        assert_eq!(with("decision", "unavailable"), Err("undecided"));
        assert_eq!(with("decision", "perhaps"), Err("malformed"));
        assert_eq!(with("policy_version", "1"), Err("malformed"));
        assert_eq!(with("tool", "post"), Err("malformed"));
    }

    /// A member that records gain is the call's, the pass's, or one to compare here.
    #[test]
    fn every_member_of_a_record_is_known() {
        let answer = testing::answer(Effect::StepUp, Cause::StepUp)
            .with_approvers(vec!["bob".to_owned()])
            .with_trial(Some(Trial { effect: Effect::Deny, reasons: Vec::new() }))
            .with_sensitive(vec!["count".to_owned()]);
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let action = testing::action("slack.messages.post").unwrap();
        let of_the_call = [
            "agent_id",
            "audience",
            "facts",
            "human_owner",
            "intent",
            "payload_hash",
            "resource",
            "sensitive",
            "tool",
        ];
        for answer in [answer, testing::answer(Effect::Permit, Cause::Permitted)] {
            let record = Record::decision(at, &action, &answer, None).unwrap();
            let body = Json::parse(record.body()).unwrap();
            for (name, _) in body.as_object().unwrap().iter() {
                assert!(of_the_call.contains(&name) || OF_POLICY.contains(&name), "{name}");
            }
        }
    }
}
