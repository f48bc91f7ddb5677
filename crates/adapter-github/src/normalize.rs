//! A call becomes actions: what policy decides on, and what a pass fits.

use axtary_actionpass::{
    Action, Actor, Audience, Facts, Intent, Json, Object, Payload, Resource, ToolName,
};

use crate::{
    call::PullRequest,
    change::ChangeSet,
    described::Described,
    error::NormalizeError,
    evidence::Evidence,
    facts, graphql,
    name::RepositoryName,
    request::{Request, RestRequest, refuse},
    route::{Matched, in_repository},
    tool::{CREATE_PULL_REQUEST, REPO, ROUTE, UNKNOWN},
};

/// Turns a pull request into an action: `github.pull_requests.create` on `repo:owner/name`.
///
/// The payload is the body of `POST /repos/{owner}/{repo}/pulls` with the repository, `head_sha` and `base_sha` beside it, so that a
/// pass is for exactly these commits.
///
/// # Errors
///
/// [`NormalizeError`] if the change set is of other branches than the call, or a text is longer than GitHub takes.
pub fn normalize(
    call: &PullRequest,
    changes: &ChangeSet,
    actor: Actor,
    intent: Intent,
    audience: Audience,
) -> Result<Action, NormalizeError> {
    let described = describe(call, changes)?;
    let payload = payload(call, changes);
    action(&described, repo(&call.repository)?, &payload, &Caller { actor, intent, audience })
}

/// Who makes a call, why, and the executor that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The agent, and the human who owns its task.
    pub actor: Actor,
    /// What the agent says it is doing.
    pub intent: Intent,
    /// The executor that passes are for.
    pub audience: Audience,
}

/// Turns a request of GitHub's API into actions, of which all must be permitted before it is sent: one for a REST request, and one
/// for each thing that a GraphQL document does.
///
/// One change is the same action in either form: the same tool and resource, and the same facts. A request that no tool is known
/// for is `github.unknown` on `route:METHOD/path`, which no rule about repositories names.
///
/// # The payload
///
/// `method`, `path` and, where there is one, `body` or `query`: what is sent. Beside them stands what the facts are true of:
/// `base_sha`, `head_sha`, `branch`, `branch_sha`. Where a document comes to several actions, `part` counts them, `[0, 2]`, so that
/// a pass for one of them is not a pass for another. A request that opens a pull request has the payload of [`normalize`].
///
/// # Errors
///
/// [`NormalizeError::Evidence`] says what must be read from GitHub first; any other says what is wrong with the request.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Actor, Intent};
/// use axtary_adapter_github::{Caller, Evidence, RestRequest, normalize_request};
///
/// let caller = Caller {
///     actor: Actor::new("codex-prod".parse()?, "alice@example.com".parse()?),
///     intent: Intent::new("ask for a review")?,
///     audience: "github-executor".parse()?,
/// };
/// let request = RestRequest {
///     method: "POST",
///     path: "/repos/company/web-app/issues/7/comments",
///     body: br#"{"body": "@bob please have a look"}"#,
///     ..RestRequest::default()
/// };
/// let actions = normalize_request(&request, &Evidence::new(), &caller)?;
/// assert_eq!(actions[0].tool().as_str(), "github.issues.comment");
/// assert_eq!(actions[0].facts().get("mentions"), Some(&vec!["bob"].into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn normalize_request(
    request: &RestRequest<'_>,
    evidence: &Evidence,
    caller: &Caller,
) -> Result<Vec<Action>, NormalizeError> {
    let request = Request::read(request)?;
    if request.segments == ["graphql"] {
        return of_document(&request, evidence, caller);
    }
    let one = match Matched::find(&request, evidence)? {
        Some(matched) => {
            let described = (matched.describe)(&matched)?;
            let sent = sent(&request, &matched.path);
            let payload = match &described.payload {
                Some(payload) => payload.clone(),
                None => bound(sent, &described).into(),
            };
            action(&described, repo(matched.repository())?, &payload, caller)?
        }
        None => {
            let path = unknown_path(&request)?;
            let described = unknown(request.method.as_str(), &format!("{} {path}", request.method));
            let resource = Resource::new(format!("{ROUTE}:{}{path}", request.method))?;
            action(&described, resource, &sent(&request, &path).into(), caller)?
        }
    };
    Ok(vec![one])
}

