//! The Cedar schema of what is guarded, generated from the vocabularies of its adapters.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use axtary_actionpass::{FactType, ToolName, Vocabulary};
use cedar_policy::Schema;

use super::map::resource_type;
use crate::error::{LoadError, one_line};

/// A schema that policies are validated against, strictly, when they are loaded: a fact that no adapter derives, or one that is
/// compared with another type, is then an error with a place. Its [`Display`](fmt::Display) is Cedar's own schema language.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{FactType, Vocabulary};
/// use axtary_policy::{CedarEngine, CedarSchema};
///
/// let facts = Vocabulary::new()
///     .with_fact("files_changed", FactType::Integer, "the number of files the call changes");
/// let schema = CedarSchema::new([("github.pull_requests.create", "repo", &facts)])?;
/// assert!(schema.to_string().contains("files_changed: Long"));
///
/// let engine = |text: &str| CedarEngine::builder().source("main.cedar", text).schema(&schema).build();
/// engine(r#"permit (principal == Agent::"codex", action, resource) when { context.payload.files_changed < 9 };"#)?;
/// assert!(engine("permit (principal, action, resource) when { context.payload.file_changed < 9 };").is_err());
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CedarSchema {
    text: String,
    pub(super) schema: Schema,
}

impl CedarSchema {
    /// The schema of tools, each with the type of its resources and the facts that are derived of its calls.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if a tool is no tool name, or a type of resources has no form in Cedar.
    pub fn new<'a>(
        tools: impl IntoIterator<Item = (&'a str, &'a str, &'a Vocabulary)>,
    ) -> Result<Self, LoadError> {
        let refuse = |message: String| LoadError::new("cedar schema", message);
        let mut kinds = BTreeSet::new();
        let mut actions: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (tool, kind, vocabulary) in tools {
            let tool = ToolName::new(tool).map_err(|error| refuse(error.to_string()))?;
            let resource = resource_type(kind).map_err(refuse)?.to_string();
            let applies = applies_to(&resource, vocabulary);
            kinds.insert(resource);
            for (at, _) in tool.as_str().match_indices('.') {
                let family = tool.as_str().get(..at).unwrap_or_default();
                actions.entry(family.to_owned()).or_insert(None);
            }
            actions.insert(tool.as_str().to_owned(), Some(applies));
        }
        let text = write(&kinds, &actions);
        let (schema, _) = Schema::from_cedarschema_str(&text)
            .map_err(|error| refuse(one_line(&error.to_string())))?;
        Ok(Self { text, schema })
    }
}

impl fmt::Display for CedarSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What an action applies to, and the facts of its payload.
fn applies_to(resource: &str, vocabulary: &Vocabulary) -> String {
    let facts: String = vocabulary
        .facts()
        .map(|(name, definition)| {
            let cedar_type = match definition.fact_type {
                FactType::Boolean => "Bool",
                FactType::Integer => "Long",
                FactType::TextList => "Set<String>",
                // A type that is added to the core is a text here until this list knows it.
                _ => "String",
            };
            let unit = definition.unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
            let meaning = one_line(definition.meaning);
            format!("      // {meaning}{unit}\n      {name}: {cedar_type},\n")
        })
        .collect();
    format!(
        " appliesTo {{\n  principal: [Agent],\n  resource: [{resource}],\n  context: {{\n    intent: {{ text: String, task_id: \
         String }},\n    human_owner: String,\n    audience: String,\n    payload: {{\n{facts}    }},\n  }},\n}}"
    )
}

/// Every type and every action, whose `None` is a family of tools.
fn write(kinds: &BTreeSet<String>, actions: &BTreeMap<String, Option<String>>) -> String {
    let mut text = String::from(
        "entity AgentGroup;\nentity Agent in [AgentGroup];\nentity Org;\nentity Repo in [Org];\nentity Path in [Path, Repo];\n",
    );
    let others = kinds
        .iter()
        .filter(|kind| !matches!(kind.as_str(), "AgentGroup" | "Agent" | "Org" | "Repo" | "Path"));
    for kind in others {
        text.push_str(&format!("entity {kind};\n"));
    }
    for (name, applies) in actions {
        text.push_str(&format!("\naction {name:?}"));
        if let Some((family, _)) = name.rsplit_once('.') {
            text.push_str(&format!(" in [Action::{family:?}]"));
        }
        text.push_str(applies.as_deref().unwrap_or_default());
        text.push_str(";\n");
    }
    text
}
