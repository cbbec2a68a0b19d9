# SPDX-License-Identifier: Apache-2.0
"""Devices and tasks."""
from scenarios.bulk import pending_device
from world import Input, scenario


@scenario('list_devices')
def _(w):
    w.device()
    return Input(query={'limit': 2, 'prefix': w.tenant})


@scenario('register_device')
def _(w):
    return Input(body={'key': w.fresh('device'), 'attributes': {'site': 'north'}})


@scenario('get_device', 'delete_device', 'list_device_log', 'explain_device',
          'delete_device_secret', 'get_device_consent')
def _(w):
    return Input(path={'key': w.device()})


@scenario('approve_device', 'reject_device')
def _(w):
    return Input(path={'key': pending_device(w)})


@scenario('list_device_tasks')
def _(w):
    return Input(path={'key': w.task()[1]})


@scenario('update_device')
def _(w):
    return Input(path={'key': w.device(attributes={'site': 'north'})},
                 body={'attributes': {'site': None, 'tag': 'beta'}})


@scenario('set_device_secret')
def _(w):
    return Input(path={'key': w.device()}, body={})


@scenario('set_device_consent')
def _(w):
    return Input(path={'key': w.device()}, body={'choice': 'ask', 'postponed_until': None})


@scenario('answer_task_consent')
def _(w):
    return Input(path={'id': w.task()[0]}, body={'action': 'refuse'})


@scenario('list_failures')
def _(w):
    w.task()
    return Input(query={'since': '2026-05-01T12:00:00Z'})


@scenario('list_deployment_failures')
def _(w):
    return Input(path={'id': w.deployment()})


@scenario('get_dossier')
def _(w):
    return Input(path={'id': w.deployment()}, query={'format': 'ndjson'})


@scenario('list_tasks')
def _(w):
    w.task()
    return Input(query={'limit': 2})


@scenario('get_task', 'list_task_history', 'cancel_task', 'pause_task')
def _(w):
    return Input(path={'id': w.task()[0]})


@scenario('resume_task')
def _(w):
    return Input(path={'id': w.task('paused')[0]})
