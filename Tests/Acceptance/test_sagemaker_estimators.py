"""The SageMaker Python SDK's estimators, processors and models beyond the first steps, against the yard."""

import json
import zipfile

import pytest

from conftest import ACCOUNT, ROLE, wait_for
from models import ADDING, archive
from test_sagemaker_sdk import learner, rows, sagemaker, session, upload  # noqa: F401 (fixtures)

from sagemaker.sklearn.estimator import SKLearn  # noqa: E402 (the SDK may not be there)

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/any:1"


def fit(estimator, *inputs, **more):
    """Fits without the SDK's pauses of many seconds between two looks."""
    estimator.fit(*inputs, wait=False, **more)
    describe = estimator.sagemaker_session.sagemaker_client.describe_training_job
    wait_for(lambda: describe(TrainingJobName=estimator.latest_training_job.name)["TrainingJobStatus"] != "InProgress")
    estimator.latest_training_job.wait(logs=False)


def deploy(model, session, name, *count, **more):  # noqa: F811
    """Deploys without such pauses."""
    predictor = model.deploy(*count, endpoint_name=name, wait=False, **more)
    describe = session.sagemaker_client.describe_endpoint
    wait_for(lambda: describe(EndpointName=name)["EndpointStatus"] == "InService")
    return predictor


def wheel(directory):
    """A package that no registry has."""
    name = "yardpackage-1.0-py3-none-any.whl"
    with zipfile.ZipFile(directory / name, "w") as file:
        file.writestr("yardpackage.py", "ANSWER = 42\n")
        file.writestr("yardpackage-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: yardpackage\nVersion: 1.0\n")
        file.writestr("yardpackage-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("yardpackage-1.0.dist-info/RECORD", "")
    return name


@pytest.fixture
def source(tmp_path):
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "requirements.txt").write_text(f"./{wheel(directory)}\n")
    (directory / "train.py").write_text(
        "import argparse, os, yardpackage\nparser = argparse.ArgumentParser()\nparser.add_argument('--factor', type=int)\n"
        "with open(os.environ['SM_MODEL_DIR'] + '/answer', 'w') as file:\n"
        "    file.write(str(parser.parse_args().factor * yardpackage.ANSWER))\n")
    return directory


def script_estimator(session, source, **more):  # noqa: F811
    return sagemaker.estimator.Estimator(
        IMAGE, ROLE, 1, "ml.m5.large", sagemaker_session=session, source_dir=str(source), entry_point="train.py",
        hyperparameters={"factor": 2}, output_path=f"s3://{session.default_bucket()}/models", **more)


def test_a_script_gets_what_its_requirements_name(session, source):  # noqa: F811
    estimator = script_estimator(session, source)
    fit(estimator)
    assert estimator.model_data.endswith("model.tar.gz")
    with pytest.raises(ImportError):
        __import__("yardpackage")  # The machine's own packages are as they were.


def test_requirements_that_cannot_be_had_fail_the_job_as_on_aws(session, source):  # noqa: F811
    (source / "requirements.txt").write_text("./none-1.0-py3-none-any.whl\n")
    estimator = script_estimator(session, source)
    with pytest.raises(sagemaker.exceptions.UnexpectedStatusException) as failed:
        fit(estimator)
    assert "AlgorithmError: InstallRequirementsError" in str(failed.value) and "exit code: 1" in str(failed.value)


def test_a_framework_processor_runs_a_directory(session, source):  # noqa: F811
    (source / "step.py").write_text(
        "import sys, yardpackage\nopen('/opt/ml/processing/output/n', 'w').write(sys.argv[1] + str(yardpackage.ANSWER))\n")
    processor = sagemaker.processing.FrameworkProcessor(
        SKLearn, "1.2-1", ROLE, 1, "ml.m5.large", sagemaker_session=session, image_uri=IMAGE)
    bucket = session.default_bucket()
    processor.run("step.py", source_dir=str(source), arguments=["n="], outputs=[sagemaker.processing.ProcessingOutput(
        source="/opt/ml/processing/output", destination=f"s3://{bucket}/out")])
    assert session.read_s3_file(bucket, "out/n") == "n=42"


