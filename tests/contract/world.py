# SPDX-License-Identifier: Apache-2.0
"""One tenant in the real server, with verbs that make what a scenario needs."""
import base64
import hashlib
import hmac
import importlib
import itertools
import json
import pkgutil
import urllib.parse

import spec
from client import Failure


class Id(int):
    """The number of a row of this world."""


class Key(str):
    """A text that names something of this world: a device's key, an upload, a hash."""


class Input:
    """One request: what goes into the path, the query, the headers and the body. `session` are
    the headers of somebody who is logged in, for operations that a key cannot use; `slowed_down`
    says that the server counts attempts, so that odd inputs are left out."""

    def __init__(self, path=None, query=None, body=None, raw=None, headers=None, session=None,
                 slowed_down=False, unreachable=False):
        self.path, self.query = dict(path or {}), dict(query or {})
        self.body, self.raw, self.headers = body, raw, dict(headers or {})
        self.session, self.slowed_down = session, slowed_down
        self.unreachable = unreachable  # what it needs is not there: described refusals only

    def replaced(self, **with_):
        out = Input(self.path, self.query, self.body, self.raw, self.headers, self.session,
                    self.slowed_down, self.unreachable)
        out.__dict__.update(with_)
        return out

    def target(self, operation):
        path = operation.path
        for name, value in self.path.items():
            path = path.replace('{' + name + '}', urllib.parse.quote(str(value), safe=''))
        if '{' in path:
            raise Failure(f'the scenario of {operation.id} fills not all of {operation.path}')
        query = urllib.parse.urlencode(self.query, doseq=True)
        return path + ('?' + query if query else '')

    def payload(self):
        """Headers and bytes."""
        headers = dict(self.headers)
        if self.raw is not None:
            return headers, self.raw
        if self.body is None:
            return headers, None
        headers.setdefault('Content-Type', 'application/json')
        return headers, json.dumps(self.body).encode()


SCENARIOS = {}


def scenario(*operation_ids):
    """Registers a function (World) -> Input, a valid one, for these operations."""
    def register(function):
        for name in operation_ids:
            if name in SCENARIOS:
                raise Failure(f'two scenarios for {name}')
            SCENARIOS[name] = function
        return function
    return register


def load_scenarios():
    import scenarios
    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f'scenarios.{module.name}')


