#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
schema.py DEFINITION FILE [DEFINITION FILE...]: each line of each file is a JSON document that
must be as the definition of Documentation/schema/vmctl.json says. A file without lines is a
failure.
"""
import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open('Documentation/schema/vmctl.json'))
Draft202012Validator.check_schema(schema)
bad = 0


def complain(*words):
    global bad
    bad += 1
    print('#', *words)


def check(definition, name):
    if definition not in schema['$defs']:
        return complain('no definition', definition)
    validator = Draft202012Validator({**schema, '$ref': '#/$defs/' + definition})
    lines = open(name, encoding='utf-8').read().splitlines()
    if not lines:
        complain(name, 'is empty')
    for line in lines:
        try:
            document = json.loads(line, parse_constant=complain)
        except ValueError as e:
            complain(name, e, line)
            continue
        for e in validator.iter_errors(document):
            complain(name, '/'.join(map(str, e.absolute_path)), e.message)


if len(sys.argv) < 3 or len(sys.argv) % 2 == 0:
    sys.exit(__doc__)
for i in range(1, len(sys.argv), 2):
    check(sys.argv[i], sys.argv[i + 1])
sys.exit(bad != 0)
