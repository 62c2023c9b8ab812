"""Endpoints: deployed, invoked, updated, taken down, and there again after a crash."""

import json
import threading

import pytest
from botocore.exceptions import ClientError
from conftest import ACCOUNT, ROLE, wait_for
from models import ADDING, deploy, put_program, settled, train_linear, variant


def test_the_built_in_learner_serves_what_it_trained(yard, name):
    endpoint = deploy(yard, name, train_linear(yard, name))
    assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
    runtime = yard.client("sagemaker-runtime")
    for body, content_type in ((b"10,3", "text/csv"), (b'{"instances": [{"features": [10, 3]}]}', "application/json")):
        answer = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType=content_type)
        assert answer["InvokedProductionVariant"] == "AllTraffic"
        assert answer["ContentType"] == "application/json"
        assert json.loads(answer["Body"].read())["predictions"][0]["score"] == pytest.approx(23, abs=0.1)
    with pytest.raises(runtime.exceptions.ModelError) as error:
        runtime.invoke_endpoint(EndpointName=name, Body=b"10,3,4,5", ContentType="text/csv")
    assert error.value.response["OriginalStatusCode"] == 400
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error.value.response["Error"]["Message"].startswith("Received client error (400) from primary with message")
    assert error.value.response["LogStreamArn"] == \
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{name}"


def test_an_unknown_endpoint(yard, name):
    runtime = yard.client("sagemaker-runtime")
    with pytest.raises(ClientError) as error:
        runtime.invoke_endpoint(EndpointName=name, Body=b"1")
    assert error.value.response["Error"]["Code"] == "ValidationError"
    assert error.value.response["Error"]["Message"] == f"Endpoint {name} of account {ACCOUNT} not found."


def test_a_python_program_serves_streams_and_logs(yard, name):
    program = """
def model_fn(directory):
    print("the model is loaded")
    return None

def transform_fn(model, body, content_type, accept):
    return (word + " " for word in body.split()), "text/plain"
"""
    assert deploy(yard, name, put_program(yard, name, program))["EndpointStatus"] == "InService"
    runtime = yard.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName=name, Body=b"one two three", ContentType="text/plain")
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert b"".join(parts) == b"one two three "
    assert answer["ContentType"] == "text/plain"
    logs, group = yard.client("logs"), f"/aws/sagemaker/Endpoints/{name}"
    assert wait_for(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    stream = wait_for(lambda: logs.describe_log_streams(logGroupName=group)["logStreams"])[0]["logStreamName"]
    assert stream.startswith("AllTraffic/i-")
    messages = wait_for(lambda: [m for m in read(logs, group, stream) if "the model is loaded" in m])
    assert messages


def read(logs, group, stream):
    return [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]


def test_an_update_fails_no_request(yard, name):
    sagemaker, runtime = yard.client("sagemaker"), yard.client("sagemaker-runtime")
    deploy(yard, name, put_program(yard, name, ADDING.format(add=1)))
    second = name + "-2"
    sagemaker.create_model(ModelName=second, ExecutionRoleArn=ROLE,
                           PrimaryContainer=put_program(yard, second, ADDING.format(add=2)))
    sagemaker.create_endpoint_config(EndpointConfigName=second, ProductionVariants=[variant(second)])
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(runtime.invoke_endpoint(EndpointName=name, Body=b"[0]", ContentType="application/json")["Body"].read())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        wait_for(lambda: answers)
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
        wait_for(lambda: answers[-1] == b"[2]")
    finally:
        stop.set()
        asking.join()
    assert set(answers) == {b"[1]", b"[2]"}
    assert settled(yard, name)["EndpointConfigName"] == second


def test_an_asynchronous_request(yard, name):
    container = put_program(yard, name, ADDING.format(add=1))
    output = {"OutputConfig": {"S3OutputPath": f"s3://{name}/out", "S3FailurePath": f"s3://{name}/failed"}}
    deploy(yard, name, container, AsyncInferenceConfig=output)
    s3, runtime = yard.client("s3"), yard.client("sagemaker-runtime")
    s3.put_object(Bucket=name, Key="in.json", Body=b"[41]")
    answer = runtime.invoke_endpoint_async(EndpointName=name, InputLocation=f"s3://{name}/in.json",
                                           ContentType="application/json", InferenceId="mine")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "mine"
    key = answer["OutputLocation"].removeprefix(f"s3://{name}/")
    found = wait_for(lambda: s3.list_objects_v2(Bucket=name, Prefix=key).get("Contents"))
    assert s3.get_object(Bucket=name, Key=found[0]["Key"])["Body"].read() == b"[42]"


def test_captured_data(yard, name):
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{name}/captured",
               "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
               "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}}
    deploy(yard, name, train_linear(yard, name), DataCaptureConfig=capture)
    yard.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv")
    s3 = yard.client("s3")
    found = wait_for(lambda: s3.list_objects_v2(Bucket=name, Prefix=f"captured/{name}/AllTraffic/").get("Contents"))
    line = json.loads(s3.get_object(Bucket=name, Key=found[0]["Key"])["Body"].read().splitlines()[0])
    assert line["captureData"]["endpointInput"] == \
        {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"}
    assert line["captureData"]["endpointOutput"]["encoding"] == "JSON"


def test_endpoints_come_back_after_a_crash(own_yard, name):
    deploy(own_yard, name, put_program(own_yard, name, ADDING.format(add=5)))
    own_yard.restart()
    endpoint = own_yard.client("sagemaker").describe_endpoint(EndpointName=name)
    assert endpoint["EndpointStatus"] == "InService"
    answer = own_yard.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"[1]", ContentType="application/json")
    assert answer["Body"].read() == b"[6]"


def test_a_creation_that_a_crash_interrupts_goes_on(own_yard, name):
    container = put_program(own_yard, name, ADDING.format(add=5))
    sagemaker = own_yard.client("sagemaker")
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(name)])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    own_yard.restart()
    assert settled(own_yard, name)["EndpointStatus"] == "InService"


def test_a_deleted_endpoint_leaves_no_process(yard, name):
    marker = f"marker-{name}"
    program = f"MARKER = '{marker}'\n" + ADDING.format(add=1)
    container = put_program(yard, name, program)
    container["Environment"]["MARKER"] = marker
    deploy(yard, name, container)
    assert processes(marker)
    yard.client("sagemaker").delete_endpoint(EndpointName=name)
    wait_for(lambda: not processes(marker))
    with pytest.raises(ClientError) as error:
        yard.client("sagemaker").describe_endpoint(EndpointName=name)
    assert error.value.response["Error"]["Message"] == \
        f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/{name}".'


def processes(marker):
    """The processes whose environment has the marker."""
    import pathlib
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARKER={marker}".encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found
