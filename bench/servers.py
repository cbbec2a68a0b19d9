# SPDX-License-Identifier: Apache-2.0
"""The two servers that are compared, each alone on core 0, and the load generator on core 1."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

SERVER_CORE, LOAD_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")
HERE = pathlib.Path(__file__).resolve().parent


def wait_for(what, seconds=120):
    """The first true answer of `what`, asked again until it comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    raise TimeoutError("a server did not become ready")


class Server:
    """A process with its children: what it costs in CPU and memory."""

    def __init__(self, command, log):
        self.log = log
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command],
                                        stdout=open(log, "ab"), stderr=subprocess.STDOUT)
        self.pid = self.process.pid

    def pids(self):
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *map(int, children.split())]

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def rss_bytes(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024

    def pause(self):
        """Only one of the two servers runs at a time."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def stop(self):
        self.resume()
        self.process.terminate()
        self.process.wait()


class Otaru(Server):
    def __init__(self, binary, folder, *settings, wrapper=()):
        self.folder = pathlib.Path(folder)
        ready, key = self.folder / "ready.json", self.folder / "key"
        ready.unlink(missing_ok=True)
        super().__init__([*wrapper, str(binary), "serve", "--data", str(self.folder / "data"),
                          "--listen", "127.0.0.1:0", "--threads", "1", "--log-level", "warn",
                          "--connections-per-address", "100000", "--ready-file", str(ready),
                          "--first-key-file", str(key), *settings], self.folder / "otaru.log")
        started = time.monotonic()
        wait_for(lambda: ready.exists() or self.process.poll() is not None, 600)
        if self.process.poll() is not None:
            raise RuntimeError(pathlib.Path(self.log).read_text())
        self.start_seconds = time.monotonic() - started
        listen = json.loads(ready.read_text())["listen"]
        self.ports = [int(address.rpartition(":")[2]) for address in listen]
        self.port = self.ports[0]
        self.key = key.read_text().strip()

    def api(self, method, path, body=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if raw is not None else "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, method=method,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()}") from error
        return json.loads(text) if text.startswith(b"{") else text.decode()

    def metric(self, name):
        return int(re.search(rf"(?m)^{name} (\d+)", self.api("GET", "/metrics"))[1])


NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 12000; use epoll; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; default_type application/json;
  keepalive_requests 100000; keepalive_timeout 75; server_tokens off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  open_file_cache max=100; ssl_session_cache shared:bench:1m; ssl_protocols TLSv1.2 TLSv1.3;
{servers}
}}
"""


class Nginx(Server):
    """`texts`: a port that answers each with `return 200`, nothing with `return 304`; `root`: files
    by sendfile."""

    def __init__(self, folder, first_port, texts, root, certificate=None):
        folder = pathlib.Path(folder)
        servers = []
        self.ports = {}
        for number, (name, text) in enumerate(texts.items()):
            self.ports[name] = first_port + number
            quoted = (text or "").replace("\\", "\\\\").replace('"', '\\"').replace("$", "")
            says = "return 304" if text is None else f'return 200 "{quoted}"'
            tls = ""
            if certificate and name.startswith("tls"):
                tls = (f" ssl; ssl_certificate {certificate[0]};"
                       f" ssl_certificate_key {certificate[1]}")
            servers.append(f'  server {{ listen 127.0.0.1:{self.ports[name]}{tls}; '
                           f'location / {{ {says}; }} }}')
        self.ports["files"] = first_port + len(texts)
        servers.append(f'  server {{ listen 127.0.0.1:{self.ports["files"]}; root {root}; }}')
        config = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""  # the folder of the run is its owner's
        config.write_text(NGINX.format(user=user, folder=folder, servers="\n".join(servers)))
        super().__init__(["nginx", "-c", str(config)], folder / "nginx.log")
        wait_for(lambda: len(self.pids()) == 2 or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError(pathlib.Path(self.log).read_text())


def load(port, requests, connections, seconds, first_key=0, tls=False):
    """One run of wrk over the file `requests`; what it counted."""
    scheme = "https" if tls else "http"
    out = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
         "--timeout", "30s", "-s", str(HERE / "wrk/rotate.lua"), f"{scheme}://127.0.0.1:{port}/",
         "--", str(requests), str(first_key)], capture_output=True, text=True, check=True).stdout
    counted = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)",
                                                re.search(r"@result (.*)", out)[1])}
    failed = {k: counted[k] for k in ("connect", "write", "status", "timeout") if counted[k]}
    if failed:
        raise RuntimeError(f"wrk: {failed} of {counted['requests']} requests to port {port}")
    return counted
