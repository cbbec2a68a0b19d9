#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of openapi.yaml against the real binary: every role, a valid input, and every way
in which an input can be wrong. No answer leaves the described schema, nothing is answered with 5xx,
and what is refused changes nothing.

    contract.py [OPERATION_ID...]      without: all of them
"""
import sys
import time

import invalid
import spec
from client import Failure, Server
from world import SCENARIOS, Input, World, difference, load_scenarios


class Walk:
    def __init__(self, server, world):
        self.server, self.world = server, world
        self.requests, self.failures, self.passed = 0, [], 0

    def send(self, operation, given, key):
        headers, payload = given.payload()
        if given.session and key in self.world.keys.values():
            headers.update(given.session)
        elif key is not None:
            headers['Authorization'] = 'Bearer ' + key
        self.requests += 1
        return self.server.send(operation.method, given.target(operation), payload, headers)

    def check(self, operation, label, given, key, allowed):
        """Sends it; the answer must be described and one of these statuses (a predicate)."""
        answer = self.send(operation, given, key)
        why = None
        if answer.status >= 500 and answer.status != 503:
            why = 'the server failed'
        else:
            why = spec.leaves_schema(operation, answer)
            if why is None and not allowed(answer.status):
                why = 'not the status that it must have'
        if why is None:
            self.passed += 1
        else:
            self.failures.append(f'{operation}, {label}: {why}: {answer}\n'
                                 f'      {given.target(operation)[:200]} '
                                 f'{(given.payload()[1] or b"")[:200]!r}')
        return answer

    # --- The walk ---------------------------------------------------------------------------

    def roles(self, operation, make):
        """Who may gets a described success, who may not is refused and changes nothing."""
        for label, key in (('no key', None), ('a wrong key', 'otk_wrong')):
            if operation.open:
                continue
            given = make(self.world)
            before = self.state() if operation.method != 'GET' and key else None
            self.check(operation, label, given, key, lambda s: s == 401)
            self.unchanged(operation, label, before)
        for role, key in self.world.keys.items():
            given = make(self.world)
            if given.unreachable:
                self.check(operation, f'as {role}', given, key, lambda s: True)
                continue
            if operation.allows(role):
                self.check(operation, f'as {role}', given, key, lambda s: 200 <= s < 300)
                continue
            before = self.state() if operation.method != 'GET' else None
            self.check(operation, f'as {role}', given, key, lambda s: s == 403)
            self.unchanged(operation, f'as {role}', before)

    def invalid(self, operation, make):
        key = self.world.keys[self.actor_of(operation)]
        given = make(self.world)
        if given.unreachable:
            return
        before = self.state()
        for label, wrong in invalid.inputs(operation, given):
            self.check(operation, label, wrong, key, lambda s: 400 <= s < 500)
        self.unchanged(operation, 'inputs that were refused', before)
        # What was varied is itself good, so the refusals were for what was wrong.
        self.check(operation, 'after the refusals', given, key, lambda s: 200 <= s < 300)
        if given.slowed_down:
            return
        given = make(self.world)
        for label, odd in invalid.odd_inputs(operation, given):
            self.check(operation, 'odd: ' + label, odd, key, lambda s: s < 500)

    def actor_of(self, operation):
        """The least role that may."""
        return next(role for role in spec.ROLES if operation.allows(role))

    def state(self):
        return {**self.world.dump(), **self.world.head()}

    def unchanged(self, operation, label, before):
        if before is None:
            return
        changed = difference(before, self.state())
        if changed:
            self.failures.append(f'{operation}, {label}: something changed: {changed}')
        else:
            self.passed += 1

    def describe(self, operation):
        """The document itself: whether it says enough to be held to."""
        for status, answer in operation.answers.items():
            for kind, media in answer.get('content', {}).items():
                where = f'{operation.id} {status} {kind}'
                for loose in spec.loose_objects(media.get('schema', {}), where):
                    self.failures.append(f'{operation}: the schema {loose} is not strict: '
                                         'give it required and additionalProperties')
        schema = operation.json_body
        if schema is not None and schema.get('additionalProperties') is not False:
            self.failures.append(f'{operation}: the body does not refuse unknown members')

    def walk(self, operation):
        self.describe(operation)
        make = SCENARIOS.get(operation.id)
        if make is None:
            self.failures.append(
                f'{operation}: no valid input is known. Add @scenario({operation.id!r}) to a file '
                'in tests/contract/scenarios/ (see the README.md there)')
            return
        self.roles(operation, make)
        self.invalid(operation, make)


def main():
    load_scenarios()
    operations = spec.load()[1]
    known = {operation.id for operation in operations}
    wanted = sys.argv[1:] or known
    server = Server()
    begun = time.monotonic()
    walk = Walk(server, None)
    try:
        walk.world = World(server, 'walk')
        for name in sorted(SCENARIOS.keys() - known):
            walk.failures.append(f'a scenario for {name}, which openapi.yaml does not have')
        for operation in operations:
            if operation.id not in wanted:
                continue
            try:
                walk.walk(operation)
            except Failure as failure:
                walk.failures.append(f'{operation}: {failure}')
        server.stop()
    except Failure as failure:
        walk.failures.append(str(failure))
    finally:
        if server.process.poll() is None:
            server.process.kill()
    for failure in walk.failures:
        print('FAILED', failure)
    print(f'{len(operations)} operations, roles {", ".join(walk.world.keys)}, '
          f'{walk.requests} requests in {time.monotonic() - begun:.0f} s')
    print(f'{walk.passed} passed, {len(walk.failures)} failed')
    return 1 if walk.failures else 0


if __name__ == '__main__':
    sys.exit(main())
