//! What a pass says, typed; and its one way to and from JSON.

use std::sync::Arc;

use crate::{
    action::{Actor, Intent},
    bindings::Bindings,
    clock::Timestamp,
    hash::{LedgerHash, PayloadHash, PolicyVersion},
    json::{Json, Object, ObjectWriter},
    name::{AgentId, Audience, Issuer, Resource, TaskId, ToolName},
    pass::PassId,
};

/// The claims of a pass. Members and their meaning are in `docs/formats/pass.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    pub(crate) issuer: Issuer,
    pub(crate) audience: Audience,
    pub(crate) actor: Actor,
    pub(crate) id: PassId,
    pub(crate) issued_at: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) intent: Intent,
    pub(crate) tool: ToolName,
    pub(crate) resource: Resource,
    pub(crate) constraints: Arc<Object>,
    pub(crate) payload_hash: PayloadHash,
    pub(crate) policy: String,
    pub(crate) policy_version: PolicyVersion,
    pub(crate) ledger_hash: LedgerHash,
    pub(crate) bindings: Bindings,
}

/// What is wrong with a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimsProblem {
    pub(crate) claim: &'static str,
    pub(crate) problem: String,
}

/// The longest policy label.
const MAX_LABEL: usize = 256;

impl Claims {
    /// The gate that issued the pass (`iss`).
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The executor that the pass is for (`aud`).
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Who acts: the agent (`sub`), its human owner, and who handed the task on (`act`).
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The pass's id (`jti`).
    pub fn id(&self) -> &PassId {
        &self.id
    }

    /// When the pass was issued (`iat`).
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The first moment at which the pass is good (`nbf`).
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The first moment at which the pass is good no more (`exp`).
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What the agent said it is doing.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// The capability that may be used.
    pub fn tool(&self) -> &ToolName {
        &self.tool
    }

    /// What may be touched.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// What the facts must meet at the moment of execution, names to operands.
    pub fn constraints(&self) -> &Object {
        &self.constraints
    }

    /// The hash of the only payload that the pass is good for.
    pub fn payload_hash(&self) -> PayloadHash {
        self.payload_hash
    }

    /// The engines that decided: `cedar+rego:pass`.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The digest of the policy that was in force.
    pub fn policy_version(&self) -> PolicyVersion {
        self.policy_version
    }

    /// The ledger line in which the decision stands.
    pub fn ledger_hash(&self) -> LedgerHash {
        self.ledger_hash
    }

    /// What the pass is bound to beyond the call (`cnf`, `txn`, `approval`, `tool_hash`).
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// Writes the claims in canonical form.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = ObjectWriter::start(Vec::with_capacity(1024));
        write_delegations(&mut out, self.actor.delegations());
        self.bindings.write_approval(&mut out);
        out.text("aud", self.audience.as_str());
        self.bindings.write_holder(&mut out);
        out.object("constraints", &self.constraints);
        out.integer("exp", self.expires_at.seconds());
        out.text("human_owner", self.actor.human_owner().as_str());
        out.integer("iat", self.issued_at.seconds());
        out.nested("intent", |out| self.intent.write(out));
        out.text("iss", self.issuer.as_str());
        out.text("jti", self.id.as_str());
        out.plain("ledger_hash", |out| self.ledger_hash.write(out));
        out.integer("nbf", self.not_before.seconds());
        out.plain("payload_hash", |out| self.payload_hash.write(out));
        out.text("policy", &self.policy);
        out.plain("policy_version", |out| self.policy_version.write(out));
        out.text("resource", self.resource.as_str());
        out.text("sub", self.actor.agent_id().as_str());
        out.text("tool", self.tool.as_str());
        self.bindings.write_tool_hash(&mut out);
        self.bindings.write_transaction(&mut out);
        out.finish()
    }

    /// Reads claims from what the strict scan found. Every claim that is not a binding must be there, each of its type, and
    /// no other.
    pub(crate) fn read(json: Json) -> Result<Self, ClaimsProblem> {
        let Json::Object(mut object) = json else {
            return Err(problem("claims", "are not a JSON object"));
        };
        let known =
            REQUIRED.len() + OPTIONAL.iter().filter(|claim| object.get(claim).is_some()).count();
        if object.len() > known {
            return Err(unknown(&object));
        }
        let constraints = match object.take("constraints") {
            Some(Json::Object(constraints)) => Arc::new(constraints),
            Some(_) => return Err(problem("constraints", "is not an object")),
            None => return Err(problem("constraints", "is missing")),
        };
        let claims = Members(&object);
        Ok(Self {
            issuer: claims.parsed("iss")?,
            audience: claims.parsed("aud")?,
            actor: claims.actor()?,
            id: claims.parsed("jti")?,
            issued_at: claims.time("iat")?,
            not_before: claims.time("nbf")?,
            expires_at: claims.time("exp")?,
            intent: claims.intent()?,
            tool: claims.parsed("tool")?,
            resource: claims.parsed("resource")?,
            constraints,
            payload_hash: claims.digest("payload_hash", PayloadHash::parse)?,
            policy: claims.label()?,
            policy_version: claims.digest("policy_version", PolicyVersion::parse)?,
            ledger_hash: claims.digest("ledger_hash", LedgerHash::parse)?,
            bindings: Bindings::read(&object).map_err(|claim| problem(claim, "is not in form"))?,
        })
    }
}

