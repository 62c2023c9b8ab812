"""Amazon EMR Serverless by boto3 and as a pipeline step. A machine need not have Spark for it: a program of that name runs Python
files, so that what is handed to it can be seen. test_emr.py has Spark itself, where it is installed."""

import gzip
import os
import secrets
import shutil

import pytest
from botocore.exceptions import ClientError
from conftest import ROLE, Yard, wait_for
from test_emr import processes
from test_pipelines import definition, end, start, steps

SPARK = """#!/bin/bash
echo "spark-submit $*" >&2
while [[ $1 == --* ]]; do shift 2; done
exec python3 "$@"
"""


@pytest.fixture(scope="module")
def spark_yard(tmp_path_factory):
    """A yard on whose path there is a spark-submit."""
    directory = tmp_path_factory.mktemp("spark")
    program = directory / "bin/spark-submit"
    program.parent.mkdir()
    program.write_text(SPARK)
    program.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{program.parent}:{before}"
    try:
        yard = Yard(directory / "yard")
        yield yard
        assert yard.stop() == 0
    finally:
        os.environ["PATH"] = before


class Serverless:
    def __init__(self, yard, bucket, makes=True):
        self.client, self.s3, self.bucket = yard.client("emr-serverless"), yard.client("s3"), bucket
        if makes:
            self.s3.create_bucket(Bucket=bucket)

    def application(self, **more):
        return self.client.create_application(name="spark", type="SPARK", releaseLabel="emr-7.1.0", **more)["applicationId"]

    def put(self, key, text):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"s3://{self.bucket}/{key}"

    def job(self, script, *arguments, **driver):
        return {"executionRoleArn": ROLE, "jobDriver": {"sparkSubmit": {
            "entryPoint": self.put("job.py", script), "entryPointArguments": list(arguments), **driver}},
            "configurationOverrides": {"monitoringConfiguration": {"s3MonitoringConfiguration": {
                "logUri": f"s3://{self.bucket}/logs"}}}}

    def run(self, application, **job):
        return self.client.start_job_run(applicationId=application, **job)["jobRunId"]

    def get(self, application, job):
        return self.client.get_job_run(applicationId=application, jobRunId=job)["jobRun"]

    def ended(self, application, job):
        return wait_for(lambda: r if (r := self.get(application, job))["state"] in ("SUCCESS", "FAILED", "CANCELLED") else None)

    def log(self, application, job, file="stdout"):
        key = f"logs/applications/{application}/jobs/{job}/SPARK_DRIVER/{file}.gz"
        return gzip.decompress(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()).decode()


@pytest.fixture
def serverless(spark_yard, name):
    return Serverless(spark_yard, name)


def test_a_machine_without_spark_says_what_to_install(yard, name):
    if shutil.which("spark-submit"):
        pytest.skip("this machine has Spark")
    serverless = Serverless(yard, name)
    application = serverless.application()
    failed = serverless.ended(application, serverless.run(application, **serverless.job("pass")))
    assert failed["state"] == "FAILED" and 'Cannot run program "spark-submit"' in failed["stateDetails"]


def test_a_job_runs_with_its_role(serverless):
    application = serverless.application(runtimeConfiguration=[{"classification": "spark-defaults", "properties": {"spark.a": "1"}}])
    assert serverless.client.get_application(applicationId=application)["application"]["state"] == "CREATED"
    script = "import boto3, sys; print(sys.argv[1:], boto3.client('sts').get_caller_identity()['Arn'])"
    job = serverless.run(application, name="count", tags={"a": "b"}, **serverless.job(
        script, "s3://in/x", sparkSubmitParameters='--conf spark.b=2 --conf "spark.c=3 4"'))
    ended = serverless.ended(application, job)
    assert ended["state"] == "SUCCESS" and ended["name"] == "count" and ended["releaseLabel"] == "emr-7.1.0"
    assert ended["executionRole"] == ROLE and ended["tags"] == {"a": "b"} and ended["endedAt"] >= ended["startedAt"]
    printed = serverless.log(application, job)
    assert printed.startswith("['s3://in/x'] arn:aws:sts::") and f"assumed-role/{ROLE.split('/')[-1]}/{job}" in printed
    command = serverless.log(application, job, "stderr")
    assert "--conf spark.a=1 --conf spark.b=2 --conf spark.c=3 4 /home/hadoop/job/job.py s3://in/x" in command
    assert serverless.client.get_application(applicationId=application)["application"]["state"] == "STARTED"
    listed = serverless.client.list_job_runs(applicationId=application)["jobRuns"]
    assert [r["id"] for r in listed] == [job]


def test_failing_cancelling_and_running_out_of_time(serverless):
    application = serverless.application()
    failed = serverless.ended(application, serverless.run(application, **serverless.job("raise KeyError('no column')")))
    assert failed["state"] == "FAILED"
    assert "ExitCode: 1. Last few exceptions: KeyError: 'no column'" in failed["stateDetails"]
    slow = serverless.job("import time; time.sleep(600)")
    job = serverless.run(application, **slow)
    wait_for(lambda: serverless.get(application, job)["state"] == "RUNNING")
    serverless.client.cancel_job_run(applicationId=application, jobRunId=job)
    assert serverless.ended(application, job)["state"] == "CANCELLED"
    missing = serverless.job("")
    missing["jobDriver"]["sparkSubmit"]["entryPoint"] = f"s3://{serverless.bucket}/none.py"
    assert "none.py" in serverless.ended(application, serverless.run(application, **missing))["stateDetails"]


