# SPDX-License-Identifier: Apache-2.0
"""The journal of changes, and logging in through a provider."""
from world import Input, scenario


@scenario('list_audit')
def _(w):
    w.product()
    return Input(query={'limit': 2})


@scenario('get_audit_head')
def _(w):
    return Input()


@scenario('export_audit')
def _(w):
    return Input(query={'limit': 2})


@scenario('get_audit_entry')
def _(w):
    w.product()
    return Input(path={'sequence': w.api('GET', '/audit?limit=1')['items'][0]['sequence']})


@scenario('begin_oidc', 'finish_oidc')
def _(w):
    return Input(unreachable=True)  # the provider is in tests of its own
