#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vendors' own examples against the real binary: their catalogue is loaded through the
operators' API, their requests are sent as they print them, and the answers must be the ones they
print. Ids, times, hosts and hashes may differ; keys, their order, types and all other values may
not. The same bytes, exact to the last one, are transcripts in src/dialect/*/testdata; this is the
whole way, over a socket, through the command that users start."""
import base64, hashlib, hmac, http.client, json, os, re, signal, subprocess, sys, tempfile, time
import urllib.parse

OTARU = os.environ['OTARU_BIN']
checks = 0


def need(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f'FAILED: {what}')


class Server:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        d = self.folder.name
        self.process = subprocess.Popen(
            [OTARU, 'serve', '--data', d + '/data', '--listen', '127.0.0.1:0', '--ready-file',
             d + '/ready', '--first-key-file', d + '/key', '--log-level', 'warn'],
            stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not os.path.exists(d + '/ready'):
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit('FAILED: the server did not start')
            time.sleep(0.02)
        self.address = json.load(open(d + '/ready'))['listen'][0].removeprefix('http://')
        self.key = open(d + '/key').read().strip()

    def send(self, method, target, body=None, headers=()):
        c = http.client.HTTPConnection(self.address, timeout=60)
        c.request(method, target, body=body, headers=dict(headers))
        r = c.getresponse()
        data = r.read()
        c.close()
        return r, data

    def api(self, method, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        r, data = self.send(method, '/api/v1' + path, body,
                            {'Authorization': 'Bearer ' + self.key,
                             'Content-Type': 'application/json'})
        if r.status >= 300:
            raise SystemExit(f'FAILED: {method} {path}: {r.status} {data[:400]}')
        return json.loads(data) if data else None

    def blob(self, name, content):
        r, data = self.send('PUT', '/api/v1/blobs?file_name=' + urllib.parse.quote(name), content,
                            {'Authorization': 'Bearer ' + self.key,
                             'Content-Type': 'application/octet-stream'})
        if r.status >= 300:
            raise SystemExit(f'FAILED: upload of {name}: {r.status} {data[:400]}')
        return json.loads(data)['id']

    def release(self, product, version, size, name, **more):
        package = {k: more.pop(k) for k in ('base_version',) if k in more}
        row = self.api('POST', '/releases', {'product': product, 'version': version, **more})
        content = hashlib.sha256(name.encode()).digest() * (size // 32 + 1)
        upload = self.blob(name, content[:size])
        made = self.api('POST', '/packages', {'release': row['id'], 'upload': upload, **package})
        self.api('POST', f'/releases/{row["id"]}/publish')
        return row['id'], made

    def deploy(self, name, target, **more):
        row = self.api('POST', '/deployments', {'name': name, 'target': target, **more})
        self.api('POST', f'/deployments/{row["id"]}/start')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        need(self.process.wait(30) == 0, 'the server ends cleanly')


def shape(value, free, path=''):
    """The value with whatever may differ replaced by its type."""
    if isinstance(value, dict):
        return {k: shape(v, free, k) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v, free, path) for v in value]
    return type(value).__name__ if path in free else value


def same(got, wanted, free, what):
    a = json.dumps(shape(json.loads(got), free), ensure_ascii=False)
    b = json.dumps(shape(wanted, free), ensure_ascii=False)
    need(a == b, f'{what}\n  got    {a}\n  wanted {b}')


CHECK = {"firmwares": [
    {"feature": "", "hwVersion": "", "model": "1", "name": "OOMI_Cube_Firmware",
     "swVersion": "V0.2.0.4"},
    {"feature": "", "hwVersion": "1.1.0.2", "model": "1", "name": "OOMI_Cube_APP",
     "swVersion": "V2.0.5.8"},
    {"feature": "", "hwVersion": "", "model": "1", "name": "OOMI_Cube_IR",
     "swVersion": "V1.1.0.0"},
    {"feature": "zwave_freq_29", "hwVersion": "", "model": "1", "name": "OOMI_Cube_Zwave",
     "swVersion": "V1.02.0.0"}], "guid": "", "model": "1", "product": "OOMI_CUBE"}


def listed(name, feature, size, version):
    return {"model": "1", "oldSwVersion": "V0.0.0.0", "hwVersion": "V1.0.0.0", "name": name,
            "feature": feature, "needUpgrade": True, "size": size, "isFullPackage": True,
            "swVersion": version}


def oomi(server):
    parts = [('OOMI_Cube_Firmware', '', 'V0.2.0.4', 4000),
             ('OOMI_Cube_APP', '', 'V2.0.6.9', 10261237),
             ('OOMI_Cube_IR', '', 'V1.1.0.0', 9785),
             ('OOMI_Cube_Zwave', 'zwave_freq_29', 'V1.02.0.0', 261365),
             ('OOMI_Touch_Firmware', '', 'V1.0.0.19', 5000),
             ('OOMI_Touch_APP', '', 'V2.0.6.6', 6000)]
    ids = {}
    for name, feature, version, size in parts:
        product = server.api('POST', '/products', {
            'name': name, 'model': '1', 'feature': feature, 'hw_version': 'V1.0.0.0',
            'version_pattern': 'V#N.#N.#N.#N'})['id']
        force = name in ('OOMI_Cube_IR', 'OOMI_Cube_Zwave')
        release, _ = server.release(product, version, size, f'{name}-V0.0.0.0-{version}.zip',
                                    force=force)
        ids[name] = (product, release)
    server.deploy('newest for everyone', {'newest_in_channel': 'stable'})
    headers = {'Content-Type': 'application/json;charset=utf-8',
               'Cookie': 'guid=8C26D21152544D3DB8555055D9A949E9'}
    r, got = server.send('POST', '/ota/integration/check', json.dumps(CHECK, indent=4), headers)
    need(r.status == 200 and r.getheader('Content-Type') == 'application/json;charset=utf-8',
         'OOMI check: status and type')
    answer = json.loads(got)
    links = [f.pop('firmwareUrl') for f in answer['data']['firmwares']]  # our addition, last
    same(json.dumps(answer), {"code": "1", "note": "OPERATE_SUCCESS", "data": {
        "product": "OOMI_CUBE", "guid": "8C26D21152544D3DB8555055D9A949E9", "model": "1",
        "firmwares": [listed('OOMI_Cube_APP', None, 10261237, 'V2.0.6.9'),
                      listed('OOMI_Cube_IR', None, 9785, 'V1.1.0.0'),
                      listed('OOMI_Cube_Zwave', 'zwave_freq_29', 261365, 'V1.02.0.0')]}},
         set(), 'OOMI check: the answer the document prints')
    r, data = server.send('GET', links[0].split(server.address, 1)[1])
    need(r.status == 200 and len(data) == 10261237, 'OOMI: the file behind the link')

    # The system version of the document holds a newer application and IR than the check above.
    for name, version in (('OOMI_Cube_APP', 'V2.0.6.10'), ('OOMI_Cube_IR', 'V1.4.0.0')):
        release, _ = server.release(ids[name][0], version, 100, f'{name}-{version}.zip')
        ids[name] = (ids[name][0], release)
    order = ['OOMI_Cube_Firmware', 'OOMI_Cube_APP', 'OOMI_Touch_Firmware', 'OOMI_Touch_APP',
             'OOMI_Cube_IR', 'OOMI_Cube_Zwave']
    kit = server.api('POST', '/kits', {'version': '2.0.6.11', 'notes': {'zh': '2.0.6.11'},
                                       'releases': [ids[n][1] for n in order]})
    server.api('POST', f'/kits/{kit["id"]}/publish')
    r, got = server.send('POST', '/firmware-package-kit/check_update',
                         '{\n    "accountId": 111,\n    "version": "V0.0.1"\n}', headers)
    versions = ['V0.2.0.4', 'V2.0.6.10', 'V1.0.0.19', 'V2.0.6.6', 'V1.4.0.0', 'V1.02.0.0']
    rows = [{"id": 379, "firmwarePackageKitId": 190, "productId": 34, "productName": n,
             "productModel": "1", "productHwVersion": "V1.0.0.0", "productVersion": v,
             "createAt": 1515146770000, "updateAt": 1515146770000} for n, v in zip(order, versions)]
    same(got, {"code": "1", "note": "OPERATE_SUCCESS", "data": {
        "id": 190, "version": "2.0.6.11", "cnDescription": "2.0.6.11", "enDescription": None,
        "releaseDatetime": None, "firmwarePackage": rows}},
         {'id', 'firmwarePackageKitId', 'productId', 'createAt', 'updateAt'},
         'OOMI kit check: the answer the document prints')
    r, got = server.send('POST', '/firmware-package-kit/check_update',
                         '{"accountId": 111, "version": "2.0.6.11"}', headers)
    need(json.loads(got)['code'] == '603', 'OOMI kit check: 603 for the newest')


ONENET_BODY = '''{
	"dev_id": 6523,    //必填，设备ID
	"manuf": "中国移动",//必填,厂商名称对应的代码
	"model": "M5310",  //必填,模组名称对应的代码
	"type": 1,         //1:fota任务,2:sota任务
	"version":"1.2" ,  //必填,设备当前版本号
	"signals": 10,     //可选，信号强度
	"powers":30,       //可选，电量剩余值百分比
	"cdn": true        //是否返回拉取升级包ip
	
}'''


def onenet(server):
    key = base64.b64encode(bytes(range(1, 33))).decode()
    server.api('POST', '/credentials', {'kind': 'onenet_product', 'name': '123123', 'secret': key})
    product = server.api('POST', '/products', {'name': 'M5310', 'manufacturer': '001',
                                               'module': '00107'})['id']
    release, package = server.release(product, '1.2', 123, 'module.bin')
    server.deploy('module', {'release': release}, devices=['6523'], signal_min=12,
                  power_min_percent=90, retry_count=10, retry_interval_s=90)
    res, et = 'products/123123', '2524608000'
    text = '\n'.join([et, 'sha1', res, '2018-10-31'])
    sign = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha1).digest())
    auth = (f'version=2018-10-31&res={urllib.parse.quote(res, safe="")}&et={et}&method=sha1&sign='
            + urllib.parse.quote(sign.decode(), safe=''))
    # The document's target equals the reported version, so a task is under way already: it was
    # born while the device still ran something older.
    query = 'dev_id=6523&manuf=001&model=00107&type=1&version=1.1'
    server.send('GET', '/ota/south/check?' + query, None, {'Authorization': auth})
    r, got = server.send('GET', '/ota/south/check', ONENET_BODY.encode(),
                         {'Authorization': auth, 'Content-Type': 'application/json'})
    need(r.status == 200, 'OneNET check: status')
    need(re.fullmatch(
        r'\{"errno":0,"error":"succ","data":\{"target":"1\.2","token":"ota_[A-Za-z0-9]{20}",'
        r'"size":123,"md5":"' + package['md5'] + r'","signal":12,"power":90,"retry":10,'
        r'"interval":90,"ipPort":"[0-9.]+:\d+","type":1\}\}', got.decode()),
         f'OneNET check: the answer the document prints, in the order seen on the wire: {got}')
    need(len(got) <= 511 and r.getheader('Content-Length') == str(len(got)), 'OneNET: length')
    token = json.loads(got)['data']['token']
    for path in ('/ota/south/download/', '/ota/download/'):
        r, data = server.send('GET', path + token, None, {'Range': '0-99'})
        need(r.status == 206 and len(data) == 100, 'OneNET: a slice without "bytes="')
    r, got = server.send('GET', '/ota/south/check?' + query.replace('type=1', 'type=2'), None,
                         {'Authorization': auth})
    need(json.loads(got)['errno'] == 11, 'OneNET: no task of the other type')
    r, got = server.send('GET', '/ota/south/check?' + query)
    need(json.loads(got)['errno'] == 1, 'OneNET: no signature')


def ubtech(server):
    server.api('POST', '/credentials', {'kind': 'oauth_client', 'name': 'mobile_1',
                                        'secret': 'secret_1'})
    server.api('POST', '/credentials', {'kind': 'oauth_user', 'name': 'aa', 'secret': 'aa'})
    product = server.api('POST', '/products', {
        'name': 'com.ubtechinc.alpha2services', 'model': 'service5mic',
        'version_scheme': 'integer'})['id']
    server.release(product, '17', 1700, 'Alpha2Services-1.1.1.32--17--5mic.patch', base_version='6',
                   labels={'language': 'CN', 'robot_version': '1'})
    server.release(product, '18', 1800, 'Alpha2Services-1.1.2.32--18--5mic.patch',
                   base_version='17', labels={'language': 'CN', 'robot_version': '1'})
    r, got = server.send('GET', '/oauth/token?client_id=mobile_1&client_secret=secret_1'
                         '&grant_type=password&username=aa&password=aa')
    need(r.status == 200 and r.getheader('Cache-Control') == 'no-store', 'UBTech token: head')
    same(got, {"access_token": "", "token_type": "bearer", "refresh_token": "", "expires_in": 11999,
               "scope": "read write trust"}, {'access_token', 'refresh_token'},
         'UBTech token: the answer the document prints')
    token = json.loads(got)['access_token']
    need(re.fullmatch('[0-9a-f]{32}', token), 'UBTech token: 32 hex digits')
    r, got = server.send(
        'GET', f'/file/download?access_token={token}&package_name=com.ubtechinc.alpha2services'
        '&version=6&file_name=service5mic&language=CN&robot_version=1'
        '&robot_id=15ae48ecs171faef35fafa5feafew')
    answer = json.loads(got)
    need(list(answer) == ['code', 'data', 'id'] and answer['code'] == '100', f'UBTech: {got}')
    links, ids = answer['data'].split(';'), answer['id'].split(';')
    need([l.rsplit('/', 1)[1] for l in links] == ['Alpha2Services-1.1.1.32--17--5mic.patch',
                                                  'Alpha2Services-1.1.2.32--18--5mic.patch'],
         'UBTech: the chain of patches in order')
    need(len(ids) == 2 and all(i.isdigit() for i in ids), 'UBTech: an id for each')
    for link, size in zip(links, (1700, 1800)):
        r, data = server.send('GET', link.split(server.address, 1)[1])
        need(r.status == 200 and len(data) == size, 'UBTech: a patch without a token')
    for i in ids:  # the callback's robot_id lacks three letters, as the document prints it
        r, got = server.send('POST', f'/file/callback?access_token={token}&id={i}'
                             '&robot_id=15ae48ecs171faef35f5feafew&code=1')
        need(json.loads(got) == {"code": "100", "data": "regisiter information"}, f'UBTech: {got}')
    tasks = server.api('GET', '/devices/15ae48ecs171faef35fafa5feafew/tasks')['items']
    need(tasks[0]['state'] == 'succeeded', 'UBTech: the reports moved the task')


def main():
    server = Server()
    try:
        oomi(server)
        onenet(server)
        ubtech(server)
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
    print(f'{checks} checks hold')


main()
