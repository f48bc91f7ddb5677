//! The JSON Schema of a rules file, so that editors complete and check it while it is written.

use axtary_actionpass::{FactType, Json, Object, Operator, PayloadHash, Vocabulary};

use super::NativeEngine;

impl NativeEngine {
    /// The JSON Schema (2020-12) of rules over `vocabulary`. What it accepts may still be refused when it is loaded, where
    /// the reason cannot be said in a schema.
    pub fn schema(vocabulary: &Vocabulary) -> Json {
        let described = |text: &str| Object::new().with("description", text);
        let patterns = |text: &str| described(text).with("$ref", "#/$defs/patterns");
        let effects = vec!["permit", "forbid", "step_up"];
        let properties = Object::new()
            .with("id", described("names the rule in reasons").with("type", "string"))
            .with("effect", described("what the rule leads to").with("enum", effects))
            .with("agent", patterns("agents; `**` is any"))
            .with("human_owner", patterns("humans whose agents the rule is about; any if left out"))
            .with("tool", patterns("tools, such as `github.pull_requests.*`; `**` is any"))
            .with("resource", patterns("resources, such as `repo:company/*`; `**` is any"))
            .with("task", patterns("tasks; any, or none, if left out"))
            .with("when", operands("conditions for the rule to apply", vocabulary))
            .with("constraints", operands("what a permitted call must meet", vocabulary))
            .with(
                "ttl",
                described("how long a pass lives, at most 1h")
                    .with("type", "string")
                    .with("pattern", "^[0-9]{1,4}[smh]$"),
            )
            .with("approvers", patterns("who may approve a step-up"))
            .with("reason", described("why, to whoever meets the rule").with("type", "string"))
            .with("sensitive", sensitive(vocabulary))
            .with(
                "enforce",
                described("`false` puts the rule on trial: it decides nothing, and is recorded")
                    .with("type", "boolean")
                    .with("default", true),
            );
        let rule = closed(properties, &["id", "effect", "agent", "tool", "resource"]);
        let rules = Object::new().with("type", "array").with("minItems", 1).with("items", rule);
        let text = Object::new().with("type", "string");
        let list = Object::new()
            .with("type", "array")
            .with("items", text.clone())
            .with("minItems", 1)
            .with("maxItems", 64);
        let file =
            Object::new().with("version", Object::new().with("const", 1)).with("rules", rules);
        closed(file, &["version", "rules"])
            .with("$schema", "https://json-schema.org/draft/2020-12/schema")
            .with("title", "native policy rules")
            .with(
                "$defs",
                Object::new().with("patterns", Object::new().with("anyOf", vec![text, list])),
            )
            .into()
    }
}

/// An object of these members and no others.
fn closed(properties: Object, required: &[&str]) -> Object {
    Object::new()
        .with("type", "object")
        .with("properties", properties)
        .with("required", required.to_vec())
        .with("additionalProperties", false)
}

fn operands(description: &str, vocabulary: &Vocabulary) -> Object {
    let properties = vocabulary.constraints().fold(Object::new(), |all, (name, operator, fact)| {
        all.with(name, operand(operator, fact, vocabulary))
    });
    closed(properties, &[]).with("minProperties", 1).with("description", description)
}

/// What a constraint takes, with the meaning and the unit of its fact.
fn operand(operator: Operator, fact: &str, vocabulary: &Vocabulary) -> Object {
    let definition = vocabulary.facts().find(|(name, _)| *name == fact).map(|(_, known)| known);
    let mut description = format!("`{fact}` {}", operator.phrase());
    if let Some(definition) = definition {
        description.push_str(": ");
        description.push_str(definition.meaning);
        if let Some(unit) = definition.unit {
            description.push_str(&format!(" (in {unit})"));
        }
    }
    let one = |kinds: Vec<&str>| Object::new().with("type", kinds);
    let many = |kinds: Vec<&str>| {
        Object::new().with("type", "array").with("items", one(kinds)).with("minItems", 1)
    };
    let value = match definition.map(|known| known.fact_type) {
        Some(FactType::Boolean) => vec!["boolean"],
        Some(FactType::Integer) => vec!["integer"],
        Some(FactType::Text | FactType::TextList) => vec!["string"],
        _ => vec!["boolean", "integer", "string"],
    };
    let taken = match operator {
        Operator::AtMost | Operator::AtLeast => one(vec!["integer"]),
        Operator::Equals => one(value),
        Operator::OneOf | Operator::SubsetOf => many(value),
        Operator::NoneMatch | Operator::AllMatch => many(vec!["string"]),
        Operator::IsTrue | Operator::Present => Object::new().with("const", true),
        // An operator that is added to the core takes anything here until this list knows it.
        _ => Object::new(),
    };
    taken.with("description", description)
}

fn sensitive(vocabulary: &Vocabulary) -> Object {
    let names: Vec<&str> =
        vocabulary.facts().map(|(name, _)| name).chain([PayloadHash::NAME]).collect();
    let name = Object::new().with("enum", names);
    let list = Object::new().with("type", "array").with("items", name.clone()).with("minItems", 1);
    Object::new()
        .with("anyOf", vec![name, list])
        .with("description", "facts that the ledger is to hold as commitments")
}
