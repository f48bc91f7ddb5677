//! An action that a person wrote down, to ask policy about it: YAML or JSON goes in, an [`Action`] comes out, or an error with its
//! place. Nothing is issued on the strength of it, for its facts are nobody's but the writer's.

use std::{collections::BTreeMap, fmt, path::Path};

use axtary_actionpass::{
    Action, Actor, Audience, FactDefinition, FactType, Facts, InputError, Intent, Json, Object,
    Payload, Vocabulary,
};
use serde::{
    Deserialize,
    de::{Deserializer, Error, MapAccess, Visitor},
};
use serde_saphyr::{Location, Spanned};

use crate::{
    error::ConfigError,
    yaml::{self, Bounds, place},
};

/// An action as it is written.
///
/// ```yaml
/// agent: codex-prod                # or `agent_id`, as a record has it
/// owner: alice@example.com         # or `human_owner`
/// tool: github.pull_requests.create
/// resource: repo:company/web-app
/// audience: github-executor
/// intent: fix the login redirect   # or `{ text: …, task_id: AXT-418 }`; empty if left out
/// task: AXT-418                    # no task if left out
/// facts: { files_changed: 3, paths: [src/login.rs] }
/// ```
///
/// The names are those of the command line; the spellings of a record are read too, so that its members can be copied. An unknown
/// member is an error, and so is one that is missing where a call always has it. The payload is empty, since policy never reads it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenAction {
    #[serde(default, alias = "agent_id", deserialize_with = "yaml::present")]
    agent: Option<Spanned<String>>,
    #[serde(default, alias = "human_owner", deserialize_with = "yaml::present")]
    owner: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    tool: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    resource: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    audience: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    intent: Option<Spanned<WrittenIntent>>,
    #[serde(default, deserialize_with = "yaml::present")]
    task: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    facts: Option<BTreeMap<String, Spanned<Value>>>,
}

const BOUNDS: Bounds = Bounds { depth: 64, nodes: 100_000 };

impl WrittenAction {
    /// Reads the text of the file at `path`: as JSON if it begins with `{`, else as YAML.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        if !text.trim_start().starts_with('{') {
            return yaml::read(path, text, BOUNDS);
        }
        let json = Json::parse(text.trim().as_bytes()).map_err(|error| {
            ConfigError::new(path, format!("it begins with a brace and is no JSON: {error}"))
        })?;
        Self::deserialize(serde_json::Value::from(&json))
            .map_err(|error| ConfigError::new(path, error.to_string()))
    }

    /// Takes what is not written here from `defaults`, of the facts each by itself.
    pub(crate) fn or(self, defaults: &Self) -> Self {
        let facts = match (self.facts, defaults.facts.clone()) {
            (Some(mut facts), Some(defaults)) => {
                for (name, value) in defaults {
                    facts.entry(name).or_insert(value);
                }
                Some(facts)
            }
            (facts, defaults) => facts.or(defaults),
        };
        Self {
            agent: self.agent.or_else(|| defaults.agent.clone()),
            owner: self.owner.or_else(|| defaults.owner.clone()),
            tool: self.tool.or_else(|| defaults.tool.clone()),
            resource: self.resource.or_else(|| defaults.resource.clone()),
            audience: self.audience.or_else(|| defaults.audience.clone()),
            intent: self.intent.or_else(|| defaults.intent.clone()),
            task: self.task.or_else(|| defaults.task.clone()),
            facts,
        }
    }

    /// Takes a fact away. `false` if it is not there.
    pub(crate) fn remove_fact(&mut self, name: &str) -> bool {
        self.facts.as_mut().is_some_and(|facts| facts.remove(name).is_some())
    }

    /// Takes the audience of a gate, if none is written.
    pub(crate) fn or_audience(self, audience: &Audience) -> Self {
        let at = Location::UNKNOWN;
        let audience = Some(Spanned::new(audience.to_string(), at, at));
        self.or(&Self { audience, ..Self::default() })
    }

    /// The action, of facts as `vocabulary` says that adapters derive them. `path` is the file that errors name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a member is missing or malformed, or a fact is unknown or of another type.
    pub(crate) fn action(
        &self,
        path: &Path,
        vocabulary: &Vocabulary,
    ) -> Result<Action, ConfigError> {
        for (name, value) in self.facts.iter().flatten() {
            check_fact(name, &value.value.0, vocabulary)
                .map_err(|problem| ConfigError::new(path, problem).at(place(value)))?;
        }
        self.action_of_any_facts(path)
    }

    /// The action, of facts as no adapter may derive them: to see what policy makes of what is missing, or of another type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a member is missing or malformed.
    pub(crate) fn action_of_any_facts(&self, path: &Path) -> Result<Action, ConfigError> {
        let actor =
            Actor::new(part(path, "agent", &self.agent)?, part(path, "owner", &self.owner)?);
        let tool = part(path, "tool", &self.tool)?;
        let builder = Action::builder(actor, tool, part(path, "resource", &self.resource)?)
            .audience(part(path, "audience", &self.audience)?)
            .intent(self.intent(path)?)
            .facts(self.facts(path)?);
        let refused = |error: InputError| ConfigError::new(path, error.to_string());
        let payload = Payload::from_json(&Object::new().into()).map_err(InputError::from);
        builder.payload(payload.map_err(refused)?).build().map_err(refused)
    }

    fn intent(&self, path: &Path) -> Result<Intent, ConfigError> {
        let (text, nested) = match &self.intent {
            None => (String::new(), None),
            Some(written) => (written.value.text.clone(), written.value.task_id.as_ref()),
        };
        let at = self.intent.as_ref().and_then(place);
        let intent =
            Intent::new(text).map_err(|error| ConfigError::new(path, error.to_string()).at(at))?;
        match (&self.task, nested) {
            (None, None) => Ok(intent),
            (Some(task), None) | (None, Some(task)) => {
                Ok(intent.with_task(yaml::name(path, task)?))
            }
            (Some(task), Some(_)) => {
                let problem = "the task is in the intent already; write it once";
                Err(ConfigError::new(path, problem).at(place(task)))
            }
        }
    }

    fn facts(&self, path: &Path) -> Result<Facts, ConfigError> {
        let mut facts = Object::new();
        for (name, value) in self.facts.iter().flatten() {
            let fact = Object::new().with(name.as_str(), value.value.0.clone());
            // Each by itself first, for its place.
            Facts::new(fact)
                .map_err(|error| ConfigError::new(path, error.to_string()).at(place(value)))?;
            facts.insert(name.as_str(), value.value.0.clone());
        }
        Facts::new(facts).map_err(|error| ConfigError::new(path, error.to_string()))
    }
}

