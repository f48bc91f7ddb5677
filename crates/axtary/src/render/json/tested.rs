//! What came of cases, as JSON.

use axtary_actionpass::{Json, Object};

use super::{explained, number, policy, shown};
use crate::{
    command::{Coverage, PolicyCheck, Tested},
    failure::Exit,
};

pub(super) fn to_json(tested: &Tested) -> Object {
    let files = tested.files.iter().map(|file| {
        Object::new()
            .with("checks", file.checks.iter().map(check).collect::<Vec<_>>())
            .with("file", shown(&file.path))
    });
    let object = Object::new()
        .with("cases", count(tested.cases))
        .with("checks", count(tested.checks().count()))
        .with("failed", count(tested.failed()))
        .with("files", files.collect::<Vec<_>>())
        .with("passed", tested.exit() == Exit::Success);
    if tested.coverage.is_empty() {
        return object;
    }
    object.with("coverage", tested.coverage.iter().map(coverage).collect::<Vec<_>>())
}

fn check(check: &PolicyCheck) -> Object {
    let mut object = Object::new()
        .with("case", check.case.as_str())
        .with("passed", check.failed.is_none())
        .with("policies", check.policies.as_str());
    if let Some(line) = check.line {
        object.insert("line", number(line));
    }
    let Some(failed) = &check.failed else { return object };
    let unmet = failed.unmet.iter().map(|unmet| {
        Object::new()
            .with("expected", unmet.expected.as_str())
            .with("got", unmet.got.as_str())
            .with("part", unmet.part)
    });
    object.insert("unmet", unmet.collect::<Vec<_>>());
    if let Some(explanation) = &failed.explanation {
        object.insert("explanation", explained::decided(explanation));
    }
    object
}

fn coverage(coverage: &Coverage) -> Object {
    let policies =
        coverage.policies.iter().map(|(info, fired)| policy(info).with("fired", number(*fired)));
    let files = coverage.files.iter().map(|path| shown(path));
    Object::new()
        .with("files", files.collect::<Vec<_>>())
        .with("never_fired", count(coverage.never().count()))
        .with("policies", policies.collect::<Vec<_>>())
}

fn count(items: usize) -> Json {
    number(u64::try_from(items).unwrap_or(u64::MAX))
}
