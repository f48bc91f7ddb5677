# An agent that writes documentation, and nothing else. What it is for, and what not, stands in policy.yml.
#
# Trap: `every` over a fact that is missing is undefined, so the rule does not hold. Over an empty list it holds.
package axtary

pages := {"README.md", "docs/faq.md", "docs/guide.md", "docs/install.md"}

allow if {
	input.actor.agent_id == "docs-bot"
	input.tool == "github.pull_requests.create"
	input.resource == "repo:company/handbook"
	every path in input.facts.paths {
		path in pages
	}
	input.facts.base_branch == "main"
	input.facts.binary_files == 0
	input.facts.symlinks == []
}
