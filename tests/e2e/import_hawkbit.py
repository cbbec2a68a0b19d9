#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`otaru import hawkbit` against the real server, and a hawkBit that replays recorded answers of
its Management API: everything once, nothing twice, through kill -9, cut connections and restarts,
and every thing that has no place here told with its reason."""
import json, os, signal, subprocess, sys, tempfile, time, urllib.error, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))
from hawkbit_management import Hawkbit, PASSWORD, USER, content, recorded  # noqa: E402

OTARU = os.environ['OTARU_BIN']
STATE = 'otaru-import-hawkbit.state'
KINDS = ('products', 'releases', 'packages', 'kits', 'groups', 'devices')


def need(condition, what):
    if not condition:
        raise SystemExit(f'FAILED: {what}')


class World:
    """A hawkBit, an Otaru with an empty catalogue, and a folder to work in."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = self.folder.name + '/work'
        os.mkdir(self.work)
        self.hawkbit = Hawkbit()
        self.listen = '127.0.0.1:0'
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.hawkbit.close()
        self.folder.cleanup()

    def start(self):
        d = self.folder.name
        if os.path.exists(d + '/ready'):
            os.unlink(d + '/ready')
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', d + '/data', '--listen', self.listen, '--ready-file',
             d + '/ready', '--first-key-file', d + '/key', '--log-level', 'warn'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not os.path.exists(d + '/ready'):
            need(self.process.poll() is None and time.monotonic() < until, 'the server starts')
            time.sleep(0.02)
        self.url = json.load(open(d + '/ready'))['listen'][0]
        self.listen = self.url.removeprefix('http://')
        self.key = open(d + '/key').read().strip()

    def environment(self, **more):
        out = {k: v for k, v in os.environ.items() if not k.startswith('OTARU_')}
        out.update(HOME=self.folder.name, OTARU_SERVER=self.url, OTARU_KEY=self.key,
                   OTARU_IMPORT_HAWKBIT_PASSWORD=PASSWORD)
        out.update(more)
        return out

    def command(self, *words):
        return [OTARU, 'import', 'hawkbit', self.hawkbit.url, '--user', USER, *words]

    def run(self, *words, status=0, **environment):
        done = subprocess.run(self.command(*words), cwd=self.work, capture_output=True, text=True,
                              env=self.environment(**environment), timeout=120,
                              stdin=subprocess.DEVNULL)
        need(done.returncode == status,
             f'{words} ends with {status}: {done.returncode}\n{done.stdout}\n{done.stderr}')
        return done

    def begin(self, *words):
        return subprocess.Popen(self.command(*words), cwd=self.work, env=self.environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def tally(self, *words):
        answer = json.loads(self.run('--json', *words).stdout)
        out = {row['kind']: row for row in answer['kinds']}
        for kind, row in out.items():
            parts = [row[name] for name in ('written', 'there', 'inside', 'not_mapped')]
            need(row['read'] == sum(parts), f'{kind} adds up: {row}')
        return out

    def otaru(self, *words):
        done = subprocess.run([OTARU, *words], capture_output=True, text=True, timeout=60,
                              env=self.environment())
        need(done.returncode == 0, f'otaru {words}: {done.stderr}')
        return done.stdout

    def rows(self, noun):
        return [json.loads(line) for line in
                self.otaru(noun, 'list', '--json').splitlines()]

    def devices(self):
        return {row['key']: row for row in self.rows('device')}

    def report(self, path=STATE + '.report'):
        with open(os.path.join(self.work, path)) as f:
            return [json.loads(line) for line in f]

    def picture(self):
        """What there is, without ids and times."""
        products = {row['id']: f"{row['name']}/{row['feature']}" for row in self.rows('product')}
        releases = {row['id']: f"{products[row['product']]}@{row['version']}"
                    for row in self.rows('release')}
        out = {'products': sorted(products.values()),
               'releases': sorted((releases[r['id']], r['state'], r['channel'])
                                  for r in self.rows('release')),
               'packages': sorted((releases[p['release']], p['file_name'], p['sha256'])
                                  for p in self.rows('package')),
               'kits': sorted((k['channel'], k['version'], k['state'],
                               sorted(releases[i['release']] for i in k['items']))
                              for k in self.rows('kit')),
               'groups': sorted((g['name'], g['filter']) for g in self.rows('group'))}
        devices = []
        for row in self.rows('device'):
            components = sorted((c['slot'], products.get(c['product']), c['version'])
                                for c in row['components'])
            devices.append((row['key'], row['attributes'], row['reported'], row['tags'],
                            row['has_secret'], components))
        out['devices'] = sorted(devices, key=lambda row: row[0])
        return json.dumps(out, indent=1, sort_keys=True)


def told(report, kind, name, words, result='not_mapped'):
    hits = [row for row in report if row['kind'] == kind and row['name'] == name and
            row['result'] == result and words in row['reason']]
    need(len(hits) == 1, f'the report says once: {kind} {name}: {words}: {len(hits)} times')


def no_secret_is_written(world):
    tokens = [row['securityToken'] for row in recorded('targets.0.json')['content']
              if 'securityToken' in row]
    need(len(tokens) >= 3, 'recorded targets have tokens')
    for folder, _, names in os.walk(world.work):
        for name in names:
            text = open(os.path.join(folder, name), 'rb').read()
            for secret in [PASSWORD, world.key, *tokens]:
                need(secret.encode() not in text, f'{name} holds no secret')


def check_catalogue(world):
    products = {row['name']: row for row in world.rows('product')}
    need(products['lamp-os']['type'] == 'firmware' and products['lamp-os']['feature'] == 'os',
         'an os is firmware')
    need(products['lamp-os']['version_scheme'] == 'dotted', 'dotted versions stay dotted')
    need(products['jre']['version_scheme'] == 'semver', '11.0.2+9 is a semantic version')
    need(products['lamp-app']['version_scheme'] == 'publish_order', '2.0-rc1 beside 2.0 is neither')
    need('lamp-app.lamp-app.tar.sig' in products, 'another artifact is another product')
    releases = world.rows('release')
    need(all(r['state'] == 'published' for r in releases), 'releases are published')
    need(all(r['channel'] == 'hawkbit' for r in releases), 'in a channel of their own')
    need(releases[0]['notes'] == {'en': 'the first'}, 'a description is a note')
    packages = {p['file_name']: p for p in world.rows('package')}
    need(packages['jre_11.tar.gz']['size_bytes'] == 4000, 'a file name without blanks')
    world.otaru('package', 'download', str(packages['lamp-os-1.1.0.swu']['id']), '--to',
                world.folder.name + '/got')
    need(open(world.folder.name + '/got', 'rb').read() == content(2, 700000), 'byte for byte')
    kits = {(k['channel'], k['version']): k for k in world.rows('kit')}
    need(sorted(kits) == [('lab', '1.0'), ('lamp-set', '1.0'), ('lamp-set', '1.1')],
         f'kits: {list(kits)}')
    shown = json.loads(world.otaru('kit', 'show', 'lab@1.0', '--json'))
    need(shown['id'] == kits['lab', '1.0']['id'], 'a kit is named by channel and version')
    need(len(kits['lamp-set', '1.1']['items']) == 4, 'all artifacts of all modules are in the kit')
    need(all(k['state'] == 'published' for k in kits.values()), 'kits are published')


def check_fleet(world):
    groups = {g['name']: g['filter'] for g in world.rows('group')}
    need(groups == {'beta lamps': 'tag == "beta" and reported.board == "rev2"',
                    'in the lab': 'key like "lab*" or set.site in ("lab", "test bench")',
                    'tall': 'reported.floor > "9"'}, f'groups: {groups}')
    members = [json.loads(line)['key'] for line in world.otaru(
        'device', 'list', '--json', '--filter', 'group == "beta lamps"').splitlines()]
    need(members == ['lab-1'], f'the group has whom the filter had: {members}')
    devices = world.devices()
    need(sorted(devices) == ['lab-1', 'lab-2', 'lab-3', 'plant:urn/4 b', 'silent-5', 'unlucky-6'],
         f'devices: {sorted(devices)}')
    lamp = devices['lab-1']
    need(lamp['door'] == 'hawkbit' and lamp['has_secret'], 'it comes through the hawkBit door')
    need(lamp['attributes'] == {
        'name': 'Lamp 1', 'description': 'by the door', 'type': 'lamp', 'site': 'north',
        'owner': 'works', 'product': 'lamp-os,lamp-app,lamp-app.lamp-app.tar.sig'},
        f'attributes: {lamp["attributes"]}')
    need(lamp['reported'] == {'board': 'rev2', 'serial': '0815'}, 'its own words are reported')
    need(lamp['tags'] == ['beta', 'north'], 'tags')
    need({c['slot']: c['version'] for c in lamp['components']} == {
        'lamp-os/os': '1.0.0', 'lamp-app/application': '2.0-rc1',
        'lamp-app.lamp-app.tar.sig/application': '2.0-rc1'}, 'what is installed')
    need(lamp['created_at'] == '2026-01-01T00:00:00.000Z', 'born when it was')
    need('jre' in devices['lab-2']['attributes']['product'], 'what is assigned concerns it')
    need(not devices['silent-5']['has_secret'], 'a target without a token')
    need(devices['lab-3']['has_secret'], 'a token that is no base64')
    need(not devices['plant:urn/4 b']['has_secret'], 'a token that no header can carry')
    need('product' not in devices['lab-3']['attributes'], 'metadata does not name products')


def check_report(report):
    told(report, 'artifact', 'broken 1.0: broken.bin', 'not what hawkBit says it is')
    told(report, 'software module', 'broken 1.0', 'broken.bin could not be taken over')
    told(report, 'software module', 'empty 1.0', 'no artifact')
    told(report, 'software module', 'lamp-os 1.1.0', '1 metadata', 'partly')
    told(report, 'distribution set', 'lab v2-beta', 'numbers with dots')
    told(report, 'distribution set', 'unlucky 1.0', 'broken 1.0 was not taken over')
    told(report, 'distribution set', 'nothing 1.0', 'no modules')
    told(report, 'distribution set', 'Lamp Set 1.0', "channel 'lamp-set'", 'differs')
    told(report, 'target filter', 'overdue', 'moment of asking')
    told(report, 'target filter', 'failed', 'updatestatus')
    told(report, 'target filter', 'beta lamps', 'auto-assignment', 'partly')
    told(report, 'target filter', 'tall', 'compared as a number', 'differs')
    told(report, 'target', 'silent-5', 'READ_TARGET_SECURITY_TOKEN', 'partly')
    told(report, 'target', 'plant:urn/4 b', 'visible characters', 'partly')
    told(report, 'target', 'lab-3', "tag 'odd;tag'", 'partly')
    told(report, 'target', 'lab-3', "metadata 'product'", 'partly')
    told(report, 'target', 'lab-2', 'under way', 'partly')
    told(report, 'target', 'k' * 140, '1 to 128 bytes')
    told(report, 'rollout', 'spring', 'running')
    told(report, 'distribution set tag', 'released', 'kits have no tags')


def full_import():
    with World() as world:
        dry = world.tally('--dry-run')
        need(all(world.rows(noun.rstrip('s')) == [] for noun in KINDS), 'a dry run writes nothing')
        need(not os.path.exists(os.path.join(world.work, STATE)), 'and keeps no state')
        first = world.tally('--report', 'told.ndjson')
        check_catalogue(world)
        check_fleet(world)
        check_report(world.report('told.ndjson'))
        need(first['target']['written'] == 6 and first['artifact']['written'] == 7,
             f'counts: {first}')
        for kind in ('software module type', 'target tag', 'rollout', 'target filter', 'target'):
            need(dry[kind] == first[kind], f'the dry run foretold {kind}')
        need(sorted(os.listdir(world.work)) == sorted(['told.ndjson', STATE + '.report']),
             'what it needed on the way is gone')
        no_secret_is_written(world)

        before = {noun: world.rows(noun.rstrip('s')) for noun in KINDS}
        second = world.tally()
        need(all(row['written'] == 0 for row in second.values()), f'nothing twice: {second}')
        need(second['target']['there'] == 6 and second['artifact']['there'] == 7, 'all there')
        need(before == {noun: world.rows(noun.rstrip('s')) for noun in KINDS}, 'nothing changed')
        text = world.run().stdout
        need('not mapped: target filter failed' in text and 'INSIDE OTHERS' in text, text)
        secrets_are_the_tokens(world)
        changes_in_hawkbit(world)
        return world.picture()


def secrets_are_the_tokens(world):
    """The secret is shown by nothing; the same one again is no change, another one is."""
    def given(token):
        path = world.folder.name + '/one.ndjson'
        with open(path, 'w') as f:
            f.write(json.dumps({'key': 'lab-1', 'secret': token}) + '\n')
        return json.loads(world.otaru('device', 'import', path, '--json', '--dry-run'))
    token = recorded('targets.0.json')['content'][0]['securityToken']
    need(given(token)['unchanged'] == 1, "the device's secret is its security token")
    need(given(token[:-1] + 'X')['updated'] == 1, 'another one would be a change')


def the_door_knows_it(world):
    """The device polls here with the token it has, and is offered the kit of its set by name."""
    def poll(key, token):
        request = urllib.request.Request(
            f'{world.url}/DEFAULT/controller/v1/{key}',
            headers={'Authorization': f'TargetToken {token}'})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None
    targets = recorded('targets.0.json')['content']
    for row in targets[:3]:
        status, _ = poll(row['controllerId'], row['securityToken'])
        need(status == 200, f'{row["controllerId"]} comes in with its own token: {status}')
    need(poll('lab-1', targets[1]['securityToken'])[0] == 401, "not with another's")
    world.otaru('deployment', 'add', 'lamps', '--kit', 'lamp-set@1.1', '--group', 'beta lamps')
    world.otaru('deployment', 'start', 'lamps')
    _, answer = poll('lab-1', targets[0]['securityToken'])
    link = answer['_links']['deploymentBase']['href'].replace('/default/', '/DEFAULT/')
    request = urllib.request.Request(
        link, headers={'Authorization': f'TargetToken {targets[0]["securityToken"]}'})
    chunks = json.load(urllib.request.urlopen(request, timeout=30))['deployment']['chunks']
    need({(c['name'], c['version']) for c in chunks} >= {('lamp-os', '1.1.0'),
                                                         ('lamp-app', '2.0')},
         f'it is offered the modules of the set: {chunks}')


def changes_in_hawkbit(world):
    """Until a device has come over, hawkBit is right; then Otaru is."""
    world.hawkbit.extra['targets/lab-2/tags.json'] = [{'id': 1, 'name': 'beta'}]
    world.hawkbit.extra['targets/lab-1/attributes.json'] = {'board': 'rev3'}
    moved = json.dumps({'key': 'moved-9', 'tags': ['mine'], 'last_seen_at': '2026-03-01T00:00:00Z'})
    with open(world.folder.name + '/moved.ndjson', 'w') as f:
        f.write(moved + '\n')
    world.otaru('device', 'import', world.folder.name + '/moved.ndjson')
    rows = recorded('targets.0.json')
    rows['content'][2]['controllerId'] = 'moved-9'
    world.hawkbit.extra['targets.0.json'] = rows
    world.hawkbit.extra.update({f'targets/moved-9/{name}': value for name, value in (
        ('attributes.json', {'board': 'x'}), ('tags.json', []),
        ('metadata.0.json', {'content': [], 'total': 0, 'size': 0}))})
    third = world.tally('--targets-only')
    need(third['target']['written'] == 2 and third['target']['there'] == 4, f'{third["target"]}')
    need(third['software module']['read'] == 0, 'only targets')
    devices = world.devices()
    need(devices['lab-2']['tags'] == ['beta'], 'tags follow')
    need(devices['lab-1']['reported']['board'] == 'rev3', 'attributes follow')
    need(devices['moved-9']['tags'] == ['mine'] and devices['moved-9']['reported'] == {},
         'a device that was heard here last is left alone')
    world.hawkbit.extra.clear()


def wrong_answers():
    with World() as world:
        error = world.run(status=1, OTARU_IMPORT_HAWKBIT_PASSWORD='wrong').stderr
        need('--user' in error and '401' in error, error)
        need('wrong' not in error, 'the password is not shown')
        asked = len(world.hawkbit.requests)
        error = world.run(status=1, OTARU_KEY='otk_nobody').stderr
        need('Otaru' in error, error)
        need(len(world.hawkbit.requests) - asked <= 1, 'hawkBit is not read in vain')
        world.hawkbit.url += '/elsewhere'
        error = world.run(status=2).stderr
        need('/rest/v1' in error and '404' in error, error)
        world.hawkbit.url = 'http://127.0.0.1:9'
        error = world.run(status=3).stderr
        need('is hawkBit running' in error, error)
        world.hawkbit.url = 'hawkbit:8080'
        need('is no URL' in world.run(status=2).stderr, 'no URL')
        world.hawkbit.url = 'http://u:secret@127.0.0.1:9'
        error = world.run(status=2).stderr
        need('--user' in error and 'secret' not in error, error)
        world.hawkbit.url = 'http://127.0.0.1:9'
        need('--skip' in world.run('--skip', 'everything', status=2).stderr, '--skip')
        need('password' in world.run(status=2, OTARU_IMPORT_HAWKBIT_PASSWORD='').stderr,
             'no password')
        need(os.listdir(world.work) == [], 'nothing is left behind')


def bad_weather(expected):
    """503 with Retry-After, a download cut in the middle, a hawkBit of before /targets/ID/tags."""
    with World() as world:
        hawkbit = world.hawkbit
        hawkbit.without_tags = True
        hawkbit.cut_after = 300000
        hawkbit.fail = [(503, [('Retry-After', '0')]), (429, [('Retry-After', '0')]), (502, [])]
        done = world.run()
        need(done.stderr.count('trying again') == 4, done.stderr)
        need(hawkbit.ranges == ['bytes=300000-'], f'it goes on where it was: {hawkbit.ranges}')
        need(world.picture() == expected, 'the same comes of it')


def stopped_anywhere(expected):
    """kill -9 of the command after N of its requests, again and again, until it is through."""
    with World() as world:
        hawkbit = world.hawkbit
        hawkbit.delay = 0.01
        kills = 0
        step = 7
        while True:
            before = len(hawkbit.requests)
            command = world.begin('--json')
            while command.poll() is None and len(hawkbit.requests) < before + step:
                time.sleep(0.002)
            if command.poll() is not None:
                break
            # Ctrl-C now and then: what is kept is the same.
            command.send_signal(signal.SIGKILL if kills % 3 else signal.SIGINT)
            command.wait()
            kills += 1
            step += 4
            need(kills < 60, 'it gets through')
        out, error = command.communicate()
        need(command.returncode == 0, error)
        need(kills >= 5, f'it was stopped {kills} times')
        need('going on where the last try stopped' in error, error)
        need(world.picture() == expected, 'nothing is missing, nothing is doubled')
        rows = {row['kind']: row for row in json.loads(out)['kinds']}
        for kind, row in rows.items():
            parts = [row[name] for name in ('written', 'there', 'inside', 'not_mapped')]
            need(row['read'] == sum(parts), f'{kind} adds up over all tries: {row}')
        need(rows['artifact']['read'] == 8 and rows['target']['read'] == 7, f'{rows}')
        check_report(world.report())
        no_secret_is_written(world)


def otaru_restarts(expected):
    """The server dies in the middle and comes back: the command waits for it."""
    with World() as world:
        world.hawkbit.delay = 0.02
        command = world.begin()
        for n in (25, 55):
            while len(world.hawkbit.requests) < n:
                need(command.poll() is None, 'the command lives')
                time.sleep(0.005)
            world.process.kill()
            world.process.wait()
            world.start()
        _, error = command.communicate(timeout=120)
        need(command.returncode == 0, error)
        need(world.picture() == expected, 'the same comes of it')


def artifacts_elsewhere(expected):
    """Downloads that are sent to another server, which does not get hawkBit's password."""
    with World() as world:
        store = Hawkbit()
        store.is_store = True
        store.cut_after = 200000
        world.hawkbit.elsewhere = store.url
        world.run()
        store.close()
        need(len(store.authorizations) >= 8 and set(store.authorizations) == {''},
             f'no password for strangers: {store.authorizations}')
        need(store.ranges == ['bytes=200000-'], f'it goes on there too: {store.ranges}')
        need(world.picture() == expected, 'the same comes of it')


def a_larger_fleet():
    """Several pages and batches: what was written before a kill is not read again."""
    with World() as world:
        hawkbit = world.hawkbit
        hawkbit.fleet = 1300
        words = ('--targets-only', '--json')
        command = world.begin(*words)
        state = os.path.join(world.work, STATE)
        while not os.path.exists(state) or json.load(open(state))['place'] < 1000:
            need(command.poll() is None, 'the command lives')
            time.sleep(0.01)
        command.kill()
        command.wait()
        need(len(world.devices()) == 1000, 'a batch is there')
        asked = len(hawkbit.requests)
        row = world.tally(*words[:1])['target']
        need(row['read'] == 1300 and row['written'] == 1300, f'counted over both tries: {row}')
        need('/rest/v1/targets?offset=1000&limit=500' in hawkbit.requests[asked + 1],
             f'it goes on there: {hawkbit.requests[asked:asked + 3]}')
        devices = world.devices()
        need(len(devices) == 1300 and all(d['has_secret'] for d in devices.values()), 'everybody')
        row = world.tally(*words[:1])['target']
        need(row['there'] == 1300, f'nothing twice: {row}')


def another_state():
    with World() as world:
        world.hawkbit.delay = 0.05
        command = world.begin('--state', 'mine')
        while not os.path.exists(os.path.join(world.work, 'mine')):
            need(command.poll() is None, 'the command lives')
            time.sleep(0.01)
        error = world.run('--state', 'mine', status=1).stderr
        need('another import' in error, error)
        command.kill()
        command.wait()
        error = world.run('--state', 'mine', '--draft', status=1).stderr
        need('other options' in error, error)
        with open(os.path.join(world.work, 'mine'), 'w') as f:
            f.write('not a state')
        need('is no state' in world.run('--state', 'mine', status=2).stderr, 'a wrong file')
        os.unlink(os.path.join(world.work, 'mine'))
        world.hawkbit.delay = 0
        world.run('--draft', '--skip', 'targets,rollouts')
        need(all(row['state'] == 'draft' for noun in ('release', 'kit')
                 for row in world.rows(noun)), 'drafts')
        need(world.rows('device') == [], 'without targets')


def main():
    expected = full_import_picture()
    wrong_answers()
    bad_weather(expected)
    stopped_anywhere(expected)
    otaru_restarts(expected)
    another_state()
    artifacts_elsewhere(expected)
    a_larger_fleet()
    print('ok')


def full_import_picture():
    full_import()
    with World() as world:
        world.run()
        picture = world.picture()
        the_door_knows_it(world)
        return picture


if __name__ == '__main__':
    main()
