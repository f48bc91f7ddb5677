# Repositories by team. What it is for, and what not, stands in policy.yml.
#
# In an OPA bundle, `teams` could be data beside the module, and change without it. It is then part of the policy's version too.
package axtary

teams := {
	"backend": {
		"agents": {"backend-bot-1", "backend-bot-2"},
		"repositories": {"repo:company/api", "repo:company/billing"},
	},
	"frontend": {
		"agents": {"frontend-bot-1"},
		"repositories": {"repo:company/web-app", "repo:company/design-system"},
	},
}

allow if {
	pull_request_within(20)
	some team in teams
	input.actor.agent_id in team.agents
	input.resource in team.repositories
}

allow if {
	pull_request_within(3)
	some team in teams
	input.actor.agent_id in team.agents
	input.resource == "repo:company/protocol"
	input.facts.tests_changed == true
}

pull_request_within(files) if {
	input.tool == "github.pull_requests.create"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= files
	input.facts.touches_production == false
}
