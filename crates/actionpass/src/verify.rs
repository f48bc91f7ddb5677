//! Verifying: a token and the call about to be executed go in; a [`VerifiedPass`] comes out, once, or the one check that
//! refused it.

mod error;

use std::{collections::HashMap, fmt, sync::Mutex, time::Duration};

pub use self::error::VerifyError;
use crate::{
    action::{Facts, Payload},
    clock::{Clock, SystemClock, Timestamp},
    constraint::{ConstraintError, Constraints, Vocabulary},
    holder,
    json::{Json, Object},
    key::{KeyError, KeySet, Standing, TrustedKey},
    name::{Audience, Resource, ToolName},
    pass::{Claims, Header, MAX_TOKEN_BYTES, Token},
    ports::{Consumption, ConsumptionStore, PassUse, StoreError},
};

/// The call about to be executed, as the executor itself sees it.
#[derive(Clone, Copy, Debug)]
pub struct Execution<'a> {
    /// The capability that is used.
    pub tool: &'a ToolName,
    /// What is touched.
    pub resource: &'a Resource,
    /// What will be sent: [`Payload::canonical`] of this, and no other bytes.
    pub payload: &'a Payload,
    /// What holds at this moment, derived anew.
    pub facts: &'a Facts,
}

/// Checks passes for one executor.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Execution, Guard, KeySet, MemoryStore, SigningKey, Verifier, VerifyError, testing};
///
/// let key = SigningKey::generate()?;
/// let keys = KeySet::new().trust("https://gate.example".parse()?, key.verifying_key())?;
/// let guard =
///     Guard::new(testing::permit_if(|action| action.tool().as_str() == "a.b"), testing::MemoryLedger::new(), key, "https://gate.example".parse()?)?;
/// let verifier = Verifier::new(keys, "executor".parse()?, MemoryStore::default())?;
///
/// let action = testing::action("a.b")?;
/// let token = guard.check(&action)?.token().to_owned();
///
/// // At the executor:
/// let execution =
///     Execution { tool: action.tool(), resource: action.resource(), payload: action.payload(), facts: action.facts() };
/// let verified = verifier.verify(&token, &execution)?;
/// assert_eq!(verified.claims().actor().agent_id().as_str(), "agent");
/// assert!(matches!(verifier.verify(&token, &execution), Err(VerifyError::AlreadyConsumed { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verifier {
    keys: KeySet,
    // The header segment of each trusted key's passes, so that a known header needs no parsing.
    headers: HashMap<String, String>,
    audience: Audience,
    store: Box<dyn ConsumptionStore>,
    clock: Box<dyn Clock>,
    vocabulary: Vocabulary,
    skew: Duration,
    max_lifetime: Duration,
    compiled: Mutex<HashMap<Vec<u8>, Constraints>>,
}

/// A pass whose every check has succeeded, and which is used up. Only a [`Verifier`] makes one:
///
/// ```compile_fail,E0451
/// let verified = axtary_actionpass::VerifiedPass { claims: todo!() };
/// ```
///
/// An executor that takes it as an argument cannot be called without a verification.
#[derive(Debug, PartialEq)]
#[must_use]
pub struct VerifiedPass {
    claims: Claims,
}

impl VerifiedPass {
    /// What the pass says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

/// How many different sets of constraints are kept compiled.
const MAX_COMPILED: usize = 256;

impl Verifier {
    /// The difference between this clock and the issuer's that is borne, unless [`Verifier::with_skew`] says otherwise.
    pub const DEFAULT_SKEW: Duration = Duration::from_secs(30);
    /// The largest difference that may be borne.
    pub const MAX_SKEW: Duration = Duration::from_secs(300);
    /// The longest life of a pass that is accepted, unless [`Verifier::with_max_lifetime`] says less.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(3600);

