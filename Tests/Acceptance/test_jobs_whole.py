"""SageMaker jobs beyond one program: several hosts, pipes, batch transform, tuning; and what a killed yard does to each."""

import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE, wait_for

LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ANY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/any:1"


class Jobs:
    """What these tests ask of SageMaker, on a bucket of their own."""

    def __init__(self, yard, bucket):
        self.yard, self.bucket, self.client, self.s3 = yard, bucket, yard.client("sagemaker"), yard.client("s3")
        self.s3.create_bucket(Bucket=bucket)

    def reconnect(self):
        self.client, self.s3 = self.yard.client("sagemaker"), self.yard.client("s3")

    def put(self, key, body):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def text(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix=""):
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    def model(self, name):
        body = self.s3.get_object(Bucket=self.bucket, Key=f"models/{name}/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {m.name.removeprefix("./"): archive.extractfile(m).read().decode(errors="replace")
                    for m in archive if m.isfile()}

    def definition(self, script=None, count=1, channels=(), metrics=(), **more):
        """The part of a training job that tuning has as well."""
        algorithm = {"TrainingImage": ANY if script else LEARNER, "TrainingInputMode": "File"}
        if script:
            algorithm["ContainerEntrypoint"] = ["sh", "-c", script]
        if metrics:
            algorithm["MetricDefinitions"] = [{"Name": n, "Regex": r} for n, r in metrics]
        request = dict(
            RoleArn=ROLE, AlgorithmSpecification=algorithm,
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/models"},
            ResourceConfig={"InstanceCount": count, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600})
        if channels:
            request["InputDataConfig"] = list(channels)
        return {**request, **more}

    def channel(self, name, key, distribution="FullyReplicated", **more):
        return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{key}", "S3DataDistributionType": distribution}}, **more}

    def train(self, name, script=None, **more):
        self.client.create_training_job(TrainingJobName=name, HyperParameters=more.pop("parameters", {}),
                                        **self.definition(script, **more))

    def learner(self, name):
        self.put("train.csv", "".join(f"{i % 2},{i % 2 * 4 + i % 7 / 10},{i % 5}\n" for i in range(80)))
        self.train(name, channels=[self.channel("train", "train.csv")],
                   parameters={"predictor_type": "binary_classifier", "mini_batch_size": "10"})
        assert self.trained(name)["TrainingJobStatus"] == "Completed"
        self.client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": LEARNER, "ModelDataUrl": f"s3://{self.bucket}/models/{name}/output/model.tar.gz"})

    def transform(self, name, model, **more):
        self.client.create_transform_job(**{**dict(
            TransformJobName=name, ModelName=model,
            TransformInput={"ContentType": "text/csv", "SplitType": "Line", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/in/"}}},
            TransformOutput={"S3OutputPath": f"s3://{self.bucket}/out", "Accept": "application/jsonlines", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1}), **more})

    def tune(self, name, script="echo loss=$SM_HP_X; echo $SM_HP_X > /opt/ml/model/x", trials=4, parallel=2):
        """Tunes a script that is handed over as the SDK does it: the API takes no entry point for tuned training jobs."""
        source = io.BytesIO()
        with tarfile.open(fileobj=source, mode="w:gz") as archive:
            member = tarfile.TarInfo("train.sh")
            member.size = len(script)
            archive.addfile(member, io.BytesIO(script.encode()))
        self.put("code/source.tar.gz", source.getvalue())
        definition = self.definition(metrics=[("loss", "loss=([0-9.e-]+)")])
        definition["AlgorithmSpecification"]["TrainingImage"] = ANY
        self.client.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig={
                "Strategy": "Random", "RandomSeed": 1,
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": parallel},
                "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}},
            TrainingJobDefinition={**definition, "StaticHyperParameters": {
                "sagemaker_program": "train.sh", "sagemaker_submit_directory": f"s3://{self.bucket}/code/source.tar.gz"}})

    def ended(self, describe, status):
        return wait_for(lambda: (d := describe())[status] not in ("InProgress", "Stopping") and d, 120)

    def trained(self, name):
        return self.ended(lambda: self.client.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    def transformed(self, name):
        return self.ended(lambda: self.client.describe_transform_job(TransformJobName=name), "TransformJobStatus")

    def tuned(self, name):
        return self.ended(lambda: self.client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
                          "HyperParameterTuningJobStatus")


@pytest.fixture
def jobs(yard, name):
    return Jobs(yard, name)


@pytest.fixture
def own_jobs(own_yard, name):
    return Jobs(own_yard, name)


def test_hosts_share_the_data_and_leave_one_model(jobs, name):
    for i in range(5):
        jobs.put(f"in/{i}", "x")
    jobs.train(name, "getent hosts algo-2 >/dev/null && ls /opt/ml/input/data/train | tr -d '\\n' > /opt/ml/model/$SM_CURRENT_HOST",
               count=2, channels=[jobs.channel("train", "in/", "ShardedByS3Key")])
    job = jobs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert jobs.model(name) == {"algo-1": "024", "algo-2": "13"}
    logs = jobs.yard.client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name + "/")
    assert len(streams["logStreams"]) == 2


def test_a_pipe_gives_the_channel_once_an_epoch(jobs, name):
    jobs.put("in/1", "one\n")
    jobs.put("in/2", "two\n")
    jobs.train(name, "cd /opt/ml/input/data; cat train_0 train_1 > /opt/ml/model/all",
               channels=[jobs.channel("train", "in/", InputMode="Pipe")])
    assert jobs.trained(name)["TrainingJobStatus"] == "Completed"
    assert jobs.model(name)["all"] == "one\ntwo\none\ntwo\n"


def test_transform_writes_a_result_for_each_object(jobs, name):
    jobs.learner(name)
    jobs.put("in/a.csv", "7,4.2,1\n8,0.1,2\n")
    jobs.put("in/sub/b.csv", "9,4.4,1\n")
    jobs.transform(name, name, MaxConcurrentTransforms=4, BatchStrategy="SingleRecord",
                   DataProcessing={"InputFilter": "$[1:]"})
    job = jobs.transformed(name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    labels = [json.loads(line)["predicted_label"] for line in jobs.text("out/a.csv.out").splitlines()]
    assert labels == [1, 0]
    assert json.loads(jobs.text("out/sub/b.csv.out"))["predicted_label"] == 1
    summary = jobs.client.list_transform_jobs(NameContains=name)["TransformJobSummaries"][0]
    assert summary["TransformJobStatus"] == "Completed" and "TransformEndTime" in summary


def test_tuning_finds_the_best_of_its_training_jobs(jobs, name):
    name = name[-30:].strip("-")
    jobs.tune(name, trials=5)
    job = jobs.tuned(name)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 5
    trials = jobs.client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, SortBy="FinalObjectiveMetricValue")["TrainingJobSummaries"]
    assert trials[0]["TrainingJobName"] == job["BestTrainingJob"]["TrainingJobName"]
    training = jobs.client.describe_training_job(TrainingJobName=trials[0]["TrainingJobName"])
    assert training["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert training["HyperParameters"]["_tuning_objective_metric"] == "loss"


def test_linear_learner_is_tuned_by_its_own_metric(jobs, name):
    name = name[-30:].strip("-")
    rows = "".join(f"{i % 2},{i % 2 * 4 + i % 7 / 10},{i % 5}\n" for i in range(80))
    jobs.put("train.csv", rows)
    jobs.put("validation.csv", rows)
    definition = jobs.definition(channels=[jobs.channel("train", "train.csv"), jobs.channel("validation", "validation.csv")])
    jobs.client.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Bayesian", "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:objective_loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"ContinuousParameterRanges": [
                {"Name": "wd", "MinValue": "1e-7", "MaxValue": "1", "ScalingType": "Logarithmic"}]}},
        TrainingJobDefinition={**definition, "StaticHyperParameters": {"predictor_type": "binary_classifier", "mini_batch_size": "10"}})
    job = jobs.tuned(name)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] == "validation:objective_loss"
    assert len(job["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]) == 41


def test_deleted_jobs_are_gone_and_their_names_free(jobs, name):
    jobs.train(name, "true")
    jobs.trained(name)
    jobs.client.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError):
        jobs.client.describe_training_job(TrainingJobName=name)
    jobs.train(name, "true")
    assert jobs.trained(name)["TrainingJobStatus"] == "Completed"


def test_a_spot_job_goes_on_from_its_checkpoints_after_the_yard_is_killed(own_jobs, name):
    script = ("if [ -f /opt/ml/checkpoints/half ]; then cp /opt/ml/checkpoints/half /opt/ml/model/half; exit 0; fi; "
              "echo done > /opt/ml/checkpoints/half; sleep 600")
    own_jobs.train(name, script, CheckpointConfig={"S3Uri": f"s3://{own_jobs.bucket}/checkpoints"}, EnableManagedSpotTraining=True,
                   StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900})
    wait_for(lambda: own_jobs.keys("checkpoints/"))
    own_jobs.yard.restart()
    own_jobs.reconnect()
    job = own_jobs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert own_jobs.model(name) == {"half": "done\n"}
    assert "Interrupted" in [t["Status"] for t in job["SecondaryStatusTransitions"]]


