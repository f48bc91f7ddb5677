//! The YAML that people write for the gate, read strictly: no unknown keys, anchors, aliases or second documents, nothing that
//! means another thing than it looks like, and every error with its place.

use std::path::Path;

use axtary_actionpass::InputError;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_saphyr::{DefaultMessageFormatter, Location, MessageFormatter as _, Spanned};

use crate::error::ConfigError;

/// How large a document may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The deepest nesting.
    pub(crate) depth: usize,
    /// The most values.
    pub(crate) nodes: usize,
}

/// Reads the text of the file at `path`.
pub(crate) fn read<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    bounds: Bounds,
) -> Result<T, ConfigError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        no_schema: true,
        with_snippet: false,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        budget: serde_saphyr::budget! {
            max_depth: bounds.depth,
            max_nodes: bounds.nodes,
            max_events: bounds.nodes.saturating_mul(2),
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| syntax(path, bounds, &error))
}

fn syntax(path: &Path, bounds: Bounds, error: &serde_saphyr::Error) -> ConfigError {
    let error = error.without_snippet();
    let problem = match error {
        serde_saphyr::Error::NullIntoString { .. } => {
            "the key has no value; write one, or leave the key out".to_owned()
        }
        serde_saphyr::Error::QuotingRequired { value, .. } => {
            format!("`{value}` does not read as text; quote it, and mind its unit if it has one")
        }
        serde_saphyr::Error::Unexpected { expected: "sequence start", .. } => {
            "a list belongs here, such as `[one, two]`".to_owned()
        }
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            format!("the key `{}` stands twice; keep one", key.as_deref().unwrap_or_default())
        }
        serde_saphyr::Error::Budget { .. } => format!(
            "the file must be one YAML document without anchors and aliases, at most {} levels deep",
            bounds.depth
        ),
        other => DefaultMessageFormatter.format_message(other).into_owned(),
    };
    ConfigError::new(path, problem).at(error.location().and_then(known))
}

/// A name of one of the types that every call has, out of the file at `path`.
pub(crate) fn name<T>(path: &Path, written: &Spanned<String>) -> Result<T, ConfigError>
where
    T: std::str::FromStr<Err = InputError>,
{
    written
        .value
        .parse()
        .map_err(|error: InputError| ConfigError::new(path, error.to_string()).at(place(written)))
}

/// Where a value stands.
pub(crate) fn place<T>(written: &Spanned<T>) -> Option<(u64, u64)> {
    known(written.referenced)
}

fn known(location: Location) -> Option<(u64, u64)> {
    (location.line() > 0).then(|| (location.line(), location.column()))
}

/// A key that stands there has a value: `max_ttl:` with nothing behind it must not mean the longest.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
