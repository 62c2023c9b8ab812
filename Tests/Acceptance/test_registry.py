"""The container registry: the distribution protocol over plain HTTP, real clients, and a yard that is killed in between."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import ACCOUNT, wait_for
from images import OCI_INDEX, OCI_MANIFEST, digest_of, image_layout, index_layout, layer_of

skopeo = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")


class Registry:
    """A client of the distribution protocol, one request at a time."""

    def __init__(self, yard):
        self.host = urlsplit(yard.endpoint).netloc
        token = yard.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self.authorization = "Basic " + token
        self.password = base64.b64decode(token).decode().split(":", 1)[1]

    def request(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, {"Authorization": self.authorization, **headers})
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def begin(self, name):
        answer = self.request("POST", f"/v2/{name}/blobs/uploads/")
        assert answer.status == 202, answer.content
        return answer.headers["Location"]

    def push_blob(self, name, data):
        answer = self.request("PUT", f"{self.begin(name)}?digest={digest_of(data)}", data)
        assert answer.status == 201, answer.content
        return {"digest": digest_of(data), "size": len(data)}

    def push_image(self, name, tag, layers=(b"layer",), **more):
        config = self.push_blob(name, json.dumps({"architecture": "amd64", "os": "linux"}).encode())
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **self.push_blob(name, layer)}
                       for layer in layers], **more}).encode()
        return self.request("PUT", f"/v2/{name}/manifests/{tag or digest_of(manifest)}", manifest,
                            Content_Type=OCI_MANIFEST), manifest


def error_of(answer):
    return answer.status, json.loads(answer.content)["errors"][0]["code"]


@pytest.fixture
def registry(yard):
    return Registry(yard)


@pytest.fixture
def repository(yard, name):
    yard.client("ecr").create_repository(repositoryName=name)
    return name


def test_who_does_not_log_in_is_asked_to(yard, registry):
    answer = registry.request("GET", "/v2/", Authorization="")
    assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert registry.request("GET", "/v2/").status == 200
    forged = base64.b64encode(b"AWS:bm9ib2R5").decode()
    assert registry.request("GET", "/v2/", Authorization="Basic " + forged).status == 401


def test_a_repository_that_is_not_there_is_named(registry, name):
    answer = registry.request("POST", f"/v2/{name}/blobs/uploads/")
    assert error_of(answer) == (404, "NAME_UNKNOWN")
    assert f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'" in answer.content.decode()


def test_chunks_come_in_order(registry, repository):
    data = os.urandom(300_000)
    place = registry.begin(repository)
    answer = registry.request("PATCH", place, data[:100_000], Content_Range="0-99999")
    assert (answer.status, answer.headers["Range"]) == (202, "0-99999")
    answer = registry.request("PATCH", place, data[200_000:], Content_Range="200000-299999")
    assert (answer.status, answer.headers["Range"]) == (416, "0-99999")
    assert registry.request("PATCH", place, data[:10], Content_Range="100000-199999").status == 416
    assert registry.request("GET", place).headers["Range"] == "0-99999"
    answer = registry.request("PATCH", place, data[100_000:200_000], Content_Range="100000-199999")
    assert (answer.status, answer.headers["Range"]) == (202, "0-199999")
    answer = registry.request("PUT", f"{place}?digest={digest_of(data)}", data[200_000:])
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest_of(data))
    assert registry.request("GET", f"/v2/{repository}/blobs/{digest_of(data)}").content == data
    part = registry.request("GET", f"/v2/{repository}/blobs/{digest_of(data)}", Range="bytes=1000-1999")
    assert (part.status, part.content) == (206, data[1000:2000])
    assert part.headers["Content-Range"] == "bytes 1000-1999/300000"
    assert registry.request("GET", f"/v2/{repository}/blobs/{digest_of(data)}", Range="bytes=300000-").status == 416


def test_bytes_of_another_digest_are_refused(registry, repository):
    answer = registry.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest_of(b'this')}", b"that")
    assert error_of(answer) == (400, "DIGEST_INVALID")
    place = registry.begin(repository)
    registry.request("PATCH", place, b"that")
    assert error_of(registry.request("PUT", f"{place}?digest={digest_of(b'this')}")) == (400, "DIGEST_INVALID")
    assert error_of(registry.request("GET", place)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.request("HEAD", f"/v2/{repository}/blobs/{digest_of(b'this')}").status == 404


def test_an_upload_can_be_given_up(registry, repository):
    place = registry.begin(repository)
    registry.request("PATCH", place, b"some")
    assert registry.request("DELETE", place).status == 204
    assert error_of(registry.request("PATCH", place, b"more")) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_is_mounted_from_another_repository(yard, registry, repository, name):
    other = name + "-other"
    yard.client("ecr").create_repository(repositoryName=other)
    digest = registry.push_blob(repository, b"shared " * 1000)["digest"]
    assert registry.request("HEAD", f"/v2/{other}/blobs/{digest}").status == 404
    answer = registry.request("POST", f"/v2/{other}/blobs/uploads/?mount={digest}&from={repository}")
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest)
    assert registry.request("GET", f"/v2/{other}/blobs/{digest}").content == b"shared " * 1000
    absent = registry.request("POST", f"/v2/{other}/blobs/uploads/?mount={digest_of(b'nothing')}&from={repository}")
    assert absent.status == 202 and "/uploads/" in absent.headers["Location"]


def test_a_blob_that_is_there_already_is_not_written_again(own_yard):
    registry = Registry(own_yard)
    ecr = own_yard.client("ecr")
    data = os.urandom(3_000_000)
    for name in ("first", "second"):
        ecr.create_repository(repositoryName=name)
        registry.push_blob(name, data)
    blobs = own_yard.directory / "data/blobs"
    assert [f.stat().st_size for f in blobs.iterdir() if f.is_file()] == [len(data)]


def test_an_image_is_pushed_and_seen_by_ecr(yard, registry, repository):
    answer, manifest = registry.push_image(repository, "v1")
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest_of(manifest))
    for reference in ("v1", digest_of(manifest)):
        pulled = registry.request("GET", f"/v2/{repository}/manifests/{reference}")
        assert (pulled.content, pulled.headers["Content-Type"]) == (manifest, OCI_MANIFEST)
        head = registry.request("HEAD", f"/v2/{repository}/manifests/{reference}")
        assert (head.headers["Content-Length"], head.headers["Docker-Content-Digest"]) == (str(len(manifest)), digest_of(manifest))
    detail, = yard.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    assert (detail["imageTags"], detail["imageDigest"], detail["imageSizeInBytes"]) == (["v1"], digest_of(manifest), 5)
    got = yard.client("ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"][0]
    assert got["imageManifest"].encode() == manifest


def test_a_manifest_needs_its_layers(registry, repository):
    manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [],
                           "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 4,
                                      "digest": digest_of(b"gone")}})
    answer = registry.request("PUT", f"/v2/{repository}/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert answer.status == 404 and digest_of(b"gone") in answer.content.decode()
    assert registry.request("PUT", f"/v2/{repository}/manifests/v1", "{", Content_Type=OCI_MANIFEST).status == 400


def test_an_immutable_tag_stays(yard, registry, name):
    yard.client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    registry.push_image(name, "v1", [b"one"])
    answer, _ = registry.push_image(name, "v1", [b"two"])
    assert error_of(answer) == (400, "TAG_INVALID")
    assert f"The image tag 'v1' already exists in the '{name}' repository and cannot be overwritten" in answer.content.decode()


def test_tags_are_listed_page_by_page(registry, repository):
    for tag in ("c", "a", "b"):
        registry.push_image(repository, tag)
    assert json.loads(registry.request("GET", f"/v2/{repository}/tags/list").content) == {"name": repository, "tags": ["a", "b", "c"]}
    first = registry.request("GET", f"/v2/{repository}/tags/list?n=2")
    assert json.loads(first.content)["tags"] == ["a", "b"]
    assert first.headers["Link"] == f'</v2/{repository}/tags/list?n=2&last=b>; rel="next"'
    assert json.loads(registry.request("GET", f"/v2/{repository}/tags/list?n=2&last=b").content)["tags"] == ["c"]
    assert repository in json.loads(registry.request("GET", "/v2/_catalog").content)["repositories"]


def test_referrers_are_found_by_their_subject(registry, repository):
    _, subject = registry.push_image(repository, "v1")
    answer, signature = registry.push_image(
        repository, None, [b"signature"], artifactType="application/x-signature", annotations={"by": "me"},
        subject={"mediaType": OCI_MANIFEST, "digest": digest_of(subject), "size": len(subject)})
    assert answer.headers["OCI-Subject"] == digest_of(subject)
    index = registry.request("GET", f"/v2/{repository}/referrers/{digest_of(subject)}")
    assert index.headers["Content-Type"] == OCI_INDEX
    found, = json.loads(index.content)["manifests"]
    assert (found["digest"], found["artifactType"], found["annotations"]) == (
        digest_of(signature), "application/x-signature", {"by": "me"})
    none = registry.request("GET", f"/v2/{repository}/referrers/{digest_of(subject)}?artifactType=other")
    assert (json.loads(none.content)["manifests"], none.headers["OCI-Filters-Applied"]) == ([], "artifactType")


def test_images_are_deleted_by_tag_and_by_digest(registry, repository):
    _, manifest = registry.push_image(repository, "v1")
    assert registry.request("DELETE", f"/v2/{repository}/manifests/v1").status == 202
    assert error_of(registry.request("GET", f"/v2/{repository}/manifests/v1")) == (404, "MANIFEST_UNKNOWN")
    assert registry.request("GET", f"/v2/{repository}/manifests/{digest_of(manifest)}").status == 200
    assert registry.request("DELETE", f"/v2/{repository}/manifests/{digest_of(manifest)}").status == 202
    assert registry.request("GET", f"/v2/{repository}/manifests/{digest_of(manifest)}").status == 404


def test_an_image_from_elsewhere_is_kept_under_its_own_name(yard, registry, name):
    image = f"public.ecr.aws/{name}/python"
    answer, manifest = registry.push_image(image, "3.11")
    assert answer.status == 201
    got = yard.client("ecr").batch_get_image(repositoryName=image, imageIds=[{"imageTag": "3.11"}])["images"]
    assert got[0]["imageManifest"].encode() == manifest


def test_the_registry_s_name_may_stand_in_the_path(yard, registry, name):
    yard.client("ecr", region="eu-west-1").create_repository(repositoryName=name)
    answer, manifest = registry.push_image(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/{name}", "v1")
    assert answer.status == 201
    host = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    assert registry.request("GET", f"/v2/{name}/manifests/v1", Host=host).content == manifest
    assert registry.request("GET", f"/v2/{name}/manifests/v1").status == 404


def test_parallel_uploads_share_one_blob(registry, repository):
    data = os.urandom(2_000_000)
    places = [registry.begin(repository) for _ in range(6)]

    def send(place):
        registry.request("PATCH", place, data)
        return registry.request("PUT", f"{place}?digest={digest_of(data)}").status

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, places)) == [201] * 6
    assert registry.request("GET", f"/v2/{repository}/blobs/{digest_of(data)}").content == data


# ECR's own API

def put_image(ecr, name, tag, data):
    """Pushes an image of one layer through the API alone; answers its digest."""
    descriptors = []
    for blob in (b"{}", data):
        upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
        ecr.upload_layer_part(repositoryName=name, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
        try:
            ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest_of(blob)])
        except ecr.exceptions.LayerAlreadyExistsException:
            pass
        descriptors.append({"mediaType": "application/octet-stream", "digest": digest_of(blob), "size": len(blob)})
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptors[0], "layers": descriptors[1:]}
    return ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=json.dumps(manifest))["image"]["imageId"]["imageDigest"]


def test_an_image_goes_through_the_api_alone(yard, repository):
    ecr = yard.client("ecr")
    layer = os.urandom(6_000_000)
    digest = put_image(ecr, repository, "v1", layer)
    found = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest_of(layer)])["layers"][0]
    assert (found["layerAvailability"], found["layerSize"], found["mediaType"]) == ("AVAILABLE", len(layer), "application/octet-stream")
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(layer))["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == layer
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository, PaginationConfig={"PageSize": 1})
    assert [i for page in pages for i in page["imageIds"]] == [{"imageDigest": digest, "imageTag": "v1"}]
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        put_image(ecr, repository, "v1", layer)


def test_a_lifecycle_policy_is_previewed_and_applied(yard, repository):
    ecr = yard.client("ecr")
    digests = [put_image(ecr, repository, f"v{n}", b"%d" % n) for n in range(3)]
    policy = json.dumps({"rules": [{
        "rulePriority": 1, "action": {"type": "expire"},
        "selection": {"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan", "countNumber": 1}}]})
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy)
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository)
    preview = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    assert sorted(r["imageDigest"] for r in preview["previewResults"]) == sorted(digests[:2])
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    assert [i["imageDigest"] for i in ecr.list_images(repositoryName=repository)["imageIds"]] == digests[2:]


# Crashes

def test_an_upload_goes_on_after_a_kill(own_yard):
    registry = Registry(own_yard)
    own_yard.client("ecr").create_repository(repositoryName="iris")
    data = os.urandom(5_000_000)
    place = registry.begin("iris")
    assert registry.request("PATCH", place, data[:2_000_000], Content_Range="0-1999999").status == 202
    own_yard.restart()
    registry.host = urlsplit(own_yard.endpoint).netloc
    assert registry.request("GET", place).headers["Range"] == "0-1999999"
    assert registry.request("PATCH", place, data[2_000_000:], Content_Range="2000000-4999999").status == 202
    assert registry.request("PUT", f"{place}?digest={digest_of(data)}").status == 201
    assert registry.request("GET", f"/v2/iris/blobs/{digest_of(data)}").content == data


def test_nothing_half_can_be_read_after_a_kill_in_the_middle(own_yard):
    registry = Registry(own_yard)
    own_yard.client("ecr").create_repository(repositoryName="iris")
    data = os.urandom(16_000_000)
    kept = registry.push_blob("iris", b"kept" * 100_000)["digest"]
    place = registry.begin("iris")
    blobs = own_yard.directory / "data/blobs"

    connection = http.client.HTTPConnection(registry.host, timeout=60)
    connection.putrequest("PATCH", place)
    connection.putheader("Authorization", registry.authorization)
    connection.putheader("Content-Length", str(len(data)))
    connection.endheaders()
    connection.send(data[:12_000_000])
    wait_for(lambda: max(f.stat().st_size for f in blobs.iterdir() if f.is_file()) > 1_000_000)
    own_yard.restart()
    connection.close()

    registry.host = urlsplit(own_yard.endpoint).netloc
    assert registry.request("HEAD", f"/v2/iris/blobs/{digest_of(data)}").status == 404
    assert len(registry.request("GET", f"/v2/iris/blobs/{kept}").content) == 400_000
    # What was cut short is swept, and the upload goes on from what had been acknowledged: nothing.
    wait_for(lambda: [f.stat().st_size for f in blobs.iterdir() if f.is_file()] == [400_000])
    assert registry.request("PATCH", place, data, Content_Range=f"0-{len(data) - 1}").status == 202
    assert registry.request("PUT", f"{place}?digest={digest_of(data)}").status == 201
    assert registry.request("GET", f"/v2/iris/blobs/{digest_of(data)}").content == data


def test_an_answered_push_survives_a_kill(own_yard):
    registry = Registry(own_yard)
    own_yard.client("ecr").create_repository(repositoryName="iris")
    layer = os.urandom(1_000_000)
    _, manifest = registry.push_image("iris", "v1", [layer])
    own_yard.restart()
    registry.host = urlsplit(own_yard.endpoint).netloc
    assert registry.request("GET", "/v2/iris/manifests/v1").content == manifest
    assert registry.request("GET", f"/v2/iris/blobs/{digest_of(layer)}").content == layer


# Real clients

class Skopeo:
    def __init__(self, registry, directory):
        self.registry, self.authfile = registry, str(directory / "auth.json")
        self.run("login", "--authfile", self.authfile, "--tls-verify=false", "-u", "AWS", "--password-stdin", registry.host,
                 input=registry.password)

    def run(self, *words, input=None, check=True):
        run = subprocess.run(["skopeo", *words], input=input, capture_output=True, text=True)
        assert not check or run.returncode == 0, run.stderr
        return run

    def push(self, layout, name, check=True):
        return self.run("--insecure-policy", "copy", "--all", "--authfile", self.authfile, "--dest-tls-verify=false",
                        f"oci:{layout}", f"docker://{self.registry.host}/{name}", check=check)

    def pull(self, name, layout):
        return self.run("--insecure-policy", "copy", "--all", "--authfile", self.authfile, "--src-tls-verify=false",
                        f"docker://{self.registry.host}/{name}", f"oci:{layout}")

    def ask(self, verb, name):
        return json.loads(self.run(verb, "--authfile", self.authfile, "--tls-verify=false",
                                   f"docker://{self.registry.host}/{name}").stdout)


def blobs_of(layout):
    return {f.name for f in (layout / "blobs/sha256").iterdir()}


@skopeo
def test_skopeo_pushes_and_pulls(yard, registry, repository, tmp_path):
    client = Skopeo(registry, tmp_path)
    layout = image_layout(tmp_path / "image", [os.urandom(2_000_000) for _ in range(5)])
    client.push(f"{layout}:v1", f"{repository}:v1")
    assert client.ask("inspect", f"{repository}:v1")["RepoTags"] == ["v1"]
    assert client.ask("list-tags", repository)["Tags"] == ["v1"]
    client.pull(f"{repository}:v1", f"{tmp_path / 'pulled'}:v1")
    assert blobs_of(tmp_path / "pulled") == blobs_of(layout)
    refused = client.push(f"{layout}:v1", f"{repository}-none:v1", check=False)
    assert "does not exist in the registry with id" in refused.stderr


@skopeo
def test_skopeo_pushes_an_image_of_several_platforms(yard, registry, repository, tmp_path):
    client = Skopeo(registry, tmp_path)
    layout = index_layout(tmp_path / "index", ["amd64", "arm64"])
    client.push(f"{layout}:v1", f"{repository}:v1")
    client.pull(f"{repository}:v1", f"{tmp_path / 'pulled'}:v1")
    assert blobs_of(tmp_path / "pulled") == blobs_of(layout)
    ecr = yard.client("ecr")
    details = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert sorted(d["imageManifestMediaType"] for d in details) == [OCI_INDEX, OCI_MANIFEST, OCI_MANIFEST]
    image = next(d for d in details if d["imageManifestMediaType"] == OCI_MANIFEST)
    failure, = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": image["imageDigest"]}])["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"


def tar_of(directory):
    path = directory / "root.tar"
    path.write_bytes(layer_of({"file": os.urandom(2_000_000)}))
    return str(path)


def run(*words, env, input=None):
    done = subprocess.run(words, input=input, capture_output=True, text=True, env={**os.environ, **env})
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def short_path():
    """Engines make sockets, whose paths are short."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ty-", ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture
