"""Requests to a real-time endpoint: latency, requests a second with 8 connections, server CPU a request; signatures are
verified. The built-in linear-learner beside a Python program behind /invocations, both on the same yard."""

import io
import json
import multiprocessing
import os
import random
import socket
import statistics
import tarfile
import tempfile
import time

import boto3

from measure import Connection, arguments, spread, table, trainyard

ROLE = "arn:aws:iam::000000000000:role/bench"
LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ROW = b"5.1,3.5,1.4,0.2"
CLIENTS = 8
PROGRAM = """
def model_fn(directory):
    return [0.5, -0.25, 1.5, 2.0]

def transform_fn(weights, body, content_type, accept):
    features = map(float, body.split(","))
    return '{"predictions": [{"score": %r}]}' % sum(w * x for w, x in zip(weights, features)), "application/json"
"""


def clients(server):
    def make(service):
        return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                            aws_access_key_id="test", aws_secret_access_key="test")
    return make("s3"), make("sagemaker"), make("iam")


def archive(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def wait(describe, status, wanted):
    while True:
        answer = describe()
        if answer[status] in wanted:
            assert answer[status] == wanted[0], answer.get("FailureReason")
            return answer
        time.sleep(0.02)


def prepare(server):
    """Trains the built-in learner, packs the Python program, deploys both."""
    s3, sagemaker, iam = clients(server)
    s3.create_bucket(Bucket="bench")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))
    random.seed(1)
    rows = []
    for _ in range(1000):
        features = [random.gauss(0, 1) for _ in range(4)]
        rows.append(",".join(map(str, [int(features[0] + 2 * features[1] > 0)] + features)))
    s3.put_object(Bucket="bench", Key="train/data.csv", Body="\n".join(rows).encode())
    sagemaker.create_training_job(
        TrainingJobName="bench", RoleArn=ROLE, HyperParameters={"predictor_type": "binary_classifier", "mini_batch_size": "100"},
        AlgorithmSpecification={"TrainingImage": LEARNER, "TrainingInputMode": "File"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv",
                          "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/train"}}}],
        OutputDataConfig={"S3OutputPath": "s3://bench/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600})
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="bench"), "TrainingJobStatus", ["Completed", "Failed"])
    s3.put_object(Bucket="bench", Key="program.tar.gz", Body=archive({"code/inference.py": PROGRAM.encode()}))
    for name, image, data in (("built-in", LEARNER, job["ModelArtifacts"]["S3ModelArtifacts"]),
                              ("program", "example/python:1", "s3://bench/program.tar.gz")):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image, "ModelDataUrl": data})
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
            {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        wait(lambda: sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", ["InService", "Failed"])


def signed(server, endpoint):
    """One signed request as it stands on the wire; it may be sent again for a quarter of an hour."""
    return Connection(server).signed("sagemaker", "POST", f"/endpoints/{endpoint}/invocations", ROW, kind="text/csv")


class Line:
    """A connection that sends the same bytes again and again."""

    def __init__(self, port, request):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        first = self.exchange(None)
        assert first.startswith(b"HTTP/1.1 200"), first
        self.length = len(first)

    def exchange(self, length):
        self.socket.sendall(self.request)
        answer = self.socket.recv(65536)
        while length is None and (b"\r\n\r\n" not in answer or not answer.endswith(b"}")):
            answer += self.socket.recv(65536)
        while length is not None and len(answer) < length:
            answer += self.socket.recv(65536)
        return answer


def client(port, request, count, times):
    line = Line(port, request)
    own = []
    for _ in range(count):
        started = time.perf_counter()
        line.exchange(line.length)
        own.append(time.perf_counter() - started)
    times.put(own)


def measure_endpoint(server, endpoint, requests):
    request = signed(server, endpoint)
    line = Line(server.port, request)
    for _ in range(200):
        line.exchange(line.length)
    single = []
    for _ in range(1000):
        started = time.perf_counter()
        line.exchange(line.length)
        single.append((time.perf_counter() - started) * 1000)
    times = multiprocessing.Queue()
    cpu, started = server.cpu_seconds(), time.perf_counter()
    workers = [multiprocessing.Process(target=client, args=(server.port, request, requests // CLIENTS, times)) for _ in range(CLIENTS)]
    for worker in workers:
        worker.start()
    for _ in workers:
        times.get()
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    done = requests // CLIENTS * CLIENTS
    single.sort()
    return {"p50": statistics.median(single), "p99": single[int(len(single) * 0.99)], "rate": done / seconds,
            "cpu": (server.cpu_seconds() - cpu) * 1000 / done}


def measure(options):
    figures = {}
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(options.binary, home + "/data")
        try:
            prepare(server)
            for _ in range(options.runs):
                for endpoint, requests in (("built-in", 16000), ("program", 3200)):
                    figures.setdefault(endpoint, []).append(measure_endpoint(server, endpoint, requests))
        finally:
            server.stop()
    rows = [[label, spread([f["p50"] for f in values], " ms", 2), spread([f["p99"] for f in values], " ms", 2),
             spread([f["rate"] for f in values], digits=0), spread([f["cpu"] for f in values], " ms", 3)]
            for label, values in figures.items()]
    return table(["model", "one connection: p50", "p99", f"requests a second, {CLIENTS} connections", "server CPU a request"], rows) + \
        f"\n\nOne row of four numbers as CSV, signatures verified. `program` is a Python function behind `/invocations`; its process " \
        f"counts as the server's. The clients share {os.cpu_count()} cores with the server: rates are lower bounds.\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
