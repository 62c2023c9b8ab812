"""Amazon EMR by boto3: clusters with steps that really run on this machine."""

import gzip
import json
import os
import time

import pytest
from botocore.exceptions import ClientError
from conftest import ROLE, wait_for

CLUSTER = {
    "Name": "nightly", "ReleaseLabel": "emr-7.1.0", "JobFlowRole": "EMR_EC2_DefaultRole", "ServiceRole": "EMR_DefaultRole",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [
        {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
        {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 2}]}}
SCRIPT_RUNNER = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"
QUICK = {"Delay": 0.05, "MaxAttempts": 1200}


def step(*words, name="step", action="CONTINUE", jar="command-runner.jar", **more):
    return {"Name": name, "ActionOnFailure": action, "HadoopJarStep": {"Jar": jar, "Args": list(words), **more}}


class Emr:
    """What the tests ask of EMR, in a bucket of their own."""

    def __init__(self, yard, bucket):
        self.yard, self.bucket = yard, bucket
        self.emr, self.s3 = yard.client("emr"), yard.client("s3")
        self.s3.create_bucket(Bucket=bucket)

    def cluster(self, *steps, **more):
        arguments = dict(CLUSTER, LogUri=f"s3://{self.bucket}/logs/", Steps=list(steps))
        arguments["Instances"] = dict(CLUSTER["Instances"], **more.pop("Instances", {}))
        return self.emr.run_job_flow(**dict(arguments, **more))["JobFlowId"]

    def add(self, cluster, *steps, **more):
        return self.emr.add_job_flow_steps(JobFlowId=cluster, Steps=list(steps), **more)["StepIds"]

    def state(self, cluster):
        return self.emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]

    def step(self, cluster, step):
        return self.emr.describe_step(ClusterId=cluster, StepId=step)["Step"]

    def steps(self, cluster):
        return {s["Name"]: s["Status"]["State"] for s in self.emr.list_steps(ClusterId=cluster)["Steps"]}

    def ended(self, cluster, step, seconds=60):
        def look():
            found = self.step(cluster, step)
            return found if found["Status"]["State"] not in ("PENDING", "RUNNING", "CANCEL_PENDING") else None
        return wait_for(look, seconds)

    def until(self, cluster, *states, seconds=60):
        return wait_for(lambda: s if (s := self.state(cluster))["State"] in states else None, seconds)

    def put(self, key, text):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"s3://{self.bucket}/{key}"

    def text(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def log(self, cluster, step, file="stdout"):
        body = self.s3.get_object(Bucket=self.bucket, Key=f"logs/{cluster}/steps/{step}/{file}.gz")["Body"].read()
        return gzip.decompress(body).decode()


@pytest.fixture
def emr(yard, name):
    return Emr(yard, name)


def test_steps_run_commands_with_the_roles_credentials(emr):
    emr.put("in.txt", "seven")
    cluster = emr.cluster()
    python = ("import boto3, os; s3 = boto3.client('s3'); b = os.environ['BUCKET_NAME'] if 0 else "
              f"'{emr.bucket}'; s3.put_object(Bucket=b, Key='out.txt', Body=s3.get_object(Bucket=b, Key='in.txt')['Body'].read().upper());"
              "print(boto3.client('sts').get_caller_identity()['Arn'])")
    ids = emr.add(
        cluster, step("bash", "-c", "echo $EMR_STEP_ID; pwd; echo $HOME; echo trouble >&2", name="bash"),
        step("python3", "-c", python, name="python"),
        step("aws", "s3", "cp", f"s3://{emr.bucket}/out.txt", f"s3://{emr.bucket}/copied.txt", name="aws"))
    emr.emr.get_waiter("step_complete").wait(ClusterId=cluster, StepId=ids[2], WaiterConfig=QUICK)
    assert emr.steps(cluster) == {"bash": "COMPLETED", "python": "COMPLETED", "aws": "COMPLETED"}
    assert emr.text("copied.txt") == "SEVEN"
    assert emr.log(cluster, ids[0]).split() == [ids[0], f"/mnt/var/lib/hadoop/steps/{ids[0]}", "/home/hadoop"]
    assert emr.log(cluster, ids[0], "stderr") == "trouble\n"
    assert f"assumed-role/EMR_EC2_DefaultRole/{cluster}" in emr.log(cluster, ids[1])
    controller = emr.log(cluster, ids[0], "controller")
    assert "INFO startExec 'bash -c " in controller and "Step succeeded with exitCode 0" in controller
    found = emr.step(cluster, ids[0])
    assert found["Config"] == {"Jar": "command-runner.jar", "Properties": {}, "Args": [
        "bash", "-c", "echo $EMR_STEP_ID; pwd; echo $HOME; echo trouble >&2"]}
    timeline = found["Status"]["Timeline"]
    assert timeline["CreationDateTime"] <= timeline["StartDateTime"] <= timeline["EndDateTime"]
    assert "FailureDetails" not in found["Status"]
    waiting = emr.state(cluster)
    assert waiting["State"] == "WAITING"
    assert waiting["StateChangeReason"] == {"Message": "Cluster ready after last step completed."}
    emr.emr.terminate_job_flows(JobFlowIds=[cluster])
    emr.emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig=QUICK)
    ended = emr.state(cluster)
    assert ended["StateChangeReason"] == {"Code": "USER_REQUEST", "Message": "Terminated by user request"}
    assert ended["Timeline"]["EndDateTime"] >= ended["Timeline"]["ReadyDateTime"]
