//! What the benches work on: one pull request, the same policy in three languages, and policies that grow.

use axtary_actionpass::{
    Action, Actor, Constraints, FactType, Facts, InputError, Intent, Issuer, Object, Operator,
    Payload, Vocabulary,
};
use axtary_policy::{CedarEngine, LoadError, NativeEngine, RegoEngine, Rule};
use cedar_policy::{Context, Request, RestrictedExpression};

/// A pull request whose payload has 600 bytes.
///
/// # Errors
///
/// None: every part is in form.
pub fn action() -> Result<Action, InputError> {
    let actor = Actor::new("codex-prod".parse()?, "alice@example.com".parse()?);
    let facts = Object::new()
        .with("base_branch", "main")
        .with("files_changed", 3)
        .with("max_files_changed", 3)
        .with("paths", vec!["src/login.rs", "src/session.rs", "tests/login.rs"])
        .with("tests_changed", true)
        .with("touches_production", false);
    Action::builder(actor, "github.pull_requests.create".parse()?, "repo:company/web-app".parse()?)
        .intent(Intent::new("fix the login redirect")?.with_task("AXT-418".parse()?))
        .audience("github-executor".parse()?)
        .payload(Payload::parse(payload().as_bytes())?)
        .facts(Facts::new(facts)?)
        .build()
}

/// The payload as the agent wrote it: 600 bytes.
pub fn payload() -> String {
    let body = "The redirect behind the login lost its query. ".repeat(10);
    let payload = format!(
        r#"{{"title": "Fix the login redirect", "head": "agent/fix-login", "base": "main", "draft": false, "body": "{body}"}}"#
    );
    format!("{payload:<600}")
}

/// The names that the policies below use.
pub fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_fact("files_changed", FactType::Integer, "the number of files the call changes")
        .with_fact("paths", FactType::TextList, "the paths that the call changes")
        .with_fact("base_branch", FactType::Text, "the branch to merge into")
        .with_fact("tests_changed", FactType::Boolean, "whether tests change too")
        .with_fact("touches_production", FactType::Boolean, "whether the call reaches production")
        .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
        .with_constraint("base_branch", Operator::Equals, "base_branch")
        .with_constraint("requires_tests", Operator::IsTrue, "tests_changed")
        .with_constraint("touches_production", Operator::Equals, "touches_production")
}

/// The constraints of the rule that permits the action.
///
/// # Errors
///
/// None: every name is known.
pub fn constraints() -> Result<Constraints, axtary_actionpass::ConstraintError> {
    vocabulary().read(&written())
}

fn written() -> Object {
    Object::new()
        .with("blocked_paths", vec![".env*", ".github/**"])
        .with("max_files_changed", 12)
        .with("requires_tests", true)
        .with("touches_production", false)
}

/// Native rules, `count` of them: for other agents' calls of the same tool, and, last, the one that permits the action.
///
/// # Errors
///
/// None: every rule is in form.
pub fn native(count: usize) -> Result<NativeEngine, LoadError> {
    let vocabulary = vocabulary();
    let rule = |id: String, agent: String| {
        let rule = Rule::permit(id)
            .agent(agent)
            .tool("github.pull_requests.create")
            .resource("repo:company/web-app");
        written().into_iter().fold(rule, |rule, (name, operand)| rule.constraint(name, operand))
    };
    let mut builder = NativeEngine::builder(&vocabulary);
    for number in 1..count {
        builder = builder.rule(rule(format!("rule-{number}"), format!("agent-{number}")));
    }
    builder.rule(rule("small-changes".to_owned(), "codex-prod".to_owned())).build()
}

/// Native rules, `count` of them, that all name the agent of the action: other tools, other resources by name and by
/// pattern, and, last, the one that permits the action.
///
/// # Errors
///
/// None: every rule is in form.
pub fn native_of_one_agent(count: usize) -> Result<NativeEngine, LoadError> {
    let vocabulary = vocabulary();
    let mut builder = NativeEngine::builder(&vocabulary);
    for number in 1..count {
        let (tool, resource) = match number % 4 {
            0 => (format!("service{number}.items.create"), "repo:company/*".to_owned()),
            1 => ("github.pull_requests.create".to_owned(), format!("repo:team-{number}/app")),
            2 => ("github.*".to_owned(), format!("repo:team-{number}/*")),
            _ => (format!("service{number}.**"), "**".to_owned()),
        };
        let rule = Rule::permit(format!("rule-{number}"));
        builder = builder.rule(rule.agent("codex-prod").tool(tool).resource(resource));
    }
    let rule = Rule::permit("small-changes")
        .agent("codex-prod")
        .tool("github.pull_requests.create")
        .resource("repo:company/web-app");
    let rule =
        written().into_iter().fold(rule, |rule, (name, operand)| rule.constraint(name, operand));
    builder.rule(rule).build()
}

