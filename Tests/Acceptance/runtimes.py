"""Fixtures: engines that run for the whole session, and a yard that has one runtime only."""

import contextlib
import shutil
import tempfile

import pytest

import engines
from conftest import Yard

needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
IMAGE_RUNTIMES = [pytest.param("image", marks=needs_bubblewrap), "container"]


@contextlib.contextmanager
def running(name):
    with tempfile.TemporaryDirectory(prefix="ty-", dir="/tmp", ignore_cleanup_errors=True) as directory:
        try:
            engine = engines.ENGINES[name](directory)
        except engines.Unavailable as reason:
            pytest.skip(str(reason))
        yield engine
        engine.stop()


@pytest.fixture(scope="session")
def docker_engine():
    with running("docker") as engine:
        yield engine


@pytest.fixture(scope="session")
def podman_engine():
    with running("podman") as engine:
        yield engine


@pytest.fixture(params=IMAGE_RUNTIMES)
def runtime(request):
    return request.param


@pytest.fixture
def runtime_yard(tmp_path, runtime, request, monkeypatch):
    """A yard that has this one runtime; for `container` with Docker, or with Podman where the runtime is called so."""
    yard = start_yard(tmp_path, runtime, request, monkeypatch)
    yield yard
    if yard.process.poll() is None:
        yard.stop()


def start_yard(directory, runtime, request, monkeypatch):
    names = {"container": "docker_engine", "podman": "podman_engine"}
    socket = request.getfixturevalue(names[runtime]).socket if runtime in names else "/nowhere"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    return Yard(directory, "--runtime", "container" if runtime == "podman" else runtime)
