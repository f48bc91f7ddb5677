//! The tools whose calls this adapter normalizes, as policy knows them.

use axtary_actionpass::Vocabulary;

use crate::vocabulary;

/// A tool: what it is called, what it acts on, and what is known of its calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tool {
    /// The tool's name, such as `github.pull_requests.create`.
    pub name: &'static str,
    /// The type of its resources: the `repo` of `repo:company/web-app`.
    pub resource: &'static str,
    /// The facts that are derived from its calls, and the constraints over them.
    pub vocabulary: Vocabulary,
}

/// All tools whose calls are normalized here, in the order of their names.
pub fn tools() -> Vec<Tool> {
    TOOLS
        .iter()
        .map(|(name, facts)| Tool {
            name,
            resource: if *name == UNKNOWN { ROUTE } else { REPO },
            vocabulary: vocabulary::about(|fact| facts.iter().any(|group| group.contains(&fact))),
        })
        .collect()
}

/// The type of the resource that is a repository.
pub(crate) const REPO: &str = "repo";
/// The type of the resource that is a route which no tool is known for.
pub(crate) const ROUTE: &str = "route";

pub(crate) const CANCEL_RUN: &str = "github.actions.cancel";
pub(crate) const DISPATCH_WORKFLOW: &str = "github.actions.dispatch";
pub(crate) const RERUN: &str = "github.actions.rerun";
pub(crate) const ADD_COLLABORATOR: &str = "github.collaborators.add";
pub(crate) const DELETE_CONTENTS: &str = "github.contents.delete";
pub(crate) const WRITE_CONTENTS: &str = "github.contents.write";
pub(crate) const CREATE_COMMIT: &str = "github.git.create_commit";
pub(crate) const CREATE_TREE: &str = "github.git.create_tree";
pub(crate) const COMMENT: &str = "github.issues.comment";
pub(crate) const CREATE_ISSUE: &str = "github.issues.create";
pub(crate) const UPDATE_ISSUE: &str = "github.issues.update";
pub(crate) const MERGE_BRANCH: &str = "github.merges.create";
pub(crate) const CREATE_PULL_REQUEST: &str = "github.pull_requests.create";
pub(crate) const ENABLE_AUTO_MERGE: &str = "github.pull_requests.enable_auto_merge";
pub(crate) const MERGE_PULL_REQUEST: &str = "github.pull_requests.merge";
pub(crate) const REQUEST_REVIEWERS: &str = "github.pull_requests.request_reviewers";
pub(crate) const SUBMIT_REVIEW: &str = "github.pull_requests.submit_review";
pub(crate) const UPDATE_PULL_REQUEST: &str = "github.pull_requests.update";
pub(crate) const CREATE_REF: &str = "github.refs.create";
pub(crate) const DELETE_REF: &str = "github.refs.delete";
pub(crate) const UPDATE_REF: &str = "github.refs.update";
pub(crate) const CREATE_RELEASE: &str = "github.releases.create";
pub(crate) const DELETE_REPOSITORY: &str = "github.repos.delete";
pub(crate) const READ: &str = "github.repos.read";
pub(crate) const UPDATE_REPOSITORY: &str = "github.repos.update";
pub(crate) const WRITE_SECRET: &str = "github.secrets.write";
pub(crate) const UNKNOWN: &str = "github.unknown";

/// Facts that come together.
type Group = &'static [&'static str];

