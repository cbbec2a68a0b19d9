# SPDX-License-Identifier: Apache-2.0
"""The parts of the benchmark: each sets up its servers, measures, and prints its table."""
import json
import random
import re
import socket
import statistics
import subprocess
import time
import urllib.parse

import world
from servers import HERE, SERVER_CORE, Nginx, Otaru, load

FIRST_PORT = 18400
median = statistics.median


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---" for _ in head) + " |")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def write_requests(folder, name, requests):
    path = folder / (re.sub(r"\W+", "_", name) + ".requests")
    path.write_bytes(b"\0".join(r.encode() for r in requests))
    return path


class Side:
    """One server's rounds of one case."""

    def __init__(self, server, port, **settings):
        self.server, self.port, self.settings = server, port, settings
        self.per_second, self.cpu, self.p99 = [], [], []

    def round(self, requests, connections, seconds):
        self.server.resume()
        before = self.server.cpu_seconds()
        counted = load(self.port, requests, connections, seconds, **self.settings)
        cpu = self.server.cpu_seconds() - before
        self.server.pause()
        self.per_second.append(counted["requests"] * 1e6 / counted["us"])
        self.cpu.append(cpu / max(1, counted["requests"]))
        self.p99.append(counted["p99"])
        return counted


def compare(ours, theirs, requests, connections, options):
    """Alternating rounds; medians of the ratios of neighbours: throughput, CPU per request."""
    for side in (ours, theirs):
        side.round(requests, connections, 1)
        side.per_second, side.cpu, side.p99 = [], [], []
    for _ in range(options.rounds):
        for side in (ours, theirs):
            side.round(requests, connections, options.seconds)
    rate = median(a / b for a, b in zip(ours.per_second, theirs.per_second))
    cpu = median(b / a for a, b in zip(ours.cpu, theirs.cpu))
    return rate, cpu


def start(options, folder, *settings, devices=None):
    otaru = Otaru(options.binary, folder, "--oomi-enforce-cookies", "true", *settings)
    world.fill(otaru, options.devices if devices is None else devices)
    return otaru


def cases_of(otaru, options):
    """name -> (requests, body of the answer, nothing with 304); the answers are looked at once."""
    out = {}
    for name, (requests, wanted) in world.checks(otaru.port, options.devices).items():
        for request in (requests[0], requests[0], requests[-1]):
            status, _, body = world.exchange(otaru.port, request)
            if status != (304 if name == world.NOT_MODIFIED else 200) or wanted not in body:
                raise RuntimeError(f"{name}: {status} {body}")
        out[name] = (requests, None if status == 304 else body)
    return out


def compare_cases(options, folder, otaru, cases, connections, port_of_otaru, prefix=""):
    texts = {prefix + name: body for name, (_, body) in cases.items()}
    certificate = (folder / "cert.pem", folder / "key.pem") if prefix else None
    nginx = Nginx(folder, FIRST_PORT, texts, folder, certificate)
    rows = []
    try:
        for name, (requests, body) in cases.items():
            path = write_requests(folder, name, requests)
            ours = Side(otaru, port_of_otaru, tls=bool(prefix))
            theirs = Side(nginx, nginx.ports[prefix + name], tls=bool(prefix))
            rate, cpu = compare(ours, theirs, path, connections, options)
            rows.append((name, len(body or ""), f"**{rate:.2f}**", f"**{cpu:.2f}**",
                         f"{median(ours.cpu) * 1e6:.1f} / {median(theirs.cpu) * 1e6:.1f}",
                         f"{median(ours.per_second):,.0f} / {median(theirs.per_second):,.0f}"))
    finally:
        nginx.stop()
    table(("case", "body bytes", "requests/s, x nginx", "requests per CPU second, x nginx",
           "CPU us per request, otaru / nginx", "requests/s, otaru / nginx"), rows)


def checks(options, folder):
    otaru = start(options, folder)
    try:
        compare_cases(options, folder, otaru, cases_of(otaru, options), 64, otaru.port)
    finally:
        otaru.stop()


