#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deployments that go on by themselves, through the real binary: a scheduled start, waves behind
test devices, a bad release that a brake takes back, silence, time-outs, and the end of what nobody
comes back for; with the server killed in between. Devices speak OneNET."""
import datetime, json, os, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'crash'))
import otaru  # noqa: E402

ONENET = {'Authorization': otaru.onenet_authorization(otaru.ONENET_PRODUCT, otaru.ONENET_KEY)}


def need(condition, *what):
    if not condition:
        raise SystemExit('FAILED: ' + ' '.join(str(word) for word in what))


def eventually(what, condition, seconds=90):
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        need(time.monotonic() < until, what)
        time.sleep(0.1)


class World:
    def __init__(self, folder):
        self.server = otaru.Server(folder)
        self.server.start()
        self.key = self.server.admin_key()
        self.client = otaru.Client(self.server, self.key)
        self.api('POST', '/credentials', {'kind': 'onenet_product', 'name': otaru.ONENET_PRODUCT,
                                          'secret': otaru.ONENET_KEY})
        self.product = self.api('POST', '/products', {
            'name': 'M5310', 'manufacturer': '001', 'module': '00107'})['id']
        self.releases = {}
        for version in ('1.0', '2.0', '3.0', '4.0', '5.0'):
            release = self.api('POST', '/releases', {'product': self.product,
                                                     'version': version})['id']
            upload = otaru.put_blob(self.client, 'app.bin', otaru.firmware(version, 20_000))
            self.api('POST', '/packages', {'release': release, 'upload': upload['id']})
            self.api('POST', f'/releases/{release}/publish')
            self.releases[version] = release

    def api(self, method, path, body=None):
        return self.client.api(method, path, body)

    def crash(self):
        self.server.kill()
        self.server.start()
        self.client.close()
        self.client = otaru.Client(self.server, self.key)

    def deployment(self, name, version, **more):
        row = self.api('POST', '/deployments', {
            'name': name, 'target': {'release': self.releases[version]}, **more})
        return row['id']

    def start(self, deployment):
        return self.api('POST', f'/deployments/{deployment}/start')

    def show(self, deployment):
        return self.api('GET', f'/deployments/{deployment}')

    def in_state(self, deployment, state):
        return eventually(f'deployment {deployment} is {state}: {self.show(deployment)}',
                          lambda: self.show(deployment)['state'] == state)

    def told(self, device):
        """What `otaru explain` says of it, in both languages."""
        return self.api('GET', f'/devices/{device.key}/explain')['items'][0]['sentence']

    def counts(self, deployment):
        return {k: v for k, v in self.show(deployment)['counts'].items() if v}


class Device:
    def __init__(self, world, key, version='1.0'):
        self.world, self.key, self.version = world, key, version
        self.ask('POST', f'/ota/device/version?dev_id={key}', {'f_version': version})

    def ask(self, method, target, body=None):
        status, text, _ = self.world.client.ask(
            method, target, json.dumps(body) if body else None, ONENET)
        need(status == 200, method, target, status, text)
        return json.loads(text)

    def offered(self):
        """The version it is offered, or None."""
        answer = self.ask('GET', f'/ota/south/check?dev_id={self.key}&manuf=001&model=00107&type=1'
                                 f'&version={self.version}&cdn=false')
        if answer['errno'] != 0:
            return None
        self.token = answer['data']['token']
        return answer['data']['target']

    def report(self, result):
        answer = self.ask('POST', f'/ota/south/report?dev_id={self.key}&token={self.token}',
                          {'result': result})
        need(answer['errno'] == 0, self.key, 'reports', result, answer)

    def update(self, to, good=True):
        got = self.offered()
        need(got == to, self.key, 'is offered', got, 'and not', to)
        self.ask('GET', f'/ota/south/download/{self.token}/check?dev_id={self.key}')
        self.report(101)
        self.report(201 if good else 206)
        if good:
            self.version = to

    def task(self):
        return self.world.api('GET', f'/devices/{self.key}/tasks')['items'][0]


def a_scheduled_start_and_waves(w, testers, others):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
    gate = {'sample_min': 2, 'success_percent': 100, 'soak_s': 1}
    good = w.deployment('good', '2.0', starts_at=at.strftime('%Y-%m-%dT%H:%M:%S.000Z'), waves=[
        {'name': 'test', 'groups': ['testers'], 'test': True, 'gate': gate},
        {'name': 'everyone', 'share_percent': 100}])
    need(w.start(good)['state'] == 'scheduled', 'it waits for its time')
    need(testers[0].offered() is None, 'nothing before its time')
    told = w.told(testers[0])
    need("Deployment 'good' has not begun: it starts at " in told['en'], told)
    need('部署“good”尚未开始' in told['zh'], told)
    w.crash()
    w.in_state(good, 'running')
    need(others[0].offered() is None, 'the second wave is not open yet')
    told = w.told(others[0])
    need("Is in wave 2 ('everyone') of 2 of deployment 'good'" in told['en'], told)
    need('尚未开放' in told['zh'], told)
    status, text, _ = w.client.ask('POST', f'/api/v1/deployments/{good}/next-wave',
                                   {'reason': 'hurry'})
    need(status == 409, 'a wave of test devices is not skipped:', status, text)
    for device in testers:
        device.update('2.0')
    eventually('the second wave opens', lambda: w.show(good)['rollout']['open_waves'] == 2)
    for device in others:
        device.update('2.0')
    w.api('POST', f'/deployments/{good}/finish', {'reason': 'all there'})
    need(w.counts(good) == {'succeeded': len(testers) + len(others)}, w.counts(good))


def a_bad_release_is_taken_back(w, devices):
    bad = w.deployment('bad', '3.0', brakes=[{
        'kind': 'failures', 'count_min': 2, 'action': 'roll_back',
        'back_to_release': w.releases['2.0']}])
    w.start(bad)
    devices[0].update('3.0')
    devices[1].offered()  # on its way when the brake acts
    devices[2].update('3.0', good=False)
    devices[3].update('3.0', good=False)
    w.crash()
    w.in_state(bad, 'rolled_back')
    rollout = w.show(bad)['rollout']
    need('2' in rollout['stopped_by'], rollout)
    healing = w.show(rollout['healed_by'])
    need(healing['heals'] == bad and healing['state'] == 'running', healing)
    devices[0].update('2.0')
    for device in devices[1:]:
        need(device.offered() is None, device.key, 'gets the bad release no more')
    need(devices[1].task()['state'] == 'cancelled', devices[1].task())
    types = {event['type'] for event in w.client.items(f'/events?deployment={bad}')}
    need({'deployment.braked', 'deployment.rolled_back'} <= types, types)


def silence_is_a_brake(w, device):
    quiet = w.deployment('quiet', '4.0', watch={'silence_s': 2}, brakes=[{
        'kind': 'silence', 'count_min': 1, 'action': 'pause'}])
    w.start(quiet)
    device.update('4.0')
    w.in_state(quiet, 'paused')
    need(w.show(quiet)['rollout']['stopped_by'], 'it says which brake')
    w.api('POST', f'/deployments/{quiet}/resume', {'reason': 'it was unplugged'})
    time.sleep(3)  # longer than a turn: the same numbers do not stop it again
    need(w.show(quiet)['state'] == 'running', 'it was resumed')
    w.api('POST', f'/deployments/{quiet}/finish')


def nobody_comes_back(w, devices):
    slow = w.deployment('slow', '5.0', timeouts={'pending_s': 2})
    w.start(slow)
    need(devices[0].offered() == '5.0', 'it is offered')
    w.crash()
    eventually('its task fails', lambda: devices[0].task()['failure'] == 'timeout')
    for device in devices[1:]:
        need(device.offered() == '5.0', 'it is offered')
    status, text, _ = w.client.ask('POST', f'/api/v1/deployments/{slow}/cancel', None)
    need(status == 400 and b'reason' in text, 'why?', status, text)
    w.api('POST', f'/deployments/{slow}/cancel', {'reason': 'enough'})
    wanted = {'failed': 1, 'cancelled': len(devices) - 1}
    eventually('open tasks are ended', lambda: w.counts(slow) == wanted)


def main():
    with tempfile.TemporaryDirectory() as folder:
        w = World(folder)
        try:
            w.api('POST', '/groups', {'name': 'testers'})
            testers = [Device(w, f'10{n}') for n in range(2)]
            others = [Device(w, f'20{n}') for n in range(4)]
            for device in testers:
                w.api('PATCH', f'/devices/{device.key}', {'groups': ['testers']})
            a_scheduled_start_and_waves(w, testers, others)
            a_bad_release_is_taken_back(w, others)
            silence_is_a_brake(w, testers[0])
            nobody_comes_back(w, testers[1:] + others[1:])
            entries = [json.loads(line) for line in w.client.journal()]
            actions = [e['action'] for e in entries if e['actor']['name'] == 'rollout']
            for action in ('start', 'open_wave', 'roll_back', 'pause'):
                need('deployment.' + action in actions, action, actions)
        except BaseException:
            sys.stderr.write(w.server.log_tail())
            raise
        w.client.close()
        w.server.stop()


main()
