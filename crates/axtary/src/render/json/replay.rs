//! What a replay came to, for programs.

use axtary_actionpass::{Json, Object};

use super::{number, policy, shown};
use crate::command::{Aim, Example, Group, PassedOver, ReplayReport};

pub(super) fn replayed(report: &ReplayReport) -> Object {
    let groups = report.groups.iter();
    let passed_over = report.passed_over.iter();
    Object::new()
        .with("against", if report.aim == Aim::InForce { "in_force" } else { "what_if" })
        .with("compared", number(report.compared))
        .with("decisions", number(report.decisions))
        .with("differing", number(report.differing))
        .with("ledger", shown(&report.ledger))
        .with("never_fired", report.never_fired().into_iter().map(policy).collect::<Vec<_>>())
        .with(
            "not_decided_again",
            passed_over.map(|(why, passed_over)| not_again(why, passed_over)).collect::<Vec<_>>(),
        )
        .with("other_version", number(report.other_version))
        .with("policy_version", report.version.to_string())
        .with(
            "transitions",
            groups.map(|((from, to), group)| transition(from, to, group)).collect::<Vec<_>>(),
        )
}

fn not_again(why: &str, passed_over: &PassedOver) -> Object {
    let example = |(seq, message): &(u64, String)| {
        Object::new().with("message", message.as_str()).with("seq", number(*seq))
    };
    Object::new()
        .with("count", number(passed_over.count))
        .with("examples", passed_over.examples.iter().map(example).collect::<Vec<_>>())
        .with("why", why)
}

fn transition(from: &str, to: &str, group: &Group) -> Object {
    let mut members = Object::new();
    for (member, count) in &group.members {
        members.insert(*member, number(*count));
    }
    let by = group.by.iter().map(|(decider, count)| {
        let object =
            Object::new().with("count", number(*count)).with("engine", decider.engine.as_str());
        match &decider.policy {
            Some(policy) => object.with("policy", policy.as_str()),
            None => object,
        }
    });
    Object::new()
        .with("by", by.collect::<Vec<_>>())
        .with("count", number(group.count))
        .with("differing", number(group.differing))
        .with("examples", group.examples.iter().map(example).collect::<Vec<_>>())
        .with("members", members)
        .with("now", to)
        .with("recorded", from)
}

fn example(example: &Example) -> Object {
    let differences = example.differences.iter().map(|difference| {
        Object::new()
            .with("member", difference.member)
            .with("now", difference.again.clone().unwrap_or(Json::Null))
            .with("recorded", difference.recorded.clone().unwrap_or(Json::Null))
    });
    let object = Object::new()
        .with("differences", differences.collect::<Vec<_>>())
        .with("reasons", example.reasons.clone())
        .with("seq", number(example.seq))
        .with("ts", example.at.to_string());
    example.call.iter().fold(object, |all, (name, value)| all.with(*name, value.as_str()))
}
