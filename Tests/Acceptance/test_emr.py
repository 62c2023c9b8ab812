"""Amazon EMR by boto3: clusters with steps that really run on this machine."""

import gzip
import json
import os
import shutil
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

    def __init__(self, yard, bucket, makes=True):
        self.yard, self.bucket = yard, bucket
        self.emr, self.s3 = yard.client("emr"), yard.client("s3")
        if makes:
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


def test_scripts_from_s3_and_bootstrap_actions_work_on_the_same_node(emr):
    setup = emr.put("setup.sh", "#!/bin/bash\necho ready-$1 > $HOME/state; cat /mnt/var/lib/info/instance.json\n")
    script = emr.put("work.sh", "#!/bin/bash\necho $(cat ~/state) $1; pwd\n")
    cluster = emr.cluster(
        step(script, "now", jar=SCRIPT_RUNNER),
        BootstrapActions=[{"Name": "set up", "ScriptBootstrapAction": {"Path": setup, "Args": ["here"]}}])
    found = emr.until(cluster, "WAITING")
    assert found["Timeline"]["ReadyDateTime"]
    first = emr.emr.list_steps(ClusterId=cluster)["Steps"][0]
    assert emr.log(cluster, first["Id"]).splitlines()[0] == "ready-here now"
    assert emr.emr.list_bootstrap_actions(ClusterId=cluster)["BootstrapActions"] == [
        {"Name": "set up", "ScriptPath": setup, "Args": ["here"]}]
    master = emr.emr.list_instances(ClusterId=cluster, InstanceGroupTypes=["MASTER"])["Instances"][0]
    key = f"logs/{cluster}/node/{master['Ec2InstanceId']}/bootstrap-actions/1/stdout.gz"
    node = json.loads(gzip.decompress(emr.s3.get_object(Bucket=emr.bucket, Key=key)["Body"].read()))
    assert node["isMaster"] and node["instanceGroupId"] == master["InstanceGroupId"]


def test_a_bootstrap_action_that_fails_ends_the_cluster(emr):
    bad = emr.put("bad.sh", "#!/bin/bash\nexit 3\n")
    cluster = emr.cluster(step("true"), BootstrapActions=[{"Name": "bad", "ScriptBootstrapAction": {"Path": bad}}])
    ended = emr.until(cluster, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    assert "bootstrap action 1 returned a non-zero return code" in ended["StateChangeReason"]["Message"]
    assert ended["ErrorDetails"][0]["ErrorCode"] == "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"
    assert emr.steps(cluster) == {"step": "CANCELLED"}
    missing = emr.cluster(BootstrapActions=[
        {"Name": "none", "ScriptBootstrapAction": {"Path": f"s3://{emr.bucket}/none.sh"}}])
    assert "none.sh" in emr.until(missing, "TERMINATED_WITH_ERRORS")["StateChangeReason"]["Message"]


def test_a_failed_step_does_what_its_action_says(emr):
    fail = ("bash", "-c", "echo 'ValueError: no data' >&2; exit 4")
    going_on = emr.cluster(step(*fail, name="a"), step("true", name="b"))
    state = emr.until(going_on, "WAITING")
    assert emr.steps(going_on) == {"a": "FAILED", "b": "COMPLETED"}
    assert state["StateChangeReason"]["Message"] == "Cluster ready after last step completed."
    failed = next(s for s in emr.emr.list_steps(ClusterId=going_on)["Steps"] if s["Name"] == "a")
    assert failed["Status"]["FailureDetails"] == {
        "Reason": "Unknown Error.", "Message": "ValueError: no data",
        "LogFile": f"s3://{emr.bucket}/logs/{going_on}/steps/{failed['Id']}/stderr.gz"}
    assert "WARN Step failed with exitCode 4" in emr.log(going_on, failed["Id"], "controller")

    waiting = emr.cluster(step(*fail, name="a", action="CANCEL_AND_WAIT"), step("true", name="b"))
    assert emr.until(waiting, "WAITING")["StateChangeReason"]["Message"] == "Cluster ready after last step failed."
    assert emr.steps(waiting) == {"a": "FAILED", "b": "CANCELLED"}

    ending = emr.cluster(step(*fail, name="a", action="TERMINATE_CLUSTER"), step("true", name="b"))
    ended = emr.until(ending, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"] == {"Code": "STEP_FAILURE", "Message": "Shut down as step failed"}
    assert emr.steps(ending) == {"a": "FAILED", "b": "CANCELLED"}

    held = emr.cluster(step(*fail, name="a", action="TERMINATE_CLUSTER"), Instances={"TerminationProtected": True})
    assert emr.until(held, "WAITING")


def test_a_cluster_without_keep_alive_ends_after_its_steps(emr):
    cluster = emr.cluster(step("true"), Instances={"KeepJobFlowAliveWhenNoSteps": False})
    emr.emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig=QUICK)
    assert emr.state(cluster)["StateChangeReason"] == {"Code": "ALL_STEPS_COMPLETED", "Message": "Steps completed"}
    described = emr.emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert described["AutoTerminate"] is True and described["ReleaseLabel"] == "emr-7.1.0"
    kept = emr.cluster(step("sleep", "1"), Instances={"KeepJobFlowAliveWhenNoSteps": True})
    emr.emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[kept], KeepJobFlowAliveWhenNoSteps=False)
    assert emr.until(kept, "TERMINATED")


