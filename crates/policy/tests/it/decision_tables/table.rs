//! A condition in three languages, and the table of what they make of values.

use std::sync::Arc;

use axtary_actionpass::{Cause, FactType, Facts, Json, Object, Operator, PolicyEngine, Vocabulary};
use axtary_policy::{CedarEngine, NativeEngine, RegoEngine, Rule};

use crate::kit::{Call, call};

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_fact("branch", FactType::Text, "a text")
        .with_fact("files", FactType::Integer, "an integer")
        .with_fact("kinds", FactType::TextList, "a list")
        .with_fact("tested", FactType::Boolean, "a boolean")
        .with_constraint("branch", Operator::Equals, "branch")
        .with_constraint("branches", Operator::OneOf, "branch")
        .with_constraint("kinds", Operator::SubsetOf, "kinds")
        .with_constraint("max_files", Operator::AtMost, "files")
        .with_constraint("requires_files", Operator::Present, "files")
        .with_constraint("requires_tests", Operator::IsTrue, "tested")
}

/// A condition in three languages.
pub(super) struct Condition {
    pub(super) fact: &'static str,
    pub(super) native: (&'static str, Json),
    pub(super) cedar: &'static str,
    /// When it can be decided, and when it then holds.
    pub(super) rego: (&'static str, &'static str),
}

/// What a rule does where its condition holds. Beside a forbid and a step-up stands a permit for everything else.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Permit,
    Forbid,
    StepUp,
}

const SHAPES: [(&str, Shape); 3] =
    [("permit", Shape::Permit), ("forbid", Shape::Forbid), ("step_up", Shape::StepUp)];

pub(super) type Engine = Arc<dyn PolicyEngine>;

impl Condition {
    pub(super) fn engines(&self, shape: Shape) -> [(&'static str, Engine); 3] {
        [
            ("native", Arc::new(self.native(shape))),
            ("cedar", Arc::new(self.cedar(shape))),
            ("rego", Arc::new(self.rego(shape))),
        ]
    }

    fn native(&self, shape: Shape) -> NativeEngine {
        let vocabulary = vocabulary();
        let about = |rule: Rule| rule.agent("codex-prod").tool("**").resource("**");
        let (name, operand) = &self.native;
        let rest = about(Rule::permit("rest"));
        let rules = match shape {
            Shape::Permit => vec![about(Rule::permit("rule")).constraint(*name, operand.clone())],
            Shape::Forbid => {
                vec![about(Rule::forbid("rule")).when(*name, operand.clone()), rest]
            }
            Shape::StepUp => {
                vec![about(Rule::step_up("rule")).when(*name, operand.clone()), rest]
            }
        };
        let builder = NativeEngine::builder(&vocabulary);
        rules.into_iter().fold(builder, |all, rule| all.rule(rule)).build().unwrap()
    }

    fn cedar(&self, shape: Shape) -> CedarEngine {
        let scope = r#"(principal == Agent::"codex-prod", action, resource)"#;
        let condition = self.cedar;
        let text = match shape {
            Shape::Permit => format!("permit {scope} when {{ {condition} }};"),
            Shape::Forbid => {
                format!("permit {scope}; forbid {scope} when {{ {condition} }};")
            }
            Shape::StepUp => {
                format!(
                    "permit {scope}; @step_up(\"security\") permit {scope} when {{ {condition} }};"
                )
            }
        };
        CedarEngine::from_sources(&[("main.cedar", text)]).unwrap()
    }

    fn rego(&self, shape: Shape) -> RegoEngine {
        let (decidable, holds) = self.rego;
        let about = r#"input.actor.agent_id == "codex-prod""#;
        let rules = match shape {
            Shape::Permit => format!("allow if {{ {about}; met }}"),
            Shape::Forbid => {
                format!(
                    "allow if {about}\ndeny contains \"met\" if met\ndeny contains \"open\" if not decidable"
                )
            }
            Shape::StepUp => format!(
                "allow if {about}\nstep_up contains \"security\" if met\ndeny contains \"open\" if not decidable"
            ),
        };
        let module = format!(
            "package axtary\n\ndecidable if {{ {decidable} }}\nmet if {{ decidable; {holds} }}\n{rules}\n"
        );
        RegoEngine::from_modules(&[("main.rego", module.as_str())]).expect(&module)
    }

    /// A row for each value of the fact, `None` being none, and a column for each shape and language.
    pub(super) fn table(&self, values: &[(&str, Option<&str>)]) -> String {
        let shapes = SHAPES.map(|(_, shape)| self.engines(shape));
        let mut rows = vec![
            ["", ""]
                .into_iter()
                .chain(SHAPES.iter().flat_map(|(name, _)| [*name, "", ""]))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
            ["it is", self.fact]
                .into_iter()
                .chain(shapes.iter().flatten().map(|(name, _)| *name))
                .map(str::to_owned)
                .collect(),
        ];
        for (what, value) in values {
            let call = with_fact(self.fact, *value);
            let cell = |(_, engine): &(&str, Engine)| {
                call.as_ref().map_or_else(|| "-".to_owned(), |call| cell(engine, call))
            };
            let shown = value.unwrap_or("");
            let cells = shapes.iter().flatten().map(cell);
            rows.push([(*what).to_owned(), shown.to_owned()].into_iter().chain(cells).collect());
        }
        aligned(&rows)
    }
}

/// The call with this fact alone, read from JSON; `None` if that is no fact.
fn with_fact(name: &str, value: Option<&str>) -> Option<Call> {
    let facts = match value {
        Some(text) => Object::new().with(name, Json::parse(text.as_bytes()).ok()?),
        None => Object::new(),
    };
    Facts::new(facts.clone()).ok()?;
    Some(Call { facts, ..call() })
}

pub(super) fn cell(engine: &impl PolicyEngine, call: &Call) -> String {
    match engine.evaluate(&call.action()) {
        Err(_) => "unavailable".to_owned(),
        Ok(answer) => {
            let failed = |cause: &Cause| matches!(cause, Cause::Failed { .. });
            let failed = answer.reasons().iter().any(|reason| failed(reason.cause()));
            if failed { "failed".to_owned() } else { answer.effect().to_string() }
        }
    }
}

/// Columns under one another.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
