#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A large upload by tus that is interrupted three times: its connection is cut, the server is
killed (-9) while bytes come in, the server is restarted. It ends whole, hashes right, and the
server's peak of memory stays below 64 MiB.

    OTARU_BIN=build/release/bin/otaru tests/e2e/big_upload.py [GIB]

Without GIB 256 MiB, as CI runs it. The content is made while it is sent, never stored on this
side."""
import hashlib, http.client, json, os, signal, socket, subprocess, sys, tempfile, time

OTARU = os.environ['OTARU_BIN']
SANITIZED = os.environ.get('OTARU_SANITIZE', '') not in ('', 'OFF', 'off', '0')
MIB = 1 << 20
PEAK_MIB_MAX = 64
BLOCK = os.urandom(MIB)
TUS = {'Tus-Resumable': '1.0.0'}


def block(n):
    return n.to_bytes(8, 'big') + BLOCK[8:]


def content(begin, end):
    """The bytes of the file from begin to end, at most a MiB at a time."""
    while begin < end:
        n, skip = divmod(begin, MIB)
        piece = block(n)[skip:skip + end - begin]
        yield piece
        begin += len(piece)


class Server:
    def __init__(self, folder):
        self.folder, self.peak_kib = folder, 0
        self.start()

    def start(self):
        ready = self.folder + '/ready'
        if os.path.exists(ready):
            os.unlink(ready)
        log = open(self.folder + '/log', 'ab')
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', self.folder + '/data', '--listen', '127.0.0.1:0',
             '--ready-file', ready, '--first-key-file', self.folder + '/key'],
            stdout=log, stderr=log)
        until = time.monotonic() + 60
        while not os.path.exists(ready):
            assert self.process.poll() is None and time.monotonic() < until, 'no server'
            time.sleep(0.02)
        host, port = json.load(open(ready))['listen'][0].removeprefix('http://').split(':')
        self.address, self.key = (host, int(port)), open(self.folder + '/key').read().strip()

    def note_peak(self):
        for line in open(f'/proc/{self.process.pid}/status'):
            if line.startswith('VmHWM:'):
                self.peak_kib = max(self.peak_kib, int(line.split()[1]))

    def kill(self):
        self.note_peak()
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.note_peak()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(300) == 0, 'the server did not end well'

    def ask(self, method, path, **headers):
        c = http.client.HTTPConnection(*self.address, timeout=900)
        c.request(method, path, headers={'Authorization': 'Bearer ' + self.key, **headers})
        r = c.getresponse()
        return r, r.read()


def begin_patch(server, path, offset, size):
    s = socket.create_connection(server.address, timeout=900)
    s.sendall((f'PATCH {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {server.key}\r\n'
               f'Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n'
               f'Upload-Offset: {offset}\r\nContent-Length: {size - offset}\r\n\r\n').encode())
    return s


def offset_of(server, path, least):
    """Where the upload stands, once the connection that was lost is forgotten."""
    until = time.monotonic() + 120
    while True:
        r, _ = server.ask('HEAD', path, **TUS)
        assert r.status == 200, r.status
        at = int(r.getheader('Upload-Offset'))
        if at >= least or time.monotonic() > until:
            return at
        time.sleep(0.05)


def send(server, path, offset, end, size):
    """Sends from offset to end of a PATCH that would go on to size; the socket, still open."""
    until = time.monotonic() + 60
    while True:
        s = begin_patch(server, path, offset, size)
        try:
            for piece in content(offset, end):
                s.sendall(piece)
            return s
        except (BrokenPipeError, ConnectionResetError):
            # Refused while the server has not yet noticed that the last connection is gone.
            s.close()
            assert time.monotonic() < until, 'the upload stays busy'
            offset = offset_of(server, path, 0)
            time.sleep(0.2)


def answer(s):
    data = b''
    while b'\r\n\r\n' not in data:
        piece = s.recv(4096)
        assert piece, 'no answer'
        data += piece
    return data.decode()


def patch_rest(server, path, offset, size):
    """As a client does after a lost connection: while the old one is known (409), again."""
    until = time.monotonic() + 120
    while True:
        s = begin_patch(server, path, offset, size)
        try:
            for piece in content(offset, size):
                s.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = answer(s)
        s.close()
        if ' 409 ' not in got.split('\r\n')[0]:
            return got
        assert time.monotonic() < until, got
        time.sleep(0.2)


def run(size, folder):
    server = Server(folder)
    began = time.monotonic()
    r, _ = server.ask('POST', '/api/v1/uploads', **TUS, **{'Upload-Length': str(size)})
    assert r.status == 201, r.status
    path = r.getheader('Location')
    # 1. the connection is cut
    send(server, path, 0, size // 4, size).close()
    at = offset_of(server, path, size // 4 - 4 * MIB)
    assert size // 4 - 4 * MIB <= at <= size // 4, (at, size)
    time.sleep(0.5)
    # 2. kill -9 while bytes come in
    s = send(server, path, at, size // 2, size)
    offset_of(server, path, size // 2 - 4 * MIB)
    server.kill()
    s.close()
    server.start()
    at = offset_of(server, path, 0)
    assert size // 2 - 4 * MIB <= at <= size // 2, (at, size)
    # 3. a restart; the first PATCH reads again what is there
    s = send(server, path, at, size * 3 // 4, size)
    offset_of(server, path, size * 3 // 4 - 4 * MIB)
    s.close()
    server.stop()
    server.start()
    at = offset_of(server, path, 0)
    assert size * 3 // 4 - 4 * MIB <= at <= size * 3 // 4, (at, size)
    reread = time.monotonic()
    got = patch_rest(server, path, at, size)
    assert got.startswith('HTTP/1.1 204') and f'Upload-Offset: {size}\r\n' in got, got
    ended = time.monotonic()
    server.note_peak()
    r, body = server.ask('GET', path)
    upload = json.loads(body)
    server.stop()
    print(f'{size / MIB:.0f} MiB, three interruptions, {ended - began:.0f} s; of these the last '
          f'quarter, with reading three quarters again, {ended - reread:.0f} s; '
          f'peak {server.peak_kib / 1024:.1f} MiB')
    return upload, server.peak_kib


def main():
    size = int(float(sys.argv[1]) * 1024) * MIB if len(sys.argv) > 1 else 256 * MIB
    size += 12345
    with tempfile.TemporaryDirectory(dir=os.environ.get('OTARU_BIG_FOLDER')) as folder:
        upload, peak_kib = run(size, folder)
    hasher = hashlib.sha256()
    for piece in content(0, size):
        hasher.update(piece)
    assert upload['complete'] and upload['size'] == size, upload
    assert upload['sha256'] == hasher.hexdigest(), upload
    # What a sanitizer takes for itself is no figure of ours.
    assert SANITIZED or peak_kib < PEAK_MIB_MAX * 1024, f'{peak_kib} KiB'
    return 0


if __name__ == '__main__':
    sys.exit(main())
