"""EMR steps of SageMaker Pipelines: written with the Python SDK, and as definitions."""

import secrets

import pytest
from botocore.exceptions import ClientError
from conftest import ROLE, wait_for
from test_emr import CLUSTER, Emr, processes
from test_pipeline_steps import end
from test_pipelines import definition, end as ended, start, steps
from test_sagemaker_sdk import session  # noqa: F401 (a fixture)

from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import CacheConfig

MADE = {
    "ReleaseLabel": "emr-7.1.0", "JobFlowRole": "EMR_EC2_DefaultRole", "ServiceRole": "EMR_DefaultRole",
    "Instances": {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]}}


@pytest.fixture
def emr(yard, name):
    return Emr(yard, name + "-emr")


def emr_step(name, words, cluster=None, config=None, **more):
    return EMRStep(name=name, display_name=name, description="on EMR", cluster_id=cluster, cluster_config=config,
                   step_config=EMRStepConfig(jar="command-runner.jar", args=words), **more)


def run(name, session, *all_steps, parameters=(), **values):  # noqa: F811
    pipeline = Pipeline(name, steps=list(all_steps), parameters=list(parameters), sagemaker_session=session)
    pipeline.upsert(ROLE)
    return pipeline.start(parameters=values)


def test_a_step_on_a_cluster_that_is_there(emr, session, name):  # noqa: F811
    cluster = emr.cluster()
    word = ParameterString("Word", "none")
    first = emr_step("First", ["bash", "-c", "echo $0 > $HOME/word", word], cluster)
    second = emr_step("Second", ["bash", "-c", "echo $0 $(cat $HOME/word)", first.properties.Status.State],
                      cluster, cache_config=CacheConfig(True, "P1D"))
    status, found = end(run(name, session, first, second, parameters=[word], Word="seven"))
    assert status == "Succeeded", found
    metadata = found["Second"]["Metadata"]["EMR"]
    assert metadata["ClusterId"] == cluster
    assert emr.log(cluster, metadata["StepId"]) == "COMPLETED seven\n"
    step = emr.step(cluster, metadata["StepId"])
    assert step["Name"] == metadata["StepName"] and step["ActionOnFailure"] == "CONTINUE"
    assert emr.state(cluster)["State"] == "WAITING"
    before = len(emr.steps(cluster))
    status, again = end(run(name, session, first, second, parameters=[word], Word="eight"))
    assert status == "Succeeded" and "CacheHitResult" in again["Second"]
    assert again["Second"]["Metadata"]["EMR"] == metadata and len(emr.steps(cluster)) == before + 1


def test_a_step_on_a_cluster_of_its_own(emr, session, name):  # noqa: F811
    config = dict(MADE, LogUri=f"s3://{emr.bucket}/logs", Tags=[{"Key": "team", "Value": "ml"}])
    status, found = end(run(name, session, emr_step("Work", ["bash", "-c", "echo done"], config=config)))
    assert status == "Succeeded", found
    metadata = found["Work"]["Metadata"]["EMR"]
    cluster = metadata["ClusterId"]
    assert emr.log(cluster, metadata["StepId"]) == "done\n"
    state = emr.until(cluster, "TERMINATED")
    assert state["StateChangeReason"]["Code"] in ("ALL_STEPS_COMPLETED", "USER_REQUEST")
    described = emr.emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert described["Name"] == metadata["StepName"] and described["Tags"] == config["Tags"]


def test_a_step_that_fails_says_why(emr, session, name):  # noqa: F811
    cluster = emr.cluster()
    words = ["python3", "-c", "raise ValueError('no such column')"]
    status, found = end(run(name, session, emr_step("Work", words, cluster)))
    assert status == "Failed" and "ValueError: no such column" in found["Work"]["FailureReason"]
    assert found["Work"]["Metadata"]["EMR"]["LogFilePath"].endswith("/stderr.gz")
    assert emr.state(cluster)["State"] == "WAITING"
    status, found = end(run(name + "-b", session, emr_step("Work", words, config=MADE)))
    assert status == "Failed" and "ValueError: no such column" in found["Work"]["FailureReason"]
    assert emr.until(found["Work"]["Metadata"]["EMR"]["ClusterId"], "TERMINATED_WITH_ERRORS")
    status, found = end(run(name + "-c", session, emr_step("Work", words, "j-NONE")))
    assert status == "Failed" and "Specified job flow ID does not exist" in found["Work"]["FailureReason"]


