"""SageMaker Autopilot: from a CSV file to a model that answers in the file's own words, by boto3 and by the SDK."""

import gzip
import json
import random

import boto3
import botocore.exceptions
import pytest

from conftest import ROLE, wait_for
from test_pipeline_steps import end, pipelines  # noqa: F401 (fixture)
from test_sagemaker_sdk import sagemaker, session  # noqa: F401 (fixture)

from sagemaker.automl.automl import AutoML, AutoMLInput
from sagemaker.automl.automlv2 import AutoMLDataChannel, AutoMLTabularConfig, AutoMLV2
from sagemaker.automl.candidate_estimator import CandidateEstimator
from sagemaker.workflow.automl_step import AutoMLStep
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.pipeline import Pipeline

KINDS = {"setosa": (5.0, 1.4, "north"), "versicolor": (5.9, 4.3, "south"), "virginica": (6.6, 5.6, "east")}
COLUMNS = "sepal,petal,garden,kind"


def flowers(count=600, seed=1):
    """Flowers whose kind follows from two lengths and a garden; some cells are missing."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        kind, (sepal, petal, garden) = draw.choice(list(KINDS.items()))
        sepal = "" if draw.random() < 0.02 else f"{draw.gauss(sepal, 0.3):.2f}"
        garden = garden if draw.random() < 0.8 else draw.choice(["north", "south", "east", "west"])
        rows.append(f"{sepal},{draw.gauss(petal, 0.3):.2f},{garden},{kind}")
    return rows


def houses(count=600):
    draw = random.Random(2)
    return [f"{size},{garden},{size * 3 + (40 if garden == 'yes' else 0) + draw.gauss(0, 2):.3f}"
            for size, garden in ((draw.randint(20, 200), draw.choice(["yes", "no"])) for _ in range(count))]


def table(columns, rows):
    return "\n".join([columns, *rows, ""])


@pytest.fixture
def bucket(yard, name):
    yard.client("s3").create_bucket(Bucket=name)
    return name


def create(yard, bucket, body=None, target="kind", job=None, configuration={}, **more):
    """Starts a job on one file; answers its name."""
    job = job or "a" + bucket[-8:]
    yard.client("s3").put_object(Bucket=bucket, Key="data/flowers.csv", Body=body or table(COLUMNS, flowers()))
    yard.client("sagemaker").create_auto_ml_job(
        AutoMLJobName=job, RoleArn=ROLE, OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
        InputDataConfig=[{"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}},
                          "TargetAttributeName": target}],
        AutoMLJobConfig={"CompletionCriteria": {"MaxCandidates": 3}, **configuration}, **more)
    return job


def ended(yard, job):
    client = yard.client("sagemaker")

    def look():
        description = client.describe_auto_ml_job_v2(AutoMLJobName=job)
        return description["AutoMLJobStatus"] in ("Completed", "Failed", "Stopped") and description
    return wait_for(look)


def serve(yard, name, candidate):
    """An endpoint of a candidate; answers what asks it."""
    client = yard.client("sagemaker")
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=candidate["InferenceContainers"])
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
        {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_for(lambda: client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")
    runtime = yard.client("sagemaker-runtime")

    def ask(rows, **more):
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body="\n".join(rows), **more)
        return answer["Body"].read().decode()
    return ask


def share_right(answers, rows):
    return sum(answer == row.split(",")[-1] for answer, row in zip(answers, rows, strict=True)) / len(rows)


def without_target(rows):
    return [row.rsplit(",", 1)[0] for row in rows]


@pytest.mark.parametrize("mode, containers", [("ENSEMBLING", 1), ("HYPERPARAMETER_TUNING", 3), (None, 1)])
def test_a_job_ends_in_a_model_that_takes_raw_rows(yard, bucket, mode, containers):
    client = yard.client("sagemaker")
    job = create(yard, bucket, configuration={"Mode": mode} if mode else {}, Tags=[{"Key": "team", "Value": "a"}])
    description = ended(yard, job)
    assert description["AutoMLJobSecondaryStatus"] == "Completed", description
    first = client.describe_auto_ml_job(AutoMLJobName=job)
    assert first["ResolvedAttributes"] == {
        "AutoMLJobObjective": {"MetricName": "Accuracy"}, "ProblemType": "MulticlassClassification",
        "CompletionCriteria": {"MaxCandidates": 3}}
    assert first["InputDataConfig"][0]["ChannelType"] == "training" and first["EndTime"] >= first["CreationTime"]
    best = description["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.9 and len(best["InferenceContainers"]) == containers
    metrics = {metric["StandardMetricName"] for metric in best["CandidateProperties"]["CandidateMetrics"]}
    assert metrics == {"Accuracy", "BalancedAccuracy", "F1macro", "LogLoss", "PrecisionMacro", "RecallMacro"}
    rows = flowers(200, seed=7)
    ask = serve(yard, "m" + bucket[-8:], best)
    assert share_right(ask(without_target(rows)).split(), rows) > 0.9
    assert client.list_tags(ResourceArn=first["AutoMLJobArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    training = client.describe_training_job(TrainingJobName=best["CandidateSteps"][0]["CandidateStepName"])
    assert training["AutoMLJobArn"] == first["AutoMLJobArn"] and training["TrainingJobStatus"] == "Completed"


def test_answers_have_what_is_asked_for(yard, bucket):
    best = ended(yard, create(yard, bucket, configuration={"Mode": "ENSEMBLING"}))["BestCandidate"]
    environment = best["InferenceContainers"][0]["Environment"]
    assert environment["SAGEMAKER_INFERENCE_SUPPORTED"] == "predicted_label,probability,probabilities,labels"
    environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label, probability, probabilities, labels"
    ask = serve(yard, "m" + bucket[-8:], best)
    row = without_target(["5.0,1.4,north,setosa"])
    label, probability, rest = ask(row).split(",", 2)
    assert label == "setosa" and float(probability) > 0.5
    assert rest.rstrip().endswith("\"['setosa', 'versicolor', 'virginica']\"")
    prediction = json.loads(ask(row, Accept="application/json"))["predictions"][0]
    assert prediction["labels"] == list(KINDS) and sum(prediction["probabilities"]) == pytest.approx(1)
    with pytest.raises(botocore.exceptions.ClientError, match="the model was trained with 3 columns: sepal, petal, garden"):
        ask(["5.0,1.4"])
    with pytest.raises(botocore.exceptions.ClientError, match="'wide' in the column sepal is not a number"):
        ask(["wide,1.4,north"])


def test_numbers_are_estimated_by_a_batch_transform(yard, bucket):
    rows = houses()
    job = create(yard, bucket, table("size,garden,price", rows), target="price",
                 configuration={"Mode": "HYPERPARAMETER_TUNING"})
    best = ended(yard, job)["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "MSE"
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] < 10
    client, s3 = yard.client("sagemaker"), yard.client("s3")
    client.create_model(ModelName=job, ExecutionRoleArn=ROLE, Containers=best["InferenceContainers"])
    s3.put_object(Bucket=bucket, Key="batch/rows.csv", Body="\n".join(without_target(rows[:50])))
    client.create_transform_job(
        TransformJobName=job, ModelName=job,
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch/"}},
                        "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/answers", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    wait_for(lambda: client.describe_transform_job(TransformJobName=job)["TransformJobStatus"] == "Completed")
    answers = s3.get_object(Bucket=bucket, Key="answers/rows.csv.out")["Body"].read().decode().split()
    assert [float(a) for a in answers] == pytest.approx([float(r.split(",")[-1]) for r in rows[:50]], abs=15)


def test_a_validation_channel_gzip_and_chosen_features(yard, bucket):
    s3, client = yard.client("s3"), yard.client("sagemaker")
    s3.put_object(Bucket=bucket, Key="train/a.csv.gz", Body=gzip.compress(table(COLUMNS, flowers(300)).encode()))
    s3.put_object(Bucket=bucket, Key="train/b.csv.gz", Body=gzip.compress(table(COLUMNS, flowers(300, 2)).encode()))
    s3.put_object(Bucket=bucket, Key="check.csv.gz", Body=gzip.compress(table(COLUMNS, flowers(90, 3)).encode()))
    s3.put_object(Bucket=bucket, Key="features.json", Body=json.dumps(
        {"FeatureAttributeNames": ["petal", "garden"], "FeatureDataTypes": {"garden": "categorical"}}))

    def channel(kind, key):
        return {"ChannelType": kind, "CompressionType": "Gzip", "TargetAttributeName": "kind",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{key}"}}}
    job = "a" + bucket[-8:]
    client.create_auto_ml_job(
        AutoMLJobName=job, RoleArn=ROLE, OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
        InputDataConfig=[channel("training", "train/"), channel("validation", "check.csv.gz")],
        AutoMLJobConfig={"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxCandidates": 1},
                         "CandidateGenerationConfig": {"FeatureSpecificationS3Uri": f"s3://{bucket}/features.json"}})
    description = ended(yard, job)
    assert description["AutoMLJobStatus"] == "Completed", description
    name = description["BestCandidate"]["CandidateName"]
    root = f"out/{job}/documentation"
    insights = json.load(s3.get_object(Bucket=bucket, Key=f"{root}/model_monitor/output/{name}/statistics.json")["Body"])
    assert insights["dataset"]["item_count"] == 90
    explained = json.load(s3.get_object(Bucket=bucket, Key=f"{root}/explainability/output/{name}/analysis.json")["Body"])
    values = explained["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert values["petal"] > values["garden"] > 0 and values["sepal"] == 0


def test_jobs_and_candidates_are_listed(yard, bucket):
    client = yard.client("sagemaker")
    job = create(yard, bucket, configuration={"Mode": "ENSEMBLING"})
    ended(yard, job)
    summary = client.list_auto_ml_jobs(NameContains=job, StatusEquals="Completed")["AutoMLJobSummaries"]
    assert [entry["AutoMLJobName"] for entry in summary] == [job]
    assert summary[0]["AutoMLJobSecondaryStatus"] == "Completed"
    pages = client.get_paginator("list_candidates_for_auto_ml_job").paginate(
        AutoMLJobName=job, SortBy="FinalObjectiveMetricValue", SortOrder="Descending", PaginationConfig={"PageSize": 2})
    candidates = [candidate for page in pages for candidate in page["Candidates"]]
    values = [candidate["FinalAutoMLJobObjectiveMetric"]["Value"] for candidate in candidates]
    assert len(values) == 3 and values == sorted(values, reverse=True)
    logged = yard.client("logs").filter_log_events(logGroupName="/aws/sagemaker/AutoMLJobs", logStreamNamePrefix=f"{job}/")
    messages = [event["message"] for event in logged["events"]]
    assert "garden: categorical, 4 values" in messages and f"The best candidate is {candidates[0]['CandidateName']}" in messages
    with pytest.raises(client.exceptions.ResourceInUse, match="an AutoML job with this name already exists"):
        create(yard, bucket)
    one = client.list_candidates_for_auto_ml_job(AutoMLJobName=job, CandidateNameEquals=candidates[1]["CandidateName"])
    assert len(one["Candidates"]) == 1


def test_the_model_is_deployed_where_the_job_asks(yard, bucket):
    job = create(yard, bucket, configuration={"Mode": "ENSEMBLING"}, ModelDeployConfig={"AutoGenerateEndpointName": True})
    endpoint = ended(yard, job)["ModelDeployResult"]["EndpointName"]
    answer = yard.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body="5.0,1.4,north")
    assert answer["Body"].read() == b"setosa\n"


@pytest.mark.parametrize("arguments, code, message", [
    ({"configuration": {"Mode": "ENSEMBLING", "CandidateGenerationConfig": {
        "AlgorithmsConfig": [{"AutoMLAlgorithms": ["catboost"]}]}}}, "ValidationException", "Trainyard has none of the"),
    ({"ProblemType": "Regression"}, "ValidationException", "Provide both ProblemType and AutoMLJobObjective"),
    ({"job": "x" * 33}, "ValidationException", "length less than or equal to 32"),
])
def test_a_job_that_cannot_be_done_is_refused(yard, bucket, arguments, code, message):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        create(yard, bucket, **arguments)
    assert refusal.value.response["Error"]["Code"] == code and message in refusal.value.response["Error"]["Message"]


def test_problem_types_without_an_algorithm_are_refused(yard, bucket):
    with pytest.raises(botocore.exceptions.ClientError, match="Trainyard has no algorithm for ImageClassificationJobConfig"):
        yard.client("sagemaker").create_auto_ml_job_v2(
            AutoMLJobName="images", RoleArn=ROLE, OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
            AutoMLJobInputDataConfig=[
                {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/images/"}}}],
            AutoMLProblemTypeConfig={"ImageClassificationJobConfig": {}})


@pytest.mark.parametrize("operation, arguments", [
    ("describe_auto_ml_job", {}), ("describe_auto_ml_job_v2", {}), ("stop_auto_ml_job", {}),
    ("list_candidates_for_auto_ml_job", {})])
def test_an_unknown_job_is_not_found(yard, operation, arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        getattr(yard.client("sagemaker"), operation)(AutoMLJobName="nothing", **arguments)
    assert refusal.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_job_without_enough_rows_fails_with_the_reason(yard, bucket):
    description = ended(yard, create(yard, bucket, table(COLUMNS, flowers(150))))
    assert description["AutoMLJobStatus"] == "Failed"
    assert "A minimum of 500 rows is required" in description["FailureReason"]


def test_a_killed_yard_goes_on_with_the_job(own_yard):
    own_yard.client("s3").create_bucket(Bucket="bucket")
    client = own_yard.client("sagemaker")
    job = create(own_yard, "bucket", job="auto", configuration={
        "Mode": "HYPERPARAMETER_TUNING", "CompletionCriteria": {"MaxCandidates": 12}})

    def trained():
        return client.list_candidates_for_auto_ml_job(AutoMLJobName=job, StatusEquals="Completed")["Candidates"]
    wait_for(lambda: len(trained()) >= 3)
    before = {candidate["CandidateName"] for candidate in trained()}
    own_yard.restart()
    client = own_yard.client("sagemaker")
    assert ended(own_yard, job)["AutoMLJobStatus"] == "Completed"
    after = client.list_candidates_for_auto_ml_job(AutoMLJobName=job, MaxResults=100)["Candidates"]
    assert len(after) == 12 and before <= {candidate["CandidateName"] for candidate in after}


def test_a_stopped_job_stops_its_training_jobs(yard, bucket):
    client = yard.client("sagemaker")
    job = create(yard, bucket, configuration={
        "Mode": "HYPERPARAMETER_TUNING", "CompletionCriteria": {"MaxCandidates": 500}})
    wait_for(lambda: client.list_candidates_for_auto_ml_job(AutoMLJobName=job)["Candidates"])
    client.stop_auto_ml_job(AutoMLJobName=job)
    description = ended(yard, job)
    assert description["AutoMLJobStatus"] == description["AutoMLJobSecondaryStatus"] == "Stopped"
    running = client.list_training_jobs(NameContains=job, StatusEquals="InProgress")["TrainingJobSummaries"]
    assert running == []


def test_the_runtime_ends_a_job_with_what_it_has(yard, bucket):
    job = create(yard, bucket, configuration={
        "Mode": "HYPERPARAMETER_TUNING", "CompletionCriteria": {"MaxCandidates": 750, "MaxAutoMLJobRuntimeInSeconds": 4}})
    description = ended(yard, job)
    assert description["AutoMLJobStatus"] == "Completed", description
    assert description["AutoMLJobSecondaryStatus"] == "MaxAutoMLJobRuntimeReached" and description["BestCandidate"]


# MARK: The SageMaker SDK

def upload(session, rows, tmp_path):  # noqa: F811
    file = tmp_path / "flowers.csv"
    file.write_text(table(COLUMNS, rows))
    return session.upload_data(str(file), key_prefix="data")


def in_service(session, endpoint):  # noqa: F811
    """Waits without the SDK's pauses of half a minute between two looks."""
    client = session.sagemaker_client
    wait_for(lambda: client.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService")


def test_the_sdk_fits_deploys_and_predicts(session, tmp_path, name):  # noqa: F811
    data = upload(session, flowers(), tmp_path)
    auto = AutoML(role=ROLE, target_attribute_name="kind", output_path=f"s3://{session.default_bucket()}/out",
                  max_candidates=2, mode="ENSEMBLING", sagemaker_session=session)
    auto.fit(data, wait=True, logs=False)
    assert auto.best_candidate()["CandidateStatus"] == "Completed" and len(auto.list_candidates()) == 2
    predictor = auto.deploy(1, "ml.m5.large", endpoint_name=name, wait=False, inference_response_keys=["predicted_label", "probability"],
                            predictor_cls=sagemaker.predictor.Predictor,
                            serializer=sagemaker.serializers.CSVSerializer(),
                            deserializer=sagemaker.deserializers.CSVDeserializer())
    in_service(session, name)
    label, probability = predictor.predict("6.6,5.6,east")[0]
    assert label == "virginica" and float(probability) > 0.5
    predictor.delete_endpoint()
    # `fit` of a candidate cannot be had on AWS either: the SDK looks for `Hyperparameters` where AWS has `HyperParameters`.
    steps = CandidateEstimator(auto.best_candidate(), session).get_steps()
    assert [channel["ChannelName"] for channel in steps[0].inputs] == ["train", "validation"]
    assert AutoML.attach(auto.current_job_name, session).target_attribute_name == "kind"


def test_the_sdk_tunes_by_the_second_form(session, tmp_path):  # noqa: F811
    data = upload(session, flowers(), tmp_path)
    auto = AutoMLV2(AutoMLTabularConfig(target_attribute_name="kind", max_candidates=2, mode="HYPERPARAMETER_TUNING",
                                        problem_type="MulticlassClassification"),
                    role=ROLE, job_objective={"MetricName": "F1macro"}, sagemaker_session=session,
                    output_path=f"s3://{session.default_bucket()}/out")
    # The SDK's own `wait=True, logs=False` fails in the SDK: it passes `job_name` to what takes `job`.
    auto.fit(AutoMLDataChannel(s3_data_type="S3Prefix", s3_uri=data, channel_type="training"), wait=False)
    wait_for(lambda: auto.describe_auto_ml_job()["AutoMLJobStatus"] == "Completed")
    best = auto.best_candidate()
    assert best["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "F1macro" and len(best["InferenceContainers"]) == 3
    assert AutoMLV2.attach(auto.current_job_name, session).best_candidate()["CandidateName"] == best["CandidateName"]


def test_an_automl_step_gives_the_model_of_a_later_step(session, pipelines, tmp_path, name):  # noqa: F811
    data = upload(session, flowers(), tmp_path)
    auto = AutoML(role=ROLE, target_attribute_name="kind", output_path=f"s3://{session.default_bucket()}/out",
                  max_candidates=2, mode="ENSEMBLING", sagemaker_session=pipelines)
    step = AutoMLStep("Auto", step_args=auto.fit(inputs=[AutoMLInput(
        inputs=data, target_attribute_name="kind", channel_type="training")]))
    model = step.get_best_auto_ml_model(ROLE, sagemaker_session=pipelines)
    register = ModelStep("Register", step_args=model.register(
        content_types=["text/csv"], response_types=["text/csv"], model_package_group_name=name,
        approval_status="Approved", model_metrics=sagemaker.model_metrics.ModelMetrics(
            model_statistics=sagemaker.model_metrics.MetricsSource(
                s3_uri=step.properties.BestCandidateProperties.ModelInsightsJsonReportPath, content_type="application/json"),
            explainability=sagemaker.model_metrics.MetricsSource(
                s3_uri=step.properties.BestCandidateProperties.ExplainabilityJsonReportPath,
                content_type="application/json"))))
    making = ModelStep("Make", step_args=step.get_best_auto_ml_model(ROLE, sagemaker_session=pipelines).create(
        instance_type="ml.m5.large"))
    pipeline = Pipeline(name, steps=[step, register, making], sagemaker_session=pipelines)
    pipeline.create(ROLE)
    status, steps = end(pipeline.start())
    assert status == "Succeeded", steps
    client = session.sagemaker_client
    job = client.describe_auto_ml_job(AutoMLJobName=steps["Auto"]["Metadata"]["AutoMLJob"]["Arn"].split("/")[-1])
    candidate = job["BestCandidate"]
    package = client.describe_model_package(
        ModelPackageName=steps["Register-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"])
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == candidate["InferenceContainers"][0]["ModelDataUrl"]
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, key = statistics.removeprefix("s3://").split("/", 1)
    assert "multiclass_classification_metrics" in json.loads(session.read_s3_file(bucket, key))
    registered = sagemaker.ModelPackage(role=ROLE, model_package_arn=package["ModelPackageArn"], sagemaker_session=session)
    registered.deploy(1, "ml.m5.large", endpoint_name=name, wait=False)
    in_service(session, name)
    runtime = boto3.client("sagemaker-runtime", region_name="us-east-1")
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body="5.0,1.4,north\n5.9,4.3,south")
    assert answer["Body"].read().decode().split() == ["setosa", "versicolor"]
    made = steps["Make-CreateModel"]["Metadata"]["Model"]["Arn"].split("/")[-1]
    assert client.describe_model(ModelName=made)["PrimaryContainer"]["ModelDataUrl"] == container["ModelDataUrl"]


def test_a_step_whose_job_fails_fails(session, pipelines, tmp_path, name):  # noqa: F811
    data = upload(session, flowers(20), tmp_path)
    auto = AutoML(role=ROLE, target_attribute_name="kind", max_candidates=1, mode="ENSEMBLING", sagemaker_session=pipelines)
    pipeline = Pipeline(name, steps=[AutoMLStep("Auto", step_args=auto.fit(inputs=[AutoMLInput(
        inputs=data, target_attribute_name="kind", channel_type="training")]))], sagemaker_session=pipelines)
    pipeline.create(ROLE)
    status, steps = end(pipeline.start())
    assert status == "Failed" and "A minimum of 500 rows is required" in steps["Auto"]["FailureReason"]
