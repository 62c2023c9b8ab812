"""Stacks, as the aws CLI deploys them: made, changed, rolled back, deleted."""

import json
import shutil
import time

import pytest
from botocore.exceptions import ClientError

from conftest import ROOT, wait_for


def template(**resources):
    return json.dumps({"Resources": resources, "Outputs": {"Names": {"Value": {"Fn::Join": [",", [{"Ref": r} for r in resources]]}}}})


def log_group(name, **more):
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}, **more}


@pytest.mark.parametrize("example", ["iris", "iris-swift"])
def test_an_example_deploys_with_the_aws_cli(yard, name, tmp_path, example):
    project = tmp_path / example
    shutil.copytree(ROOT / "Examples" / example, project)
    stack, bucket = name[-30:].strip("-"), name + "-code"
    stack = "s-" + stack
    yard.aws("s3", "mb", f"s3://{bucket}")
    yard.aws("cloudformation", "package", "--template-file", "template.yaml", "--s3-bucket", bucket, "--output-template-file", "out.yaml", cwd=project)
    yard.aws("cloudformation", "deploy", "--template-file", "out.yaml", "--stack-name", stack, "--capabilities", "CAPABILITY_IAM", cwd=project)
    described = yard.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    assert described["StackStatus"] == "CREATE_COMPLETE"
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}
    assert yard.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["PipelineArn"])["status"] == "ACTIVE"
    yard.client("s3").head_bucket(Bucket=outputs["DataBucketName"])

    deployed = int(time.time())
    wait_for(lambda: int(time.time()) > deployed)  # the CLI names its change sets by the second
    again = yard.aws("cloudformation", "deploy", "--template-file", "out.yaml", "--stack-name", stack, "--capabilities", "CAPABILITY_IAM",
                     "--no-fail-on-empty-changeset", cwd=project)
    assert "No changes to deploy" in again
    yard.client("cloudformation").delete_stack(StackName=stack)
    yard.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError):
        yard.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["PipelineArn"])


def test_a_stack_is_made_changed_and_deleted(yard, name):
    stacks, logs = yard.client("cloudformation"), yard.client("logs")

    def groups():
        return [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]]
    stacks.create_stack(StackName="s-" + name, TemplateBody=template(A=log_group(name + "-a")))
    stacks.get_waiter("stack_create_complete").wait(StackName="s-" + name, WaiterConfig={"Delay": 1})
    assert groups() == [name + "-a"]
    stacks.update_stack(StackName="s-" + name, TemplateBody=template(A=log_group(name + "-a"), B=log_group(name + "-b")))
    stacks.get_waiter("stack_update_complete").wait(StackName="s-" + name, WaiterConfig={"Delay": 1})
    assert groups() == [name + "-a", name + "-b"]
    stacks.update_stack(StackName="s-" + name, TemplateBody=template(B=log_group(name + "-b")))
    stacks.get_waiter("stack_update_complete").wait(StackName="s-" + name, WaiterConfig={"Delay": 1})
    assert groups() == [name + "-b"]
    stacks.delete_stack(StackName="s-" + name)
    stacks.get_waiter("stack_delete_complete").wait(StackName="s-" + name, WaiterConfig={"Delay": 1})
    assert groups() == []


def test_a_stack_that_fails_is_rolled_back_and_says_why(yard, name):
    stacks, logs = yard.client("cloudformation"), yard.client("logs")
    logs.create_log_group(logGroupName=name + "-taken")
    stacks.create_stack(StackName="s-" + name, TemplateBody=template(A=log_group(name + "-a"), B=log_group(name + "-taken", DependsOn="A")))
    wait_for(lambda: stacks.describe_stacks(StackName="s-" + name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")
    failed = [e for e in stacks.describe_stack_events(StackName="s-" + name)["StackEvents"] if e["ResourceStatus"] == "CREATE_FAILED"]
    assert [e["LogicalResourceId"] for e in failed] == ["B"] and "already exists" in failed[0]["ResourceStatusReason"]
    left = [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]]
    assert left == [name + "-taken"]


def test_roles_need_to_be_acknowledged(yard, name):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}
    with pytest.raises(ClientError) as error:
        yard.client("cloudformation").create_stack(StackName="s-" + name, TemplateBody=template(R=role))
    assert error.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