/// The actions of a GraphQL document.
fn of_document(
    request: &Request<'_>,
    evidence: &Evidence,
    caller: &Caller,
) -> Result<Vec<Action>, NormalizeError> {
    let Some(body) = request.body.as_ref().filter(|_| request.method.as_str() == "POST") else {
        return refuse(
            "method",
            request.method.as_str(),
            "GraphQL is called by `POST` with a body",
        );
    };
    let parts = graphql::describe(body, evidence)?;
    let several = parts.len() > 1;
    let mut actions = Vec::with_capacity(parts.len());
    for (number, part) in parts.iter().enumerate() {
        let (described, resource) = match part {
            graphql::Part::Known(repository, described) => (described.clone(), repo(repository)?),
            graphql::Part::Unknown { kind, field } => (
                unknown("POST", &format!("{kind} {field}")),
                Resource::new(format!("{ROUTE}:{kind}/{field}"))?,
            ),
        };
        let mut payload = bound(sent(request, "/graphql"), &described);
        if several {
            let count = |count: usize| u32::try_from(count).map_err(|_| too_many());
            payload.insert("part", vec![count(number)?, count(parts.len())?]);
        }
        actions.push(action(&described, resource, &payload.into(), caller)?);
    }
    Ok(actions)
}

fn too_many() -> NormalizeError {
    NormalizeError::document("it does too many things; split it")
}

/// What opening a pull request comes to.
pub(crate) fn describe(
    call: &PullRequest,
    changes: &ChangeSet,
) -> Result<Described, NormalizeError> {
    call.check_lengths()?;
    if (&call.base, &call.head) != (&changes.base, &changes.head) {
        return Err(NormalizeError::OtherBranches {
            call: format!("{} into {}", call.head, call.base),
            changes: format!("{} into {}", changes.head, changes.base),
        });
    }
    let mut described = Described::new(CREATE_PULL_REQUEST)
        .facts(facts::derive(changes)?)
        .fact("base_branch", call.base.as_str())
        .fact("head_branch", call.head.as_str())
        .fact("from_fork", false);
    described.bound.insert("base_sha", changes.base_sha.as_str());
    described.bound.insert("head_sha", changes.head_sha.as_str());
    Ok(described)
}

/// The payload of opening a pull request.
pub(crate) fn payload(call: &PullRequest, changes: &ChangeSet) -> Json {
    let mut payload = Object::new()
        .with("base", call.base.as_str())
        .with("base_sha", changes.base_sha.as_str())
        .with("head", call.head.as_str())
        .with("head_sha", changes.head_sha.as_str())
        .with("owner", call.repository.owner())
        .with("repo", call.repository.name())
        .with("title", call.title.as_str());
    if let Some(body) = &call.body {
        payload.insert("body", body.as_str());
    }
    if let Some(draft) = call.draft {
        payload.insert("draft", draft);
    }
    if let Some(can) = call.maintainer_can_modify {
        payload.insert("maintainer_can_modify", can);
    }
    payload.into()
}

/// What is sent.
fn sent(request: &Request<'_>, path: &str) -> Object {
    let mut sent = Object::new().with("method", request.method.as_str()).with("path", path);
    if let Some(body) = &request.body {
        sent.insert("body", body.clone());
    }
    if !request.query.is_empty() {
        sent.insert("query", request.query.clone());
    }
    sent
}

/// What is sent, beside what its facts are true of.
fn bound(mut sent: Object, described: &Described) -> Object {
    for (name, value) in described.bound.iter() {
        sent.insert(name, value.clone());
    }
    sent
}

/// The path of a request that no route is known for; a repository's name in it as GitHub compares it.
fn unknown_path(request: &Request<'_>) -> Result<String, NormalizeError> {
    let path = match in_repository(request)? {
        Some((repository, [])) => format!("/repos/{repository}"),
        Some((repository, below)) => format!("/repos/{repository}/{}", below.join("/")),
        None => format!("/{}", request.segments.join("/")),
    };
    if path.contains('%') {
        return refuse("path", &path, "no route is known for it, and a part of it is encoded");
    }
    Ok(path)
}

fn unknown(method: &str, route: &str) -> Described {
    Described::new(UNKNOWN).fact("method", method).fact("route", route)
}

fn repo(repository: &RepositoryName) -> Result<Resource, NormalizeError> {
    Ok(Resource::new(format!("{REPO}:{repository}"))?)
}

fn action(
    described: &Described,
    resource: Resource,
    payload: &Json,
    caller: &Caller,
) -> Result<Action, NormalizeError> {
    Ok(Action::builder(caller.actor.clone(), ToolName::new(described.tool)?, resource)
        .intent(caller.intent.clone())
        .audience(caller.audience.clone())
        .payload(Payload::from_json(payload)?)
        .facts(Facts::new(described.facts.clone())?)
        .build()?)
}
