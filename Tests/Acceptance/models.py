"""Models to serve: archives made in memory, and the calls that deploy them."""

import io
import tarfile

from conftest import ROLE, wait_for

LINEAR_LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ADDING = """
import json

def model_fn(directory):
    return {add}

def input_fn(body, content_type):
    return json.loads(body)

def predict_fn(numbers, add):
    return [number + add for number in numbers]

def output_fn(numbers, accept):
    return json.dumps(numbers), "application/json"
"""


def archive(files):
    """A model.tar.gz. files: name to text."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content.encode())
            tar.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def put_program(yard, name, program):
    """Puts a model with a Python program into a bucket of its name; answers a container definition."""
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=archive({"code/inference.py": program}))
    return {"Image": "example/serve:1", "ModelDataUrl": f"s3://{name}/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}}


def train_linear(yard, name):
    """Trains y = 2 a + b by the built-in learner; answers a container definition."""
    s3, sagemaker = yard.client("s3"), yard.client("sagemaker")
    s3.create_bucket(Bucket=name)
    rows = [f"{2 * (n % 20) + n % 7},{n % 20},{n % 7}" for n in range(200)]
    s3.put_object(Bucket=name, Key="train/data.csv", Body="\n".join(rows))
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE, HyperParameters={"predictor_type": "regressor", "mini_batch_size": "20"},
        AlgorithmSpecification={"TrainingImage": LINEAR_LEARNER, "TrainingInputMode": "File"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv",
                          "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name}/train"}}}],
        OutputDataConfig={"S3OutputPath": f"s3://{name}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600})
    job = wait_for(lambda: ended(sagemaker, name))
    assert job["TrainingJobStatus"] == "Completed", job
    return {"Image": LINEAR_LEARNER, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}


def ended(sagemaker, name):
    job = sagemaker.describe_training_job(TrainingJobName=name)
    return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None


def deploy(yard, name, container, **config):
    """Model, configuration and endpoint of one name; answers the endpoint's description once it has settled."""
    sagemaker = yard.client("sagemaker")
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(name)], **config)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return settled(yard, name)


def variant(model, name="AllTraffic", weight=1.0):
    return {"VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
            "InitialVariantWeight": weight}


def settled(yard, name):
    sagemaker = yard.client("sagemaker")

    def look():
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None
    return wait_for(look)