    /// A verifier for the passes that `keys` signed for `audience`, which uses each once through `store`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Empty`] if no key is trusted: such a verifier is a mistake, not a policy.
    pub fn new(
        keys: KeySet,
        audience: Audience,
        store: impl ConsumptionStore + 'static,
    ) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(KeyError::Empty);
        }
        let headers = keys
            .iter()
            .map(|(kid, trusted)| {
                (Header::segment(trusted.algorithm, kid), kid.as_str().to_owned())
            })
            .collect();
        Ok(Self {
            keys,
            headers,
            audience,
            store: Box::new(store),
            clock: Box::new(SystemClock),
            vocabulary: Vocabulary::new(),
            skew: Self::DEFAULT_SKEW,
            max_lifetime: Self::MAX_LIFETIME,
            compiled: Mutex::default(),
        })
    }

    /// Gives the constraints' names their meaning. Without it, a pass that carries constraints is refused.
    #[must_use]
    pub fn with_vocabulary(mut self, vocabulary: Vocabulary) -> Self {
        self.vocabulary = vocabulary;
        self
    }

    /// Reads the time from another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Bears this difference between the clocks, at most [`Verifier::MAX_SKEW`].
    #[must_use]
    pub fn with_skew(mut self, skew: Duration) -> Self {
        self.skew = skew.min(Self::MAX_SKEW);
        self
    }

    /// Refuses passes that live longer than this, whatever their issuer says; at most [`Verifier::MAX_LIFETIME`].
    #[must_use]
    pub fn with_max_lifetime(mut self, max: Duration) -> Self {
        self.max_lifetime = max.min(Self::MAX_LIFETIME);
        self
    }

    /// Verifies `token` for the call about to be executed, and uses it up.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], one variant for each check, in the order of the checks; nothing behind a failed check runs. The
    /// pass is used up only if every other check succeeded.
    pub fn verify(
        &self,
        token: &str,
        execution: &Execution<'_>,
    ) -> Result<VerifiedPass, VerifyError> {
        self.verify_and_consume(token, None, execution)
    }

    /// Verifies like [`Verifier::verify`] a pass that is bound to its holder's key, with the proof that
    /// [`SigningKey::prove_possession`](crate::SigningKey::prove_possession) made. A pass that is not bound is accepted too.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub fn verify_held(
        &self,
        token: &str,
        proof: &str,
        execution: &Execution<'_>,
    ) -> Result<VerifiedPass, VerifyError> {
        self.verify_and_consume(token, Some(proof), execution)
    }

    fn verify_and_consume(
        &self,
        token: &str,
        proof: Option<&str>,
        execution: &Execution<'_>,
    ) -> Result<VerifiedPass, VerifyError> {
        let now = self.now()?;
        let checked = self.check(token, execution, now)?;
        self.check_holder(&checked.claims, proof, now)?;
        // Single use, last of all: a pass that does not fit is not burnt.
        admit(self.store.consume(&self.pass_use(&checked, now)), &checked.claims)?;
        Ok(VerifiedPass { claims: checked.claims })
    }

    /// Makes every check of [`Verifier::verify`], the holder's proof excepted, and leaves the pass unused: for looking at a
    /// pass, never for acting on it. So it yields no [`VerifiedPass`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub fn check_without_consuming(
        &self,
        token: &str,
        execution: &Execution<'_>,
    ) -> Result<Claims, VerifyError> {
        let now = self.now()?;
        let checked = self.check(token, execution, now)?;
        admit(self.store.look(&self.pass_use(&checked, now)), &checked.claims)?;
        Ok(checked.claims)
    }

    /// The checks that look at the token and the call alone, in order. Each is one function below.
    fn check(
        &self,
        token: &str,
        execution: &Execution<'_>,
        now: Timestamp,
    ) -> Result<Checked<'_>, VerifyError> {
        let token = Token::split(token)?;
        let key = self.trusted_key(&token, now)?;
        if !key.key.verifies(token.signed.as_bytes(), &token.signature) {
            return Err(VerifyError::BadSignature);
        }
        let claims = read_claims(&token)?;
        check_issuer(&claims, key)?;
        self.check_times(&claims, now)?;
        self.check_audience(&claims)?;
        check_call(&claims, execution)?;
        self.check_constraints(&claims, execution.facts)?;
        Ok(Checked { claims, key })
    }

    /// The trusted key that the header names, under the algorithm that the key's record gives it.
    fn trusted_key(&self, token: &Token<'_>, now: Timestamp) -> Result<&TrustedKey, VerifyError> {
        let key = match self.headers.get(token.header).and_then(|kid| self.keys.get(kid)) {
            Some(key) => key,
            None => {
                let header = Header::read(&Token::decode(token.header, "header")?)?;
                let key = self
                    .keys
                    .get(&header.kid)
                    .ok_or_else(|| VerifyError::unknown_key(&header.kid))?;
                if header.alg != key.algorithm.as_str() {
                    return Err(VerifyError::alg_mismatch(key.algorithm, &header.alg));
                }
                key
            }
        };
        match key.standing(now) {
            Standing::Valid => Ok(key),
            Standing::NotYet => Err(VerifyError::KeyNotYetValid),
            Standing::Retired => Err(VerifyError::KeyRetired),
            Standing::Revoked => Err(VerifyError::KeyRevoked),
        }
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), VerifyError> {
        let latest = now.later(self.skew);
        if claims.not_before > latest || claims.issued_at > latest {
            return Err(VerifyError::NotYetValid {
                not_before: claims.not_before.max(claims.issued_at),
                now,
            });
        }
        if now >= claims.expires_at.later(self.skew) {
            return Err(VerifyError::Expired { expires_at: claims.expires_at, now });
        }
        let starts = claims.issued_at.min(claims.not_before);
        if claims.expires_at <= claims.issued_at.max(claims.not_before)
            || claims.expires_at.since(starts) > self.max_lifetime
        {
            return Err(VerifyError::Lifetime {
                lifetime: claims.expires_at.since(starts),
                max: self.max_lifetime,
            });
        }
        Ok(())
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), VerifyError> {
        if claims.audience == self.audience {
            Ok(())
        } else {
            Err(VerifyError::Audience {
                expected: self.audience.clone(),
                seen: claims.audience.clone(),
            })
        }
    }

    fn check_constraints(&self, claims: &Claims, facts: &Facts) -> Result<(), VerifyError> {
        if claims.constraints.is_empty() {
            return Ok(());
        }
        let constraints = self
            .constraints(&claims.constraints)
            .map_err(|error| VerifyError::ConstraintUnreadable(Box::new(error)))?;
        constraints.check(facts).map_err(VerifyError::Constraint)
    }

    /// Constraints with their patterns compiled; kept, since the same few rules lead to most passes.
    fn constraints(&self, written: &Object) -> Result<Constraints, ConstraintError> {
        let mut text = Vec::with_capacity(256);
        written.write_canonical(&mut text);
        // A poisoned lock only means that another thread stopped while it looked; compiling anew is always right.
        if let Ok(compiled) = self.compiled.lock()
            && let Some(known) = compiled.get(&text)
        {
            return Ok(known.clone());
        }
        let read = self.vocabulary.read(written)?;
        if let Ok(mut compiled) = self.compiled.lock() {
            if compiled.len() >= MAX_COMPILED {
                compiled.clear();
            }
            compiled.insert(text, read.clone());
        }
        Ok(read)
    }

    /// A pass that is bound to a key needs a proof of that key, made within the skew of now.
    fn check_holder(
        &self,
        claims: &Claims,
        proof: Option<&str>,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let Some(holder) = claims.bindings.holder() else { return Ok(()) };
        let proof = proof.ok_or(VerifyError::HolderProofMissing)?;
        let window = self.skew.max(holder::MIN_WINDOW);
        holder::check(proof, holder, claims, now.earlier(window), now.later(window))
            .map_err(|problem| VerifyError::HolderProof { problem })
    }

    fn pass_use<'a>(&self, checked: &'a Checked<'_>, now: Timestamp) -> PassUse<'a> {
        let claims = &checked.claims;
        PassUse {
            id: &claims.id,
            key: checked.key.key.id(),
            agent: claims.actor.agent_id(),
            issued_at: claims.issued_at,
            keep_until: claims.expires_at.later(self.skew),
            now,
        }
    }

    fn now(&self) -> Result<Timestamp, VerifyError> {
        self.clock.now().map_err(VerifyError::ClockUnavailable)
    }
}

