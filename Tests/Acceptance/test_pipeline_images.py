"""Steps of the Python SDK whose images are AWS's own: others stand in for them. Notebooks, Clarify, frameworks, retries."""

import json

import pytest

from conftest import ROLE, wait_for
from programs import image, LayerFiles, push, PYTHON
from runtimes import needs_bubblewrap
from test_pipeline_steps import end, pipelines  # noqa: F401 (fixtures)
from test_sagemaker_sdk import sagemaker, session  # noqa: F401 (fixtures)

import boto3
from sagemaker.clarify import BiasConfig, DataConfig
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.spark.processing import PySparkProcessor
from sagemaker.workflow.check_job_config import CheckJobConfig
from sagemaker.workflow.clarify_check_step import ClarifyCheckStep, DataBiasCheckConfig
from sagemaker.workflow.notebook_job_step import NotebookJobStep
from sagemaker.workflow.parameters import ParameterBoolean, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
from sagemaker.workflow.steps import ProcessingStep, TrainingStep

pytestmark = needs_bubblewrap
# What the images of SageMaker Distribution have: it runs a notebook's cells and keeps it with what they printed.
SCHEDULER = f"""#!{PYTHON}
import contextlib, io, json, os
given = os.environ["SM_EXECUTION_INPUT_PATH"]
notebook = json.load(open(os.path.join(given, os.environ["SM_INPUT_NOTEBOOK_NAME"])))
names = {{}}
if "SM_INIT_SCRIPT" in os.environ:
    exec(open(os.path.join(given, os.environ["SM_INIT_SCRIPT"])).read(), names)
for cell in notebook["cells"]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("".join(cell["source"]), names)
    cell["outputs"] = [{{"output_type": "stream", "name": "stdout", "text": printed.getvalue()}}]
    print(printed.getvalue(), end="", flush=True)
os.makedirs("/opt/ml/output/data", exist_ok=True)
json.dump(notebook, open("/opt/ml/output/data/" + os.environ["SM_OUTPUT_NOTEBOOK_NAME"], "w"))
"""
# What Clarify does, for one metric: the class imbalance of a facet, and the comparison with the baseline.
CLARIFY = """
import csv, json, os
config = json.load(open('/opt/ml/processing/input/config/analysis_config.json'))
facet = config['facet'][0]
directory = '/opt/ml/processing/input/data'
rows = [dict(zip(config['headers'], row)) for name in os.listdir(directory) for row in csv.reader(open(f'{directory}/{name}'))]
kinds = [row[facet['name_or_index']] in map(str, facet['value_or_threshold']) for row in rows]
value = (kinds.count(False) - kinds.count(True)) / len(kinds)
os.makedirs('/opt/ml/processing/output', exist_ok=True)
json.dump({'version': '1.0', 'pre_training_bias_metrics': {'facets': {facet['name_or_index']: [
    {'metrics': [{'name': 'CI', 'value': value}]}]}}}, open('/opt/ml/processing/output/analysis.json', 'w'))
if 'baseline_constraints' in os.environ:
    former = json.load(open(os.environ['baseline_constraints']))['pre_training_bias_metrics']['facets']
    bound = former[facet['name_or_index']][0]['metrics'][0]['value']
    if abs(value) > abs(bound) + 0.1:
        json.dump({'version': '1.0', 'violations': [{
            'facet': facet['name_or_index'], 'metric_name': 'CI', 'constraint_check_type': 'bias_drift_check',
            'description': f'Metric value {value} does not meet the baseline constraint {bound}'}]},
            open('/opt/ml/processing/output/constraint_violations.json', 'w'))
"""


class AccountOf:
    """A yard as an account of AWS's own sees it, whose images stand in for AWS's."""

    def __init__(self, yard, account):
        self.endpoint = yard.endpoint
        self.client = lambda service: yard.client(service, access_key=account)


