# A night shift on trial. What it is for, and what not, stands in policy.yml.
#
# Rego has no rules on trial, so the rule for the night is not here. Keep it in a module of its own, out of force, and replay the
# ledger under it.
package axtary

allow if {
	input.actor.agent_id == "codex-day"
	input.tool == "github.pull_requests.create"
	input.resource == "repo:company/web-app"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 20
	input.facts.touches_production == false
}
