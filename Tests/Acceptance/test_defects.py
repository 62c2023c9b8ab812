"""What the tutorial gets wrong happens here as it happens on AWS: the same message at the same place."""

import json

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ROLE, wait_for
from functions import python
from test_jobs import Jobs, rows


@pytest.fixture
def jobs(yard, name):
    return Jobs(yard, name)


def refused(call, *words, **more):
    with pytest.raises(ClientError) as caught:
        call(*words, **more)
    return caught.value.response["Error"]


def log_of(yard, group, job):
    logs = yard.client("logs")

    def lines():
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
        return streams and [e["message"] for e in logs.get_log_events(
            logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)["events"]]
    return wait_for(lines)


def test_training_before_its_data_exist_is_refused(jobs, name):
    error = refused(jobs.training, name, None, key="data/train_data.csv")
    assert error["Code"] == "ValidationException"
    assert error["Message"].endswith(
        f'No S3 objects found under S3 URL "s3://{name}/data/train_data.csv" given in input data source. Please ensure that the bucket '
        f'exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "{ROLE}" has '
        f'"s3:ListBucket" permissions on bucket "{name}".')
    assert jobs.client.list_training_jobs(NameContains=name)["TrainingJobSummaries"] == []


def test_a_job_name_is_used_once(jobs, name):
    jobs.training(name, rows())
    jobs.processing(name, "pass")
    error = refused(jobs.training, name, rows())
    assert error["Code"] == "ResourceInUse" and error["Message"] == (
        "Training job names must be unique within an AWS account and region, and a training job with this name already exists "
        f"(arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name})")
    error = refused(jobs.processing, name, "pass")
    assert error["Code"] == "ResourceInUse" and error["Message"] == (
        "Job name must be unique within an AWS account and region, and a job with this name already exists "
        f"(arn:aws:sagemaker:us-east-1:{ACCOUNT}:processing-job/{name})")
    jobs.trained(name), jobs.processed(name)


def test_a_prefix_takes_every_key_that_begins_with_it(jobs, name):
    jobs.put("data/train.csv", "1")
    jobs.put("data/train.csv.bak", "2")
    jobs.processing(name, "import os, shutil\nos.makedirs('/opt/ml/processing/out', exist_ok=True)\n"
                    "open('/opt/ml/processing/out/seen','w').write(' '.join(sorted(os.listdir('/opt/ml/processing/data'))))",
                    inputs=[("data", "data/train.csv")])
    assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
    seen = jobs.s3.get_object(Bucket=jobs.bucket, Key="results/seen")["Body"].read()
    assert seen == b"train.csv train.csv.bak"


def test_an_image_that_cannot_be_pulled_is_named_in_the_log(jobs, yard, name):
    image = f"{ACCOUNT}.dkr.us-east-1.amazonaws.com/iris-preprocessing:latest"
    jobs.client.create_processing_job(
        ProcessingJobName=name, RoleArn=ROLE, AppSpecification={"ImageUri": image, "ContainerEntrypoint": ["python3", "-c", "print('it ran')"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}})
    assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
    lines = log_of(yard, "/aws/sagemaker/ProcessingJobs", name)
    assert image in lines[0] and "it ran" in lines


def test_a_function_that_does_not_exist_fails_the_first_state(yard, name):
    states = yard.client("stepfunctions")
    arn = states.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps({"StartAt": "Ingest", "States": {"Ingest": {
        "Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:data-ingestion-lambda", "End": True}}}))["stateMachineArn"]
    run = states.start_execution(stateMachineArn=arn)["executionArn"]
    ended = wait_for(lambda: (e := states.describe_execution(executionArn=run))["status"] != "RUNNING" and e)
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
    assert "data-ingestion-lambda" in ended["cause"]


def test_three_seconds_are_enough_to_make_a_client(yard, name):
    functions = yard.client("lambda")
    functions.create_function(FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="main.handler",
                              Code={"ZipFile": python("import boto3\nreturn len(boto3.client('s3').list_buckets()['Buckets']) >= 0")})
    assert (functions.get_function_configuration(FunctionName=name)["Timeout"], functions.get_function_configuration(FunctionName=name)["MemorySize"]) == (3, 128)
    answer = functions.invoke(FunctionName=name)
    assert answer["Payload"].read() == b"true" and "FunctionError" not in answer


@pytest.mark.parametrize("label, words", [
    ("-0.5", "label"), ("7", "num_classes"), ("setosa", "setosa"),
])
def test_labels_that_are_no_classes_are_named(jobs, name, label, words):
    jobs.training(name, rows(30) + f"{label},0.1,0.2\n")
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"].startswith("ClientError"), job
    assert words in job["FailureReason"]


def test_the_label_in_the_last_column_is_said_and_not_trained_on(jobs, name):
    jobs.training(name, "".join(f"{(i * 37 % 100) / 50 - 1},{(i * 53 % 100) / 50 - 1},{i % 3}\n" for i in range(90)))
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"].startswith("ClientError")
    assert "first column" in job["FailureReason"] and "last" in job["FailureReason"], job["FailureReason"]
    assert "Contents" not in jobs.s3.list_objects_v2(Bucket=jobs.bucket, Prefix="models/")
