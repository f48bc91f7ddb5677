# Secrets never. What it is for, and what not, stands in policy.yml.
#
# Trap: a `deny` over a fact that is missing is undefined. `allow` asks for the same fact, so without it nothing permits.
package axtary

deny contains "secrets are changed by humans, outside of repositories" if {
	some category in input.facts.production_categories
	category == "secrets"
}

allow if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	every category in input.facts.production_categories {
		category in {
			"ci", "data", "dependencies", "image", "infra",
			"kubernetes", "ownership", "runtime_flags",
		}
	}
}
