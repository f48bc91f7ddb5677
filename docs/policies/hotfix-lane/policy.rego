# An emergency lane for hotfixes. What it is for, and what not, stands in policy.yml.
#
# Trap: `task_id` is absent for a call without a task, and `startswith` is then undefined: the rule does not hold.
package axtary

step_up contains "oncall" if {
	pull_request_within(3)
	startswith(input.intent.task_id, "INC-")
	input.facts.base_branch in {"release/1.4", "release/1.5"}
	is_number(input.facts.lines_changed)
	input.facts.lines_changed <= 60
	input.facts.tests_removed == false
}

allow if {
	pull_request_within(20)
	input.facts.base_branch == "main"
	input.facts.touches_production == false
}

pull_request_within(files) if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	is_number(input.facts.files_changed)
	input.facts.files_changed <= files
}
