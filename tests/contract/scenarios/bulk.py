# SPDX-License-Identifier: Apache-2.0
"""Groups, imports and exports of devices."""
import time

from client import Failure
from world import Id, Input, Key, scenario


def group(w, **more):
    return Id(w.api('POST', '/groups', {'name': w.fresh('group'), **more})['id'])


def file_of_devices(w, lines=None):
    lines = lines or f'key,blocked\n{w.fresh("device")},true\n{w.fresh("device")},maybe\n'
    row = w.api('PUT', '/blobs?file_name=' + w.fresh('fleet') + '.csv', lines.encode(),
                {'Content-Type': 'application/octet-stream'})
    return Key(row['id'])


def ended_import(w, lines=None):
    number = Id(w.api('POST', '/imports', {'upload': file_of_devices(w, lines)})['id'])
    for _ in range(600):
        if w.api('GET', f'/imports/{number}')['state'] == 'finished':
            return number
        time.sleep(0.05)
    raise Failure('the world: an import does not end')


def pending_device(w):
    key = Key(w.fresh('device'))
    ended_import(w, f'key,pending\n{key},true\n')
    return key


@scenario('list_groups')
def _(w):
    group(w)
    return Input(query={'limit': 2, 'sort': '-name'})


@scenario('create_group')
def _(w):
    return Input(body={'name': w.fresh('group'), 'filter': 'tag == "beta"'})


@scenario('get_group', 'delete_group')
def _(w):
    return Input(path={'id': group(w)})


@scenario('update_group')
def _(w):
    return Input(path={'id': group(w)}, body={'description': 'on the third floor'})


@scenario('change_group_devices')
def _(w):
    return Input(path={'id': group(w)}, body={'add': [w.device()], 'remove': [w.device()]})


@scenario('export_devices')
def _(w):
    w.device()
    return Input(query={'format': 'csv'})


@scenario('list_imports')
def _(w):
    ended_import(w)
    return Input(query={'limit': 2})


@scenario('create_import')
def _(w):
    return Input(body={'upload': file_of_devices(w), 'dry_run': True})


@scenario('get_import', 'list_import_errors', 'cancel_import')
def _(w):
    return Input(path={'id': ended_import(w)})