def test_the_first_party_linear_learner_takes_records(session, rows, name):  # noqa: F811
    import numpy
    features = numpy.array([[float(cell) for cell in row[1:]] for row in rows], dtype="float32")
    labels = numpy.array([float(row[0]) for row in rows], dtype="float32")
    estimator = sagemaker.LinearLearner(
        ROLE, 1, "ml.m5.large", predictor_type="multiclass_classifier", num_classes=3, sagemaker_session=session,
        data_location=f"s3://{session.default_bucket()}/records")
    fit(estimator, estimator.record_set(features, labels), mini_batch_size=30)
    predictor = deploy(estimator, session, name, 1, "ml.m5.large")
    answers = predictor.predict(features)
    right = sum(answer.label["predicted_label"].float32_tensor.values[0] == label
                for answer, label in zip(answers, labels))
    assert right / len(labels) > 0.9
    predictor.delete_endpoint()


def adding_model(session):  # noqa: F811
    bucket = session.default_bucket()
    session.boto_session.client("s3").put_object(
        Bucket=bucket, Key="model.tar.gz", Body=archive({"code/inference.py": ADDING.replace("{add}", "5")}))
    return sagemaker.model.Model(
        IMAGE, f"s3://{bucket}/model.tar.gz", ROLE, sagemaker_session=session, predictor_cls=sagemaker.predictor.Predictor,
        env={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"})


JSON = dict(serializer=sagemaker.serializers.JSONSerializer(), deserializer=sagemaker.deserializers.JSONDeserializer())


def test_a_model_is_served_without_servers_of_ones_own(session, name):  # noqa: F811
    from sagemaker.serverless import ServerlessInferenceConfig
    predictor = deploy(
        adding_model(session), session, name, serverless_inference_config=ServerlessInferenceConfig(2048, 2), **JSON)
    assert predictor.predict([1]) == [6]
    predictor.delete_endpoint()


def test_a_model_answers_later(session, name):  # noqa: F811
    from sagemaker.async_inference import AsyncInferenceConfig, WaiterConfig
    predictor = deploy(
        adding_model(session), session, name, 1, "ml.m5.large", async_inference_config=AsyncInferenceConfig(
            f"s3://{session.default_bucket()}/answers", max_concurrent_invocations_per_instance=1), **JSON)
    later = predictor.predict_async([1], input_path=f"s3://{session.default_bucket()}/in.json")
    assert later.get_result(WaiterConfig(60, 1)) == [6]
    predictor.delete_endpoint()


def test_a_registered_model_is_approved_and_deployed(session, rows, tmp_path, name):  # noqa: F811
    estimator = learner(session, f"s3://{session.default_bucket()}/models")
    fit(estimator, {"train": sagemaker.inputs.TrainingInput(upload(session, rows, tmp_path), content_type="text/csv")})
    session.sagemaker_client.create_model_package_group(ModelPackageGroupName=name)
    package = estimator.register(
        content_types=["text/csv"], response_types=["application/json"], inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"], model_package_group_name=name, approval_status="Approved")
    model = sagemaker.ModelPackage(ROLE, model_package_arn=package.model_package_arn, sagemaker_session=session,
                                   predictor_cls=sagemaker.predictor.Predictor)
    predictor = deploy(model, session, name, 1, "ml.m5.large", serializer=sagemaker.serializers.CSVSerializer())
    assert "predicted_label" in json.loads(predictor.predict([rows[0][1:]]))["predictions"][0]
    predictor.delete_endpoint()


def test_a_training_jobs_metrics_are_a_frame(session, rows, tmp_path):  # noqa: F811
    estimator = learner(session, f"s3://{session.default_bucket()}/models", max_run=600)
    fit(estimator, {"train": sagemaker.inputs.TrainingInput(upload(session, rows, tmp_path), content_type="text/csv")})
    frame = estimator.training_job_analytics.dataframe()
    assert set(frame.columns) == {"timestamp", "metric_name", "value"}
    assert "train:objective_loss" in set(frame["metric_name"])
