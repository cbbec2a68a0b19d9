# SPDX-License-Identifier: Apache-2.0
"""The server itself, tenants, credentials, settings."""
from world import Input, scenario


@scenario('healthz', 'readyz', 'metrics', 'describe_server', 'list_settings')
def _(w):
    return Input()


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


@scenario('put_setting')
def _(w):
    return Input(path={'name': f'tenant.{w.tenant}.note'}, body={'value': 'true'})
