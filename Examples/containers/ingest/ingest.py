"""Fetches the data set and puts it under the run's own key."""

import urllib.parse
import urllib.request

import boto3

s3 = boto3.client("s3")


def lambda_handler(event, context):
    """event: source (https://… or s3://…), bucket, key. Returns where the data is and how many rows it has."""
    data = fetch(event["source"])
    rows = [line for line in data.splitlines() if line.strip()]
    if not rows or any(line.count(b",") != rows[0].count(b",") for line in rows):
        raise ValueError(f"{event['source']} is not a CSV file: its lines differ in the number of fields")
    s3.put_object(Bucket=event["bucket"], Key=event["key"], Body=data, ContentType="text/csv")
    return {"uri": f"s3://{event['bucket']}/{event['key']}", "rows": len(rows)}


def fetch(source):
    address = urllib.parse.urlsplit(source)
    if address.scheme == "s3":
        return s3.get_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["Body"].read()
    if address.scheme not in ("http", "https"):
        raise ValueError(f"source must be an http(s) or s3 address, not {source!r}")
    with urllib.request.urlopen(source, timeout=30) as response:  # an HTTP error raises
        return response.read()
