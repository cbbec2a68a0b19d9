# SPDX-License-Identifier: Apache-2.0
"""Uploads."""
from world import Input, scenario


@scenario('list_uploads', 'describe_tus')
def _(w):
    return Input()


@scenario('override_upload')
def _(w):
    return Input(path={'id': w.upload_under_way()}, headers={'X-HTTP-Method-Override': 'DELETE'})


@scenario('create_upload')
def _(w):
    return Input(body={'size': 64, 'file_name': w.fresh('file')})


@scenario('get_upload', 'head_upload', 'delete_upload')
def _(w):
    return Input(path={'id': w.upload_under_way()})


@scenario('append_upload')
def _(w):
    return Input(path={'id': w.upload_under_way(64)}, raw=b'x' * 32,
                 headers={'Content-Type': 'application/offset+octet-stream',
                          'Upload-Offset': '0'})


@scenario('complete_upload')
def _(w):
    return Input(path={'id': w.upload()})


@scenario('put_blob')
def _(w):
    return Input(query={'file_name': w.fresh('file')}, raw=w.fresh('content').encode(),
                 headers={'Content-Type': 'application/octet-stream'})
