"""Jobs and functions in real images: unpacked under bubblewrap, and as containers of an engine that the test starts."""

import io
import json
import os
import subprocess
import tarfile

import pytest
from botocore.exceptions import ClientError

import engines
from conftest import ROLE, wait_for
from programs import function_image, image, LayerFiles, push, PYTHON, training_image


def available_memory():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable"))


@pytest.fixture
def own_yard(runtime_yard):
    return runtime_yard


class Trainings:
    def __init__(self, yard):
        self.client, self.s3, self.logs = yard.client("sagemaker"), yard.client("s3"), yard.client("logs")
        self.s3.create_bucket(Bucket="training")

    def start(self, name, image, **more):
        specification = {"TrainingImage": image, "TrainingInputMode": "File", **more.pop("specification", {})}
        self.client.create_training_job(
            TrainingJobName=name, RoleArn=ROLE, AlgorithmSpecification=specification,
            OutputDataConfig={"S3OutputPath": "s3://training/models"},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            **{"ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}, **more})

    def status(self, name):
        return self.client.describe_training_job(TrainingJobName=name)

    def ended(self, name):
        return wait_for(lambda: (d := self.status(name))["TrainingJobStatus"] not in ("InProgress", "Stopping") and d)

    def lines(self, name):
        group = "/aws/sagemaker/TrainingJobs"
        try:
            streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name + "/")["logStreams"]
        except ClientError:
            return []
        return [event["message"] for stream in streams
                for event in self.logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]]

    def model(self, name):
        body = self.s3.get_object(Bucket="training", Key=f"models/{name}/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}


TRAIN = """
import json, os, pathlib, sys
parameters = json.loads(pathlib.Path('/opt/ml/input/config/hyperparameters.json').read_text())
pathlib.Path('/opt/ml/model/model.txt').write_text(' '.join([*sys.argv[1:], parameters['depth'], os.environ['TRAINING_JOB_NAME']]))
pathlib.Path('/marker').write_text('the image is mine to write to')
print('accuracy=0.9', os.path.exists('/usr/bin/apt-get'), flush=True)
"""


def test_a_training_image_is_given_train_and_leaves_a_model(own_yard, runtime):
    trainings = Trainings(own_yard)
    uri, digest = push(own_yard, "train", "1", training_image(TRAIN))
    trainings.start("job", uri, HyperParameters={"depth": "3"},
                    specification={"MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
                                   "ContainerEntrypoint": ["/usr/local/bin/train", "go"]})
    job = trainings.ended("job")
    assert job["TrainingJobStatus"] == "Completed", job
    assert trainings.model("job") == {"model.txt": "go 3 job"}
    assert round(job["FinalMetricDataList"][0]["Value"], 3) == 0.9
    first, second = trainings.lines("job")[:2]
    assert f"{uri} ({digest[:19]})" in first and first.startswith(
        "Trainyard runs this job in the image" if runtime == "image" else "Trainyard runs this job in a container of the image")
    assert second == "accuracy=0.9 False"
    # Without an entry point the image's own gets `train`: here there is none, so `train` itself runs.
    trainings.start("plain", uri, HyperParameters={"depth": "4"})
    assert trainings.ended("plain")["TrainingJobStatus"] == "Completed"
    assert trainings.model("plain") == {"model.txt": "4 plain"}


def test_a_job_fails_with_its_own_reason_and_reaches_no_network_where_it_may_not(own_yard):
    trainings = Trainings(own_yard)
    uri, _ = push(own_yard, "train", "1", training_image("""
import os, pathlib, socket, urllib.parse
url = urllib.parse.urlsplit(os.environ['AWS_ENDPOINT_URL'])
try:
    socket.create_connection((url.hostname, url.port), 5)
    word = 'reached'
except OSError:
    word = 'no network'
pathlib.Path('/opt/ml/output/failure').write_text(word)
raise SystemExit(3)
"""))
    for name, isolated, word in [("open", False, "reached"), ("isolated", True, "no network")]:
        trainings.start(name, uri, EnableNetworkIsolation=isolated)
        job = trainings.ended(name)
        assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", f"AlgorithmError: {word}, exit code: 3")


def test_a_processing_job_runs_the_images_entry_point(own_yard):
    script = "import os, sys; open('/opt/ml/processing/out/r', 'w').write(' '.join([os.getcwd(), *sys.argv[1:]]))"
    files = LayerFiles().add("/work/step.py", script.encode())
    uri, _ = push(own_yard, "step", "1", image(files.done(), Entrypoint=[PYTHON, "/work/step.py"], Cmd=["default"], WorkingDir="/work"))
    client, s3 = own_yard.client("sagemaker"), own_yard.client("s3")
    s3.create_bucket(Bucket="steps")
    for name, arguments, expected in [("given", ["a", "b"], b"/work a b"), ("image", [], b"/work default")]:
        client.create_processing_job(
            ProcessingJobName=name, RoleArn=ROLE,
            AppSpecification={"ImageUri": uri, **({"ContainerArguments": arguments} if arguments else {})},
            ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": {
                "S3Uri": f"s3://steps/{name}", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}}]},
            ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}})
        job = wait_for(lambda: (d := client.describe_processing_job(ProcessingJobName=name))["ProcessingJobStatus"] != "InProgress" and d)
        assert job["ProcessingJobStatus"] == "Completed", job
        assert s3.get_object(Bucket="steps", Key=f"{name}/r")["Body"].read() == expected


