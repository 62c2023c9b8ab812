"""What was acknowledged survives kill -9: objects, executions, jobs."""

import hashlib
import json
import os
import random
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from conftest import ROLE, wait_for
from functions import python
from kills import under_kills
from test_jobs import Jobs, rows

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "P"}, "P": {"Type": "Pass", "Result": "woke", "End": True}}}


def test_every_acknowledged_object_survives_being_killed_under_load(own_yard):
    own_yard.client("s3").create_bucket(Bucket="load")

    def begin(s3, round, lane, number):
        key, body = f"{round}/{lane}/{number}", os.urandom(random.choice([10, 1000, 200_000]))
        s3.put_object(Bucket="load", Key=key, Body=body)
        return key, hashlib.sha256(body).digest()

    acknowledged = under_kills(own_yard, "s3", begin, rounds=4, lanes=4, alive=(0.2, 0.8), pause=0)
    assert acknowledged
    s3 = own_yard.client("s3")
    for key, digest in acknowledged:
        assert hashlib.sha256(s3.get_object(Bucket="load", Key=key)["Body"].read()).digest() == digest, key


def test_executions_go_on_where_they_were(own_yard):
    function = own_yard.client("lambda").create_function(
        FunctionName="slow", Runtime="python3.12", Role=ROLE, Handler="main.handler",
        Code={"ZipFile": python("time.sleep(0.5)\nreturn event")}, Timeout=30)["FunctionArn"]
    states = own_yard.client("stepfunctions")
    wait = states.create_state_machine(name="wait", definition=json.dumps(WAIT), roleArn=ROLE)["stateMachineArn"]
    call = states.create_state_machine(name="call", roleArn=ROLE, definition=json.dumps(
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": function, "End": True}}}))["stateMachineArn"]
    started = [states.start_execution(stateMachineArn=arn, input="{}")["executionArn"] for arn in [wait, call] * 5]
    own_yard.restart()
    states = own_yard.client("stepfunctions")
    for arn in started:
        done = wait_for(lambda: (d := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and d)
        assert done["status"] == "SUCCEEDED", done
        events = states.get_execution_history(executionArn=arn)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert sum(event["type"] == "ExecutionStarted" for event in events) == 1
        assert sum(event["type"] == "ExecutionSucceeded" for event in events) == 1

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
PAUSE = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}


def kinds(states, activity):
    """Machines that wait in every way there is, each with an output that is its input."""
    def task(**fields):
        return {"StartAt": "T", "States": {"T": {"Type": "Task", "End": True, **fields}}}

    def mapping(**processor):
        return {"StartAt": "M", "States": {"M": {"Type": "Map", "End": True, "ItemProcessor": {**PAUSE, **processor}}}}

    def create(name, definition):
        return states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]

    pause = create("pause", PAUSE)
    return [
        pause,
        create("inline", mapping()),
        create("distributed", mapping(ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"})),
        create("parallel", {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [PAUSE, PASS], "OutputPath": "$[0]"}}}),
        create("nested", task(Resource="arn:aws:states:::states:startExecution.sync:2", OutputPath="$.Output",
                              Parameters={"StateMachineArn": pause, "Input.$": "$"})),
        # A worker whose poll is lost has taken the task all the same; its limit gives the task out again.
        create("callback", task(Resource=activity, TimeoutSeconds=3, Retry=[
            {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 100}])),
    ]


def test_executions_of_every_kind_survive_being_killed_under_load(own_yard):
    states = own_yard.client("stepfunctions")
    activity = states.create_activity(name="work")["activityArn"]
    machines = kinds(states, activity)
    stop = threading.Event()

    def patiently(call):
        """Calls until the yard answers: a client's retries over a restart."""
        while not stop.is_set():
            try:
                return call(own_yard.client("stepfunctions"))
            except ClientError as error:
                if error.response["Error"]["Code"] in ("TaskTimedOut", "TaskDoesNotExist"):
                    return None
            except BotoCoreError:
                stop.wait(0.05)

    def work():
        while not stop.is_set():
            task = patiently(lambda client: client.get_activity_task(activityArn=activity)) or {}
            if task.get("taskToken"):
                patiently(lambda client: client.send_task_success(taskToken=task["taskToken"], output=task["input"]))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()

    def begin(client, round, lane, number):
        value = [round, lane, number]
        machine = machines[number % len(machines)]
        return client.start_execution(stateMachineArn=machine, input=json.dumps(value))["executionArn"], value

    started = under_kills(own_yard, "stepfunctions", begin, rounds=4, lanes=3, alive=(0.3, 1.2), pause=0.02)
    states = own_yard.client("stepfunctions")
    assert len(started) > 20
    for arn, value in started:
        done = wait_for(lambda: (d := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and d, 120)
        assert done["status"] == "SUCCEEDED", (done["executionArn"], done.get("error"), done.get("cause"))
        assert json.loads(done["output"]) == value, done["executionArn"]
        events = states.get_execution_history(executionArn=arn)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert sum(event["type"].startswith("Execution") for event in events) == 2, events
    stop.set()
    own_yard.stop()
    worker.join(5)


def test_jobs_end_and_no_half_model_is_seen(own_yard):
    jobs = Jobs(own_yard, "jobs")
    jobs.processing("long", "import time\nprint('up', flush=True)\ntime.sleep(600)")
    jobs.training("quick", rows(3000))
    own_yard.restart()
    jobs = Jobs.__new__(Jobs)
    jobs.yard, jobs.bucket, jobs.client, jobs.s3 = own_yard, "jobs", own_yard.client("sagemaker"), own_yard.client("s3")
    training = jobs.trained("quick")
    if training["TrainingJobStatus"] == "Completed":
        assert jobs.s3.head_object(Bucket="jobs", Key="models/quick/output/model.tar.gz")["ContentLength"] > 0
    else:
        assert training["FailureReason"] and "Contents" not in jobs.s3.list_objects_v2(Bucket="jobs", Prefix="models/")
    described = jobs.client.describe_processing_job(ProcessingJobName="long")
    if described["ProcessingJobStatus"] == "InProgress":  # nothing was visible yet: it was started again
        jobs.client.stop_processing_job(ProcessingJobName="long")
        described = jobs.processed("long")
    assert described["ProcessingJobStatus"] in ("Failed", "Stopped")


def test_a_state_machine_finds_its_job_again(own_yard):
    jobs = Jobs(own_yard, "again")
    jobs.put("train.csv", rows(3000))
    states = own_yard.client("stepfunctions")
    machine = states.create_state_machine(name="sync", roleArn=ROLE, definition=json.dumps({"StartAt": "T", "States": {"T": {
        "Type": "Task", "End": True, "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            "TrainingJobName.$": "$$.Execution.Name", "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1", "TrainingInputMode": "File"},
            "HyperParameters": {"predictor_type": "multiclass_classifier", "num_classes": "3", "mini_batch_size": "30", "epochs": "15"},
            "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://again/train.csv", "S3DataDistributionType": "FullyReplicated"}}}],
            "OutputDataConfig": {"S3OutputPath": "s3://again/models/"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600}}}}}))["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, name="run-1")["executionArn"]
    own_yard.restart()
    states = own_yard.client("stepfunctions")
    done = wait_for(lambda: (d := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)
    jobs = own_yard.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in jobs] == ["run-1"]
    assert (done["status"] == "SUCCEEDED") == (jobs[0]["TrainingJobStatus"] == "Completed"), done


def test_a_full_disk_refuses_and_loses_nothing(tmp_path):
    import shutil
    import subprocess

    from conftest import Yard
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yard = Yard(disk)
        s3 = yard.client("s3")
        s3.create_bucket(Bucket="full")
        s3.put_object(Bucket="full", Key="first", Body=b"kept")
        with pytest.raises(Exception) as error:
            for number in range(10):
                s3.put_object(Bucket="full", Key=f"big{number}", Body=b"x" * (5 << 20))
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503, 507)
        assert s3.get_object(Bucket="full", Key="first")["Body"].read() == b"kept"
        stored = s3.list_objects_v2(Bucket="full")["Contents"]
        for item in stored:
            assert len(s3.get_object(Bucket="full", Key=item["Key"])["Body"].read()) == item["Size"]
        yard.stop()
    finally:
        subprocess.run(["umount", "-l", str(disk)])  # the log is still open here
