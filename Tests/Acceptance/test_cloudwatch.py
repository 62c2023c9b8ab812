"""CloudWatch: metrics and alarms, and what the yard itself measures."""

import datetime
import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import ROLE, wait_for
from functions import python
from models import ADDING, deploy, put_program, train_linear, variant


def span():
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=10), "EndTime": now + datetime.timedelta(minutes=1)}


def statistics(cloudwatch, namespace, metric, dimensions, *names):
    return cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Period=3600, Statistics=list(names), **span(),
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()])["Datapoints"]


def total(cloudwatch, metric, endpoint):
    points = statistics(cloudwatch, "AWS/SageMaker", metric, {"EndpointName": endpoint, "VariantName": "AllTraffic"}, "Sum")
    return sum(point["Sum"] for point in points)


def test_metrics_by_boto3_and_the_command_line(yard, name):
    cloudwatch = yard.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace=name, MetricData=[
        {"MetricName": "loss", "Value": value, "Unit": "Count", "Dimensions": [{"Name": "run", "Value": "1"}]}
        for value in (1, 2, 6)])
    (point,) = statistics(cloudwatch, name, "loss", {"run": "1"}, "Average", "Maximum", "SampleCount")
    assert (point["Average"], point["Maximum"], point["SampleCount"], point["Unit"]) == (3, 6, 3, "Count")
    listed = yard.aws("cloudwatch", "list-metrics", "--namespace", name)
    assert listed["Metrics"] == [{"Namespace": name, "MetricName": "loss", "Dimensions": [{"Name": "run", "Value": "1"}]}]
    (result,) = cloudwatch.get_metric_data(**span(), MetricDataQueries=[{"Id": "most", "MetricStat": {
        "Metric": listed["Metrics"][0], "Period": 3600, "Stat": "p50"}}])["MetricDataResults"]
    assert (result["Label"], result["Values"]) == ("loss", [2])


def test_a_long_request_is_compressed(yard, name):
    cloudwatch = yard.client("cloudwatch", config=Config(request_min_compression_size_bytes=1000))
    encodings = []
    cloudwatch.meta.events.register(
        "before-send.cloudwatch", lambda request, **_: encodings.append(request.headers.get("Content-Encoding")))
    cloudwatch.put_metric_data(Namespace=name, MetricData=[
        {"MetricName": f"metric-{n}", "Value": n} for n in range(200)])
    assert encodings == [b"gzip"]
    assert len(cloudwatch.list_metrics(Namespace=name)["Metrics"]) == 200


def test_errors_have_the_names_of_the_query_protocol(yard, name):
    cloudwatch = yard.client("cloudwatch")
    with pytest.raises(ClientError) as error:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="none")
    assert error.value.response["Error"]["Code"] == "ResourceNotFound"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "m", "Value": float("nan")}])
    with pytest.raises(ClientError) as error:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="INVALID", StateReason="none")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_an_alarm_invokes_a_function(yard, name):
    cloudwatch, functions, s3 = yard.client("cloudwatch"), yard.client("lambda"), yard.client("s3")
    s3.create_bucket(Bucket=name)
    code = python(f"import boto3\nboto3.client('s3').put_object(Bucket='{name}', Key='told', Body=json.dumps(event))")
    arn = functions.create_function(FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=ROLE,
                                    Code={"ZipFile": code}, Timeout=60)["FunctionArn"]
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace=name, MetricName="errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[arn])
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "errors", "Value": 1}])
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 datapoint [1.0 (")
    wait_for(lambda: s3.list_objects_v2(Bucket=name).get("Contents"))
    event = json.loads(s3.get_object(Bucket=name, Key="told")["Body"].read())
    assert event["alarmData"]["alarmName"] == name and event["alarmData"]["state"]["value"] == "ALARM"


def test_a_training_jobs_metrics_are_there_when_it_ends(yard, name):
    train_linear(yard, name)
    cloudwatch = yard.client("cloudwatch")
    points = statistics(cloudwatch, "/aws/sagemaker/TrainingJobs", "train:objective_loss", {"TrainingJobName": name},
                        "Minimum", "SampleCount")
    assert points and points[0]["SampleCount"] >= 1


def test_an_endpoints_requests_are_counted(yard, name):
    deploy(yard, name, put_program(yard, name, ADDING.format(add=1)))
    runtime, cloudwatch = yard.client("sagemaker-runtime"), yard.client("cloudwatch")
    for _ in range(3):
        runtime.invoke_endpoint(EndpointName=name, Body=b"[1]", ContentType="application/json")
    with pytest.raises(ClientError):
        runtime.invoke_endpoint(EndpointName=name, Body=b"none", ContentType="application/json")
    assert wait_for(lambda: total(cloudwatch, "Invocations", name) == 4)
    assert total(cloudwatch, "Invocation5XXErrors", name) == 1
    (latency,) = statistics(cloudwatch, "AWS/SageMaker", "ModelLatency",
                            {"EndpointName": name, "VariantName": "AllTraffic"}, "Average")
    assert latency["Unit"] == "Microseconds" and latency["Average"] > 0


def test_an_update_is_turned_back_by_an_alarm(yard, name):
    sagemaker, runtime, cloudwatch = (yard.client(service) for service in ("sagemaker", "sagemaker-runtime", "cloudwatch"))
    deploy(yard, name, put_program(yard, name, ADDING.format(add=1)))
    broken = name + "-2"
    sagemaker.create_model(ModelName=broken, ExecutionRoleArn=ROLE, PrimaryContainer=put_program(
        yard, broken, "def model_fn(directory):\n    return None\n\ndef predict_fn(data, model):\n    raise ValueError('broken')\n"))
    sagemaker.create_endpoint_config(EndpointConfigName=broken, ProductionVariants=[variant(broken)])
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}])
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken, DeploymentConfig={
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
            "Type": "CANARY", "WaitIntervalInSeconds": 120, "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}})

    def settled():
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b"[1]", ContentType="application/json")
        except ClientError:
            pass
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        return endpoint["EndpointStatus"] != "Updating" and endpoint

    endpoint = wait_for(settled)
    assert endpoint["EndpointConfigName"] == name
    assert f"the alarm {name} is in state ALARM" in endpoint["FailureReason"]
    for _ in range(4):
        answer = runtime.invoke_endpoint(EndpointName=name, Body=b"[1]", ContentType="application/json")
        assert json.loads(answer["Body"].read()) == [2]