def closing(cases):
    return {name: ([r.replace("\r\n", "\r\nConnection: close\r\n", 1) for r in requests], body)
            for name, (requests, body) in cases.items()
            if "kit" not in name and "token" not in name}


def connections(options, folder):
    otaru = start(options, folder)
    try:
        cases = closing(cases_of(otaru, options))
        compare_cases(options, folder, otaru, cases, 64, otaru.port)
    finally:
        otaru.stop()


def tls(options, folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                    "/CN=localhost", "-keyout", str(folder / "key.pem"), "-out",
                    str(folder / "cert.pem")], check=True, capture_output=True)
    otaru = start(options, folder, "--listen-tls", "127.0.0.1:0", "--tls-certificate",
                  str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))
    try:
        name = "OneNET check, nothing to do"
        cases = {name: cases_of(otaru, options)[name]}
        every = {f"{name}, keep-alive": cases[name],
                 f"{name}, one handshake per check": closing(cases)[name]}
        compare_cases(options, folder, otaru, every, 64, otaru.ports[1], "tls ")
    finally:
        otaru.stop()


def downloads(options, folder):
    otaru = start(options, folder, devices=1)
    name = "OOMI_Cube_APP.bin"
    (folder / name).write_bytes(world.file_of("OOMI_Cube_APP", world.FILE_BYTES))
    answer = json.loads(world.exchange(otaru.port, world.oomi_check(world.guid(0), True))[2])
    url = urllib.parse.urlsplit(answer["data"]["firmwares"][0]["firmwareUrl"]).path
    task = json.loads(world.exchange(otaru.port, world.onenet_check("600001", "1.2"))[2])
    slices = "/ota/south/download/" + task["data"]["token"]
    nginx = Nginx(folder, FIRST_PORT, {}, folder)
    seed = random.Random(1)
    starts = [seed.randrange(world.FILE_BYTES - 1024) for _ in range(2000)]

    def ranges(path, spell=""):
        return [world.head("GET", path, [f"Range: {spell}bytes={at}-{at + 1023}"])
                for at in starts]

    whole = [world.head("GET", url, [])], [world.head("GET", "/" + name, [])]
    parts_of = ranges(url), ranges("/" + name)
    cases = [("OOMI, whole 16 MiB file", 1, *whole, world.FILE_BYTES),
             ("OOMI, whole 16 MiB file", 64, *whole, world.FILE_BYTES),
             ("OOMI, 1 KiB ranges", 1, *parts_of, 1024),
             ("OOMI, 1 KiB ranges", 64, *parts_of, 1024),
             ("OneNET slices of 1 KiB", 64, ranges(slices), parts_of[1], 1024)]
    rows = []
    try:
        for title, count, mine, reference, size in cases:
            rows.append(download_row(options, folder, (otaru, nginx), (title, count, size),
                                     (mine, reference)))
    finally:
        otaru.stop()
        nginx.stop()
    table(("case", "connections", "bytes/s, x nginx", "bytes per CPU second, x nginx",
           "CPU s per GB, otaru / nginx", "MB/s, otaru / nginx"), rows)


def download_row(options, folder, servers, case, requests):
    title, count, size = case
    ours = Side(servers[0], servers[0].port)
    theirs = Side(servers[1], servers[1].ports["files"])
    paths = [write_requests(folder, title + str(i), r) for i, r in enumerate(requests)]
    pairs = []
    for turn in range(options.rounds + 1):
        figures = []
        for side, path in zip((ours, theirs), paths):
            side.server.resume()
            before = side.server.cpu_seconds()
            counted = load(side.port, path, count, options.seconds)
            cpu = side.server.cpu_seconds() - before
            side.server.pause()
            # Whole files count by what arrived; of ranges only the bytes asked for.
            got = counted["bytes"] if size > 1024 else counted["requests"] * size
            figures.append((got * 1e6 / counted["us"], cpu / got))
        if turn > 0:
            pairs.append(figures)
    rate = median(a[0] / b[0] for a, b in pairs)
    cpu = median(b[1] / a[1] for a, b in pairs)
    return (title, count, f"**{rate:.2f}**", f"**{cpu:.2f}**",
            " / ".join(f"{median(p[i][1] for p in pairs) * 1e9:.2f}" for i in (0, 1)),
            " / ".join(f"{median(p[i][0] for p in pairs) / 1e6:,.0f}" for i in (0, 1)))


