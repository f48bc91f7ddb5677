//! `axtary policy schema` and `cedar-schema`: what can be said, for editors and for those who write.

use axtary_actionpass::Json;
use axtary_policy::NativeEngine;
use clap::Args;

use crate::{
    failure::{Exit, Failure},
    wire,
};

/// Print the JSON Schema of native rules, by which editors complete and check them
#[derive(Args)]
#[command(after_help = "\
Name the file in the first line of the rules:
  # yaml-language-server: $schema=rules.schema.json

Example:
  axtary policy schema > policy/rules.schema.json")]
pub(in crate::command) struct PrintSchema {}

/// Print the Cedar schema: every action, what it acts on, and the facts of its payload
#[derive(Args)]
#[command(after_help = "\
Cedar policies that axtary.yml names are validated against it, strictly, when they are loaded.

Example:
  axtary policy cedar-schema > policy/axtary.cedarschema")]
pub(in crate::command) struct PrintCedarSchema {}

/// A schema, as it is printed.
pub(crate) enum Schema {
    /// JSON Schema, of native rules.
    Native(Json),
    /// Cedar's own schema language.
    Cedar(String),
}

impl PrintSchema {
    pub(super) fn run(self) -> Schema {
        Schema::Native(NativeEngine::schema(&wire::vocabulary()))
    }
}

impl PrintCedarSchema {
    pub(super) fn run(self) -> Result<Schema, Failure> {
        let schema = wire::cedar_schema().map_err(|error| {
            Failure::trouble(Exit::Unavailable, error.code(), error.to_string())
        })?;
        Ok(Schema::Cedar(schema.to_string()))
    }
}
