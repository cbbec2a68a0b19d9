#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What belongs to another tenant does not exist. For every operation of openapi.yaml that names
something in its path, query or body: the key of one tenant on the other's id gets byte for byte
the answer that an id gets which nothing has, and nothing changes over there.

    isolation.py [OPERATION_ID...]      OTARU_SEED=N runs the same made-up ids again
"""
import json
import os
import random
import re
import string
import sys

import spec
from client import Failure, Server
from world import SCENARIOS, Id, Key, World, difference, load_scenarios

TIME = re.compile(rb'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')


def leaves(value, path=()):
    """Where ids and keys are in an input: (path, value)."""
    if isinstance(value, (Id, Key)):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from leaves(part, (*path, at))


def put(value, path, with_):
    """A copy of the value with the leaf at this path replaced."""
    if not path:
        return with_
    if isinstance(value, dict):
        return {**value, path[0]: put(value.get(path[0], {}), path[1:], with_)}
    return [put(part, path[1:], with_) if at == path[0] else part for at, part in enumerate(value)]


class Isolation:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.failures, self.passed, self.pairs = [], 0, 0
        self.ours, self.theirs = World(server, 'alpha'), World(server, 'beta')

    def made_up(self, like):
        """Names nothing, and looks the same."""
        if isinstance(like, Id):
            return self.random.randrange(10**8, 10**9)
        letters = '0123456789abcdef' if set(like) <= set('0123456789abcdef') else \
            string.ascii_lowercase
        return ''.join(self.random.choice(letters) for _ in like)

    def slots(self, operation, ours, theirs):
        """(where, their value, ours is replaced how) of everything that is named."""
        for part in ('path', 'query', 'body'):
            mine, other = getattr(ours, part), getattr(theirs, part)
            there = dict(leaves(other))
            for path, _ in leaves(mine):
                if path in there:
                    yield (part, *path), there[path]
        if any(p['name'] == 'tenant' for p in operation.named('query')):
            yield ('query', 'tenant'), Key(self.theirs.tenant)
        if 'tenant' in ((operation.json_body or {}).get('properties') or {}):
            yield ('body', 'tenant'), Key(self.theirs.tenant)

    def ask(self, operation, given, slot, value, key):
        part, *path = slot
        given = given.replaced(**{part: put(getattr(given, part), path, value)})
        headers, payload = given.payload()
        headers['Authorization'] = 'Bearer ' + key
        answer = self.server.send(operation.method, given.target(operation), payload, headers)
        for shown in {str(value), json.dumps(str(value))[1:-1]}:
            named = rb'(?<![0-9A-Za-z])' + re.escape(shown.encode()) + rb'(?![0-9A-Za-z])'
            answer.body = re.sub(named, b'<named>', answer.body)
        headers = {k: v.replace(str(value), '<named>') for k, v in answer.headers.items()
                   if k not in ('date', 'content-length')}
        if answer.status < 300:  # what it made has an id and a time of its own
            return answer.status, operation.id, sorted(headers)
        return answer.status, TIME.sub(b'<time>', answer.body), headers

    def walk(self, operation, make):
        key = next((self.ours.keys[role] for role in spec.ROLES[:-1] if operation.allows(role)),
                   None)
        if key is None or operation.open:
            return  # for those who see every tenant
        theirs = make(self.theirs)
        ours = make(self.ours)
        before = self.theirs.dump(self.theirs.keys['admin'])
        for slot, value in self.slots(operation, ours, theirs):
            foreign = self.ask(operation, ours, slot, value, key)
            if foreign[0] < 300:
                ours = make(self.ours)
            unknown = self.ask(operation, ours, slot, self.made_up(value), key)
            if unknown[0] < 300:
                ours = make(self.ours)
            self.pairs += 1
            if foreign == unknown:
                self.passed += 1
            else:
                self.failures.append(f'{operation}, {".".join(map(str, slot))}: another tenant\'s '
                                     f'is told from none\n  another\'s: {foreign}\n'
                                     f'  none:       {unknown}')
        changed = difference(before, self.theirs.dump(self.theirs.keys['admin']))
        if changed:
            self.failures.append(f'{operation}: changed something of the other tenant: {changed}')
        else:
            self.passed += 1

    def lists(self):
        """Nothing of theirs is in our lists; everything of theirs is called beta-..."""
        for role in spec.ROLES[:-1]:
            for name, rows in self.ours.dump(self.ours.keys[role]).items():
                seen = [row for row in rows if self.theirs.tenant in row]
                if seen:
                    self.failures.append(f'{name} as {role} shows the other tenant: {seen[:2]}')
                else:
                    self.passed += 1


def main():
    seed = int(os.environ.get('OTARU_SEED') or random.randrange(10**6))
    print(f'OTARU_SEED={seed}')
    load_scenarios()
    operations = spec.load()[1]
    server = Server()
    run = None
    try:
        run = Isolation(server, seed)
        for operation in operations:
            if sys.argv[1:] and operation.id not in sys.argv[1:]:
                continue
            if operation.id not in SCENARIOS:
                continue  # contract.py says so
            try:
                run.walk(operation, SCENARIOS[operation.id])
            except Failure as failure:
                run.failures.append(f'{operation}: {failure}')
        run.lists()
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
    for failure in run.failures:
        print('FAILED', failure)
    print(f'{run.pairs} pairs of another\'s id and none\'s')
    print(f'{run.passed} passed, {len(run.failures)} failed')
    return 1 if run.failures else 0


if __name__ == '__main__':
    sys.exit(main())
