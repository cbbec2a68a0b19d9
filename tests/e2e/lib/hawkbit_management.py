# SPDX-License-Identifier: Apache-2.0
"""A hawkBit as its Management API shows it: answers recorded in tests/e2e/hawkbit_management, made
from the public description (eclipse.dev/hawkbit, "Management API") with every member and link. A
list is NAME.OFFSET.json, page by page; a target's folder is its controllerId with '_' for what a
file name may not have. Artifacts are bytes made from their id. What goes wrong is set from
outside: answers of 503, slowness, connections cut in the middle."""
import base64, hashlib, http.server, json, os, re, threading, time, urllib.parse

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'hawkbit_management')
USER, PASSWORD = 'DEFAULT\\admin', 'pass:word'


def content(artifact, size):
    out = b''
    i = 0
    while len(out) < size:
        out += hashlib.sha256(f'{artifact}-{i}'.encode()).digest()
        i += 1
    return out[:size]


def recorded(path):
    with open(os.path.join(FOLDER, path)) as f:
        return json.load(f)


class Hawkbit:
    def __init__(self):
        self.requests = []       # paths, in order
        self.fail = []           # (status, headers) for the next requests
        self.delay = 0.0         # seconds before each answer
        self.cut_after = None    # bytes of a download after which the connection is cut, once
        self.ranges = []         # Range headers of downloads
        self.password = PASSWORD
        self.without_tags = False  # as before /targets/ID/tags
        self.extra = {}          # answers instead of the recorded ones, by file
        self.fleet = 0           # so many targets instead of the recorded ones
        self.elsewhere = None    # where downloads are sent to
        self.is_store = False    # downloads need no user
        self.authorizations = []  # of downloads
        hawkbit = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            wbufsize = -1  # head and body in one segment

            def log_message(self, *_):
                pass

            def do_GET(self):
                hawkbit.answer(self)

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that was killed

        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def send(self, to, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        to.send_response(status)
        to.send_header('Content-Type', 'application/hal+json;charset=UTF-8')
        to.send_header('Content-Length', str(len(data)))
        for name, value in headers:
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(data)

    def answer(self, to):
        url = urllib.parse.urlsplit(to.path)
        self.requests.append(to.path)
        time.sleep(self.delay)
        given = to.headers.get('Authorization', '')
        wanted = 'Basic ' + base64.b64encode(f'{USER}:{self.password}'.encode()).decode()
        if not url.path.startswith('/rest/v1/'):
            return self.send(to, 404, {'status': 404, 'error': 'Not Found', 'path': url.path})
        if self.fail:
            status, headers = self.fail.pop(0)
            return self.send(to, status, b'', headers)
        if given != wanted and not self.is_store:
            return self.send(to, 401, b'', [('WWW-Authenticate', 'Basic realm="hawkBit"')])
        words = url.path[len('/rest/v1/'):].split('/')
        if words[-1] == 'download':
            self.authorizations.append(given)
            if self.elsewhere:
                return self.send(to, 302, b'', [('Location', self.elsewhere + url.path)])
            return self.download(to, int(words[1]), int(words[3]))
        if words[0] == 'targets' and len(words) > 1:
            key = urllib.parse.unquote(words[1])
            words[1] = re.sub('[^A-Za-z0-9-]', '_', key)[:40]
        if self.without_tags and words[0] == 'targets' and words[-1] == 'tags':
            return self.send(to, 404, {'status': 404, 'error': 'Not Found', 'path': url.path})
        query = urllib.parse.parse_qs(url.query)
        path = '/'.join(words)
        if self.fleet and words[0] == 'targets':
            return self.send(to, 200, self.of_fleet(words, query))
        for name in (f'{path}.{query.get("offset", ["0"])[0]}.json', f'{path}.json'):
            if name in self.extra:
                return self.send(to, 200, self.extra[name])
            if os.path.exists(os.path.join(FOLDER, name)):
                return self.send(to, 200, recorded(name))
        if words[-1] in ('assignedDS', 'installedDS'):
            to.send_response(204)  # none: no content
            to.end_headers()
            return None
        return self.send(to, 404, {
            'exceptionClass': 'org.eclipse.hawkbit.repository.exception.EntityNotFoundException',
            'errorCode': 'hawkbit.server.error.repo.entitiyNotFound',
            'message': 'The given entity does not exist in the repository.'})

    def of_fleet(self, words, query):
        if len(words) > 1:
            return {'attributes': {'board': 'rev2'}, 'tags': [],
                    'metadata': {'content': [], 'total': 0, 'size': 0}}[words[-1]]
        offset = int(query.get('offset', ['0'])[0])
        last = min(offset + min(int(query['limit'][0]), 500), self.fleet)
        like = recorded('targets.0.json')['content'][2]
        rows = [dict(like, controllerId=f'f-{n:05}', name=f'f-{n:05}', securityToken=f'{n:032x}')
                for n in range(offset, last)]
        return {'content': rows, 'total': self.fleet, 'size': len(rows)}

    def download(self, to, module, artifact):
        rows = self.extra.get(f'softwaremodules/{module}/artifacts.json') or recorded(
            f'softwaremodules/{module}/artifacts.json')
        row = [r for r in rows if r['id'] == artifact][0]
        whole = content(artifact, row['size'])
        asked = to.headers.get('Range')
        first = 0
        if asked:
            self.ranges.append(asked)
            first = int(re.fullmatch(r'bytes=(\d+)-', asked).group(1))
        data = whole[first:]
        to.send_response(206 if first else 200)
        if first:
            to.send_header('Content-Range', f'bytes {first}-{len(whole) - 1}/{len(whole)}')
        to.send_header('Content-Type', 'application/octet-stream')
        to.send_header('Content-Length', str(len(data)))
        to.end_headers()
        if self.cut_after is not None and len(data) > self.cut_after:
            to.wfile.write(data[:self.cut_after])
            to.wfile.flush()
            self.cut_after = None
            to.close_connection = True
            to.connection.shutdown(2)
            return
        to.wfile.write(data)
