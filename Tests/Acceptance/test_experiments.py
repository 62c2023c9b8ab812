"""Experiments as programs and jobs write them, and the metrics that belong to them."""

import datetime

from conftest import ROLE, wait_for
from models import LINEAR_LEARNER, ended


def test_a_run_is_recorded_with_its_metrics(yard, name):
    sagemaker, metrics = yard.client("sagemaker"), yard.client("sagemaker-metrics")
    sagemaker.create_experiment(ExperimentName=name, Description="of the test")
    sagemaker.create_trial(ExperimentName=name, TrialName=name)
    component = sagemaker.create_trial_component(
        TrialComponentName=name, Status={"PrimaryStatus": "InProgress"},
        Parameters={"rate": {"NumberValue": 0.1}, "kind": {"StringValue": "fast"}})["TrialComponentArn"]
    sagemaker.associate_trial_component(TrialComponentName=name, TrialName=name)
    now = datetime.datetime.now(datetime.timezone.utc)
    put = metrics.batch_put_metrics(TrialComponentName=name, MetricData=[
        {"MetricName": "loss", "Step": step, "Timestamp": now, "Value": 1 / (step + 1)} for step in range(3)])
    assert put["Errors"] == []
    described = sagemaker.describe_trial_component(TrialComponentName=name)
    assert described["Parameters"]["rate"] == {"NumberValue": 0.1}
    assert described["Metrics"][0]["MetricName"] == "loss"
    assert described["Metrics"][0]["Last"] == 1 / 3
    series = metrics.batch_get_metrics(MetricQueries=[
        {"MetricName": "loss", "ResourceArn": component, "MetricStat": "Last", "Period": "IterationNumber",
         "XAxisType": "IterationNumber"}])["MetricQueryResults"][0]
    assert series["XAxisValues"] == [0, 1, 2]
    found = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression={"Filters": [
        {"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": name},
        {"Name": "Parameters.rate", "Operator": "LessThan", "Value": "0.5"},
        {"Name": "Metrics.loss.Min", "Operator": "LessThan", "Value": "0.5"}]})
    assert [result["TrialComponent"]["TrialComponentName"] for result in found["Results"]] == [name]


def test_a_training_job_is_a_component_of_its_trial(yard, name):
    sagemaker, s3 = yard.client("sagemaker"), yard.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="train/data.csv", Body="\n".join(f"{n % 2},{n % 2},{n}" for n in range(100)))
    sagemaker.create_experiment(ExperimentName=name)
    sagemaker.create_trial(ExperimentName=name, TrialName=name)
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE, HyperParameters={"predictor_type": "binary_classifier"},
        AlgorithmSpecification={"TrainingImage": LINEAR_LEARNER, "TrainingInputMode": "File"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv",
                          "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name}/train"}}}],
        OutputDataConfig={"S3OutputPath": f"s3://{name}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        ExperimentConfig={"ExperimentName": name, "TrialName": name, "TrialComponentDisplayName": "Training"})
    wait_for(lambda: ended(sagemaker, name))
    summaries = sagemaker.list_trial_components(TrialName=name)["TrialComponentSummaries"]
    assert [summary["DisplayName"] for summary in summaries] == ["Training"]
    component = sagemaker.describe_trial_component(TrialComponentName=summaries[0]["TrialComponentName"])
    assert component["Source"]["SourceType"] == "SageMakerTrainingJob"
    assert component["Status"]["PrimaryStatus"] == "Completed"
    assert component["InputArtifacts"]["train"]["Value"] == f"s3://{name}/train"
    assert component["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"].endswith("/model.tar.gz")
    jobs = sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [
        {"Name": "TrainingJobName", "Operator": "Equals", "Value": name}]})
    assert jobs["Results"][0]["TrainingJob"]["TrainingJobStatus"] == "Completed"
