# Prints what junitparser finds in a report: a line for each suite, and one for each test with how it failed.
import sys
from junitparser import Failure, JUnitXml

report = JUnitXml.fromfile(sys.argv[1])
print(report.tests, report.failures, report.errors)
for suite in report:
    print(suite.name, suite.tests, suite.failures)
    for case in suite:
        for result in case.result:
            assert isinstance(result, Failure), result
            first = (result.text or "").strip().splitlines()[:1]
            print("-", case.name, "|", result.type, "|", result.message, "|", *first)
