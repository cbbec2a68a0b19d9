# SPDX-License-Identifier: Apache-2.0
"""Events and webhooks."""
from world import Input, scenario


@scenario('list_events')
def _(w):
    return Input(query={'limit': 2, 'types': 'device.*,task.succeeded'})


@scenario('stream_events')
def _(w):
    return Input(query={'types': 'task.*', 'last_event_id': '0'})


@scenario('list_webhooks')
def _(w):
    return Input(query={'limit': 2})


@scenario('create_webhook')
def _(w):
    return Input(body={'url': 'https://example.com/' + w.fresh('hook'), 'types': ['task.*'],
                       'disabled': True})


@scenario('get_webhook', 'delete_webhook', 'list_deliveries')
def _(w):
    return Input(path={'id': w.webhook()})


@scenario('list_dead_letters')
def _(w):
    return Input(path={'id': w.webhook()}, query={'limit': 2})


@scenario('update_webhook')
def _(w):
    return Input(path={'id': w.webhook()}, body={'disabled': True})


@scenario('test_webhook', 'replay_dead_letters')
def _(w):
    return Input(path={'id': w.webhook()})
