//! Rego texts become an engine that is prepared, so that a decision does not parse or plan anything.

use axtary_actionpass::{Object, PolicyInfo};
use regorus::{Engine, unstable::Module};

use super::{
    budget,
    builder::{Entrypoints, Wanted},
    check::{self, Checked},
    map::{self, InputReads},
};
use crate::{
    error::{LoadError, Place},
    nesting,
    source::Source,
    token::Language,
};

/// What is loaded.
pub(super) struct Parts<'a> {
    pub(super) sources: &'a [Source<'a>],
    /// The modules that come from bundles, each with the paths below `data` that its bundle may define.
    pub(super) roots: &'a [(String, Vec<Vec<String>>)],
    pub(super) data: &'a Object,
}

/// What loading yields.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) entrypoints: Entrypoints,
    pub(super) policies: Vec<PolicyInfo>,
    pub(super) reads: InputReads,
}

/// Loads, checks and prepares modules.
pub(super) fn modules(parts: &Parts<'_>, wanted: &Wanted) -> Result<Loaded, LoadError> {
    let sources = parts.sources;
    let mut engine = Engine::new();
    let limit = budget::limit().map_err(|message| LoadError::new("rego", message))?;
    engine.set_execution_timer_config(limit);
    engine.set_strict_builtin_errors(true);
    for source in sources {
        nesting::check(*source, Language::Rego)?;
        engine
            .add_policy(source.name.to_owned(), source.text.to_owned())
            .map_err(|error| located(sources, &error.to_string()))?;
    }
    for module in engine.get_modules().iter() {
        check_roots(module, parts.roots)?;
    }
    engine
        .add_data(map::object(parts.data.iter()))
        .map_err(|error| located(sources, &error.to_string()))?;
    let Checked { entrypoints, policies, reads } =
        check::modules(engine.get_modules(), parts.data, wanted)?;
    // Prepares the engine, so that its clones are prepared too.
    engine
        .compile_with_entrypoint(&entrypoints.allow.as_str().into())
        .map_err(|error| located(sources, &error.to_string()))?;
    Ok(Loaded { engine, entrypoints, policies, reads })
}

/// A module of a bundle stays below the roots of its manifest.
fn check_roots(module: &Module, roots: &[(String, Vec<Vec<String>>)]) -> Result<(), LoadError> {
    let file = module.package.span.source.get_path();
    let package = check::package_path(module);
    match roots.iter().find(|(name, _)| name == file) {
        Some((_, roots)) if !roots.iter().any(|root| package.starts_with(root)) => {
            Err(LoadError::new(
                file,
                format!(
                    "its package `{}` is outside the `roots` of the bundle's manifest; add the root",
                    package.join(".")
                ),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

fn located(sources: &[Source<'_>], text: &str) -> LoadError {
    let (place, message) = take_apart(text);
    let place = place.and_then(|place| {
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some((parts.next()?, Place { line, column }))
    });
    match (place, sources) {
        (Some((file, place)), _) => LoadError::new(file, message).at(Some(place)),
        (None, [only]) => LoadError::new(only.name, message),
        (None, _) => LoadError::new("rego", message),
    }
}

/// The place and the message in an error of regorus: `--> file:line:column`, the line of source, `error: message`.
pub(super) fn take_apart(text: &str) -> (Option<&str>, &str) {
    let place = text.lines().find_map(|line| line.strip_prefix("--> "));
    let message = text.rsplit_once("\nerror: ").map_or(text, |(_, message)| message);
    (place, message)
}
