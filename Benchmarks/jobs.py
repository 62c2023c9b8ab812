"""From `CreateTrainingJob` to the first line of user code, and the first call of a Lambda function, in each runtime."""

import pathlib
import socket
import sys
import tempfile
import time
import types

import boto3
from botocore.config import Config

from measure import ROOT, Server, arguments, spread, table

sys.path.insert(0, str(ROOT / "Tests/Acceptance"))
import engines  # noqa: E402
import programs  # noqa: E402

ROLE = "arn:aws:iam::000000000000:role/bench"
BEGIN = "read time rest < /proc/uptime; echo $time > /opt/ml/model/begun"


def client(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="test",
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))


def uptime():
    return float(pathlib.Path("/proc/uptime").read_text().split()[0])


class Training:
    """Training jobs whose first line says when it ran: in hundredths of a second, as the kernel counts."""

    def __init__(self, server):
        self.sagemaker, self.s3 = client(server, "sagemaker"), client(server, "s3")
        self.s3.create_bucket(Bucket="bench")

    def run(self, name, image, environment):
        job = dict(
            TrainingJobName=name, RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File",
                                    "ContainerEntrypoint": ["/bin/sh", "-c", BEGIN]},
            OutputDataConfig={"S3OutputPath": "s3://bench/models", "CompressionType": "NONE"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60}, Environment=environment)
        started = uptime()
        self.sagemaker.create_training_job(**job)
        while True:
            described = self.sagemaker.describe_training_job(TrainingJobName=name)
            if described["TrainingJobStatus"] not in ("InProgress", "Stopping"):
                break
            time.sleep(0.02)
        if described["TrainingJobStatus"] != "Completed":
            raise SystemExit(described.get("FailureReason"))
        text = self.s3.get_object(Bucket="bench", Key=f"models/{name}/output/model/begun")["Body"].read()
        return (float(text) - started) * 1000


def engine_start(engine, image):
    """How long the engine itself takes from the command to the same first line, by its own client."""
    command = "read time rest < /proc/uptime; echo $time"
    started = uptime()
    text = engine.run("run", "--rm", "--network", "host", "--entrypoint", "/bin/sh", image, "-c", command)
    return (float(text) - started) * 1000


def measure_jobs(options, label, runtimes, engine=None):
    """Milliseconds by row, of a yard that knows that engine."""
    figures = {}
    with tempfile.TemporaryDirectory() as home:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Server("Trainyard", [options.binary, "start", "--port", str(port), "--data-dir", home + "/data"], port,
                        DOCKER_HOST=f"unix://{engine.socket if engine else '/nowhere'}")
        try:
            yard = types.SimpleNamespace(endpoint=server.endpoint, client=lambda service: client(server, service))
            image, digest = programs.push(yard, "bench", "1", programs.image())
            training = Training(server)
            for runtime in runtimes:
                for turn in range(options.runs + 1):
                    milliseconds = training.run(f"{runtime}-{turn}", image, {"TRAINYARD_RUNTIME": runtime})
                    if turn:  # the first unpacks, or loads the image into the engine
                        figures.setdefault(runtime + label, []).append(milliseconds)
                    if turn and engine:
                        own = engine_start(engine, f"trainyard.local/image:{digest[7:]}")
                        figures.setdefault(f"`{engine.program} run` itself", []).append(own)
        finally:
            server.stop()
    return figures


def measure(options):
    figures, missing = measure_jobs(options, "", ["process", "image"]), []
    for name, start in engines.ENGINES.items():
        # An engine's socket needs a short path.
        with tempfile.TemporaryDirectory(prefix="engine-", dir="/tmp", ignore_cleanup_errors=True) as directory:
            try:
                engine = start(directory)
            except engines.Unavailable as reason:
                missing.append(f"Without {name}: {reason}.")
                continue
            try:
                figures.update(measure_jobs(options, f" ({name})", ["container"], engine))
            finally:
                engine.stop()
    rows = [[label, spread(values, " ms", 0)] for label, values in figures.items()]
    bars = "Bars: process 30 ms, image 100 ms, container the engine's own and 50 ms."
    return "\n\n".join([table(["runtime", "CreateTrainingJob to first line"], rows), *missing, bars])


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
