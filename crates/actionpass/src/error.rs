//! What can go wrong, one enum for each boundary. Read this file second.
//!
//! [`InputError`]: a part of an action cannot be built. [`Refusal`]: the gate did not issue a pass. [`VerifyError`]:
//! a pass was not accepted. Every error has a stable [`code`](Refusal::code) that programs and scripts may rely on.
//!
//! [`VerifyError`]: crate::VerifyError

use std::fmt;

use crate::{
    action::Action,
    decision::{Evaluation, Reason},
    hash::{LedgerHash, PayloadHash, PolicyVersion},
    json::{NumberError, Object, ScanError},
    name::{AgentId, Principal, Resource, ToolName},
};

/// A part of an action that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// An identifier has another form.
    #[error("{what} must be {form}, at most {max} bytes, but is {seen:?}")]
    Name {
        /// Which identifier.
        what: &'static str,
        /// The form it must have.
        form: &'static str,
        /// Its greatest length in bytes.
        max: usize,
        /// What was given, cut to 64 characters.
        seen: String,
    },
    /// A digest has another form.
    #[error("{what} must be `sha256:` and 64 lower-case hexadecimal digits, but is {seen:?}")]
    Digest {
        /// Which digest.
        what: &'static str,
        /// What was given, cut to 80 characters.
        seen: String,
    },
    /// A time lies outside the years 1970 to 9999.
    #[error(
        "the time must lie between the years 1970 and 9999, but is {millis} ms after the epoch"
    )]
    Time {
        /// Milliseconds since the epoch.
        millis: i64,
    },
    /// A time is not RFC 3339.
    #[error("a time must be RFC 3339, such as `2026-07-28T12:00:00Z`, but is {text:?}")]
    TimeText {
        /// What was given, cut to 64 characters.
        text: String,
    },
    /// A pass id has another form.
    #[error("a pass id must be `ap_` and a ULID in upper case, but is {seen:?}")]
    PassId {
        /// What was given, cut to 64 characters.
        seen: String,
    },
    /// A text is too long.
    #[error("{what} must be at most {max} bytes, but is {bytes}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// Its greatest length.
        max: usize,
    },
    /// A task was handed on too often.
    #[error("a task can be handed on by at most {max} agents, but was by {seen}")]
    Delegations {
        /// How often it was.
        seen: usize,
        /// How often it may be.
        max: usize,
    },
    /// A fact cannot be used by policy.
    #[error("the fact `{name}` is refused: {problem}")]
    Fact {
        /// The fact's name.
        name: String,
        /// Why it is refused.
        problem: &'static str,
    },
    /// A part of the action was not given.
    #[error("the action has no {part}")]
    Missing {
        /// Which part.
        part: &'static str,
    },
    /// A number that JSON of the strict profile does not hold.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// JSON outside the strict profile.
    #[error(transparent)]
    Json(#[from] ScanError),
}

impl InputError {
    pub(crate) fn name(what: &'static str, form: &'static str, max: usize, seen: &str) -> Self {
        Self::Name { what, form, max, seen: cut(seen, 64) }
    }

    pub(crate) fn digest(what: &'static str, seen: &str) -> Self {
        Self::Digest { what, seen: cut(seen, 80) }
    }
}

pub(crate) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// Why the gate issued no pass. Exhaustive on purpose: an outcome that is added must break the caller's build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The policy said no. Do something else; the same call will be denied again.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The policy said "not without a human".
    #[error(transparent)]
    ApprovalRequired(Box<ApprovalRequest>),
    /// A part of the gate failed. Nothing was released; stop, and have the part repaired.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl Refusal {
    /// `denied`, `approval_required` or `unavailable`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::ApprovalRequired(_) => "approval_required",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The refusal as JSON, as the command line prints it.
    pub fn to_json(&self) -> Object {
        let object = Object::new().with("decision", self.code()).with("message", self.to_string());
        match self {
            Self::Denied(denied) => object
                .with("ledger_hash", denied.ledger_hash.to_string())
                .with("payload_hash", denied.payload_hash.to_string())
                .with("policy", denied.policy.as_str())
                .with("policy_version", denied.policy_version.to_string())
                .with("reasons", reasons_to_json(&denied.reasons)),
            Self::ApprovalRequired(request) => object
                .with("approvers", request.approvers.clone())
                .with("ledger_hash", request.ledger_hash.to_string())
                .with("payload_hash", request.payload_hash.to_string())
                .with("policy", request.policy.as_str())
                .with("policy_version", request.policy_version.to_string())
                .with("reasons", reasons_to_json(&request.reasons)),
            Self::Unavailable(unavailable) => object.with("part", unavailable.part.as_str()),
        }
    }
}