def test_what_is_not_on_this_machine_fails_with_the_mend(emr):
    cluster = emr.cluster()
    [missing, script, jar, role] = emr.add(
        cluster, step("hadoop-streaming", "-input", "x"), step(f"s3://{emr.bucket}/none.sh", jar=SCRIPT_RUNNER),
        step(jar=f"s3://{emr.bucket}/none.jar"), step("true", name="last"))
    message = emr.ended(cluster, missing)["Status"]["FailureDetails"]["Message"]
    assert 'Cannot run program "hadoop-streaming"' in message and "install hadoop-streaming" in message
    assert "none.sh" in emr.ended(cluster, script)["Status"]["FailureDetails"]["Message"]
    assert "none.jar" in emr.ended(cluster, jar)["Status"]["FailureDetails"]["Message"]
    assert "none.jar" in emr.log(cluster, jar, "stderr")
    assert emr.ended(cluster, role)["Status"]["State"] == "COMPLETED"


def test_cancelling_ends_programs(emr):
    cluster = emr.cluster()
    polite = "trap 'echo asked; exit 1' TERM; echo up; while true; do sleep 0.05; done"
    stubborn = "trap '' TERM; while true; do sleep 0.05; done"
    [first, second, third] = emr.add(
        cluster, step("bash", "-c", polite), step("bash", "-c", stubborn), step("true", name="third"))
    wait_for(lambda: emr.step(cluster, first)["Status"]["State"] == "RUNNING")
    time.sleep(0.5)
    answer = emr.emr.cancel_steps(ClusterId=cluster, StepIds=[first, third])["CancelStepsInfoList"]
    assert [a["Status"] for a in answer] == ["SUBMITTED", "SUBMITTED"]
    assert emr.ended(cluster, first)["Status"]["State"] == "CANCELLED"
    assert "asked" in emr.log(cluster, first)
    assert emr.step(cluster, third)["Status"]["State"] == "CANCELLED"
    wait_for(lambda: emr.step(cluster, second)["Status"]["State"] == "RUNNING")
    emr.emr.cancel_steps(ClusterId=cluster, StepIds=[second], StepCancellationOption="TERMINATE_PROCESS")
    assert emr.ended(cluster, second)["Status"]["State"] == "CANCELLED"
    again = emr.emr.cancel_steps(ClusterId=cluster, StepIds=[second])["CancelStepsInfoList"][0]
    assert again["Status"] == "FAILED" and "CANCELLED" in again["Reason"]


