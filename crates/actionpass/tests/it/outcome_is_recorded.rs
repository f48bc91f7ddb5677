//! How a tool ended is recorded, whatever happens to it; and it runs only with a pass.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use axtary_actionpass::{
    Action, AuthorizeError, Guard, Json, RecordKind, Refusal, SigningKey, testing,
};

use crate::kit::{action, issuer};

type Never = std::convert::Infallible;

fn scene() -> (Arc<testing::MemoryLedger>, Guard) {
    let ledger = Arc::new(testing::MemoryLedger::new());
    let policy = testing::permit_if(|action: &Action| {
        action.tool().as_str() == "github.pull_requests.create"
    });
    let guard =
        Guard::new(policy, ledger.clone(), SigningKey::from_seed(&[7; 32]), issuer()).unwrap();
    (ledger, guard)
}

/// The outcomes that the ledger has, each with the pass it is about.
fn outcomes(ledger: &testing::MemoryLedger) -> Vec<String> {
    let records = ledger.records();
    let member = |body: &[u8], name: &str| {
        let body = Json::parse(body).unwrap();
        body.as_object().unwrap().get(name).unwrap().as_str().unwrap().to_owned()
    };
    records
        .iter()
        .filter(|record| record.kind() == RecordKind::Outcome)
        .map(|record| {
            assert_eq!(
                member(record.body(), "action_pass_id"),
                member(records[0].body(), "action_pass_id"),
                "the outcome names the pass of the decision before it"
            );
            member(record.body(), "outcome")
        })
        .collect()
}

#[test]
fn a_tool_that_succeeds_is_recorded_as_executed() {
    let (ledger, guard) = scene();
    let value = pollster::block_on(guard.authorize(&action(), |pass| async move {
        Ok::<_, Never>(pass.claims().tool().to_string())
    }));
    assert_eq!(value.unwrap(), "github.pull_requests.create");
    assert_eq!(outcomes(&ledger), ["executed"]);
}

#[test]
fn a_tool_that_fails_is_recorded_as_failed_and_its_error_returned() {
    let (ledger, guard) = scene();
    let error =
        pollster::block_on(guard.authorize(&action(), |_| async { Err::<(), _>(std::fmt::Error) }))
            .unwrap_err();
    assert!(matches!(error, AuthorizeError::Failed(std::fmt::Error)));
    assert_eq!(outcomes(&ledger), ["failed"]);
}

#[test]
fn a_tool_runs_only_with_a_pass() {
    let (ledger, guard) = scene();
    let denied = testing::action("github.repos.delete").unwrap();
    let result = pollster::block_on(
        guard.authorize(&denied, |_| async { panic!("must not run") as Result<(), Never> }),
    );
    assert!(matches!(result, Err(AuthorizeError::Refused(Refusal::Denied(_)))));
    assert_eq!(outcomes(&ledger), [""; 0]);
}

/// Never ready.
struct Pending;

impl Future for Pending {
    type Output = Result<(), Never>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Pending
    }
}

#[test]
fn a_dropped_tool_is_recorded_as_unknown() {
    let (ledger, guard) = scene();
    {
        let action = action();
        let mut running = Box::pin(guard.authorize(&action, |_| Pending));
        let mut context = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut context).is_pending());
        assert_eq!(outcomes(&ledger), [""; 0]);
    }
    assert_eq!(outcomes(&ledger), ["unknown"]);
}

#[test]
fn a_panicking_tool_is_recorded_as_unknown() {
    let (ledger, guard) = scene();
    for panics_when_called in [true, false] {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pollster::block_on(guard.authorize(&action(), |_| {
                assert!(!panics_when_called, "before there is a future");
                async { panic!("while it runs") as Result<(), Never> }
            }))
        }));
        assert!(result.is_err());
        // Only the first decision's outcomes are compared by pass; count the second run's separately.
        let unknown =
            ledger.records().iter().filter(|record| record.kind() == RecordKind::Outcome).count();
        assert_eq!(unknown, if panics_when_called { 1 } else { 2 });
    }
}

#[test]
fn a_tool_that_ran_is_never_reported_as_not_run() {
    let (ledger, guard) = scene();
    let result = pollster::block_on(guard.authorize(&action(), |_| {
        ledger.refuse_append.store(true, Ordering::SeqCst);
        async { Ok::<_, Never>(42) }
    }));
    let Err(AuthorizeError::Unrecorded { result: Ok(42), cause }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(cause.message(), "told to refuse to append");
}

#[test]
fn a_multi_threaded_runtime_can_spawn_it() {
    let (ledger, guard) = scene();
    let guard = Arc::new(guard);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let task = tokio::spawn(async move {
            guard
                .authorize(&action(), |_| async {
                    tokio::task::yield_now().await;
                    Ok::<_, Never>(())
                })
                .await
                .is_ok()
        });
        assert!(task.await.unwrap());
    });
    assert_eq!(outcomes(&ledger), ["executed"]);
}
