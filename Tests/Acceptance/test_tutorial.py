"""The tutorial's commands, typed unchanged, where its replay lies beside the checkout."""

import json
import subprocess
import sys

import pytest

from conftest import ROOT, Yard

REPLAY = ROOT.parent / "shared/article/replay/replay.py"
PROMISED = ["0", "1", "2a1", "2a2", "2a9", "2b1", "2b2", "2b3", "2b4", "2b5", "2b6", "2b7", "2c1", "2c2", "2c3", "2c4",
            "2c5", "2c6", "2c7", "3a", "3b", "3c", "3d", "5a", "5b", "5d", "5f", "5g"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    if not REPLAY.exists():
        pytest.skip("the tutorial's replay is not beside this checkout")
    directory = tmp_path_factory.mktemp("tutorial")
    yard = Yard(directory)
    try:
        subprocess.run([sys.executable, str(REPLAY), "--endpoint", yard.endpoint, "--out", str(directory / "rows.json")],
                       stdout=subprocess.DEVNULL, timeout=900)
    finally:
        yard.stop()
    return {row["id"]: row for row in json.loads((directory / "rows.json").read_text())["rows"]}


@pytest.mark.parametrize("row", PROMISED)
def test_row_works(rows, row):
    assert rows[row]["verdict"] == "works", rows[row]["note"]