/// Claims that fit the call, and the key that vouches for them.
struct Checked<'a> {
    claims: Claims,
    key: &'a TrustedKey,
}

/// Lets a first use through.
fn admit(answer: Result<Consumption, StoreError>, claims: &Claims) -> Result<(), VerifyError> {
    match answer {
        Ok(Consumption::First) => Ok(()),
        Ok(Consumption::Already) => Err(VerifyError::AlreadyConsumed { id: claims.id }),
        Ok(Consumption::Revoked(revocation)) => Err(VerifyError::Revoked(Box::new(revocation))),
        Err(error) => Err(VerifyError::StoreUnavailable(error)),
    }
}

fn read_claims(token: &Token<'_>) -> Result<Claims, VerifyError> {
    let json = Json::parse_bounded(&token.claims, MAX_TOKEN_BYTES)
        .map_err(|error| VerifyError::BadClaims { problem: error.to_string() })?;
    Ok(Claims::read(json)?)
}

/// A key counts only for the issuer that it is trusted for.
fn check_issuer(claims: &Claims, key: &TrustedKey) -> Result<(), VerifyError> {
    if claims.issuer == key.issuer {
        Ok(())
    } else {
        Err(VerifyError::Issuer { expected: key.issuer.clone(), seen: claims.issuer.clone() })
    }
}

/// The pass fits this call and no other.
fn check_call(claims: &Claims, execution: &Execution<'_>) -> Result<(), VerifyError> {
    if claims.tool != *execution.tool {
        return Err(VerifyError::Tool {
            allowed: claims.tool.clone(),
            seen: execution.tool.clone(),
        });
    }
    if claims.resource != *execution.resource {
        return Err(VerifyError::Resource {
            allowed: claims.resource.clone(),
            seen: execution.resource.clone(),
        });
    }
    if claims.payload_hash != execution.payload.hash() {
        return Err(VerifyError::Payload {
            allowed: claims.payload_hash,
            seen: execution.payload.hash(),
        });
    }
    Ok(())
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("audience", &self.audience)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
