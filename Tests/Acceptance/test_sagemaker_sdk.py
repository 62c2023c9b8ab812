"""The SageMaker Python SDK, unchanged, against the yard: what people write in notebooks."""

import importlib.util
import json
import time

import boto3
import pytest

from conftest import ACCOUNT, ROLE, ROOT

sagemaker = pytest.importorskip("sagemaker", reason="needs the SageMaker Python SDK, version 2")

IRIS = ROOT / "Examples/iris-pipeline"


@pytest.fixture
def session(yard, name, monkeypatch, tmp_path):
    """A session of the SDK on the yard, as a notebook has it: everything comes from the environment."""
    for key, value in yard.environment().items():
        if key.startswith("AWS_"):
            monkeypatch.setenv(key, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    return sagemaker.Session(boto3.Session(region_name="us-east-1"), default_bucket=name)


@pytest.fixture(scope="module")
def rows():
    """The iris data as linear-learner reads it: the class first."""
    lines = [line.split(",") for line in (IRIS / "data/iris.data").read_text().split()]
    kinds = sorted({line[4] for line in lines})
    return [[str(kinds.index(line[4])), *line[:4]] for line in lines]


def learner(session, output, **more):
    image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
    return sagemaker.estimator.Estimator(
        image, ROLE, 1, "ml.m5.large", output_path=output, sagemaker_session=session,
        hyperparameters={"predictor_type": "multiclass_classifier", "num_classes": 3, "mini_batch_size": 30}, **more)


def upload(session, rows, tmp_path):
    file = tmp_path / "train.csv"
    file.write_text("\n".join(",".join(row) for row in rows))
    return session.upload_data(str(file), key_prefix="train")


def test_an_estimator_fits_deploys_and_predicts(session, rows, tmp_path, name, capsys):
    data = upload(session, rows, tmp_path)
    estimator = learner(session, f"s3://{session.default_bucket()}/models")
    estimator.fit({"train": sagemaker.inputs.TrainingInput(data, content_type="text/csv")})
    assert "Training job completed" in capsys.readouterr().out or estimator.model_data.endswith("model.tar.gz")
    predictor = estimator.deploy(1, "ml.m5.large", endpoint_name=name,
                                 serializer=sagemaker.serializers.CSVSerializer(),
                                 deserializer=sagemaker.deserializers.JSONDeserializer())
    predictions = predictor.predict([row[1:] for row in rows])["predictions"]
    right = sum(int(p["predicted_label"]) == int(row[0]) for p, row in zip(predictions, rows))
    assert len(predictions) == len(rows) and right / len(rows) > 0.9
    predictor.delete_endpoint()


def test_a_processor_runs_a_script(session, tmp_path):
    script = tmp_path / "double.py"
    script.write_text("import sys\nfrom pathlib import Path\nnumber = int(Path('/opt/ml/processing/in/n.txt').read_text())\n"
                      "Path('/opt/ml/processing/out/n.txt').write_text(str(number * int(sys.argv[1])))\n")
    (tmp_path / "n.txt").write_text("21")
    source = session.upload_data(str(tmp_path / "n.txt"), key_prefix="in")
    processor = sagemaker.processing.ScriptProcessor(
        image_uri=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/python:3", command=["python3"], role=ROLE, instance_count=1,
        instance_type="ml.t3.medium", sagemaker_session=session)
    bucket = session.default_bucket()
    processor.run(str(script), arguments=["2"], inputs=[
        sagemaker.processing.ProcessingInput(source, "/opt/ml/processing/in")], outputs=[
        sagemaker.processing.ProcessingOutput(source="/opt/ml/processing/out", destination=f"s3://{bucket}/out")])
    assert session.read_s3_file(bucket, "out/n.txt") == "42"


def load_pipeline():
    specification = importlib.util.spec_from_file_location("iris_pipeline", IRIS / "pipeline.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def pipeline(session, name):
    from sagemaker.workflow.pipeline_context import PipelineSession
    pipeline = load_pipeline().make(PipelineSession(boto3.Session(region_name="us-east-1"), default_bucket=name))
    pipeline.name = name
    return pipeline


def start(pipeline, name, **more):
    execution = pipeline.start(parameters={
        "Bucket": name, "Role": ROLE, "StepsImage": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/trainyard:latest",
        "LearnerImage": sagemaker.image_uris.retrieve("linear-learner", "us-east-1"), "ModelPackageGroup": name}, **more)
    deadline = time.monotonic() + 120
    while execution.describe()["PipelineExecutionStatus"] == "Executing":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return execution


def test_a_pipeline_is_made_run_cached_and_run_in_part(session, pipeline, name):
    session.upload_data(str(IRIS / "data/iris.data"), session.default_bucket(), "raw")
    pipeline.upsert(role_arn=ROLE)
    first = start(pipeline, name)
    steps = {step["StepName"]: step for step in first.list_steps()}
    assert first.describe()["PipelineExecutionStatus"] == "Succeeded", steps
    package = steps["Register-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"]
    described = session.sagemaker_client.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "Approved" and described["ModelMetrics"]["ModelQuality"]

    pipeline.upsert(role_arn=ROLE)
    second = start(pipeline, name)
    steps = {step["StepName"]: step for step in second.list_steps()}
    assert steps["Train"]["CacheHitResult"]["SourcePipelineExecutionArn"] == first.arn
    assert "CacheHitResult" not in steps["Evaluate"]

    from sagemaker.workflow.selective_execution_config import SelectiveExecutionConfig
    part = start(pipeline, name, selective_execution_config=SelectiveExecutionConfig(
        selected_steps=["Evaluate"], source_pipeline_execution_arn=first.arn))
    steps = {step["StepName"]: step for step in part.list_steps()}
    assert steps["Train"]["SelectiveExecutionResult"]["SourcePipelineExecutionArn"] == first.arn
    assert steps["Evaluate"]["StepStatus"] == "Succeeded" and "AccurateEnough" not in steps
    pipeline.delete()


def test_the_template_has_the_definition_that_the_script_makes(pipeline):
    text = (IRIS / "template.yaml").read_text()
    written = text.split("PipelineDefinitionBody: |\n")[1].split("# definition: end")[0]
    assert json.loads(written) == json.loads(pipeline.definition())


def test_a_run_of_an_experiment_is_logged(session, name):
    from sagemaker.experiments.run import Run
    with Run(experiment_name=name, run_name="first", sagemaker_session=session) as run:
        run.log_parameter("epochs", 5)
        for step in range(3):
            run.log_metric("loss", 1 / (step + 1), step=step)
    client = session.sagemaker_client
    components = client.list_trial_components(ExperimentName=name)["TrialComponentSummaries"]
    assert len(components) == 1
    described = client.describe_trial_component(TrialComponentName=components[0]["TrialComponentName"])
    assert described["Parameters"]["epochs"] == {"NumberValue": 5.0}
    loss = next(metric for metric in described["Metrics"] if metric["MetricName"] == "loss")
    assert loss["Count"] == 3 and loss["Max"] == 1 and described["Status"]["PrimaryStatus"] == "Completed"
