//! Files of cases: YAML goes in, actions with what policy must say of them come out, or an error with its place.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use axtary_actionpass::{Action, Audience, Effect, EngineName, InputError, Object, Vocabulary};
use serde::{
    Deserialize,
    de::{Deserializer, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_saphyr::Spanned;

use crate::{
    config::{PolicyFiles, PolicySection},
    error::ConfigError,
    file, wire,
    written_action::{Value, WrittenAction},
    yaml::{self, Bounds, place},
};

/// The largest file of cases that is read.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The executor that actions are for where a case names none, wherever the cases are run: that of a new axtary.yml.
const AUDIENCE: &str = "github-executor";
const BOUNDS: Bounds = Bounds { depth: 64, nodes: 2_000_000 };

/// A file of cases.
///
/// ```yaml
/// version: 1
/// policies: [[policy.yml], [policy.cedar, more.cedar]]  # sets, each of which must decide every case so
/// defaults: { agent: codex-prod, owner: alice@example.com, facts: { files_changed: 1 } }
/// cases:
///   - name: a large pull request is denied
///     action: { facts: { files_changed: 99 } }          # over the defaults, of the facts each by itself
///     expect: deny                                      # or `{ decision: deny, reasons: [small-changes] }`
/// ```
///
/// A set may also be what stands under `policy` in an axtary.yml: `{ cedar: [policy.cedar], groups: { backend: [codex-prod] } }`.
/// Without `policies`, the cases are about the policy that the command line or axtary.yml names.
#[derive(Debug)]
pub(super) struct CaseFile {
    pub(super) path: PathBuf,
    /// The sets of policy files; `None` if the file names none.
    pub(super) sets: Option<Vec<PolicyFiles>>,
    pub(super) cases: Vec<Case>,
}

/// An action, and what policy must say of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// The line that it starts at.
    pub(super) line: Option<u64>,
    pub(super) action: Action,
    pub(super) expected: Expected,
}

/// What policy must say; what is `None` or empty may be anything.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) decision: Effect,
    pub(super) reasons: Vec<ExpectedReason>,
    /// Texts, each of which one of the reasons must hold.
    pub(super) says: Vec<String>,
    pub(super) approvers: Option<Vec<String>>,
    pub(super) ttl: Option<Duration>,
    pub(super) constraints: Option<Object>,
    pub(super) trial: Option<Effect>,
}

/// A policy that must be among the reasons, of every set that has a policy of this name.
#[derive(Debug)]
pub(super) struct ExpectedReason {
    pub(super) engine: Option<EngineName>,
    pub(super) id: String,
    pub(super) place: Option<(u64, u64)>,
}

