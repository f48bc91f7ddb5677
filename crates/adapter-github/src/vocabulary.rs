//! The names of the facts that this adapter derives, and of the constraints over them.

use axtary_actionpass::{
    FactType::{self, Boolean, Integer, Text, TextList},
    Operator::{self, AllMatch, AtMost, Equals, IsTrue, NoneMatch, OneOf, SubsetOf},
    Vocabulary,
};

/// The facts and constraints of all GitHub actions together; [`tools`](crate::tools) has those of each.
pub fn vocabulary() -> Vocabulary {
    about(|_| true)
}

/// The facts that are `wanted`, and the constraints over them.
pub(crate) fn about(wanted: impl Fn(&str) -> bool) -> Vocabulary {
    let facts = FACTS.iter().filter(|(name, ..)| wanted(name));
    let vocabulary = facts.fold(Vocabulary::new(), |known, (name, fact_type, unit, meaning)| {
        let known = known.with_fact(name, *fact_type, meaning);
        if unit.is_empty() { known } else { known.with_unit(name, unit) }
    });
    CONSTRAINTS
        .iter()
        .filter(|(_, _, fact)| wanted(fact))
        .fold(vocabulary, |known, (name, operator, fact)| {
            known.with_constraint(name, *operator, fact)
        })
}

/// Name, type, unit, meaning.
type Fact = (&'static str, FactType, &'static str, &'static str);

/// Every fact, in the order of the names.
pub(crate) const FACTS: [Fact; 69] = [
    ("approves", Boolean, "", "whether the review approves"),
    ("assignees", TextList, "", "the users that the issue is assigned to by the call"),
    ("base_branch", Text, "", "the branch to merge into, as it is after the call"),
    (
        "binary_files",
        Integer,
        "files",
        "the number of files whose content changed and is binary, or larger than 8 MiB",
    ),
    ("branch", Text, "", "the branch that is written, or run from"),
    ("bytes_written", Integer, "bytes", "the size of the content that the call carries"),
    ("check_apps", TextList, "", "the ids of the apps whose checks `tests_passed` is about"),
    (
        "commands",
        Boolean,
        "",
        "whether a line of the text reads as a command to a bot, such as `/merge`",
    ),
    ("commits", Integer, "commits", "the number of commits that the head has and the base has not"),
    ("debug_logging", Boolean, "", "whether the run logs what secrets may be seen in"),
    ("draft", Boolean, "", "whether the release is only a draft"),
    (
        "environment",
        Text,
        "",
        "the environment that the secret is for; empty for the whole repository",
    ),
    ("fast_forward", Boolean, "", "whether the ref keeps every commit that it has"),
    ("files_changed", Integer, "files", "the number of changes; a rename is one"),
    ("force", Boolean, "", "whether the call asks to override what stands against it"),
    ("from_fork", Boolean, "", "whether the head is in another repository"),
    ("head_branch", Text, "", "the branch to merge"),
    ("inputs", TextList, "", "the names of the inputs that the workflow is given"),
    ("is_default_branch", Boolean, "", "whether the branch is the repository's default one"),
    ("is_tag", Boolean, "", "whether the ref is a tag"),
    ("labels", TextList, "", "the labels that the call sets"),
    ("largest_file", Integer, "bytes", "the size of the largest file whose content is new"),
    (
        "lfs_changed",
        Boolean,
        "",
        "whether a changed file is kept in Git LFS, so that its content is elsewhere",
    ),
    ("lines_added", Integer, "lines", "lines added, of text files"),
    ("lines_changed", Integer, "lines", "lines added and removed, of text files"),
    ("lines_removed", Integer, "lines", "lines removed, of text files"),
    ("max_files_changed", Integer, "files", "the most files that this call can change"),
    ("mentions", TextList, "", "users and teams that the text notifies, in lower case"),
    ("merge_method", Text, "", "`merge`, `squash` or `rebase`"),
    ("method", Text, "", "the method of the request"),
    ("mode_changes", TextList, "", "paths of files that became executable, or no longer are"),
    ("names_author", Boolean, "", "whether the call says who wrote the commit"),
    ("number", Integer, "", "the number of the issue or pull request"),
    ("parents", Integer, "commits", "the number of parents that the commit has"),
    ("paths", TextList, "", "every path that is touched, of a rename both names"),
    (
        "paths_confusable",
        Boolean,
        "",
        "whether a path mixes Latin letters with others that look like them",
    ),
    ("paths_removed", TextList, "", "paths that the call removes"),
    ("permission", Text, "", "what the user may do afterwards: `pull`, `push`, `admin`, …"),
    ("prerelease", Boolean, "", "whether the release is marked as not ready"),
    ("production_categories", TextList, "", "the categories of production paths that are touched"),
    (
        "protected_branch",
        Boolean,
        "",
        "whether the branch that is written has a protection rule on GitHub",
    ),
    ("refs", TextList, "", "the ref that is written, or run from, in full: `refs/heads/main`"),
    ("renames", Integer, "files", "the number of renames"),
    (
        "replaces_tree",
        Boolean,
        "",
        "whether all that the call does not name is left out of the tree",
    ),
    ("rerun", Text, "", "what runs again: `all`, `failed` or `job`"),
    ("reviewers", TextList, "", "the users that are asked for a review, in lower case"),
    ("route", Text, "", "the route of the request, with its method"),
    ("run", Integer, "", "the id of the workflow run, or of the job"),
    ("secret", Text, "", "the name of the secret"),
    ("secret_store", Text, "", "`actions`, `codespaces` or `dependabot`"),
    ("settings", TextList, "", "the names of the settings that the call changes"),
    ("signed_commits", Boolean, "", "whether every commit is signed, as GitHub verified it"),
    (
        "skips_ci",
        Boolean,
        "",
        "whether the message of a commit keeps checks from running, such as `[skip ci]`",
    ),
    ("state", Text, "", "`open` or `closed` as the call sets it, or `unchanged`"),
    ("submodules", TextList, "", "paths that are or were submodules"),
    ("symlink_targets", TextList, "", "where these links lead, as paths in the repository"),
    ("symlinks", TextList, "", "paths that are symbolic links afterwards"),
    ("tag", Text, "", "the tag that the release is of"),
    ("target", Text, "", "the branch or commit that the tag is made at, if there is none yet"),
    ("team_reviewers", TextList, "", "the teams that are asked for a review, in lower case"),
    (
        "test_harness_changed",
        Boolean,
        "",
        "whether a file is touched that says which tests run, such as `conftest.py` or `package.json`",
    ),
    (
        "tests_changed",
        Boolean,
        "",
        "whether a test file was added or modified, and gained a line that is not blank",
    ),
    (
        "tests_passed",
        Boolean,
        "",
        "whether all checks of `check_apps` succeeded on the head, and the change does not touch workflows",
    ),
    ("tests_removed", Boolean, "", "whether a test file was deleted, or is none any more"),
    ("touches_production", Boolean, "", "whether a path belongs to the list of production paths"),
    (
        "touches_workflows",
        Boolean,
        "",
        "whether a path is a workflow or an action of GitHub Actions",
    ),
    ("user", Text, "", "the user who is let in, in lower case"),
    (
        "visibility",
        Text,
        "",
        "`public`, `internal` or `private` as the call sets it, or `unchanged`",
    ),
    ("workflow", Text, "", "the workflow that is run, by its file's name or its id"),
];

/// Every constraint: name, operator, fact.
pub(crate) const CONSTRAINTS: [(&str, Operator, &str); 69] = [
    ("allowed_paths", AllMatch, "paths"),
    ("allowed_refs", AllMatch, "refs"),
    ("allowed_symlink_targets", AllMatch, "symlink_targets"),
    ("approves", Equals, "approves"),
    ("assignees", SubsetOf, "assignees"),
    ("base_branch", Equals, "base_branch"),
    ("base_branches", OneOf, "base_branch"),
    ("blocked_paths", NoneMatch, "paths"),
    ("blocked_refs", NoneMatch, "refs"),
    ("blocked_symlink_targets", NoneMatch, "symlink_targets"),
    ("branch", Equals, "branch"),
    ("branches", OneOf, "branch"),
    ("check_apps", SubsetOf, "check_apps"),
    ("commands", Equals, "commands"),
    ("debug_logging", Equals, "debug_logging"),
    ("draft", Equals, "draft"),
    ("environments", OneOf, "environment"),
    ("fast_forward", IsTrue, "fast_forward"),
    ("force", Equals, "force"),
    ("from_fork", Equals, "from_fork"),
    ("head_branches", OneOf, "head_branch"),
    ("inputs", SubsetOf, "inputs"),
    ("is_default_branch", Equals, "is_default_branch"),
    ("is_tag", Equals, "is_tag"),
    ("labels", SubsetOf, "labels"),
    ("lfs_changed", Equals, "lfs_changed"),
    ("max_binary_files", AtMost, "binary_files"),
    ("max_bytes_written", AtMost, "bytes_written"),
    ("max_commits", AtMost, "commits"),
    ("max_file_bytes", AtMost, "largest_file"),
    ("max_files_changed", AtMost, "files_changed"),
    ("max_lines_changed", AtMost, "lines_changed"),
    ("max_parents", AtMost, "parents"),
    ("mentions", SubsetOf, "mentions"),
    ("merge_methods", OneOf, "merge_method"),
    ("methods", OneOf, "method"),
    ("names_author", Equals, "names_author"),
    ("numbers", OneOf, "number"),
    ("paths_confusable", Equals, "paths_confusable"),
    ("permissions", OneOf, "permission"),
    ("prerelease", Equals, "prerelease"),
    ("production_categories", SubsetOf, "production_categories"),
    ("protected_branch", Equals, "protected_branch"),
    ("removed_within", AllMatch, "paths_removed"),
    ("replaces_tree", Equals, "replaces_tree"),
    ("requires_tests", IsTrue, "tests_changed"),
    ("reruns", OneOf, "rerun"),
    ("reviewers", SubsetOf, "reviewers"),
    ("routes", OneOf, "route"),
    ("runs", OneOf, "run"),
    ("secret_stores", OneOf, "secret_store"),
    ("secrets", OneOf, "secret"),
    ("settings", SubsetOf, "settings"),
    ("signed_commits", IsTrue, "signed_commits"),
    ("skips_ci", Equals, "skips_ci"),
    ("states", OneOf, "state"),
    ("submodules_within", AllMatch, "submodules"),
    ("symlinks_within", AllMatch, "symlinks"),
    ("tags", OneOf, "tag"),
    ("targets", OneOf, "target"),
    ("team_reviewers", SubsetOf, "team_reviewers"),
    ("test_harness_changed", Equals, "test_harness_changed"),
    ("tests_passed", IsTrue, "tests_passed"),
    ("tests_removed", Equals, "tests_removed"),
    ("touches_production", Equals, "touches_production"),
    ("touches_workflows", Equals, "touches_workflows"),
    ("users", OneOf, "user"),
    ("visibilities", OneOf, "visibility"),
    ("workflows", OneOf, "workflow"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_once_and_in_order_and_each_constraint_is_about_a_fact() {
        assert!(FACTS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(CONSTRAINTS.is_sorted_by(|a, b| a.0 < b.0));
        for (name, _, fact) in CONSTRAINTS {
            assert!(FACTS.iter().any(|(known, ..)| *known == fact), "{name} is about {fact}");
        }
    }
}
