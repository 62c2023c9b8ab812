"""The main job: `trainyard run` on the examples, in a terminal and outside one, twice, and where it fails."""

import json
import os
import pty
import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT, Yard, clean_environment


def run(project, directory, *options):
    return subprocess.run([BINARY, "run", str(project), "--data-dir", str(directory / "data"), *options],
                          capture_output=True, text=True, timeout=600, env=clean_environment())


@pytest.mark.parametrize("example", ["iris-swift", "iris"])
def test_an_example_trains_evaluates_and_creates_the_model(tmp_path, example):
    first = run(ROOT / "Examples" / example, tmp_path)
    assert first.returncode == 0, first.stderr
    for state in ("Ingest", "Preprocess", "Train", "Evaluate", "AccurateEnough", "CreateModel", "Register", "Approve",
                  "CreateEndpoint", "Smoke", "Deployed"):
        assert state in first.stderr
    assert "accuracy" in first.stdout and "confusion matrix" in first.stdout
    second = run(ROOT / "Examples" / example, tmp_path)
    assert second.returncode == 0, second.stderr

    yard = Yard(tmp_path)
    try:
        models = yard.client("sagemaker").list_models()["Models"]
        assert len(models) == 2
        model = next(line.split()[-1] for line in first.stdout.splitlines() if "model.tar.gz" in line)
        yard.aws("s3", "cp", model, tmp_path / "model.tar.gz")
        jobs = yard.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        assert [job["TrainingJobStatus"] for job in jobs] == ["Completed", "Completed"]
        bucket = model.split("/")[2]
        keys = [o["Key"] for o in yard.client("s3").list_objects_v2(Bucket=bucket, Prefix="runs/")["Contents"]]
        assert sum(key.endswith("train_data.csv") for key in keys) == 2
        if example == "iris-swift":
            assert sum(key.endswith(("confusion_matrix.svg", "roc_curve.svg")) for key in keys) == 4
        sagemaker = yard.client("sagemaker")
        packages = sagemaker.list_model_packages(ModelPackageGroupName=example)["ModelPackageSummaryList"]
        assert [package["ModelApprovalStatus"] for package in packages] == ["Approved", "Approved"]
        # The second run gave its model to the endpoint of the first, which serves it after a restart too.
        endpoint = sagemaker.describe_endpoint(EndpointName=example)
        assert endpoint["EndpointStatus"] == "InService"
        body = yard.client("s3").get_object(Bucket=bucket, Key=next(k for k in keys if k.endswith("test_data.csv")))["Body"]
        row = body.read().decode().splitlines()[0].split(",")
        answer = yard.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=example, ContentType="text/csv", Accept="application/json", Body=",".join(row[1:]))
        assert json.loads(answer["Body"].read())["predictions"][0]["predicted_label"] == int(row[0])
    finally:
        yard.stop()


def test_the_pipeline_written_with_the_sdk_runs_and_takes_former_results(tmp_path):
    first = run(ROOT / "Examples/iris-pipeline", tmp_path)
    assert first.returncode == 0, first.stderr
    assert "accuracy" in first.stdout and "model.tar.gz" in first.stdout
    second = run(ROOT / "Examples/iris-pipeline", tmp_path)
    assert second.returncode == 0, second.stderr
    lines = {line.split()[1]: line for line in second.stderr.splitlines() if "✓" in line}
    assert "taken from execution" in lines["Train"] and "taken from execution" not in lines["Evaluate"]
    values = parameters(tmp_path) | {"MinimumAccuracy": "1.01"}
    refused = run(ROOT / "Examples/iris-pipeline", tmp_path, "--input", json.dumps(values))
    assert refused.returncode == 1
    assert "The accuracy on the test data is below 1.01" in refused.stderr


def parameters(tmp_path):
    """The parameters of the pipeline's last execution."""
    yard = Yard(tmp_path)
    try:
        sagemaker = yard.client("sagemaker")
        last = sagemaker.list_pipeline_executions(PipelineName="iris-pipeline")["PipelineExecutionSummaries"][0]
        values = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=last["PipelineExecutionArn"])
        return {value["Name"]: value["Value"] for value in values["PipelineParameters"]}
    finally:
        yard.stop()


def test_a_terminal_sees_the_states_drawn_live(tmp_path):
    parent, child = pty.openpty()
    process = subprocess.Popen([BINARY, "run", str(ROOT / "Examples/iris-swift"), "--data-dir", str(tmp_path / "data")],
                               stdin=child, stdout=child, stderr=child, env=dict(clean_environment(), TERM="xterm-256color"))
    os.close(child)
    drawn = b""
    try:
        while chunk := os.read(parent, 65536):
            drawn += chunk
    except OSError:
        pass
    assert process.wait() == 0
    assert b"\x1b[2K" in drawn and "✓".encode() in drawn and b"CreateModel" in drawn


def test_a_model_that_is_not_accurate_enough_is_not_created(tmp_path):
    answer = run(ROOT / "Examples/iris-swift", tmp_path, "--parameter", "MinimumAccuracy=1.01")
    assert answer.returncode == 1
    assert "AccuracyTooLow" in answer.stderr and "below 1.01" in answer.stderr


def test_a_failed_step_shows_its_cause(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(ROOT / "Examples/iris-swift", project)
    (project / "data/iris.data").write_text("5.1,3.5,1.4,0.2,Iris-setosa\n5.1,3.5\n")
    answer = run(project, tmp_path)
    assert answer.returncode == 1 and "line 2" in answer.stderr, answer.stderr


@pytest.mark.parametrize("break_it, said", [
    (lambda p: (p / "template.yaml").unlink(), "template.yaml"),
    (lambda p: (p / "template.yaml").write_text("Resources: [\n"), "template.yaml"),
    (lambda p: (p / "pipeline.asl.json").unlink(), "pipeline.asl.json"),
    (lambda p: (p / "pipeline.asl.json").write_text('{"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}'), "StartAt"),
])
def test_a_broken_project_is_refused_with_the_place(tmp_path, break_it, said):
    project = tmp_path / "project"
    shutil.copytree(ROOT / "Examples/iris-swift", project)
    break_it(project)
    answer = run(project, tmp_path)
    assert answer.returncode != 0 and said in answer.stderr and "Fatal" not in answer.stderr, answer.stderr
