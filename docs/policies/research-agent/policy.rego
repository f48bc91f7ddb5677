# A research agent that only reads. What it is for, and what not, stands in policy.yml.
package axtary

deny contains "the research agent only reads" if input.actor.agent_id == "research-bot"

allow if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	is_number(input.facts.files_changed)
	input.facts.files_changed <= 20
	input.facts.tests_changed == true
	input.facts.touches_production == false
}
