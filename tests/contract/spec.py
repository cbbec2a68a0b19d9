# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml as the walk needs it: operations with their schemas, references taken in."""
import json
import re
from functools import lru_cache
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
METHODS = ('get', 'head', 'post', 'put', 'patch', 'delete', 'options')
ROLES = ('viewer', 'operator', 'publisher', 'admin', 'server')  # server: admin of all tenants
MATRIX = re.compile(r'^\| `([a-z.]+)` \|[^|]*\|' + ' (yes|-) \\|' * len(ROLES) + '$', re.M)


class Operation:
    def __init__(self, document, path, item, method):
        raw = item[method]
        self.path, self.method, self.id = path, method.upper(), raw['operationId']
        self.open = raw.get('security', document['security']) == []
        self.permission = raw['x-otaru-permission']
        self.parameters = [inlined(document, p)
                           for p in item.get('parameters', []) + raw.get('parameters', [])]
        self.body = inlined(document, raw.get('requestBody'))
        self.answers = {str(k): inlined(document, v) for k, v in raw['responses'].items()}
        self.raw = raw

    def named(self, where):
        return [p for p in self.parameters if p['in'] == where]

    def allows(self, role):
        return role in permissions()[self.permission]

    @property
    def json_body(self):
        """The schema of the body, if it is JSON."""
        kinds = (self.body or {}).get('content', {})
        return kinds.get('application/json', {}).get('schema')

    @property
    def is_list(self):
        """A list of everything there is: what a state is compared by."""
        names = {p['name'] for p in self.parameters}
        return (self.method == 'GET' and not self.named('path') and not self.open and
                'application/json' in self.answers.get('200', {}).get('content', {}) and
                not any(p.get('required') for p in self.parameters) and
                ('limit' in names or self.id == 'list_settings'))

    def __repr__(self):
        return f'{self.id} ({self.method} {self.path})'


def inlined(document, node, seen=()):
    """The node with every $ref replaced by what it names; siblings of a $ref stay."""
    if isinstance(node, list):
        return [inlined(document, part, seen) for part in node]
    if not isinstance(node, dict):
        return node
    if '$ref' in node:
        name = node['$ref']
        if name in seen:
            return {}  # a schema inside itself: checked one turn deep
        target = document
        for part in name.removeprefix('#/').split('/'):
            target = target[part]
        out = dict(inlined(document, target, (*seen, name)))
        out.update({k: inlined(document, v, seen) for k, v in node.items() if k != '$ref'})
        return out
    return {k: inlined(document, v, seen) for k, v in node.items()}


@lru_cache
def load():
    document = yaml.safe_load((ROOT / 'src/api/openapi.yaml').read_text())
    operations = [Operation(document, path, item, method)
                  for path, item in document['paths'].items() for method in METHODS
                  if method in item]
    return document, operations


@lru_cache
def permissions():
    """Which roles have which permission, as docs/api.md promises."""
    found = MATRIX.findall((ROOT / 'docs/api.md').read_text())
    return {name: {role for role, word in zip(ROLES, words) if word == 'yes'}
            for name, *words in found}


_validators = {}


def errors_of(schema, value):
    """What is wrong with the value, each in a line."""
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = jsonschema.Draft202012Validator(schema)
    return [f'{"/".join(map(str, e.absolute_path))}: {e.message[:200]}'
            for e in _validators[key].iter_errors(value)]


def loose_objects(schema, where):
    """Objects of an answer that do not say which members they have, and which are always there."""
    found = []
    if isinstance(schema, list):
        for part in schema:
            found += loose_objects(part, where)
    elif isinstance(schema, dict):
        if 'properties' in schema:
            if 'additionalProperties' not in schema or 'required' not in schema:
                found.append(where)
        for key, part in schema.items():
            if key == 'properties':
                for name, of in part.items():
                    found += loose_objects(of, f'{where}.{name}')
            elif key not in ('examples', 'example', 'default', 'enum', 'const'):
                found += loose_objects(part, where)
    return found


def leaves_schema(operation, answer):
    """Why this answer is none that the document describes; nothing when it is."""
    described = operation.answers.get(str(answer.status))
    if described is None:
        if answer.status != 429 and answer.status < 500 or 'default' not in operation.answers:
            return f'status {answer.status} is not described'
        described = operation.answers['default']
    if operation.method == 'HEAD':
        return f'HEAD with a body: {answer.body[:100]!r}' if answer.body else None
    kinds = described.get('content', {})
    if not kinds:
        return f'{answer.status} has a body that is not described' if answer.body else None
    if answer.type not in kinds:
        return f'{answer.status} is of the type {answer.type!r}, described: {", ".join(kinds)}'
    schema = kinds[answer.type].get('schema')
    if schema is None:
        return None
    if answer.type.endswith('ndjson') and schema.get('type') != 'string':
        try:
            values = [json.loads(line) for line in answer.body.decode().splitlines()]
        except ValueError as error:
            return f'{answer.status} has a line that is not JSON: {error}'
        wrong = [fault for value in values for fault in errors_of(schema, value)]
        return f'{answer.status} leaves its schema: {"; ".join(wrong[:3])}' if wrong else None
    if answer.type.endswith('ndjson'):
        value = answer.body.decode()  # a line each; held to its rules by tests of its own
    elif answer.type.endswith('json'):
        try:
            value = answer.json()
        except ValueError as error:
            return f'{answer.status} is not JSON: {error}'
    else:
        value = answer.body.decode()
    wrong = errors_of(schema, value)
    if not wrong and answer.type == 'application/problem+json' and value['status'] != answer.status:
        wrong = [f'status {value["status"]} in the body of a {answer.status}']
    return f'{answer.status} leaves its schema: {"; ".join(wrong[:3])}' if wrong else None
