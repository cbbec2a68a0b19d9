#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tus protocol: every answer byte for byte, and Debian's own client (python3-tuspy) over it."""
import base64, hashlib, importlib.util, json, os, re, socket, subprocess, sys, tempfile, time
import urllib.request

OTARU = os.environ['OTARU_BIN']
ALL = '/api/v1/uploads'
MIB = 1 << 20


class Server:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', folder + '/data', '--listen', '127.0.0.1:0', '--ready-file',
             folder + '/ready', '--first-key-file', folder + '/key', '--log-level', 'error'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not os.path.exists(folder + '/ready'):
            assert self.process.poll() is None and time.monotonic() < until, 'no server'
            time.sleep(0.02)
        self.url = json.load(open(folder + '/ready'))['listen'][0]
        host, port = self.url.removeprefix('http://').split(':')
        self.address, self.key = (host, int(port)), open(folder + '/key').read().strip()

    def raw(self, method, path, headers=(), body=b'', key=True):
        """One request on a connection of its own; the whole answer, bytes that change named."""
        lines = [f'{method} {path} HTTP/1.1', 'Host: h', 'Connection: close', *headers]
        if key:
            lines.append('Authorization: Bearer ' + self.key)
        with socket.create_connection(self.address, timeout=60) as s:
            s.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n' + body)
            answer = b''
            while piece := s.recv(65536):
                answer += piece
        text = answer.decode()
        text = re.sub(r'[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT', 'DATE', text)
        text = re.sub(r'(?<=ETag: )"[^"]+"', 'TAG', text)
        return re.sub(r'[0-9a-f]{32}', 'ID', text), answer.decode()


def same(got, *lines):
    wanted = '\r\n'.join(lines)
    assert got == wanted, f'got\n{got}\nwanted\n{wanted}'


TUS = 'Tus-Resumable: 1.0.0'
BYTES = 'Content-Type: application/offset+octet-stream'
EMPTY = ('Content-Length: 0', 'Cache-Control: no-store', 'Connection: close')


TITLES = {'conflict': 'Something is there already', 'invalid': 'The request is wrong',
          'precondition': 'Its state does not allow this', 'not_found': 'There is no such thing',
          'too_large': 'Too large', 'unauthenticated': 'Who asks is not known'}


def problem(status, reason, code, detail, field, remedy, rule=None):
    fault = {'field': field, 'rule': rule, 'detail': detail, 'remedy': remedy}
    body = json.dumps({'type': '/problems/' + code, 'title': TITLES[code], 'status': status,
                       'code': code, 'detail': detail, 'field': field, 'rule': rule,
                       'remedy': remedy, 'errors': [fault] if field else []},
                      separators=(',', ':'))
    return (f'HTTP/1.1 {status} {reason}', 'Date: DATE', 'Content-Type: application/problem+json',
            f'Content-Length: {len(body)}', 'Cache-Control: no-store', 'Connection: close'), body


def refused(got, more, *what):
    head, body = problem(*what)
    same(got, *head, *more, '', body)


