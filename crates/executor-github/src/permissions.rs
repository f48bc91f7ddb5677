//! The calls that are made here, and what each needs of a GitHub App's token.

use axtary_actionpass::ToolName;

use crate::{client::Permissions, error::ExecuteError};

const CONTENTS: Permissions = &[("contents", "write")];
const PULL_REQUESTS: Permissions = &[("contents", "read"), ("pull_requests", "write")];
const MERGE: Permissions =
    &[("checks", "read"), ("contents", "write"), ("pull_requests", "write"), ("statuses", "read")];
const ISSUES: Permissions = &[("issues", "write"), ("pull_requests", "write")];
const READ: Permissions = &[
    ("actions", "read"),
    ("checks", "read"),
    ("contents", "read"),
    ("issues", "read"),
    ("pull_requests", "read"),
    ("statuses", "read"),
];
const ACTIONS: Permissions = &[("actions", "write"), ("contents", "read")];

/// The tools, in the order of their names. What is not here is not made: settings are not an agent's to change.
const TOOLS: [(&str, Permissions); 21] = [
    ("github.actions.cancel", ACTIONS),
    ("github.actions.dispatch", ACTIONS),
    ("github.actions.rerun", ACTIONS),
    ("github.contents.delete", CONTENTS),
    ("github.contents.write", CONTENTS),
    ("github.git.create_commit", CONTENTS),
    ("github.git.create_tree", CONTENTS),
    ("github.issues.comment", ISSUES),
    ("github.issues.create", ISSUES),
    ("github.issues.update", ISSUES),
    ("github.merges.create", CONTENTS),
    ("github.pull_requests.create", PULL_REQUESTS),
    ("github.pull_requests.merge", MERGE),
    ("github.pull_requests.request_reviewers", PULL_REQUESTS),
    ("github.pull_requests.submit_review", PULL_REQUESTS),
    ("github.pull_requests.update", PULL_REQUESTS),
    ("github.refs.create", CONTENTS),
    ("github.refs.delete", CONTENTS),
    ("github.refs.update", CONTENTS),
    ("github.releases.create", CONTENTS),
    ("github.repos.read", READ),
];

/// What a call of this tool needs.
pub(crate) fn of(tool: &ToolName) -> Result<Permissions, ExecuteError> {
    let found = TOOLS.iter().find(|(name, _)| *name == tool.as_str());
    found.map(|(_, permissions)| *permissions).ok_or_else(|| ExecuteError::UnknownTool {
        tool: tool.to_string(),
        known: TOOLS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("`, `"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_that_is_made_is_one_that_the_adapter_knows() {
        let known: Vec<&str> =
            axtary_adapter_github::tools().iter().map(|tool| tool.name).collect();
        assert!(TOOLS.is_sorted());
        for (tool, _) in TOOLS {
            assert!(known.contains(&tool), "{tool}");
            assert!(of(&tool.parse().unwrap()).is_ok());
        }
        for tool in ["github.unknown", "github.repos.delete", "slack.post"] {
            assert!(of(&tool.parse().unwrap()).is_err(), "{tool}");
        }
    }
}
