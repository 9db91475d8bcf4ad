#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
forms.py DIR NAME WHOLE LINE [NAME WHOLE LINE...]: what a command printed in each form, the
files DIR/NAME.json, .jsonl, .csv and .bare, tells the same records. WHOLE and LINE are the
definitions of Documentation/schema/vmctl.json that the first two must be as; - for a form that
the command has not. .bare is csv without keys.
"""
import csv
import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open('Documentation/schema/vmctl.json'))
bad = 0


def complain(*words):
    global bad
    bad += 1
    print('#', *words)


def documents(name, form, definition):
    lines = open(f'{name}.{form}', encoding='utf-8').read().splitlines()
    validator = Draft202012Validator({**schema, '$ref': '#/$defs/' + definition})
    for line in lines:
        for e in validator.iter_errors(json.loads(line)):
            complain(name, form, '/'.join(map(str, e.absolute_path)), e.message)
    if not lines:
        complain(name, form, 'is empty')
    return [json.loads(line) for line in lines]


def flat(value, key=''):
    """The keys of csv: those of parts have a dot between."""
    if not isinstance(value, dict) or key == 'labels':
        return [key]
    return [k for name in value for k in flat(value[name], f'{key}.{name}' if key else name)]


def check(directory, name, whole, line):
    name = f'{directory}/{name}'
    with open(name + '.csv', newline='') as file:
        heads, *rows = list(csv.reader(file))
    with open(name + '.bare', newline='') as file:
        bare = list(csv.reader(file))
    if any(len(row) != len(heads) for row in rows + bare):
        complain(name, 'csv: lines of several lengths')
    if len(bare) != len(rows) or not rows:
        complain(name, 'csv:', len(rows), 'rows, without keys', len(bare))
    if whole != '-':
        found, = documents(name, 'json', whole) or [{}]
        if found.get('schema') != 1:
            complain(name, 'json: no schema')
    if line == '-':
        return
    records = documents(name, 'jsonl', line)
    for record in records:
        if record.pop('schema', None) != 1:
            complain(name, 'jsonl: no schema')
        if flat(record) != heads:
            complain(name, 'csv has', heads, 'jsonl', flat(record))
    if len(records) != len(rows):
        complain(name, 'csv has', len(rows), 'records, jsonl', len(records))


words = sys.argv[2:]
if not words or len(words) % 3:
    sys.exit(__doc__)
for i in range(0, len(words), 3):
    check(sys.argv[1], *words[i:i + 3])
sys.exit(bad != 0)