def test_an_alarm_of_a_stack(yard, name):
    stacks, cloudwatch = yard.client("cloudformation"), yard.client("cloudwatch")

    def alarm(threshold):
        return json.dumps({"Resources": {"High": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Namespace": name, "MetricName": "m", "Statistic": "Sum", "Period": "60", "EvaluationPeriods": 1,
            "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold"}}},
            "Outputs": {"Name": {"Value": {"Ref": "High"}}, "Arn": {"Value": {"Fn::GetAtt": ["High", "Arn"]}}}})

    stack = "s-" + name
    stacks.create_stack(StackName=stack, TemplateBody=alarm("5"))
    stacks.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]}
    (made,) = cloudwatch.describe_alarms(AlarmNames=[outputs["Name"]])["MetricAlarms"]
    assert made["AlarmArn"] == outputs["Arn"] and (made["Threshold"], made["Period"]) == (5, 60)
    stacks.update_stack(StackName=stack, TemplateBody=alarm("6"))
    stacks.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert cloudwatch.describe_alarms(AlarmNames=[outputs["Name"]])["MetricAlarms"][0]["Threshold"] == 6
    stacks.delete_stack(StackName=stack)
    stacks.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert cloudwatch.describe_alarms(AlarmNames=[outputs["Name"]])["MetricAlarms"] == []


def test_functions_and_executions_are_measured(yard, name):
    functions, states, cloudwatch = yard.client("lambda"), yard.client("stepfunctions"), yard.client("cloudwatch")
    functions.create_function(FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=ROLE,
                              Code={"ZipFile": python("if event.get('fails'): raise ValueError\nreturn 1")})
    for payload in ("{}", "{}", '{"fails": true}'):
        functions.invoke(FunctionName=name, Payload=payload)
    machine = states.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps({
        "StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}))["stateMachineArn"]
    for _ in range(4):
        states.start_execution(stateMachineArn=machine)

    def told(namespace, metric, dimensions, kind="Sum"):
        return sum(point[kind] for point in statistics(cloudwatch, namespace, metric, dimensions, kind))

    by_name, by_machine = {"FunctionName": name}, {"StateMachineArn": machine}
    wait_for(lambda: told("AWS/Lambda", "Invocations", by_name) == 3, 10)
    wait_for(lambda: told("AWS/States", "ExecutionsSucceeded", by_machine) == 4, 10)
    assert told("AWS/Lambda", "Errors", by_name) == 1
    assert told("AWS/Lambda", "Duration", {**by_name, "Resource": name}, "SampleCount") == 3
    assert told("AWS/Lambda", "ConcurrentExecutions", by_name, "Maximum") == 1
    assert told("AWS/States", "ExecutionsStarted", by_machine) == 4
    assert told("AWS/States", "ExecutionTime", by_machine, "SampleCount") == 4
