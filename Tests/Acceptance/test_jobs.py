"""SageMaker jobs as processes under /opt/ml: what they see, what they leave, how they fail."""

import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE, wait_for

LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"


class Jobs:
    def __init__(self, yard, bucket):
        self.yard, self.bucket, self.client, self.s3 = yard, bucket, yard.client("sagemaker"), yard.client("s3")
        self.s3.create_bucket(Bucket=bucket)

    def put(self, key, text):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text)

    def processing(self, name, script, inputs=(), outputs=(("out", "results/"),), **more):
        self.put(f"code/{name}.py", script)
        self.client.create_processing_job(
            ProcessingJobName=name, RoleArn=ROLE,
            AppSpecification={"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/any:1",
                              "ContainerEntrypoint": ["python3", f"/opt/ml/processing/code/{name}.py"]},
            ProcessingInputs=[self.input("code", f"code/{name}.py")] + [self.input(n, k) for n, k in inputs],
            ProcessingOutputConfig={"Outputs": [
                {"OutputName": n, "S3Output": {"S3Uri": f"s3://{self.bucket}/{k}", "LocalPath": f"/opt/ml/processing/{n}", "S3UploadMode": "EndOfJob"}}
                for n, k in outputs]},
            ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}}, **more)

    def input(self, name, key):
        return {"InputName": name, "S3Input": {"S3Uri": f"s3://{self.bucket}/{key}", "LocalPath": f"/opt/ml/processing/{name}",
                                               "S3DataType": "S3Prefix", "S3InputMode": "File"}}

    def processed(self, name):
        return wait_for(lambda: (d := self.client.describe_processing_job(ProcessingJobName=name))["ProcessingJobStatus"]
                        not in ("InProgress", "Stopping") and d)

    def training(self, name, data, parameters=None, key=None, **more):
        key = key or f"train/{name}.csv"
        if data is not None:
            self.put(key, data)
        self.client.create_training_job(**{**dict(
            TrainingJobName=name, RoleArn=ROLE, AlgorithmSpecification={"TrainingImage": LEARNER, "TrainingInputMode": "File"},
            HyperParameters=parameters or {"predictor_type": "multiclass_classifier", "num_classes": "3", "mini_batch_size": "30"},
            InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{key}", "S3DataDistributionType": "FullyReplicated"}}}],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/models/"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600}), **more})

    def trained(self, name):
        return wait_for(lambda: (d := self.client.describe_training_job(TrainingJobName=name))["TrainingJobStatus"]
                        not in ("InProgress", "Stopping") and d)


@pytest.fixture
def jobs(yard, name):
    return Jobs(yard, name)


def rows(count=90):
    return "".join(f"{i % 3},{i % 3 + (i * 37 % 100) / 500},{-(i % 3) + (i * 53 % 100) / 500}\n" for i in range(count))


def test_a_script_sees_its_inputs_and_configuration_and_leaves_its_outputs(jobs, name):
    jobs.put("data/a.txt", "alpha")
    jobs.put("data/sub/b.txt", "beta")
    jobs.processing(name, """
import json, os, pathlib
root = pathlib.Path('/opt/ml')
config = json.loads((root / 'config/processingjobconfig.json').read_text())
out = root / 'processing/out/deep'
out.mkdir(parents=True)
(out / 'r.json').write_text(json.dumps([config['ProcessingJobName'], (root / 'processing/in/sub/b.txt').read_text(), os.environ['K']]))
print('line one')
""", inputs=[("in", "data/")], Environment={"K": "v"})
    job = jobs.processed(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert json.loads(jobs.s3.get_object(Bucket=jobs.bucket, Key="results/deep/r.json")["Body"].read()) == [name, "beta", "v"]
    events = jobs.yard.client("logs").filter_log_events(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=name + "/")["events"]
    messages = [event["message"] for event in events]
    assert "any:1" in messages[0] and "python" in messages[0] and "line one" in messages


def test_a_script_that_fails_says_why_and_uploads_nothing(jobs, name):
    jobs.processing(name, "import sys\nopen('/opt/ml/processing/out/half', 'w').write('x')\nsys.exit(7)")
    job = jobs.processed(name)
    assert job["ProcessingJobStatus"] == "Failed" and job["FailureReason"].startswith("AlgorithmError")
    assert "Contents" not in jobs.s3.list_objects_v2(Bucket=jobs.bucket, Prefix="results/")


def test_a_job_that_runs_too_long_is_stopped(jobs, name):
    jobs.processing(name, "import time\ntime.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert jobs.processed(name)["ProcessingJobStatus"] in ("Stopped", "Failed")


def test_a_job_is_stopped_on_demand(jobs, name):
    jobs.processing(name, "import time\nprint('up', flush=True)\ntime.sleep(600)")
    jobs.client.stop_processing_job(ProcessingJobName=name)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Stopped"


def test_training_leaves_a_model_with_metrics_and_transitions(jobs, name):
    jobs.training(name, rows())
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{jobs.bucket}/models/{name}/output/model.tar.gz"
    body = jobs.s3.get_object(Bucket=jobs.bucket, Key=f"models/{name}/output/model.tar.gz")["Body"].read()
    assert tarfile.open(fileobj=io.BytesIO(body)).getnames() == ["model_algo-1"]
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]][-1] == "Completed"
    listed = jobs.client.list_training_jobs(NameContains=name, StatusEquals="Completed")["TrainingJobSummaries"]
    assert [summary["TrainingJobName"] for summary in listed] == [name]


@pytest.mark.parametrize("data, words", [
    ("".join(f"{i * 0.37 % 2 - 1},{i % 5},{i % 3}\n" for i in range(60)), "label"),
    (rows() + "1,x,2\n", "line 91"),
    (rows() + "1,2\n", "line 91"),
    (rows() + "7,1,2\n", "7"),
    ("", ""),
])
def test_wrong_training_data_is_the_clients_error(jobs, name, data, words):
    jobs.training(name, data)
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"].startswith("ClientError"), job.get("FailureReason")
    assert words in job["FailureReason"]
    assert "Contents" not in jobs.s3.list_objects_v2(Bucket=jobs.bucket, Prefix="models/")


def error(call, *words, **more):
    with pytest.raises(ClientError) as caught:
        call(*words, **more)
    return caught.value.response["Error"]


def test_what_does_not_exist_or_exists_already_is_said(jobs, name):
    assert error(jobs.client.describe_training_job, TrainingJobName="none-" + name)["Code"] == "ValidationException"
    assert "No S3 objects found" in error(jobs.training, name, None, key="nothing/here")["Message"]
    jobs.training(name, rows())
    again = error(jobs.training, name, rows())
    assert again["Code"] == "ResourceInUse" and "already exists" in again["Message"]
    jobs.trained(name)