/// A part that every call has.
fn part<T>(path: &Path, what: &str, written: &Option<Spanned<String>>) -> Result<T, ConfigError>
where
    T: std::str::FromStr<Err = InputError>,
{
    let Some(written) = written else {
        return Err(ConfigError::new(path, format!("the action has no `{what}`; write one")));
    };
    yaml::name(path, written)
}

/// Whether some adapter derives such a fact; a slip here would be a test of nothing.
fn check_fact(name: &str, value: &Json, vocabulary: &Vocabulary) -> Result<(), String> {
    let mut known = vocabulary.facts();
    let Some((_, FactDefinition { fact_type, .. })) = known.find(|(known, _)| *known == name)
    else {
        let names: Vec<&str> = vocabulary.facts().map(|(name, _)| name).collect();
        let meant = match nearest(name, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`axtary policy cedar-schema` lists those of each tool".to_owned(),
        };
        return Err(format!("the fact `{}` is unknown; {meant}", name.escape_debug()));
    };
    let texts = |items: &[Json]| items.iter().all(|item| item.as_str().is_some());
    let (fits, wanted) = match fact_type {
        FactType::Boolean => (value.as_bool().is_some(), "`true` or `false`"),
        FactType::Integer => (value.as_i64().is_some(), "an integer"),
        FactType::Text => (value.as_str().is_some(), "a string"),
        FactType::TextList => (value.as_array().is_some_and(texts), "a list of strings"),
        _ => (false, "of a type that cannot be written here"),
    };
    if fits { Ok(()) } else { Err(format!("the fact `{name}` is {value}, must be {wanted}")) }
}

/// The name that was probably meant, if one is near.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &&str| strsim::osa_distance(written, name);
    let nearest = known.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= nearest.len() / 3).then_some(nearest)
}