@pytest.mark.parametrize("own", [False, True])
def test_stopping_an_execution_cancels_the_step(emr, session, name, own):  # noqa: F811
    cluster = None if own else emr.cluster()
    execution = run(name, session, emr_step("Work", ["sleep", "600"], cluster, MADE if own else None))
    metadata = wait_for(lambda: next((s["Metadata"]["EMR"] for s in execution.list_steps() if s.get("Metadata")), None))
    wait_for(lambda: emr.step(metadata["ClusterId"], metadata["StepId"])["Status"]["State"] == "RUNNING")
    execution.stop()
    status, found = end(execution)
    assert status == "Stopped" and found["Work"]["StepStatus"] == "Stopped"
    assert emr.step(metadata["ClusterId"], metadata["StepId"])["Status"]["State"] == "CANCELLED"
    assert emr.until(metadata["ClusterId"], "TERMINATED" if own else "WAITING")


def emr_definition(words, **arguments):
    jar = {"HadoopJarStep": {"Jar": "command-runner.jar", "Args": words}}
    return {"Name": "Work", "Type": "EMR", "Arguments": dict({"StepConfig": jar}, **arguments)}


def test_a_yard_killed_during_the_step(own_yard, name):
    emr = Emr(own_yard, name)
    cluster, mark = emr.cluster(), f"mark-{name}"
    client = own_yard.client("sagemaker")
    words = ["bash", "-c", f"[ -e $HOME/again ] && exit 0; touch $HOME/again; exec -a {mark} sleep 600"]
    client.create_pipeline(PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
                           PipelineDefinition=definition(emr_definition(words, ClusterId=cluster)))
    execution = start(client, name)
    wait_for(lambda: processes(mark))
    own_yard.restart()
    client = own_yard.client("sagemaker")
    assert ended(client, execution)["PipelineExecutionStatus"] == "Failed"
    assert "The yard stopped while the step was running" in steps(client, execution)["Work"]["FailureReason"]
    assert not processes(mark)
    client.retry_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=secrets.token_hex(16))
    assert ended(client, execution)["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize("arguments, said", [
    ({}, "needs either ClusterId or ClusterConfig at /Steps/0/Arguments"),
    ({"ClusterId": "j-1", "ClusterConfig": MADE}, "needs either ClusterId or ClusterConfig"),
    ({"ClusterId": "j-1", "Cluster": 1}, "Unknown Argument member 'Cluster'"),
    ({"ClusterConfig": dict(MADE, Name="x")}, "ClusterConfig must not have Name"),
    ({"ClusterConfig": dict(MADE, ReleaseLable="x")}, "'ReleaseLable', did you mean [ReleaseLabel]? at /Steps/0/Arguments/ClusterConfig"),
    ({"ClusterConfig": dict(MADE, Instances={"KeepJobFlowAliveWhenNoSteps": True})}, "must not have KeepJobFlowAliveWhenNoSteps"),
    ({"ClusterId": "j-1", "StepConfig": {"HadoopJarStep": {"Jarr": "x"}}}, "Unknown Argument member 'Jarr'"),
    ({"ClusterConfig": MADE, "ExecutionRoleArn": ROLE}, "ExecutionRoleArn goes with ClusterId only"),
])
def test_bad_definitions_are_refused_with_the_place(yard, name, arguments, said):
    with pytest.raises(ClientError) as refused:
        yard.client("sagemaker").create_pipeline(
            PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
            PipelineDefinition=definition(emr_definition(["true"], **arguments)))
    assert said in refused.value.response["Error"]["Message"]
