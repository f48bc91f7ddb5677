# Dependency updates only. What it is for, and what not, stands in policy.yml.
#
# Trap: `some path in paths; path in manifests` would be content with one. `every` is meant.
package axtary

manifests := {"Cargo.toml", "Cargo.lock", "package.json", "package-lock.json"}

allow if {
	input.actor.agent_id == "renovate"
	input.tool == "github.pull_requests.create"
	input.resource == "repo:company/web-app"
	input.facts.base_branch == "main"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 4
	every path in input.facts.paths {
		path in manifests
	}
	every category in input.facts.production_categories {
		category == "dependencies"
	}
	input.facts.tests_removed == false
}
