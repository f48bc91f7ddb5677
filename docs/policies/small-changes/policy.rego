# Small changes only. What it is for, and what not, stands in policy.yml.
#
# Trap: `at_most` asks for a number first. In Rego's order of types `true` is less than every number, and so is `null`.
package axtary

allow if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	input.facts.lfs_changed == false
	at_most(input.facts.binary_files, 0)
	at_most(input.facts.commits, 5)
	at_most(input.facts.files_changed, 8)
	at_most(input.facts.lines_changed, 200)
	input.facts.touches_production == false
}

at_most(value, bound) if {
	is_number(value)
	value <= bound
}
