//! Actions, and answers in one line.

use axtary_actionpass::{
    Action, Actor, Evaluation, FactType, Facts, Intent, Json, Object, Operator, Payload,
    PolicyEngine, Vocabulary,
};

/// The parts of a call that tests vary.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) agent: String,
    pub(crate) owner: String,
    pub(crate) tool: String,
    pub(crate) resource: String,
    pub(crate) task: Option<String>,
    pub(crate) facts: Object,
}

/// The pull request of the design: twelve files, nothing in production.
pub(crate) fn call() -> Call {
    Call {
        agent: "codex-prod".to_owned(),
        owner: "alice@example.com".to_owned(),
        tool: "github.pull_requests.create".to_owned(),
        resource: "repo:company/web-app".to_owned(),
        task: Some("AXT-418".to_owned()),
        facts: Object::new().with("max_files_changed", 12).with("touches_production", false),
    }
}

impl Call {
    pub(crate) fn agent(mut self, agent: &str) -> Self {
        self.agent = agent.to_owned();
        self
    }

    pub(crate) fn tool(mut self, tool: &str) -> Self {
        self.tool = tool.to_owned();
        self
    }

    pub(crate) fn resource(mut self, resource: &str) -> Self {
        self.resource = resource.to_owned();
        self
    }

    pub(crate) fn task(mut self, task: Option<&str>) -> Self {
        self.task = task.map(str::to_owned);
        self
    }

    pub(crate) fn fact(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.facts.insert(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.facts = self
            .facts
            .into_iter()
            .filter(|(known, _)| known != name)
            .fold(Object::new(), |facts, (name, value)| facts.with(name, value));
        self
    }

    pub(crate) fn action(&self) -> Action {
        let actor = Actor::new(self.agent.parse().unwrap(), self.owner.parse().unwrap());
        let mut intent = Intent::new("fix the login redirect").unwrap();
        if let Some(task) = &self.task {
            intent = intent.with_task(task.parse().unwrap());
        }
        Action::builder(actor, self.tool.parse().unwrap(), self.resource.parse().unwrap())
            .intent(intent)
            .audience("github-executor".parse().unwrap())
            // What the agent says of itself must not matter.
            .payload(
                Payload::parse(br#"{"max_files_changed": 0, "touches_production": false}"#)
                    .unwrap(),
            )
            .facts(Facts::new(self.facts.clone()).unwrap())
            .build()
            .unwrap()
    }
}

/// The names that native rules may use in tests.
pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .with_fact("max_files_changed", FactType::Integer, "the most files this call can change")
        .with_unit("max_files_changed", "files")
        .with_fact("touches_production", FactType::Boolean, "whether production is touched")
        .with_fact("base_branch", FactType::Text, "the branch that is changed")
        .with_fact("paths", FactType::TextList, "the paths that are changed")
        .with_fact("tests_changed", FactType::Boolean, "whether tests are changed")
        .with_constraint("max_files_changed", Operator::AtMost, "max_files_changed")
        .with_constraint("touches_production", Operator::Equals, "touches_production")
        .with_constraint("base_branch", Operator::Equals, "base_branch")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
        .with_constraint("requires_tests", Operator::IsTrue, "tests_changed")
}

pub(crate) fn evaluate(engine: &impl PolicyEngine, call: &Call) -> Evaluation {
    engine.evaluate(&call.action()).expect("the engine answers")
}

/// The label, and each reason in a line of its own.
pub(crate) fn answer(engine: &impl PolicyEngine, call: &Call) -> String {
    show(&evaluate(engine, call))
}

pub(crate) fn show(evaluation: &Evaluation) -> String {
    let mut text = evaluation.label();
    for reason in evaluation.reasons() {
        text.push('\n');
        text.push_str(&reason.to_string());
    }
    text
}
