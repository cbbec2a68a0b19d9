#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files on their way to the real server: lost connections, kill -9 in the middle, two writers
at once, strangers. What arrived stays, what is wrong is refused early, and what is downloaded at
the end is what was sent."""
import hashlib, http.client, json, os, random, signal, socket, subprocess, sys, tempfile, time

OTARU = os.environ['OTARU_BIN']
SIZE = 6 * 1024 * 1024 + 12345
CONTENT = random.Random(7).randbytes(SIZE)
BYTES = 'application/offset+octet-stream'


def need(condition, what):
    if not condition:
        raise SystemExit(f'FAILED: {what}')


class Server:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.start()

    def start(self):
        d = self.folder.name
        if os.path.exists(d + '/ready'):
            os.unlink(d + '/ready')
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', d + '/data', '--listen', '127.0.0.1:0', '--ready-file',
             d + '/ready', '--first-key-file', d + '/key', '--log-level', 'warn'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not os.path.exists(d + '/ready'):
            need(self.process.poll() is None and time.monotonic() < until, 'the server starts')
            time.sleep(0.02)
        host, port = json.load(open(d + '/ready'))['listen'][0].removeprefix('http://').split(':')
        self.address = (host, int(port))
        self.key = open(d + '/key').read().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def send(self, method, path, body=None, **headers):
        c = http.client.HTTPConnection(*self.address, timeout=60)
        head = {'Authorization': 'Bearer ' + self.key}
        head.update({k.replace('_', '-'): v for k, v in headers.items()})
        c.request(method, path, body=body, headers=head)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r, data

    def api(self, method, path, value=None, status=(200, 201, 204)):
        body = None if value is None else json.dumps(value).encode()
        r, data = self.send(method, '/api/v1' + path, body, Content_Type='application/json')
        need(r.status in status, f'{method} {path}: {r.status} {data[:300]}')
        return json.loads(data) if data else None

    def open_patch(self, upload, offset, length):
        """The head of a PATCH is sent; the body is the caller's business."""
        s = socket.create_connection(self.address, timeout=60)
        s.sendall((f'PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\n'
                   f'Authorization: Bearer {self.key}\r\nContent-Type: {BYTES}\r\n'
                   f'Upload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n').encode())
        return s

    def offset(self, upload):
        return self.api('GET', f'/uploads/{upload}')['offset']

    def wait_for_offset(self, upload, least):
        until = time.monotonic() + 60
        while self.offset(upload) < least:
            need(time.monotonic() < until, f'{least} bytes arrive')
            time.sleep(0.02)

    def append(self, upload, offset, data):
        """As a client does after a lost connection: as long as the old one is known, ask again."""
        until = time.monotonic() + 60
        while True:
            r, body = self.send('PATCH', f'/api/v1/uploads/{upload}', data, Content_Type=BYTES,
                                Upload_Offset=str(offset))
            if r.status != 409 or json.loads(body)['field'] != 'upload':
                return r, body
            need(time.monotonic() < until, 'the lost connection is forgotten')
            time.sleep(0.05)


def a_lost_connection(server):
    upload = server.api('POST', '/uploads', {'size': SIZE, 'file_name': 'lost.bin'})['id']
    s = server.open_patch(upload, 0, SIZE)
    s.sendall(CONTENT[:2_000_000])
    server.wait_for_offset(upload, 1_000_000)
    s.close()
    server.append(upload, SIZE + 1, b'x')  # waits until nobody writes any more
    at = server.offset(upload)
    need(1_000_000 <= at <= 2_000_000, f'what arrived stays: {at}')
    r, body = server.append(upload, at, CONTENT[at:])
    need(r.status == 204 and r.getheader('Upload-Offset') == str(SIZE), f'the rest: {body[:300]}')
    return upload


def a_killed_server(server):
    upload = server.api('POST', '/uploads', {'size': SIZE, 'file_name': 'killed.bin'})['id']
    acknowledged = 0
    for _ in range(3):
        end = min(SIZE, acknowledged + 700_000)
        r, body = server.append(upload, acknowledged, CONTENT[acknowledged:end])
        need(r.status == 204, f'a piece: {body[:300]}')
        acknowledged = end
        s = server.open_patch(upload, acknowledged, SIZE - acknowledged)
        s.sendall(CONTENT[acknowledged:acknowledged + 500_000])
        server.wait_for_offset(upload, acknowledged + 1)
        server.kill()
        s.close()
        server.start()
        at = server.offset(upload)
        need(at >= acknowledged, f'{acknowledged} were acknowledged, {at} are there')
        acknowledged = at
    r, body = server.append(upload, acknowledged, CONTENT[acknowledged:])
    need(r.status == 204, f'the rest: {body[:300]}')
    return upload


def two_writers(server):
    upload = server.api('POST', '/uploads', {'size': 10, 'file_name': 'two.bin'})['id']
    first = server.open_patch(upload, 0, 10)
    first.sendall(b'01234')
    server.wait_for_offset(upload, 5)
    r, body = server.send('PATCH', f'/api/v1/uploads/{upload}', b'56789', Content_Type=BYTES,
                          Upload_Offset='5')
    need(r.status == 409, f'a second writer is refused: {r.status} {body[:300]}')
    first.sendall(b'56789')
    need(first.recv(100).startswith(b'HTTP/1.1 204'), 'the first goes on')
    first.close()
    done = server.api('POST', f'/uploads/{upload}/complete')
    need(done['md5'] == hashlib.md5(b'0123456789').hexdigest(), 'nothing got mixed up')
    server.api('DELETE', f'/uploads/{upload}')


def strangers(server):
    # The refusal comes while the body is still being sent, not after it was taken in.
    own = f'Authorization: Bearer {server.key}\r\n'
    post = 'POST /api/v1/products HTTP/1.1\r\nContent-Type: application/json\r\n'
    for head, status, what in (
            (post, 401, 'a stranger'), ('PUT /api/v1/blobs?file_name=a HTTP/1.1\r\n', 401,
                                        'a stranger with a file'),
            (post + own, 413, 'an endless body')):
        s = socket.create_connection(server.address, timeout=60)
        s.sendall((head + 'Host: x\r\nContent-Length: 5000000\r\n\r\n').encode())
        got = s.recv(100)
        need(got.startswith(f'HTTP/1.1 {status}'.encode()), f'{what} is refused early: {got}')
        s.close()
    need(server.api('GET', '/products')['items'] == [], 'nothing was made')


def main():
    server = Server()
    strangers(server)
    two_writers(server)
    server.api('POST', '/products', {'name': 'lamp'})
    for number, upload in enumerate((a_lost_connection(server), a_killed_server(server)), 1):
        done = server.api('POST', f'/uploads/{upload}/complete',
                          {'sha256': hashlib.sha256(CONTENT).hexdigest()})
        need(done['complete'] and done['md5'] == hashlib.md5(CONTENT).hexdigest(), 'the hashes')
        release = server.api('POST', '/releases', {'product': 1, 'version': f'{number}.0'})['id']
        package = server.api('POST', '/packages', {'release': release, 'upload': upload})['id']
        server.kill()
        server.start()
        r, data = server.send('GET', f'/api/v1/packages/{package}/file')
        need(r.status == 200 and data == CONTENT, 'what is downloaded is what was sent')
    need(os.listdir(server.folder.name + '/data/uploads') == [], 'no partial file is left')
    server.process.send_signal(signal.SIGTERM)
    need(server.process.wait(30) == 0, 'the server ends cleanly')
    print('uploads: lost connections, three kills, two writers, strangers')


if __name__ == '__main__':
    sys.exit(main())
