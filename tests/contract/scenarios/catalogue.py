# SPDX-License-Identifier: Apache-2.0
"""Products, releases, packages, kits, deployments."""
from world import Id, Input, Key, scenario


@scenario('list_products', 'list_releases', 'list_packages', 'list_kits', 'list_deployments')
def _(w):
    w.kit()
    w.deployment()
    return Input(query={'limit': 2})


@scenario('create_product')
def _(w):
    return Input(body={'name': w.fresh('product'), 'model': '1', 'version_scheme': 'semver'})


@scenario('get_product', 'delete_product')
def _(w):
    return Input(path={'id': w.product()})


@scenario('list_product_versions')
def _(w):
    return Input(path={'id': w.product()}, query={'history': 'day'})


@scenario('update_product')
def _(w):
    return Input(path={'id': w.product()}, body={'name': w.fresh('product')})


@scenario('create_release')
def _(w):
    return Input(body={'product': w.product(), 'version': '1.0', 'notes': {'en': 'first'},
                       'min_version': '0.9',
                       'requirements': [{'product': w.product(), 'version_min': '1.0'}]})


@scenario('get_release', 'delete_release')
def _(w):
    return Input(path={'id': w.release()})


@scenario('update_release')
def _(w):
    return Input(path={'id': w.release()}, body={'notes': {'en': w.fresh('note')}})


@scenario('publish_release')
def _(w):
    release = w.release()
    w.package(release)
    return Input(path={'id': release})


@scenario('revoke_release')
def _(w):
    return Input(path={'id': w.published()})


@scenario('create_package')
def _(w):
    return Input(body={'release': w.release(), 'upload': w.upload()})


@scenario('get_package', 'download_package', 'head_package', 'inspect_package', 'delete_package')
def _(w):
    return Input(path={'id': w.package()})


@scenario('update_package')
def _(w):
    return Input(path={'id': w.package()}, body={'hidden': True})


@scenario('create_kit')
def _(w):
    return Input(body={'version': w.fresh('1').rsplit('-', 1)[1] + '.0.0.0',
                       'releases': [w.published()]})


@scenario('get_kit', 'delete_kit', 'publish_kit')
def _(w):
    return Input(path={'id': w.kit()})


@scenario('update_kit')
def _(w):
    return Input(path={'id': w.kit()}, body={'items': [{'release': w.published(), 'stage': 1}]})


@scenario('revoke_kit')
def _(w):
    return Input(path={'id': w.kit('published')})


@scenario('create_deployment')
def _(w):
    product = w.product()
    before, after = w.published(product), w.published(product)
    return Input(body={
        'name': w.fresh('deployment'), 'target': {'release': after}, 'devices': [w.device()],
        'excluded_devices': [w.device()],
        'audience': {'filter': 'site == "a"', 'share_percent': 12.5},
        'waves': [{'name': 'test', 'share_percent': 1, 'test': True,
                   'gate': {'success_percent': 99.5, 'soak_s': 60}},
                  {'name': 'all', 'share_percent': 100}],
        'rate': {'per_minute': 10, 'growth_percent': 50, 'growth_every_s': 600},
        'windows': {'list': ['Mon-Fri 22:00-06:00'], 'time_zone': 'Asia/Shanghai'},
        'conditions': {'networks': ['wifi']}, 'timeouts': {'upgrading_s': 600},
        'watch': {'silence_s': 600},
        'brakes': [{'kind': 'silence', 'share_percent': 5, 'sample_min': 20,
                    'action': 'roll_back', 'back_to_release': before}]})


@scenario('get_deployment', 'get_deployment_progress', 'delete_deployment', 'start_deployment',
          'cancel_deployment')
def _(w):
    return Input(path={'id': w.deployment()})


def waves(**gate):
    return [{'name': 'few', 'share_percent': 1, 'gate': {'sample_min': 1, **gate}},
            {'name': 'all', 'share_percent': 100}]


@scenario('open_next_wave')
def _(w):
    return Input(path={'id': w.deployment('running', waves=waves())},
                 body={'reason': 'tested by hand'})


@scenario('approve_wave')
def _(w):
    return Input(path={'id': w.deployment('running', waves=waves(approval=True))},
                 body={'reason': 'looks good'})


@scenario('roll_back_deployment')
def _(w):
    product = w.product()
    good, bad = w.published(product), w.published(product)
    return Input(path={'id': w.deployment('running', target={'release': bad})},
                 body={'back_to': {'release': good}, 'reason': 'they flicker'})


@scenario('update_deployment')
def _(w):
    return Input(path={'id': w.deployment()}, body={'target': {'kit': w.kit()}})


@scenario('list_deployment_devices')
def _(w):
    return Input(path={'id': w.deployment(devices=[w.device(), w.device()])}, query={'limit': 1})


@scenario('change_deployment_devices')
def _(w):
    return Input(path={'id': w.deployment(devices=[w.device()])},
                 body={'add': [w.device()], 'remove': [Key('nobody')]})


@scenario('put_deployment_devices', 'put_excluded_devices')
def _(w):
    return Input(path={'id': w.deployment(devices=[w.device()])}, query={'mode': 'add'},
                 raw=f'key,note\n{w.device()},\n{w.fresh("late")},late\n'.encode(),
                 headers={'Content-Type': 'text/csv'})


@scenario('export_deployment_devices', 'export_excluded_devices')
def _(w):
    return Input(path={'id': w.deployment(devices=[w.device(), w.device()])})


@scenario('list_excluded_devices')
def _(w):
    return Input(path={'id': w.deployment(devices=[w.device()])}, query={'limit': 1})


@scenario('pause_deployment', 'finish_deployment')
def _(w):
    return Input(path={'id': w.deployment('running')})


@scenario('resume_deployment')
def _(w):
    return Input(path={'id': w.deployment('paused')})


@scenario('list_channels', 'list_permissions')
def _(w):
    w.published(channel='canary')
    w.credential(permissions=[7])
    return Input(query={'limit': 2})


@scenario('get_channel')
def _(w):
    channel = Key(w.fresh('channel'))
    w.published(channel=channel)
    return Input(path={'name': channel})


@scenario('put_channel')
def _(w):
    return Input(path={'name': w.fresh('channel')}, body={'description': 'for the brave'})


@scenario('get_permission')
def _(w):
    number = Id(next(w.numbers))
    w.credential(permissions=[number])
    return Input(path={'id': number})


@scenario('put_permission')
def _(w):
    return Input(path={'id': next(w.numbers)}, body={'name': 'testers'})