def test_applications_and_bad_input(serverless):
    client = serverless.client
    token = secrets.token_hex(8)
    application = serverless.application(clientToken=token, tags={"a": "b"}, autoStartConfiguration={"enabled": False})
    assert serverless.application(clientToken=token) == application
    arn = client.get_application(applicationId=application)["application"]["arn"]
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}
    with pytest.raises(ClientError, match="does not start by itself"):
        serverless.run(application, **serverless.job("pass"))
    client.start_application(applicationId=application)
    with pytest.raises(ClientError, match="to be deleted"):
        client.delete_application(applicationId=application)
    client.stop_application(applicationId=application)
    client.update_application(applicationId=application, maximumCapacity={"cpu": "4vCPU", "memory": "16GB"})
    assert client.get_application(applicationId=application)["application"]["maximumCapacity"]["cpu"] == "4vCPU"
    client.delete_application(applicationId=application)
    assert application in [a["id"] for a in client.list_applications(states=["TERMINATED"])["applications"]]
    for call in (lambda: client.get_application(applicationId="00none"), lambda: client.get_job_run(applicationId=application, jobRunId="00none")):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def serverless_step(serverless, script, **arguments):
    job = serverless.job(script, {"Std:Join": {"On": "-", "Values": ["by", {"Get": "Execution.PipelineName"}]}})
    return {"Name": "Work", "Type": "EMRServerless", "Arguments": dict({"ExecutionRoleArn": ROLE, "JobConfig": job}, **arguments)}


def run(yard, name, *all_steps):
    sagemaker = yard.client("sagemaker")
    sagemaker.create_pipeline(PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
                              PipelineDefinition=definition(*all_steps))
    execution = start(sagemaker, name)
    return end(sagemaker, execution)["PipelineExecutionStatus"], steps(sagemaker, execution)


def test_a_pipeline_step(spark_yard, serverless, name):
    application = serverless.application()
    status, found = run(spark_yard, name, serverless_step(
        serverless, "import sys; print(sys.argv[1])", ApplicationId=application))
    assert status == "Succeeded", found
    [job] = serverless.client.list_job_runs(applicationId=application)["jobRuns"]
    assert serverless.log(application, job["id"]) == f"by-{name}\n"
    metadata = found["Work"]["Metadata"]["EMRServerless"]
    assert metadata["ApplicationId"] == application and metadata["JobRunId"] == job["id"] and metadata["JobRunName"] == job["name"]
    assert metadata["LogFilePath"] == f"s3://{serverless.bucket}/logs/applications/{application}/jobs/{job['id']}/SPARK_DRIVER/stderr.gz"
    made = {"type": "SPARK", "releaseLabel": "emr-7.1.0"}
    status, found = run(spark_yard, name + "-b", serverless_step(serverless, "raise ValueError('x')", ApplicationConfig=made))
    assert status == "Failed" and "ValueError: x" in found["Work"]["FailureReason"]
    ended = serverless.client.list_applications(states=["TERMINATED"])["applications"]
    assert any(a["name"].startswith("pipelines-") for a in ended)


@pytest.mark.parametrize("arguments, said", [
    ({}, "needs either ApplicationId or ApplicationConfig at /Steps/0/Arguments"),
    ({"ApplicationId": "x", "ApplicationConfig": {}}, "needs either ApplicationId or ApplicationConfig"),
    ({"ApplicationConfig": {"typ": "SPARK"}}, "Unknown Argument member 'typ', did you mean [type]? at /Steps/0/Arguments/ApplicationConfig"),
    ({"ApplicationId": "x", "JobConfig": {"jobDrivr": {}}}, "Unknown Argument member 'jobDrivr'"),
])
def test_bad_definitions_are_refused_with_the_place(spark_yard, serverless, name, arguments, said):
    with pytest.raises(ClientError) as refused:
        run(spark_yard, name, serverless_step(serverless, "", **arguments))
    assert said in refused.value.response["Error"]["Message"]


def test_a_killed_yard_fails_what_ran(spark_yard, name):
    serverless = Serverless(spark_yard, name)
    application, mark = serverless.application(), f"mark-{name}"
    job = serverless.run(application, **serverless.job(
        f"import os; print('begun', flush=True); os.execvp('bash', ['bash', '-c', 'exec -a {mark} sleep 600'])"))
    wait_for(lambda: processes(mark))
    spark_yard.restart()
    again = Serverless(spark_yard, name, makes=False)
    ended = again.ended(application, job)
    assert ended["state"] == "FAILED" and "The yard stopped" in ended["stateDetails"]
    assert not processes(mark) and again.log(application, job) == "begun\n"
