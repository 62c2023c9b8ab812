"""Cases recorded from AWS, where they lie beside the checkout: none that `conformance.txt` names may fail any more.

After a change that makes more of them pass: TRAINYARD_CONFORMANCE=write pytest Tests/Acceptance/test_conformance.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Yard

CASES = ROOT.parent / "shared/conformance"
BASELINE = Path(__file__).with_name("conformance.txt")
PASSED = ("pass", "reordered")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    if not (CASES / "check.py").exists():
        pytest.skip("the recorded cases are not beside this checkout")
    directory = tmp_path_factory.mktemp("conformance")
    yard, out = Yard(directory), directory / "verdicts.json"
    try:
        subprocess.run([sys.executable, str(CASES / "check.py"), "--endpoint", yard.endpoint, "--cases", str(CASES / "stepfunctions"),
                        "--jobs", "8", "--json", str(out)], stdout=subprocess.DEVNULL, timeout=900, check=True)
    finally:
        yard.stop()
    return json.loads(out.read_text())["cases"]


def test_what_agreed_with_aws_still_does(verdicts):
    passing = {case for case, result in verdicts.items() if result["verdict"] in PASSED}
    if os.environ.get("TRAINYARD_CONFORMANCE") == "write":
        BASELINE.write_text("".join(f"{case}\n" for case in sorted(passing)))
    expected = set(BASELINE.read_text().split())
    print(f"{len(passing)} of {len(verdicts)} recorded cases pass, {len(expected)} are expected to")
    lost = {case: verdicts.get(case, {}).get("diff", "gone")[:3] for case in sorted(expected - passing)}
    assert not lost, json.dumps(lost, indent=1)


def test_event_patterns_match_as_on_aws(tmp_path):
    if not (CASES / "check.py").exists():
        pytest.skip("the recorded cases are not beside this checkout")
    yard = Yard(tmp_path)
    try:
        run = subprocess.run([sys.executable, str(CASES / "check.py"), "--endpoint", yard.endpoint, "--cases", str(CASES / "events"), "-v"],
                             capture_output=True, text=True, timeout=60)
    finally:
        yard.stop()
    assert " 0 failed" in run.stdout, run.stdout
