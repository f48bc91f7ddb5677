//! From a change set to the facts that policy reads.

use std::{collections::BTreeSet, sync::OnceLock};

use axtary_actionpass::{Facts, GlobError, InputError, Json, Number, Object, PathGlobs};

use crate::{
    change::{Change, ChangeSet, SUBMODULE, SYMLINK, Status},
    error::NormalizeError,
};

/// What counts as a test, by whole names of folders and files: `contest.py` and `latest/` do not.
const TESTS: [&str; 14] = [
    "tests/",
    "test/",
    "__tests__/",
    "spec/",
    "specs/",
    "e2e/",
    "test_*.py",
    "*_test.*",
    "*_tests.*",
    "*.test.*",
    "*.spec.*",
    "*_spec.*",
    "*Test.java",
    "*Tests.cs",
];

/// Derives the facts.
pub(crate) fn derive(set: &ChangeSet) -> Result<Facts, NormalizeError> {
    let tests = tests()?;
    let changes = &set.changes;
    let paths: BTreeSet<&str> = changes.iter().flat_map(Change::paths).collect();
    let categories: BTreeSet<&str> =
        paths.iter().flat_map(|path| set.production.categories_of(path)).collect();
    let with = |wanted: &dyn Fn(&Change) -> bool| -> Json {
        let paths: BTreeSet<&str> =
            changes.iter().filter(|change| wanted(change)).flat_map(Change::paths).collect();
        list(paths)
    };
    let (added, removed) = changes.iter().fold((0, 0), |(added, removed), change| {
        (added + change.lines_added.unwrap_or(0), removed + change.lines_removed.unwrap_or(0))
    });
    let tests_changed = changes.iter().any(|change| {
        change.adds_text && change.new_path.as_deref().is_some_and(|path| tests.matches(path))
    });
    let renames = changes.iter().filter(|change| change.status == Status::Renamed).count();
    let binary = changes
        .iter()
        .filter(|change| change.lines_added.is_none() && !change.is_submodule())
        .count();
    let facts = Object::new()
        .with("base_branch", set.base.as_str())
        .with("binary_files", number(binary)?)
        .with("commits", number(set.commits)?)
        .with("files_changed", number(changes.len())?)
        .with("head_branch", set.head.as_str())
        .with("lines_added", number(added)?)
        .with("lines_changed", number(added.saturating_add(removed))?)
        .with("lines_removed", number(removed)?)
        .with("max_files_changed", number(changes.len())?)
        .with("mode_changes", with(&Change::changes_mode))
        .with("paths", list(paths))
        .with("renames", number(renames)?)
        .with("submodules", with(&Change::is_submodule))
        .with("symlinks", with(&|change| change.new_mode == SYMLINK))
        .with("tests_changed", tests_changed)
        .with("touches_production", !categories.is_empty())
        .with("production_categories", list(categories));
    Ok(Facts::new(facts)?)
}

impl Change {
    fn is_submodule(&self) -> bool {
        self.old_mode == SUBMODULE || self.new_mode == SUBMODULE
    }

    fn changes_mode(&self) -> bool {
        self.old_mode != 0 && self.new_mode != 0 && self.old_mode != self.new_mode
    }
}

fn number(count: usize) -> Result<Number, InputError> {
    Ok(Number::try_from(count)?)
}

fn list(items: BTreeSet<&str>) -> Json {
    Json::from(items.into_iter().collect::<Vec<_>>())
}

fn tests() -> Result<PathGlobs, GlobError> {
    static COMPILED: OnceLock<Result<PathGlobs, GlobError>> = OnceLock::new();
    COMPILED.get_or_init(|| PathGlobs::deny(&TESTS)).clone()
}