def docker(short_path):
    """The docker command with an engine of its own."""
    if not (shutil.which("dockerd") and shutil.which("docker")) or os.geteuid() != 0:
        pytest.skip("needs dockerd, docker and root")
    socket, log = short_path / "docker.sock", open(short_path / "dockerd.log", "w")
    engine = subprocess.Popen(
        ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", short_path / "images",
         "--exec-root", short_path / "exec", "-H", f"unix://{socket}", "-p", short_path / "docker.pid"], stdout=log, stderr=log)
    env = {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(short_path / "config")}
    ready = lambda: subprocess.run(["docker", "version"], env={**os.environ, **env}, capture_output=True).returncode == 0
    wait_for(lambda: ready() or engine.poll() is not None)
    if engine.poll() is not None:
        pytest.skip("dockerd does not run here: " + (short_path / "dockerd.log").read_text()[-300:])
    yield lambda *words, input=None: run("docker", *words, env=env, input=input)
    engine.terminate()
    engine.wait(30)


@pytest.fixture
def podman(short_path):
    """The podman command with a store of its own."""
    if not shutil.which("podman") or os.geteuid() != 0:
        pytest.skip("needs podman and root")
    env = {"REGISTRY_AUTH_FILE": str(short_path / "auth.json")}
    options = ["--root", short_path / "images", "--runroot", short_path / "run", "--storage-driver", "vfs", "--events-backend", "file"]
    return lambda *words, input=None: run("podman", *map(str, options), *words, env=env, input=input)


