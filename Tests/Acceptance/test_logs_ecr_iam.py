"""The services around a pipeline: logs, image repositories, identities; paging and waiting as boto3 does it."""

import base64
import json
import time

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ROLE
from functions import python

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def test_log_events_come_back_in_order_and_filtered(yard, name):
    logs = yard.client("logs")
    logs.create_log_group(logGroupName=name)
    now = int(time.time() * 1000)
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        logs.put_log_events(logGroupName=name, logStreamName=stream,
                            logEvents=[{"timestamp": now + i, "message": f"{stream} line {i}"} for i in range(5)])
    first = logs.get_log_events(logGroupName=name, logStreamName="one", startFromHead=True, limit=3)
    assert [e["message"] for e in first["events"]] == [f"one line {i}" for i in range(3)]
    rest = logs.get_log_events(logGroupName=name, logStreamName="one", startFromHead=True, nextToken=first["nextForwardToken"])
    assert [e["message"] for e in rest["events"]] == ["one line 3", "one line 4"]
    found = logs.filter_log_events(logGroupName=name, filterPattern='"line 4"')["events"]
    assert sorted(e["message"] for e in found) == ["one line 4", "two line 4"]
    assert name in [g["logGroupName"] for g in logs.list_log_groups(logGroupNamePattern="none-such|^" + name[:20])["logGroups"]]


def test_repositories_and_the_login(yard, name):
    ecr = yard.client("ecr")
    made = ecr.create_repository(repositoryName=name)["repository"]
    assert made["repositoryUri"] == f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{name}"
    with pytest.raises(ClientError) as error:
        ecr.create_repository(repositoryName=name)
    assert error.value.response["Error"]["Code"] == "RepositoryAlreadyExistsException"
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(token).startswith(b"AWS:")
    ecr.delete_repository(repositoryName=name)
    with pytest.raises(ClientError):
        ecr.describe_repositories(repositoryNames=[name])


def test_an_attached_policy_is_found_and_kept(yard, name):
    iam = yard.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=ANYTHING)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    assert [r["RoleName"] for r in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == [name]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=arn)
    assert error.value.response["Error"]["Code"] == "DeleteConflict"
    iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName=name)


def test_every_list_pages(own_yard):
    """With pages of two, each paginator finds all of five."""
    y = {s: own_yard.client(s) for s in ("s3", "lambda", "ecr", "sagemaker", "stepfunctions", "logs", "iam", "cloudformation")}
    y["s3"].create_bucket(Bucket="listed")
    machine = y["stepfunctions"].create_state_machine(name="runs", roleArn=ROLE, definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}')["stateMachineArn"]
    for i in range(5):
        y["s3"].put_object(Bucket="listed", Key=f"k{i}", Body=b"")
        y["s3"].create_bucket(Bucket=f"listed-{i}")
        y["s3"].create_multipart_upload(Bucket="listed", Key=f"u{i}")
        y["lambda"].create_function(FunctionName=f"f{i}", Runtime="python3.12", Role=ROLE, Handler="main.handler", Code={"ZipFile": python("return 1")})
        y["ecr"].create_repository(repositoryName=f"r{i}")
        y["sagemaker"].create_model(ModelName=f"m{i}", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "any"})
        y["stepfunctions"].create_activity(name=f"a{i}")
        y["stepfunctions"].start_execution(stateMachineArn=machine, name=f"x{i}")
        y["logs"].create_log_group(logGroupName=f"g{i}")
        y["logs"].create_log_stream(logGroupName="g0", logStreamName=f"s{i}")
        y["iam"].create_user(UserName=f"u{i}")
        y["iam"].create_role(RoleName=f"r{i}", AssumeRolePolicyDocument=TRUST)
    for service, operation, member, arguments in [
        ("s3", "list_objects_v2", "Contents", {"Bucket": "listed"}), ("s3", "list_objects", "Contents", {"Bucket": "listed"}),
        ("s3", "list_object_versions", "Versions", {"Bucket": "listed"}), ("s3", "list_multipart_uploads", "Uploads", {"Bucket": "listed"}),
        ("s3", "list_buckets", "Buckets", {"Prefix": "listed-"}), ("lambda", "list_functions", "Functions", {}),
        ("ecr", "describe_repositories", "repositories", {}), ("sagemaker", "list_models", "Models", {}),
        ("stepfunctions", "list_activities", "activities", {}), ("stepfunctions", "list_executions", "executions", {"stateMachineArn": machine}),
        ("logs", "describe_log_groups", "logGroups", {"logGroupNamePrefix": "g"}), ("logs", "describe_log_streams", "logStreams", {"logGroupName": "g0"}),
        ("iam", "list_users", "Users", {}), ("iam", "list_roles", "Roles", {}),
    ]:
        pages = list(y[service].get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **arguments))
        assert [len(p.get(member, [])) for p in pages] == [2, 2, 1], operation


def test_waiters_end(yard, name):
    y = yard.client
    y("s3").create_bucket(Bucket=name)
    y("s3").put_object(Bucket=name, Key="k", Body=b"")
    y("lambda").create_function(FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="main.handler", Code={"ZipFile": python("return 1")})
    y("iam").create_user(UserName=name)
    for service, waiter, arguments in [
        ("s3", "bucket_exists", {"Bucket": name}), ("s3", "object_exists", {"Bucket": name, "Key": "k"}), ("s3", "object_not_exists", {"Bucket": name, "Key": "none"}),
        ("lambda", "function_active", {"FunctionName": name}), ("lambda", "function_active_v2", {"FunctionName": name}),
        ("lambda", "function_updated_v2", {"FunctionName": name}), ("iam", "user_exists", {"UserName": name}),
    ]:
        y(service).get_waiter(waiter).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 10}, **arguments)
