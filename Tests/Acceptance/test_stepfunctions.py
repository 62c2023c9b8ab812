"""State machines as users see them: results, errors, retries, histories, bad definitions."""

import json

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE, wait_for
from functions import python


class Machines:
    def __init__(self, yard, name):
        self.client, self.name, self.count = yard.client("stepfunctions"), name, 0

    def create(self, definition):
        self.count += 1
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.client.create_state_machine(name=f"{self.name}-{self.count}", definition=text, roleArn=ROLE)["stateMachineArn"]

    def run(self, definition, value=None):
        arn = self.create(definition)
        execution = self.client.start_execution(stateMachineArn=arn, input=json.dumps(value or {}))["executionArn"]
        return wait_for(lambda: (d := self.client.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)

    def history(self, execution):
        return self.client.get_execution_history(executionArn=execution["executionArn"])["events"]


@pytest.fixture
def machines(yard, name):
    return Machines(yard, name[:60])


def single(**state):
    return {"StartAt": "S", "States": {"S": {"End": True, **state}}}


@pytest.mark.parametrize("definition, value, output", [
    (single(Type="Pass", Parameters={"sum.$": "States.MathAdd($.a, $.b)"}), {"a": 1, "b": 2}, {"sum": 3}),
    (single(Type="Map", ItemsPath="$.v", ItemProcessor=single(Type="Pass", Parameters={"x.$": "$"})), {"v": [1, 2]}, [{"x": 1}, {"x": 2}]),
    (single(Type="Parallel", Branches=[single(Type="Pass", Result=1), single(Type="Wait", Seconds=0)]), {"k": 1}, [1, {"k": 1}]),
    ({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}], "Default": "Small"},
                                 "Big": {"Type": "Pass", "Result": "big", "End": True}, "Small": {"Type": "Succeed"}}}, {"n": 7}, "big"),
])
def test_states_transform_their_input(machines, definition, value, output):
    execution = machines.run(definition, value)
    assert execution["status"] == "SUCCEEDED" and json.loads(execution["output"]) == output


def test_a_function_is_called_retried_and_caught(machines, yard, name):
    arn = yard.client("lambda").create_function(FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="main.handler",
                                                Code={"ZipFile": python("if event['bad']: raise KeyError('k')\nreturn 'ok'")})["FunctionArn"]
    definition = {"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": arn, "Retry": [{"ErrorEquals": ["KeyError"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1.0}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}], "End": True},
        "Caught": {"Type": "Pass", "OutputPath": "$.error.Error", "End": True}}}
    assert json.loads(machines.run(definition, {"bad": False})["output"]) == "ok"
    execution = machines.run(definition, {"bad": True})
    assert json.loads(execution["output"]) == "KeyError"
    types = [event["type"] for event in machines.history(execution)]
    assert types.count("LambdaFunctionScheduled") == 2 and types[0] == "ExecutionStarted" and types[-1] == "ExecutionSucceeded"


def test_history_reads_both_ways_and_in_pages(machines):
    execution = machines.run(single(Type="Pass"))
    forward = machines.history(execution)
    assert [e["type"] for e in forward] == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    backward = machines.client.get_execution_history(executionArn=execution["executionArn"], reverseOrder=True)["events"]
    assert [e["id"] for e in backward] == [4, 3, 2, 1]
    pages = machines.client.get_paginator("get_execution_history").paginate(
        executionArn=execution["executionArn"], PaginationConfig={"PageSize": 3})
    assert [e["id"] for page in pages for e in page["events"]] == [1, 2, 3, 4]


def test_stopping_aborts(machines):
    arn = machines.create(single(Type="Wait", Seconds=3600))
    execution = machines.client.start_execution(stateMachineArn=arn)["executionArn"]
    machines.client.stop_execution(executionArn=execution, error="Enough", cause="by hand")
    described = machines.client.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "by hand")


@pytest.mark.parametrize("definition, words", [
    ("{", "INVALID_JSON_DESCRIPTION"),
    ("{}", "StartAt"),
    (json.dumps(single(Type="Pas")), "/States/S"),
    (json.dumps({"StartAt": "X", "States": {"S": {"Type": "Pass", "End": True}}}), "StartAt"),
    (json.dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "Next": "Nowhere"}}}), "Nowhere"),
])
def test_a_wrong_definition_is_refused_with_the_place(machines, definition, words):
    with pytest.raises(ClientError) as error:
        machines.create(definition)
    assert error.value.response["Error"]["Code"] == "InvalidDefinition" and words in str(error.value)


def test_unknown_and_duplicate_names(machines):
    client = machines.client
    arn = machines.create(single(Type="Pass"))
    for call, code in [
        (lambda: client.describe_state_machine(stateMachineArn=arn + "x"), "StateMachineDoesNotExist"),
        (lambda: client.start_execution(stateMachineArn=arn + "x"), "StateMachineDoesNotExist"),
        (lambda: client.describe_execution(executionArn=arn.replace("stateMachine", "execution") + ":none"), "ExecutionDoesNotExist"),
        (lambda: client.start_execution(stateMachineArn="nonsense"), "InvalidArn"),
        (lambda: client.start_execution(stateMachineArn=arn, input="{"), "InvalidExecutionInput"),
        (lambda: client.create_state_machine(name=arn.rsplit(":")[-1], definition=json.dumps(single(Type="Wait", Seconds=1)), roleArn=ROLE), "StateMachineAlreadyExists"),
    ]:
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == code


def test_another_account_or_region_does_not_reach_a_state_machine(machines, yard):
    arn = machines.create(single(Type="Wait", Seconds=3600))
    execution = machines.client.start_execution(stateMachineArn=arn)["executionArn"]
    stranger = yard.client("stepfunctions", access_key="111122223333")
    for call in (lambda c: c.describe_state_machine(stateMachineArn=arn), lambda c: c.start_execution(stateMachineArn=arn),
                 lambda c: c.stop_execution(executionArn=execution), lambda c: c.delete_state_machine(stateMachineArn=arn)):
        with pytest.raises(ClientError) as error:
            call(stranger)
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
        with pytest.raises(ClientError) as error:
            call(yard.client("stepfunctions", region="eu-west-1"))
        assert error.value.response["Error"]["Code"] in ("StateMachineDoesNotExist", "ExecutionDoesNotExist")
    machines.client.stop_execution(executionArn=execution)