@pytest.mark.parametrize("client, insecure", [("docker", []), ("podman", ["--tls-verify=false"])])
def test_an_engine_pushes_and_pulls(request, client, insecure, registry, repository, tmp_path):
    engine = request.getfixturevalue(client)
    engine("login", *insecure, "--username", "AWS", "--password-stdin", registry.host, input=registry.password)
    image = f"{registry.host}/{repository}:v1"
    engine("import", tar_of(tmp_path), image)
    engine("push", *insecure, image)
    manifest = json.loads(registry.request("GET", f"/v2/{repository}/manifests/v1").content)
    engine("rmi", image)
    engine("pull", *insecure, image)
    assert engine("inspect", "--format", "{{.Id}}", image).removeprefix("sha256:") == manifest["config"]["digest"][7:]


def test_a_repository_of_the_public_gallery_is_pushed_to_by_its_whole_name(yard, registry, name):
    public = yard.client("ecr-public")
    name = name.replace("--", "-")
    uri = public.create_repository(repositoryName=name, catalogData={"description": "shared"})["repository"]["repositoryUri"]
    assert uri.startswith("public.ecr.aws/") and uri.endswith("/" + name)
    answer, manifest = registry.push_image(uri, "v1")
    assert answer.status == 201, answer.content
    detail, = public.describe_images(repositoryName=name)["imageDetails"]
    assert (detail["imageTags"], detail["imageDigest"]) == (["v1"], digest_of(manifest))
    assert public.describe_image_tags(repositoryName=name)["imageTagDetails"][0]["imageTag"] == "v1"
    token = public.get_authorization_token()["authorizationData"]["authorizationToken"]
    pulled = registry.request("GET", f"/v2/{uri}/manifests/v1", Authorization="Basic " + token)
    assert pulled.content == manifest
    with pytest.raises(public.exceptions.RepositoryNotEmptyException):
        public.delete_repository(repositoryName=name)
    public.delete_repository(repositoryName=name, force=True)
    assert name not in [r["repositoryName"] for r in public.describe_repositories()["repositories"]]
