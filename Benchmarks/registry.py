"""Push and pull of a 1 GB image: Trainyard's registry and Debian's docker-registry, on the same disk."""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import boto3

from measure import arguments, environment

LAYERS, LAYER_SIZE = 4, 256 << 20
CHUNK = 1 << 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIGURATION = """version: 0.1
storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
http: {addr: "127.0.0.1:%d"}
log: {level: error, accesslog: {disabled: true}}
"""


class Registry:
    """A registry under measurement, with a client that does what skopeo does with layers as they are."""

    def __init__(self, label, command, port, authorization=None):
        self.label, self.port = label, port
        self.headers = {"Authorization": authorization} if authorization else {}
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
                                        start_new_session=True)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, f"{label} did not start"
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def cpu(self):
        """CPU seconds so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Highest resident memory so far, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def request(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, blocksize=CHUNK)
        connection.request(method, path, body, {**self.headers, **headers})
        return connection, connection.getresponse()

    def ask(self, method, path, expected, body=None, **headers):
        connection, answer = self.request(method, path, body, **headers)
        text = answer.read()
        connection.close()
        assert answer.status == expected, f"{self.label}: {method} {path}: {answer.status} {text[:300]}"
        return answer

    def begin(self, name):
        place = self.ask("POST", f"/v2/{name}/blobs/uploads/", 202).headers["Location"]
        return place.replace(f"http://127.0.0.1:{self.port}", "")

    def push_blob(self, name, digest, path):
        with open(path, "rb") as file:
            answer = self.ask("PATCH", self.begin(name), 202, file, **{
                "Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"})
        place = answer.headers["Location"].replace(f"http://127.0.0.1:{self.port}", "")
        self.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", 201)

    def push(self, name, image):
        blobs = [*image.layers, image.config]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda blob: self.push_blob(name, *blob), blobs))
        self.ask("PUT", f"/v2/{name}/manifests/v1", 201, image.manifest, **{"Content-Type": MANIFEST})

    def pull_blob(self, name, digest):
        connection, answer = self.request("GET", f"/v2/{name}/blobs/{digest}")
        buffer, size = bytearray(CHUNK), 0
        while count := answer.readinto(buffer):
            size += count
        connection.close()
        return size

    def pull(self, name):
        manifest = self.request("GET", f"/v2/{name}/manifests/v1", Accept=MANIFEST)[1].read()
        digests = [layer["digest"] for layer in json.loads(manifest)["layers"]]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(lambda digest: self.pull_blob(name, digest), digests)) == LAYERS * LAYER_SIZE


class Image:
    """Layers of noise, which no client would compress."""

    def __init__(self, directory, number):
        def blob(name, chunks):
            path, digest = directory / f"{number}-{name}", hashlib.sha256()
            with open(path, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
            return f"sha256:{digest.hexdigest()}", path

        seed = os.urandom(CHUNK)
        self.layers = [blob(n, (seed[:-16] + os.urandom(16) for _ in range(LAYER_SIZE // CHUNK))) for n in range(LAYERS)]
        self.config = blob("config", [json.dumps({"architecture": "amd64", "os": "linux", "n": number}).encode()])
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": self.config[0],
                       "size": self.config[1].stat().st_size},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": LAYER_SIZE}
                       for digest, _ in self.layers]}).encode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def trainyard(options, directory):
    port = free_port()
    registry = Registry("Trainyard", [options.binary, "start", "--port", str(port), "--data-dir", str(directory / "yard")], port)
    ecr = boto3.client("ecr", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="test",
                       aws_secret_access_key="test")
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(token).startswith(b"AWS:")
    registry.headers = {"Authorization": "Basic " + token}
    registry.prepare = lambda name: ecr.create_repository(repositoryName=name)
    return registry


def docker_registry(directory):
    program = shutil.which("docker-registry")
    if not program:
        return None
    port = free_port()
    configuration = directory / "registry.yml"
    configuration.write_text(CONFIGURATION % (directory / "registry", port))
    registry = Registry("docker-registry", [program, "serve", str(configuration)], port)
    registry.prepare = lambda name: None
    return registry


def timed(registry, action):
    """Wall and the server's CPU seconds, with the disk at rest before and what was written on it after."""
    os.sync()
    cpu, started = registry.cpu(), time.monotonic()
    action()
    return time.monotonic() - started, registry.cpu() - cpu


def measure(options):
    with tempfile.TemporaryDirectory(dir=os.environ.get("TRAINYARD_BENCH_DIR")) as place:
        directory = pathlib.Path(place)
        registries = [trainyard(options, directory)]
        if not options.no_peers:
            registries.append(docker_registry(directory))
        absent = None in registries
        registries = [registry for registry in registries if registry]
        figures = {registry.label: {"push": [], "pull": []} for registry in registries}
        try:
            for run in range(options.runs):
                image = Image(directory, run)
                # In turn, and each first in every other run.
                for registry in registries if run % 2 == 0 else reversed(registries):
                    name = f"bench/run{run}"
                    registry.prepare(name)
                    figures[registry.label]["push"].append(timed(registry, lambda: registry.push(name, image)))
                    figures[registry.label]["pull"].append(timed(registry, lambda: registry.pull(name)))
                for _, path in image.layers:
                    path.unlink()
            memory = {registry.label: registry.memory() for registry in registries}
        finally:
            for registry in registries:
                registry.stop()
    return table(figures, memory) + ("\n\nDebian's docker-registry was not found and is left out." if absent else "")


def table(figures, memory):
    rows = ["| 1 GiB in 4 layers | push, s | push, server CPU s | pull, s | pull, server CPU s | peak memory, MiB |",
            "|---|---|---|---|---|---|"]
    for label, runs in figures.items():
        cells = []
        for action in ("push", "pull"):
            for place in (0, 1):
                values = [run[place] for run in runs[action]]
                cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
        rows.append(f"| {label} | {' | '.join(cells)} | {memory[label]:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
