"""The step types of SageMaker Pipelines, written with the Python SDK and run for real."""

import io
import json
import time
import zipfile

import boto3
import pytest

from conftest import ACCOUNT, ROLE, wait_for
from test_sagemaker_sdk import learner, rows, sagemaker, session, upload  # noqa: F401 (fixtures)

from sagemaker.inputs import TransformInput
from sagemaker.lambda_helper import Lambda
from sagemaker.model import Model
from sagemaker.processing import ScriptProcessor
from sagemaker.transformer import Transformer
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, WarmStartConfig, WarmStartTypes
from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.workflow.check_job_config import CheckJobConfig
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterBoolean, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.quality_check_step import (DataQualityCheckConfig, ModelQualityCheckConfig,
                                                   QualityCheckStep)
from sagemaker.workflow.steps import ProcessingStep, TransformStep, TuningStep

METRIC = "validation:objective_loss"


@pytest.fixture
def pipelines(session, name):  # noqa: F811
    session.default_bucket()
    return PipelineSession(boto3.Session(region_name="us-east-1"), default_bucket=name)


def end(execution):
    """Waits for an execution; answers its status and its steps by name."""
    deadline = time.monotonic() + 120
    while execution.describe()["PipelineExecutionStatus"] in ("Executing", "Stopping"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return execution.describe()["PipelineExecutionStatus"], {step["StepName"]: step for step in execution.list_steps()}


def tuner(estimator, **more):
    return HyperparameterTuner(estimator, METRIC, {"learning_rate": ContinuousParameter(0.01, 0.2)},
                               objective_type="Minimize", max_jobs=2, max_parallel_jobs=2, **more)


def fit(tuner, data):
    """Fits without the SDK's pauses of many seconds between two looks."""
    tuner.fit(channels(data), wait=False)
    client = tuner.sagemaker_session.sagemaker_client
    wait_for(lambda: client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuner.latest_tuning_job.name)[
        "HyperParameterTuningJobStatus"] != "InProgress")
    tuner.wait()


def channels(data):
    given = sagemaker.inputs.TrainingInput(data, content_type="text/csv")
    return {"train": given, "validation": given}


def test_the_best_of_a_tuning_becomes_a_model_that_transforms(session, pipelines, rows, tmp_path, name):  # noqa: F811
    data = upload(session, rows, tmp_path)
    session.upload_string_as_file_body("\n".join(",".join(row[1:]) for row in rows), name, "batch/rows.csv")
    tune = TuningStep("Tune", step_args=tuner(learner(pipelines, f"s3://{name}/models")).fit(channels(data)))
    model = Model(sagemaker.image_uris.retrieve("linear-learner", "us-east-1"),
                  tune.get_top_model_s3_uri(0, name, "models"), ROLE, sagemaker_session=pipelines)
    create = ModelStep("Best", step_args=model.create("ml.m5.large"))
    transformer = Transformer(create.properties.ModelName, 1, "ml.m5.large", output_path=f"s3://{name}/predictions",
                              accept="application/jsonlines", sagemaker_session=pipelines)
    transform = TransformStep("Transform", step_args=transformer.transform(
        f"s3://{name}/batch", content_type="text/csv", split_type="Line"))
    pipeline = Pipeline(name, steps=[tune, create, transform], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    status, steps = end(pipeline.start(parallelism_config={"MaxParallelExecutionSteps": 1}))
    assert status == "Succeeded", [step.get("FailureReason") for step in steps.values()]
    assert steps["Transform"]["Metadata"]["TransformJob"]["Arn"]
    answers = session.read_s3_file(name, "predictions/rows.csv.out").splitlines()
    right = sum(int(json.loads(answer)["predicted_label"]) == int(row[0]) for answer, row in zip(answers, rows))
    assert len(answers) == len(rows) and right / len(rows) > 0.8


def test_a_tuner_fits_warm_starts_and_deploys(session, rows, tmp_path, name):  # noqa: F811
    data = upload(session, rows, tmp_path)
    first = tuner(learner(session, f"s3://{name}/models"))
    fit(first, data)
    table = first.analytics().dataframe()
    assert len(table) == 2 and set(table["TrainingJobStatus"]) == {"Completed"}
    best = table.sort_values("FinalObjectiveValue").iloc[0]
    assert first.best_training_job() == best["TrainingJobName"]
    # The SDK's own names are those of a minute.
    again = tuner(learner(session, f"s3://{name}/models"), base_tuning_job_name="again", warm_start_config=WarmStartConfig(
        WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM, {first.latest_tuning_job.name}))
    fit(again, data)
    described = session.sagemaker_client.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=again.latest_tuning_job.name)
    assert described["WarmStartConfig"]["WarmStartType"] == "IdenticalDataAndAlgorithm"
    found = session.sagemaker_client.search(Resource="HyperParameterTuningJob", SearchExpression={"Filters": [
        {"Name": "HyperParameterTuningJobName", "Operator": "Equals", "Value": again.latest_tuning_job.name}]})
    assert len(found["Results"]) == 1
    predictor = first.deploy(1, "ml.m5.large", endpoint_name=name, wait=False, serializer=sagemaker.serializers.CSVSerializer(),
                             deserializer=sagemaker.deserializers.JSONDeserializer())
    describe = session.sagemaker_client.describe_endpoint
    wait_for(lambda: describe(EndpointName=name)["EndpointStatus"] == "InService")
    assert "predicted_label" in predictor.predict([rows[0][1:]])["predictions"][0]
    predictor.delete_endpoint()


