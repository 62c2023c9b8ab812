"""The pages say what is true."""

import subprocess
import sys

from conftest import BINARY, ROOT


def test_the_compatibility_page_is_what_the_binary_serves():
    subprocess.run([sys.executable, ROOT / "Tools/compatibility.py", "--binary", BINARY, "--check", ROOT / "Docs/compatibility.md"], check=True)


def test_every_command_explains_itself():
    for words in ([], ["start"], ["env"], ["run"], ["step"], ["step", "ingest"], ["step", "preprocess"], ["step", "evaluate"]):
        text = subprocess.run([BINARY, *words, "--help"], capture_output=True, text=True, check=True).stdout
        assert "USAGE: trainyard" in text and "OVERVIEW" in text
