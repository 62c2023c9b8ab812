"""Events go through rules to functions, state machines and log groups, and none that was acknowledged is lost."""

import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ROLE, wait_for
from functions import python

ECHO = 'print("GOT", json.dumps(event))'
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def function(yard, name, body=ECHO):
    made = yard.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="main.handler", Timeout=30,
        Code={"ZipFile": python(body)})
    return made["FunctionArn"]


def seen(yard, name):
    """The events that a function has printed."""
    logs = yard.client("logs")
    try:
        events = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="GOT")
        return [json.loads(event["message"].split("GOT ", 1)[1]) for page in events for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def put(yard, *details, source="shop", kind="Order", **more):
    entries = [dict(Source=source, DetailType=kind, Detail=json.dumps(detail), **more) for detail in details]
    return yard.client("events").put_events(Entries=entries)


def test_a_rule_by_the_command_line_invokes_a_function(yard, name, tmp_path):
    arn = function(yard, name)
    pattern = json.dumps({"source": [name], "detail": {"total": [{"numeric": [">=", 100]}]}})
    rule = yard.aws("events", "put-rule", "--name", name, "--event-pattern", pattern)
    assert rule["RuleArn"] == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}"
    yard.aws("lambda", "add-permission", "--function-name", name, "--statement-id", "e", "--action", "lambda:InvokeFunction",
             "--principal", "events.amazonaws.com", "--source-arn", rule["RuleArn"])
    yard.aws("events", "put-targets", "--rule", name, "--targets", f"Id=f,Arn={arn}")
    entries = [{"Source": name, "DetailType": "Order", "Detail": json.dumps({"total": total})} for total in (99, 100)]
    (tmp_path / "entries.json").write_text(json.dumps(entries))
    answer = yard.aws("events", "put-events", "--entries", f"file://{tmp_path}/entries.json")
    assert answer["FailedEntryCount"] == 0
    [event] = wait_for(lambda: seen(yard, name))
    assert event["id"] == answer["Entries"][1]["EventId"] and event["detail"] == {"total": 100}
    assert event["detail-type"] == "Order" and event["account"] == ACCOUNT and event["region"] == "us-east-1"


def test_a_rule_starts_a_state_machine_with_transformed_input(yard, name):
    events, states = yard.client("events"), yard.client("stepfunctions")
    arns = [states.create_state_machine(name=f"{name}-{kind}", definition=json.dumps(PASS), roleArn=ROLE, type=kind)["stateMachineArn"]
            for kind in ("STANDARD", "EXPRESS")]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    transformer = {"InputPathsMap": {"id": "$.detail.instance-id", "n": "$.detail.n"},
                   "InputTemplate": '{"id": <id>, "n": <n>, "text": "<id> of <aws.events.rule-name>"}'}
    answer = events.put_targets(Rule=name, Targets=[
        {"Id": str(n), "Arn": arn, "RoleArn": ROLE, "InputTransformer": transformer} for n, arn in enumerate(arns)])
    assert answer["FailedEntryCount"] == 0
    put(yard, {"instance-id": "i-1", "n": 5}, source=name)
    run = wait_for(lambda: states.list_executions(stateMachineArn=arns[0], statusFilter="SUCCEEDED")["executions"])[0]
    output = json.loads(states.describe_execution(executionArn=run["executionArn"])["output"])
    assert output == {"id": "i-1", "n": 5, "text": f"i-1 of {name}"}


def test_an_event_goes_over_another_bus_into_a_log_group(yard, name):
    events, logs = yard.client("events"), yard.client("logs")
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    group = f"/aws/events/{name}"
    logs.create_log_group(logGroupName=group)
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "bus", "Arn": bus}])
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"detail": {"a": [{"exists": True}]}}))
    events.put_targets(Rule=name, EventBusName=name, Targets=[
        {"Id": "logs", "Arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"}])
    put(yard, {"a": 1}, {"b": 2}, source=name)
    [event] = wait_for(lambda: logs.filter_log_events(logGroupName=group)["events"])
    assert json.loads(event["message"])["detail"] == {"a": 1}


def test_mistakes_are_answered_as_aws_does(yard, name):
    events = yard.client("events")
    answer = events.put_events(Entries=[
        {"Source": "aws.s3", "DetailType": "t", "Detail": "{}"}, {"Source": "s", "DetailType": "t", "Detail": "[]"}])
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == ["NotAuthorizedForSourceException", "MalformedDetail"]
    with pytest.raises(events.exceptions.InvalidEventPatternException) as error:
        events.put_rule(Name=name, EventPattern='{"a": [{"prefix": 1}]}')
    assert error.value.response["Error"]["Message"] == (
        "Event pattern is not valid. Reason: prefix match pattern must be a string\n"
        ' at [Source: (String)"{"a": [{"prefix": 1}]}"; line: 1, column: 20]')
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.put_targets(Rule=name, Targets=[{"Id": "a", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}])
    with pytest.raises(ClientError, match="length less than or equal to 10"):
        put(yard, *[{}] * 11)


