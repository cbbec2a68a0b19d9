# SPDX-License-Identifier: Apache-2.0
"""Inputs that an operation must refuse, derived from what openapi.yaml says of its input."""
import json
import re

import spec
from spec import errors_of

KINDS = {'string': 'text', 'integer': 7, 'boolean': True, 'null': None, 'array': [],
         'object': {}, 'number': 1.5}
BODY_MAX = 4 * 1024 * 1024  # kApiBodyBytesMax


def samples(schema):
    """Values that are likely wrong for this schema; the caller asks the schema."""
    if not isinstance(schema, dict):
        return
    for value in KINDS.values():
        yield value
    for part in schema.get('anyOf', []) + schema.get('oneOf', []) + schema.get('allOf', []):
        yield from samples(part)
    if 'enum' in schema or 'const' in schema:
        yield 'no-such-word'
    if 'maxLength' in schema:
        yield 'a' * (schema['maxLength'] + 1)
    if schema.get('minLength'):
        yield ''
    if 'pattern' in schema:
        yield from ('', '../..', 'a b', '\u0007', 'a' * 300, 'é', '%')
    if 'minimum' in schema:
        yield schema['minimum'] - 1
    if 'maximum' in schema:
        yield schema['maximum'] + 1
    if 'items' in schema:
        for value in samples(schema['items']):
            yield [value]
    if schema.get('maxItems', 10**6) < 5000:
        yield [1] * (schema['maxItems'] + 1)
        yield ['a'] * (schema['maxItems'] + 1)
    if schema.get('minItems'):
        yield []
    for name, part in schema.get('properties', {}).items():
        for value in samples(part):
            yield {name: value}
    if schema.get('additionalProperties') is False:
        yield {'nobody-knows-me': 1}
    elif isinstance(schema.get('additionalProperties'), dict):
        for value in samples(schema['additionalProperties']):
            yield {'name': value}


def short(value):
    text = json.dumps(value)
    return text if len(text) < 60 else text[:40] + f'... ({len(text)})'


def bodies(schema, valid):
    """(what is wrong, body) for a JSON body."""
    seen = set()

    def wrong(label, body):
        text = json.dumps(body, sort_keys=True)
        if text in seen or not errors_of(schema, body):
            return []
        seen.add(text)
        return [(f'{label}', body)]

    for name in schema.get('required', []):
        yield from wrong(f'without {name}', {k: v for k, v in valid.items() if k != name})
    if schema.get('additionalProperties') is False:
        yield from wrong('unknown member', {**valid, 'nobody-knows-me': 1})
    for name, part in schema.get('properties', {}).items():
        for value in samples(part):
            if isinstance(value, dict) and isinstance(valid.get(name), dict):
                value = {**valid[name], **value}
            yield from wrong(f'{name} = {short(value)}', {**valid, name: value})


def raw_bodies(required):
    """(what is wrong, headers, bytes) for an operation that takes JSON."""
    kind = {'Content-Type': 'application/json'}
    for text in ('{', '[]', 'null', '7', '"text"', '{"a":1,"a":2}', '{"a":1,}', '{} {}',
                 '[' * 200, "{'a': 1}"):
        yield f'body {text[:20]}', kind, text.encode()
    yield 'body that is not UTF-8', kind, b'{"name":"\xff\xfe"}'
    yield 'body that is UTF-16', kind, '{"name":"a"}'.encode('utf-16')
    yield 'a form', {'Content-Type': 'application/x-www-form-urlencoded'}, b'name=a'
    yield 'plain text', {'Content-Type': 'text/plain'}, b'{}'
    yield 'no content type', {}, b'{}'
    yield 'too large', kind, b'{"name":"' + b'a' * BODY_MAX + b'"}'
    if required:
        yield 'no body', {}, None
        yield 'empty body', kind, b''


