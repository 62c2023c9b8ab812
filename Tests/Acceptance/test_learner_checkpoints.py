"""The built-in algorithm goes on from its checkpoint to the model that it would have come to anyway."""

import random

from conftest import wait_for
from test_jobs import Jobs

# Mini-batches take their time, and each step depends on all that were before it.
SLOW = {"predictor_type": "binary_classifier", "optimizer": "adam", "mini_batch_size": "20", "epochs": "40",
        "early_stopping_patience": "40", "wd": "0.0001"}


def table(count):
    chance, rows = random.Random(1), []
    for _ in range(count):
        x, y, z = (chance.gauss(0, 1) for _ in range(3))
        rows.append(f"{int(x - 2 * y + chance.gauss(0, 1) > 0)},{x:.4f},{y:.4f},{z:.4f}\n")
    return "".join(rows)


def artefact(jobs, name):
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{jobs.bucket}/")
    return jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read()


def resumptions(yard, name):
    return yard.client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/",
                                                 filterPattern="Resuming")["events"]


def test_a_training_goes_on_from_its_checkpoint_after_the_yard_is_killed(own_yard):
    jobs, count = Jobs(own_yard, "learner"), 12_000
    while True:
        name = f"killed-{count}"
        jobs.training(name, table(count), SLOW, key="rows.csv", CheckpointConfig={"S3Uri": f"s3://learner/{name}"})
        wait_for(lambda: jobs.s3.list_objects_v2(Bucket="learner", Prefix=f"{name}/").get("Contents"))
        own_yard.restart()
        jobs.client, jobs.s3 = own_yard.client("sagemaker"), own_yard.client("s3")
        model = artefact(jobs, name)
        if resumptions(own_yard, name):
            break
        # So fast a machine had done it all before the kill.
        count *= 5
        assert count < 10_000_000
    jobs.training("whole", None, SLOW, key="rows.csv")
    assert artefact(jobs, "whole") == model
    assert not resumptions(own_yard, "whole")
