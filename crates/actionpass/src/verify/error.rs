//! Why a pass is not accepted: one variant for each check, in the order in which they are made.

use std::time::Duration;

use crate::{
    clock::{ClockError, Timestamp},
    constraint::{ConstraintError, Violation},
    error::cut,
    hash::PayloadHash,
    key::Algorithm,
    name::{Audience, Issuer, Resource, ToolName},
    pass::{ClaimsProblem, HeaderProblem, PassId, TokenProblem},
    ports::{Revocation, StoreError},
};

/// Why a pass is not accepted. Messages hold nothing of the token's signature.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The verifier does not know the time.
    #[error("{0}")]
    ClockUnavailable(ClockError),
    /// The token is larger than 16 KiB; nothing in it was looked at.
    #[error("the token is larger than 16384 bytes")]
    TooLarge,
    /// The token does not have three segments.
    #[error("the token is not a compact JWS: three segments joined by dots")]
    NotCompactJws,
    /// A segment is not the one base64url spelling of its bytes.
    #[error("the token's {segment} is not canonical base64url of the expected length")]
    BadEncoding {
        /// Which segment.
        segment: &'static str,
    },
    /// The header is not exactly a pass's header.
    #[error("the token's header is not a pass's: {problem}")]
    BadHeader {
        /// What is wrong with it.
        problem: String,
    },
    /// No trusted key has this id.
    #[error("no trusted key has the id {kid:?}; add the issuer's public key to the key set")]
    UnknownKey {
        /// The id, cut to 64 characters.
        kid: String,
    },
    /// The header names another algorithm than the key's record.
    #[error("the token names the algorithm {seen:?}; this key signs with `{expected}`")]
    AlgMismatch {
        /// The algorithm of the key's record.
        expected: &'static str,
        /// The algorithm of the header, cut to 32 characters.
        seen: String,
    },
    /// The key is not trusted yet.
    #[error("the key that signed the pass is not valid yet")]
    KeyNotYetValid,
    /// The key is trusted no more.
    #[error("the key that signed the pass has retired")]
    KeyRetired,
    /// The key was revoked.
    #[error("the key that signed the pass was revoked")]
    KeyRevoked,
    /// The signature is not this key's strict Ed25519 signature.
    #[error("the signature does not fit the pass")]
    BadSignature,
    /// The claims are not a pass's.
    #[error("the pass's claims are not in form: {problem}")]
    BadClaims {
        /// What is wrong with them.
        problem: String,
    },
    /// The key is trusted for another issuer.
    #[error("the pass is from `{seen}`; its key is trusted for `{expected}`")]
    Issuer {
        /// The issuer that the key is trusted for.
        expected: Issuer,
        /// The issuer in the pass.
        seen: Issuer,
    },
    /// The pass is not good yet.
    #[error("the pass is good from {not_before}, and it is {now}")]
    NotYetValid {
        /// The first moment at which it is good.
        not_before: Timestamp,
        /// The time at which it was checked.
        now: Timestamp,
    },
    /// The pass is good no more.
    #[error("the pass expired at {expires_at}, and it is {now}; ask the gate for a new one")]
    Expired {
        /// The first moment at which it was good no more.
        expires_at: Timestamp,
        /// The time at which it was checked.
        now: Timestamp,
    },
    /// The pass lives longer than this verifier accepts, or ends before it starts.
    #[error("the pass lives for {} s; this verifier accepts 1 to {} s", lifetime.as_secs(), max.as_secs())]
    Lifetime {
        /// From its issue to its expiry.
        lifetime: Duration,
        /// The longest that is accepted.
        max: Duration,
    },
    /// The pass is for another executor.
    #[error("the pass is for `{seen}`; this executor is `{expected}`")]
    Audience {
        /// This executor.
        expected: Audience,
        /// The executor in the pass.
        seen: Audience,
    },
    /// The pass is for another tool.
    #[error("the pass is for the tool `{allowed}`, not for `{seen}`")]
    Tool {
        /// The tool in the pass.
        allowed: ToolName,
        /// The tool about to be used.
        seen: ToolName,
    },
    /// The pass is for another resource.
    #[error("the pass is for the resource `{allowed}`, not for `{seen}`")]
    Resource {
        /// The resource in the pass.
        allowed: Resource,
        /// The resource about to be touched.
        seen: Resource,
    },
    /// The pass is for another payload.
    #[error("the pass is for the payload {allowed}, and this one is {seen}")]
    Payload {
        /// The hash in the pass.
        allowed: PayloadHash,
        /// The hash of the payload about to be sent.
        seen: PayloadHash,
    },
    /// A constraint of the pass has no meaning here.
    #[error("a constraint of the pass cannot be checked: {0}")]
    ConstraintUnreadable(Box<ConstraintError>),
    /// The facts do not meet a constraint of the pass.
    #[error("the pass does not allow this: {0}")]
    Constraint(Violation),
    /// The pass is bound to a key, and nothing shows that its user holds the key.
    #[error("the pass is bound to its holder's key; send a proof of possession with it")]
    HolderProofMissing,
    /// The proof of possession does not hold.
    #[error("the proof of possession is refused: {problem}")]
    HolderProof {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The pass was revoked.
    #[error("revoked: {0}")]
    Revoked(Box<Revocation>),
    /// The pass was used before.
    #[error("the pass `{id}` was used before; ask the gate for a new one")]
    AlreadyConsumed {
        /// The pass.
        id: PassId,
    },
    /// It is not certain that the pass was not used before.
    #[error("it is not certain that the pass was not used before: {0}")]
    StoreUnavailable(StoreError),
}

