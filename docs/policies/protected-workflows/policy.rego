# Workflows and code ownership need security. What it is for, and what not, stands in policy.yml.
package axtary

step_up contains "security" if {
	opens_pull_request
	input.facts.touches_production == true
	every category in input.facts.production_categories {
		category in {"ci", "ownership"}
	}
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 5
}

allow if {
	opens_pull_request
	input.facts.touches_production == false
}

opens_pull_request if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
}
