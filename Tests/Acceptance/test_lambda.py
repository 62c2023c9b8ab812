"""Functions really run: results, errors as AWS shapes them, limits, logs, versions."""

import base64
import io
import json
import shutil
import time

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE, wait_for
from functions import package, python


@pytest.fixture
def function(yard, name):
    """Makes a function of this test's name and answers how to invoke it."""
    client = yard.client("lambda")

    def make(code, runtime="python3.12", handler="main.handler", **more):
        client.create_function(FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": code}, **more)

        def invoke(event=None, **options):
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **options)
            text = answer["Payload"].read()
            return answer, json.loads(text) if text else None
        return invoke
    return make


def test_a_handler_gets_event_context_and_environment(function, name):
    invoke = function(python("return [event, context.function_name, context.memory_limit_in_mb, os.environ['KEY']]"),
                      MemorySize=256, Environment={"Variables": {"KEY": "b"}})
    answer, result = invoke({"x": 1})
    assert result == [{"x": 1}, name, "256", "b"] or result == [{"x": 1}, name, 256, "b"]
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer and answer["ExecutedVersion"] == "$LATEST"


def test_boto3_in_a_function_reaches_the_yard(function, yard, name):
    yard.client("s3").create_bucket(Bucket=name)
    invoke = function(python("import boto3\nboto3.client('s3').put_object(Bucket=event, Key='k', Body=b'made')\n"
                             "return boto3.client('sts').get_caller_identity()['Arn']"), Timeout=60)
    assert ":assumed-role/test/" in invoke(name)[1]
    assert yard.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b"made"


def test_an_exception_is_a_function_error(function):
    answer, error = function(python("raise ValueError('no')"))()
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no") and error["stackTrace"]


@pytest.mark.parametrize("files, handler, kind, words", [
    ({"other.py": ""}, "main.handler", "Runtime.ImportModuleError", "Unable to import module 'main'"),
    ({"main.py": ""}, "main.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
    ({"main.py": "def handler(:"}, "main.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
])
def test_a_package_without_the_handler_says_so(function, files, handler, kind, words):
    answer, error = function(package(files), handler=handler)()
    assert answer["FunctionError"] == "Unhandled" and error["errorType"] == kind and words in error["errorMessage"]


def test_a_handler_that_takes_too_long_is_stopped(function):
    started = time.monotonic()
    answer, error = function(python("time.sleep(60)"), Timeout=1)()
    assert answer["FunctionError"] == "Unhandled" and "Task timed out after 1.00 seconds" in error["errorMessage"]
    assert time.monotonic() - started < 20


def test_a_handler_that_exits_fails_and_the_next_call_works(function):
    invoke = function(python("if event: os._exit(3)\nreturn 'fine'"))
    answer, error = invoke(True)
    assert error["errorType"] == "Runtime.ExitError" and "exit status 3" in error["errorMessage"]
    assert invoke(False)[1] == "fine"


def test_a_handler_that_prints_ten_megabytes_still_answers(function):
    answer, result = function(python("print('x' * 79 + '\\n', end='') if 0 else sys.stdout.write(('x' * 79 + '\\n') * 131072)\nreturn 1"),
                              Timeout=60)(LogType="Tail")
    assert result == 1 and len(base64.b64decode(answer["LogResult"])) <= 4096


def test_logs_reach_cloudwatch(function, yard, name):
    function(python("print('hello from inside')"))()
    logs = yard.client("logs")
    events = wait_for(lambda: [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
                               if "REPORT" in e["message"] or "hello" in e["message"]] or None)
    wait_for(lambda: any("hello from inside" in e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]))


def test_asynchronous_and_dry_runs(function, yard, name):
    yard.client("s3").create_bucket(Bucket=name)
    invoke = function(python("import boto3\nboto3.client('s3').put_object(Bucket=event, Key='k', Body=b'')"), Timeout=60)
    assert invoke(name, InvocationType="DryRun")[0]["StatusCode"] == 204
    assert invoke(name, InvocationType="Event")[0]["StatusCode"] == 202
    wait_for(lambda: yard.client("s3").list_objects_v2(Bucket=name)["KeyCount"])


def test_versions_and_aliases(function, yard, name):
    client = yard.client("lambda")
    invoke = function(python("return 1"))
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_function_code(FunctionName=name, ZipFile=python("return 2"))
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    assert (invoke()[1], invoke(Qualifier="live")[1], invoke(Qualifier=version)[1]) == (2, 1, 1)


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_node_handlers_run(function):
    code = package({"index.mjs": "export const handler = async (event) => ({ got: event.a + 1 });"})
    assert function(code, runtime="nodejs20.x", handler="index.handler")({"a": 1})[1] == {"got": 2}


def test_a_provided_runtime_runs_its_bootstrap(function):
    code = io.BytesIO()
    import zipfile
    with zipfile.ZipFile(code, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, """#!/usr/bin/env python3
import os, urllib.request
base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(base + "next") as event:
        identifier, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    urllib.request.urlopen(urllib.request.Request(base + identifier + "/response", data=b'{"echo":' + body + b'}')).read()
""")
    assert function(code.getvalue(), runtime="provided.al2023", handler="any")([1])[1] == {"echo": [1]}


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]


def test_bad_packages_and_names_are_refused(yard, name):
    client = yard.client("lambda")
    make = dict(FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="main.handler")
    assert refused(client.create_function, **make, Code={"ZipFile": b"not a zip"})["Code"] == "InvalidParameterValueException"
    evil = package({"../../evil.py": "x"})
    assert refused(client.create_function, **make, Code={"ZipFile": evil})["Code"] == "InvalidParameterValueException"
    assert refused(client.create_function, **make, Code={"S3Bucket": "none-" + name, "S3Key": "k"})["Code"] == "InvalidParameterValueException"
    assert refused(client.create_function, **dict(make, Role="nonsense"), Code={"ZipFile": python("return 1")})["Code"] == "ValidationException"
    assert refused(client.invoke, FunctionName="nowhere-" + name)["Code"] == "ResourceNotFoundException"
    client.create_function(**make, Code={"ZipFile": python("return 1")})
    assert refused(client.create_function, **make, Code={"ZipFile": python("return 1")})["Code"] == "ResourceConflictException"
    assert refused(client.invoke, FunctionName=name, Payload=b"{")["Code"] == "InvalidRequestContentException"
    assert refused(client.invoke, FunctionName=name, Payload=b'"' + b"x" * (6 << 20) + b'"')["Code"] == "RequestEntityTooLargeException"