def transcripts(server):
    same(server.raw('OPTIONS', ALL, key=False)[0],
         'HTTP/1.1 204 No Content', 'Date: DATE', 'Connection: close', 'Tus-Version: 1.0.0',
         'Tus-Extension: creation,creation-with-upload,checksum,expiration,termination',
         'Tus-Max-Size: 17179869184', 'Tus-Checksum-Algorithm: sha1,sha256,md5', TUS, '', '')
    got, answer = server.raw('POST', ALL, [TUS, 'Upload-Length: 11', 'Content-Length: 0',
                                           'Upload-Metadata: filename aGkuYmlu,x'])
    same(got, 'HTTP/1.1 201 Created', 'Date: DATE', *EMPTY, 'Location: /api/v1/uploads/ID',
         'Upload-Offset: 0', 'Upload-Expires: DATE', TUS, '', '')
    path = re.search('Location: (.*)\r', answer)[1]
    got = server.raw('HEAD', path, [TUS])[0]
    same(re.sub(r'Content-Length: \d+', 'Content-Length: N', got), 'HTTP/1.1 200 OK', 'Date: DATE',
         'Content-Type: application/json', 'Content-Length: N', 'Cache-Control: no-store',
         'Connection: close', 'Upload-Offset: 0', 'Upload-Length: 11',
         'Upload-Metadata: filename aGkuYmlu,x', 'Upload-Expires: DATE', TUS, '', '')

    def patch(offset, body, *more, kind=BYTES, version=TUS):
        return server.raw('PATCH', path, [version, kind, f'Upload-Offset: {offset}',
                                          f'Content-Length: {len(body)}', *more], body)[0]
    appended = ('HTTP/1.1 204 No Content', 'Date: DATE', 'Connection: close')
    same(patch(0, b'hello'), *appended, 'Upload-Offset: 5', 'Upload-Expires: DATE', TUS, '', '')
    refused(patch(0, b'hello'), ('Upload-Offset: 5', TUS), 409, 'Conflict', 'conflict',
            'the upload is at 5', 'Upload-Offset', 'go on from there')
    refused(patch(5, b' ', kind='Content-Type: text/plain'), (TUS,), 415, 'Unsupported Media Type',
            'invalid', 'the body must be application/offset+octet-stream', 'Content-Type', None)
    refused(patch(5, b' ', version='Tus-Resumable: 0.2.2'), ('Tus-Version: 1.0.0', TUS), 412,
            'Precondition Failed', 'precondition',
            'this version of the protocol is not spoken here', 'Tus-Resumable', 'use 1.0.0')
    digest = base64.b64encode(hashlib.sha1(b' ').digest()).decode()
    refused(patch(5, b'_', 'Upload-Checksum: sha1 ' + digest), ('Upload-Offset: 5', TUS), 460,
            'Checksum Mismatch', 'conflict',
            'the bytes do not have the checksum that came with them', 'Upload-Checksum',
            'send them again from Upload-Offset on')
    same(patch(5, b' ', 'Upload-Checksum: sha1 ' + digest), *appended, 'Upload-Offset: 6',
         'Upload-Expires: DATE', TUS, '', '')
    refused(patch(6, b'world and more'), ('Upload-Offset: 6', TUS), 413, 'Content Too Large',
            'too_large', 'there are more bytes than the 11 announced', 'body', None)
    override = 'X-HTTP-Method-Override: '
    same(server.raw('POST', path, [TUS, BYTES, 'Upload-Offset: 6', 'Content-Length: 5',
                                   override + 'PATCH'], b'world')[0],
         *appended, 'Upload-Offset: 11', 'Upload-Expires: DATE', TUS, '', '')
    same(server.raw('POST', path, [TUS, override + 'HEAD'])[0], 'HTTP/1.1 200 OK', 'Date: DATE',
         *EMPTY, 'Upload-Offset: 11', 'Upload-Length: 11', 'Upload-Metadata: filename aGkuYmlu,x',
         'Upload-Expires: DATE', 'ETag: TAG', TUS, '', '')
    same(server.raw('DELETE', path, [TUS])[0], *appended, TUS, '', '')
    gone = (404, 'Not Found', 'not_found', 'there is no such upload', 'upload',
            'uploads expire, and are used up by the package made of them')
    refused(server.raw('DELETE', path, [TUS])[0], (TUS,), *gone)
    refused(patch(0, b'x'), (TUS,), *gone)
    refused(server.raw('POST', ALL, [TUS, 'Upload-Length: 17179869185'])[0], (TUS,), 413,
            'Content Too Large', 'too_large', 'files have at most 17179869184 bytes', 'size', None)
    refused(server.raw('POST', ALL, [TUS, 'Upload-Length: 1'], key=False)[0],
            ('WWW-Authenticate: Bearer realm="otaru"', TUS), 401, 'Unauthorized',
            'unauthenticated', 'an API key is needed', None,
            'send Authorization: Bearer KEY with a living API key')
    same(server.raw('POST', ALL, [TUS, BYTES, 'Upload-Length: 2', 'Content-Length: 2'], b'hi')[0],
         'HTTP/1.1 201 Created', 'Date: DATE', *EMPTY, 'Location: /api/v1/uploads/ID',
         'Upload-Offset: 2', 'Upload-Expires: DATE', TUS, '', '')


def look(server, path):
    request = urllib.request.Request(server.url + path,
                                     headers={'Authorization': 'Bearer ' + server.key})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def debians_client(server, folder):
    if importlib.util.find_spec('tusclient') is None:
        print('SKIPPED LOUDLY: python3-tuspy is not installed', file=sys.stderr)
        return
    from tusclient import client
    content = os.urandom(5 * MIB + 123)
    with open(folder + '/lamp 1.0.bin', 'wb') as out:
        out.write(content)
    tus = client.TusClient(server.url + ALL, headers={'Authorization': 'Bearer ' + server.key})
    first = tus.uploader(folder + '/lamp 1.0.bin', chunk_size=MIB, upload_checksum=True,
                         metadata={'filename': 'lamp 1.0.bin'})
    first.upload(stop_at=2 * MIB)
    # Another process goes on with what the first one left.
    second = tus.uploader(folder + '/lamp 1.0.bin', chunk_size=MIB, url=first.url)
    assert second.offset == 2 * MIB, second.offset
    second.upload()
    upload = look(server, first.url.removeprefix(server.url))
    assert upload['complete'] and upload['file_name'] == 'lamp_1.0.bin', upload
    assert upload['sha256'] == hashlib.sha256(content).hexdigest(), upload


def main():
    debians = '/usr/bin/python3'
    if importlib.util.find_spec('tusclient') is None and sys.executable != debians and \
            os.path.exists(debians) and 'OTARU_DEBIAN' not in os.environ:
        os.execve(debians, [debians, __file__], dict(os.environ, OTARU_DEBIAN='1'))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            transcripts(server)
            debians_client(server, folder)
        finally:
            server.process.kill()
            server.process.wait()
    print('tus: every answer, and a client')
    return 0


if __name__ == '__main__':
    sys.exit(main())
