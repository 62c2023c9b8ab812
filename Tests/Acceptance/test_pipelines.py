"""SageMaker Pipelines through boto3: steps that really run, a killed yard, and what a definition is refused for."""

import json
import secrets

import botocore.exceptions
import pytest

from conftest import ACCOUNT, ROLE, wait_for

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/steps:latest"


def definition(*steps, parameters=()):
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)})


def processing(name, script, bucket, **more):
    return {"Name": name, "Type": "Processing", **more, "Arguments": {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["/bin/sh", "-c", script]},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": {
            "S3Uri": f"s3://{bucket}/{name}", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}}]},
        "ProcessingResources": {"ClusterConfig": {
            "InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5}}}}


def start(sagemaker, name, **more):
    return sagemaker.start_pipeline_execution(PipelineName=name, **more)["PipelineExecutionArn"]


def end(sagemaker, execution):
    def look():
        description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return description["PipelineExecutionStatus"] not in ("Executing", "Stopping") and description
    return wait_for(look)


def steps(sagemaker, execution):
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in listed}


@pytest.fixture
def bucket(yard, name):
    yard.client("s3").create_bucket(Bucket=name)
    return name


def test_a_gate_on_a_property_file(yard, name, bucket):
    sagemaker = yard.client("sagemaker")
    evaluate = processing("Evaluate", "echo '{\"accuracy\": 0.8}' > /opt/ml/processing/out/report.json", bucket,
                          PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}])
    gate = {"Name": "Gate", "Type": "Condition", "Arguments": {
        "Conditions": [{"Type": "GreaterThanOrEqualTo", "RightValue": {"Get": "Parameters.Minimum"}, "LeftValue": {
            "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "accuracy"}}}],
        "IfSteps": [{"Name": "Create", "Type": "Model", "Arguments": {
            "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}}],
        "ElseSteps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": {
            "Std:Join": {"On": " ", "Values": ["below", {"Get": "Parameters.Minimum"}]}}}}]}}
    arn = sagemaker.create_pipeline(
        PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
        PipelineDefinition=definition(evaluate, gate, parameters=[
            {"Name": "Minimum", "Type": "Float", "DefaultValue": 0.5}]))["PipelineArn"]
    good = start(sagemaker, name)
    assert good.startswith(f"{arn}/execution/")
    assert end(sagemaker, good)["PipelineExecutionStatus"] == "Succeeded"
    done = steps(sagemaker, good)
    assert sorted(done) == ["Create", "Evaluate", "Gate"]
    assert done["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    model = done["Create"]["Metadata"]["Model"]["Arn"].split("/")[-1]
    assert sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["Image"] == IMAGE

    bad = start(sagemaker, name, PipelineParameters=[{"Name": "Minimum", "Value": "0.9"}])
    assert end(sagemaker, bad)["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps(sagemaker, bad)["Refuse"]["FailureReason"] == "below 0.9"
    log = yard.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Pipelines",
                                                logStreamNames=[f"{name}/{bad.split('/')[-1]}"])["events"]
    assert any("the conditions do not hold" in event["message"] for event in log)


def test_a_killed_yard_goes_on(own_yard, name):
    own_yard.client("s3").create_bucket(Bucket=name)
    ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": "https://queue", "Arguments": {}, "OutputParameters": [
        {"OutputName": "word", "OutputType": "String"}]}
    write = processing("Write", "echo done > /opt/ml/processing/out/file", name, DependsOn=["Ask"])
    write["Arguments"]["Environment"] = {"WORD": {"Get": "Steps.Ask.OutputParameters['word']"}}
    sagemaker = own_yard.client("sagemaker")
    sagemaker.create_pipeline(PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
                              PipelineDefinition=definition(ask, write))
    execution = start(sagemaker, name)
    token = wait_for(lambda: steps(sagemaker, execution).get("Ask", {}).get("Metadata"))["Callback"]["CallbackToken"]
    own_yard.restart()
    sagemaker = own_yard.client("sagemaker")
    assert steps(sagemaker, execution)["Ask"]["StepStatus"] == "Executing"
    sagemaker.send_pipeline_execution_step_success(CallbackToken=token,
                                                   OutputParameters=[{"Name": "word", "Value": "go"}])
    assert end(sagemaker, execution)["PipelineExecutionStatus"] == "Succeeded"
    job = steps(sagemaker, execution)["Write"]["Metadata"]["ProcessingJob"]["Arn"].split("/")[-1]
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["Environment"] == {"WORD": "go"}


def test_a_job_killed_with_the_yard_fails_its_step_and_can_be_retried(own_yard, name):
    own_yard.client("s3").create_bucket(Bucket=name)
    sagemaker = own_yard.client("sagemaker")
    sagemaker.create_pipeline(
        PipelineName=name, RoleArn=ROLE, ClientRequestToken=secrets.token_hex(16),
        PipelineDefinition=definition(processing("Work", "echo started; sleep 2", name)))
    execution = start(sagemaker, name)
    wait_for(lambda: any("started" in event["message"] for event in own_yard.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs")["events"]) if own_yard.client("logs").describe_log_groups(
        logGroupNamePrefix="/aws/sagemaker/ProcessingJobs")["logGroups"] else False)
    own_yard.restart()
    sagemaker = own_yard.client("sagemaker")
    ended = end(sagemaker, execution)
    assert ended["PipelineExecutionStatus"] == "Failed"
    assert "yard stopped" in steps(sagemaker, execution)["Work"]["FailureReason"]
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=secrets.token_hex(16))
    assert end(sagemaker, execution)["PipelineExecutionStatus"] == "Succeeded"
    assert steps(sagemaker, execution)["Work"]["AttemptCount"] == 2


@pytest.mark.parametrize("step, said", [
    ({"Name": "A", "Type": "Trainin", "Arguments": {}}, "did you mean [Training]? at /Steps/0/Type"),
    ({"Name": "A", "Type": "Training", "Arguments": {"Image": "x"}}, "Unknown Argument member 'Image'"),
    ({"Name": "A", "Type": "Training", "Arguments": {}, "DependsOn": ["B"]}, "There is no step [B]"),
    ({"Name": "A", "Type": "Training", "Arguments": {}, "DependsOn": ["A"]}, "cycle: A -> A"),
])
def test_a_bad_definition_is_refused_with_the_place(yard, name, step, said):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        yard.client("sagemaker").create_pipeline(PipelineName=name, RoleArn=ROLE, PipelineDefinition=definition(step),
                                                 ClientRequestToken=secrets.token_hex(16))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("Unable to parse pipeline definition.") and said in message
