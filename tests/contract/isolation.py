#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What belongs to another tenant does not exist. For every operation of openapi.yaml that names
something in its path, query or body: the key of one tenant on the other's id gets byte for byte
the answer that an id gets which nothing has, and nothing changes over there. The same
for devices of every dialect on what another device or another tenant has.

    isolation.py [OPERATION_ID...] [devices]      OTARU_SEED=N runs the same made-up ids again
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
        headers.update(given.session or {'Authorization': 'Bearer ' + key})
        answer = self.server.send(operation.method, given.target(operation), payload, headers)
        for shown in {str(value), json.dumps(str(value))[1:-1]}:
            named = rb'(?<![0-9A-Za-z])' + re.escape(shown.encode()) + rb'(?![0-9A-Za-z])'
            answer.body = re.sub(named, b'<named>', answer.body)
        # A made-up name of four letters may well be a piece of "application".
        whole = r'(?<![0-9A-Za-z])' + re.escape(str(value)) + r'(?![0-9A-Za-z])'
        headers = {k: re.sub(whole, '<named>', v) for k, v in answer.headers.items()
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
            for name, rows in self.ours.dump(self.ours.keys[role], ()).items():
                # Our own journal has their names where we ourselves have sent them.
                whose = f'"tenant": "{self.theirs.tenant}"'
                mark = whose if name == 'list_audit' else self.theirs.tenant
                seen = [row for row in rows if mark in row]
                if seen:
                    self.failures.append(f'{name} as {role} shows the other tenant: {seen[:2]}')
                else:
                    self.passed += 1


class Devices:
    """A device of one tenant against tasks, tokens, downloads and ids of another device and of
    another tenant: every dialect answers as to what does not exist, and nothing moves there."""

    def __init__(self, run):
        self.run, self.server = run, run.server
        self.ours, self.theirs = run.ours, run.theirs

    def ask(self, method, target, body, headers, named):
        payload = None if body is None else json.dumps(body).encode()
        kind = {'Content-Type': 'application/json'} if payload else {}
        answer = self.server.send(method, target, payload, {**headers, **kind})
        text = re.sub(rb'(?<![0-9A-Za-z])' + re.escape(named.encode()) + rb'(?![0-9A-Za-z])',
                      b'<named>', answer.body)
        return answer.status, text, {k: v for k, v in answer.headers.items()
                                     if k not in ('date', 'content-length')}

    def pair(self, label, foreign, unknown, request):
        """`request(name)` gives method, target, body and headers of what a device sends."""
        a = self.ask(*request(foreign), foreign)
        b = self.ask(*request(unknown), unknown)
        self.run.pairs += 1
        if a == b:
            self.run.passed += 1
        else:
            self.run.failures.append(f'{label}: another\'s is told from none\n  another\'s: {a}\n'
                                     f'  none:       {b}')

    def token(self):
        letters = string.ascii_letters + string.digits
        return 'ota_' + ''.join(self.run.random.choice(letters) for _ in range(20))

    def tasks(self, world):
        rows = world.dump(world.keys['admin'])
        return {name: rows[name] for name in ('list_tasks', 'list_kits', 'list_packages')}

    def onenet(self):
        _, device = self.ours.task()
        auth = {'Authorization': self.ours.onenet()}
        self.ours.task()
        tokens = {'another device of its tenant': self.ours.token}
        self.theirs.task()
        tokens['another tenant'] = self.theirs.token
        their_device = self.theirs.device()
        before = self.tasks(self.ours), self.tasks(self.theirs)
        for whose, token in tokens.items():
            for base in ('/ota/south', '/ota'):
                self.pair(f'OneNET: token check of {whose}', token, self.token(), lambda name: (
                    'GET', f'{base}/download/{name}/check?dev_id={device}', None, auth))
                self.pair(f'OneNET: report to {whose}', token, self.token(), lambda name: (
                    'POST', f'{base}/report?dev_id={device}&token={name}', {'result': 201}, auth))
            self.pair(f'OneNET: progress of {whose}', token, self.token(), lambda name: (
                'POST', f'/ota/south/device/download/{name}/progress?dev_id={device}',
                {'step': 50}, auth))
        nobody = self.run.made_up(Key(their_device))
        self.pair('OneNET: tasking of another tenant\'s device', str(their_device), nobody,
                  lambda name: ('GET', f'/ota/south/tasking?dev_id={name}&type=1', None, auth))
        self.same_as_before('OneNET', before)

    def ubtech(self):
        for world, name in ((self.ours, 'alpha'), (self.theirs, 'beta')):
            for kind, words in (('oauth_client', 'client'), ('oauth_user', 'user')):
                world.api('POST', '/credentials', {'kind': kind, 'name': f'{name}-{words}',
                                                   'secret': f'{name}-secret'})
            product = world.product(model='m', version_scheme='integer')
            world.package_name = world.api('GET', f'/products/{product}')['name']
            world.deployment('running', target={'release': world.published(product, version='8')})
            answer = self.server.send(
                'GET', f'/oauth/token?client_id={name}-client&client_secret={name}-secret'
                f'&grant_type=password&username={name}-user&password={name}-secret')
            world.session = answer.json()['access_token']
            offer = self.server.send('GET', self.download(world, world.package_name,
                                                          f'{name}-robot')).json()
            if offer['code'] != '100':
                raise Failure(f'no offer for the robot of {name}: {offer}')
            world.download_id = offer['id']
        before = self.tasks(self.ours), self.tasks(self.theirs)
        nothing = str(self.run.random.randrange(10**9, 10**10) * 16)
        for code in (0, 1):
            self.pair('UBTech: report to another tenant\'s download', self.theirs.download_id,
                      nothing, lambda name: (
                          'POST', f'/file/callback?access_token={self.ours.session}&id={name}'
                          f'&robot_id=alpha-robot&code={code}', None, {}))
        self.pair('UBTech: another tenant\'s package', self.theirs.package_name,
                  self.run.made_up(Key(self.theirs.package_name)), lambda name: (
                      'GET', self.download(self.ours, name, 'alpha-robot'), None, {}))
        self.same_as_before('UBTech', before)

    @staticmethod
    def download(world, package, robot):
        return (f'/file/download?access_token={world.session}&package_name={package}&version=7'
                f'&file_name=m&language=CN&robot_version=1&robot_id={robot}')

    def oomi(self):
        """It speaks for the tenant default; `theirs` is another."""
        product = self.theirs.product(version_pattern='V#N.#N.#N.#N')
        release = self.theirs.published(product, version='V2.0.0.0')
        kit = self.theirs.kit('published', [release])
        name = self.theirs.api('GET', f'/products/{product}')['name']
        nobody = self.run.made_up(Key(name))
        before = self.tasks(self.ours), self.tasks(self.theirs)
        number = str(self.run.random.randrange(10**7, 10**8))
        self.pair('OOMI: kit', str(kit), number, lambda given: (
            'POST', '/firmware-package-kit/detail', {'id': int(given)}, {}))
        self.pair('OOMI: packages of a product', str(product), number, lambda given: (
            'POST', f'/firmwares/all/product/{given}', {}, {}))
        self.pair('OOMI: product', name, nobody, lambda given: (
            'POST', '/firmwares/detail', {'oldSwVersion': 'V0.0.0.0', 'product': given,
                                          'currentSwVersion': 'V1.0.0.0'}, {}))
        self.pair('OOMI: check', name, nobody, lambda given: (
            'POST', '/ota/integration/check', {
                'guid': 'alpha-guid', 'product': 'OOMI_CUBE', 'model': '1', 'firmwares': [
                    {'name': given, 'model': '1', 'feature': '', 'hwVersion': '',
                     'swVersion': 'V1.0.0.0'}]}, {}))
        self.pair('OOMI: file', name, nobody, lambda given: (
            'GET', f'/firmware/{given}/1/V1-0-0-0/{given}-V0.0.0.0-V2.0.0.0-1.bin', None, {}))
        self.same_as_before('OOMI', before)

    def same_as_before(self, dialect, before):
        for world, was in ((self.ours, before[0]), (self.theirs, before[1])):
            changed = difference(was, self.tasks(world))
            if changed:
                self.run.failures.append(f'{dialect}: changed in {world.tenant}: {changed}')
            else:
                self.run.passed += 1


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
        if not sys.argv[1:] or 'devices' in sys.argv[1:]:
            devices = Devices(run)
            for dialect in (devices.onenet, devices.ubtech, devices.oomi):
                dialect()
        server.stop()
    except Failure as failure:
        run.failures.append(str(failure))
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
