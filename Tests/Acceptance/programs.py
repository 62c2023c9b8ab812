"""Images that programs run in, made of this machine's own Python and shell: no registry and no network is needed."""

import gzip
import hashlib
import http.client
import io
import json
import subprocess
import sys
import sysconfig
import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}"))
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

# A Lambda runtime: the loop that AWS's own base images bring.
RUNTIME = '''
import importlib, json, os, sys, traceback, urllib.request
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime"
module, name = os.environ["_HANDLER"].rsplit(".", 1)
handler = getattr(importlib.import_module(module), name)
while True:
    with urllib.request.urlopen(api + "/invocation/next") as next:
        request, event = next.headers["Lambda-Runtime-Aws-Request-Id"], json.load(next)
    try:
        kind, answer = "response", handler(event, None)
    except Exception as error:
        kind, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    urllib.request.urlopen(f"{api}/invocation/{request}/{kind}", json.dumps(answer).encode())
'''


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class LayerFiles:
    """The files of one layer."""

    def __init__(self):
        self.buffer = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.buffer, mode="w")
        self.names = set()

    def add(self, path, data, mode=0o644):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.size, member.mode = len(data), mode
        self.tar.addfile(member, io.BytesIO(data))
        return self

    def copy(self, path):
        """Takes over a file of this machine, at its own path and without links."""
        if str(path) not in self.names:
            self.names.add(str(path))
            self.add(str(path), Path(path).read_bytes(), 0o755)

    def directory(self, path):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        self.tar.addfile(member)

    def link(self, path, target):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.linkname = tarfile.SYMTYPE, target
        self.tar.addfile(member)

    def tree(self, path, without=(), to=None):
        self.tar.add(path, str(to or path).lstrip("/"), filter=lambda member: None if any(
            f"/{part}" in member.name for part in without) else member)

    def done(self):
        self.tar.close()
        return self.buffer.getvalue()


def base_files():
    """A root with a shell, a few tools and the Python that runs these tests."""
    files = LayerFiles()
    library = sysconfig.get_path("stdlib")
    programs = [PYTHON, "/bin/sh", "/bin/cat", "/bin/sleep", "/usr/bin/env"]
    extensions = [str(path) for path in Path(library, "lib-dynload").glob("*.so")]
    listing = subprocess.run(["ldd", *programs, *extensions], capture_output=True, text=True).stdout
    for word in programs + [word for word in listing.split() if word.startswith("/") and not word.endswith(":")]:
        files.copy(word)
    files.tree(library, without=("site-packages", "dist-packages", "test", "idlelib", "ensurepip", "__pycache__", "config-",
                                  "EXTERNALLY-MANAGED"))
    files.link("/usr/local/bin/python3", PYTHON)
    files.add("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    return files


@cache
def base_layer():
    return base_files().done()


def python_root():
    """A root to build images upon, as the public Python images are: with pip, and the libraries that wheels expect."""
    files = base_files()
    where = subprocess.run([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                           capture_output=True, text=True, check=True).stdout.strip()
    files.tree(Path(find_spec("pip").origin).parent, without=("__pycache__",), to=f"{where}/pip")
    files.add("/usr/local/bin/pip", b'#!/bin/sh\nexec python3 -m pip "$@"\n', 0o755)
    listing = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for library in ["libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1", "libdl.so.2"]:
        files.copy(next(line.split()[-1] for line in listing.splitlines() if line.split()[0] == library))
    # A file is copied into a directory only where that is there.
    files.directory("/var/task")
    for path in [CERTIFICATES, "/etc/pip.conf"]:
        if Path(path).exists():
            files.copy(path)
    return files.done()


def image(*layers, **config):
    """Layers above the base, and the configuration's members: `Entrypoint`, `Cmd`, `Env`…"""
    layers = [base_layer(), *layers]
    document = json.dumps({"architecture": "amd64" if "x86_64" in sysconfig.get_platform() else "arm64", "os": "linux",
                           "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], **config},
                           "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}).encode()
    return document, [gzip.compress(layer, 1, mtime=0) for layer in layers]


def training_image(script):
    """An image whose `train` is this Python script."""
    return image(LayerFiles().add("/usr/local/bin/train", f"#!{PYTHON}\n{script}".encode(), 0o755).done())


# A model server: it answers `/ping`, and `/invocations` with what it was sent and a word; some requests are wishes.
SERVER = """
import http.server, os, signal, sys, time, urllib.error, urllib.request
# The first process of a container has no other answer to SIGTERM.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if os.environ.get('FAILS') == 'start':
    sys.exit('no model here')
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *words): pass
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(500 if os.environ.get('FAILS') == 'ping' else 200, b'')
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if body == b'crash': os._exit(3)
        if body == b'memory':
            held = bytearray(b'1') * (1200 << 20)
            time.sleep(30)
        if body == b'yard':
            try: status = urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/v2/', timeout=10).status
            except urllib.error.HTTPError as error: status = error.code
            return self.answer(200, str(status).encode())
        if body == b'stream':
            self.send_response(200)
            self.send_header('Transfer-Encoding', 'chunked')
            self.end_headers()
            for word in (b'one ', b'two ', b'three'):
                self.wfile.write(b'%x\\r\\n%b\\r\\n' % (len(word), word))
                self.wfile.flush()
            return self.wfile.write(b'0\\r\\n\\r\\n')
        time.sleep(float(os.environ.get('SECONDS', 0)))
        self.answer(200, body + os.environ.get('WORD', '').encode())
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
print(sys.argv[1:], flush=True)
Server(('', int(os.environ.get('SAGEMAKER_BIND_TO_PORT', 8080))), Handler).serve_forever()
"""


def serving_image(**config):
    """An image whose `serve` is `SERVER`."""
    return image(LayerFiles().add("/usr/local/bin/serve", f"#!{PYTHON}\n{SERVER}".encode(), 0o755).done(), **config)


def function_image(source, **config):
    """A Lambda function's image with its own runtime, as AWS's base images are made."""
    files = LayerFiles().add("/var/runtime/bootstrap.py", RUNTIME.encode()).add("/var/task/main.py", source.encode())
    return image(files.done(), **{"Entrypoint": [PYTHON, "/var/runtime/bootstrap.py"], "Cmd": ["main.handler"],
                                  "WorkingDir": "/var/task", **config})


def push(yard, repository, tag, image):
    """Makes the repository where there is none, and pushes; answers the image's name and digest."""
    document, layers = image
    ecr = yard.client("ecr")
    try:
        uri = ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    except ecr.exceptions.RepositoryAlreadyExistsException:
        uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]

    def request(method, path, body=b"", kind="application/octet-stream"):
        connection = http.client.HTTPConnection(urlsplit(yard.endpoint).netloc)
        connection.request(method, path, body, {"Authorization": f"Basic {token}", "Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (method, path, answer.status, text)
        return answer

    def blob(data, kind):
        place = request("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        separator = "&" if "?" in place else "?"
        request("PUT", f"{place}{separator}digest={digest_of(data)}", data)
        return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}

    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(document, "application/vnd.docker.container.image.v1+json"),
        "layers": [blob(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip") for layer in layers]}).encode()
    request("PUT", f"/v2/{repository}/manifests/{tag}", manifest, MANIFEST)
    return f"{uri}:{tag}", digest_of(manifest)
