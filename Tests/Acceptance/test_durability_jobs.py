"""State machines that wait for jobs, for other machines and for tokens, while the yard is killed at moments a seed decides."""

import json

from conftest import ROLE, wait_for
from kills import under_kills
from test_jobs import LEARNER, Jobs, rows

KILLS = 4


def single(**fields):
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "End": True, **fields}}}


def again(error="States.TaskFailed"):
    """Tries until it comes about: a job whose process dies with the yard fails, and says so."""
    return [{"ErrorEquals": [error], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 100}]


NAME = "States.Format('{}-{}', $$.Execution.Name, $$.State.RetryCount)"


def processing():
    return single(
        Resource="arn:aws:states:::sagemaker:createProcessingJob.sync", Retry=again(), ResultPath=None, Parameters={
            "ProcessingJobName.$": NAME, "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/any:1",
                                 "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(0.3)"]},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}}})


def training(bucket):
    return single(
        Resource="arn:aws:states:::sagemaker:createTrainingJob.sync", Retry=again(), ResultPath=None, Parameters={
            "TrainingJobName.$": NAME, "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": LEARNER, "TrainingInputMode": "File"},
            "HyperParameters": {"predictor_type": "multiclass_classifier", "num_classes": "3", "mini_batch_size": "30", "epochs": "2"},
            "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train.csv", "S3DataDistributionType": "FullyReplicated"}}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models/"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600}})


def machines(states, bucket):
    def create(name, definition):
        return states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]

    job = create("processing", processing())
    # Hands the token back, with what came with it. A token that was handed back before the kill is not taken twice.
    reply = create("reply", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "T"}, "T": {
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "End": True,
        "Parameters": {"TaskToken.$": "$.token", "Output.$": "States.JsonToString($.value)"},
        "Catch": [{"ErrorEquals": ["Sfn.TaskTimedOutException"], "Next": "Done"}]}, "Done": {"Type": "Succeed"}}})
    return [
        job,
        create("training", training(bucket)),
        create("nested", single(Resource="arn:aws:states:::states:startExecution.sync:2", OutputPath="$.Output",
                                Parameters={"StateMachineArn": job, "Input.$": "$"})),
        create("token", single(Resource="arn:aws:states:::states:startExecution.waitForTaskToken", TimeoutSeconds=60,
                               Parameters={"StateMachineArn": reply, "Input": {"token.$": "$$.Task.Token", "value.$": "$"}})),
        create("both", {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "OutputPath": "$[0]", "Branches": [
            processing(), {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}]}}}),
    ]


def test_jobs_are_found_again_and_begun_once(own_yard):
    jobs = Jobs(own_yard, "jobs")
    jobs.put("train.csv", rows(300))
    arns = machines(own_yard.client("stepfunctions"), "jobs")

    def begin(client, round, lane, number):
        value = [round, lane, number]
        machine = arns[(lane + number) % len(arns)]
        return client.start_execution(stateMachineArn=machine, input=json.dumps(value))["executionArn"], value

    started = under_kills(
        own_yard, "stepfunctions", begin, rounds=KILLS, lanes=2, alive=(0.2, 1.5), pause=0.05, most=6)
    states, client = own_yard.client("stepfunctions"), own_yard.client("sagemaker")
    assert len(started) >= KILLS
    for arn, value in started:
        done = wait_for(lambda: (d := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and d, 200)
        assert done["status"] == "SUCCEEDED", (arn, done.get("error"), done.get("cause"))
        assert json.loads(done["output"]) == value, arn
    # Those whose answer the kill cut off have been begun too, or not at all.
    scheduled, every = {}, [execution for arn in arns for execution in
                            states.get_paginator("list_executions").paginate(stateMachineArn=arn).build_full_result()["executions"]]
    assert {arn for arn, _ in started} <= {execution["executionArn"] for execution in every}
    for execution in every:
        jobs_of = check(states, execution["executionArn"])
        assert not jobs_of.keys() & scheduled.keys()
        scheduled.update(jobs_of)
    for kind, listing in (("Processing", client.list_processing_jobs), ("Training", client.list_training_jobs)):
        summaries, token = [], {}
        while token is not None:
            page = listing(MaxResults=100, **token)
            summaries += page[f"{kind}JobSummaries"]
            token = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
        found = {summary[f"{kind}JobName"]: summary[f"{kind}JobStatus"] for summary in summaries}
        assert len(found) == len(summaries)
        # Each job that a task asked for was begun, and none that no task asked for.
        assert set(found) == {name for name, of in scheduled.items() if of == kind}
        assert set(found.values()) <= {"Completed", "Failed"}


def check(states, arn):
    """The history's order, each event once; answers the names of the jobs that the execution asked for."""
    wait_for(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING", 60)
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1)), arn
    types = [event["type"] for event in events]
    assert sum(kind.startswith("Execution") for kind in types) == 2, types
    ends = {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "TaskSubmitFailed"}
    assert types.count("TaskScheduled") == sum(kind in ends for kind in types), types
    assert types.count("TaskSubmitted") <= types.count("TaskScheduled")
    jobs = {}
    for event in events:
        if details := event.get("taskScheduledEventDetails"):
            parameters = json.loads(details["parameters"])
            for kind in ("Processing", "Training"):
                if name := parameters.get(f"{kind}JobName"):
                    assert name not in jobs, (name, types)
                    jobs[name] = kind
    return jobs
