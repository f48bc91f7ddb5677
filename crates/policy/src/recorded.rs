//! The action of a recorded decision, for those who decide on it again: under the policy in force, or under another.

use axtary_actionpass::{
    Action, Actor, Facts, InputError, Intent, Json, Object, Payload, PayloadHash, Unavailable,
};

/// Why a record says too little to decide on again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedError {
    /// The record is no decision, or one of another form.
    Form(String),
    /// The values of these facts are withheld.
    Withheld(Vec<String>),
    /// There was no decision: a part of the gate had failed.
    Undecided,
    /// A part failed while it was decided on again.
    Failed(Unavailable),
}

impl RecordedError {
    /// A stable name for programs: `malformed`, `withheld`, `undecided` or `failed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "malformed",
            Self::Withheld(_) => "withheld",
            Self::Undecided => "undecided",
            Self::Failed(_) => "failed",
        }
    }
}

impl std::error::Error for RecordedError {}

impl std::fmt::Display for RecordedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form(problem) => write!(f, "the record is no decision: {problem}"),
            Self::Withheld(names) => write!(
                f,
                "the record withholds {}, without which it cannot be decided on again; disclose their values",
                names.join(", ")
            ),
            Self::Undecided => {
                f.write_str("the record holds no decision: a part of the gate had failed")
            }
            Self::Failed(cause) => write!(f, "it cannot be decided on again: {cause}"),
        }
    }
}

impl From<InputError> for RecordedError {
    fn from(error: InputError) -> Self {
        Self::Form(error.to_string())
    }
}

/// The action of a decision's record, as policy saw it. Its payload is empty, since policy never reads it.
///
/// `body` holds the members of the record; `disclosed`, the values of facts that it withholds, which the caller has checked
/// against their commitments.
///
/// # Errors
///
/// [`RecordedError`] if a member is missing or malformed, or a fact is withheld and not disclosed.
pub fn recorded_action(body: &Object, disclosed: &Object) -> Result<Action, RecordedError> {
    let said = object(body, "intent")?;
    let mut intent = Intent::new(text(said, "text")?)?;
    if said.get("task_id").is_some() {
        intent = intent.with_task(text(said, "task_id")?.parse()?);
    }
    let actor = Actor::new(text(body, "agent_id")?.parse()?, text(body, "human_owner")?.parse()?);
    let (facts, missing) = facts(body, disclosed)?;
    if !missing.is_empty() {
        return Err(RecordedError::Withheld(missing));
    }
    Ok(Action::builder(actor, text(body, "tool")?.parse()?, text(body, "resource")?.parse()?)
        .intent(intent)
        .audience(text(body, "audience")?.parse()?)
        .payload(Payload::from_json(&Object::new().into()).map_err(InputError::from)?)
        .facts(Facts::new(facts)?)
        .build()?)
}

/// The facts that stand in the record and those that were disclosed, and the names of those that were not.
pub(crate) fn facts(
    body: &Object,
    disclosed: &Object,
) -> Result<(Object, Vec<String>), RecordedError> {
    let mut facts = object(body, "facts")?.clone();
    let mut missing = Vec::new();
    let withheld = body.get("sensitive").and_then(Json::as_object);
    let names = withheld.into_iter().flat_map(Object::iter).map(|(name, _)| name);
    for name in names.filter(|name| *name != PayloadHash::NAME) {
        match disclosed.get(name) {
            Some(value) => drop(facts.insert(name, value.clone())),
            None => missing.push(name.to_owned()),
        }
    }
    Ok((facts, missing))
}

/// A member that is a text.
pub(crate) fn text<'a>(of: &'a Object, name: &str) -> Result<&'a str, RecordedError> {
    let text = of.get(name).and_then(Json::as_str);
    text.ok_or_else(|| RecordedError::Form(format!("it has no text `{name}`")))
}

fn object<'a>(of: &'a Object, name: &str) -> Result<&'a Object, RecordedError> {
    let object = of.get(name).and_then(Json::as_object);
    object.ok_or_else(|| RecordedError::Form(format!("it has no object `{name}`")))
}
