#![no_main]

use std::sync::LazyLock;

use axtary_actionpass::{Action, Effect, Operator, PolicyEngine, Vocabulary, testing};
use axtary_policy::{CedarEngine, LoadError, NativeEngine, RegoEngine};

static ACTION: LazyLock<Action> =
    LazyLock::new(|| testing::action("slack.messages.post").unwrap());
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::new()
        .with_constraint("max_count", Operator::AtMost, "count")
        .with_constraint("paths", Operator::AllMatch, "paths")
});

// Whatever a policy file holds, loading it ends, in an engine or an error with a message; and an engine decides, one way each time.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((language, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match language % 3 {
        0 => decides(NativeEngine::from_yaml("p", text, &VOCABULARY)),
        1 => decides(CedarEngine::from_sources(&[("p", text)])),
        _ => decides(RegoEngine::from_modules(&[("p", text)])),
    }
});

fn decides<P: PolicyEngine>(loaded: Result<P, LoadError>) {
    match loaded {
        Err(error) => assert!(!error.message().is_empty() && !error.to_string().contains('\n')),
        Ok(policy) => {
            let effect = || policy.evaluate(&ACTION).map(|answer| answer.effect());
            let first: Result<Effect, _> = effect();
            assert_eq!(first, effect());
            drop(policy.trace(&ACTION));
        }
    }
}
