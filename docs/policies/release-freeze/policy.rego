# A release freeze. What it is for, and what not, stands in policy.yml.
#
# Trap: a `deny` about a fact that is missing is undefined, and denies nothing. The second `deny` is there for that.
package axtary

deny contains "release/2.0 is frozen; merge into next" if {
	moves_a_branch
	input.facts.base_branch == "release/2.0"
}

deny contains "the branch is not known" if {
	moves_a_branch
	not is_string(input.facts.base_branch)
}

allow if {
	opens_pull_request
	input.facts.base_branch == "next"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 30
	input.facts.touches_production == false
}

allow if {
	opens_pull_request
	input.facts.base_branch == "main"
	is_array(input.facts.paths)
	every path in input.facts.paths {
		path in {"CHANGELOG.md", "README.md", "docs/release-notes.md"}
	}
}

moves_a_branch if startswith(input.tool, "github.pull_requests.")

moves_a_branch if startswith(input.tool, "github.merges.")

opens_pull_request if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
}
