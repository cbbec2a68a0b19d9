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


@scenario('post_form')
def _(w):
    body = (b'--walk\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' +
            w.fresh('content').encode() + b'\r\n--walk--\r\n')
    return Input(raw=body, headers={'Content-Type': 'multipart/form-data; boundary=walk'})
