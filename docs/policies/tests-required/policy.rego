# No code without tests. What it is for, and what not, stands in policy.yml.
#
# Trap: two `allow` rules are an "or", so whatever both must demand stands in each, or in a rule that both name.
package axtary

allow if {
	keeps_tests
	input.facts.tests_changed == true
	input.facts.touches_production == false
}

allow if {
	keeps_tests
	every path in input.facts.paths {
		path in {"CHANGELOG.md", "CONTRIBUTING.md", "README.md"}
	}
}

keeps_tests if {
	input.tool == "github.pull_requests.create"
	startswith(input.resource, "repo:company/")
	input.facts.tests_removed == false
}