def test_terminating_interrupts_what_runs_unless_protected(emr):
    cluster = emr.cluster(step("sleep", "600", name="a"), step("true", name="b"))
    wait_for(lambda: emr.steps(cluster)["a"] == "RUNNING")
    emr.emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=True)
    with pytest.raises(ClientError, match="since they are termination protected"):
        emr.emr.terminate_job_flows(JobFlowIds=[cluster])
    emr.emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=False)
    emr.emr.terminate_job_flows(JobFlowIds=[cluster])
    assert emr.until(cluster, "TERMINATED")
    assert emr.steps(cluster) == {"a": "INTERRUPTED", "b": "CANCELLED"}
    with pytest.raises(ClientError, match="shutting down, terminated, or finished may not be modified"):
        emr.add(cluster, step("true"))


def test_steps_side_by_side(emr):
    meet = f"touch $HOME/$0; for i in $(seq 600); do [ -e $HOME/$1 ] && exit 0; sleep 0.05; done; exit 1"
    cluster = emr.cluster()
    assert emr.emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=2)["StepConcurrencyLevel"] == 2
    ids = emr.add(cluster, step("bash", "-c", meet, "a", "b"), step("bash", "-c", meet, "b", "a"))
    assert [emr.ended(cluster, i)["Status"]["State"] for i in ids] == ["COMPLETED", "COMPLETED"]
    with pytest.raises(ClientError, match="ActionOnFailure TERMINATE_CLUSTER is not valid"):
        emr.add(cluster, step("true", action="TERMINATE_CLUSTER"))


def test_lists_tags_and_policies(emr):
    cluster = emr.cluster(Tags=[{"Key": "team", "Value": "ml"}])
    emr.until(cluster, "WAITING")
    emr.emr.add_tags(ResourceId=cluster, Tags=[{"Key": "a", "Value": "b"}])
    emr.emr.remove_tags(ResourceId=cluster, TagKeys=["team"])
    described = emr.emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert described["Tags"] == [{"Key": "a", "Value": "b"}]
    assert described["ClusterArn"].endswith(f":cluster/{cluster}")
    listed = emr.emr.list_clusters(ClusterStates=["WAITING"])["Clusters"]
    assert cluster in [c["Id"] for c in listed]
    groups = emr.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    assert [(g["InstanceGroupType"], g["RunningInstanceCount"]) for g in groups] == [("MASTER", 1), ("CORE", 2)]
    assert len(emr.emr.list_instances(ClusterId=cluster)["Instances"]) == 3
    emr.emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 3600})
    assert emr.emr.get_auto_termination_policy(ClusterId=cluster)["AutoTerminationPolicy"] == {"IdleTimeout": 3600}
    emr.emr.remove_auto_termination_policy(ClusterId=cluster)
    assert "AutoTerminationPolicy" not in emr.emr.get_auto_termination_policy(ClusterId=cluster)
    emr.add(cluster, *[step("true", name=f"s{i}", action="CANCEL_AND_WAIT") for i in range(60)])
    pages = list(emr.emr.get_paginator("list_steps").paginate(ClusterId=cluster))
    assert [len(p["Steps"]) for p in pages] == [50, 10] and pages[0]["Steps"][0]["Name"] == "s59"
    emr.emr.terminate_job_flows(JobFlowIds=[cluster])


