#!/usr/bin/env python3
"""Writes CapturedRequests.swift: requests as boto3 sends them, each with the input that made it.

    pip install boto3 && python3 Tests/AWSProtocolTests/capture.py
"""
import base64
import datetime
import json
import os

import boto3
import botocore
import botocore.auth
from botocore.awsrequest import AWSResponse
from botocore.config import Config

MOMENT = datetime.datetime(2023, 5, 1, 12, 34, 56, tzinfo=datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: MOMENT.replace(tzinfo=None)
ENDPOINT = "http://127.0.0.1:4566"
ROLE = "arn:aws:iam::000000000000:role/service"
MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:m"

CASES = [
    ("s3", "list_buckets", {}),
    ("s3", "create_bucket", {"Bucket": "data", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    ("s3", "head_bucket", {"Bucket": "data"}),
    ("s3", "put_object", {"Bucket": "data", "Key": "a b/ü+~.csv", "Body": b"1,2\n", "ContentType": "text/csv",
                          "Metadata": {"Colour": "blue"}, "Tagging": "a=b&c=d"}),
    ("s3", "put_object", {"Bucket": "data", "Key": "plain", "Body": b"x" * 100, "ContentEncoding": "gzip",
                          "ChecksumAlgorithm": "SHA256", "StorageClass": "STANDARD"}),
    ("s3", "get_object", {"Bucket": "data", "Key": "a//b", "Range": "bytes=0-3", "VersionId": "v 1"}),
    ("s3", "head_object", {"Bucket": "data", "Key": "k", "IfModifiedSince": MOMENT}),
    ("s3", "delete_objects", {"Bucket": "data", "Delete": {"Objects": [{"Key": "a&<b>"}, {"Key": "c", "VersionId": "1"}],
                                                           "Quiet": True}}),
    ("s3", "copy_object", {"Bucket": "data", "Key": "to", "CopySource": {"Bucket": "data", "Key": "from ü"}}),
    ("s3", "list_objects_v2", {"Bucket": "data", "Prefix": "a/", "Delimiter": "/", "MaxKeys": 2,
                               "OptionalObjectAttributes": ["RestoreStatus"]}),
    ("s3", "list_objects", {"Bucket": "data", "Marker": "m"}),
    ("s3", "create_multipart_upload", {"Bucket": "data", "Key": "big"}),
    ("s3", "upload_part", {"Bucket": "data", "Key": "big", "PartNumber": 2, "UploadId": "u/+=", "Body": b"part"}),
    ("s3", "upload_part_copy", {"Bucket": "data", "Key": "big", "PartNumber": 3, "UploadId": "u", "CopySource": "data/k",
                                "CopySourceRange": "bytes=0-9"}),
    ("s3", "complete_multipart_upload", {"Bucket": "data", "Key": "big", "UploadId": "u", "MultipartUpload": {
        "Parts": [{"PartNumber": 1, "ETag": '"a"'}, {"PartNumber": 2, "ETag": '"b"', "ChecksumCRC32": "AAAAAA=="}]}}),
    ("s3", "abort_multipart_upload", {"Bucket": "data", "Key": "big", "UploadId": "u"}),
    ("s3", "list_parts", {"Bucket": "data", "Key": "big", "UploadId": "u", "MaxParts": 5}),
    ("s3", "put_object_tagging", {"Bucket": "data", "Key": "k", "Tagging": {"TagSet": [{"Key": "a", "Value": ""}]}}),
    ("s3", "put_bucket_policy", {"Bucket": "data", "Policy": "{}"}),
    ("s3", "put_bucket_versioning", {"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}}),
    ("s3", "get_bucket_location", {"Bucket": "data"}),
    ("s3", "put_bucket_acl", {"Bucket": "data", "AccessControlPolicy": {"Owner": {"ID": "o"}, "Grants": [
        {"Grantee": {"Type": "CanonicalUser", "ID": "o"}, "Permission": "FULL_CONTROL"}]}}),
    ("s3", "put_bucket_lifecycle_configuration", {"Bucket": "data", "LifecycleConfiguration": {"Rules": [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]}}),
    ("s3", "put_bucket_notification_configuration", {"Bucket": "data", "NotificationConfiguration": {
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f",
                                          "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]}}),
    ("s3", "get_object_attributes", {"Bucket": "data", "Key": "k", "ObjectAttributes": ["ETag", "ObjectSize"]}),
    ("lambda", "create_function", {"FunctionName": "f", "Runtime": "python3.12", "Role": ROLE, "Handler": "a.b",
                                   "Code": {"ZipFile": b"PK"}, "Environment": {"Variables": {"STAGE": "b"}}, "Timeout": 9}),
    ("lambda", "invoke", {"FunctionName": "f", "Payload": b'{"a":1}', "InvocationType": "RequestResponse",
                          "LogType": "Tail", "Qualifier": "1"}),
    ("lambda", "get_function", {"FunctionName": "arn:aws:lambda:eu-west-1:000000000000:function:f"}),
    ("lambda", "list_functions", {"MaxItems": 3}),
    ("lambda", "untag_resource", {"Resource": "arn:aws:lambda:eu-west-1:000000000000:function:f", "TagKeys": ["a", "b c"]}),
    ("lambda", "put_function_concurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 0}),
    ("ecr", "create_repository", {"repositoryName": "a/b", "tags": [{"Key": "k", "Value": "v"}]}),
    ("sagemaker", "create_model", {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "i"}}),
    ("sagemaker", "list_training_jobs", {"CreationTimeAfter": MOMENT, "NameContains": "iris"}),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "n", "input": '{"a": "ü"}'}),
    ("logs", "put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]}),
    ("iam", "create_role", {"RoleName": "service", "AssumeRolePolicyDocument": '{"Version":"2012-10-17"}',
                            "Tags": [{"Key": "a", "Value": "b c"}, {"Key": "d", "Value": "ü+="}]}),
    ("iam", "list_users", {"MaxItems": 5}),
    ("sts", "get_caller_identity", {}),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": 900,
                            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}),
    ("cloudformation", "create_stack", {"StackName": "s", "TemplateBody": "{}", "Capabilities": ["CAPABILITY_IAM"],
                                        "Parameters": [{"ParameterKey": "a", "ParameterValue": "b"}], "Tags": []}),
    ("cloudformation", "describe_stacks", {}),
]


def tree(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {k: tree(v) for k, v in value.items()}
    return [tree(v) for v in value] if isinstance(value, list) else value


def capture(service, action, parameters):
    client = boto3.client(
        service, endpoint_url=ENDPOINT, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", config=Config(inject_host_prefix=False))
    sent = {}

    def send(request, **_):
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        sent.update(method=request.method, url=request.url, body=body or b"", headers={
            k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()})
        return AWSResponse(request.url, 500, {}, None)

    client.meta.events.register("before-send", send)
    try:
        getattr(client, action)(**parameters)
    except Exception:
        if not sent:
            raise
    operation = client.meta.method_to_api_mapping[action]
    skipped = ("user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "accept-encoding")
    headers = {k: v for k, v in sent["headers"].items() if k.lower() not in skipped}
    headers.setdefault("Host", "127.0.0.1:4566")
    return {"operation": operation, "method": sent["method"], "target": sent["url"][len(ENDPOINT):] or "/",
            "headers": headers, "body": base64.b64encode(sent["body"] if isinstance(sent["body"], bytes)
                                                         else sent["body"].encode()).decode(),
            "input": tree(parameters)}


def main():
    lines = [json.dumps(capture(*case), ensure_ascii=False) for case in CASES]
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "CapturedRequests.swift"), "w") as file:
        file.write(f"// Written by capture.py with botocore {botocore.__version__}; do not edit.\n"
                   "// swift-format-ignore-file\n\n"
                   "/// Requests as boto3 sends them, at 2023-05-01T12:34:56Z.\n"
                   'let capturedRequests = ###"""\n[\n' + ",\n".join(lines) + '\n]\n"""###\n')


if __name__ == "__main__":
    main()
