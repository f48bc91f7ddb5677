//! What was revoked is refused, by verifying and by looking alike.

use std::sync::Arc;

use axtary_actionpass::{
    ConsumptionStore as _, KeySet, MemoryStore, Revocation, Signer as _, Timestamp, Verifier,
    VerifyError,
};

use crate::kit::{NOW, Scene, action, execution, issuer, vocabulary};

#[test]
fn a_revoked_pass_key_agent_or_moment_is_refused() {
    let scene = Scene::new();
    let pass = scene.pass();
    for revocation in [
        Revocation::Pass(*pass.id()),
        Revocation::Key(scene.key.key_id().clone()),
        Revocation::Agent("codex-prod".parse().unwrap()),
        Revocation::IssuedBefore(Timestamp::from_seconds(NOW + 1).unwrap()),
    ] {
        let store = Arc::new(MemoryStore::default());
        let verifier = Verifier::new(
            KeySet::new().trust(issuer(), scene.key.verifying_key()).unwrap(),
            "github-executor".parse().unwrap(),
            Arc::clone(&store),
        )
        .unwrap()
        .with_vocabulary(vocabulary())
        .with_clock(scene.clock.clone());
        let action = action();
        assert!(verifier.check_without_consuming(pass.token(), &execution(&action)).is_ok());
        store.revoke(&revocation).unwrap();
        let looked =
            verifier.check_without_consuming(pass.token(), &execution(&action)).unwrap_err();
        assert_eq!(looked, VerifyError::Revoked(Box::new(revocation.clone())));
        let verified = verifier.verify(pass.token(), &execution(&action)).unwrap_err();
        assert_eq!(verified.code(), "revoked", "{revocation}");
    }
}