def table(kinds, shift=0):
    return "amount,kind\n" + "".join(f"{n % 50 + shift},{kinds[n % len(kinds)]}\n" for n in range(200))


def quality_pipeline(pipelines, name):
    data = ParameterString("Data")
    skip, register = (ParameterBoolean(each, default_value=False) for each in ("Skip", "Register"))
    job = CheckJobConfig(role=ROLE, sagemaker_session=pipelines, instance_type="ml.m5.large")
    check = QualityCheckStep(
        "Check", DataQualityCheckConfig(data, sagemaker.model_monitor.DatasetFormat.csv(True),
                                        output_s3_uri=f"s3://{name}/quality"),
        job, skip_check=skip, register_new_baseline=register, model_package_group_name=name)
    baseline = sagemaker.drift_check_baselines.DriftCheckBaselines(
        model_data_statistics=sagemaker.model_metrics.MetricsSource(
            content_type="application/json", s3_uri=check.properties.BaselineUsedForDriftCheckStatistics),
        model_data_constraints=sagemaker.model_metrics.MetricsSource(
            content_type="application/json", s3_uri=check.properties.BaselineUsedForDriftCheckConstraints))
    model = Model(sagemaker.image_uris.retrieve("linear-learner", "us-east-1"), f"s3://{name}/model.tar.gz", ROLE,
                  sagemaker_session=pipelines)
    register_step = ModelStep("Register", step_args=model.register(
        content_types=["text/csv"], response_types=["application/json"], inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"], model_package_group_name=name, approval_status="Approved",
        drift_check_baselines=baseline))
    pipeline = Pipeline(name, parameters=[data, skip, register], steps=[check, register_step],
                        sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    return pipeline


def test_data_are_compared_with_the_approved_models_baseline(session, pipelines, name):  # noqa: F811
    for key, text in {"good.csv": table("ab"), "bad.csv": table("abc", 30), "model.tar.gz": "x"}.items():
        session.upload_string_as_file_body(text, name, key)
    pipeline = quality_pipeline(pipelines, name)
    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/good.csv"}))
    assert status == "Failed" and "There is no former baseline" in steps["Check"]["FailureReason"]

    first = {"Data": f"s3://{name}/good.csv", "Skip": True, "Register": True}
    status, steps = end(pipeline.start(parameters=first))
    assert status == "Succeeded", steps
    for file in ("statistics.json", "constraints.json"):
        assert json.loads(session.read_s3_file(name, f"quality/{file}"))["version"] == 0

    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/good.csv"}))
    assert status == "Succeeded", steps
    metadata = steps["Check"]["Metadata"]["QualityCheck"]
    assert metadata["BaselineUsedForDriftCheckConstraints"] == f"s3://{name}/quality/constraints.json"
    assert json.loads(session.read_s3_file(name, "quality/constraint_violations.json")) == {"violations": []}

    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/bad.csv"}))
    reason = steps["Check"]["FailureReason"]
    assert status == "Failed" and "Baseline drift distance" in reason and "kind: Domain" in reason
    report = json.loads(session.read_s3_file(name, "quality/constraint_violations.json"))["violations"]
    assert {"baseline_drift_check", "categorical_values_check"} <= {v["constraint_check_type"] for v in report}
    assert steps["Check"]["Metadata"]["QualityCheck"]["ViolationReport"].endswith("constraint_violations.json")


def test_predictions_are_compared_with_a_supplied_baseline(session, pipelines, name):  # noqa: F811
    rows = "".join(f"{n % 2},{n % 2 if n % 5 else 1 - n % 2}\n" for n in range(100))
    session.upload_string_as_file_body("label,prediction\n" + rows, name, "predictions.csv")
    session.upload_string_as_file_body(json.dumps({"version": 0, "binary_classification_constraints": {
        "accuracy": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}}}), name, "constraints.json")
    check = QualityCheckStep(
        "Check", ModelQualityCheckConfig(
            f"s3://{name}/predictions.csv", sagemaker.model_monitor.DatasetFormat.csv(True),
            output_s3_uri=f"s3://{name}/quality", problem_type="BinaryClassification", inference_attribute="prediction",
            ground_truth_attribute="label"),
        CheckJobConfig(role=ROLE, sagemaker_session=pipelines, instance_type="ml.m5.large"),
        supplied_baseline_constraints=f"s3://{name}/constraints.json", fail_on_violation=False)
    pipeline = Pipeline(name, steps=[check], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    status, steps = end(pipeline.start())
    assert status == "Succeeded", steps
    violations = json.loads(session.read_s3_file(name, "quality/constraint_violations.json"))["violations"]
    assert [v["metric_name"] for v in violations] == ["accuracy"]
    statistics = json.loads(session.read_s3_file(name, "quality/statistics.json"))
    assert statistics["binary_classification_metrics"]["accuracy"]["value"] == 0.8


def test_functions_callbacks_conditions_and_failures(session, pipelines, name):  # noqa: F811
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handler(event, context):\n    return {'double': event['number'] * 2}\n")
    function = session.boto_session.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler",
        Code={"ZipFile": archive.getvalue()})["FunctionArn"]
    double = LambdaStep("Double", Lambda(function_arn=function, session=pipelines), inputs={"number": 21},
                        outputs=[LambdaOutput("double", LambdaOutputTypeEnum.Integer)])
    ask = CallbackStep("Ask", "https://sqs.us-east-1.amazonaws.com/000000000000/q", {"n": 1},
                       [CallbackOutput("word", CallbackOutputTypeEnum.String)], depends_on=[double])
    gate = ConditionStep("Gate", conditions=[ConditionEquals(double.properties.Outputs["double"], 42),
                                             ConditionEquals(ask.properties.Outputs["word"], "yes")],
                         if_steps=[FailStep("Refuse", error_message="as asked")], else_steps=[])
    pipeline = Pipeline(name, steps=[double, ask, gate], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start()
    token = None
    while token is None:
        shown = {step["StepName"]: step for step in execution.list_steps()}
        token = shown.get("Ask", {}).get("Metadata", {}).get("Callback", {}).get("CallbackToken")
        time.sleep(0.02)
    session.sagemaker_client.send_pipeline_execution_step_success(
        CallbackToken=token, OutputParameters=[{"Name": "word", "Value": "yes"}])
    status, steps = end(execution)
    assert status == "Failed" and steps["Refuse"]["FailureReason"] == "as asked"
    assert steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"


def test_more_steps_at_once_while_an_execution_runs(session, pipelines, tmp_path, name):  # noqa: F811
    script = tmp_path / "wait.py"
    script.write_text("import boto3, os, sys, time\ns3 = boto3.client('s3')\n"
                      "s3.put_object(Bucket=sys.argv[1], Key='begun/' + sys.argv[2], Body=b'')\n"
                      "while len(s3.list_objects_v2(Bucket=sys.argv[1], Prefix='begun/').get('Contents', [])) < 2:\n"
                      "    time.sleep(0.05)\n")
    processor = ScriptProcessor(image_uri=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/python:3", command=["python3"],
                                role=ROLE, instance_count=1, instance_type="ml.t3.medium", sagemaker_session=pipelines)
    steps = [ProcessingStep(step, step_args=processor.run(str(script), arguments=[name, step])) for step in ("A", "B")]
    pipeline = Pipeline(name, steps=steps, sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start(parallelism_config={"MaxParallelExecutionSteps": 1})
    while not session.list_s3_files(name, "begun/"):
        time.sleep(0.05)
    assert len(execution.list_steps()) == 1
    session.sagemaker_client.update_pipeline_execution(
        PipelineExecutionArn=execution.arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 2})
    assert end(execution)[0] == "Succeeded"
