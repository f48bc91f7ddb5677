//! The payload is what will be sent, bound to the commits that were looked at.

use axtary_actionpass::{Action, FactType, Intent, Json};
use axtary_adapter_github::{
    ChangeSet, NormalizeError, PullRequest, RepositoryName, normalize, tools,
};

use crate::kit::{Repo, actor, branch, files};

fn call() -> PullRequest {
    PullRequest::new(
        RepositoryName::new("Company/Web-App").unwrap(),
        branch("main"),
        branch("head"),
        "Fix login",
    )
}

fn normalize_call(call: &PullRequest, set: &ChangeSet) -> Result<Action, NormalizeError> {
    normalize(call, set, actor(), Intent::new("fix").unwrap(), "github-executor".parse().unwrap())
}

pub(crate) fn normalized(set: &ChangeSet) -> Result<Action, NormalizeError> {
    normalize_call(&call(), set)
}

fn repo() -> Repo {
    Repo::with(&files(&[("a", "1")]), &files(&[("a", "2")]))
}

#[test]
fn the_payload_holds_what_is_sent_and_the_commits_and_nothing_else() {
    let repo = repo();
    let set = repo.changes().unwrap();
    let action = normalized(&set).unwrap();
    assert_eq!(action.tool().as_str(), "github.pull_requests.create");
    assert_eq!(action.resource().as_str(), "repo:company/web-app");
    let known = tools();
    let tool = known.iter().find(|tool| tool.name == action.tool().as_str()).unwrap();
    assert_eq!(tool.resource, action.resource().as_str().split(':').next().unwrap());
    let expected = format!(
        r#"{{"base":"main","base_sha":"{}","head":"head","head_sha":"{}","owner":"company","repo":"web-app","title":"Fix login"}}"#,
        set.base_sha(),
        set.head_sha()
    );
    assert_eq!(String::from_utf8_lossy(action.payload().canonical()), expected);

    let full = call().with_body("Because.").as_draft(true).with_maintainer_can_modify(false);
    let payload = Json::parse(normalize_call(&full, &set).unwrap().payload().canonical()).unwrap();
    let payload = payload.as_object().unwrap();
    assert_eq!(payload.get("body"), Some(&"Because.".into()));
    assert_eq!(payload.get("draft"), Some(&true.into()));
    assert_eq!(payload.get("maintainer_can_modify"), Some(&false.into()));
}

#[test]
fn another_commit_on_either_branch_is_another_payload() {
    let repo = repo();
    let before = repo.action().unwrap().payload().hash();
    let head = repo.git.find_reference("refs/heads/head").unwrap().target().unwrap();
    repo.commit("head", &files(&[("a", "2")]), &[head]);
    let pushed = repo.action().unwrap().payload().hash();
    assert_ne!(before, pushed, "pushed to the head, with the same files");
    let main = repo.git.find_reference("refs/heads/main").unwrap().target().unwrap();
    repo.commit("main", &files(&[("a", "1")]), &[main]);
    assert_ne!(pushed, repo.action().unwrap().payload().hash(), "the base moved");
}

#[test]
fn what_the_call_says_of_itself_changes_no_fact() {
    let set = repo().changes().unwrap();
    let boast = call()
        .with_body(r#"{"files_changed": 0, "touches_production": false, "tests_changed": true}"#);
    assert_eq!(normalize_call(&boast, &set).unwrap().facts(), normalized(&set).unwrap().facts());
}

#[test]
fn a_change_set_of_other_branches_is_refused() {
    let repo = repo();
    let head = repo.git.find_reference("refs/heads/head").unwrap().target().unwrap();
    repo.git.reference("refs/heads/other", head, true, "test").unwrap();
    let set = ChangeSet::between(&repo.git, &branch("main"), &branch("other")).unwrap();
    assert_eq!(normalized(&set).unwrap_err().code(), "github.other_branches");
}

#[test]
fn texts_longer_than_github_takes_are_refused() {
    let set = repo().changes().unwrap();
    let name = || RepositoryName::new("a/b").unwrap();
    let long = PullRequest::new(name(), branch("main"), branch("head"), "t".repeat(257));
    assert_eq!(normalize_call(&long, &set).unwrap_err().code(), "github.too_long");
    let long =
        PullRequest::new(name(), branch("main"), branch("head"), "t").with_body("b".repeat(65_537));
    assert_eq!(normalize_call(&long, &set).unwrap_err().code(), "github.too_long");
    let hidden = PullRequest::new(name(), branch("main"), branch("head"), "a\u{FFFF}");
    assert_eq!(normalize_call(&hidden, &set).unwrap_err().code(), "github.input");
}

#[test]
fn every_fact_and_no_other_is_in_the_vocabulary_with_its_type() {
    let vocabulary =
        tools().into_iter().find(|t| t.name == "github.pull_requests.create").unwrap().vocabulary;
    let facts = repo().facts();
    let published: Vec<&str> = vocabulary.facts().map(|(name, _)| name).collect();
    let derived: Vec<&str> = facts.iter().map(|(name, _)| name).collect();
    assert_eq!(published, derived);
    for (name, definition) in vocabulary.facts() {
        let value = facts.get(name).unwrap();
        let fits = match definition.fact_type {
            FactType::Boolean => value.as_bool().is_some(),
            FactType::Integer => value.as_i64().is_some(),
            FactType::Text => value.as_str().is_some(),
            FactType::TextList => {
                value.as_array().is_some_and(|items| items.iter().all(|i| i.as_str().is_some()))
            }
            other => panic!("{name} is {other:?}"),
        };
        assert!(fits, "{name} is {value}");
    }
    for (name, _, fact) in vocabulary.constraints() {
        assert!(published.contains(&fact), "{name} is about {fact}");
    }
}