/// What the agent says: a text, or what a record has.
#[derive(Clone, Debug)]
struct WrittenIntent {
    text: String,
    task_id: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for WrittenIntent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            text: String,
            #[serde(default, deserialize_with = "yaml::present")]
            task_id: Option<Spanned<String>>,
        }

        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = WrittenIntent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or an object of `text` and `task_id`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<WrittenIntent, E> {
                Ok(WrittenIntent { text: text.to_owned(), task_id: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenIntent, A::Error> {
                let members = serde::de::value::MapAccessDeserializer::new(map);
                let Members { text, task_id } = Members::deserialize(members)?;
                Ok(WrittenIntent { text, task_id })
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// The value of a fact; what no fact can be is refused when it becomes one.
#[derive(Clone, Debug)]
pub(crate) struct Value(pub(crate) Json);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Json::try_from(&value).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "\
agent: codex-prod
owner: alice@example.com
tool: github.pull_requests.create
resource: repo:company/web-app
audience: github-executor
intent: fix the login redirect
task: AXT-418
facts:
  files_changed: 3
  paths: [src/login.rs, tests/login.rs]
  touches_production: false
";

    const JSON: &str = r#"{"agent_id":"codex-prod","audience":"github-executor","facts":{"files_changed":3,
"paths":["src/login.rs","tests/login.rs"],"touches_production":false},"human_owner":"alice@example.com",
"intent":{"task_id":"AXT-418","text":"fix the login redirect"},"resource":"repo:company/web-app",
"tool":"github.pull_requests.create"}"#;

    fn read(text: &str) -> Result<Action, ConfigError> {
        let path = Path::new("action.yml");
        WrittenAction::parse(path, text)?.action(path, &axtary_adapter_github::vocabulary())
    }

    #[test]
    fn an_action_is_the_same_in_yaml_and_as_a_record_has_it() {
        let action = read(YAML).unwrap();
        assert_eq!(action, read(JSON).unwrap());
        assert_eq!(action.intent().task_id().map(|task| task.as_str()), Some("AXT-418"));
        assert_eq!(action.facts().get("files_changed"), Some(&Json::from(3)));
        assert_eq!(action.payload().canonical(), b"{}");
    }

    #[test]
    fn every_mistake_in_an_action_is_named_with_its_place() {
        for (from, to, message) in [
            ("agent: codex-prod\n", "", ": the action has no `agent`; write one"),
            ("audience: github-executor\n", "", ": the action has no `audience`; write one"),
            (
                "agent:",
                "agnet:",
                ":1:1: unknown field `agnet`, expected one of agent, agent_id, human_owner, owner, tool, resource, audience, intent, task, facts",
            ),
            (
                "owner: alice@example.com",
                "owner:",
                ":2:6: the key has no value; write one, or leave the key out",
            ),
            (
                "tool: github.pull_requests.create",
                "tool: create",
                ":3:7: a tool name must be two or more parts of letters, digits, `_` and `-` joined by dots, at most \
                 256 bytes, but is \"create\"",
            ),
            (
                "files_changed: 3",
                "file_changed: 3",
                ":9:17: the fact `file_changed` is unknown; did you mean `files_changed`?",
            ),
            (
                "files_changed: 3",
                "files_changed: three",
                ":9:18: the fact `files_changed` is \"three\", must be an integer",
            ),
            (
                "files_changed: 3",
                "files_changed: 3.5",
                ":9:18: the fact `files_changed` is 3.5, must be an integer",
            ),
            (
                "files_changed: 3",
                "files_changed: null",
                ":9:18: the fact `files_changed` is null, must be an integer",
            ),
            (
                "[src/login.rs, tests/login.rs]",
                "src/login.rs",
                ":10:10: the fact `paths` is \"src/login.rs\", must be a list of strings",
            ),
            ("task: AXT-418", "agent_id: x", ": duplicate field `agent`"),
            (
                "intent: fix the login redirect",
                "intent: { text: x, task_id: T-1 }",
                ":7:7: the task is in the intent already; write it once",
            ),
            (
                "task: AXT-418",
                "task: &a AXT-418",
                ":7:10: the file must be one YAML document without anchors and aliases, at most 64 levels deep",
            ),
        ] {
            let error = read(&YAML.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.to_string(), format!("action.yml{message}"), "{to}");
        }
        let known = read(&YAML.replace("files_changed", "x")).unwrap_err().to_string();
        assert!(known.contains("the fact `x` is unknown; `axtary policy cedar-schema`"), "{known}");
    }

    #[test]
    fn json_is_read_strictly() {
        for (from, to, message) in [
            ("\"agent_id\"", "\"agnet\"", "unknown field `agnet`, expected one of"),
            (
                "\"tool\"",
                "\"resource\"",
                "it begins with a brace and is no JSON: the member \"resource\" stands twice",
            ),
            ("3,", "3.5,", "the fact `files_changed` is 3.5, must be an integer"),
            ("3,", "03,", "it begins with a brace and is no JSON"),
        ] {
            let error = read(&JSON.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("action.yml: {message}")), "{error}");
        }
    }

    #[test]
    fn defaults_stand_behind_what_is_written_and_facts_go_one_by_one() {
        let path = Path::new("action.yml");
        let defaults = WrittenAction::parse(path, YAML).unwrap();
        let text = "agent: claude\nfacts: { files_changed: 4 }";
        let action = WrittenAction::parse(path, text).unwrap().or(&defaults);
        let action = action.action(path, &axtary_adapter_github::vocabulary()).unwrap();
        assert_eq!(action.actor().agent_id().as_str(), "claude");
        assert_eq!(action.actor().human_owner().as_str(), "alice@example.com");
        assert_eq!(action.facts().get("files_changed"), Some(&Json::from(4)));
        assert_eq!(action.facts().get("touches_production"), Some(&Json::from(false)));
        let none = WrittenAction::parse(path, &YAML.replace("audience", "#")).unwrap();
        let action = none.or_audience(&"other".parse().unwrap()).action_of_any_facts(path).unwrap();
        assert_eq!(action.audience().as_str(), "other");
    }

    #[test]
    fn facts_that_no_adapter_derives_can_be_asked_about_but_not_what_is_no_fact() {
        let path = Path::new("action.yml");
        let read = |facts: &str| {
            let text = format!("{}facts: {facts}", YAML.split("facts:").next().unwrap());
            WrittenAction::parse(path, &text)?.action_of_any_facts(path)
        };
        assert!(read("{ files_changed: three, other: { a: [1] } }").is_ok());
        assert_eq!(
            read("{ files_changed: null }").unwrap_err().to_string(),
            "action.yml:8:25: the fact `files_changed` is refused: `null` is not a fact; leave the fact out"
        );
        assert!(read("{ files_changed: 0.5 }").is_err());
        assert!(read("{ Files: 1 }").is_err());
    }
}
