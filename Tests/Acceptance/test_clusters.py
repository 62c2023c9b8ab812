"""Jobs of several instances in images: their hosts find each other by name."""

import pytest

from conftest import ROLE, wait_for
from programs import push, training_image
from runtimes import needs_bubblewrap
from test_containers import Trainings

# The hosts send each other their names over one port; in a network of their own they listen at all addresses.
TALK = """
import json, os, pathlib, socket, threading, time, urllib.error, urllib.request
resources = json.loads(pathlib.Path('/opt/ml/input/config/resourceconfig.json').read_text())
own, hosts, interface = resources['current_host'], resources['hosts'], resources['network_interface_name']
assert json.loads(os.environ['SM_RESOURCE_CONFIG'])['network_interface_name'] == interface
assert os.environ['SM_NETWORK_INTERFACE_NAME'] == interface
assert socket.gethostname() == own, socket.gethostname()
listening = socket.create_server(('' if interface == 'eth0' else own, 5000))
def serve():
    while True:
        connection, address = listening.accept()
        connection.sendall(own.encode())
        connection.close()
threading.Thread(target=serve, daemon=True).start()
for host in hosts:
    for attempt in range(200):
        try:
            with socket.create_connection((host, 5000), 5) as connection:
                assert connection.recv(100).decode() == host
                break
        except ConnectionRefusedError:
            time.sleep(0.1)
try:
    urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/v2/', timeout=10)
except urllib.error.HTTPError as error:
    assert error.code == 401
print('talked by', interface, flush=True)
pathlib.Path(f'/opt/ml/model/{own}').write_text(' '.join(hosts))
time.sleep(1)
"""


@pytest.fixture(params=[pytest.param("image", marks=needs_bubblewrap), "container", "podman"])
def runtime(request):
    return request.param


def test_hosts_of_a_job_reach_each_other_by_name(runtime_yard, runtime):
    trainings = Trainings(runtime_yard)
    uri, _ = push(runtime_yard, "talk", "1", training_image(TALK))
    two = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    trainings.start("job", uri, ResourceConfig=two)
    job = trainings.ended("job")
    assert job["TrainingJobStatus"] == "Completed", (job, trainings.lines("job"))
    assert trainings.model("job") == {f"algo-{n}": "algo-1 algo-2" for n in (1, 2)}
    interface = "lo" if runtime == "image" else "eth0"
    assert trainings.lines("job").count(f"talked by {interface}") == 2