def test_a_notebook_runs_as_a_step(yard, session, pipelines, name, tmp_path):  # noqa: F811
    runner = image(LayerFiles().add("/usr/local/bin/amazon_sagemaker_scheduler", SCHEDULER.encode(), 0o755).done())
    uri, _ = push(yard, name, "1", runner)
    notebook, script = tmp_path / "work.ipynb", tmp_path / "begin.py"
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "code", "source": ["import os\n", "total = start + int(os.environ['MORE'])"], "outputs": []},
        {"cell_type": "code", "source": ["print('the total is', total)"], "outputs": []}]}))
    script.write_text("start = 40")
    step = NotebookJobStep(
        name="Notebook", notebook_job_name="work", image_uri=uri, kernel_name="python3", input_notebook=str(notebook),
        initialization_script=str(script), environment_variables={"MORE": "2"}, role=ROLE, s3_root_uri=f"s3://{name}/notebooks",
        instance_type="ml.m5.large")
    after = TrainingStep("After", step_args=sagemaker.estimator.Estimator(
        uri, ROLE, 1, "ml.m5.large", sagemaker_session=pipelines, output_path=f"s3://{name}/after",
        container_entry_point=["/bin/sh", "-c", "echo $PLACE > /opt/ml/model/place"],
        environment={"PLACE": step.properties.NotebookJobOutputLocationPrefix}).fit())
    pipeline = Pipeline(name, steps=[step, after], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    status, steps = end(pipeline.start())
    assert status == "Succeeded", steps
    job = steps["Notebook"]["Metadata"]["TrainingJob"]["Arn"].split("/")[-1]
    described = session.sagemaker_client.describe_training_job(TrainingJobName=job)
    tags = session.sagemaker_client.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]
    assert {"Key": "sagemaker:notebook-job-origin", "Value": "PIPELINE_STEP"} in tags
    lines = session.boto_session.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=job)["events"]
    assert "the total is 42" in [line["message"] for line in lines]
    prefix = described["OutputDataConfig"]["S3OutputPath"]
    following = steps["After"]["Metadata"]["TrainingJob"]["Arn"].split("/")[-1]
    assert session.sagemaker_client.describe_training_job(TrainingJobName=following)["Environment"]["PLACE"] == prefix
    keys = [item["Key"] for item in session.boto_session.client("s3").list_objects_v2(Bucket=name)["Contents"]]
    assert any(key.startswith(prefix.removeprefix(f"s3://{name}/")) and key.endswith("output.tar.gz") for key in keys)


