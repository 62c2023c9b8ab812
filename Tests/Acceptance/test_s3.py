"""The aws CLI's high-level S3 commands, and boto3's streaming, multipart, ranges and conditions."""

import hashlib
import os

import pytest
from botocore.exceptions import ClientError


def test_the_cli_copies_lists_syncs_and_removes(yard, name, tmp_path):
    bucket = f"s3://{name}"
    yard.aws("s3", "mb", bucket)
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.txt").write_text("alpha")
    (tree / "sub/b b+ü.txt").write_text("beta")
    for file in (tree / "a.txt", tree / "sub/b b+ü.txt"):
        os.utime(file, (1_700_000_000, 1_700_000_000))  # S3 keeps whole seconds: a file of this second would count as newer
    yard.aws("s3", "sync", tree, f"{bucket}/t")
    listing = yard.aws("s3", "ls", f"{bucket}/t/")
    assert "PRE sub/" in listing and "5 a.txt" in listing
    assert "upload" not in yard.aws("s3", "sync", tree, f"{bucket}/t")
    yard.aws("s3", "cp", f"{bucket}/t/", tmp_path / "back", "--recursive")
    assert (tmp_path / "back/sub/b b+ü.txt").read_text() == "beta"
    yard.aws("s3", "mv", f"{bucket}/t/a.txt", f"{bucket}/t/c.txt")
    (tree / "a.txt").unlink()
    yard.aws("s3", "sync", tree, f"{bucket}/t", "--delete")
    assert yard.aws("s3", "rb", bucket, check=False).returncode != 0
    yard.aws("s3", "rm", bucket, "--recursive")
    yard.aws("s3", "rb", bucket)


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(yard, name, tmp_path):
    yard.aws("s3", "mb", f"s3://{name}")
    data = os.urandom(1 << 20) * 40
    (tmp_path / "big").write_bytes(data)
    yard.aws("s3", "cp", tmp_path / "big", f"s3://{name}/big")
    s3 = yard.client("s3")
    assert s3.head_object(Bucket=name, Key="big")["ETag"].endswith('-5"')
    yard.aws("s3", "cp", f"s3://{name}/big", tmp_path / "back")
    assert hashlib.sha256((tmp_path / "back").read_bytes()).digest() == hashlib.sha256(data).digest()
    part = s3.get_object(Bucket=name, Key="big", Range="bytes=8388600-8388615")
    assert part["Body"].read() == data[8388600:8388616] and part["ContentRange"] == f"bytes 8388600-8388615/{len(data)}"


def test_stdin_streams_into_an_object(yard, name):
    yard.aws("s3", "mb", f"s3://{name}")
    import subprocess
    subprocess.run(["aws", "s3", "cp", "-", f"s3://{name}/in"], input=b"streamed", check=True, env=yard.environment())
    assert subprocess.run(["aws", "s3", "cp", f"s3://{name}/in", "-"], capture_output=True, check=True,
                          env=yard.environment()).stdout == b"streamed"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_verified_and_kept(yard, name, algorithm):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    put = s3.put_object(Bucket=name, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=name, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello" and got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=name, Key="k", Body=b"hello", **{f"Checksum{algorithm}": "AAAAAA=="})
    assert error.value.response["Error"]["Code"] in ("BadDigest", "InvalidRequest")


def test_conditions_decide(yard, name):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    etag = s3.put_object(Bucket=name, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=name, Key="k", Body=b"2", IfNoneMatch="*")
    assert error.value.response["Error"]["Code"] == "PreconditionFailed"
    s3.put_object(Bucket=name, Key="k", Body=b"2", IfMatch=etag)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=name, Key="k", IfMatch=etag)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412


def test_copies_and_tags(yard, name):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"1", Metadata={"x": "y"}, Tagging="k=v", ContentType="text/csv")
    s3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    head = s3.head_object(Bucket=name, Key="b")
    assert head["Metadata"] == {"x": "y"} and head["ContentType"] == "text/csv"
    assert s3.get_object_tagging(Bucket=name, Key="b")["TagSet"] == [{"Key": "k", "Value": "v"}]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]})
    assert len(answer["Deleted"]) == 3 and s3.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_listing_pages_through_everything_in_order(yard, name):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    keys = sorted(f"{a}/{b}" for a in "xyz" for b in range(20))
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig={"PageSize": 7})
    assert [o["Key"] for page in pages for o in page.get("Contents", [])] == keys
    top = s3.list_objects(Bucket=name, Delimiter="/")
    assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["x/", "y/", "z/"] and "Contents" not in top
