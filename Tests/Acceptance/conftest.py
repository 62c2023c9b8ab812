"""A yard to test: the real binary on a free port with a directory of its own, driven as its users do."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

pytest_plugins = ["runtimes"]
# Version 2 of the SageMaker Python SDK says of each of its classes that there is a version 3.
os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TRAINYARD_BINARY") or str(ROOT / ".build/debug/trainyard")
ACCOUNT = "000000000000"


class Yard:
    """One run of `trainyard start`; stopped and started again on the same data by `restart`."""

    def __init__(self, directory, *options):
        self.directory = Path(directory)
        self.options = options
        self.start()

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = open(self.directory / "yard.log", "ab+")
        before = self.log.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(
            [BINARY, "start", "--port", "0", "--data-dir", str(self.directory / "data"), *self.options],
            stderr=self.log, stdout=subprocess.DEVNULL, env=clean_environment())
        deadline = time.monotonic() + 30
        while True:
            text = (self.directory / "yard.log").read_bytes()[before:].decode()
            ready = re.search(r"ready.*?(http://\S+?)(?=[\s)]|$)", text)
            if ready:
                self.endpoint = ready[1].rstrip("/.,")
                return
            assert self.process.poll() is None and time.monotonic() < deadline, f"the yard did not start:\n{text}"
            time.sleep(0.005)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)

    def restart(self):
        self.kill()
        self.start()

    def client(self, service, access_key="test", secret_key="test", region="us-east-1", **options):
        config = Config(retries={"total_max_attempts": 1}).merge(options.pop("config", Config()))
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, aws_access_key_id=access_key,
                            aws_secret_access_key=secret_key, config=config, **options)

    def environment(self, **more):
        return dict(clean_environment(), AWS_ENDPOINT_URL=self.endpoint, AWS_ACCESS_KEY_ID="test",
                    AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="", AWS_MAX_ATTEMPTS="1", **more)

    def aws(self, *words, check=True, cwd=None):
        """Runs the aws CLI; answers its JSON output where it is one, else its text."""
        run = subprocess.run(["aws", *map(str, words)], env=self.environment(), capture_output=True, text=True, cwd=cwd)
        if not check:
            return run
        assert run.returncode == 0, run.stderr
        try:
            return json.loads(run.stdout)
        except ValueError:
            return run.stdout

    def get(self, path, headers={}, method="GET", data=None):
        request = urllib.request.Request(self.endpoint + path, headers=headers, method=method, data=data)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode(errors="replace")


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}


def wait_for(look, seconds=60):
    """Answers the first true value of `look`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def yard(tmp_path_factory):
    """One yard for all tests that do not break it; each uses names of its own."""
    yard = Yard(tmp_path_factory.mktemp("yard"))
    yield yard
    assert yard.stop() == 0


@pytest.fixture
def own_yard(tmp_path):
    """A yard for one test, which may kill it."""
    yard = Yard(tmp_path)
    yield yard
    if yard.process.poll() is None:
        yard.stop()


@pytest.fixture
def name(request):
    """A name that no other test uses, in the letters every service allows."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40] + "-" + secrets.token_hex(4)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"