/// Each tool with its facts, in groups.
const TOOLS: [(&str, &[Group]); 27] = [
    (CANCEL_RUN, &[&["force", "run"]]),
    (DISPATCH_WORKFLOW, &[TARGET, &["inputs", "workflow"]]),
    (RERUN, &[&["debug_logging", "rerun", "run"]]),
    (ADD_COLLABORATOR, &[&["permission", "user"]]),
    (DELETE_CONTENTS, &[PATHS, TARGET, WRITTEN]),
    (WRITE_CONTENTS, &[PATHS, TARGET, WRITTEN]),
    (CREATE_COMMIT, &[&["names_author", "parents", "signed_commits", "skips_ci"]]),
    (
        CREATE_TREE,
        &[
            PATHS,
            &[
                "bytes_written",
                "lfs_changed",
                "paths_removed",
                "replaces_tree",
                "submodules",
                "symlink_targets",
                "symlinks",
            ],
        ],
    ),
    (COMMENT, &[TEXT, &["number"]]),
    (CREATE_ISSUE, &[TEXT, &["assignees", "labels"]]),
    (UPDATE_ISSUE, &[TEXT, &["assignees", "labels", "number", "settings", "state"]]),
    (MERGE_BRANCH, &[PATHS, CHANGES, BRANCHES, GUARDED]),
    (CREATE_PULL_REQUEST, &[PATHS, CHANGES, BRANCHES]),
    (ENABLE_AUTO_MERGE, &[PATHS, CHANGES, BRANCHES, GUARDED, MERGE]),
    (MERGE_PULL_REQUEST, &[PATHS, CHANGES, BRANCHES, GUARDED, MERGE]),
    (REQUEST_REVIEWERS, &[PATHS, CHANGES, BRANCHES, &["number", "reviewers", "team_reviewers"]]),
    (SUBMIT_REVIEW, &[PATHS, CHANGES, BRANCHES, TEXT, &["approves", "number"]]),
    (UPDATE_PULL_REQUEST, &[PATHS, CHANGES, BRANCHES, TEXT, &["number", "settings", "state"]]),
    (CREATE_REF, &[PATHS, CHANGES, REF]),
    (DELETE_REF, &[REF, GUARDED]),
    (UPDATE_REF, &[PATHS, CHANGES, REF, GUARDED, &["fast_forward", "force"]]),
    (CREATE_RELEASE, &[TEXT, &["draft", "prerelease", "tag", "target"]]),
    (DELETE_REPOSITORY, &[]),
    (READ, &[&["paths", "route"]]),
    (UPDATE_REPOSITORY, &[&["settings", "visibility"]]),
    (WRITE_SECRET, &[&["environment", "secret", "secret_store"]]),
    (UNKNOWN, &[&["method", "route"]]),
];

/// Which paths a call touches.
const PATHS: Group = &[
    "files_changed",
    "max_files_changed",
    "paths",
    "paths_confusable",
    "production_categories",
    "touches_production",
    "touches_workflows",
];

/// What commits change at these paths.
const CHANGES: Group = &[
    "binary_files",
    "commits",
    "largest_file",
    "lfs_changed",
    "lines_added",
    "lines_changed",
    "lines_removed",
    "mode_changes",
    "renames",
    "skips_ci",
    "submodules",
    "symlink_targets",
    "symlinks",
    "test_harness_changed",
    "tests_changed",
    "tests_removed",
];

/// From where to where.
const BRANCHES: Group = &["base_branch", "from_fork", "head_branch"];

/// How a pull request is merged.
const MERGE: Group = &["check_apps", "merge_method", "number", "signed_commits", "tests_passed"];

/// The branch that a call writes to, or runs from.
const TARGET: Group = &["branch", "is_default_branch", "protected_branch", "refs"];

/// What a call commits there.
const WRITTEN: Group = &["bytes_written", "lfs_changed", "names_author", "skips_ci"];

/// The ref that a call writes.
const REF: Group = &["is_tag", "refs"];

/// Whether what is written needs care.
const GUARDED: Group = &["is_default_branch", "protected_branch"];

