"""`Examples/containers`, whole: Docker builds its Dockerfiles as they stand and pushes, the pipeline runs in what came of it."""

import os
import subprocess
from urllib.parse import urlsplit

from conftest import BINARY, clean_environment, ROOT, Yard
from programs import CERTIFICATES, python_root

EXAMPLE = ROOT / "Examples/containers"
# What the Dockerfiles begin with; nothing but packages is fetched.
BASES = {"public.ecr.aws/lambda/python:3.11": ["LAMBDA_TASK_ROOT=/var/task"], "python:3.11-slim-bookworm": []}


def make_bases(engine, directory):
    """Gives the engine the images that the Dockerfiles are built upon, under those images' own names."""
    root = directory / "root.tar"
    root.write_bytes(python_root())
    passed = [f"{name}={value}" for name, value in os.environ.items()
              if name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST") or name.lower().endswith("_proxy")]
    if os.path.exists(CERTIFICATES):
        passed.append(f"PIP_CERT={CERTIFICATES}")
    # Wheels are left uncompiled: that would take longer than all else.
    passed += ["PATH=/usr/local/bin:/usr/bin:/bin", "PIP_ROOT_USER_ACTION=ignore", "PIP_NO_COMPILE=1"]
    for name, variables in BASES.items():
        changes = [word for variable in passed + variables for word in ("--change", f"ENV {variable}")]
        engine.run("import", *changes, root, name)
    root.unlink()


def messages(yard, group):
    logs = yard.client("logs")
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def test_the_dockerfiles_are_built_pushed_and_run(tmp_path, docker_engine):
    make_bases(docker_engine, tmp_path)
    environment = {**clean_environment(), **docker_engine.environment,
                   "DOCKER_CONFIG": str(tmp_path / "docker"), "DOCKER_BUILDKIT": "0"}
    yard = Yard(tmp_path)
    pushed = subprocess.run([EXAMPLE / "push", urlsplit(yard.endpoint).netloc],
                            env=environment, capture_output=True, text=True)
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    yard.stop()
    run = subprocess.run([BINARY, "run", EXAMPLE, "--data-dir", tmp_path / "data", "--runtime", "container"],
                         env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for state in ["Ingest", "Preprocess", "Train", "Evaluate", "AccurateEnough", "CreateModel"]:
        assert state in run.stderr
    assert "confusion matrix" in run.stdout
    yard.start()
    start = "Trainyard runs this job in a container of the image 000000000000.dkr.ecr.us-east-1.amazonaws.com/iris-steps:1"
    said = messages(yard, "/aws/sagemaker/ProcessingJobs")
    assert sum(line.startswith(start) for line in said) == 2, said
    yard.stop()
