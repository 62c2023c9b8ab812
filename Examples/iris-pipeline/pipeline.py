"""Iris as a SageMaker Pipeline, written with the SageMaker Python SDK (`pip install 'sagemaker<3'`).

    python pipeline.py              make or update the pipeline, run it, follow it (AWS_ENDPOINT_URL: against a yard)
    python pipeline.py --template   write the definition into template.yaml, for `trainyard run` and CloudFormation
"""

import argparse
import json
import re
import time
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

HERE = Path(__file__).parent


def make(session):
    """The pipeline. Everything that differs between accounts is a parameter."""
    bucket = ParameterString("Bucket")
    role = ParameterString("Role")
    steps_image = ParameterString("StepsImage")
    learner_image = ParameterString("LearnerImage")
    group = ParameterString("ModelPackageGroup", default_value="iris-pipeline")
    minimum = ParameterFloat("MinimumAccuracy", default_value=0.9)
    cache = CacheConfig(enable_caching=True, expire_after="P30D")

    def place(*path):
        return Join(on="/", values=["s3:/", bucket, "runs", ExecutionVariables.PIPELINE_EXECUTION_ID, *path])

    def processor(step):
        return Processor(role=role, image_uri=steps_image, instance_count=1, instance_type="ml.t3.medium",
                         volume_size_in_gb=5, max_runtime_in_seconds=600, sagemaker_session=session,
                         entrypoint=["trainyard", "step", step])

    preprocess = ProcessingStep("Preprocess", cache_config=cache, step_args=processor("preprocess").run(
        inputs=[ProcessingInput(Join(on="/", values=["s3:/", bucket, "raw/iris.data"]), "/opt/ml/processing/input",
                                input_name="raw")],
        outputs=[ProcessingOutput(source="/opt/ml/processing/output", destination=place("data"), output_name="data")],
        arguments=["--input-data", "/opt/ml/processing/input/iris.data", "--output-data", "/opt/ml/processing/output",
                   "--columns", "sepal_length,sepal_width,petal_length,petal_width,species",
                   "--label-column", "species", "--label-position", "first", "--test-size", "0.2", "--random-state", "42"]))
    data = preprocess.properties.ProcessingOutputConfig.Outputs["data"].S3Output.S3Uri

    estimator = Estimator(learner_image, role=role, instance_count=1, instance_type="ml.m5.large", volume_size=5,
                          max_run=3600, output_path=place("models"), sagemaker_session=session,
                          # Both would write under the execution's own prefix, and so no run could take another's result.
                          debugger_hook_config=False, disable_profiler=True,
                          hyperparameters={"predictor_type": "multiclass_classifier", "num_classes": 3,
                                           "mini_batch_size": 30})
    train = TrainingStep("Train", cache_config=cache, step_args=estimator.fit(
        {"train": TrainingInput(Join(on="/", values=[data, "train/"]), content_type="text/csv")}))
    artifact = train.properties.ModelArtifacts.S3ModelArtifacts

    report = PropertyFile("Report", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep("Evaluate", property_files=[report], step_args=processor("evaluate").run(
        inputs=[ProcessingInput(artifact, "/opt/ml/processing/model", input_name="model"),
                ProcessingInput(Join(on="/", values=[data, "test/test_data.csv"]), "/opt/ml/processing/test",
                                input_name="test")],
        outputs=[ProcessingOutput(source="/opt/ml/processing/output", destination=place("evaluation"),
                                  output_name="evaluation")],
        arguments=["--model", "/opt/ml/processing/model/model.tar.gz", "--test", "/opt/ml/processing/test/test_data.csv",
                   "--output", "/opt/ml/processing/output/evaluation.json"]))

    model = Model(learner_image, model_data=artifact, role=role, sagemaker_session=session)
    register = ModelStep("Register", step_args=model.register(
        content_types=["text/csv"], response_types=["application/json"], inference_instances=["ml.t2.medium"],
        transform_instances=["ml.m5.large"], model_package_group_name=group, approval_status="Approved",
        model_metrics=ModelMetrics(model_statistics=MetricsSource(
            "application/json", place("evaluation", "evaluation.json")))))
    refuse = FailStep("NotAccurateEnough", error_message=Join(
        on=" ", values=["The accuracy on the test data is below", minimum]))
    gate = ConditionStep("AccurateEnough", if_steps=[register], else_steps=[refuse], conditions=[
        ConditionGreaterThanOrEqualTo(JsonGet(step_name=evaluate.name, property_file=report,
                                              json_path="multiclass_classification_metrics.accuracy.value"), minimum)])

    return Pipeline("iris-pipeline", parameters=[bucket, role, steps_image, learner_image, group, minimum],
                    steps=[preprocess, train, evaluate, gate], sagemaker_session=session)


def write_template(pipeline):
    """Puts the definition between the two marks of template.yaml."""
    text = json.dumps(json.loads(pipeline.definition()), indent=2)
    lines = "\n".join(" " * 10 + line for line in text.splitlines())
    path = HERE / "template.yaml"
    path.write_text(re.sub(r"(# definition: begin\n.*?\|\n).*?(\n *# definition: end)",
                           lambda found: found[1] + lines + found[2], path.read_text(), flags=re.S))


def run(pipeline, arguments):
    session = pipeline.sagemaker_session
    bucket = session.default_bucket()
    session.upload_data(str(HERE / "data/iris.data"), bucket, "raw")
    pipeline.upsert(role_arn=arguments.role)
    execution = pipeline.start(parameters={
        "Bucket": bucket, "Role": arguments.role, "StepsImage": arguments.steps_image,
        "LearnerImage": sagemaker.image_uris.retrieve("linear-learner", session.boto_region_name)})
    print(execution.arn)
    shown = set()
    while True:
        status = execution.describe()["PipelineExecutionStatus"]
        for step in reversed(execution.list_steps()):
            line = f"{step['StepName']}: {step['StepStatus']}"
            if line not in shown:
                shown.add(line)
                print(line, step.get("FailureReason", ""), "(cached)" if "CacheHitResult" in step else "")
        if status not in ("Executing", "Stopping"):
            print(status)
            return status == "Succeeded"
        time.sleep(0.1 if "127.0.0.1" in session.sagemaker_client.meta.endpoint_url else 5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--template", action="store_true")
    parser.add_argument("--role", default="arn:aws:iam::000000000000:role/iris-pipeline")
    parser.add_argument("--steps-image", default="000000000000.dkr.ecr.us-east-1.amazonaws.com/trainyard:latest")
    arguments = parser.parse_args()
    pipeline = make(PipelineSession(default_bucket="unused") if arguments.template else PipelineSession())
    if arguments.template:
        write_template(pipeline)
    elif not run(pipeline, arguments):
        raise SystemExit(1)
