//! The executor: a pass and the exact payload go in; the call is made, once, or refused.

use std::collections::BTreeSet;

use axtary_actionpass::{
    Action, Actor, Execution, Facts, InputError, Intent, Json, Object, Outcome, Payload, Resource,
    ToolName, VerifiedPass, Verifier, VerifyError,
};
use axtary_adapter_github::{Caller, Needed, NormalizeError, Production, normalize_request};

use crate::{
    answer::Answer,
    call::Call,
    client::{Client, Method, refused},
    error::{ApiError, ExecuteError},
    evidence::Reader,
    permissions,
    report::Report,
    session::Session,
};

/// The most things that are read for one call.
const MAX_READS: usize = 32;

/// Makes GitHub calls for agents that hold no credential: only with a pass that fits, and only as the pass says.
///
/// The order of what it does: the pass is checked, all but its constraints; the call is normalized anew from what GitHub has; the
/// branches are read once more; the pass is verified against the facts of this moment and used up; the request is sent, once.
#[derive(Debug)]
pub struct GitHubExecutor {
    client: Client,
    verifier: Verifier,
    check_apps: BTreeSet<u64>,
    production: Option<Production>,
}

impl GitHubExecutor {
    /// An executor that acts through `client` on the passes that `verifier` accepts.
    ///
    /// The verifier needs the [vocabulary](axtary_adapter_github::vocabulary) of GitHub: without it, it refuses passes that carry
    /// constraints.
    pub fn new(client: Client, verifier: Verifier) -> Self {
        Self { client, verifier, check_apps: BTreeSet::new(), production: None }
    }

    /// Names the apps whose checks count as tests, by id; GitHub Actions is 15368. Without it, no tests passed.
    #[must_use]
    pub fn with_check_apps(mut self, apps: impl IntoIterator<Item = u64>) -> Self {
        self.check_apps = apps.into_iter().collect();
        self
    }

    /// Judges what reaches production by another list than the standard one: that of the gate.
    #[must_use]
    pub fn judged_by(mut self, production: Production) -> Self {
        self.production = Some(production);
        self
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
        self.run(tool, payload, |execution| self.verifier.verify(token, execution), token)
    }

    /// Makes a call as [`GitHubExecutor::execute`] does, on a pass that is bound to its holder's key, with the proof of possession.
    ///
    /// # Errors
    ///
    /// As [`GitHubExecutor::execute`].
    pub fn execute_held(
        &self,
        tool: &ToolName,
        payload: &Payload,
        token: &str,
        proof: &str,
    ) -> Result<Report, ExecuteError> {
        let verify = |execution: &Execution<'_>| self.verifier.verify_held(token, proof, execution);
        self.run(tool, payload, verify, token)
    }

