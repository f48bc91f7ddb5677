//! A pass is good once.

use axtary_actionpass::{MemoryStore, Timestamp, Verifier, testing::BrokenStore};

use crate::kit::{NOW, Scene, action, execution, issuer, vocabulary};

#[test]
fn of_sixteen_verifications_at_once_exactly_one_succeeds() {
    let scene = Scene::new();
    for _ in 0..50 {
        let pass = scene.pass();
        let results: Vec<Result<(), _>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..16).map(|_| scope.spawn(|| scene.verify(pass.token()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for error in results.into_iter().filter_map(Result::err) {
            assert_eq!(error.code(), "already_consumed");
        }
    }
}

#[test]
fn a_used_pass_stays_used_until_nobody_would_accept_it() {
    let scene = Scene::new();
    let token = scene.pass().token().to_owned();
    assert_eq!(scene.verify(&token), Ok(()));
    for later in [0, 599, 629] {
        scene.clock.set(Timestamp::from_seconds(NOW + later).unwrap());
        assert_eq!(scene.refusal(&token), "already_consumed", "{later} s later");
    }
    scene.clock.set(Timestamp::from_seconds(NOW + 630).unwrap());
    assert_eq!(scene.refusal(&token), "pass_expired");
}

#[test]
fn a_store_that_fails_or_is_full_refuses() {
    let scene = Scene::new();
    let (pass, action) = (scene.pass(), action());
    let keys = axtary_actionpass::KeySet::new().trust(issuer(), scene.key.verifying_key()).unwrap();
    let verifier = |store: std::sync::Arc<dyn axtary_actionpass::ConsumptionStore>| {
        Verifier::new(keys.clone(), "github-executor".parse().unwrap(), store)
            .unwrap()
            .with_vocabulary(vocabulary())
            .with_clock(scene.clock.clone())
    };
    let broken = verifier(std::sync::Arc::new(BrokenStore));
    assert_eq!(
        broken.verify(pass.token(), &execution(&action)).unwrap_err().code(),
        "store_unavailable"
    );
    let full = verifier(std::sync::Arc::new(MemoryStore::new(0)));
    assert_eq!(
        full.verify(pass.token(), &execution(&action)).unwrap_err().code(),
        "store_unavailable"
    );
}