/// The text of `count` Cedar policies: for other agents, and, last, the one that permits the action.
pub fn cedar_text(count: usize) -> String {
    cedar_policies(count).collect()
}

fn cedar_policies(count: usize) -> impl Iterator<Item = String> {
    let policy = |agent: &str| {
        format!(
            r#"permit (principal == Agent::"{agent}", action == Action::"github.pull_requests.create", resource == Repo::"company/web-app")
when {{ context.intent.task_id == "AXT-418" && context.payload.max_files_changed <= 12 && !context.payload.touches_production }};
"#
        )
    };
    (1..count).map(move |number| policy(&format!("agent-{number}"))).chain([policy("codex-prod")])
}

/// The engine over the policies of [`cedar_text`], in sources of a size that is read.
///
/// # Errors
///
/// None: every policy is in form.
pub fn cedar(count: usize) -> Result<CedarEngine, LoadError> {
    let policies: Vec<String> = cedar_policies(count).collect();
    let sources: Vec<(String, String)> = policies
        .chunks(10_000)
        .enumerate()
        .map(|(number, policies)| (format!("policies-{number}.cedar"), policies.concat()))
        .collect();
    CedarEngine::from_sources(&sources)
}

/// What the Cedar policies read of the action, and no more, as a request to bare Cedar.
///
/// # Errors
///
/// None: every part is in form.
pub fn cedar_request() -> Result<Request, Box<dyn std::error::Error>> {
    let record = |pairs: Vec<(&str, RestrictedExpression)>| {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
        RestrictedExpression::new_record(pairs)
    };
    let payload = record(vec![
        ("max_files_changed", RestrictedExpression::new_long(3)),
        ("touches_production", RestrictedExpression::new_bool(false)),
    ])?;
    let intent = record(vec![("task_id", RestrictedExpression::new_string("AXT-418".to_owned()))])?;
    let context =
        Context::from_pairs([("payload".to_owned(), payload), ("intent".to_owned(), intent)])?;
    Ok(Request::new(
        r#"Agent::"codex-prod""#.parse()?,
        r#"Action::"github.pull_requests.create""#.parse()?,
        r#"Repo::"company/web-app""#.parse()?,
        context,
        None,
    )?)
}

/// The same policy in Rego.
pub const REGO: &str = r#"package axtary

default allow := false

allow if {
    input.actor.agent_id == "codex-prod"
    input.tool == "github.pull_requests.create"
    input.resource == "repo:company/web-app"
    input.intent.task_id == "AXT-418"
    input.payload.max_files_changed <= 12
    input.payload.touches_production == false
}
"#;

/// What [`REGO`] reads of the action, and no more, as OPA takes it.
pub const REGO_INPUT: &str = r#"{
    "actor": { "agent_id": "codex-prod" },
    "intent": { "task_id": "AXT-418" },
    "tool": "github.pull_requests.create",
    "resource": "repo:company/web-app",
    "payload": { "max_files_changed": 3, "touches_production": false }
}"#;

/// The engine over `count` rules: for other agents, and, last, that of [`REGO`].
///
/// # Errors
///
/// None: the module is in form.
pub fn rego_of(count: usize) -> Result<RegoEngine, LoadError> {
    let rule = |number| {
        format!(
            "allow if {{ input.actor.agent_id == \"agent-{number}\"; input.tool == \"github.pull_requests.create\" }}\n"
        )
    };
    let (head, last) = REGO.split_at(REGO.find("allow if").unwrap_or_default());
    let others: String = (1..count).map(rule).collect();
    RegoEngine::from_modules(&[("policy.rego", format!("{head}{others}{last}"))])
}

/// The engine over [`REGO`].
///
/// # Errors
///
/// None: the module is in form.
pub fn rego() -> Result<RegoEngine, LoadError> {
    RegoEngine::from_modules(&[("policy.rego", REGO)])
}

/// The gate of the benches.
///
/// # Errors
///
/// None: the name is in form.
pub fn issuer() -> Result<Issuer, InputError> {
    "https://gate.example".parse()
}
