"""A yard that is killed during every kind of job, in every runtime: how each ends, and what is left."""

import io
import json
import os
import pathlib
import subprocess
import tarfile

import pytest

import engines
from conftest import ROLE, wait_for
from models import ADDING, archive, settled, variant
from programs import push, serving_image, training_image
from runtimes import needs_bubblewrap

# Half a model, then nothing for long; under a tuning job an objective, and an end.
TRAIN = """
import json, os, pathlib, subprocess, time
parameters = json.loads(pathlib.Path('/opt/ml/input/config/hyperparameters.json').read_text())
pathlib.Path('/opt/ml/model/half').write_text('half')
print('loss=' + parameters.get('x', '1'), flush=True)
if 'x' in parameters:
    time.sleep(2)
else:
    subprocess.run(['sleep', '600'])
"""
SERVE = ADDING.format(add=1).replace("def predict_fn", "import os, time\n\ndef predict_fn").replace(
    "    return [number", "    time.sleep(float(os.environ.get('SECONDS', 0)))\n    return [number")
LEFT = "The yard stopped while the job was running"


class Work:
    """One job of each kind, and an endpoint, all with an environment that marks their programs."""

    def __init__(self, yard, runtime, marker):
        self.yard, self.runtime, self.marker = yard, runtime, marker
        self.s3, self.sagemaker = yard.client("s3"), yard.client("sagemaker")
        self.s3.create_bucket(Bucket="work")
        self.s3.put_object(Bucket="work", Key="in/a.csv", Body="[1]\n")
        self.environment = {"MARKER": marker}
        if runtime == "process":
            self.s3.put_object(Bucket="work", Key="code/train.py", Body=TRAIN)
            self.s3.put_object(Bucket="work", Key="source.tar.gz", Body=archive({"train.py": TRAIN}))
            self.s3.put_object(Bucket="work", Key="model.tar.gz", Body=archive({"code/inference.py": SERVE}))
            self.train_uri = self.serve_uri = "example/none:1"
        else:
            self.train_uri, _ = push(yard, "train", "1", training_image(TRAIN))
            self.serve_uri, _ = push(yard, "serve", "1", serving_image())

    def start(self):
        entry = {"ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(600)"]}
        self.sagemaker.create_processing_job(
            ProcessingJobName="processing", RoleArn=ROLE, AppSpecification={"ImageUri": self.train_uri, **entry},
            Environment=self.environment,
            ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}})
        definition = self.definition()
        self.sagemaker.create_training_job(TrainingJobName="training", Environment=self.environment, **definition)
        self.model("model", {})
        self.model("slow", {"SECONDS": "3"})
        self.sagemaker.create_transform_job(
            TransformJobName="transform", ModelName="slow",
            TransformInput={"ContentType": "application/json", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://work/in/"}}},
            TransformOutput={"S3OutputPath": "s3://work/out"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
        self.sagemaker.create_endpoint_config(EndpointConfigName="endpoint", ProductionVariants=[variant("model")])
        self.sagemaker.create_endpoint(EndpointName="endpoint", EndpointConfigName="endpoint")
        assert settled(self.yard, "endpoint")["EndpointStatus"] == "InService"
        self.tune()

    def definition(self):
        algorithm = {"TrainingImage": self.train_uri, "TrainingInputMode": "File"}
        parameters = {}
        if self.runtime == "process":
            parameters = {"HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://work/source.tar.gz"}}
        return dict(
            RoleArn=ROLE, AlgorithmSpecification=algorithm, OutputDataConfig={"S3OutputPath": "s3://work/models"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600}, **parameters)

    def tune(self):
        definition = self.definition()
        definition["StaticHyperParameters"] = definition.pop("HyperParameters", {})
        definition["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
        self.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="tuning",
            HyperParameterTuningJobConfig={
                "Strategy": "Random", "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
                "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}},
            TrainingJobDefinition={**definition, "Environment": self.environment})

    def model(self, name, environment):
        container = {"Image": self.serve_uri, "Environment": {**self.environment, **environment}}
        if self.runtime == "process":
            container["ModelDataUrl"] = "s3://work/model.tar.gz"
            container["Environment"]["SAGEMAKER_PROGRAM"] = "inference.py"
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)

    def reconnect(self):
        self.s3, self.sagemaker = self.yard.client("s3"), self.yard.client("sagemaker")

    def ended(self, kind):
        describe = {
            "processing": lambda: self.sagemaker.describe_processing_job(ProcessingJobName="processing"),
            "training": lambda: self.sagemaker.describe_training_job(TrainingJobName="training"),
            "transform": lambda: self.sagemaker.describe_transform_job(TransformJobName="transform"),
            "tuning": lambda: self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="tuning"),
        }[kind]
        status = {"processing": "ProcessingJobStatus", "training": "TrainingJobStatus", "transform": "TransformJobStatus",
                  "tuning": "HyperParameterTuningJobStatus"}[kind]
        job = wait_for(lambda: (d := describe())[status] not in ("InProgress", "Stopping") and d, 90)
        return job[status], job.get("FailureReason", "")


def marked(marker):
    """The processes of this machine whose environment has the marker, those in containers as well."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARKER={marker}".encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.fixture(params=["process", pytest.param("image", marks=needs_bubblewrap), "container"])
def runtime(request):
    return request.param


def left(runtime, request):
    """What an engine still has of any yard."""
    name = {"container": "docker_engine", "podman": "podman_engine"}.get(runtime)
    if not name:
        return []
    socket = request.getfixturevalue(name).socket
    networks = json.loads(engines.ask(socket, "/networks"))
    return json.loads(engines.ask(socket, "/containers/json?all=1")) + [n for n in networks if n["Name"].startswith("trainyard-")]


def test_a_yard_that_is_killed_during_every_kind_of_job(runtime_yard, runtime, request):
    yard, marker = runtime_yard, f"killed-{os.getpid()}-{runtime}"
    work = Work(yard, runtime, marker)
    work.start()
    running = lambda: work.sagemaker.list_training_jobs(StatusEquals="InProgress", NameContains="tuning")["TrainingJobSummaries"]
    wait_for(lambda: len(marked(marker)) >= 4 and running())
    yard.kill()
    wait_for(lambda: not marked(marker) and not left(runtime, request), 30)
    yard.start()
    work.reconnect()
    for kind in ["processing", "training"]:
        status, reason = work.ended(kind)
        assert status == "Failed" and LEFT in reason
    # Half a model is nowhere to be read.
    assert "Contents" not in work.s3.list_objects_v2(Bucket="work", Prefix="models/training/")
    assert work.ended("transform")[0] == "Completed"
    assert work.s3.get_object(Bucket="work", Key="out/a.csv.out")["Body"].read().startswith(b"[")
    assert work.ended("tuning")[0] == "Completed"
    for entry in work.s3.list_objects_v2(Bucket="work", Prefix="models/tuning").get("Contents", []):
        body = work.s3.get_object(Bucket="work", Key=entry["Key"])["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            assert tar.getnames() == ["half"]
    assert settled(yard, "endpoint")["EndpointStatus"] == "InService"
    answer = yard.client("sagemaker-runtime").invoke_endpoint(EndpointName="endpoint", Body=b"[1]", ContentType="application/json")
    assert answer["Body"].read().startswith(b"[")
    yard.stop()
    wait_for(lambda: not marked(marker) and not left(runtime, request), 30)