HANDLER = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    try:
        open('/made', 'w')
        root = 'writable'
    except OSError:
        root = 'read-only'
    try:
        with open('/tmp/file', 'wb') as file:
            for _ in range(event.get('megabytes', 1)):
                file.write(bytes(1 << 20))
        scratch = 'fits'
    except OSError as error:
        scratch = error.strerror
    return {'count': count, 'root': root, 'tmp': scratch, 'name': os.environ['AWS_LAMBDA_FUNCTION_NAME'], 'word': 'WORD'}
"""


def test_a_function_from_an_image_runs_with_its_own_entry_point(own_yard):
    client = own_yard.client("lambda")
    uri, digest = push(own_yard, "function", "1", function_image(HANDLER.replace("WORD", "one")))
    made = client.create_function(FunctionName="images", PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, Timeout=60)
    assert made["PackageType"] == "Image" and made["CodeSha256"] == digest[7:] and "Runtime" not in made
    code = client.get_function(FunctionName="images")["Code"]
    assert code == {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": f"{uri.rsplit(':', 1)[0]}@{digest}"}

    def invoke(**event):
        return json.loads(client.invoke(FunctionName="images", Payload=json.dumps(event))["Payload"].read())
    assert invoke() == {"count": 1, "root": "read-only", "tmp": "fits", "name": "images", "word": "one"}
    assert invoke(megabytes=600)["tmp"] == "No space left on device"
    assert invoke()["count"] == 3
    # The tag moves on, the function does not, until it is told.
    again, other = push(own_yard, "function", "1", function_image(HANDLER.replace("WORD", "two")))
    assert invoke()["word"] == "one"
    assert client.update_function_code(FunctionName="images", ImageUri=again)["CodeSha256"] == other[7:]
    assert invoke()["word"] == "two"
    client.update_function_configuration(FunctionName="images", ImageConfig={"Command": ["main.other"], "WorkingDirectory": "/tmp"})
    described = client.get_function_configuration(FunctionName="images")
    assert described["ImageConfigResponse"] == {"ImageConfig": {"Command": ["main.other"], "WorkingDirectory": "/tmp"}}
    assert "errorType" in invoke() or "errorMessage" in invoke()


def test_images_that_are_not_there_are_refused_in_awss_words(own_yard):
    client = own_yard.client("lambda")
    registry = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
    for uri, words in [(f"{registry}/none:1", f"Source image {registry}/none:1 does not exist. Provide a valid source image."),
                       ("python:3.11", "Source image python:3.11 is not valid. Provide a valid source image.")]:
        with pytest.raises(ClientError, match="InvalidParameterValue") as error:
            client.create_function(FunctionName="images", PackageType="Image", Code={"ImageUri": uri}, Role=ROLE)
        assert error.value.response["Error"]["Message"] == words
    trainings = Trainings(own_yard)
    trainings.start("job", f"{registry}/none:1")
    job = trainings.ended("job")
    assert job["TrainingJobStatus"] == "Failed" and f"{registry}/none:1" in job["FailureReason"]


def test_a_job_that_fills_its_volume_is_ended(own_yard, runtime):
    trainings = Trainings(own_yard)
    uri, _ = push(own_yard, "full", "1", training_image("""