/// The claims that every pass has.
const REQUIRED: [&str; 16] = [
    "aud",
    "constraints",
    "exp",
    "human_owner",
    "iat",
    "intent",
    "iss",
    "jti",
    "ledger_hash",
    "nbf",
    "payload_hash",
    "policy",
    "policy_version",
    "resource",
    "sub",
    "tool",
];

/// The claims that a pass may have.
const OPTIONAL: [&str; 5] = ["act", "approval", "cnf", "tool_hash", "txn"];

/// Names the claim that is not known: it may narrow the pass, as `cnf` does, and to ignore it would widen it. Where a required
/// one is missing too, that is the news.
fn unknown(claims: &Object) -> ClaimsProblem {
    if let Some(missing) = REQUIRED.into_iter().find(|claim| claims.get(claim).is_none()) {
        return problem(missing, "is missing");
    }
    let is_known = |name: &str| REQUIRED.contains(&name) || OPTIONAL.contains(&name);
    let name = claims.iter().map(|(name, _)| name).find(|name| !is_known(name)).unwrap_or_default();
    problem("claims", format!("hold the unknown claim {:?}", crate::error::cut(name, 64)))
}

/// Nests the agents as RFC 8693 does, the latest outermost.
fn write_delegations(out: &mut ObjectWriter, agents: &[AgentId]) {
    if let Some((latest, earlier)) = agents.split_first() {
        out.nested("act", |out| {
            write_delegations(out, earlier);
            out.text("sub", latest.as_str());
        });
    }
}

fn problem(claim: &'static str, problem: impl Into<String>) -> ClaimsProblem {
    ClaimsProblem { claim, problem: problem.into() }
}

/// The members of a claims object, read by type.
struct Members<'a>(&'a Object);

impl Members<'_> {
    fn get(&self, claim: &'static str) -> Result<&Json, ClaimsProblem> {
        self.0.get(claim).ok_or_else(|| problem(claim, "is missing"))
    }

    fn text(&self, claim: &'static str) -> Result<&str, ClaimsProblem> {
        let value = self.get(claim)?;
        value
            .as_str()
            .ok_or_else(|| problem(claim, format!("is a {}, not a string", value.type_name())))
    }

    fn object(&self, claim: &'static str) -> Result<&Object, ClaimsProblem> {
        let value = self.get(claim)?;
        value
            .as_object()
            .ok_or_else(|| problem(claim, format!("is a {}, not an object", value.type_name())))
    }

    fn parsed<T: std::str::FromStr<Err = crate::InputError>>(
        &self,
        claim: &'static str,
    ) -> Result<T, ClaimsProblem> {
        self.text(claim)?
            .parse()
            .map_err(|error: crate::InputError| problem(claim, error.to_string()))
    }

    fn digest<T>(
        &self,
        claim: &'static str,
        parse: fn(&str) -> Result<T, crate::InputError>,
    ) -> Result<T, ClaimsProblem> {
        parse(self.text(claim)?).map_err(|error| problem(claim, error.to_string()))
    }

    /// RFC 7519 NumericDate, in whole seconds.
    fn time(&self, claim: &'static str) -> Result<Timestamp, ClaimsProblem> {
        self.get(claim)?
            .as_i64()
            .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
            .ok_or_else(|| {
                problem(claim, "is not a time in whole seconds between the years 1970 and 9999")
            })
    }

    fn actor(&self) -> Result<Actor, ClaimsProblem> {
        let mut agents = Vec::new();
        let mut next = self.0.get("act");
        while let Some(act) = next {
            let members = act
                .as_object()
                .filter(|act| act.iter().all(|(name, _)| matches!(name, "act" | "sub")))
                .ok_or_else(|| problem("act", "is not an object of `sub` and `act`"))?;
            let agent = members
                .get("sub")
                .and_then(Json::as_str)
                .and_then(|agent| AgentId::new(agent).ok());
            agents.push(agent.ok_or_else(|| problem("act", "has no `sub` that is an agent id"))?);
            next = members.get("act");
        }
        Actor::new(self.parsed("sub")?, self.parsed("human_owner")?)
            .delegated_by(agents)
            .map_err(|error| problem("act", error.to_string()))
    }

    fn intent(&self) -> Result<Intent, ClaimsProblem> {
        let intent = self.object("intent")?;
        if intent.iter().any(|(name, _)| !matches!(name, "text" | "task_id")) {
            return Err(problem("intent", "holds more than `text` and `task_id`"));
        }
        let text = intent
            .get("text")
            .and_then(Json::as_str)
            .ok_or_else(|| problem("intent", "has no `text`"))?;
        let read = Intent::new(text).map_err(|error| problem("intent", error.to_string()))?;
        match intent.get("task_id") {
            None => Ok(read),
            Some(task) => task
                .as_str()
                .and_then(|task| TaskId::new(task).ok())
                .map(|task| read.with_task(task))
                .ok_or_else(|| problem("intent", "has a `task_id` that is none")),
        }
    }

    fn label(&self) -> Result<String, ClaimsProblem> {
        let label = self.text("policy")?;
        if label.len() <= MAX_LABEL && label.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(label.to_owned())
        } else {
            Err(problem("policy", "is not a label such as `cedar+rego:pass`"))
        }
    }
}
