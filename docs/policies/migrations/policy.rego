# Migrations by the database's keepers. What it is for, and what not, stands in policy.yml.
package axtary

step_up contains "database-keepers" if {
	opens_pull_request
	input.facts.touches_production == true
	every category in input.facts.production_categories {
		category == "data"
	}
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 3
	input.facts.tests_changed == true
}

allow if {
	opens_pull_request
	input.facts.touches_production == false
}

opens_pull_request if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	input.facts.base_branch == "main"
}