@pytest.mark.parametrize("change, code, words", [
    ({"JobFlowRole": None}, "ValidationException", "InstanceProfile is required for creating cluster."),
    ({"ServiceRole": None}, "ValidationException", "ServiceRole is required for creating cluster."),
    ({"LogUri": "/var/log"}, "ValidationException", "LogUri '/var/log' is not valid"),
    ({"AmiVersion": "3.8.0"}, "ValidationException", "Only one AMI version and release label may be specified."),
    ({"ReleaseLabel": "emr-5.6.0", "CustomAmiId": "ami-1"}, "ValidationException", "Custom AMI is not allowed"),
    ({"StepConcurrencyLevel": 257}, "ValidationException", "between 1 and 256"),
    ({"Instances": {"InstanceGroups": [{"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1}]}},
     "ValidationException", "Zero master instance groups supplied"),
    ({"Tags": [{"Key": "", "Value": "x"}]}, "InvalidRequestException", "Invalid tag key"),
    ({"Steps": [step("true", action="EXPLODE")]}, "ValidationException", "failed to satisfy constraint"),
])
def test_clusters_that_cannot_be_made(yard, change, code, words):
    arguments = {k: v for k, v in dict(CLUSTER, **change).items() if v is not None}
    with pytest.raises(ClientError, match=words) as refused:
        yard.client("emr").run_job_flow(**arguments)
    assert refused.value.response["Error"]["Code"] == code


def test_what_is_not_there(yard):
    emr = yard.client("emr")
    for call, words in [(lambda: emr.describe_cluster(ClusterId="j-NONE"), "Cluster id 'j-NONE' is not valid."),
                        (lambda: emr.list_steps(ClusterId="j-NONE"), "Cluster id 'j-NONE' is not valid."),
                        (lambda: emr.cancel_steps(ClusterId="j-NONE", StepIds=["s-1"]), "Cluster id 'j-NONE' is not valid."),
                        (lambda: emr.add_job_flow_steps(JobFlowId="j-NONE", Steps=[step("true")]), "Specified job flow ID does not exist."),
                        (lambda: emr.terminate_job_flows(JobFlowIds=["j-NONE"]), "Specified job flow ID does not exist.")]:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Message"] == words
    cluster = emr.run_job_flow(**CLUSTER)["JobFlowId"]
    with pytest.raises(ClientError, match="Step id 's-NONE' is not valid."):
        emr.describe_step(ClusterId=cluster, StepId="s-NONE")
    with pytest.raises(ClientError, match="is not valid"):
        yard.client("emr", region="eu-west-1").describe_cluster(ClusterId=cluster)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_yard_that_ends_fails_the_step_and_keeps_the_cluster(own_yard, name, end):
    emr = Emr(own_yard, name)
    mark = f"mark-{name}"
    cluster = emr.cluster(step("bash", "-c", "echo kept > $HOME/file", name="before"))
    emr.until(cluster, "WAITING")
    [step_id, after] = emr.add(
        cluster, step("bash", "-c", f"echo begun; exec -a {mark} sleep 600", name="killed"), step("cat", "/home/hadoop/file", name="after"))
    wait_for(lambda: emr.step(cluster, step_id)["Status"]["State"] == "RUNNING" and processes(mark))
    getattr(own_yard, end)()
    own_yard.start()
    emr = Emr(own_yard, name, makes=False)
    failed = emr.ended(cluster, step_id)["Status"]
    assert failed["State"] == "FAILED"
    assert "The yard stopped while the step was running" in failed["FailureDetails"]["Message"]
    wait_for(lambda: not processes(mark))
    assert emr.ended(cluster, after)["Status"]["State"] == "COMPLETED"
    assert emr.log(cluster, after) == "kept\n" and emr.log(cluster, step_id) == "begun\n"
    assert emr.steps(cluster) == {"before": "COMPLETED", "killed": "FAILED", "after": "COMPLETED"}
    assert emr.state(cluster)["State"] == "WAITING"


def test_a_yard_killed_during_bootstrap_actions_ends_the_cluster(own_yard, name):
    emr, mark = Emr(own_yard, name), f"mark-{name}"
    script = emr.put("slow.sh", f"#!/bin/bash\nexec -a {mark} sleep 600\n")
    cluster = emr.cluster(step("true"), BootstrapActions=[{"Name": "slow", "ScriptBootstrapAction": {"Path": script}}])
    wait_for(lambda: processes(mark))
    assert emr.state(cluster)["State"] == "BOOTSTRAPPING"
    own_yard.restart()
    emr = Emr(own_yard, name, makes=False)
    assert emr.until(cluster, "TERMINATED_WITH_ERRORS")["StateChangeReason"]["Code"] == "INTERNAL_ERROR"
    assert emr.steps(cluster) == {"step": "CANCELLED"} and not processes(mark)


def processes(mark):
    """The processes with that word in their command line."""
    found = []
    for directory in os.listdir("/proc"):
        try:
            if directory.isdigit() and mark in open(f"/proc/{directory}/cmdline").read().split("\0")[0]:
                found.append(directory)
        except OSError:
            continue
    return found


def test_a_state_machine_makes_a_cluster_works_on_it_and_ends_it(emr, name):
    states = emr.yard.client("stepfunctions")
    resource = "arn:aws:states:::elasticmapreduce:"
    cluster = dict(CLUSTER, LogUri=f"s3://{emr.bucket}/logs/")
    machine = {"StartAt": "Create", "States": {
        "Create": {"Type": "Task", "Resource": resource + "createCluster.sync", "Parameters": cluster,
                   "ResultPath": "$.made", "Next": "Work"},
        "Work": {"Type": "Task", "Resource": resource + "addStep.sync", "ResultPath": "$.step", "Next": "Fail", "Parameters": {
            "ClusterId.$": "$.made.ClusterId", "Step": step("bash", "-c", "echo by states")}},
        "Fail": {"Type": "Task", "Resource": resource + "addStep.sync", "Parameters": {
            "ClusterId.$": "$.made.ClusterId", "Step": step("false")},
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failed", "Next": "End"}], "End": True},
        "End": {"Type": "Task", "Resource": resource + "terminateCluster.sync", "ResultPath": "$.ended", "End": True,
                "Parameters": {"ClusterId.$": "$.made.ClusterId"}}}}
    arn = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    ended = wait_for(lambda: e if (e := states.describe_execution(executionArn=execution))["status"] != "RUNNING" else None)
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    made = output["made"]
    assert made["Cluster"]["Status"]["State"] == "WAITING" and made["Cluster"]["Id"] == made["ClusterId"]
    assert output["step"]["Step"]["Status"]["State"] == "COMPLETED"
    assert emr.log(made["ClusterId"], output["step"]["StepId"]) == "by states\n"
    assert json.loads(output["failed"]["Cause"])["Step"]["Status"]["State"] == "FAILED"
    assert output["ended"]["Cluster"]["Status"]["State"] == "TERMINATED"
    lone = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": True, "Resource": resource + "addStep",
                                                   "Parameters": {"ClusterId": "j-NONE", "Step": step("true")}}}}
    arn = states.create_state_machine(name=name + "-b", definition=json.dumps(lone), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    ended = wait_for(lambda: e if (e := states.describe_execution(executionArn=execution))["status"] != "RUNNING" else None)
    assert ended["error"] == "EMR.AmazonElasticMapReduceException" and "Error Code: ValidationException" in ended["cause"]


@pytest.mark.skipif(not shutil.which("spark-submit") or not shutil.which("java"), reason="needs spark-submit and Java")
def test_a_spark_application_from_s3(emr):
    emr.put("code/words.py", "def count(spark):\n    return dict(spark.sparkContext.parallelize('a b a'.split()).countByValue())\n")
    job = emr.put("code/job.py", """
import sys
import words
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("count").getOrCreate()
print(sorted(words.count(spark).items()), sys.argv[1:], spark.sparkContext.master)
assert sys.argv[1] != "fail", "no luck"
""")
    spark = ("spark-submit", "--deploy-mode", "cluster", "--master", "yarn", "--conf", "spark.ui.enabled=false", "--py-files",
             f"s3://{emr.bucket}/code/words.py", job)
    cluster = emr.cluster()
    [works, fails] = emr.add(cluster, step(*spark, "s3://data/in"), step(*spark, "fail"))
    assert emr.ended(cluster, works, 120)["Status"]["State"] == "COMPLETED", emr.log(cluster, works, "stderr")
    assert "[('a', 2), ('b', 1)] ['s3://data/in'] local[*]" in emr.log(cluster, works)
    assert "--master yarn becomes local[*]" in emr.log(cluster, works, "controller")
    failed = emr.ended(cluster, fails, 120)["Status"]
    # Spark prints a Python program's error output as output.
    assert failed["State"] == "FAILED" and failed["FailureDetails"] == {
        "Reason": "Unknown Error.", "Message": "AssertionError: no luck",
        "LogFile": f"s3://{emr.bucket}/logs/{cluster}/steps/{fails}/stdout.gz"}