def test_other_jobs_are_failed_with_the_reason_after_the_yard_is_killed(own_jobs, name):
    own_jobs.train(name, "echo partial > /opt/ml/model/weights; sleep 600", count=2)
    own_jobs.client.create_processing_job(
        ProcessingJobName=name, RoleArn=ROLE, AppSpecification={"ImageUri": ANY, "ContainerEntrypoint": ["sleep", "600"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}})
    wait_for(lambda: own_jobs.client.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training")
    wait_for(lambda: "ProcessingStartTime" in own_jobs.client.describe_processing_job(ProcessingJobName=name))
    own_jobs.yard.restart()
    own_jobs.reconnect()
    assert "yard stopped" in own_jobs.trained(name)["FailureReason"]
    assert own_jobs.keys("models/") == []
    processing = own_jobs.ended(lambda: own_jobs.client.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")
    assert processing["ProcessingJobStatus"] in ("Failed", "Completed", "Stopped")


def test_transform_and_tuning_go_on_after_the_yard_is_killed(own_jobs, name):
    tuning = name[-30:].strip("-")
    own_jobs.learner(name)
    rows = "".join(f"{i % 2 * 4},{i % 5}\n" for i in range(20000))
    for i in range(4):
        own_jobs.put(f"in/{i}.csv", rows)
    own_jobs.transform(name, name, BatchStrategy="SingleRecord")
    own_jobs.tune(tuning, "echo loss=$SM_HP_X; sleep 0.3", trials=6)
    wait_for(lambda: own_jobs.client.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning)["TrainingJobStatusCounters"]["Completed"] >= 1)
    own_jobs.yard.restart()
    own_jobs.reconnect()
    job = own_jobs.transformed(name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    for i in range(4):
        assert own_jobs.text(f"out/{i}.csv.out").count("\n") == 20000
    tuned = own_jobs.tuned(tuning)
    assert tuned["HyperParameterTuningJobStatus"] == "Completed", tuned.get("FailureReason")
    counters = tuned["TrainingJobStatusCounters"]
    assert counters["Completed"] + counters["RetryableError"] == 6 and counters["Completed"] >= 4
    names = [t["TrainingJobName"] for t in own_jobs.client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning, MaxResults=100)["TrainingJobSummaries"]]
    assert len(names) == len(set(names)) == 6