def clarify_pipeline(pipelines, name):  # noqa: F811
    data, skip, register = ParameterString("Data"), ParameterBoolean("Skip", default_value=False), ParameterBoolean("Register", default_value=False)
    check = ClarifyCheckStep(
        "Bias", clarify_check_config=DataBiasCheckConfig(
            data_config=DataConfig(s3_data_input_path=data, s3_output_path=f"s3://{name}/bias", label="hired",
                                   s3_analysis_config_output_path=f"s3://{name}/config",
                                   headers=["hired", "group"], dataset_type="text/csv"),
            data_bias_config=BiasConfig([1], "group", ["b"]), methods=["CI"]),
        check_job_config=CheckJobConfig(role=ROLE, sagemaker_session=pipelines, instance_type="ml.m5.large"),
        skip_check=skip, register_new_baseline=register, model_package_group_name=name)
    pipeline = Pipeline(name, parameters=[data, skip, register], steps=[check], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    return pipeline


def test_bias_is_compared_with_the_approved_models(yard, session, pipelines, name):  # noqa: F811
    account, tag = "205585389593", "1.0"
    clarify = image(LayerFiles().add("/work/analyze.py", CLARIFY.encode()).done(), Entrypoint=[PYTHON, "/work/analyze.py"])
    push(AccountOf(yard, account), "sagemaker-clarify-processing", tag, clarify)
    for key, groups in {"even.csv": "ab" * 20, "skewed.csv": "aaab" * 10}.items():
        session.upload_string_as_file_body("".join(f"1,{group}\n" for group in groups), name, f"{key}/{key}")
    pipeline = clarify_pipeline(pipelines, name)
    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/even.csv"}))
    assert status == "Failed" and "There is no former baseline of DATA_BIAS" in steps["Bias"]["FailureReason"]

    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/even.csv", "Skip": True, "Register": True}))
    assert status == "Succeeded", steps
    metadata = steps["Bias"]["Metadata"]["ClarifyCheck"]
    assert metadata["CheckType"] == "DATA_BIAS" and ":processing-job/" in metadata["CheckJobArn"]
    assert metadata["CalculatedBaselineConstraints"] == f"s3://{name}/bias/analysis.json"
    session.boto_session.client("s3").copy_object(Bucket=name, Key="approved.json", CopySource=f"{name}/bias/analysis.json")
    session.sagemaker_client.create_model_package_group(ModelPackageGroupName=name)
    session.sagemaker_client.create_model_package(
        ModelPackageGroupName=name, ModelApprovalStatus="Approved",
        InferenceSpecification={"Containers": [{"Image": "image"}], "SupportedContentTypes": ["text/csv"],
                                "SupportedResponseMIMETypes": ["text/csv"]},
        DriftCheckBaselines={"Bias": {"PreTrainingConstraints": {
            "ContentType": "application/json", "S3Uri": f"s3://{name}/approved.json"}}})

    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/even.csv"}))
    assert status == "Succeeded", steps
    assert steps["Bias"]["Metadata"]["ClarifyCheck"]["BaselineUsedForDriftCheckConstraints"] == f"s3://{name}/approved.json"
    assert "ViolationReport" not in steps["Bias"]["Metadata"]["ClarifyCheck"]

    status, steps = end(pipeline.start(parameters={"Data": f"s3://{name}/skewed.csv"}))
    reason = steps["Bias"]["FailureReason"]
    assert status == "Failed" and "The DATA_BIAS check found 1 violations" in reason and "group: Metric value 0.5" in reason
    assert steps["Bias"]["Metadata"]["ClarifyCheck"]["ViolationReport"] == f"s3://{name}/bias/constraint_violations.json"


def test_frameworks_processors_are_steps(session, pipelines, name, tmp_path):  # noqa: F811
    script = tmp_path / "fit.py"
    script.write_text("import pathlib, sklearn\npathlib.Path('/opt/ml/processing/out/version').write_text(sklearn.__version__)")
    sklearn = SKLearnProcessor("1.2-1", role=ROLE, instance_type="ml.m5.large", instance_count=1, sagemaker_session=pipelines)
    fit = ProcessingStep("Fit", step_args=sklearn.run(
        code=str(script), outputs=[ProcessingOutput("/opt/ml/processing/out", f"s3://{name}/fit", "out")]))
    spark = PySparkProcessor(framework_version="3.3", role=ROLE, instance_type="ml.m5.large", instance_count=1,
                             sagemaker_session=pipelines)
    count = ProcessingStep("Count", step_args=spark.run(submit_app=str(script), arguments=["--all"]), depends_on=[fit])
    pipeline = Pipeline(name, steps=[fit, count], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    status, steps = end(pipeline.start())
    assert steps["Fit"]["StepStatus"] == "Succeeded", steps["Fit"]["FailureReason"]
    assert session.read_s3_file(name, "fit/version").count(".") == 2
    # Spark's image is not here, and nothing of this machine stands in for it.
    assert status == "Failed" and "Cannot run smspark-submit in place of the image" in steps["Count"]["FailureReason"]


def test_a_policy_retries_a_job_that_died_with_the_yard(own_yard, name, monkeypatch, tmp_path):
    yard = own_yard
    for key, value in yard.environment().items():
        if key.startswith("AWS_"):
            monkeypatch.setenv(key, value)
    pipelines = PipelineSession(boto3.Session(region_name="us-east-1"), default_bucket=name)  # noqa: F811
    yard.client("s3").create_bucket(Bucket=name)
    yard.client("s3").put_object(Bucket=name, Key="in/first", Body=b"x")
    script = tmp_path / "work.py"
    script.write_text("import time\nprint('begun', flush=True)\ntime.sleep(1)")
    processor = ScriptProcessor(ROLE, "000000000000.dkr.ecr.us-east-1.amazonaws.com/none:1", ["python3"], 1, "ml.m5.large",
                                sagemaker_session=pipelines)
    work = ProcessingStep(
        "Work", step_args=processor.run(code=str(script), inputs=[ProcessingInput(f"s3://{name}/in", "/opt/ml/processing/in")]),
        retry_policies=[SageMakerJobStepRetryPolicy([SageMakerJobExceptionTypeEnum.INTERNAL_ERROR], interval_seconds=1,
                                                    backoff_rate=1.0, max_attempts=3)])
    pipeline = Pipeline(name, steps=[work], sagemaker_session=pipelines)
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start().arn
    logs = yard.client("logs")
    wait_for(lambda: logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/ProcessingJobs")["logGroups"] and any(
        event["message"] == "begun" for event in logs.filter_log_events(logGroupName="/aws/sagemaker/ProcessingJobs")["events"]))
    yard.restart()
    client = yard.client("sagemaker")
    ended = wait_for(lambda: (d := client.describe_pipeline_execution(PipelineExecutionArn=execution))[
        "PipelineExecutionStatus"] != "Executing" and d)
    step, = client.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    assert (ended["PipelineExecutionStatus"], step["AttemptCount"]) == ("Succeeded", 2), step


def test_pipelines_and_executions_are_searched(session, pipelines, name, tmp_path):  # noqa: F811
    skip = ParameterString("Word", default_value="a")
    script = tmp_path / "say.py"
    script.write_text("import sys; sys.exit(sys.argv[1] == 'bad')")
    processor = ScriptProcessor(ROLE, "000000000000.dkr.ecr.us-east-1.amazonaws.com/none:1", ["python3"], 1, "ml.m5.large",
                                sagemaker_session=pipelines)
    pipeline = Pipeline(name, parameters=[skip], sagemaker_session=pipelines, steps=[
        ProcessingStep("Say", step_args=processor.run(code=str(script), arguments=[skip]))])
    pipeline.upsert(role_arn=ROLE, tags=[{"Key": "team", "Value": name}])
    good = pipeline.start()
    bad = pipeline.start(parameters={"Word": "bad"})
    assert (end(good)[0], end(bad)[0]) == ("Succeeded", "Failed")
    client = session.sagemaker_client

    def search(resource, *filters, **more):
        expression = {"Filters": [{"Name": n, "Operator": o, "Value": v} for n, o, v in filters]}
        return [r[resource] for r in client.search(Resource=resource, SearchExpression=expression, **more)["Results"]]

    found, = search("Pipeline", ("Tags.team", "Equals", name))
    assert found["PipelineName"] == name and found["PipelineStatus"] == "Active"
    assert [f["PipelineName"] for f in search("Pipeline", ("PipelineName", "Contains", name))] == [name]
    found, = search("PipelineExecution", ("PipelineArn", "Equals", found["PipelineArn"]),
                    ("PipelineExecutionStatus", "Equals", "Failed"))
    assert found["PipelineExecutionArn"] == bad.arn
    assert {"Name": "Word", "Value": "bad"} in found["PipelineParameters"]
    both = search("PipelineExecution", ("PipelineArn", "Equals", found["PipelineArn"]), SortBy="CreationTime", SortOrder="Ascending")
    assert [f["PipelineExecutionArn"] for f in both] == [good.arn, bad.arn]