def tasks(options, folder):
    """New devices whose first check makes a task, against bare SQLite with the same rows."""
    bench = options.binary.parent / "bench_store"
    otaru = start(options, folder, devices=1)
    path = write_requests(folder, "fresh", [world.onenet_check(world.ANY_KEY, "1.2")])
    rates, cpus, same, plain, first = [], [], [], [], 100_000_000
    try:
        for turn in range(options.rounds + 1):
            otaru.resume()
            made, batches = (otaru.metric("otaru_tasks_created_total"),
                             otaru.metric("otaru_commit_transactions_total"))
            cpu = otaru.cpu_seconds()
            began = time.monotonic()
            load(otaru.port, path, 256, options.seconds, first_key=first)
            seconds = time.monotonic() - began
            first += 10_000_000
            made = otaru.metric("otaru_tasks_created_total") - made
            batches = otaru.metric("otaru_commit_transactions_total") - batches
            cpu = otaru.cpu_seconds() - cpu
            otaru.pause()
            bare = bare_sqlite(bench)
            if turn == 0:
                continue
            rates.append((made / seconds, made / max(1, batches)))
            cpus.append(cpu / made)
            same.append(bare["bare_same_per_s"])
            plain.append(bare["bare_plain_per_s"])
    finally:
        otaru.stop()
    rows = [("tasks/s through the server, 256 devices at once",
             f"{median(r[0] for r in rates):,.0f}"),
            ("tasks per transaction (one fsync)", f"{median(r[1] for r in rates):,.0f}"),
            ("CPU us per task, everything", f"{median(cpus) * 1e6:.0f}"),
            ("bare SQLite, the same tables, batches of 100", f"{median(same):,.0f}"),
            ("bare SQLite, plain tables, batches of 100", f"{median(plain):,.0f}"),
            ("x bare SQLite, the same tables",
             f"**{median(r[0] / s for r, s in zip(rates, same)):.2f}**"),
            ("x bare SQLite, plain tables",
             f"**{median(r[0] / p for r, p in zip(rates, plain)):.2f}**")]
    table(("new durable tasks", "measured"), rows)


def bare_sqlite(bench):
    out = subprocess.run(["taskset", "-c", SERVER_CORE, str(bench),
                          "--benchmark_filter=new_tasks/0/", "--benchmark_format=json"],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)["benchmarks"][0]


def with_fleet(options, folder):
    """A server whose database has the fleet in it, written by the store itself."""
    otaru = start(options, folder, devices=1)
    otaru.stop()
    subprocess.run([str(options.binary.parent / "bench_fleet"), str(folder / "data/otaru.db"),
                    str(options.fleet)], check=True)
    return Otaru(options.binary, folder)


def deployment(options, folder):
    """The call that starts a deployment for everyone, without a fleet and with one."""
    rows = []
    for title, make in ((f"{options.devices:,} devices", lambda f: start(options, f)),
                        (f"{options.fleet:,} devices", lambda f: with_fleet(options, f))):
        inner = folder / str(len(rows))
        inner.mkdir()
        otaru = make(inner)
        took = []
        try:
            for n in range(15):
                made = otaru.api("POST", "/api/v1/deployments",
                                 {"name": f"d{n}", "target": {"newest_in_channel": "stable"}})
                began = time.monotonic()
                otaru.api("POST", f"/api/v1/deployments/{made['id']}/start")
                took.append((time.monotonic() - began) * 1e3)
        finally:
            otaru.stop()
        rows.append((title, f"{median(took):.1f}", f"{max(took):.1f}"))
    table(("starting a deployment for everyone", "median ms", "worst ms"), rows)


