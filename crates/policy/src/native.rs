//! Native rules: the shortest way to say which calls may go ahead, in YAML or in code.
//!
//! ```text
//! load (YAML) ─┐
//!              ├─> Rule -> compile -> select (candidates) -> evaluate
//! builder ─────┘
//! ```

mod compile;
mod evaluate;
mod load;
mod pattern;
mod rule;
mod schema;
mod select;
mod when;

use std::fmt;

use axtary_actionpass::{EngineName, Facts, Json, PolicyVersion, Vocabulary};

pub use self::rule::Rule;
use self::{compile::CompiledRule, select::RuleIndex};
use crate::{error::LoadError, source::Source};

/// Decides by native rules.
///
/// A rule names agents, tools and resources, and applies to a call that matches all that it names:
///
/// - A `forbid` rule that applies denies, whatever else applies.
/// - Else a `step_up` rule that applies asks for a human's approval. It needs no permit beside it; but its own constraints must
///   hold, or the call is denied: a human is not asked about what the rule itself rules out.
/// - Else the first `permit` rule that applies and whose constraints hold permits; they go onto the pass.
/// - Else the call is denied: for the constraints that do not hold, or because nothing permits it.
///
/// `when` holds conditions in the same vocabulary as `constraints`, and decides whether a rule applies. A condition
/// about a fact that is missing or of another type cannot be decided: a `permit` then does not apply, a `forbid` or
/// `step_up` denies.
///
/// `sensitive` names facts that the ledger is to hold as commitments, of every call that the rule names.
///
/// A rule with `enforce: false` is on trial: it decides nothing, and each evaluation of a call that it names says what all
/// rules would have come to with it ([`Evaluation::trial`]).
///
/// [`Evaluation::trial`]: axtary_actionpass::Evaluation::trial
///
/// # Example
///
/// ```
/// use axtary_actionpass::{FactType, Operator, Vocabulary};
/// use axtary_policy::NativeEngine;
///
/// let vocabulary = Vocabulary::new()
///     .with_fact("files_changed", FactType::Integer, "the number of files the call changes")
///     .with_constraint("max_files_changed", Operator::AtMost, "files_changed");
/// let text = r#"
/// version: 1
/// rules:
///   - id: small-changes
///     effect: permit
///     agent: codex-prod
///     tool: github.pull_requests.create
///     resource: repo:company/*
///     constraints: { max_files_changed: 12 }
///     ttl: 10m
/// "#;
/// let engine = NativeEngine::from_yaml("policy.yml", text, &vocabulary)?;
/// # let _ = engine;
///
/// let error = NativeEngine::from_yaml("policy.yml", &text.replace("max_files", "max_flies"), &vocabulary).unwrap_err();
/// assert_eq!((error.line(), error.column()), (Some(9), Some(39)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NativeEngine {
    // INVARIANT: in the order of the source, which decides between permits.
    rules: Vec<CompiledRule>,
    index: RuleIndex,
    version: PolicyVersion,
    neutral: Facts,
    /// What the source is called.
    file: String,
}

impl NativeEngine {
    /// The most rules of one engine.
    pub const MAX_RULES: usize = 100_000;

    /// Loads rules from YAML. `name` is what errors call the text, such as its path.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if the text is not YAML of this form, a key, constraint or operand is unknown to `vocabulary`, an id
    /// stands twice, or there is no rule.
    pub fn from_yaml(name: &str, text: &str, vocabulary: &Vocabulary) -> Result<Self, LoadError> {
        let source = Source::new(name, text)?;
        let (written, rules) = load::rules(source, vocabulary)?;
        Ok(Self::new(&written, rules, vocabulary, name))
    }

    /// Starts an engine whose rules are built in code.
    pub fn builder(vocabulary: &Vocabulary) -> NativeBuilder<'_> {
        NativeBuilder { vocabulary, rules: Vec::new() }
    }

    fn new(
        written: &[Rule],
        rules: Vec<CompiledRule>,
        vocabulary: &Vocabulary,
        file: &str,
    ) -> Self {
        // Over what the rules say, not how their text is laid out.
        let canonical = Json::Array(written.iter().map(Rule::to_json).collect()).to_canonical();
        let name = format!("{}:{file}", EngineName::NATIVE);
        Self {
            index: RuleIndex::new(&rules),
            rules,
            version: PolicyVersion::of_sources([(name.as_str(), canonical.as_slice())]),
            neutral: vocabulary.neutral_facts(),
            file: file.to_owned(),
        }
    }
}

impl fmt::Debug for NativeEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeEngine")
            .field("rules", &self.rules.len())
            .field("version", &self.version)
            .finish()
    }
}

/// Collects rules for a [`NativeEngine`]; made by [`NativeEngine::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct NativeBuilder<'a> {
    vocabulary: &'a Vocabulary,
    rules: Vec<Rule>,
}

impl NativeBuilder<'_> {
    /// Adds a rule behind the others.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Completes the engine.
    ///
    /// # Errors
    ///
    /// As [`NativeEngine::from_yaml`], without a place.
    pub fn build(self) -> Result<NativeEngine, LoadError> {
        let compiled = compile::rules(&self.rules, self.vocabulary)
            .map_err(|fault| LoadError::new(BUILDER, fault.message))?;
        Ok(NativeEngine::new(&self.rules, compiled, self.vocabulary, BUILDER))
    }
}

/// What rules that were built in code are said to stand in.
const BUILDER: &str = "builder";
