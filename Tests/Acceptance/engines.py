"""Container engines that tests and measurements start for themselves, each on a socket and with a store of its own."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

# What lets Podman run containers as root of a machine whose own limits are low, and without a bridge.
PODMAN = """[containers]
default_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Unavailable(Exception):
    """An engine cannot be had on this machine."""


def install(*packages):
    """Installs Debian's packages where this is root's machine, as CI's is."""
    if os.getuid() or not shutil.which("apt-get"):
        return
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "update", "-qq"], env=environment, capture_output=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=environment, capture_output=True)


def ask(path, request, method="GET"):
    """Makes a request of an engine's API; answers its text."""
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request(method, request)
    text = connection.getresponse().read()
    connection.close()
    return text


class Engine:
    """An engine that runs: `program` is its client, `socket` where it answers Docker's API."""

    def __init__(self, program, directory, command, environment, client):
        self.program, self.directory, self.socket = program, Path(directory), str(Path(directory) / "engine.sock")
        self.client, self.environment = client, {**environment, "DOCKER_HOST": f"unix://{self.socket}"}
        log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, start_new_session=True,
                                        env={**os.environ, **environment})
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"{program} does not start here: " + (self.directory / "log").read_text()[-300:])
            time.sleep(0.1)

    def answers(self):
        try:
            return ask(self.socket, "/_ping") == b"OK"
        except OSError:
            return False

    def run(self, *words, **more):
        """Runs the engine's own client; answers what it prints."""
        done = subprocess.run([*map(str, self.client), *map(str, words)], env={**os.environ, **self.environment},
                              capture_output=True, text=True, **more)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)


def docker(directory, registry=None, address=None):
    """Docker's engine without a bridge, so that containers use the host's network. With a `registry` it speaks plain HTTP
    to that one, and finds it at the `address`, as if the machine's /etc/hosts said so."""
    if not shutil.which("dockerd"):
        install("docker.io")
    if not shutil.which("dockerd") or os.getuid():
        raise Unavailable("dockerd is not installed, or this is not root")
    directory = Path(directory)
    command = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", directory / "data",
               "--exec-root", directory / "exec", "-H", f"unix://{directory}/engine.sock", "-p", directory / "pid"]
    if registry:
        hosts = directory / "hosts"
        hosts.write_text(Path("/etc/hosts").read_text() + f"\n{address} {registry}\n")
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
                   hosts, *command, "--insecure-registry", registry]
    return Engine("docker", directory, command, {}, ["docker"])


def podman(directory):
    """Podman's service, with a store of its own."""
    if not shutil.which("podman") or not shutil.which("runc"):
        install("podman", "runc")
    if not shutil.which("podman") or not shutil.which("runc") or os.getuid():
        raise Unavailable("podman and runc are not installed, or this is not root")
    directory = Path(directory)
    (directory / "containers.conf").write_text(PODMAN)
    (directory / "auth.json").write_text("{}")
    environment = {"CONTAINERS_CONF": str(directory / "containers.conf"), "REGISTRY_AUTH_FILE": str(directory / "auth.json")}
    client = ["podman", "--root", directory / "data", "--runroot", directory / "run", "--storage-driver", storage_driver()]
    return Engine("podman", directory, [*client, "system", "service", "--time=0", f"unix://{directory}/engine.sock"],
                  environment, client)


def storage_driver():
    with open("/proc/filesystems") as file:
        return "overlay" if "overlay" in file.read() else "vfs"


ENGINES = {"docker": docker, "podman": podman}
