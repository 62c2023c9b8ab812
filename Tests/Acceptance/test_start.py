"""The yard as a process: ready line, health, reset, clean stop, refusals."""

import json
import signal
import subprocess

from conftest import BINARY, Yard, clean_environment


def test_health_names_what_is_served(yard):
    status, text = yard.get("/_trainyard/health")
    assert status == 200 and "PutObject" in text
    status, text = yard.get("/_localstack/health")
    assert status == 200 and json.loads(text)["services"]["s3"] in ("running", "available")


def test_a_browser_sees_a_page(yard):
    status, text = yard.get("/", {"Accept": "text/html"})
    assert status == 200 and "<html" in text.lower()


def test_env_prints_what_the_shell_evaluates():
    text = subprocess.run([BINARY, "env"], capture_output=True, text=True, check=True).stdout
    shell = subprocess.run(["sh", "-c", text + '\necho "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"'],
                           capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert shell.stdout == "http://127.0.0.1:4566 test test\n"


def test_reset_forgets_everything(own_yard):
    s3 = own_yard.client("s3")
    s3.create_bucket(Bucket="gone")
    s3.put_object(Bucket="gone", Key="k", Body=b"x" * 300_000)
    assert own_yard.get("/_trainyard/reset", method="POST")[0] == 200
    assert s3.list_buckets()["Buckets"] == []


def test_sigterm_stops_cleanly_and_keeps_the_data(tmp_path):
    yard = Yard(tmp_path)
    yard.client("s3").create_bucket(Bucket="kept")
    assert yard.stop() == 0
    yard.start()
    assert [b["Name"] for b in yard.client("s3").list_buckets()["Buckets"]] == ["kept"]
    yard.process.send_signal(signal.SIGINT)
    assert yard.process.wait(timeout=30) == 0


def test_a_second_yard_on_the_same_data_is_refused(own_yard):
    run = subprocess.run([BINARY, "start", "--port", "0", "--data-dir", str(own_yard.directory / "data")],
                         capture_output=True, text=True, timeout=30, env=clean_environment())
    assert run.returncode != 0 and str(own_yard.process.pid) in run.stderr and "Fatal" not in run.stderr


def test_a_taken_port_is_said(own_yard, tmp_path):
    port = own_yard.endpoint.rsplit(":", 1)[1]
    run = subprocess.run([BINARY, "start", "--port", port, "--data-dir", str(tmp_path / "other")],
                         capture_output=True, text=True, timeout=30, env=clean_environment())
    assert run.returncode != 0 and port in run.stderr


def test_a_web_page_cannot_drive_the_yard(yard):
    foreign = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    assert yard.get("/_trainyard/reset", foreign, method="POST")[0] == 403
    assert yard.get("/", {"Host": "evil.example"})[0] == 403
