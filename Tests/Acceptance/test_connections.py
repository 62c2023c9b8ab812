"""Connections as HTTP allows them: requests of all kinds one after the other, in one go, cut short."""

import http.client
import io
import socket
from urllib.parse import urlsplit

import pytest


class Connection:
    """One connection whose bytes the test decides."""

    def __init__(self, yard):
        address = urlsplit(yard.endpoint)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=30)
        self.stream = self.socket.makefile("rb")

    def send(self, *requests):
        self.socket.sendall(b"".join(requests))

    def answer(self, method="GET"):
        """The next answer: its status and its body."""
        answer = http.client.HTTPResponse(Kept(self.stream), method=method)
        answer.begin()
        return answer.status, answer.read()

    def is_ended(self):
        return self.stream.read(1) == b""


class Kept:
    """A stream for one answer, which leaves it open for the next."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, mode):
        return io.BufferedReader(Unclosed(self.stream), 1)


class Unclosed(io.RawIOBase):
    def __init__(self, stream):
        self.stream = stream

    def readable(self):
        return True

    def readinto(self, buffer):
        content = self.stream.read(1 if len(buffer) <= 1 else min(len(buffer), 1 << 16))
        buffer[:len(content)] = content
        return len(content)


@pytest.fixture
def connection(yard):
    connection = Connection(yard)
    yield connection
    connection.socket.close()


@pytest.fixture
def bucket(yard, name):
    s3 = yard.client("s3")
    s3.create_bucket(Bucket=name)

    def request(method, key, body=b"", headers=b"", version=b"1.1"):
        """The bytes of a request whose signature stands in its URL."""
        operation = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object"}[method]
        url = urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": name, "Key": key}))
        if body and b"transfer-encoding" not in headers:
            headers += b"content-length: %d\r\n" % len(body)
        target = f"{url.path}?{url.query}".encode()
        return b"%s %s HTTP/%s\r\nHost: %s\r\n%s\r\n%s" % (method.encode(), target, version, url.netloc.encode(), headers, body)

    request.s3, request.name = s3, name
    return request


def test_requests_of_all_kinds_share_a_connection(connection, bucket):
    large = bytes(range(256)) * 8192
    for method, key, body, headers, answer in [
        ("PUT", "small", b"one", b"", b""),
        ("GET", "small", b"", b"", b"one"),
        ("PUT", "large", large, b"", b""),
        ("HEAD", "large", b"", b"", b""),
        ("GET", "large", b"", b"", large),
        ("PUT", "pieces", b"3\r\ntwo\r\n4\r\n and\r\n0\r\n\r\n", b"transfer-encoding: chunked\r\n", b""),
        ("PUT", "empty", b"", b"content-length: 0\r\n", b""),
        ("GET", "small", b"", b"", b"one"),
    ]:
        connection.send(bucket(method, key, body, headers))
        assert connection.answer(method) == (200, answer), (method, key)


def test_requests_sent_in_one_go_are_answered_in_their_order(connection, bucket):
    keys = [f"key-{number}" for number in range(40)]
    for key in keys:
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=key.encode())
    requests = [bucket("GET", key) for key in keys]
    large = bucket("PUT", "large", b"x" * 600_000)
    pieces = bucket("PUT", "pieces", b"3\r\ntwo\r\n0\r\n\r\n", b"transfer-encoding: chunked\r\n")
    connection.send(*requests[:20], pieces, large, *requests[20:], *requests * 5)
    expected = keys[:20] + ["", ""] + keys[20:] + keys * 5
    assert [connection.answer() for _ in expected] == [(200, body.encode()) for body in expected]


def test_a_request_may_come_byte_by_byte(connection, bucket):
    for byte in bucket("PUT", "slow", b"abc"):
        connection.send(bytes([byte]))
    assert connection.answer("PUT")[0] == 200
    assert bucket.s3.get_object(Bucket=bucket.name, Key="slow")["Body"].read() == b"abc"


@pytest.mark.parametrize("headers, version", [(b"connection: close\r\n", b"1.1"), (b"", b"1.0")])
def test_the_last_request_of_a_connection(connection, bucket, headers, version):
    bucket.s3.put_object(Bucket=bucket.name, Key="last", Body=b"bye")
    connection.send(bucket("GET", "last"), bucket("GET", "last", headers=headers, version=version))
    assert [connection.answer(), connection.answer()] == [(200, b"bye"), (200, b"bye")]
    assert connection.is_ended()


def test_a_client_may_say_that_nothing_more_comes(connection, bucket):
    bucket.s3.put_object(Bucket=bucket.name, Key="half", Body=b"closed")
    connection.send(bucket("GET", "half"))
    connection.socket.shutdown(socket.SHUT_WR)
    assert connection.answer() == (200, b"closed")
    assert connection.is_ended()


def test_what_is_no_request_ends_the_connection_after_the_answers(connection, bucket):
    bucket.s3.put_object(Bucket=bucket.name, Key="good", Body=b"good")
    connection.send(bucket("GET", "good"), b"this is no HTTP\r\n\r\n")
    assert connection.answer() == (200, b"good")
    assert connection.answer()[0] == 400
    assert connection.is_ended()


def test_a_client_that_goes_away_takes_nothing_with_it(yard, bucket):
    for _ in range(20):
        gone = Connection(yard)
        gone.send(bucket("PUT", "gone", b"x" * 1000), bucket("PUT", "half", b"x" * 500_000)[:100_000])
        gone.socket.close()
    assert yard.get("/_trainyard/health")[0] == 200


def test_headers_are_only_what_http_allows(connection, bucket):
    bucket.s3.put_object(Bucket=bucket.name, Key="said", Body=b"x")
    url = urlsplit(bucket.s3.generate_presigned_url("get_object", Params={
        "Bucket": bucket.name, "Key": "said", "ResponseContentLanguage": "de\r\nX-Evil: yes"}))
    connection.send(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(Kept(connection.stream))
    answer.begin()
    assert answer.headers["x-evil"] is None and answer.headers["content-language"].startswith("de")


def test_a_yard_that_stops_ends_its_connections(own_yard):
    fresh, idle = Connection(own_yard), Connection(own_yard)
    idle.send(b"GET /_trainyard/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert idle.answer()[0] == 200
    assert own_yard.stop() == 0
    assert idle.is_ended() and fresh.is_ended()
