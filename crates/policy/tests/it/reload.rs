//! A policy is replaced as a whole, or stays in force.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use axtary_actionpass::{Guard, PolicyEngine, SigningKey, testing::MemoryLedger};
use axtary_policy::{CedarEngine, LivePolicy, LoadError, PolicyStack, ReloadError, Reloaded};
use insta::assert_snapshot;

use crate::kit::{answer, call, evaluate};

fn load(text: &str) -> Result<PolicyStack, LoadError> {
    Ok(PolicyStack::new().with(CedarEngine::from_sources(&[("main.cedar", text)])?))
}

const OLD: &str = r#"permit (principal == Agent::"codex-prod", action, resource);"#;
const NEW: &str = r#"@id("new") permit (principal == Agent::"other", action, resource);"#;

#[test]
fn a_guard_decides_by_the_new_policy_from_the_reload_on() {
    let policy = LivePolicy::new(load(OLD).unwrap());
    let issuer = "https://gate.example".parse().unwrap();
    let key = SigningKey::generate().unwrap();
    let guard = Guard::new(policy.clone(), MemoryLedger::new(), key, issuer).unwrap();
    let before = policy.policy_version();
    assert!(guard.check(&call().action()).is_ok());
    let reloaded = policy.reload(|| load(NEW)).unwrap();
    assert!(guard.check(&call().action()).is_err());
    assert!(reloaded.is_change());
    assert_eq!((reloaded.before, reloaded.after), (before, policy.policy_version()));
    assert!(!policy.reload(|| load(NEW)).unwrap().is_change());
}

#[test]
fn a_broken_version_leaves_the_old_in_force_and_says_so() {
    let policy = LivePolicy::new(load(OLD).unwrap());
    let version = policy.policy_version();
    let broken = policy.reload(|| load("permit (")).unwrap_err();
    assert_snapshot!(broken, @"the policy in force was not replaced: main.cedar:1:9: unexpected end of input: expected `)` or identifier");
    let open = policy.reload(|| load("permit (principal, action, resource);")).unwrap_err();
    assert_snapshot!(open, @"the policy in force was not replaced: the policy permits the canary action, so it would permit anything: `cedar:main.cedar:policy0`: permits this action; narrow the rule to the agents, tools and resources it is meant for");
    assert!(matches!(open, ReloadError::Arm(_)));
    assert_eq!(policy.policy_version(), version);
    assert_snapshot!(answer(&policy, &call()), @r"
    cedar:pass
    `cedar:main.cedar:policy0`: permits this action
    ");
}

#[test]
fn a_new_policy_is_recorded_before_it_takes_force_and_does_not_without() {
    let policy = LivePolicy::new(load(OLD).unwrap());
    let (old, new) = (policy.policy_version(), load(NEW).unwrap().policy_version());
    let load_new = || Ok::<_, ReloadError>(load(NEW)?);
    let broken = || ReloadError::from(load("permit (").unwrap_err());
    let failed = policy.reload_recorded(load_new, |_| Err(broken()));
    assert_eq!((failed, policy.policy_version()), (Err(broken()), old));
    let reloaded = policy.reload_recorded(load_new, |change| {
        assert_eq!((change.before, change.after, policy.policy_version()), (old, new, old));
        Ok(())
    });
    assert!(reloaded.unwrap().is_change());
    assert_eq!(policy.policy_version(), new);
    let never = |_: &Reloaded| -> Result<(), ReloadError> { panic!("nothing to record") };
    assert!(policy.reload_recorded(|| Ok(load("permit (")?), never).is_err());
}

#[test]
fn a_decision_under_reloads_is_that_of_one_version_or_the_other() {
    let policy = LivePolicy::new(load(OLD).unwrap());
    let (old, new) = (load(OLD).unwrap(), load(NEW).unwrap());
    let (old, new) = (evaluate(&old, &call()), evaluate(&new, &call()));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for text in [NEW, OLD].into_iter().cycle().take(200) {
                assert!(policy.reload(|| load(text)).unwrap().is_change());
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let evaluation = evaluate(&policy, &call());
            assert!(evaluation == old || evaluation == new, "{evaluation:?}");
        }
    });
}

#[test]
fn policies_are_listed_with_the_place_they_stand_in() {
    let text = "// a comment\n@id(\"one\")\npermit (principal, action, resource);\n\nforbid (principal, action,\n  resource) when { false };";
    let listed: Vec<String> = load(text)
        .unwrap()
        .policies()
        .into_iter()
        .map(|p| format!("{}:{} {}:{:?} {:?}", p.engine, p.id, p.file, p.line, p.effect))
        .collect();
    assert_snapshot!(listed.join("\n"), @r"
    cedar:one main.cedar:Some(2) Some(Permit)
    cedar:main.cedar:policy1 main.cedar:Some(5) Some(Deny)
    ");
}
