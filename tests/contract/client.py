# SPDX-License-Identifier: Apache-2.0
"""The real binary on a free port, and requests to it over kept connections."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

OTARU = os.environ.get('OTARU_BIN', 'otaru')


class Failure(Exception):
    """What a test found; its text is for the person who reads the log."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        return self.headers.get('content-type', '').split(';')[0].strip()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.status} {self.type} {self.body[:400]!r}'


class Server:
    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory(prefix='otaru-contract-')
        self.flags = flags
        self.connection = None
        self.start()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self):
        if os.path.exists(self.path('ready')):
            os.unlink(self.path('ready'))
        self.log = open(self.path('log'), 'ab')
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', self.path('data'), '--listen', '127.0.0.1:0', '--ready-file',
             self.path('ready'), '--first-key-file', self.path('key'), '--log-level', 'warn',
             *self.flags], stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while not os.path.exists(self.path('ready')):
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failure('the server did not start: ' + open(self.path('log')).read()[-2000:])
            time.sleep(0.02)
        with open(self.path('ready')) as ready:
            self.address = json.load(ready)['listen'][0].removeprefix('http://')
        if os.path.exists(self.path('key')):
            with open(self.path('key')) as key:
                self.key = key.read().strip()

    def stop(self, how=signal.SIGTERM):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(60)
        self.log.close()
        if how == signal.SIGTERM and status != 0:
            raise Failure(f'the server ended with {status}: ' +
                          open(self.path('log')).read()[-3000:])

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def send(self, method, target, body=None, headers=None):
        """One request; again on a new connection when the server had closed the old one."""
        for fresh in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=60)
                fresh = True
            try:
                return self._exchange(method, target, body, headers or {})
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                self.connection.close()
                self.connection = None
                if fresh:
                    if self.process.poll() is not None:
                        raise Failure(f'the server died of {method} {target} {body!r:.300}: ' +
                                      open(self.path('log')).read()[-3000:])
                    if body is not None and len(body) > 100_000:
                        return self._refused_early(method, target, body, headers or {})
                    raise
        raise Failure('unreachable')

    def _exchange(self, method, target, body, headers):
        c = self.connection
        c.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            c.putheader(name, value)
        if body is not None and 'Transfer-Encoding' not in headers:
            c.putheader('Content-Length', str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        names = {k.lower(): v for k, v in r.getheaders()}
        if names.get('content-type', '').startswith('text/event-stream') and method == 'GET':
            # It never ends; that it began is the answer.
            c.close()
            self.connection = None
            return Answer(r.status, names, b'')
        data = r.read()
        if r.will_close:
            c.close()
            self.connection = None
        return Answer(r.status, names, data)

    def _refused_early(self, method, target, body, headers):
        """An answer that came while the body was still being sent."""
        host, port = self.address.split(':')
        with socket.create_connection((host, int(port)), timeout=60) as s:
            lines = [f'{method} {target} HTTP/1.1', f'Host: {self.address}',
                     *(f'{k}: {v}' for k, v in headers.items()), f'Content-Length: {len(body)}']
            s.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
            r = http.client.HTTPResponse(s, method=method)
            r.begin()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
