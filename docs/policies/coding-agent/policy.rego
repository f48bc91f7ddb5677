# A coding agent on one repository. What it is for, and what not, stands in policy.yml.
#
# Traps:
# - `not input.facts.touches_production` would hold for a call without that fact. Compare with `false`.
# - Values of different types compare without an error (`true <= 12` holds), so a bound needs `is_number` beside it.
package axtary

allow if {
	input.actor.agent_id == "codex-prod"
	input.tool == "github.pull_requests.create"
	input.resource == "repo:company/web-app"
	startswith(input.intent.task_id, "AXT-")
	input.facts.base_branch == "main"
	input.facts.binary_files == 0
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 12
	is_number(input.facts.lines_changed)
	input.facts.lines_changed <= 400
	input.facts.paths_confusable == false
	input.facts.tests_changed == true
	input.facts.tests_removed == false
	input.facts.touches_production == false
}
