//! Rego texts become an engine that is prepared, so that a decision does not parse or plan anything.

use regorus::Engine;

use super::{
    budget,
    check::{self, Checked, Entrypoints},
    map::InputReads,
};
use crate::{
    error::{LoadError, Place},
    nesting::{self, Language},
    source::Source,
};

/// What loading yields.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) has_deny: bool,
    pub(super) has_step_up: bool,
    pub(super) reads: InputReads,
}

/// Loads, checks and prepares modules.
pub(super) fn modules(sources: &[Source<'_>]) -> Result<Loaded, LoadError> {
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
    let Checked { entrypoints: Entrypoints { has_deny, has_step_up }, reads } =
        check::modules(engine.get_modules())?;
    // Prepares the engine, so that its clones are prepared too.
    engine
        .compile_with_entrypoint(&check::ALLOW.into())
        .map_err(|error| located(sources, &error.to_string()))?;
    Ok(Loaded { engine, has_deny, has_step_up, reads })
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
