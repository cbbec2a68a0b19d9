# SPDX-License-Identifier: Apache-2.0
"""The server itself, tenants, credentials, settings."""
from world import Input, Key, scenario


@scenario('healthz', 'readyz', 'metrics', 'describe_server', 'list_settings', 'openapi_yaml',
          'openapi_json', 'docs_page')
def _(w):
    return Input()


@scenario('describe_problem')
def _(w):
    return Input(path={'code': 'conflict'})


@scenario('docs_file')
def _(w):
    return Input(path={'file': 'page.js'})


@scenario('list_tenants', 'list_credentials')
def _(w):
    return Input(query={'limit': 2})


@scenario('create_tenant')
def _(w):
    return Input(body={'name': w.fresh('tenant')})


@scenario('create_credential')
def _(w):
    return Input(body={'kind': 'oomi_account', 'name': w.fresh('account'), 'permissions': [1]})


@scenario('get_credential', 'delete_credential', 'rotate_credential')
def _(w):
    return Input(path={'id': w.credential()})


@scenario('update_credential')
def _(w):
    return Input(path={'id': w.credential()}, body={'permissions': [1, 2]})


@scenario('get_setting')
def _(w):
    return Input(path={'name': Key(f'tenant.{w.tenant}.display_name')})


@scenario('put_setting')
def _(w):
    return Input(path={'name': Key(f'tenant.{w.tenant}.note')}, body={'value': 'true'})
