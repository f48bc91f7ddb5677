# No production without two humans. What it is for, and what not, stands in policy.yml.
#
# Trap: `step_up` is a set of approvers, any one of whom may approve. An empty set asks nobody, and steps nothing up.
package axtary

approvers := {"platform-oncall", "security"}

approvable := {
	"ci", "data", "dependencies", "image", "infra",
	"kubernetes", "ownership", "runtime_flags",
}

step_up contains approver if {
	pull_request_within(10)
	input.facts.touches_production == true
	every category in input.facts.production_categories {
		category in approvable
	}
	some approver in approvers
}

allow if {
	pull_request_within(30)
	input.facts.touches_production == false
}

pull_request_within(files) if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	input.facts.base_branch == "main"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= files
}