def parameter_texts(schema):
    """Texts that are wrong for a parameter of this schema."""
    if schema.get('type') == 'array':
        yield from parameter_texts(schema['items'])
        return
    texts = ['', 'x', '1.5', '-1', '0', '99999999999999999999', 'no-such-word', '../..', 'a b',
             '\u0007']
    if 'maximum' in schema:
        texts.append(str(schema['maximum'] + 1))
    if 'minimum' in schema:
        texts.append(str(schema['minimum'] - 1))
    if 'maxLength' in schema:
        texts.append('a' * (schema['maxLength'] + 1))
    for text in texts:
        value = text
        if schema.get('type') == 'integer' and re.fullmatch('-?[0-9]+', text):
            value = int(text)
            if abs(value) > 2**63:
                yield text
                continue
        if schema.get('type') == 'boolean' and text in ('true', 'false'):
            value = text == 'true'
        if errors_of(schema, value):
            yield text


def inputs(operation, valid):
    """(what is wrong, Input) for everything that can be wrong with a request of this operation."""
    schema = operation.json_body
    if schema is not None:
        for label, body in bodies(schema, valid.body or {}):
            yield label, valid.replaced(body=body)
        if list(operation.body['content']) == ['application/json']:
            for label, headers, raw in raw_bodies(operation.body.get('required', False)):
                yield label, valid.replaced(body=None, raw=raw,
                                            headers={**valid.headers, **headers})
    for parameter in operation.named('query'):
        name = parameter['name']
        for text in parameter_texts(parameter['schema']):
            yield f'?{name}={text[:40]!r}', valid.replaced(query={**valid.query, name: text})
        if parameter['schema'].get('type') != 'array':
            yield f'?{name} twice', valid.replaced(query={**valid.query, name: ['1', '1']})
        if parameter.get('required') and name in valid.query:
            yield f'without ?{name}', valid.replaced(
                query={k: v for k, v in valid.query.items() if k != name})
        if name == 'cursor':
            yield 'a cursor that none is', valid.replaced(query={**valid.query, name: '!!'})
    if not operation.open:
        yield 'unknown parameter', valid.replaced(query={**valid.query, 'nobody-knows-me': '1'})
    for parameter in operation.named('header'):
        name = parameter['name']
        if parameter.get('x-conditional'):
            continue
        if parameter.get('required'):
            yield f'without {name}', valid.replaced(
                headers={k: v for k, v in valid.headers.items() if k.lower() != name.lower()})
        for text in parameter_texts(parameter['schema']):
            if text.isprintable():
                yield f'{name}: {text[:40]!r}', valid.replaced(
                    headers={**{k: v for k, v in valid.headers.items()
                                if k.lower() != name.lower()}, name: text})
    for parameter in operation.named('path'):
        name = parameter['name']
        for text in parameter_texts(parameter['schema']):
            if text not in ('', '../..'):
                yield f'{{{name}}} = {text[:40]!r}', valid.replaced(path={**valid.path, name: text})


ODD = ['', ' ', 'a' * 70_000, '\u0000', '\u202e', '\U0001f4a5', '../../etc/passwd', '-1', '%s%n',
       "'; drop table product; --", 0, -1, 2**31, 2**53, 2**63 - 1, -2**63, 2**63, 1e400, [], {}]


def odd_inputs(operation, valid):
    """Inputs nobody sends by mistake: they may do what they say, but must not make it fall over."""
    schema = operation.json_body
    if schema is not None:
        for name in schema.get('properties', {}):
            for value in ODD:
                if value == 1e400:
                    continue
                yield f'{name} = {short(value)}', valid.replaced(
                    body={**(valid.body or {}), name: value})
    for parameter in operation.named('query'):
        for value in ODD:
            if isinstance(value, (str, int)) and len(str(value)) < 5000:
                yield f'?{parameter["name"]}={value!r:.40}', valid.replaced(
                    query={**valid.query, parameter['name']: str(value)})
    for parameter in operation.named('path'):
        for value in ODD:
            if isinstance(value, (str, int)) and 0 < len(str(value)) < 2000:
                yield f'{{{parameter["name"]}}}={value!r:.40}', valid.replaced(
                    path={**valid.path, parameter['name']: str(value)})
