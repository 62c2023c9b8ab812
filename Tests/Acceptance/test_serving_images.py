"""Endpoints whose models are images: several on AWS's one port, streams, updates, and what fails."""

import threading

import pytest
from botocore.exceptions import ClientError

import engines
from conftest import ROLE, wait_for, Yard
from models import settled, variant
from programs import push, serving_image
from runtimes import needs_bubblewrap


def create_model(yard, name, uri, **environment):
    yard.client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": uri, "Environment": environment})


def create(yard, name, uri, settings=None, **environment):
    sagemaker = yard.client("sagemaker")
    create_model(yard, name, uri, **environment)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[settings or variant(name)])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def invoke(yard, name, body):
    answer = yard.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, ContentType="text/plain")
    return answer["Body"].read()


def attempt(yard, name, body):
    """The answer, or nothing while the container is not there again."""
    try:
        return invoke(yard, name, body)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ModelError"


def test_models_in_images_serve_at_one_time_on_one_port(runtime_yard):
    yard = runtime_yard
    uri, _ = push(yard, "serve", "1", serving_image())
    for name in ["one", "two", "three"]:
        create(yard, name, uri, WORD=f" from {name}")
    for name in ["one", "two", "three"]:
        assert settled(yard, name)["EndpointStatus"] == "InService", yard.client("sagemaker").describe_endpoint(EndpointName=name)
    for name in ["one", "two", "three"]:
        assert invoke(yard, name, b"word") == f"word from {name}".encode()
        # The registry answers 401 without credentials: the yard is reached.
        assert invoke(yard, name, b"yard") == b"401"
    stream = yard.client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName="two", Body=b"stream")
    assert b"".join(event["PayloadPart"]["Bytes"] for event in stream["Body"]) == b"one two three"
    large = b"x" * 5_000_000
    assert invoke(yard, "three", large) == large + b" from three"


def test_an_update_fails_no_request_and_a_crash_is_mended(runtime_yard):
    yard = runtime_yard
    uri, _ = push(yard, "serve", "1", serving_image())
    create(yard, "model", uri, WORD=" one")
    assert settled(yard, "model")["EndpointStatus"] == "InService"
    create_model(yard, "other", uri, WORD=" two")
    sagemaker, answers, stop = yard.client("sagemaker"), [], threading.Event()
    sagemaker.create_endpoint_config(EndpointConfigName="other", ProductionVariants=[variant("other")])

    def ask():
        while not stop.is_set():
            answers.append(invoke(yard, "model", b"word"))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        sagemaker.update_endpoint(EndpointName="model", EndpointConfigName="other")
        wait_for(lambda: answers and answers[-1] == b"word two")
    finally:
        stop.set()
        asking.join()
    assert set(answers) <= {b"word one", b"word two"}
    with pytest.raises(ClientError) as error:
        invoke(yard, "model", b"crash")
    assert error.value.response["Error"]["Code"] == "ModelError"
    assert wait_for(lambda: attempt(yard, "model", b"again")) == b"again two"


def test_an_endpoint_whose_container_ends_is_failed_with_the_reason(runtime_yard, runtime, request):
    yard = runtime_yard
    uri, _ = push(yard, "serve", "1", serving_image())
    create(yard, "model", uri, FAILS="start")
    endpoint = settled(yard, "model")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == "The primary container for production variant AllTraffic did not pass the ping health " \
        "check. Please check CloudWatch logs for this endpoint."
    if runtime == "container":
        wait_for(lambda: engines.ask(request.getfixturevalue("docker_engine").socket, "/containers/json?all=1").strip() == b"[]")


@needs_bubblewrap
def test_an_endpoint_that_does_not_pass_the_ping_is_failed_in_its_time(tmp_path, monkeypatch):
    # AWS's shortest time for a variant is a minute, which the yard's own limit cuts.
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    yard = Yard(tmp_path, "--runtime", "image", "--model-startup", "3")
    uri, _ = push(yard, "serve", "1", serving_image())
    create(yard, "model", uri, {**variant("model"), "ContainerStartupHealthCheckTimeoutInSeconds": 60}, FAILS="ping")
    endpoint = settled(yard, "model")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == "The primary container for production variant AllTraffic did not pass the ping health " \
        "check. Please check CloudWatch logs for this endpoint."
    elapsed = endpoint["LastModifiedTime"] - endpoint["CreationTime"]
    assert 3 <= elapsed.total_seconds() < 30
    yard.stop()


def test_a_model_that_takes_more_memory_than_it_has_is_ended_and_begins_anew(runtime_yard):
    yard = runtime_yard
    uri, _ = push(yard, "serve", "1", serving_image())
    create(yard, "model", uri, {"VariantName": "AllTraffic", "ModelName": "model",
                                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2}}, WORD="!")
    assert settled(yard, "model")["EndpointStatus"] == "InService"
    with pytest.raises(ClientError) as error:
        invoke(yard, "model", b"memory")
    assert error.value.response["Error"]["Code"] == "ModelError"

    def said(words):
        events = yard.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/model")["events"]
        return any(words in event["message"] for event in events)
    assert said(", within 1 GiB of memory, 5 GiB of disk")
    wait_for(lambda: said("The program of the primary container is ended: it took more memory"))
    assert wait_for(lambda: attempt(yard, "model", b"again")) == b"again!"
