//! What a Rego engine is built of: modules, bundles, and the rules that it asks.

use axtary_actionpass::{EngineName, Object, PolicyVersion};

use super::{
    RegoEngine,
    bundle::{self, Bundle},
    load,
    map::Mapper,
};
use crate::{error::LoadError, source::Source, token::normal_form};

/// Collects the parts of a [`RegoEngine`]; made by [`RegoEngine::builder`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RegoBuilder {
    modules: Vec<(String, String)>,
    bundles: Vec<(String, Vec<u8>)>,
    allow: Option<String>,
    deny: Option<String>,
    step_up: Option<String>,
}

/// The rules that are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entrypoints {
    pub(super) allow: String,
    /// `None` if no module defines it.
    pub(super) deny: Option<String>,
    pub(super) step_up: Option<String>,
}

impl RegoBuilder {
    /// Adds a named module.
    pub fn module(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.modules.push((name.into(), text.into()));
        self
    }

    /// Adds an OPA bundle, `tar.gz`, with its modules and its `data.json`.
    pub fn bundle(mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.bundles.push((name.into(), bytes.into()));
        self
    }

    /// Asks another rule than `data.axtary.allow`. The rules `deny` and `step_up` are then looked for beside it.
    pub fn allow(mut self, rule: impl Into<String>) -> Self {
        self.allow = Some(rule.into());
        self
    }

    /// Asks this rule for denials; it must be there.
    pub fn deny(mut self, rule: impl Into<String>) -> Self {
        self.deny = Some(rule.into());
        self
    }

    /// Asks this rule for step-ups; it must be there.
    pub fn step_up(mut self, rule: impl Into<String>) -> Self {
        self.step_up = Some(rule.into());
        self
    }

    /// Completes the engine.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if a module is not Rego (version 1), a rule that is asked is not defined, a bundle holds what is not
    /// understood, or a module does what is refused; see [`RegoEngine`].
    pub fn build(mut self) -> Result<RegoEngine, LoadError> {
        let mut roots = Vec::new();
        let mut data = Object::new();
        for (name, bytes) in std::mem::take(&mut self.bundles) {
            let source = Source::new(&name, "")?;
            let Bundle { modules, data: more, roots: its } = bundle::read(source.name, &bytes)?;
            bundle::merge(&mut data, more).map_err(|at| {
                LoadError::new(&name, format!("another bundle says `{at}` too; keep one"))
            })?;
            roots.extend(modules.iter().map(|(module, _)| (module.clone(), its.clone())));
            self.modules.extend(modules);
        }
        let sources = Source::all(&self.modules, "Rego module")?;
        let parts = load::Parts { sources: &sources, roots: &roots, data: &data };
        let loaded = load::modules(&parts, &self.wanted())?;
        let version = version(&sources, &data, &loaded.entrypoints);
        Ok(RegoEngine {
            engine: loaded.engine,
            entrypoints: loaded.entrypoints,
            policies: loaded.policies,
            mapper: Mapper::new(loaded.reads),
            version,
        })
    }

    fn wanted(&self) -> Wanted {
        let allow = self.allow.clone().unwrap_or_else(|| ALLOW.to_owned());
        let package = allow.rsplit_once('.').map_or("data", |(package, _)| package).to_owned();
        let optional = |named: &Option<String>, name: &str| match named {
            Some(rule) => (rule.clone(), true),
            None => (format!("{package}.{name}"), false),
        };
        Wanted {
            deny: optional(&self.deny, "deny"),
            step_up: optional(&self.step_up, "step_up"),
            allow,
        }
    }
}

/// The digest over what the modules say, whatever their layout, their comments and their order, over the data, and over which
/// rules are asked.
fn version(sources: &[Source<'_>], data: &Object, entrypoints: &Entrypoints) -> PolicyVersion {
    let part = |kind: &str| format!("{}:{kind}", EngineName::REGO);
    let mut parts: Vec<(String, Vec<u8>)> = sources
        .iter()
        .map(|source| {
            (part(&format!("module:{}", source.name)), normal_form(source.text).into_bytes())
        })
        .collect();
    if !data.is_empty() {
        let mut canonical = Vec::new();
        data.write_canonical(&mut canonical);
        parts.push((part("data"), canonical));
    }
    let Entrypoints { allow, deny, step_up } = entrypoints;
    for (name, rule) in
        [("allow", Some(allow)), ("deny", deny.as_ref()), ("step_up", step_up.as_ref())]
    {
        if let Some(rule) = rule {
            parts.push((part(name), rule.clone().into_bytes()));
        }
    }
    PolicyVersion::of_sources(parts.iter().map(|(name, form)| (name.as_str(), form.as_slice())))
}

/// The rules to ask; of two of them, whether they must be there.
pub(super) struct Wanted {
    pub(super) allow: String,
    pub(super) deny: (String, bool),
    pub(super) step_up: (String, bool),
}

const ALLOW: &str = "data.axtary.allow";
