"""What the measurements share: whole-process figures, servers to start and stop, signed requests, tables."""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/trainyard"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true", help="measure Trainyard alone")
    return parser.parse_args()


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return dict(kept, **more)


def process(command, **variables):
    """Runs a command to its end; answers wall and CPU seconds (with its children) and peak memory in MiB."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(**variables))
    words = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} failed:\n{words.decode()}")
    return {"wall": time.monotonic() - started, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}


class Server:
    """A server under measurement: started by a command, ready when S3 answers."""

    def __init__(self, label, command, port, **more):
        self.label, self.port = label, port
        self.endpoint = f"http://127.0.0.1:{port}"
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=environment(**more), start_new_session=True)
        while True:
            try:
                if Connection(self).call("s3", "GET", "/", b"")[0] == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - started > 60:
                raise SystemExit(f"{label} did not start")
            time.sleep(0.001)
        self.start_seconds = time.monotonic() - started

    def tree(self):
        """The process and its descendants."""
        pids, children = [self.process.pid], {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
        for pid in pids:
            pids += children.get(pid, [])
        return pids

    def cpu_seconds(self):
        total = 0
        for pid in self.tree():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident MiB."""
        total = 0
        for pid in self.tree():
            try:
                total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        return total * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def forget_peak(self):
        """Lets `peak_memory` begin anew."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_memory(self):
        """The most that the process itself has been resident in since, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Connection:
    """One kept-alive connection that signs its requests (Signature V4): a plain socket, since the clients share the
    machine with the server and must not be what is measured."""

    key, secret, region = "test", b"AWS4test", "us-east-1"

    def __init__(self, server):
        self.server = server
        self.host = f"127.0.0.1:{server.port}"
        self.socket = None
        self.keys = {}

    def call(self, service, method, path, body, target=None):
        """Answers the status and the body; `seconds` is then the time without the signing, which is the client's own."""
        request = self.signed(service, method, path, body, target, "application/x-amz-json-1.0" if target else None)
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.server.port), timeout=120)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = time.perf_counter()
        try:
            self.socket.sendall(request)
            status, content = self.answer()
        except OSError:
            self.socket = None
            raise
        self.seconds = time.perf_counter() - sent
        return status, content

    def signed(self, service, method, path, body, target=None, kind=None):
        """The request as it stands on the wire; it may be sent again for a quarter of an hour."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        payload = hashlib.sha256(body).hexdigest()
        headers = {"host": self.host, "x-amz-content-sha256": payload, "x-amz-date": now}
        if target:
            headers["x-amz-target"] = target
        names = ";".join(headers)
        canonical = "\n".join([method, path, "", *(f"{k}:{v}" for k, v in headers.items()), "", names, payload])
        scope = f"{now[:8]}/{self.region}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.derived(scope), text.encode(), hashlib.sha256).hexdigest()
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()),
                 f"authorization: AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}",
                 f"content-length: {len(body)}"]
        if kind:
            lines.append(f"content-type: {kind}")
        return "\r\n".join(lines + ["", ""]).encode() + body

    def derived(self, scope):
        if scope not in self.keys:
            key = self.secret
            for part in scope.split("/"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self.keys[scope] = key
        return self.keys[scope]

    def answer(self):
        head, content = b"", b""
        while b"\r\n\r\n" not in head:
            head += self.more()
        head, content = head.split(b"\r\n\r\n", 1)
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        if b"content-length" in fields:
            length = int(fields[b"content-length"])
            while len(content) < length:
                content += self.more()
        else:  # chunked, as some peers answer
            while not content.endswith(b"0\r\n\r\n"):
                content += self.more()
            rest, content = content, b""
            while not rest.startswith(b"0\r\n"):
                size, rest = rest.split(b"\r\n", 1)
                content, rest = content + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        if fields.get(b"connection", b"").strip() == b"close":
            self.socket = None
        return int(head[9:12]), content

    def more(self):
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError("closed by the server")
        return received

    def states(self, operation, **members):
        status, answer = self.call("states", "POST", "/", json.dumps(members).encode(), f"AWSStepFunctions.{operation}")
        if status != 200:
            raise SystemExit(f"{self.server.label}: {operation}: {status} {answer[:300]}")
        return json.loads(answer)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def trainyard(binary, directory, *more):
    port = free_port()
    return Server("Trainyard", [binary, "start", "--port", str(port), "--data-dir", directory, *more], port)


def peers():
    """The peers that can be had, as functions that start them."""
    found, missing = {}, []
    for name, packages in {"moto": ["moto[server]"], "ministack": ["ministack"]}.items():
        home = ROOT / ".build/peers" / name
        if not (home / "ready").exists():
            try:
                venv.create(home, with_pip=True, clear=True)
                subprocess.run([home / "bin/pip", "install", "-q", *packages], check=True, capture_output=True)
                (home / "ready").touch()
            except subprocess.CalledProcessError:
                missing.append(name)
                continue
        found[name] = home / "bin"
    return found, missing


def start_peer(name, binaries):
    port = free_port()
    if name == "moto":
        server = Server("moto", [str(binaries / "moto_server"), "-p", str(port)], port)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/moto-api/config", json.dumps({"stepfunctions": {"execute_state_machine": True}}))
        connection.getresponse().read()
        return server
    return Server("MiniStack", [str(binaries / "ministack")], port, GATEWAY_PORT=str(port))


def spread(values, unit="", digits=1):
    """Median with minimum and maximum."""
    show = lambda v: f"{v:,.{digits}f}"
    return f"{show(statistics.median(values))}{unit} ({show(min(values))}–{show(max(values))})"


def bar(what, value, limit, unit="", digits=2, at_least=False):
    """One line that says whether a bar is met."""
    met = value >= limit if at_least else value <= limit
    relation = "at least" if at_least else "at most"
    return (f"- {what}: {value:,.{digits}f}{unit}, {relation} {limit:,.{digits}f}{unit} wanted: "
            + ("met" if met else "**missed**"))


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def disk_sync_milliseconds(directory, count=200):
    """What one small write and fdatasync cost on this disk, at the median."""
    times = []
    with open(os.path.join(directory, "probe"), "wb", buffering=0) as probe:
        for _ in range(count):
            started = time.perf_counter()
            probe.write(b"x" * 4096)
            os.fdatasync(probe.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
