#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody overwrites what they have not seen, and nothing is made twice: entity tags with If-Match
and If-None-Match on every single resource, Idempotency-Key on creations, both against concurrent
twins and kill -9 of the real binary."""
import concurrent.futures
import http.client
import json
import os
import signal
import sys

import spec
from client import Failure, Server
from world import SCENARIOS, World, load_scenarios

CHECKS = 0


def need(condition, what):
    global CHECKS
    CHECKS += 1
    if not condition:
        raise Failure(what)


def send_alone(server, method, target, body, headers):
    """On a connection of its own, for threads."""
    c = http.client.HTTPConnection(server.address, timeout=60)
    c.request(method, target, body=body, headers=headers)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, r, data


def single_resources():
    """GET operations of one thing that is answered as JSON."""
    for operation in spec.load()[1]:
        one = operation.path.endswith('}') and operation.path.count('{') == 1
        json_ok = 'application/json' in operation.answers.get('200', {}).get('content', {})
        if operation.method == 'GET' and one and json_ok and not operation.open:
            yield operation


def every_single_resource_has_a_tag(world):
    for operation in single_resources():
        if operation.id not in SCENARIOS:
            continue  # contract.py says so
        target = SCENARIOS[operation.id](world).target(operation)
        key = next(world.keys[role] for role in spec.ROLES if operation.allows(role))
        heads = {'Authorization': 'Bearer ' + key}
        first = world.server.send('GET', target, None, heads)
        tag = first.headers.get('etag', '')
        need(tag.startswith('"'), f'{operation} has a strong ETag: {first.headers}')
        again = world.server.send('GET', target, None, {**heads, 'If-None-Match': tag})
        need(again.status == 304 and not again.body and again.headers['etag'] == tag,
             f'{operation} with If-None-Match: {again}')
        need(spec.leaves_schema(operation, again) is None, f'{operation} describes its 304')
        other = world.server.send('GET', target, None, {**heads, 'If-None-Match': '"x-y", "z"'})
        need(other.status == 200, f'{operation} with another tag: {other}')


def every_change_honours_if_match(world):
    """Of one thing that its GET shows: a tag of yesterday changes nothing."""
    gets = {operation.path: operation for operation in single_resources()}
    for operation in spec.load()[1]:
        head = operation.path[:operation.path.find('}') + 1]
        if operation.method not in ('POST', 'PUT', 'PATCH', 'DELETE') or head not in gets or \
                operation.id not in SCENARIOS or operation.json_body is None and operation.body:
            continue
        given = SCENARIOS[operation.id](world)
        key = next(world.keys[role] for role in spec.ROLES if operation.allows(role))
        headers, payload = given.payload()
        headers.update(given.session or {'Authorization': 'Bearer ' + key})
        shown = world.server.send('GET', given.replaced(query={}).target(gets[head]), None, headers)
        if shown.status == 404 and operation.method == 'PUT':
            continue  # it makes the thing
        stale = world.server.send(operation.method, given.target(operation), payload,
                                  {**headers, 'If-Match': '"0000000000000000-0000000000000000"'})
        need(stale.status == 412 and spec.leaves_schema(operation, stale) is None and
             stale.json()['code'] == 'precondition_failed' and
             stale.headers.get('etag') == shown.headers.get('etag'),
             f'{operation} with a stale tag: {stale} {stale.headers} {shown.headers}')
        wrong = world.server.send(operation.method, given.target(operation), payload,
                                  {**headers, 'If-Match': 'no quotes'})
        need(wrong.status == 400 and wrong.json()['field'] == 'If-Match', f'{operation}: {wrong}')
        done = world.server.send(operation.method, given.target(operation), payload,
                                 {**headers, 'If-Match': shown.headers['etag']})
        need(done.status < 300, f'{operation} with the tag it has: {done}')


def of_two_with_one_tag_one_wins(world):
    """Lost updates: 12 at once with the tag they all read, again and again; each round one."""
    product, device = world.product(), world.device()
    for path in (f'/api/v1/products/{product}', f'/api/v1/devices/{device}'):
        for turn in range(12):
            heads = {'Authorization': 'Bearer ' + world.keys['admin'],
                     'Content-Type': 'application/json'}
            tag = world.server.send('GET', path, None, heads).headers['etag']

            def one(n):
                value = f'round-{turn}-{n}'
                body = {'attributes': {'n': value}} if 'devices' in path else {'name': value}
                return value, *send_alone(world.server, 'PATCH', path, json.dumps(body),
                                          {**heads, 'If-Match': tag})

            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                results = list(pool.map(one, range(12)))
            won = [r for r in results if r[1] == 200]
            lost = [r for r in results if r[1] == 412]
            need(len(won) == 1 and len(lost) == 11,
                 f'{path}, round {turn}: {[r[1] for r in results]}')
            now = world.server.send('GET', path, None, heads)
            need(won[0][0].encode() in now.body, f'{path}: what won is there: {now}')
            need(won[0][2].getheader('ETag').split('-')[0] == now.headers['etag'].split('-')[0],
                 f'{path}: the answer had the new tag')


def a_moving_deployment_can_be_edited(world):
    """Counts move under a running deployment; they are no change of it."""
    task, _ = world.task()
    deployment = world.api('GET', f'/tasks/{task}')['deployment']
    path = f'/deployments/{deployment}'
    tag = world.call('GET', path).headers['etag']
    world.api('POST', f'/tasks/{task}/cancel')
    now = world.call('GET', path)
    need(now.headers['etag'] != tag, 'the answer is another')
    need(world.call('GET', path, headers={'If-None-Match': tag}).status == 200, 'so no 304')
    done = world.call('PATCH', path, {'priority': 7}, headers={'If-Match': tag})
    need(done.status == 200, f'but the deployment is not: {done}')
    need(world.call('PATCH', path, {'priority': 8}, headers={'If-Match': tag}).status == 412,
         'now it is')


def if_match_can_be_asked_for(world):
    admin = {'Authorization': 'Bearer ' + world.server.key}
    setting = '/settings/api.require_if_match'
    product = world.product()
    need(world.call('PUT', setting, {'value': 'true'}, key=world.server.key).status == 200, 'on')
    try:
        bare = world.call('PATCH', f'/products/{product}', {'name': world.fresh('p')})
        need(bare.status == 428 and bare.json()['code'] == 'precondition_required', f'428: {bare}')
        need(world.call('DELETE', f'/products/{product}').status == 428, 'nor deleted')
        any_tag = world.call('PATCH', f'/products/{product}', {'name': world.fresh('p')},
                             headers={'If-Match': '*'})
        need(any_tag.status == 200, f'* is whatever it is: {any_tag}')
        need(world.call('GET', f'/products/{product}', headers=admin).status == 200, 'reads')
    finally:
        off = world.call('PUT', setting, {'value': ''}, key=world.server.key)
    need(off.status == 200, f'off: {off}')


# --- Idempotency-Key ----------------------------------------------------------------------------

def the_same_again(world):
    """Every creation: the same bytes again, made once."""
    for operation in spec.load()[1]:
        if operation.method != 'POST' or '{' in operation.path or operation.json_body is None or \
                operation.id not in SCENARIOS or '201' not in operation.answers or operation.open:
            continue
        given = SCENARIOS[operation.id](world)
        key = next(world.keys[role] for role in spec.ROLES if operation.allows(role))
        headers, payload = given.payload()
        headers.update({'Authorization': 'Bearer ' + key, 'Idempotency-Key': world.fresh('key')})
        target = given.target(operation)
        first = world.server.send('POST', target, payload, headers)
        need(first.status == 201 and 'idempotency-replayed' not in first.headers,
             f'{operation}: {first}')
        before = world.dump()
        again = world.server.send('POST', target, payload, headers)
        need((again.status, again.body, again.headers.get('location'), again.headers.get('etag')) ==
             (first.status, first.body, first.headers.get('location'), first.headers.get('etag')),
             f'{operation}: the same answer: {first} {again}')
        need(again.headers.get('idempotency-replayed') == 'true', f'{operation}: says so')
        need(world.dump() == before, f'{operation}: made once')
        other = world.server.send('POST', target, payload[:-1] + b' }', headers)
        need(other.status == 422 and other.json()['code'] == 'key_reused' and
             spec.leaves_schema(operation, other) is None, f'{operation}: another request: {other}')


def refused_ones_leave_the_key_free(world):
    heads = {'Idempotency-Key': world.fresh('key')}
    need(world.call('POST', '/products', {'name': ''}, headers=heads).status == 400, 'refused')
    need(world.call('POST', '/products', {'name': world.fresh('p')}, headers=heads).status == 201,
         'the key is free')
    for bad in ('', 'a b', 'x' * 201):
        answer = world.call('POST', '/products', {'name': world.fresh('p')},
                            headers={'Idempotency-Key': bad})
        need(answer.status == 400 and answer.json()['field'] == 'Idempotency-Key',
             f'{bad}: {answer}')


def keys_belong_to_who_sent_them(world):
    heads = {'Idempotency-Key': world.fresh('key')}
    a = world.call('POST', '/products', {'name': world.fresh('p')}, headers=heads)
    b = world.call('POST', '/products', {'name': world.fresh('p')}, key=world.keys['publisher'],
                   headers=heads)
    need(a.status == b.status == 201 and a.json()['id'] != b.json()['id'], f'{a} {b}')


def twins(world):
    """The same request twelve times at once makes one thing, and all are told the same."""
    heads = {'Authorization': 'Bearer ' + world.keys['admin'], 'Content-Type': 'application/json'}
    for turn in range(8):
        body = json.dumps({'name': world.fresh('twin')})
        heads['Idempotency-Key'] = world.fresh('key')
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            results = list(pool.map(lambda _: send_alone(
                world.server, 'POST', '/api/v1/products', body, heads), range(12)))
        need({r[0] for r in results} == {201} and len({r[2] for r in results}) == 1,
             f'twins, round {turn}: {[r[0] for r in results]}')
        replayed = [r for r in results if r[1].getheader('Idempotency-Replayed')]
        need(len(replayed) == 11, f'{len(replayed)} were replays')


def kill_9(world):
    """What was answered is answered the same after kill -9 and a restart; what was sent and never
    answered is there once or not at all, and the same key finds out."""
    server = world.server
    heads = {'Authorization': 'Bearer ' + world.keys['admin'], 'Content-Type': 'application/json'}
    known = []
    for body in ({'name': world.fresh('p')}, {'name': world.fresh('p'), 'model': 'x'}):
        key = world.fresh('key')
        first = server.send('POST', '/api/v1/products', json.dumps(body).encode(),
                            {**heads, 'Idempotency-Key': key})
        known.append((body, key, first))
    credential = {'kind': 'oomi_account', 'name': world.fresh('account')}
    key = world.fresh('key')
    shown = server.send('POST', '/api/v1/credentials', json.dumps(credential).encode(),
                        {**heads, 'Idempotency-Key': key})
    need(shown.status == 201, f'a secret: {shown}')
    server.restart()
    with_secret = server.send('POST', '/api/v1/credentials', json.dumps(credential).encode(),
                              {**heads, 'Idempotency-Key': key})
    need(with_secret.body == shown.body, f'the secret again: {with_secret}')
    secret = shown.json()['secret'].encode()
    for folder, _, files in os.walk(server.path('data')):
        for name in files:
            with open(os.path.join(folder, name), 'rb') as file:
                need(secret not in file.read(), f'{name} does not hold the plain secret')
    for turn in range(6):
        names = [world.fresh('crash') for _ in range(8)]
        pending = concurrent.futures.ThreadPoolExecutor(8)

        def one(name):
            try:
                return name, send_alone(server, 'POST', '/api/v1/products',
                                        json.dumps({'name': name}),
                                        {**heads, 'Idempotency-Key': 'key-' + name})
            except (OSError, http.client.HTTPException):
                return name, None

        futures = [pending.submit(one, name) for name in names]
        futures[turn].result()
        server.restart(signal.SIGKILL)
        answered = [future.result() for future in futures]
        pending.shutdown()
        for name, before in answered:
            after = server.send('POST', '/api/v1/products', json.dumps({'name': name}).encode(),
                                {**heads, 'Idempotency-Key': 'key-' + name})
            need(after.status == 201, f'{name} after kill -9: {after}, before: {before}')
            need(before is None or before[0] != 201 or before[2] == after.body,
                 f'{name}: {before} and then {after}')
            rows = json.loads(server.send('GET', '/api/v1/products?name=' + name, None,
                                          heads).body)['items']
            need(len(rows) == 1, f'{name} is there {len(rows)} times')
    for body, key, first in known:
        again = server.send('POST', '/api/v1/products', json.dumps(body).encode(),
                            {**heads, 'Idempotency-Key': key})
        need(again.body == first.body and again.status == 201, f'{first} and later {again}')


def main():
    load_scenarios()
    server = Server()
    failed = 0
    try:
        world = World(server, 'tags')
        for check in (every_single_resource_has_a_tag, every_change_honours_if_match,
                      of_two_with_one_tag_one_wins, a_moving_deployment_can_be_edited,
                      if_match_can_be_asked_for, the_same_again, refused_ones_leave_the_key_free,
                      keys_belong_to_who_sent_them, twins, kill_9):
            if sys.argv[1:] and check.__name__ not in sys.argv[1:]:
                continue
            try:
                check(world)
            except Failure as failure:
                failed += 1
                print(f'FAILED {check.__name__}: {failure}')
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
    print(f'{CHECKS - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
