"""HTTP tasks through EventBridge connections, against a server that writes down what it is asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ROLE, Yard, wait_for


class API(BaseHTTPRequestHandler):
    """Answers `/echo` with what came, `/status/N` with that status, `/token` with tokens, `/slow` never."""

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        path = self.path.split("?")[0]
        if path == "/token":
            self.server.tokens += 1
            return self.answer(200, json.dumps({"access_token": f"t{self.server.tokens}", "expires_in": 3600}))
        if path == "/newest" and self.headers["Authorization"] != f"Bearer t{max(2, self.server.tokens)}":
            return self.answer(401, "old token", "text/plain")
        if path.startswith("/status/"):
            return self.answer(int(path.rsplit("/")[-1]), '{"why":"asked"}')
        if path == "/text":
            return self.answer(200, "plain", "text/plain")
        self.answer(200, json.dumps({"method": self.command, "path": self.path, "body": body}))

    do_GET = do_POST = do_PUT = do

    def answer(self, status, text, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), API)
    server.seen, server.tokens = [], 0
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def connect(yard, name, kind="BASIC", **parameters):
    parameters = parameters or {"BasicAuthParameters": {"Username": "me", "Password": "hush"}}
    return yard.client("events").create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)["ConnectionArn"]


def oauth(api):
    return {"OAuthParameters": {"ClientParameters": {"ClientID": "c", "ClientSecret": "s"}, "HttpMethod": "POST",
                                "AuthorizationEndpoint": f"{api.url}/token"}}


def task(api, connection, path, **more):
    return {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True, "Parameters": {
        "ApiEndpoint": api.url + path, "Method": "GET", "InvocationConfig": {"ConnectionArn": connection}, **more}}


def run(yard, name, state):
    states = yard.client("stepfunctions")
    machine = states.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps({"StartAt": "H", "States": {"H": state}}))["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    done = wait_for(lambda: (d := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)
    done["events"] = states.get_execution_history(executionArn=execution)["events"]
    return done


def test_a_task_calls_an_api_with_what_its_connection_adds(yard, api, name):
    connection = connect(yard, name, BasicAuthParameters={"Username": "me", "Password": "hush"}, InvocationHttpParameters={
        "HeaderParameters": [{"Key": "X-Team", "Value": "ours", "IsValueSecret": False}],
        "QueryStringParameters": [{"Key": "key", "Value": "a b", "IsValueSecret": True}]})
    done = run(yard, name, task(api, connection, "/echo", Method="POST", RequestBody={"n": [1, 2]}, QueryParameters={"q": "x"},
                                Headers={"X-Own": "1", "Content-Type": "application/x-www-form-urlencoded"},
                                Transform={"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "BRACKETS"}}))
    output = json.loads(done["output"])
    assert output["StatusCode"] == 200 and output["StatusText"] == "OK" and output["Headers"]["content-type"] == ["application/json"]
    assert output["ResponseBody"] == {"method": "POST", "path": "/echo?q=x&key=a%20b", "body": "n%5B%5D=1&n%5B%5D=2"}
    headers = api.seen[0][2]
    assert headers["Authorization"] == "Basic bWU6aHVzaA==" and headers["X-Team"] == "ours" and headers["X-Own"] == "1"
    assert headers["User-Agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1" and headers["Range"] == "bytes=0-262144"
    assert [event["type"] for event in done["events"]] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]
    assert done["events"][2]["taskScheduledEventDetails"]["resourceType"] == "http"
    assert "hush" not in json.dumps(done, default=str)


def test_statuses_are_errors_that_can_be_retried_and_caught(yard, api, name):
    connection = connect(yard, name)
    failed = run(yard, name, task(api, connection, "/status/404"))
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "States.Http.StatusCode.404", '{"why":"asked"}')
    state = task(api, connection, "/status/503")
    state["Retry"] = [{"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}]
    assert run(yard, name + "-retry", state)["error"] == "States.Http.StatusCode.503"
    assert [path for _, path, _, _ in api.seen].count("/status/503") == 2


def test_an_api_that_is_not_there(yard, api, name):
    state = task(api, connect(yard, name), "/")
    state["Parameters"]["ApiEndpoint"] = "http://127.0.0.1:1/"
    assert run(yard, name, state)["error"] == "States.Http.Socket"
    state["Parameters"]["ApiEndpoint"] = "http://example.com/"
    assert run(yard, name + "-http", state)["error"] == "States.Runtime"
    state["Parameters"].update(ApiEndpoint=api.url, InvocationConfig={"ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/no/1"})
    assert run(yard, name + "-none", state)["error"] == "Events.ConnectionResource.ResourceNotFound"


def test_a_token_is_fetched_kept_and_fetched_anew_when_refused(tmp_path, api):
    yard = Yard(tmp_path)
    events = yard.client("events")
    connection = connect(yard, "o", "OAUTH_CLIENT_CREDENTIALS", **oauth(api))
    wait_for(lambda: events.describe_connection(Name="o")["ConnectionState"] == "AUTHORIZED")
    method, path, headers, body = api.seen[0]
    assert (method, path, body) == ("POST", "/token", "grant_type=client_credentials") and headers["Authorization"] == "Basic Yzpz"
    yard.restart()
    assert run(yard, "kept", task(api, connection, "/echo"))["status"] == "SUCCEEDED"
    assert api.seen[-1][2]["Authorization"] == "Bearer t1" and api.tokens == 1
    assert run(yard, "anew", task(api, connection, "/newest"))["status"] == "SUCCEEDED"
    assert api.tokens == 2
    yard.client("events").deauthorize_connection(Name="o")
    assert run(yard, "off", task(api, connection, "/echo"))["error"] == "Events.ConnectionResource.InvalidConnectionState"
    assert yard.stop() == 0


def test_a_tested_state_shows_the_exchange(yard, api, name):
    connection = connect(yard, name)
    test = dict(definition=json.dumps(task(api, connection, "/text", Headers={"X-Own": "1"})), roleArn=ROLE, inspectionLevel="TRACE")
    states = yard.client("stepfunctions", config=Config(inject_host_prefix=False))
    data = states.test_state(**test)["inspectionData"]
    assert data["request"] == {"protocol": "http", "method": "GET", "url": f"{api.url}/text",
                               "headers": "[X-Own: 1, User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144]"}
    assert data["response"]["statusCode"] == "200" and data["response"]["body"] == "plain" and "content-type: text/plain" in data["response"]["headers"]
    shown = states.test_state(**test, revealSecrets=True)["inspectionData"]["request"]["headers"]
    assert shown.startswith("[X-Own: 1, Authorization: Basic bWU6aHVzaA==, ")
    assert "request" not in states.test_state(**{**test, "inspectionLevel": "DEBUG"})["inspectionData"]


def test_what_events_does_not_serve_is_refused_as_elsewhere(yard):
    for call in (lambda c: c.list_endpoints(), lambda c: c.list_event_sources()):
        with pytest.raises(ClientError) as error:
            call(yard.client("events"))
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    status, _ = yard.get("/", {"X-Amz-Target": "AWSEvents.RetrieveConnectionCredentials", "Content-Type": "application/x-amz-json-1.1"},
                         "POST", b"{}")
    assert status >= 400