fn reasons_to_json(reasons: &[Reason]) -> Vec<Object> {
    reasons.iter().map(Reason::to_json).collect()
}

/// A decision against the action, with every reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    reasons: Vec<Reason>,
    policy: String,
    policy_version: PolicyVersion,
    payload_hash: PayloadHash,
    ledger_hash: LedgerHash,
}

impl Denied {
    pub(crate) fn new(action: &Action, evaluation: Evaluation, ledger_hash: LedgerHash) -> Self {
        Self {
            policy: evaluation.label(),
            policy_version: evaluation.policy_version(),
            payload_hash: action.payload().hash(),
            ledger_hash,
            reasons: evaluation.into_reasons(),
        }
    }

    /// Every reason, the deciding ones first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The engines that decided, and how: `native:deny`.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The digest of the policy that was in force.
    pub fn policy_version(&self) -> PolicyVersion {
        self.policy_version
    }

    /// The hash of the payload that was refused.
    pub fn payload_hash(&self) -> PayloadHash {
        self.payload_hash
    }

    /// The ledger line in which the decision stands.
    pub fn ledger_hash(&self) -> LedgerHash {
        self.ledger_hash
    }
}

impl std::error::Error for Denied {}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("denied")?;
        write_reasons(f, &self.reasons)
    }
}

fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &[Reason]) -> fmt::Result {
    for (at, reason) in reasons.iter().enumerate() {
        write!(f, "{}{reason}", if at == 0 { " by " } else { "; " })?;
    }
    Ok(())
}

/// What a human is asked to approve: exactly one call, by the hash of its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequest {
    agent_id: AgentId,
    human_owner: Principal,
    tool: ToolName,
    resource: Resource,
    reasons: Vec<Reason>,
    approvers: Vec<String>,
    policy: String,
    policy_version: PolicyVersion,
    payload_hash: PayloadHash,
    ledger_hash: LedgerHash,
}

impl ApprovalRequest {
    pub(crate) fn new(action: &Action, evaluation: Evaluation, ledger_hash: LedgerHash) -> Self {
        Self {
            agent_id: action.actor().agent_id().clone(),
            human_owner: action.actor().human_owner().clone(),
            tool: action.tool().clone(),
            resource: action.resource().clone(),
            approvers: evaluation.approvers().to_vec(),
            policy: evaluation.label(),
            policy_version: evaluation.policy_version(),
            payload_hash: action.payload().hash(),
            ledger_hash,
            reasons: evaluation.into_reasons(),
        }
    }

    /// The agent that wants to act.
    pub fn agent_id(&self) -> &AgentId {
        &self.agent_id
    }

    /// The human who owns its task.
    pub fn human_owner(&self) -> &Principal {
        &self.human_owner
    }

    /// The capability it wants to use.
    pub fn tool(&self) -> &ToolName {
        &self.tool
    }

    /// What it wants to touch.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Why a human is asked.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Who may approve, as the policy names them; empty if the policy names nobody in particular.
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// The engines that decided, and how: `native:step_up`.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The digest of the policy that was in force.
    pub fn policy_version(&self) -> PolicyVersion {
        self.policy_version
    }

    /// The payload that an approval would be for, and no other.
    pub fn payload_hash(&self) -> PayloadHash {
        self.payload_hash
    }

    /// The ledger line in which the request stands.
    pub fn ledger_hash(&self) -> LedgerHash {
        self.ledger_hash
    }
}

impl std::error::Error for ApprovalRequest {}

impl fmt::Display for ApprovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("approval required")?;
        if !self.approvers.is_empty() {
            write!(f, " from {}", self.approvers.join(", "))?;
        }
        write_reasons(f, &self.reasons)
    }
}

/// A part of the gate that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unavailable, the {} failed: {message}", part.as_str())]
pub struct Unavailable {
    part: Part,
    message: String,
}

impl Unavailable {
    pub(crate) fn new(part: Part, cause: impl fmt::Display) -> Self {
        Self { part, message: cause.to_string() }
    }

    /// Which part failed.
    pub fn part(&self) -> Part {
        self.part
    }

    /// How it failed, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// The parts of the gate that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A policy engine as a whole; a single policy that errs on an action denies it.
    Policy,
    /// The ledger could not keep the record.
    Ledger,
    /// The signing key could not be used.
    Signer,
    /// The time is not known.
    Clock,
    /// The operating system gave no random bytes.
    Randomness,
}

impl Part {
    /// The part's stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Ledger => "ledger",
            Self::Signer => "signer",
            Self::Clock => "clock",
            Self::Randomness => "randomness",
        }
    }
}
