"""Wrong requests get AWS's error, and leave nothing behind; wrong bytes do no harm."""

import json
import socket
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ROLE, wait_for
from functions import package, python

NOWHERE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:none"


def unchecked(yard, service):
    """A client that sends what is wrong."""
    return boto3.client(service, endpoint_url=yard.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def function(**more):
    return {"FunctionName": "bad-input", "Runtime": "python3.12", "Role": ROLE, "Handler": "main.handler",
            "Code": {"ZipFile": python("return 1")}, **more}


def processing(**more):
    return {"ProcessingJobName": "bad-input", "RoleArn": ROLE, "AppSpecification": {"ImageUri": "any"},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}}, **more}


# service, operation, arguments, code, words of the message
REFUSED = [
    ("s3", "get_object", {"Bucket": "no-such-bucket", "Key": "k"}, "NoSuchBucket", "bucket does not exist"),
    ("s3", "put_object", {"Bucket": "no-such-bucket", "Key": "k", "Body": b"x"}, "NoSuchBucket", "bucket does not exist"),
    ("s3", "create_bucket", {"Bucket": "Not_A_Name"}, "InvalidBucketName", "not valid"),
    ("lambda", "invoke", {"FunctionName": "none"}, "ResourceNotFoundException", f"Function not found: arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"),
    ("lambda", "create_function", function(Role=None), "ValidationException", "'role' failed to satisfy constraint: Member must not be null"),
    ("lambda", "create_function", function(Role="me"), "ValidationException", "Value 'me' at 'role'"),
    ("lambda", "create_function", function(Handler=None), "InvalidParameterValueException", "Runtime and Handler are mandatory"),
    ("lambda", "create_function", function(Code={}), "InvalidParameterValueException", "source for function code"),
    ("lambda", "create_function", function(Code={"ZipFile": b"text"}), "InvalidParameterValueException", "Could not unzip"),
    ("lambda", "create_function", function(Code={"ZipFile": package({"../evil.py": "x"})}), "InvalidParameterValueException", "Could not unzip"),
    ("lambda", "create_function", function(Code={"ZipFile": package({"/evil.py": "x"})}), "InvalidParameterValueException", "Could not unzip"),
    ("lambda", "create_function", function(Code={"ZipFile": package({"a": "b"}), "S3Bucket": "bucket", "S3Key": "k"}), "InvalidParameterValueException", "other FunctionCode parameters"),
    ("lambda", "create_function", function(Timeout=901), "ValidationException", "less than or equal to 900"),
    ("lambda", "create_function", function(MemorySize=64), "ValidationException", "greater than or equal to 128"),
    ("lambda", "create_function", function(Environment={"Variables": {"BIG": "x" * 5000}}), "InvalidParameterValueException", "4KB limit"),
    ("lambda", "create_function", function(Environment={"Variables": {"AWS_REGION": "x"}}), "InvalidParameterValueException", "reserved keys"),
    ("stepfunctions", "describe_state_machine", {"stateMachineArn": NOWHERE}, "StateMachineDoesNotExist", NOWHERE),
    ("stepfunctions", "start_execution", {"stateMachineArn": "nonsense"}, "InvalidArn", "nonsense"),
    ("stepfunctions", "create_state_machine", {"name": "bad-input", "roleArn": ROLE}, "ValidationException", "'definition' failed to satisfy constraint: Member must not be null"),
    ("stepfunctions", "create_state_machine", {"name": "a b", "roleArn": ROLE, "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'}, "InvalidName", "a b"),
    ("sagemaker", "describe_processing_job", {"ProcessingJobName": "none"}, "ValidationException", "Could not find requested job"),
    ("sagemaker", "describe_training_job", {"TrainingJobName": "none"}, "ValidationException", "Requested resource not found"),
    ("sagemaker", "describe_model", {"ModelName": "none"}, "ValidationException", "Could not find model"),
    ("sagemaker", "create_processing_job", {"ProcessingJobName": "bad-input"}, "ValidationException", "3 validation errors detected"),
    ("sagemaker", "create_processing_job", processing(ProcessingJobName="a_b"), "ValidationException", "Value 'a_b' at 'processingJobName'"),
    ("sagemaker", "create_processing_job", processing(RoleArn="me"), "ValidationException", "Value 'me' at 'roleArn'"),
    ("ecr", "describe_repositories", {"repositoryNames": ["none"]}, "RepositoryNotFoundException", f"registry with id '{ACCOUNT}'"),
    ("logs", "filter_log_events", {"logGroupName": "none"}, "ResourceNotFoundException", "log group does not exist"),
    ("iam", "get_role", {"RoleName": "none"}, "NoSuchEntity", "role with name none cannot be found"),
    ("iam", "create_role", {"RoleName": "bad-input", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", "invalid Json"),
    ("sts", "assume_role", {"RoleArn": "nonsense", "RoleSessionName": "name"}, "ValidationError", "'roleArn'"),
    ("cloudformation", "describe_stacks", {"StackName": "none"}, "ValidationError", "Stack with id none does not exist"),
    ("cloudformation", "create_stack", {"StackName": "bad-input", "TemplateBody": "a: [b"}, "ValidationError", "line 2, column 1"),
    ("cloudformation", "create_stack", {"StackName": "1st", "TemplateBody": '{"Resources":{"A":{"Type":"AWS::S3::Bucket"}}}'}, "ValidationError", "'stackName'"),
]


@pytest.mark.parametrize("service, operation, arguments, code, words", REFUSED)
def test_it_is_refused_in_awss_words(yard, service, operation, arguments, code, words):
    client = unchecked(yard, service)
    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**{k: v for k, v in arguments.items() if v is not None})
    assert error.value.response["Error"]["Code"] == code
    assert words in error.value.response["Error"]["Message"]


def test_nothing_of_what_was_refused_exists(yard):
    assert "bad-input" not in str(yard.client("lambda").list_functions()["Functions"])
    assert "bad-input" not in str(yard.client("stepfunctions").list_state_machines()["stateMachines"])
    assert "bad-input" not in str(yard.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"])
    assert "bad-input" not in str(yard.client("iam").list_roles()["Roles"])
    assert "bad-input" not in str(yard.client("cloudformation").list_stacks()["StackSummaries"])


def test_long_values_are_not_repeated_in_messages(yard):
    with pytest.raises(ClientError) as error:
        unchecked(yard, "stepfunctions").start_execution(stateMachineArn=NOWHERE, input='"' + "x" * 300_000 + '"')
    assert error.value.response["Error"]["Code"] == "ValidationException" and len(str(error.value)) < 1000


class Wire:
    """Signed requests as bytes, where a client library would stand in the way."""

    def __init__(self, yard):
        self.endpoint = yard.endpoint
        self.address = (urlsplit(yard.endpoint).hostname, urlsplit(yard.endpoint).port)

    def head(self, method, path, service, headers={}, length=0):
        signed = AWSRequest(method, self.endpoint + path, data=b"", headers=dict(headers))
        if service == "s3":
            signed.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
        (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("test", "test"), service, "us-east-1").add_auth(signed)
        lines = "".join(f"{k}: {v}\r\n" for k, v in signed.headers.items())
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(self.endpoint).netloc}\r\n{lines}{size}\r\n\r\n".encode()

    def send(self, *parts, hang_up=False):
        """Sends, then answers the first bytes of what comes back."""
        with socket.create_connection(self.address, timeout=20) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
            except ConnectionError:
                pass  # the yard hung up first, which is its right
            return b"" if hang_up else connection.recv(65536)


@pytest.mark.parametrize("bytes_", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"\x00" * 3000, b"FOO / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
])
def test_garbage_over_the_socket_is_refused(yard, bytes_):
    assert Wire(yard).send(bytes_).startswith(b"HTTP/1.1 400 ")
    assert yard.get("/_trainyard/health")[0] == 200


@pytest.mark.parametrize("service, method, path, headers", [
    ("sagemaker", "POST", "/", {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}),
    ("states", "POST", "/", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}),
    ("states", "POST", "/service/AWSStepFunctions/operation/ListStateMachines", {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}),
    ("iam", "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("lambda", "POST", "/2015-03-31/functions", {"Content-Type": "application/json"}),
    ("s3", "POST", "/bucket?delete=", {}),
])
@pytest.mark.parametrize("length", [1 << 40, None], ids=["declared", "chunked"])
def test_a_body_that_is_too_large_is_refused_unread(yard, service, method, path, headers, length):
    wire = Wire(yard)
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    body = [] if length else [chunk] * 80 + [b"0\r\n\r\n"]
    assert wire.send(wire.head(method, path, service, headers, length), *body).startswith(b"HTTP/1.1 413 ")
    resident = int(open(f"/proc/{yard.process.pid}/statm").read().split()[1]) * 4096
    assert resident < 600 << 20


@pytest.mark.parametrize("path", ["/{bucket}/key", "/{bucket}/parts?partNumber=1&uploadId={upload}"])
def test_an_upload_that_is_cut_off_leaves_nothing(own_yard, name, path):
    s3, wire = own_yard.client("s3"), Wire(own_yard)
    s3.create_bucket(Bucket=name)
    upload = s3.create_multipart_upload(Bucket=name, Key="parts")["UploadId"]
    path = path.format(bucket=name, upload=upload)
    wire.send(wire.head("PUT", path, "s3", length=8 << 20), b"x" * (4 << 20), hang_up=True)
    blobs = own_yard.directory / "data" / "blobs"
    wait_for(lambda: not [f for f in blobs.rglob("*") if f.is_file()])
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0
    assert "Parts" not in s3.list_parts(Bucket=name, Key="parts", UploadId=upload)


@pytest.mark.parametrize("service, headers, body, code", [
    ("sagemaker", {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}, b'{"MaxResults": ', "SerializationException"),
    ("states", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}, b"[1]", "SerializationException"),
    ("logs", {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}, b'{"limit": "ten"}', "SerializationException"),
])
def test_a_body_that_is_no_json_is_refused(yard, service, headers, body, code):
    request = AWSRequest("POST", yard.endpoint + "/", data=body, headers=dict(headers))
    SigV4Auth(Credentials("test", "test"), service, "us-east-1").add_auth(request)
    status, answer = yard.get("/", dict(request.headers), "POST", body)
    assert status == 400 and json.loads(answer)["__type"] == code


@pytest.mark.parametrize("service, path, headers, body", [
    ("sagemaker", "/", {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}, b'{"a":' * 200_000),
    ("states", "/service/AWSStepFunctions/operation/ListStateMachines", {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}, b"\x81" * 200_000),
    ("iam", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=CreateRole&Version=2010-05-08&" + b"a." * 200_000 + b"1=1"),
    ("s3", "/bucket?delete=", {}, b"<a>" * 200_000 + b"</a>" * 200_000),
])
def test_a_body_nested_without_end_is_refused(yard, service, path, headers, body):
    request = AWSRequest("POST", yard.endpoint + path, data=body, headers=dict(headers))
    (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("test", "test"), service, "us-east-1").add_auth(request)
    assert yard.get(path, dict(request.headers), "POST", body)[0] == 400
    assert yard.get("/_trainyard/health")[0] == 200


@pytest.mark.parametrize("body", [b"<Delete><Object>", b"not xml", b'<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>'])
def test_a_body_that_is_no_xml_is_refused(yard, name, body):
    yard.client("s3").create_bucket(Bucket=name)
    request = AWSRequest("POST", f"{yard.endpoint}/{name}?delete=", data=body)
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
    status, answer = yard.get(f"/{name}?delete=", dict(request.headers), "POST", body)
    assert status == 400 and "<Code>MalformedXML</Code>" in answer


@pytest.mark.parametrize("service, operation, words", [
    ("sagemaker", "list_domains", "sagemaker:ListDomains"), ("lambda", "list_layers", "lambda:ListLayers"),
    ("iam", "list_groups", "iam:ListGroups"), ("sts", "get_federation_token", "sts:GetFederationToken"),
    ("s3", "list_bucket_analytics_configurations", "s3:ListBucketAnalyticsConfigurations"),
    ("scheduler", "list_schedules", "scheduler"), ("ec2", "describe_vpcs", "ec2"), ("dynamodb", "list_tables", "ListTables"),
])
def test_what_is_not_served_says_so_with_its_name(yard, service, operation, words):
    arguments = {"get_federation_token": {"Name": "me"}, "list_bucket_analytics_configurations": {"Bucket": "b"}}.get(operation, {})
    with pytest.raises(ClientError) as error:
        getattr(yard.client(service), operation)(**arguments)
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501 and answer["Error"]["Code"] == "NotImplemented"
    assert words in answer["Error"]["Message"] and "/_trainyard/health" in answer["Error"]["Message"]


@pytest.mark.parametrize("region, key", [("eu-west-1", "test"), ("us-east-1", "111122223333")], ids=["region", "account"])
def test_other_regions_and_accounts_see_nothing(yard, name, region, key):
    yard.client("lambda").create_function(**function(FunctionName=name))
    yard.client("ecr").create_repository(repositoryName=name)
    yard.client("logs").create_log_group(logGroupName=name)
    yard.client("stepfunctions").create_activity(name=name)
    yard.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "any"})

    def there(service):
        return boto3.client(service, endpoint_url=yard.endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key="test")
    seen = [there("lambda").list_functions()["Functions"], there("ecr").describe_repositories()["repositories"],
            there("logs").describe_log_groups()["logGroups"], there("stepfunctions").list_activities()["activities"],
            there("sagemaker").list_models()["Models"]]
    assert name not in str(seen)
    with pytest.raises(ClientError):
        there("lambda").invoke(FunctionName=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}")