class World:
    numbers = itertools.count(1)

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant
        self.keys = {'admin': server.key}
        self.api('POST', '/tenants', {'name': tenant})
        for role in spec.ROLES:
            scope = 'server' if role == 'server' else 'tenant'
            answer = self.server.send(
                'POST', '/api/v1/credentials', json.dumps({
                    'tenant': tenant, 'kind': 'api_key', 'name': f'{tenant} {role}',
                    'attributes': {'role': 'admin' if role == 'server' else role,
                                   'scope': scope}}).encode(),
                {'Authorization': 'Bearer ' + server.key, 'Content-Type': 'application/json'})
            if answer.status != 201:
                raise Failure(f'the world: a key of the role {role}: {answer}')
            self.keys[role] = answer.json()['secret']

    def fresh(self, word):
        """A name that nothing has yet, and that says whose it is."""
        return f'{self.tenant}-{word}-{next(self.numbers)}'

    def call(self, method, path, body=None, key=None, headers=None):
        heads = {'Authorization': 'Bearer ' + (key or self.keys['admin']), **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            heads['Content-Type'] = 'application/json'
            body = json.dumps(body).encode()
        return self.server.send(method, '/api/v1' + path, body, heads)

    def api(self, method, path, body=None, headers=None):
        """As an admin of this tenant; must work."""
        answer = self.call(method, path, body, headers=headers)
        if answer.status >= 300:
            raise Failure(f'the world: {method} {path} {body!r:.300}: {answer}')
        return answer.json() if answer.body else None

    # --- Verbs ------------------------------------------------------------------------------

    def product(self, **more):
        return Id(self.api('POST', '/products', {'name': self.fresh('product'), **more})['id'])

    def release(self, product=None, **more):
        """A draft."""
        body = {'product': product or self.product(), 'version': f'1.{next(self.numbers)}', **more}
        return Id(self.api('POST', '/releases', body)['id'])

    def upload(self, size=64):
        """A complete one."""
        self.content = hashlib.sha256(self.fresh('content').encode()).digest() * (size // 32)
        row = self.api('PUT', '/blobs?file_name=' + self.fresh('file'), self.content,
                       {'Content-Type': 'application/octet-stream'})
        return Key(row['id'])

    def upload_under_way(self, size=64):
        body = {'size': size, 'file_name': self.fresh('file')}
        return Key(self.api('POST', '/uploads', body)['id'])

    def package(self, release=None):
        body = {'release': release or self.release(), 'upload': self.upload()}
        return Id(self.api('POST', '/packages', body)['id'])

    def published(self, product=None, **more):
        release = self.release(product, **more)
        self.package(release)
        self.api('POST', f'/releases/{release}/publish')
        return release

    def kit(self, state='draft', releases=None):
        if releases is None:
            releases = [self.published()]
        row = self.api('POST', '/kits', {'version': f'1.{next(self.numbers)}.0.0',
                                         'releases': releases})
        if state != 'draft':
            self.api('POST', f'/kits/{row["id"]}/publish')
        return Id(row['id'])

    def deployment(self, state='draft', **more):
        target = more.pop('target', None) or {'release': self.published()}
        row = self.api('POST', '/deployments', {'name': self.fresh('deployment'),
                                                'target': target, **more})
        if state in ('running', 'paused'):
            self.api('POST', f'/deployments/{row["id"]}/start')
        if state == 'paused':
            self.api('POST', f'/deployments/{row["id"]}/pause')
        return Id(row['id'])

    def device(self, **more):
        key = Key(self.fresh('device'))
        self.api('POST', '/devices', {'key': key, **more})
        return key

    def webhook(self):
        made = self.api('POST', '/webhooks', {'tenant': self.tenant, 'types': ['webhook.none'],
                                              'url': 'http://127.0.0.1:9/hook'})
        return Id(made['id'])

    def credential(self, kind='oomi_account', **more):
        row = self.api('POST', '/credentials', {'kind': kind, 'name': self.fresh('credential'),
                                                **more})
        return Id(row['id'])

    def onenet(self):
        """A OneNET product key of this tenant: (product id, header for its devices)."""
        if not hasattr(self, '_onenet'):
            name = str(700000 + next(self.numbers))
            key = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
            self.api('POST', '/credentials', {'kind': 'onenet_product', 'name': name,
                                              'secret': key})
            resource, ends = f'products/{name}', '2524608000'
            text = '\n'.join([ends, 'sha1', resource, '2018-10-31'])
            sign = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(),
                                             hashlib.sha1).digest()).decode()
            quote = urllib.parse.quote
            self._onenet = (f'version=2018-10-31&res={quote(resource, safe="")}&et={ends}'
                            f'&method=sha1&sign={quote(sign, safe="")}')
        return self._onenet

    def task(self, state='pending'):
        """A task that a OneNET device has been given, and that device."""
        module = self.fresh('module')
        product = self.product(manufacturer='001', module=module)
        release = self.published(product, version='2.0')
        device = Key(f'{self.tenant}{next(self.numbers)}')
        self.deployment('running', target={'release': release}, devices=[device])
        answer = self.server.send(
            'GET', f'/ota/south/check?dev_id={device}&manuf=001&model={module}&type=1&version=1.0',
            None, {'Authorization': self.onenet()})
        found = answer.json() if answer.status == 200 else {}
        if found.get('errno') != 0:
            raise Failure(f'the world: no OneNET task: {answer}')
        self.token = Key(found['data']['token'])
        task = Id(self.api('GET', f'/devices/{device}/tasks')['items'][0]['id'])
        if state == 'paused':
            self.api('POST', f'/tasks/{task}/pause')
        return task, device

    # --- State ------------------------------------------------------------------------------

    # What moves by itself.
    VOLATILE = {'last_seen_at', 'time', 'last_used_at'}

    # They grow with every change and are long; head() stands for the first.
    LOGS = ('list_audit', 'list_events')

    def head(self):
        """The newest entry of the journal, if there is one: refused requests add none."""
        for operation in spec.load()[1]:
            if operation.id == 'get_audit_head':
                answer = self.server.send('GET', operation.path, None,
                                          {'Authorization': 'Bearer ' + self.server.key})
                return {operation.id: [json.dumps(without(answer.json(), self.VOLATILE))]}
        return {}

    def dump(self, key=None, skip=LOGS):
        """Every list this key sees, as {operation: {row as text}}."""
        out = {}
        for operation in spec.load()[1]:
            if not operation.is_list or operation.id in skip:
                continue
            rows, cursor = [], None
            while True:
                query = '' if operation.id == 'list_settings' else '?limit=1000' + (
                    '&cursor=' + urllib.parse.quote(cursor, safe='') if cursor else '')
                answer = self.server.send('GET', operation.path + query, None,
                                          {'Authorization': 'Bearer ' + (key or self.server.key)})
                if answer.status == 403:
                    break
                if answer.status != 200:
                    raise Failure(f'{operation.path}{query}: {answer}')
                page = answer.json()
                rows += page['items']
                cursor = page.get('next_cursor')
                if cursor is None:
                    break
            out[operation.id] = sorted(json.dumps(without(row, self.VOLATILE), sort_keys=True)
                                       for row in rows)
        return out


def without(value, names):
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    if isinstance(value, list):
        return [without(v, names) for v in value]
    return value


def difference(before, after):
    """The first rows in which two dumps differ."""
    for name in before:
        gone = [row for row in before[name] if row not in set(after[name])]
        came = [row for row in after[name] if row not in set(before[name])]
        if gone or came:
            return f'{name}: was {gone[:2]}, is {came[:2]}'
    return None
