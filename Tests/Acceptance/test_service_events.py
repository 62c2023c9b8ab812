"""What services tell the event bus, by rules whose target is a Lambda function that prints the event."""

import json

import pytest

from conftest import ROLE, wait_for
from functions import python

SCRIPT = "mkdir -p /opt/ml/model; echo done > /opt/ml/model/model.txt"


class Bus:
    """Rules with a function as their target, and the events that it has got."""

    def __init__(self, yard, name):
        self.yard, self.name, self.events = yard, name, yard.client("events")
        functions = yard.client("lambda")
        self.function = functions.create_function(
            FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=ROLE,
            Code={"ZipFile": python('print("EVENT " + json.dumps(event))')})["FunctionArn"]
        functions.add_permission(FunctionName=name, StatementId="events", Action="lambda:InvokeFunction",
                                 Principal="events.amazonaws.com")

    def listen(self, source, **detail):
        rule = f"{self.name[-40:]}-{source.replace('.', '-')}"
        pattern = {"source": [source], **({"detail": detail} if detail else {})}
        self.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
        answer = self.events.put_targets(Rule=rule, Targets=[{"Id": "function", "Arn": self.function}])
        assert answer["FailedEntryCount"] == 0

    def received(self):
        logs = self.yard.client("logs")
        try:
            lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [json.loads(line["message"].removeprefix("EVENT ")) for line in lines if line["message"].startswith("EVENT ")]

    def wait(self, detail_type, is_last):
        """The events of a type, each once, once the last of them is among them."""
        def look():
            events = {event["id"]: event for event in self.received() if event["detail-type"] == detail_type}
            return list(events.values()) if any(is_last(event["detail"]) for event in events.values()) else None
        return wait_for(look, 30)


@pytest.fixture
def bus(yard, name):
    return Bus(yard, name)


def test_a_training_job_tells_its_stages(yard, name, bus):
    bus.listen("aws.sagemaker", TrainingJobName=[name])
    sagemaker, s3 = yard.client("sagemaker"), yard.client("s3")
    s3.create_bucket(Bucket=name)
    arn = sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE, Tags=[{"Key": "team", "Value": "red"}],
        AlgorithmSpecification={"TrainingImage": "example.com/train:1", "TrainingInputMode": "File",
                                "ContainerEntrypoint": ["/bin/sh", "-c", SCRIPT]},
        OutputDataConfig={"S3OutputPath": f"s3://{name}/models/"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600})["TrainingJobArn"]
    events = bus.wait("SageMaker Training Job State Change", lambda detail: detail["TrainingJobStatus"] == "Completed")
    wait_for(lambda: len(bus.received()) >= 5, 30)
    events = [event for event in bus.received() if event["detail"].get("TrainingJobName") == name]
    stages = {event["detail"]["SecondaryStatus"] for event in events}
    assert stages == {"Starting", "Downloading", "Training", "Uploading", "Completed"}
    (last,) = {e["id"]: e for e in events if e["detail"]["TrainingJobStatus"] == "Completed"}.values()
    assert (last["source"], last["resources"], last["account"]) == ("aws.sagemaker", [arn], "000000000000")
    detail = last["detail"]
    assert detail["Tags"] == {"team": "red"}
    assert detail["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{name}/models/{name}/output/model.tar.gz"
    assert detail["TrainingEndTime"] >= detail["TrainingStartTime"] >= detail["CreationTime"] > 1_600_000_000_000
    assert [t["Status"] for t in detail["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_objects_are_told_where_the_bucket_has_it_on(yard, name, bus):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    bus.listen("aws.s3", bucket={"name": [name]})
    s3.put_object(Bucket=name, Key="silent", Body=b"x")
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    kept = s3.get_bucket_notification_configuration(Bucket=name)
    assert kept["EventBridgeConfiguration"] == {}
    answer = s3.put_object(Bucket=name, Key="told", Body=b"hello")
    s3.delete_object(Bucket=name, Key="told")
    (deleted,) = bus.wait("Object Deleted", lambda detail: detail["object"]["key"] == "told")
    (created,) = bus.wait("Object Created", lambda detail: detail["object"]["key"] == "told")
    assert created["resources"] == [f"arn:aws:s3:::{name}"]
    about = created["detail"]["object"]
    assert (about["size"], about["etag"]) == (5, answer["ETag"].strip('"'))
    assert created["detail"]["reason"] == "PutObject"
    assert created["detail"]["request-id"] == answer["ResponseMetadata"]["RequestId"]
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"
    assert about["sequencer"] < deleted["detail"]["object"]["sequencer"]


NOTIFIED = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Name: {Type: String}}
Resources:
  Trigger:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Ref Name
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/pipeline
      Environment: {Variables: {MACHINE: !Ref Machine}}
      InlineCode: |
        import boto3, json, os
        def handler(event, context):
            for record in event["Records"]:
                boto3.client("stepfunctions").start_execution(stateMachineArn=os.environ["MACHINE"], input=json.dumps(record))
      Events:
        Incoming:
          Type: S3
          Properties:
            Bucket: !Ref Data
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: incoming/}, {Name: suffix, Value: .csv}]}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: arn:aws:iam::000000000000:role/pipeline
      Definition: {StartAt: S, States: {S: {Type: Pass, End: true}}}
  Data:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Ref Name}