impl VerifyError {
    /// A stable name for this refusal, as `docs/formats/pass.md` lists them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ClockUnavailable(_) => "clock_unavailable",
            Self::TooLarge => "token_too_large",
            Self::NotCompactJws => "not_compact_jws",
            Self::BadEncoding { .. } => "bad_encoding",
            Self::BadHeader { .. } => "bad_header",
            Self::UnknownKey { .. } => "unknown_key",
            Self::AlgMismatch { .. } => "alg_mismatch",
            Self::KeyNotYetValid => "key_not_yet_valid",
            Self::KeyRetired => "key_retired",
            Self::KeyRevoked => "key_revoked",
            Self::BadSignature => "bad_signature",
            Self::BadClaims { .. } => "bad_claims",
            Self::Issuer { .. } => "issuer_mismatch",
            Self::NotYetValid { .. } => "pass_not_yet_valid",
            Self::Expired { .. } => "pass_expired",
            Self::Lifetime { .. } => "lifetime_refused",
            Self::Audience { .. } => "audience_mismatch",
            Self::Tool { .. } => "tool_mismatch",
            Self::Resource { .. } => "resource_mismatch",
            Self::Payload { .. } => "payload_mismatch",
            Self::ConstraintUnreadable(_) => "constraint_unreadable",
            Self::Constraint(_) => "constraint_violated",
            Self::HolderProofMissing => "holder_proof_missing",
            Self::HolderProof { .. } => "holder_proof_refused",
            Self::Revoked(_) => "revoked",
            Self::AlreadyConsumed { .. } => "already_consumed",
            Self::StoreUnavailable(_) => "store_unavailable",
        }
    }

    pub(super) fn unknown_key(kid: &str) -> Self {
        Self::UnknownKey { kid: cut(kid, 64) }
    }

    pub(super) fn alg_mismatch(expected: Algorithm, seen: &str) -> Self {
        Self::AlgMismatch { expected: expected.as_str(), seen: cut(seen, 32) }
    }
}

impl From<TokenProblem> for VerifyError {
    fn from(problem: TokenProblem) -> Self {
        match problem {
            TokenProblem::TooLarge => Self::TooLarge,
            TokenProblem::NotCompact => Self::NotCompactJws,
            TokenProblem::Encoding(segment) => Self::BadEncoding { segment },
        }
    }
}

impl From<HeaderProblem> for VerifyError {
    fn from(HeaderProblem(problem): HeaderProblem) -> Self {
        Self::BadHeader { problem }
    }
}

impl From<ClaimsProblem> for VerifyError {
    fn from(ClaimsProblem { claim, problem }: ClaimsProblem) -> Self {
        Self::BadClaims { problem: format!("`{claim}` {problem}") }
    }
}