    fn run(
        &self,
        tool: &ToolName,
        payload: &Payload,
        verify: impl FnOnce(&Execution<'_>) -> Result<VerifiedPass, VerifyError>,
        token: &str,
    ) -> Result<Report, ExecuteError> {
        let permissions = permissions::of(tool)?;
        let call = Call::read(payload)?;
        let resource = Resource::new(format!("repo:{}", call.repository));
        let resource = resource.map_err(NormalizeError::from)?;
        let unknown = Facts::default();
        let execution = Execution { tool, resource: &resource, payload, facts: &unknown };
        self.refuse_strangers(token, &execution)?;

        let session = self.client.open(&call.repository, permissions)?;
        let mut reader = Reader::new(&session, &self.check_apps, self.production.as_ref());
        let action = normalize_anew(&call, &mut reader)?;
        call.refuse_other_payload(payload, action.payload())?;
        session.ready()?;
        reader.refuse_if_moved()?;
        // Of the action, not of the caller: whether the pass is for this tool and this resource is what the facts are of.
        let execution = Execution {
            tool: action.tool(),
            resource: action.resource(),
            payload,
            facts: action.facts(),
        };
        let pass = verify(&execution)?;
        Ok(send(&call, &session, &pass))
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

/// Normalizes a call from what GitHub holds at this moment.
fn normalize_anew(call: &Call, reader: &mut Reader<'_>) -> Result<Action, ExecuteError> {
    // Neither the facts nor the payload depend on who asks, and the pass says that by itself.
    let nobody = || -> Result<Caller, InputError> {
        Ok(Caller {
            actor: Actor::new("executor".parse()?, "executor".parse()?),
            intent: Intent::new("")?,
            audience: "executor".parse()?,
        })
    };
    let nobody = nobody().map_err(NormalizeError::from)?;
    for _ in 0..MAX_READS {
        match normalize_request(&call.request(), &reader.evidence(), &nobody) {
            Ok(mut actions) => {
                let action = actions.pop().filter(|_| actions.is_empty());
                let problem = "it comes to several actions".to_owned();
                return action.ok_or(ExecuteError::Payload { problem });
            }
            Err(NormalizeError::Evidence { needed }) => {
                // Before a change set is read that nobody asked about.
                if let Needed::Changes { base, head, .. } = &*needed {
                    call.refuse_other("head_sha", head.as_str())?;
                    call.refuse_other("base_sha", base.as_str())?;
                }
                reader.read(&needed)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let what = format!("more than {MAX_READS} things");
    Err(ExecuteError::Unreadable { what })
}

/// Sends the request, once, and says what became of it.
fn send(call: &Call, session: &Session<'_>, pass: &VerifiedPass) -> Report {
    let report = |outcome, observed: Object, answer, error: Option<ApiError>| {
        let observed = match &error {
            Some(error) => observed.with("error", error.code()),
            None => observed,
        };
        Report { claims: pass.claims().clone(), outcome, observed, answer, error }
    };
    let answer = match call.method {
        // Reads are repeated, and whatever became of one, it had no effect.
        Method::Get => match session.get(&call.target) {
            Ok(answer) => answer,
            Err(error) => return report(Outcome::Failed, Object::new(), None, Some(error)),
        },
        method => match session.send_once(method, &call.target, &call.body) {
            Ok(answer) => answer,
            Err(error @ ApiError::NotSent { .. }) => {
                return report(Outcome::Failed, Object::new(), None, Some(error));
            }
            Err(error) => return report(Outcome::Unknown, Object::new(), None, Some(error)),
        },
    };
    let mut observed = Object::new().with("status", u32::from(answer.status));
    if let Some(etag) = answer.header("etag") {
        observed.insert("etag", printable(etag));
    }
    match answer.status {
        200..300 if answer.body.is_empty() => report(Outcome::Executed, observed, None, None),
        200..300 if call.method == Method::Get => match answer.json() {
            Ok(json) => report(Outcome::Executed, observed, Some(json), None),
            Err(error) => report(Outcome::Failed, observed, None, Some(error)),
        },
        200..300 => match answer.object() {
            Ok(object) => {
                observe(&object, &mut observed);
                let error = other_head(call, &answer, &object);
                report(Outcome::Executed, observed, Some(object.into()), error)
            }
            // Whoever answers so may not be GitHub.
            Err(error) => report(Outcome::Unknown, observed, None, Some(error)),
        },
        // What a gateway says, it says of itself.
        500.. => report(Outcome::Unknown, observed, None, Some(refused(&answer))),
        _ => report(Outcome::Failed, observed, None, Some(refused(&answer))),
    }
}

/// Keeps what names the thing that was made or changed.
fn observe(object: &Object, observed: &mut Object) {
    for name in ["html_url", "id", "merged", "number", "ref", "sha", "state"] {
        match object.get(name) {
            Some(Json::String(text)) => drop(observed.insert(name, printable(text))),
            Some(value @ (Json::Number(_) | Json::Bool(_))) => {
                observed.insert(name, value.clone());
            }
            Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => {}
        }
    }
    for (name, path) in [
        ("head_sha", ["head", "sha"]),
        ("base_sha", ["base", "sha"]),
        ("commit_sha", ["commit", "sha"]),
        ("object_sha", ["object", "sha"]),
    ] {
        if let Some(text) = nested(object, path) {
            observed.insert(name, printable(text));
        }
    }
}

/// What GitHub takes no commit id for may be done to a head that moved at the last moment. Its answer says so.
fn other_head(call: &Call, answer: &Answer, object: &Object) -> Option<ApiError> {
    let (checked, now) = (call.text("head_sha")?, nested(object, ["head", "sha"])?);
    (checked != now).then(|| {
        let now = printable(now);
        answer.form(format!("it is of the commit `{now}`, to which the head moved at the last moment; undo it, or have that commit checked"))
    })
}

fn nested<'o>(object: &'o Object, [outer, inner]: [&str; 2]) -> Option<&'o str> {
    object.get(outer)?.as_object()?.get(inner)?.as_str()
}

fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(200).collect()
}
