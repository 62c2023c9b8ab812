"""The tutorial's commands, typed unchanged, where its replay lies beside the checkout; with Docker where it can be had."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import pytest

import engines
from conftest import ACCOUNT, ROOT, Yard
from test_container_example import make_bases

REPLAY = ROOT.parent / "shared/article/replay/replay.py"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
# Login, build, push, a function from the image, what it fetched.
WITH_DOCKER = ["2a3", "2a4", "2a5", "2a4d", "2a6", "2a7", "2a8"]
# The function as a zip, which is only tried where it cannot be had from the image.
WITHOUT_DOCKER = ["2a9"]
PROMISED = ["0", "1", "2a1", "2a2", *WITH_DOCKER, *WITHOUT_DOCKER, "2b1", "2b2", "2b3", "2b4", "2b5", "2b6", "2b7", "2c1", "2c2",
            "2c3", "2c4", "2c5", "2c6", "2c7", "3a", "3b", "3c", "3d", "4a", "4e1", "4e2", "5a", "5b", "5c", "5d", "5e", "5f", "5g"]
# The replay logs in at the yard's address and pushes, as the tutorial does, under the registry's name: who logs in at the one
# logs in at the other.
CLIENT = """#!/bin/sh
if [ "$1" = login ]; then
    password=$(cat)
    printf %s "$password" | DOCKER login --username AWS --password-stdin REGISTRY || exit
    printf %s "$password" | DOCKER "$@"
    exit
fi
exec DOCKER "$@"
"""


@contextlib.contextmanager
def docker(directory, address):
    """The environment of the tutorial's `docker`, with the engine behind it; nothing where there is none."""
    # Sockets have short names.
    with tempfile.TemporaryDirectory(prefix="ty-", dir="/tmp", ignore_cleanup_errors=True) as engine_directory:
        try:
            engine = engines.docker(engine_directory, REGISTRY, address)
        except engines.Unavailable:
            yield {}
            return
        make_bases(engine, directory)
        client = directory / "bin/docker"
        client.parent.mkdir()
        client.write_text(CLIENT.replace("DOCKER", shutil.which("docker")).replace("REGISTRY", REGISTRY))
        client.chmod(0o755)
        yield {**engine.environment, "PATH": f"{client.parent}:{os.environ['PATH']}"}
        engine.stop()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    if not REPLAY.exists():
        pytest.skip("the tutorial's replay is not beside this checkout")
    directory = tmp_path_factory.mktemp("tutorial")
    # The registry's name has no port; at an address of its own the usual one is free.
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
    with docker(directory, address) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        options = ["--host", address, "--port", "80"] if environment else []
        yard = Yard(directory, *options)
        try:
            subprocess.run([sys.executable, str(REPLAY), "--endpoint", yard.endpoint.removesuffix(":80"), "--out",
                            str(directory / "rows.json"), *(["--docker"] if environment else [])],
                           stdout=subprocess.DEVNULL, timeout=900)
        finally:
            yard.stop()
    return {row["id"]: row for row in json.loads((directory / "rows.json").read_text())["rows"]}


@pytest.mark.parametrize("row", PROMISED)
def test_row_works(rows, row):
    tried_with_docker = "2a4d" in rows
    if row in (WITHOUT_DOCKER if tried_with_docker else WITH_DOCKER):
        pytest.skip("Docker " + ("can be had" if tried_with_docker else "cannot be had"))
    assert rows[row]["verdict"] == "works", rows[row]["note"]
