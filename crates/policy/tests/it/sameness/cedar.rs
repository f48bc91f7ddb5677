//! A generated policy in Cedar.

use axtary_actionpass::{Effect, Json};
use axtary_policy::CedarBuilder;

use super::model::{AGENTS, Decides, Name, PATHS, Policy, Test, matches};

/// Puts the agents that are generated into a group for each beginning of theirs.
pub(super) fn groups(builder: CedarBuilder) -> CedarBuilder {
    ["codex-", "codex"].into_iter().fold(builder, |builder, prefix| {
        builder.group(prefix, AGENTS.into_iter().filter(|agent| agent.starts_with(prefix)))
    })
}

pub(super) fn text(policy: &Policy) -> String {
    let ttl = policy.ttl.map_or_else(String::new, |ttl| format!("@ttl(\"{}s\") ", ttl.as_secs()));
    policy.rules.iter().enumerate().map(|(at, rule)| rule.cedar(at, &ttl)).collect()
}

impl Decides {
    /// The policies that a rule comes to. One that cannot be decided for want of a fact denies, as does a step-up whose constraints do
    /// not hold.
    fn cedar(&self, at: usize, ttl: &str) -> String {
        let about = self.about();
        let all = |tests: &[Test], of: fn(&Test) -> String| -> String {
            let each: Vec<String> = tests.iter().map(of).collect();
            if each.is_empty() { "true".to_owned() } else { each.join(" && ") }
        };
        let met = all(&self.when, met);
        let open = all(&self.when, |test| format!("(!({}) || {})", has(test), met_by(test)));
        let holds = all(&self.constraints, met_by);
        let policy = |suffix: &str, effect: &str, condition: &str| {
            format!("@id(\"rule-{at}{suffix}\") {effect} {about} && ({condition}) }};\n")
        };
        match self.effect {
            Effect::Permit => policy("", &format!("{ttl}permit"), &format!("{met} && {holds}")),
            Effect::Deny => policy("", "forbid", &open),
            Effect::StepUp => {
                let approvers = self.approvers.join(", ");
                let step_up = format!("@step_up(\"{approvers}\") permit");
                policy("", &step_up, &format!("{met} && {holds}"))
                    + &policy("-open", "forbid", &format!("{open} && !({met})"))
                    + &policy("-unmet", "forbid", &format!("{met} && !({holds})"))
            }
        }
    }

    /// The scope, and the rest of what the rule is about. One name alone stands in the scope, by which the engine finds candidates.
    fn about(&self) -> String {
        let mut conditions = Vec::new();
        let mut scope = |names: &[Name],
                         variable: &str,
                         exactly: fn(&str) -> String,
                         beginning: fn(&str) -> String| {
            match names {
                [Name::Exactly(name)] => format!("{variable} == {}", exactly(name)),
                names => {
                    conditions.push(any(names, |name| match name {
                        Name::Exactly(name) => format!("{variable} == {}", exactly(name)),
                        Name::Beginning(prefix) => beginning(prefix),
                        Name::Any => "true".to_owned(),
                    }));
                    variable.to_owned()
                }
            }
        };
        let scope = [
            scope(
                &self.agent,
                "principal",
                |agent| format!("Agent::\"{agent}\""),
                |prefix| format!("principal in AgentGroup::\"{prefix}\""),
            ),
            scope(
                &self.tool,
                "action",
                |tool| format!("Action::\"{tool}\""),
                |prefix| {
                    let family = format!("Action::\"{}\"", prefix.trim_end_matches('.'));
                    format!("(action in {family} && action != {family})")
                },
            ),
            scope(&self.resource, "resource", entity, |prefix| {
                let org = prefix.trim_start_matches("repo:").trim_end_matches('/');
                format!("resource in Org::\"{org}\"")
            }),
        ]
        .join(", ");
        let texts = [(&self.owner, "context.human_owner"), (&self.task, "context.intent.task_id")];
        for (names, text) in texts.into_iter().filter(|(names, _)| !names.is_empty()) {
            conditions.push(any(names, |name| match name {
                Name::Exactly(name) => format!("{text} == \"{name}\""),
                Name::Beginning(prefix) => format!("{text} like \"{prefix}*\""),
                // A call without a task has the empty one.
                Name::Any => format!("{text} != \"\""),
            }));
        }
        conditions.push("true".to_owned());
        format!("({scope}) when {{ {}", conditions.join(" && "))
    }
}

fn any(names: &[Name], condition: impl Fn(&Name) -> String) -> String {
    format!("({})", names.iter().map(condition).collect::<Vec<_>>().join(" || "))
}

fn entity(resource: &str) -> String {
    match resource.split_once(':') {
        Some(("repo", id)) => format!("Repo::\"{id}\""),
        Some((_, id)) => format!("Wiki::\"{id}\""),
        None => resource.to_owned(),
    }
}

/// Whether it can be decided: that a fact is there always can.
fn has(test: &Test) -> String {
    match test {
        Test::HasExtra => "true".to_owned(),
        test => format!("context.payload has {}", test.parts().1),
    }
}

fn met(test: &Test) -> String {
    met_by(test)
}

/// Whether the fact is there and meets the condition.
fn met_by(test: &Test) -> String {
    let (_, fact, operand) = test.parts();
    let value = format!("context.payload.{fact}");
    let holds = match test {
        Test::CountAtMost(_) => format!("{value} <= {operand}"),
        Test::CountAtLeast(_) => format!("{value} >= {operand}"),
        Test::BranchEquals(_) | Test::CountEquals(_) | Test::ProductionEquals(_) => {
            format!("{value} == {operand}")
        }
        Test::BranchOneOf(_) | Test::LevelOneOf(_) => format!("{operand}.contains({value})"),
        Test::KindsSubsetOf(_) => format!("{operand}.containsAll({value})"),
        Test::NoPathMatches(patterns) => {
            let blocked =
                listed(|path| patterns.iter().any(|pattern| matches(pattern, path, true)));
            format!("!{value}.containsAny({blocked})")
        }
        Test::AllPathsMatch(patterns) => {
            let allowed =
                listed(|path| patterns.iter().any(|pattern| matches(pattern, path, false)));
            format!("{allowed}.containsAll({value})")
        }
        Test::IsTested => format!("{value} == true"),
        Test::HasExtra => "true".to_owned(),
    };
    format!("(context.payload has {fact} && {holds})")
}

fn listed(wanted: impl Fn(&str) -> bool) -> Json {
    Json::from(PATHS.into_iter().filter(|path| wanted(path)).collect::<Vec<_>>())
}
