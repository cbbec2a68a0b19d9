# SPDX-License-Identifier: Apache-2.0
"""The second person."""
import json

from client import Failure
from world import Input, scenario


def awaiting(w):
    """A deployment that a key of its own asked to start."""
    setting = f'/settings/tenant.{w.tenant}.approval.devices_min'
    if not hasattr(w, 'asker'):
        w.asker = w.api('POST', '/credentials', {
            'kind': 'api_key', 'name': w.fresh('asker'),
            'attributes': {'role': 'operator', 'scope': 'tenant'}})['secret']
    deployment = w.deployment(devices=[w.device()])
    w.api('PUT', setting, {'value': '1'})
    answer = w.call('POST', f'/deployments/{deployment}/start', key=w.asker)
    w.api('PUT', setting, {'value': '0'})
    if answer.status != 200 or json.loads(answer.body)['state'] != 'awaiting_approval':
        raise Failure(f'the world: nothing waits for a second person: {answer}')
    return deployment


@scenario('approve_deployment')
def _(w):
    return Input(path={'id': awaiting(w)})


@scenario('reject_deployment')
def _(w):
    return Input(path={'id': awaiting(w)}, body={'reason': 'not on a Friday'})
