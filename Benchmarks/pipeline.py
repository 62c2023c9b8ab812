"""The whole pipeline as one process, beside the plain Python script that only preprocesses."""

import shutil
import statistics
import sys
import tempfile

from measure import ROOT, arguments, process, spread, table


def measure(options):
    script = [sys.executable, str(ROOT / "Examples/iris/jobs/preprocess.py"), "--input-data", str(ROOT / "Examples/iris/data/iris.data")]
    figures = {"script": [], "fresh": [], "again": []}
    for turn in range(options.runs + 1):
        with tempfile.TemporaryDirectory() as home:
            run = [options.binary, "run", str(ROOT / "Examples/iris-swift"), "--data-dir", home + "/data"]
            taken = {"script": process(script + ["--output-data", home]), "fresh": process(run), "again": process(run)}
            if turn:  # the first warms the caches
                for name, figure in taken.items():
                    figures[name].append(figure)
    rows = [[title] + [spread([f[kind] for f in figures[name]], unit, digits) for kind, unit, digits in
                       (("wall", " s", 3), ("cpu", " s", 3), ("memory", " MiB", 0))]
            for name, title in (("script", "`python3 preprocess.py` (the script alone)"),
                                ("fresh", "`trainyard run Examples/iris-swift`, fresh data directory"),
                                ("again", "the same, second run"))]
    ratio = statistics.median(f["wall"] / s["wall"] for f, s in zip(figures["fresh"], figures["script"]))
    text = table(["whole process", "wall", "CPU with children", "largest process"], rows)
    text += f"\n\nFresh run to script, wall clock, pair by pair: {ratio:.2f} (bar: at most 0.20).\n"
    return text + python_example(options)


def python_example(options):
    """What `Examples/iris` adds to the time that its own Python spends: the scripts timed alone, then the whole run."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as home:
        run = [options.binary, "run", str(ROOT / "Examples/iris"), "--data-dir", home + "/data"]
        process(run, TRAINYARD_PYTHON=python)
        added = []
        for _ in range(options.runs):
            whole = process(run, TRAINYARD_PYTHON=python)["wall"]
            shutil.rmtree(home + "/alone", ignore_errors=True)
            alone = process([python, str(ROOT / "Examples/iris/jobs/preprocess.py"), "--input-data", str(ROOT / "Examples/iris/data/iris.data"),
                             "--output-data", home + "/alone"])["wall"]
            alone += process([python, "-c", "import boto3; boto3.client('s3')"])["wall"]
            alone += process([python, "-c", "import json, struct, tarfile, zipfile, numpy, pandas, sklearn.metrics"])["wall"]
            added.append((whole - alone) * 1000)
    return f"\n`Examples/iris`, second run, over its own Python's time: {spread(added, ' ms', 0)} (bar: at most 300 ms).\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