Outputs:
  Machine: {Value: !Ref Machine}
"""


def test_an_upload_starts_an_execution_by_a_function_that_a_bucket_notifies(yard, name):
    name = name[-40:].lower().strip("-")
    stacks, s3, states = yard.client("cloudformation"), yard.client("s3"), yard.client("stepfunctions")
    stacks.create_stack(StackName=name, TemplateBody=NOTIFIED, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                        Parameters=[{"ParameterKey": "Name", "ParameterValue": name}])
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (output,) = stacks.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    s3.put_object(Bucket=name, Key="elsewhere/new.csv", Body=b"x")
    s3.put_object(Bucket=name, Key="incoming/new data.csv", Body=b"1,2,3")
    done = wait_for(lambda: states.list_executions(stateMachineArn=output["OutputValue"], statusFilter="SUCCEEDED")["executions"], 30)
    record = json.loads(states.describe_execution(executionArn=done[0]["executionArn"])["input"])
    assert len(done) == 1
    assert (record["eventName"], record["s3"]["bucket"]["name"]) == ("ObjectCreated:Put", name)
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("incoming/new+data.csv", 5)
    s3.delete_object(Bucket=name, Key="elsewhere/new.csv")
    s3.delete_object(Bucket=name, Key="incoming/new data.csv")
    stacks.delete_stack(StackName=name)
    stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def test_an_execution_tells_its_beginning_and_its_end(yard, name, bus):
    states = yard.client("stepfunctions")
    definition = {"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": {"a": 1}, "End": True}}}
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    bus.listen("aws.states", stateMachineArn=[machine])
    execution = states.start_execution(stateMachineArn=machine, input='{"x": 1}')["executionArn"]
    events = bus.wait("Step Functions Execution Status Change", lambda detail: detail["status"] == "SUCCEEDED")
    wait_for(lambda: len(bus.received()) >= 2, 30)
    details = {event["detail"]["status"]: event["detail"] for event in bus.received()}
    assert set(details) == {"RUNNING", "SUCCEEDED"}
    assert details["RUNNING"]["stopDate"] is None and details["RUNNING"]["output"] is None
    last = details["SUCCEEDED"]
    assert (last["executionArn"], last["input"], last["output"]) == (execution, '{"x": 1}', '{"a":1}')
    assert last["inputDetails"] == last["outputDetails"] == {"included": True}
    assert all(event["resources"] == [execution] for event in events)


def test_a_job_that_a_crash_ends_tells_so_once(own_yard, name):
    bus = Bus(own_yard, name)
    bus.listen("aws.sagemaker", ProcessingJobName=[name])
    sagemaker = own_yard.client("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName=name, RoleArn=ROLE,
        AppSpecification={"ImageUri": "example.com/any:1", "ContainerEntrypoint": ["/bin/sleep", "600"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}})
    bus.wait("SageMaker Processing Job State Change", lambda detail: detail["ProcessingJobStatus"] == "InProgress")
    wait_for(lambda: sagemaker.describe_processing_job(ProcessingJobName=name).get("ProcessingStartTime"))
    own_yard.restart()
    events = bus.wait("SageMaker Processing Job State Change", lambda detail: detail["ProcessingJobStatus"] != "InProgress")
    ends = [event["detail"] for event in events if event["detail"]["ProcessingJobStatus"] != "InProgress"]
    (end,) = ends
    description = own_yard.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert (end["ProcessingJobStatus"], end["FailureReason"]) == ("Failed", description["FailureReason"])


def test_approvals_alarms_and_stacks_are_told(yard, name, bus):
    sagemaker, cloudwatch, stacks = yard.client("sagemaker"), yard.client("cloudwatch"), yard.client("cloudformation")
    bus.listen("aws.sagemaker", ModelPackageGroupName=[name])
    bus.listen("aws.cloudwatch", alarmName=[name])
    bus.listen("aws.cloudformation")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    package = sagemaker.create_model_package(ModelPackageGroupName=name)["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    approved = bus.wait("SageMaker Model Package State Change", lambda detail: detail["ModelApprovalStatus"] == "Approved")
    (detail,) = [event["detail"] for event in approved if event["detail"]["ModelApprovalStatus"] == "Approved"]
    assert (detail["ModelPackageArn"], detail["UpdatedModelPackageFields"]) == (package, ["ModelApprovalStatus"])
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace=name, MetricName="m", Statistic="Sum", Period=60,
                                EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")
    alarms = bus.wait("CloudWatch Alarm State Change", lambda detail: detail["state"]["value"] == "ALARM")
    (alarm,) = [event["detail"] for event in alarms if event["detail"]["state"]["value"] == "ALARM"]
    assert (alarm["previousState"]["value"], alarm["state"]["reason"]) == ("INSUFFICIENT_DATA", "tried")
    stack = stacks.create_stack(StackName=name, TemplateBody=json.dumps({
        "Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}}}))["StackId"]
    events = bus.wait("CloudFormation Stack Status Change", lambda detail: detail["stack-id"] == stack
                      and detail["status-details"]["status"] == "CREATE_COMPLETE")
    assert all(event["resources"] == [event["detail"]["stack-id"]] for event in events)
    bus.wait("CloudFormation Resource Status Change", lambda detail: detail["logical-resource-id"] == "Group"
             and detail["status-details"]["status"] == "CREATE_COMPLETE")
