"""Validates events, one a line, against the schema that OCSF publishes for their class and profiles. Unknown members are refused."""

import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    schema = schemas.get_class_schema("api_activity", event["metadata"]["profiles"])
    assert event["metadata"]["version"] == "1.8.0"
    jsonschema.Draft202012Validator(schema).validate(event)
    count += 1
print(count)
