//! One pass sends one request, for exactly what was checked, as it is at that moment.

use std::collections::BTreeSet;

use axtary_actionpass::{
    Action, Bindings, Cause, Clock as _, Effect, Json, Object, Outcome, Payload, SigningKey,
    testing,
};
use axtary_adapter_github::{Production, vocabulary};
use axtary_executor_github::{Client, GitHubExecutor};
use axtary_github_server::{Exchange, Mishap};
use serde_json::json;

use crate::kit::{Scene, altered, pushed_to};

#[test]
fn a_pass_opens_one_pull_request_with_exactly_its_payload() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    let report = scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Executed, "{:?}", report.error());
    assert!(report.error().is_none());
    let observed = |name: &str| report.observed().get(name).unwrap().to_string();
    assert_eq!(observed("number"), "1");
    assert_eq!(observed("status"), "201");
    assert!(report.observed().get("etag").is_some());

    let sent = scene.exchanges().last().unwrap().clone();
    assert_eq!(
        (sent.request.method.as_str(), sent.request.target.as_str()),
        ("POST", "/repos/company/web-app/pulls")
    );
    assert_eq!(
        sent.request.body.to_string(),
        r#"{"base":"main","body":"Because.","head":"fix","title":"Fix login"}"#
    );

    scene.guard.record_outcome(report.claims().id(), report.outcome(), report.observed()).unwrap();
    let record = scene.last_record();
    assert_eq!(record.as_object().unwrap().get("outcome"), Some(&"executed".into()));

    let again = scene.execute(&action, &token).unwrap_err();
    assert_eq!(again.code(), "already_consumed");
    assert_eq!(scene.writes(), 1);
}

#[test]
fn whoever_has_no_pass_that_fits_causes_no_request() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    let Json::Object(payload) = Json::parse(action.payload().canonical()).unwrap() else {
        panic!("an object")
    };
    let with = |name: &str, value: &str| {
        Payload::from_json(&payload.clone().with(name, value).into()).unwrap()
    };
    for (payload, token, code) in [
        (with("title", "Fix Login"), token.as_str(), "payload_mismatch"),
        (with("repo", "other"), token.as_str(), "resource_mismatch"),
        (action.payload().clone(), "", "not_compact_jws"),
        (action.payload().clone(), token.trim_end_matches(|c| c != '.'), "not_compact_jws"),
    ] {
        assert_eq!(scene.execute_payload(&payload, token).unwrap_err().code(), code);
    }
    let tool = "github.repos.delete".parse().unwrap();
    let error = scene.executor.execute(&tool, action.payload(), &token).unwrap_err();
    assert_eq!(error.code(), "execute.unknown_tool");
    assert!(scene.exchanges().is_empty());
    assert!(scene.execute(&action, &token).is_ok(), "no attempt used the pass up");
}

#[test]
fn a_payload_that_the_adapter_does_not_make_is_refused_even_with_a_pass() {
    let scene = Scene::new();
    let (action, _) = scene.permitted();
    let Json::Object(payload) = Json::parse(action.payload().canonical()).unwrap() else {
        panic!("an object")
    };
    let call = |method: &str, path: &str| Object::new().with("method", method).with("path", path);
    for (more, code) in [
        (payload.clone().with("head_repo", "evil/web-app"), "execute.payload"),
        (payload.clone().with("head", "refs/heads/fix"), "execute.payload"),
        (payload.clone().with("draft", "yes"), "github.body"),
        (payload.clone().with("base", "main~1"), "github.branch"),
        (payload.clone().with("head_sha", "abc"), "execute.moved"),
        (payload.clone().with("method", "POST"), "execute.payload"),
        (Object::new(), "execute.payload"),
        (call("GET", "/repos/company/web-app/pulls"), "tool_mismatch"),
        (call("HEAD", "/repos/company/web-app/pulls"), "execute.payload"),
        (call("POST", "/repos/company/web-app/../other/pulls"), "github.request"),
        (
            call("POST", "/repos/company/web-app/pulls").with("query", Object::new().with("a", 1)),
            "execute.payload",
        ),
        (call("POST", "/graphql"), "github.repository"),
    ] {
        // A gate that lets anything through, as far as the payload goes.
        let payload = Payload::from_json(&more.into()).unwrap();
        let action = altered(&action, &payload, action.facts(), Bindings::none());
        let token = scene.guard.check(&action).unwrap().token().to_owned();
        assert_eq!(scene.execute(&action, &token).unwrap_err().code(), code);
    }
    assert_eq!(scene.writes(), 0);
}

#[test]
fn a_branch_that_moved_since_the_check_is_refused_and_the_pass_is_kept() {
    for moved in ["fix", "main"] {
        let scene = Scene::new();
        let (action, token) = scene.permitted();
        scene.push(moved, &[("src/login.rs", "fn login() { evil() }\n")]);
        let error = scene.execute(&action, &token).unwrap_err();
        assert_eq!(error.code(), "execute.moved", "{error}");
        assert_eq!(scene.writes(), 0);
        let reads_objects = |e: &Exchange| e.request.target.contains("/git/");
        assert!(!scene.exchanges().iter().any(reads_objects), "that is found out first");
    }
}