/// What a text sets off.
const TEXT: Group = &["commands", "mentions"];

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use axtary_actionpass::FactType;

    use super::*;
    use crate::{
        graphql::MUTATIONS,
        route::{BASE, READS, WRITES},
        vocabulary::{CONSTRAINTS, FACTS},
    };

    /// The groups, as the documentation calls them.
    const GROUPS: [(&str, Group); 9] = [
        ("branches", BRANCHES),
        ("changes", CHANGES),
        ("guarded", GUARDED),
        ("merge", MERGE),
        ("paths", PATHS),
        ("ref", REF),
        ("target", TARGET),
        ("text", TEXT),
        ("written", WRITTEN),
    ];

    #[test]
    fn tools_stand_in_order_and_their_facts_are_defined() {
        assert!(TOOLS.is_sorted_by(|a, b| a.0 < b.0));
        for (tool, facts) in TOOLS {
            let names: Vec<&str> = facts.iter().flat_map(|group| *group).copied().collect();
            for name in &names {
                assert!(FACTS.iter().any(|(known, ..)| known == name), "{tool}: {name}");
                assert_eq!(
                    names.iter().filter(|other| *other == name).count(),
                    1,
                    "{tool}: {name}"
                );
            }
        }
        for (name, ..) in FACTS {
            let is_used = |(_, facts): &(&str, &[Group])| facts.iter().any(|f| f.contains(&name));
            assert!(TOOLS.iter().any(is_used), "{name}");
        }
    }

    /// `a`, `b`
    fn code<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
        items.into_iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
    }

    fn actions() -> String {
        let mut table = String::from(
            "| tool | REST, below `/repos/{owner}/{repo}` | GraphQL | facts |\n|---|---|---|---|\n",
        );
        for (tool, groups) in TOOLS {
            let routes = WRITES
                .iter()
                .filter(|(_, _, of, _)| *of == tool)
                .map(|(method, route, ..)| format!("{method} {route}"))
                .map(|route| format!("`{}`", route.trim_end()))
                .collect::<Vec<_>>();
            let mutations = MUTATIONS
                .iter()
                .filter(|(_, tools, _)| tools.contains(&tool))
                .map(|(name, ..)| *name);
            let facts =
                groups.iter().map(|group| match GROUPS.iter().find(|(_, known)| known == group) {
                    Some((name, _)) => format!("*{name}*"),
                    None => code(group.iter().copied()),
                });
            let facts = facts.collect::<Vec<_>>().join(", ");
            let routes = routes.join(", ");
            writeln!(table, "| `{tool}` | {routes} | {} | {facts} |", code(mutations)).unwrap();
        }
        table
    }

    fn groups() -> String {
        let mut table = String::from("| group | facts |\n|---|---|\n");
        for (name, facts) in GROUPS {
            writeln!(table, "| *{name}* | {} |", code(facts.iter().copied())).unwrap();
        }
        table
    }

    fn facts() -> String {
        let mut table =
            String::from("| fact | type | meaning | constraints |\n|---|---|---|---|\n");
        for (name, fact_type, unit, meaning) in FACTS {
            let fact_type = match fact_type {
                FactType::Boolean => "boolean",
                FactType::Integer => "integer",
                FactType::Text => "text",
                FactType::TextList => "list of texts",
                other => panic!("{other:?}"),
            };
            let unit = if unit.is_empty() { String::new() } else { format!(", in {unit}") };
            let constraints = CONSTRAINTS
                .iter()
                .filter(|(_, _, fact)| *fact == name)
                .map(|(constraint, operator, _)| format!("`{constraint}` ({})", operator.phrase()))
                .collect::<Vec<_>>();
            let constraints = constraints.join(", ");
            writeln!(table, "| `{name}` | {fact_type}{unit} | {meaning} | {constraints} |")
                .unwrap();
        }
        table
    }

    #[test]
    fn the_page_has_the_tables_that_the_code_has() {
        let page = include_str!("../../../docs/github.md");
        let reads: String = READS.iter().map(|route| format!("    {BASE}{route}\n")).collect();
        let missing: Vec<String> = [actions(), groups(), facts(), reads]
            .into_iter()
            .filter(|table| !page.contains(table.as_str()))
            .collect();
        assert!(missing.is_empty(), "docs/github.md lacks:\n\n{}", missing.join("\n\n"));
    }
}
