//! The names of the facts that this adapter derives, and of the constraints over them.

use axtary_actionpass::{FactType, Operator, Vocabulary};

/// The facts and constraints of GitHub actions.
pub fn vocabulary() -> Vocabulary {
    use FactType::{Boolean, Integer, Text, TextList};
    Vocabulary::new()
        .with_fact("base_branch", Text, "the branch to merge into")
        .with_fact(
            "binary_files",
            Integer,
            "the number of files whose content changed and is binary, or larger than 8 MiB",
        )
        .with_fact(
            "commits",
            Integer,
            "the number of commits that the head has and the base has not",
        )
        .with_fact("files_changed", Integer, "the number of changes; a rename is one")
        .with_fact("head_branch", Text, "the branch to merge")
        .with_fact(
            "lfs_changed",
            Boolean,
            "whether a changed file is kept in Git LFS, so that its content is elsewhere",
        )
        .with_fact("lines_added", Integer, "lines added, of text files")
        .with_fact("lines_changed", Integer, "lines added and removed, of text files")
        .with_fact("lines_removed", Integer, "lines removed, of text files")
        .with_fact("max_files_changed", Integer, "the most files that this call can change")
        .with_fact(
            "mode_changes",
            TextList,
            "paths of files that became executable, or no longer are",
        )
        .with_fact("paths", TextList, "every path that is touched, of a rename both names")
        .with_fact(
            "paths_confusable",
            Boolean,
            "whether a path mixes Latin letters with others that look like them",
        )
        .with_fact(
            "production_categories",
            TextList,
            "the categories of production paths that are touched",
        )
        .with_fact("renames", Integer, "the number of renames")
        .with_fact("submodules", TextList, "paths that are or were submodules")
        .with_fact("symlinks", TextList, "paths that are symbolic links afterwards")
        .with_fact(
            "tests_changed",
            Boolean,
            "whether a test file was added or modified, and gained a line that is not blank",
        )
        .with_fact("tests_removed", Boolean, "whether a test file was deleted, or is none any more")
        .with_fact(
            "touches_production",
            Boolean,
            "whether a path belongs to the list of production paths",
        )
        .with_constraint("allowed_paths", Operator::AllMatch, "paths")
        .with_constraint("base_branch", Operator::Equals, "base_branch")
        .with_constraint("base_branches", Operator::OneOf, "base_branch")
        .with_constraint("blocked_paths", Operator::NoneMatch, "paths")
        .with_constraint("lfs_changed", Operator::Equals, "lfs_changed")
        .with_constraint("max_binary_files", Operator::AtMost, "binary_files")
        .with_constraint("max_commits", Operator::AtMost, "commits")
        .with_constraint("max_files_changed", Operator::AtMost, "files_changed")
        .with_constraint("max_lines_changed", Operator::AtMost, "lines_changed")
        .with_constraint("paths_confusable", Operator::Equals, "paths_confusable")
        .with_constraint("production_categories", Operator::SubsetOf, "production_categories")
        .with_constraint("requires_tests", Operator::IsTrue, "tests_changed")
        .with_constraint("submodules_within", Operator::AllMatch, "submodules")
        .with_constraint("symlinks_within", Operator::AllMatch, "symlinks")
        .with_constraint("tests_removed", Operator::Equals, "tests_removed")
        .with_constraint("touches_production", Operator::Equals, "touches_production")
}
