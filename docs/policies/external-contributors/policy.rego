# Forks and external contributors. What it is for, and what not, stands in policy.yml.
#
# Trap: `contains(owner, "@example.com")` would let `mallory@example.com.evil.net` in.
package axtary

allow if {
	pull_request_within(20)
	input.resource in {"repo:company/open-tool", "repo:company-forks/open-tool"}
	endswith(input.actor.human_owner, "@example.com")
}

allow if {
	pull_request_within(20)
	input.resource == "repo:company-forks/open-tool"
}

allow if {
	pull_request_within(1)
	input.resource == "repo:company/open-tool"
	input.facts.binary_files == 0
	is_number(input.facts.lines_changed)
	input.facts.lines_changed <= 10
}

pull_request_within(files) if {
	input.tool == "github.pull_requests.create"
	is_number(input.facts.files_changed)
	input.facts.files_changed <= files
	input.facts.touches_production == false
}
