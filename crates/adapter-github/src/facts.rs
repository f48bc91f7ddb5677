//! From a change set to the facts that policy reads.

use std::{collections::BTreeSet, sync::OnceLock};

use axtary_actionpass::{GlobError, InputError, Json, Number, Object, PathGlobs};

use crate::{
    change::{Change, ChangeSet, SUBMODULE, SYMLINK, Status, kind},
    described::{list, path_facts},
    error::NormalizeError,
    path,
};

/// What counts as a test, by whole names of folders and files: `contest.py` and `latest/` do not.
const TESTS: [&str; 20] = [
    "test/",
    "tests/",
    "Test/",
    "Tests/",
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
    "*Test.kt",
    "*Test.php",
    "*Test.cs",
    "*Tests.cs",
    "*Tests.swift",
];

/// What says which tests run, and what counts as passed: with it, tests pass that are there no more.
const HARNESS: [&str; 22] = [
    "conftest.py",
    "pytest.ini",
    "tox.ini",
    "noxfile.py",
    "setup.cfg",
    "pyproject.toml",
    "package.json",
    "jest.config.*",
    "vitest.config.*",
    "playwright.config.*",
    "cypress.config.*",
    "karma.conf.*",
    ".mocharc*",
    ".nycrc*",
    "phpunit.xml*",
    ".rspec",
    "Rakefile",
    "nextest.toml",
    "codecov.yml",
    ".codecov.yml",
    "/Makefile",
    "/justfile",
];

/// Derives the facts.
pub(crate) fn derive(set: &ChangeSet) -> Result<Object, NormalizeError> {
    let changes = &set.changes;
    let paths: BTreeSet<&str> = changes.iter().flat_map(Change::paths).collect();
    let tests = Tests::standard()?;
    let targets: BTreeSet<String> = changes.iter().filter_map(Change::led_to).collect();
    let count = |wanted: fn(&Change) -> bool| number(changes.iter().filter(|c| wanted(c)).count());
    let (added, removed) = changes.iter().fold((0, 0), |(added, removed), change| {
        (added + change.lines_added.unwrap_or(0), removed + change.lines_removed.unwrap_or(0))
    });
    Ok(path_facts(&paths, changes.len(), &set.production)?
        .with("binary_files", count(|change| change.lines_added.is_none())?)
        .with("commits", number(set.commits)?)
        .with("largest_file", number(changes.iter().map(|c| c.new_bytes).max().unwrap_or(0))?)
        .with("lfs_changed", changes.iter().any(|change| change.is_lfs))
        .with("lines_added", number(added)?)
        .with("lines_changed", number(added + removed)?)
        .with("lines_removed", number(removed)?)
        .with("mode_changes", list_of(changes, Change::changes_mode, Change::paths))
        .with("renames", count(|change| change.status == Status::Renamed)?)
        .with("skips_ci", set.skips_ci)
        .with("submodules", list_of(changes, Change::is_submodule, Change::paths))
        .with("symlink_targets", list(targets.iter().map(String::as_str)))
        .with("symlinks", list_of(changes, Change::is_link, Change::new_path))
        .with("test_harness_changed", paths.iter().any(|path| tests.harness.matches(path)))
        .with("tests_changed", changes.iter().any(|change| tests.changed_by(change)))
        .with("tests_removed", changes.iter().any(|change| tests.removed_by(change))))
}

impl Change {
    fn new_path(&self) -> impl Iterator<Item = &str> {
        self.new_path.as_deref().into_iter()
    }

    fn led_to(&self) -> Option<String> {
        let (link, target) = (self.new_path.as_ref()?, self.symlink_target.as_ref()?);
        Some(path::led_to(link, target))
    }

    fn is_link(&self) -> bool {
        self.new_mode == SYMLINK
    }

    fn is_submodule(&self) -> bool {
        self.old_mode == SUBMODULE || self.new_mode == SUBMODULE
    }

    fn changes_mode(&self) -> bool {
        self.old_mode != self.new_mode && kind(self.old_mode) == kind(self.new_mode)
    }
}

/// What counts as a test, in the two strengths of [`PathGlobs`].
struct Tests {
    /// For saying that there is a test, which permits: only as it is spelled.
    exact: PathGlobs,
    /// For saying that one is gone, which denies: in any spelling.
    broad: PathGlobs,
    harness: PathGlobs,
}

impl Tests {
    /// Compiled once.
    fn standard() -> Result<&'static Self, GlobError> {
        static COMPILED: OnceLock<Result<Tests, GlobError>> = OnceLock::new();
        let compile = || {
            Ok(Self {
                exact: PathGlobs::allow(&TESTS)?,
                broad: PathGlobs::deny(&TESTS)?,
                harness: PathGlobs::deny(&HARNESS)?,
            })
        };
        COMPILED.get_or_init(compile).as_ref().map_err(Clone::clone)
    }

    /// Whether a test gained something. One that only moved did not, nor did a place holder such as `tests/.gitkeep`.
    fn changed_by(&self, change: &Change) -> bool {
        let is_test = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            !name.starts_with('.') && self.exact.matches(path)
        };
        matches!(change.status, Status::Added | Status::Modified)
            && change.adds_text
            && change.new_path().any(is_test)
    }

    /// Whether a test was deleted, became a link, or moved to where it is none.
    fn removed_by(&self, change: &Change) -> bool {
        let was_test = || change.old_path.as_deref().is_some_and(|path| self.broad.matches(path));
        match change.status {
            Status::Deleted | Status::Typechange => was_test(),
            Status::Renamed => {
                was_test() && !change.new_path().any(|path| self.exact.matches(path))
            }
            Status::Added | Status::Modified => false,
        }
    }
}

/// The `paths` of the changes that are `wanted`.
fn list_of<'c, P: Iterator<Item = &'c str>>(
    changes: &'c [Change],
    wanted: fn(&Change) -> bool,
    paths: fn(&'c Change) -> P,
) -> Json {
    let sorted: BTreeSet<&str> =
        changes.iter().filter(|change| wanted(change)).flat_map(paths).collect();
    list(sorted)
}

fn number(count: usize) -> Result<Number, InputError> {
    Ok(Number::try_from(count)?)
}
