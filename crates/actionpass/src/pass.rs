//! The pass: a compact JWS that fits one call, and the form of it that humans read.

mod claims;
mod id;
mod jws;
mod view;

use std::fmt;

pub use self::{claims::Claims, id::PassId, view::PassView};
pub(crate) use self::{
    claims::ClaimsProblem,
    jws::{Header, HeaderProblem, MAX_TOKEN_BYTES, Token, TokenProblem},
};

/// A signed permission for one call, issued by the gate and not yet used.
///
/// Its token is a credential until it is used or expires: hand it to the executor, keep it out of logs. Only a
/// [`Guard`](crate::Guard) makes one, after the decision was recorded:
///
/// ```compile_fail,E0451
/// let pass = axtary_actionpass::ActionPass { token: String::new(), claims: todo!() };
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct ActionPass {
    token: String,
    claims: Claims,
}

impl ActionPass {
    pub(crate) fn new(token: String, claims: Claims) -> Self {
        Self { token, claims }
    }

    /// The compact JWS (RFC 7515) to send along with the call.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The pass's id.
    pub fn id(&self) -> &PassId {
        self.claims.id()
    }

    /// What the pass says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

/// Shows the claims without the token.
impl fmt::Debug for ActionPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionPass").field("claims", &self.claims).finish_non_exhaustive()
    }
}
