//! The executor: a pass and the exact payload go in; the call is made, once, or refused.

use axtary_actionpass::{
    Execution, Facts, Json, Object, Outcome, Payload, Resource, ToolName, VerifiedPass, Verifier,
    VerifyError,
};
use axtary_adapter_github::NormalizeError;

use crate::{
    answer::Answer,
    client::{Client, Method, refused},
    create::{self, Create},
    error::{ApiError, ExecuteError},
    report::Report,
};

/// Makes GitHub calls for agents that hold no credential: only with a pass that fits, and only as the pass says.
///
/// The order of what it does: the pass is checked, all but its constraints; the call is normalized anew from what GitHub has; the
/// branches are read once more; the pass is verified against the facts of this moment and used up; the request is sent, once.
#[derive(Debug)]
pub struct GitHubExecutor {
    client: Client,
    verifier: Verifier,
}

impl GitHubExecutor {
    /// An executor that acts through `client` on the passes that `verifier` accepts.
    ///
    /// The verifier needs the [vocabulary](axtary_adapter_github::vocabulary) of GitHub: without it, it refuses passes that carry
    /// constraints.
    pub fn new(client: Client, verifier: Verifier) -> Self {
        Self { client, verifier }
    }

    /// Makes the call that `token` is a pass for.
    ///
    /// # Errors
    ///
    /// [`ExecuteError`] if nothing was sent. Once the pass is used up there is a [`Report`], whatever became of the call.
    pub fn execute(
        &self,
        tool: &ToolName,
        payload: &Payload,
        token: &str,
    ) -> Result<Report, ExecuteError> {
        if tool.as_str() != create::TOOL {
            let tool = tool.to_string();
            return Err(ExecuteError::UnknownTool { tool, known: create::TOOL });
        }
        let call = Create::read(payload)?;
        let resource = Resource::new(format!("repo:{}", call.repository));
        let resource = resource.map_err(NormalizeError::from)?;
        let unknown = Facts::default();
        self.refuse_strangers(
            token,
            &Execution { tool, resource: &resource, payload, facts: &unknown },
        )?;

        let session = self.client.open(&call.repository, create::PERMISSIONS)?;
        let action = call.normalize(&session)?;
        if action.payload() != payload {
            let problem = "it has members that the adapter does not make".to_owned();
            return Err(ExecuteError::Payload { tool: create::TOOL, problem });
        }
        let (path, body) = (call.path(&session), call.body());
        session.ready()?;
        call.refuse_if_moved(&session)?;
        let facts = action.facts();
        let pass = self
            .verifier
            .verify(token, &Execution { tool, resource: &resource, payload, facts })?;
        let sent = session.send_once(Method::Post, &path, &body);
        Ok(report(&pass, sent, |answer| call.observe(answer)))
    }

    /// Makes every check of the pass that needs no facts, so that nothing is asked of GitHub for somebody who has no pass.
    fn refuse_strangers(&self, token: &str, execution: &Execution<'_>) -> Result<(), VerifyError> {
        match self.verifier.check_without_consuming(token, execution) {
            // Constraints are checked behind all that the token alone can fail in; the facts come later.
            Ok(_) | Err(VerifyError::Constraint(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What became of a request that was sent, or of which at least a part was.
fn report(
    pass: &VerifiedPass,
    sent: Result<Answer, ApiError>,
    observe: impl FnOnce(&Answer) -> Result<(Object, Result<(), ApiError>), ApiError>,
) -> Report {
    let (outcome, observed, error) = match sent {
        Ok(answer) => {
            let status = Object::new().with("status", u32::from(answer.status));
            let seen = match answer.header("etag") {
                Some(etag) => status.with("etag", printable(etag)),
                None => status,
            };
            match answer.status {
                200..300 => match observe(&answer) {
                    Ok((observed, same)) => {
                        let seen = observed
                            .into_iter()
                            .fold(seen, |seen, (name, value)| seen.with(name, value));
                        (Outcome::Executed, seen, same.err())
                    }
                    // Whoever answers so may not be GitHub.
                    Err(error) => (Outcome::Unknown, seen, Some(error)),
                },
                // What a gateway says, it says of itself.
                500.. => (Outcome::Unknown, seen, Some(refused(&answer))),
                _ => (Outcome::Failed, seen, Some(refused(&answer))),
            }
        }
        Err(error @ ApiError::NotSent { .. }) => (Outcome::Failed, Object::new(), Some(error)),
        Err(error) => (Outcome::Unknown, Object::new(), Some(error)),
    };
    let observed = match &error {
        Some(error) => observed.with("error", Json::from(error.code())),
        None => observed,
    };
    Report { claims: pass.claims().clone(), outcome, observed, error }
}

fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(200).collect()
}