import os, pathlib, time
for path in ['/opt/ml/model/part', '/own' if os.environ['WHERE'] == 'image' else '/opt/ml/model/rest']:
    with open(path, 'wb') as file:
        os.posix_fallocate(file.fileno(), 0, 600 << 20)
time.sleep(600)
"""))
    for where in ["mount", "image"]:
        trainings.start(where, uri, Environment={"WHERE": where})
        job = trainings.ended(where)
        assert job["TrainingJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("AlgorithmError: No space left on device")
        assert job["FailureReason"].endswith(", exit code: 137")
        assert "within" in trainings.lines(where)[0] and "1 GiB of disk" in trainings.lines(where)[0]
        assert "Contents" not in trainings.s3.list_objects_v2(Bucket="training", Prefix=f"models/{where}")


@pytest.mark.skipif(available_memory() < 8 << 30, reason="the job needs more memory than is free")
def test_a_job_that_takes_more_memory_than_its_instance_has_is_ended(own_yard):
    trainings = Trainings(own_yard)
    uri, _ = push(own_yard, "hungry", "1", training_image("x = bytearray(b'1') * (5 << 30)\nimport time\ntime.sleep(600)"))
    trainings.start("job", uri, ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1})
    job = trainings.ended("job")
    assert (job["TrainingJobStatus"], job["FailureReason"]) == (
        "Failed", "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
                  "instance., exit code: 137")


def processes(marker):
    return subprocess.run(["pgrep", "-f", marker], capture_output=True, text=True).stdout.split()


def containers(path):
    return json.loads(engines.ask(path, "/containers/json?all=1"))


def mounts(directory):
    with open("/proc/self/mounts") as file:
        return [line for line in file if str(directory) in line]


def test_nothing_is_left_of_a_yard_that_is_killed(own_yard, runtime, request):
    marker = f"4{os.getpid()}{'1' if runtime == 'image' else '2'}"
    trainings = Trainings(own_yard)
    script = f"import os\nprint('begun', flush=True)\nos.execv('/bin/sleep', ['/bin/sleep', '{marker}'])"
    uri, _ = push(own_yard, "sleeper", "1", training_image(script))
    trainings.start("job", uri)
    source = f"import subprocess\ndef handler(event, context):\n    subprocess.run(['/bin/sleep', '{marker}'])"
    function, _ = push(own_yard, "function", "1", function_image(source))
    own_yard.client("lambda").create_function(FunctionName="images", PackageType="Image", Code={"ImageUri": function}, Role=ROLE, Timeout=600)
    own_yard.client("lambda").invoke(FunctionName="images", InvocationType="Event")
    wait_for(lambda: "begun" in trainings.lines("job"))
    wait_for(lambda: len(processes(f"/bin/sleep {marker}")) >= 2)
    own_yard.kill()
    wait_for(lambda: not processes(marker), 20)
    if runtime == "image":
        assert not mounts(own_yard.directory)
    else:
        wait_for(lambda: not containers(request.getfixturevalue("docker_engine").socket), 20)
    own_yard.start()
    job = trainings_of(own_yard).ended("job")
    assert job["TrainingJobStatus"] == "Failed" and "The yard stopped while the job was running" in job["FailureReason"]
    # The event is delivered again.
    wait_for(lambda: processes(f"/bin/sleep {marker}"))
    if runtime == "container":
        wait_for(lambda: len(containers(request.getfixturevalue("docker_engine").socket)) <= 1)
    own_yard.client("lambda").delete_function(FunctionName="images")
    own_yard.stop()
    wait_for(lambda: not processes(marker), 20)
    if runtime == "container":
        wait_for(lambda: not containers(request.getfixturevalue("docker_engine").socket), 20)


def trainings_of(yard):
    trainings = Trainings.__new__(Trainings)
    trainings.client, trainings.s3, trainings.logs = yard.client("sagemaker"), yard.client("s3"), yard.client("logs")
    return trainings
