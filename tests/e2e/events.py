#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events of the real server: the stream across a restart, and webhooks against a real receiver that
fails, is slow, redirects and is told again, with the server killed in between. Signatures are
verified by the snippet of docs/api.md."""
import http.client, http.server, json, os, re, signal, subprocess, sys, tempfile, threading, time

OTARU = os.environ['OTARU_BIN']
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def need(condition, what):
    if not condition:
        raise SystemExit(f'FAILED: {what}')


def eventually(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        need(time.monotonic() < until, what)
        time.sleep(0.05)


def snippet():
    """The function `verify` as the page shows it."""
    page = open(ROOT + '/docs/api.md').read()
    found = re.search(r'```python\n(.*?def verify.*?)```', page, re.S)
    need(found, 'docs/api.md shows how to verify')
    names = {}
    exec(found[1], names)
    return names['verify']


class Receiver:
    """Keeps what it is sent; `script` says what the next answers are, then 204 for ever."""

    def __init__(self):
        self.got, self.script = [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.got.append((dict(self.headers), body, self.path))
                what = receiver.script.pop(0) if receiver.script else 204
                if what == 'slow':
                    time.sleep(3)
                    what = 204
                self.send_response(what)
                if what == 302:
                    self.send_header('Location', '/elsewhere')
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/hook'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def types(self):
        return [headers['Otaru-Event'] for headers, _, _ in self.got]


class Server:
    def __init__(self, *flags):
        self.folder, self.flags = tempfile.TemporaryDirectory(), flags
        self.listen = '127.0.0.1:0'
        self.start()

    def start(self):
        d = self.folder.name
        if os.path.exists(d + '/ready'):
            os.unlink(d + '/ready')
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', d + '/data', '--listen', self.listen, '--ready-file',
             d + '/ready', '--first-key-file', d + '/key', *self.flags],
            stdout=subprocess.DEVNULL, stderr=open(d + '/log', 'a'))
        try:
            eventually('the server starts', lambda: os.path.exists(d + '/ready'), 10)
        except BaseException:
            sys.stderr.write(f'{self.flags} {self.process.poll()}\n')
            sys.stderr.write(open(d + '/log').read()[-3000:])
            raise
        self.url = json.load(open(d + '/ready'))['listen'][0]
        self.key = open(d + '/key').read().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        need(self.process.wait(timeout=30) == 0, 'the server ends in order')

    def call(self, method, path, value=None):
        c = http.client.HTTPConnection(self.url.removeprefix('http://'), timeout=60)
        c.request(method, '/api/v1' + path, None if value is None else json.dumps(value),
                  {'Authorization': 'Bearer ' + self.key, 'Content-Type': 'application/json'})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, json.loads(text) if text else None

    def ok(self, method, path, value=None):
        status, answer = self.call(method, path, value)
        need(status < 300, f'{method} {path}: {status} {answer}')
        return answer

    def cli(self, *words, **more):
        env = dict(os.environ, OTARU_SERVER=self.url, OTARU_KEY=self.key)
        return subprocess.Popen([OTARU, *words], env=env, stdout=subprocess.PIPE, text=True, **more)


def stream(server, last_id=None):
    c = http.client.HTTPConnection(server.url.removeprefix('http://'), timeout=60)
    headers = {'Authorization': 'Bearer ' + server.key}
    if last_id is not None:
        headers['Last-Event-ID'] = str(last_id)
    c.request('GET', '/api/v1/events/stream?types=device.*', headers=headers)
    r = c.getresponse()
    need(r.status == 200 and r.getheader('Content-Type') == 'text/event-stream', 'a stream')
    return c, r


def read_events(response, count):
    """So many events of a stream: [(id, type, data)]."""
    out, now = [], {}
    while len(out) < count:
        line = response.readline().decode().rstrip('\n')
        if line:
            name, _, value = line.partition(': ')
            now[name] = value
        else:
            if 'data' in now:
                out.append((now.get('id'), now.get('event'), json.loads(now['data'])))
            now = {}
    return out


def add_devices(server, *keys):
    for key in keys:
        server.ok('POST', '/devices', {'key': key})


def test_stream(server):
    connection, response = stream(server)
    add_devices(server, 's1', 's2')
    events = read_events(response, 2)
    need([e[2]['data']['device'] for e in events] == ['s1', 's2'], f'live events: {events}')
    need(events[0][2]['id'] == events[0][0], 'the id of the line is the one inside')
    server.stop()  # ends the stream in order
    rest = response.read().decode()
    need('event: cut\ndata: {"reason":"stopping"}' in rest, f'the stream says why it ends: {rest}')
    connection.close()
    server.start()
    add_devices(server, 's3')
    connection, response = stream(server, events[0][0])
    events = read_events(response, 2)
    need([e[2]['data']['device'] for e in events] == ['s2', 's3'], f'replayed: {events}')
    connection.close()


def test_watch(server):
    watch = server.cli('event', 'watch', '--type', 'device.*', '--json')
    time.sleep(1)
    add_devices(server, 'w1')
    need(json.loads(watch.stdout.readline())['data']['device'] == 'w1', 'watch shows it')
    server.kill()
    port = server.url.rsplit(':', 1)[1]
    server.listen = f'127.0.0.1:{port}'
    server.start()
    add_devices(server, 'w2')
    need(json.loads(watch.stdout.readline())['data']['device'] == 'w2', 'watch goes on')
    watch.send_signal(signal.SIGINT)
    need(watch.wait(timeout=30) == 0, 'Ctrl-C ends watching in order')


def test_deliveries(server, receiver, verify):
    made = server.ok('POST', '/webhooks', {'url': receiver.url, 'types': ['device.*']})
    path = f'/webhooks/{made["id"]}'
    need(made['secret'].startswith('whsec_'), 'the secret is shown once')
    need('secret' not in server.ok('GET', path), 'and never again')
    receiver.script = [500, 'slow', 302]
    add_devices(server, 'd1', 'd2')
    eventually('both are delivered', lambda: len(receiver.got) == 5)
    need(receiver.types() == ['device.registered'] * 5, 'of the types that were wanted')
    need([path for _, _, path in receiver.got] == ['/hook'] * 5, 'redirects are not followed')
    keys = [json.loads(body)['data']['device'] for _, body, _ in receiver.got]
    need(keys == ['d1'] * 4 + ['d2'], f'in order, the first one until it is taken: {keys}')
    for headers, body, _ in receiver.got:
        need(verify(made['secret'], headers, body), 'every delivery is signed')
        need(not verify(made['secret'], headers, body + b' '), 'a changed body is noticed')
        need(not verify('whsec_other', headers, body), 'another secret is noticed')
    shown = lambda: server.ok('GET', path + '/deliveries')['items']
    eventually('attempts are shown', lambda: len(shown()) == 5)
    errors = [d['error'] for d in shown()]
    need(errors == [None, None, 'status 302: redirects are not followed', 'no answer in time',
                    'status 500'], f'with what went wrong: {errors}')
    need(server.ok('POST', path + '/test')['error'] is None, 'a test is taken')
    need(receiver.types()[-1] == 'webhook.test', 'and is what it says')
    return made


def test_dead_letters(server, receiver, webhook):
    path = f'/webhooks/{webhook["id"]}'
    receiver.got.clear()
    receiver.script = [500] * 4
    add_devices(server, 'x1', 'x2')
    eventually('a dead letter', lambda: server.ok('GET', path + '/dead-letters')['items'])
    letter = server.ok('GET', path + '/dead-letters')['items'][0]
    need(letter['event']['data']['device'] == 'x1' and letter['attempts'] == 4, f'{letter}')
    eventually('the next one is delivered', lambda: len(receiver.got) == 5)
    alarms = server.ok('GET', '/events?types=alarm.*')['items']
    need(alarms[0]['type'] == 'alarm.webhook_dead_letter', f'it is an alarm: {alarms}')
    replay = server.cli('webhook', 'replay', str(webhook['id']))
    need(replay.wait() == 0, 'replay by the command line')
    eventually('it is delivered after all', lambda: len(receiver.got) == 6)
    need(json.loads(receiver.got[5][1])['data']['device'] == 'x1', 'the dead one')
    eventually('none is left', lambda: not server.ok('GET', path + '/dead-letters')['items'])


def test_killed_in_between(server, receiver):
    receiver.got.clear()
    expected = []
    for round_ in range(4):
        receiver.script = [503]
        keys = [f'k{round_}-{n}' for n in range(5)]
        add_devices(server, *keys)
        expected += keys
        server.kill()
        server.start()
    seen = lambda: {json.loads(body)['data'].get('device') for _, body, _ in receiver.got}
    eventually('every event is delivered, whatever was killed', lambda: set(expected) <= seen())
    order = [json.loads(body)['data']['device'] for _, body, _ in receiver.got]
    first = [k for i, k in enumerate(order) if k not in order[:i]]
    need(first == expected, f'in order: {first}')


def test_private_addresses_are_refused(receiver):
    server = Server()
    before = len(receiver.got)
    for url in (receiver.url, receiver.url.replace('127.0.0.1', 'localhost')):
        made = server.ok('POST', '/webhooks', {'url': url})
        answer = server.ok('POST', f'/webhooks/{made["id"]}/test')
        need('not a public one' in answer['error'], f'{answer}')
    need(len(receiver.got) == before, 'nothing was sent')
    server.stop()


def main():
    verify = snippet()
    receiver = Receiver()
    server = Server('--webhooks-allow-private', 'true', '--webhooks-retry-first-ms', '50',
                    '--webhooks-attempts', '4', '--webhooks-timeout-ms', '1000')
    try:
        test_stream(server)
        test_watch(server)
        webhook = test_deliveries(server, receiver, verify)
        test_dead_letters(server, receiver, webhook)
        test_killed_in_between(server, receiver)
        server.stop()
        test_private_addresses_are_refused(receiver)
    finally:
        if server.process.poll() is None:
            server.kill()
    print('6 passed, 0 failed')


main()
