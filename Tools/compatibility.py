"""Writes Docs/compatibility.md: every operation the binary serves, as it says itself, and the assumptions made.

usage: compatibility.py --binary PATH [--write FILE | --check FILE]
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
TITLES = {"s3": "Amazon S3", "lambda": "AWS Lambda", "ecr": "Amazon ECR", "ecr-public": "Amazon ECR Public", "sagemaker": "Amazon SageMaker",
          "sagemaker-runtime": "Amazon SageMaker Runtime", "sagemaker-metrics": "Amazon SageMaker Metrics", "states": "AWS Step Functions",
          "logs": "Amazon CloudWatch Logs", "iam": "AWS IAM", "sts": "AWS STS", "cloudformation": "AWS CloudFormation",
          "events": "Amazon EventBridge", "elasticmapreduce": "Amazon EMR", "emr-serverless": "Amazon EMR Serverless"}


def served(binary):
    """Service to operation names, asked of the running binary."""
    with tempfile.TemporaryDirectory() as home:
        yard = subprocess.Popen([binary, "start", "--port", "0", "--data-dir", home + "/data"], stderr=subprocess.PIPE, text=True)
        try:
            for line in yard.stderr:
                if found := re.search(r"http://[^\s)]+", line) if "ready" in line else None:
                    with urllib.request.urlopen(found[0].rstrip("/") + "/_trainyard/health") as answer:
                        return json.load(answer)["services"]
        finally:
            yard.terminate()
            yard.wait()
    raise SystemExit("the yard did not start")


def page(operations):
    parts = ["# Compatibility\n\nWritten by `make docs` from what the binary answers to; not edited by hand.\n",
             "An operation that is not listed is answered with status 501 and its name. Identity policies (IAM) are stored but "
             "not enforced yet; bucket policies are evaluated.\n",
             "| service | operations served |\n|---|---|"]
    for service in sorted(operations, key=lambda name: TITLES.get(name, name)):
        parts.append(f"| {TITLES.get(service, service)} | {len(operations[service])} |")
    for service in sorted(operations, key=lambda name: TITLES.get(name, name)):
        parts.append(f"\n## {TITLES.get(service, service)}\n\n" + ", ".join(f"`{name}`" for name in sorted(operations[service])))
    parts.append("\n# Assumptions\n\nWhere AWS's behaviour could not be learnt, this is what Trainyard does.")
    for source in sorted((ROOT / "Docs/assumptions").glob("*.md")):
        lines = source.read_text().strip().splitlines()
        title = lines[0].lstrip("# ") if lines and lines[0].startswith("#") else source.stem
        body = lines[1:] if lines and lines[0].startswith("#") else lines
        parts.append(f"\n## {title}\n\n" + "\n".join(re.sub(r"^(#+) ", r"##\1 ", line) for line in body).strip())
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    options = parser.parse_args()
    text = page(served(options.binary))
    if options.check:
        if options.check.read_text() != text:
            sys.exit(f"{options.check} is not what the binary serves: run `make docs`")
    elif options.write:
        options.write.write_text(text)
    else:
        print(text, end="")
