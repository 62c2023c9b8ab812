"""Who may call: Signature V4 is verified, and the refusal says what to set."""

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import Yard, wait_for


def code(error):
    return error.value.response["Error"]["Code"]


def test_an_unknown_key_is_refused(yard):
    with pytest.raises(ClientError) as error:
        yard.client("s3", access_key="AKIAUNKNOWN000000000").list_buckets()
    assert code(error) == "InvalidAccessKeyId"
    with pytest.raises(ClientError) as error:
        yard.client("sts", access_key="AKIAUNKNOWN000000000").get_caller_identity()
    assert code(error) == "InvalidClientTokenId"
    with pytest.raises(ClientError) as error:
        yard.client("lambda", access_key="AKIAUNKNOWN000000000").list_functions()
    assert code(error) == "UnrecognizedClientException" and "trainyard env" in str(error.value)


def test_a_wrong_secret_is_refused(yard):
    with pytest.raises(ClientError) as error:
        yard.client("s3", secret_key="wrong").list_buckets()
    assert code(error) == "SignatureDoesNotMatch"


def test_a_twelve_digit_key_is_the_account(yard):
    sts = yard.client("sts", access_key="123456789012")
    assert sts.get_caller_identity()["Account"] == "123456789012"


def test_keys_made_through_iam_sign(yard, name):
    iam = yard.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    identity = yard.client("sts", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]).get_caller_identity()
    assert identity["Arn"].endswith(f":user/{name}")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    with pytest.raises(ClientError):
        yard.client("sts", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]).get_caller_identity()


def test_an_assumed_role_signs_with_its_token(yard, name):
    iam = yard.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}')
    got = yard.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="me")["Credentials"]
    session = boto3.client("sts", endpoint_url=yard.endpoint, region_name="us-east-1", aws_access_key_id=got["AccessKeyId"],
                           aws_secret_access_key=got["SecretAccessKey"], aws_session_token=got["SessionToken"])
    assert session.get_caller_identity()["Arn"].endswith(f":assumed-role/{name}/me")
    with pytest.raises(ClientError):
        yard.client("sts", access_key=got["AccessKeyId"], secret_key=got["SecretAccessKey"]).get_caller_identity()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_work_until_they_expire_or_are_altered(yard, name, version):
    plain, s3 = yard.client("s3"), yard.client("s3", config=Config(signature_version=version))
    plain.create_bucket(Bucket=name)
    plain.put_object(Bucket=name, Key="a b/ü.txt", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a b/ü.txt"}, ExpiresIn=60)
    assert requests.get(url).content == b"hello"
    assert requests.get(url.replace("%20b", "%20c")).status_code == 403
    late = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a b/ü.txt"}, ExpiresIn=1)
    wait_for(lambda: requests.get(late).status_code == 403)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "new"}, ExpiresIn=60)
    assert requests.put(put, data=b"made").status_code == 200
    assert plain.get_object(Bucket=name, Key="new")["Body"].read() == b"made"


def test_anonymous_requests_reach_only_what_a_bucket_policy_opens(yard, name):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="open/a", Body=b"a")
    s3.put_object(Bucket=name, Key="shut/a", Body=b"a")
    url = f"{yard.endpoint}/{name}/"
    assert requests.get(url + "open/a").status_code == 403
    s3.delete_public_access_block(Bucket=name)  # as on AWS, it refuses public policies
    s3.put_bucket_policy(Bucket=name, Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/open/*"}]}' % name)
    assert requests.get(url + "open/a").content == b"a"
    assert requests.get(url + "shut/a").status_code == 403
    assert requests.post(f"{yard.endpoint}/", data="Action=GetCallerIdentity&Version=2011-06-15",
                         headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code == 403


def test_open_switches_verification_off_and_says_so(tmp_path):
    yard = Yard(tmp_path, "--open")
    try:
        assert "signature" in (tmp_path / "yard.log").read_text().lower()
        yard.client("s3", access_key="anything", secret_key="at all").list_buckets()
    finally:
        yard.stop()