impl fmt::Display for ExpectedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.engine {
            Some(engine) => write!(f, "{engine}:{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

impl CaseFile {
    /// Reads the file at `path`.
    pub(super) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = file::read_text(path, MAX_BYTES)
            .map_err(|error| ConfigError::new(path, error.problem()))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let File { version, policies, defaults, cases } = yaml::read(path, text, BOUNDS)?;
        if version.value != 1 {
            let problem = format!("the version is {}, and this `axtary` reads 1", version.value);
            return Err(ConfigError::new(path, problem).at(place(&version)));
        }
        if cases.value.is_empty() {
            return Err(ConfigError::new(path, "it holds no case, so it would test nothing")
                .at(place(&cases))
                .advise("write one, or remove the file"));
        }
        let sets = policies.map(|written| sets(path, written)).transpose()?;
        let audience: Audience = AUDIENCE
            .parse()
            .map_err(|error: InputError| ConfigError::new(path, error.to_string()))?;
        let defaults = defaults.unwrap_or_default().or_audience(&audience);
        let vocabulary = wire::vocabulary();
        let mut names = HashSet::new();
        let mut read = Vec::with_capacity(cases.value.len());
        for written in cases.value {
            if !names.insert(written.name.value.clone()) {
                let problem = format!("the case {:?} stands twice", written.name.value);
                return Err(ConfigError::new(path, problem)
                    .at(place(&written.name))
                    .advise("give each case a name of its own"));
            }
            read.push(written.read(path, &defaults, &vocabulary)?);
        }
        Ok(Self { path: path.to_owned(), sets, cases: read })
    }
}

/// The sets of policy files, relative to the file that names them.
fn sets(path: &Path, written: Spanned<Vec<WrittenSet>>) -> Result<Vec<PolicyFiles>, ConfigError> {
    if written.value.is_empty() {
        return Err(ConfigError::new(path, "`policies` names no set")
            .at(place(&written))
            .advise("name one, such as `[[policy.yml]]`, or leave `policies` out"));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let read = |set| match set {
        WrittenSet::Section(section) => section.files(path),
        WrittenSet::Paths(names) => {
            let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
            PolicyFiles::of_paths(&paths)
        }
    };
    written.value.into_iter().map(read).collect()
}

/// Files whose names tell their language; or what stands under `policy` in an axtary.yml.
enum WrittenSet {
    Paths(Vec<String>),
    Section(Box<PolicySection>),
}

impl<'de> Deserialize<'de> for WrittenSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = WrittenSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list such as `[policy.yml]`, or an object such as `{ cedar: [policy.cedar] }`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<WrittenSet, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element()? {
                    paths.push(path);
                }
                if paths.is_empty() {
                    return Err(A::Error::custom("a set of policies names no file; name one"));
                }
                Ok(WrittenSet::Paths(paths))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenSet, A::Error> {
                let section = PolicySection::deserialize(MapAccessDeserializer::new(map))?;
                Ok(WrittenSet::Section(Box::new(section)))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u64>,
    #[serde(default, deserialize_with = "yaml::present")]
    policies: Option<Spanned<Vec<WrittenSet>>>,
    #[serde(default, deserialize_with = "yaml::present")]
    defaults: Option<WrittenAction>,
    cases: Spanned<Vec<WrittenCase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: Spanned<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    action: Option<WrittenAction>,
    /// Facts that the action has not, although the defaults have them.
    #[serde(default)]
    without: Vec<Spanned<String>>,
    /// Whether the facts may be such as no adapter derives.
    #[serde(default)]
    raw: bool,
    expect: Spanned<WrittenExpected>,
}

impl WrittenCase {
    fn read(
        self,
        path: &Path,
        defaults: &WrittenAction,
        vocabulary: &Vocabulary,
    ) -> Result<Case, ConfigError> {
        let mut action = self.action.unwrap_or_default().or(defaults);
        for fact in &self.without {
            if !action.remove_fact(&fact.value) {
                let problem =
                    format!("`without` names the fact `{}`, which is not there", fact.value);
                return Err(ConfigError::new(path, problem)
                    .at(place(fact))
                    .advise("leave it out, or give the fact a value in `defaults`"));
            }
        }
        let action = if self.raw {
            action.action_of_any_facts(path)
        } else {
            action.action(path, vocabulary)
        };
        let action = action.map_err(|error| match error.line() {
            // What is missing has no place; the case that misses it has one.
            None => error.at(place(&self.name)),
            Some(_) => error,
        })?;
        let line = place(&self.name).map(|(line, _)| line);
        let at = place(&self.expect);
        let expected = self.expect.value.read(path, at)?;
        Ok(Case { name: self.name.value, line, action, expected })
    }
}

/// A decision alone, or with what must be said beside it.
enum WrittenExpected {
    Decision(String),
    Members(Box<Members>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    decision: Spanned<String>,
    #[serde(default)]
    reasons: Vec<Spanned<String>>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    approvers: Option<Spanned<Vec<String>>>,
    #[serde(default, deserialize_with = "yaml::present")]
    ttl: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::present")]
    constraints: Option<Spanned<BTreeMap<String, Value>>>,
    #[serde(default, deserialize_with = "yaml::present")]
    trial: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for WrittenExpected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = WrittenExpected;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a decision, or an object such as `{ decision: deny, reasons: [an-id] }`",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<WrittenExpected, E> {
                Ok(WrittenExpected::Decision(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenExpected, A::Error> {
                let members = Members::deserialize(MapAccessDeserializer::new(map))?;
                Ok(WrittenExpected::Members(Box::new(members)))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// Reads the name of a decision, which stands at `at`.
fn decision(path: &Path, text: &str, at: Option<(u64, u64)>) -> Result<Effect, ConfigError> {
    let known = [Effect::Permit, Effect::StepUp, Effect::Deny];
    known.into_iter().find(|effect| effect.as_str() == text).ok_or_else(|| {
        let problem = format!(
            "`{}` is no decision; write `permit`, `step_up` or `deny`",
            text.escape_debug()
        );
        ConfigError::new(path, problem).at(at)
    })
}

impl WrittenExpected {
    /// Reads what is expected, which stands at `at`.
    fn read(self, path: &Path, at: Option<(u64, u64)>) -> Result<Expected, ConfigError> {
        match self {
            Self::Decision(text) => Ok(Expected {
                decision: decision(path, &text, at)?,
                reasons: Vec::new(),
                says: Vec::new(),
                approvers: None,
                ttl: None,
                constraints: None,
                trial: None,
            }),
            Self::Members(members) => members.read(path),
        }
    }
}

impl Members {
    fn read(self, path: &Path) -> Result<Expected, ConfigError> {
        let Self { decision: written, reasons, says, approvers, ttl, constraints, trial } = self;
        let decision = |text: &Spanned<String>| decision(path, &text.value, place(text));
        let trial = trial.as_ref().map(decision).transpose()?;
        let decision = decision(&written)?;
        let beside = |what: &str, at| {
            let problem = format!("`{what}` is expected beside `{decision}`, which never has any");
            Err(ConfigError::new(path, problem)
                .at(at)
                .advise("leave it out, or change the decision"))
        };
        if let (Effect::Permit | Effect::Deny, Some(approvers)) = (decision, &approvers) {
            return beside("approvers", place(approvers));
        }
        if let (Effect::Deny, Some(ttl)) = (decision, &ttl) {
            return beside("ttl", place(ttl));
        }
        if let (Effect::Deny, Some(constraints)) = (decision, &constraints) {
            return beside("constraints", place(constraints));
        }
        let ttl = ttl.map(|written| match axtary_policy::read_ttl(&written.value) {
            Some(ttl) => Ok(ttl),
            None => Err(ConfigError::new(path, format!("`ttl` is {:?}", written.value))
                .at(place(&written))
                .advise("write `30s`, `10m` or `1h`, at most `1h`")),
        });
        let constraints = constraints.map(|written| {
            let members = written.value.into_iter();
            members.fold(Object::new(), |all, (name, Value(operand))| all.with(name, operand))
        });
        Ok(Expected {
            decision,
            reasons: reasons.into_iter().map(ExpectedReason::of).collect(),
            says,
            approvers: approvers.map(|written| written.value),
            ttl: ttl.transpose()?,
            constraints,
            trial,
        })
    }
}

impl ExpectedReason {
    /// An id, which may itself have a colon, or an engine before it.
    fn of(written: Spanned<String>) -> Self {
        let place = place(&written);
        let engines = [EngineName::NATIVE, EngineName::CEDAR, EngineName::REGO];
        if let Some((engine, id)) = written.value.split_once(':')
            && let Some(engine) = engines.into_iter().find(|known| known.as_str() == engine)
        {
            return Self { engine: Some(engine), id: id.to_owned(), place };
        }
        Self { engine: None, id: written.value, place }
    }
}