def test_a_stack_has_rules(yard, name):
    function(yard, name)
    template = f"""
        Resources:
          Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: {name}}}}}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventBusName: !Ref Bus
              EventPattern: {{source: [{name}]}}
              Targets: [{{Id: f, Arn: !Sub "arn:aws:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}", InputPath: $.detail}}]
        Outputs: {{Arn: {{Value: !GetAtt Rule.Arn}}}}
    """
    stacks = yard.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=template)
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [output] = stacks.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    assert output["OutputValue"].startswith(f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}/{name[:10]}")
    put(yard, {"n": 1}, source=name, EventBusName=name)
    assert wait_for(lambda: seen(yard, name)) == [{"n": 1}]
    stacks.delete_stack(StackName=name)
    stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    with pytest.raises(yard.client("events").exceptions.ResourceNotFoundException):
        yard.client("events").describe_event_bus(Name=name)


def test_every_acknowledged_event_is_delivered_though_the_yard_is_killed(own_yard):
    events, states = own_yard.client("events"), own_yard.client("stepfunctions")
    machine = states.create_state_machine(name="m", definition=json.dumps(PASS), roleArn=ROLE)["stateMachineArn"]
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "m", "Arn": machine, "RoleArn": ROLE}])
    acknowledged = set()
    for round in range(3):
        stop = threading.Event()

        def write(worker):
            while not stop.is_set():
                try:
                    answer = put(own_yard, *[{"round": round, "worker": worker}] * 5)
                except Exception:
                    return
                acknowledged.update(entry["EventId"] for entry in answer["Entries"])

        workers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
        for worker in workers:
            worker.start()
        stop.wait(0.3)
        own_yard.kill()
        stop.set()
        for worker in workers:
            worker.join()
        own_yard.start()
    assert acknowledged
    states = own_yard.client("stepfunctions")

    def started():
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        # Pages overlap while executions are being added.
        return {run["name"] for page in pages for run in page["executions"]}

    def events_of(names):
        return {name.split("_")[0] for name in names}

    names = wait_for(lambda: (found := started()) and acknowledged <= events_of(found) and found)
    # The name of an execution makes a delivery that is repeated no second one.
    assert len(names) == len(events_of(names))


def test_an_event_calls_an_api(yard, name):
    calls = []

    class API(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((self.path, dict(self.headers), json.loads(body)))
            # The first call finds it busy.
            self.send_response(503 if len(calls) == 1 else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), API)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        events = yard.client("events")
        connection = events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}})["ConnectionArn"]
        api = events.create_api_destination(Name=name, ConnectionArn=connection, HttpMethod="POST",
                                            InvocationEndpoint=f"http://127.0.0.1:{server.server_port}/orders/*")["ApiDestinationArn"]
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        events.put_targets(Rule=name, Targets=[{"Id": "api", "Arn": api, "RoleArn": ROLE, "InputPath": "$.detail", "HttpParameters": {
            "PathParameterValues": ["new"], "QueryStringParameters": {"q": "1"}}}])
        put(yard, {"n": 5}, source=name)
        wait_for(lambda: len(calls) == 2)
    finally:
        server.shutdown()
    path, headers, body = calls[1]
    assert (path, headers["X-Key"], body) == ("/orders/new?q=1", "secret", {"n": 5})


def test_an_archive_is_replayed(yard, name):
    events, states = yard.client("events"), yard.client("stepfunctions")
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    archive = events.create_archive(ArchiveName=name, EventSourceArn=bus)["ArchiveArn"]
    put(yard, {"n": 1}, {"n": 2}, source=name, EventBusName=name)
    wait_for(lambda: events.describe_archive(ArchiveName=name)["EventCount"] == 2)
    machine = states.create_state_machine(name=name, definition=json.dumps(PASS), roleArn=ROLE)["stateMachineArn"]
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "m", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.replay-name"}])
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    events.start_replay(ReplayName=name, EventSourceArn=archive, EventStartTime=now - hour, EventEndTime=now + hour, Destination={"Arn": bus})
    wait_for(lambda: events.describe_replay(ReplayName=name)["State"] == "COMPLETED")
    runs = wait_for(lambda: len(r := states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]) == 2 and r)
    assert json.loads(states.describe_execution(executionArn=runs[0]["executionArn"])["input"]) == name


def test_a_serverless_function_has_events(yard, name):
    template = f"""
        Transform: AWS::Serverless-2016-10-31
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              FunctionName: {name}
              Runtime: python3.12
              Handler: index.handler
              InlineCode: |
                import json
                def handler(event, context):
                    print("GOT", json.dumps(event))
              Events:
                Ordered: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [{name}]}}, InputPath: $.detail}}}}
    """
    stacks = yard.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    put(yard, {"n": 7}, source=name)
    assert wait_for(lambda: seen(yard, name)) == [{"n": 7}]
