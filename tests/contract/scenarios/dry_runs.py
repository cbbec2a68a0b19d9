# SPDX-License-Identifier: Apache-2.0
"""What a deployment would do, before it starts."""
from world import Id, Input, scenario


@scenario('start_dry_run')
def _(w):
    return Input(path={'id': w.deployment()}, body={'at': None})


@scenario('list_dry_runs')
def _(w):
    return Input(path={'id': w.deployment()})


@scenario('get_dry_run', 'delete_dry_run')
def _(w):
    w.device()
    deployment = w.deployment()
    row = w.api('POST', f'/deployments/{deployment}/dry-runs')
    return Input(path={'id': deployment, 'n': Id(row['n'])})