def memory(options, folder):
    otaru = with_fleet(options, folder)
    rows = [(f"started, {options.fleet:,} devices in the database", mib(otaru)),
            ("  seconds from start to ready", f"{otaru.start_seconds:.1f}")]
    try:
        path = write_requests(folder, "known", [world.onenet_check(world.ANY_KEY, "1.3")])
        seen, began = 0, time.monotonic()
        while seen < options.fleet:
            counted = load(otaru.port, path, 64, 10, first_key=1_000_000_000 + seen)
            seen += counted["requests"]
        rate = seen / (time.monotonic() - began)
        rows.append((f"after a check by {seen:,} of them, {rate:,.0f}/s", mib(otaru)))
        rows.append(("  states in memory, estimated bytes",
                     f"{otaru.metric('otaru_devices_resident'):,}, "
                     f"{otaru.metric('otaru_devices_resident_bytes') / 2**20:,.0f} MiB"))
        idle = []
        request = world.onenet_check("1000000001", "1.3").encode()
        for _ in range(10_000):
            connection = socket.create_connection(("127.0.0.1", otaru.port))
            connection.sendall(request)
            connection.recv(4096)
            idle.append(connection)
        rows.append(("and with 10,000 idle connections that have asked once", mib(otaru)))
        for connection in idle:
            connection.close()
    finally:
        otaru.stop()
    fresh = folder / "fresh"
    fresh.mkdir()
    otaru = start(options, fresh, devices=1)
    try:
        before, idle = otaru.rss_bytes(), []
        for _ in range(10_000):
            connection = socket.create_connection(("127.0.0.1", otaru.port))
            connection.sendall(request)
            connection.recv(4096)
            idle.append(connection)
        each = (otaru.rss_bytes() - before) / len(idle)
        rows += [("a fresh server", f"{before / 2**20:,.0f} MiB"),
                 ("one idle connection", f"{each:,.0f} bytes")]
        for connection in idle:
            connection.close()
    finally:
        otaru.stop()
    table(("memory", "resident"), rows)


def mib(otaru):
    return f"{otaru.rss_bytes() / 2**20:,.0f} MiB"


def instructions(options, folder):
    """callgrind counts what one check costs in the server's own process, kernel apart."""
    wrapper = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p",
               "--quiet")
    otaru = Otaru(options.binary, folder, "--oomi-enforce-cookies", "true", wrapper=wrapper)
    count = 500 if options.quick else 2000
    rows = []
    try:
        options.devices, devices = 200, options.devices
        world.fill(otaru, options.devices)
        cases = cases_of(otaru, options)
        options.devices = devices
        for name, (requests, body) in cases.items():
            send(otaru.port, requests, 2 * len(requests))
            control("--zero", otaru.pid)
            send(otaru.port, requests, count)
            rows.append((name, len(requests[0]), len(body or ""),
                         f"{instructions_of(folder, otaru.pid) / count:,.0f}"))
    finally:
        otaru.stop()
    table(("one check, keep-alive", "bytes in", "body bytes out", "instructions"), rows)


def send(port, requests, count):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(count):
            connection.sendall(requests[n % len(requests)].encode())
            data = connection.recv(65536)
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            top, _, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", top)
            length = int(length[1]) if length else 0
            while len(body) < length:
                body += connection.recv(65536)


def control(verb, pid):
    subprocess.run(["callgrind_control", verb, str(pid)], check=True, capture_output=True)


def instructions_of(folder, pid):
    """Writes a dump, which begins a new count, and adds up its threads."""
    before = set(folder.glob("out.*"))
    control("--dump", pid)
    dumps = sorted(set(folder.glob("out.*")) - before)
    return sum(int(re.search(r"(?m)^(?:totals|summary): (\d+)", d.read_text())[1]) for d in dumps)