#[test]
fn a_branch_that_is_gone_or_was_pushed_by_force_is_refused() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    {
        let mut world = scene.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        let main = repository.branch("main").unwrap();
        repository.commit("fix", &[("evil", "1")], &[main]).unwrap();
    }
    assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "execute.moved");
    {
        let mut world = scene.server.world();
        let repository = world.repository("company", "web-app").unwrap();
        repository.git.find_reference("refs/heads/fix").unwrap().delete().unwrap();
    }
    assert_eq!(scene.execute(&action, &token).unwrap_err().code(), "execute.gone");
}

#[test]
fn a_push_between_the_last_look_and_the_request_is_reported() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    scene.inject("POST", "/pulls", pushed_to("fix"));
    let report = scene.execute(&action, &token).unwrap();
    assert_eq!(report.outcome(), Outcome::Executed);
    let error = report.error().expect("it is not the commit that was checked").to_string();
    assert!(error.contains("to which the head moved at the last moment"), "{error}");
    assert!(report.observed().get("error").is_some());
}

#[test]
fn constraints_are_checked_on_what_github_has_and_not_on_what_the_gate_saw() {
    let scene = Scene::new();
    scene.push("fix", &[(".github/workflows/ci.yml", "on: push\n")]);
    let honest = scene.action("fix");
    // A gate that was shown other facts than those of the commits.
    let other_facts = Scene::new().action("fix").facts().clone();
    let deceived = altered(&honest, honest.payload(), &other_facts, Bindings::none());
    let token = scene.guard.check(&deceived).unwrap().token().to_owned();
    let error = scene.execute(&deceived, &token).unwrap_err();
    assert_eq!(error.code(), "constraint_violated", "{error}");
    assert_eq!(scene.writes(), 0);
}

#[test]
fn a_pass_that_is_bound_to_a_key_needs_the_proof_of_its_holder() {
    let scene = Scene::new();
    let (action, _) = scene.permitted();
    let holder = SigningKey::from_seed(&[9; 32]);
    let bound = Bindings::none().to_holder(holder.verifying_key().id().clone());
    let action = altered(&action, action.payload(), action.facts(), bound);
    let pass = scene.guard.check(&action).unwrap();
    let error = scene.execute(&action, pass.token()).unwrap_err();
    assert_eq!(error.code(), "holder_proof_missing");
    let held = |key: &SigningKey| {
        let proof = key.prove_possession(pass.claims(), scene.clock.now().unwrap()).unwrap();
        scene.executor.execute_held(action.tool(), action.payload(), pass.token(), &proof)
    };
    let stranger = SigningKey::from_seed(&[8; 32]);
    assert_eq!(held(&stranger).unwrap_err().code(), "holder_proof_refused");
    assert_eq!(scene.writes(), 0);
    assert_eq!(held(&holder).unwrap().outcome(), Outcome::Executed);
}

#[test]
fn what_reaches_production_is_judged_by_the_list_of_the_gate() {
    let source = Production::new([("source", ["/src/"].as_slice())]).unwrap();
    for (list, code) in [(None, ""), (Some(source), "constraint_violated")] {
        let scene = Scene::new().with_executor(|executor| match list {
            Some(list) => executor.judged_by(list),
            None => executor,
        });
        let guard = scene.guard_of(testing::policy(|action: &Action| {
            let permits = action.tool().as_str() == "github.pull_requests.create";
            let constraints = Object::new().with("touches_production", false);
            let constraints = vocabulary().read(&constraints).unwrap();
            let (effect, cause) = if permits {
                (Effect::Permit, Cause::Permitted)
            } else {
                (Effect::Deny, Cause::NoPermit)
            };
            Ok(testing::answer(effect, cause).with_constraints(constraints))
        }));
        let action = scene.action("fix");
        let pass = guard.check(&action).unwrap();
        let report = scene.execute(&action, pass.token());
        assert_eq!(report.err().map_or("", |error| error.code()), code);
    }
}

#[test]
fn an_executor_serves_several_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<GitHubExecutor>();
    shared::<Client>();
}

#[test]
fn a_read_that_brings_something_else_is_a_refusal_whichever_it_is() {
    let scene = Scene::new();
    let (action, token) = scene.permitted();
    assert!(scene.execute(&action, &token).is_ok());
    let path = |e: &Exchange| e.request.target.split('?').next().unwrap().to_owned();
    let reads: BTreeSet<String> =
        scene.exchanges().iter().filter(|e| e.request.method == "GET").map(path).collect();
    assert!(reads.len() > 10);
    for read in reads {
        let is_empty_list = read.contains("/rules/");
        for answer in [json!({}), json!([]), json!("x"), json!([{}]), json!({ "sha": null })] {
            if is_empty_list && answer == json!([]) {
                continue;
            }
            // A rule that holds for a branch makes it another branch than it is a moment later.
            let scene = Scene::new();
            let (action, token) = scene.permitted();
            scene.inject("GET", &read, Mishap::instead(200, &[], answer.clone()));
            assert!(scene.execute(&action, &token).is_err(), "{read}: {answer}");
            assert_eq!(scene.writes(), 0, "{read}: {answer}");
            let report = scene.execute(&action, &token);
            assert!(report.is_ok(), "the pass was not used up: {read}: {answer}: {report:?}");
        }
    }
}
