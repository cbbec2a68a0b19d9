#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that describe themselves: what an upload says is kept with it and shown with its package,
and a file that says it is another version's is refused, with the way around."""
import json, os, subprocess, sys, tempfile, time
import urllib.error, urllib.request
from pathlib import Path

OTARU = os.environ['OTARU_BIN']
FILES = Path(__file__).resolve().parents[2] / 'src/inspect/testdata/archives'


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
        self.key = open(folder + '/key').read().strip()

    def api(self, method, path, body=None, raw=None):
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + '/api/v1' + path, data, method=method, headers={
            'Authorization': 'Bearer ' + self.key, 'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read() or b'null')
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


def fact(inspection, name):
    return next(f for f in inspection['facts'] if f['name'] == name)


def run(server):
    content = (FILES / 'rauc-verity.raucb').read_bytes()
    status, upload = server.api('PUT', '/blobs?file_name=bundle.raucb', raw=content)
    assert status == 201 and upload['inspection']['kind'] == 'rauc', upload
    version = fact(upload['inspection'], 'version')
    assert version['evidence']['field'], version
    hardware = fact(upload['inspection'], 'hardware')['value']
    assert server.api('GET', '/uploads/' + upload['id'])[1]['inspection'] == upload['inspection']
    product = server.api('POST', '/products', {'name': hardware, 'version_scheme': 'publish_order'})
    release = server.api('POST', '/releases', {'product': product[1]['id'], 'version': 'other'})
    body = {'release': release[1]['id'], 'upload': upload['id']}
    status, refused = server.api('POST', '/packages', body)
    assert status == 409 and refused['field'] == 'version', refused
    assert version['value'] in refused['detail'] and 'override' in refused['remedy'], refused
    status, half = server.api('POST', '/packages', dict(body, override=['version']))
    assert status == 400 and half['field'] == 'override_reason', half
    status, package = server.api('POST', '/packages', dict(
        body, override=['version'], override_reason='the bundle was named before the release'))
    assert status == 201 and package['format'] == 'rauc', package
    # Who said so, and why, is in the journal.
    entry = server.api('GET', '/audit?action=package.create')[1]['items'][0]
    assert entry['subject'] == {'kind': 'package', 'id': str(package['id']),
                                'name': 'bundle.raucb'}, entry
    override = [change for change in entry['changes'] if change['kind'] == 'override']
    assert len(override) == 1 and override[0]['id'] == 'version', entry
    members = override[0]['members']
    assert members['reason'] == {'after': 'the bundle was named before the release'}, members
    assert version['value'] in members['mismatch']['after'], members
    status, again = server.api('GET', f"/packages/{package['id']}/inspection")
    assert status == 200 and again == upload['inspection'], again
    # What fits needs no words.
    status, upload = server.api('PUT', '/blobs?file_name=bundle.raucb', raw=content)
    release = server.api('POST', '/releases',
                         {'product': product[1]['id'], 'version': version['value']})
    status, package = server.api('POST', '/packages',
                                 {'release': release[1]['id'], 'upload': upload['id']})
    assert status == 201, package
    entry = server.api('GET', '/audit?action=package.create')[1]['items'][0]
    assert all(change['kind'] != 'override' for change in entry['changes']), entry


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            run(server)
        finally:
            server.process.kill()
            server.process.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
