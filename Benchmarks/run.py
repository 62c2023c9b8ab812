"""All measurements in one run; with --write FILE as a page. --only pipeline,start measures those alone and leaves the
page's other sections as they were."""

import os
import platform
import re
import sys
import time
from pathlib import Path

import endpoint
import growth
import jobs
import jsonata
import learner
import pipeline
import registry
import start
import transitions
from measure import arguments

SECTIONS = {
    "pipeline": ("The whole pipeline", pipeline.measure),
    "start": ("Start and idle memory", start.measure),
    "endpoint": ("Endpoints", endpoint.measure),
    "jobs": ("Starting jobs", jobs.measure),
    "transitions": ("Step Functions", transitions.measure),
    "growth": ("Growth", growth.measure),
    "jsonata": ("JSONata", jsonata.measure),
    "learner": ("linear-learner", learner.measure),
    "registry": ("The container registry", registry.measure),
}
INTRODUCTION = """# Benchmarks

Written by `make bench`; what is measured and how stands in `Benchmarks/README.md`. Medians, minimum–maximum beside them; a
shared, noisy machine: ratios matter."""


def take(option, default=None):
    """The value of an option that is ours and not `measure`'s; it is taken out of the arguments."""
    if option not in sys.argv:
        return default
    at = sys.argv.index(option)
    value = sys.argv[at + 1]
    del sys.argv[at:at + 2]
    return value


def written(page):
    """The sections that a page has, by their titles."""
    if not page or not Path(page).exists():
        return {}
    parts = re.split(r"^## (.+)\n", Path(page).read_text(), flags=re.M)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2])))


def measured(name, measure, options):
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release().split('-')[0]}"
    return f"{time.strftime('%Y-%m-%d')}, {machine}.\n\n{measure(options).strip()}"


if __name__ == "__main__":
    target = take("--write")
    wanted = take("--only", ",".join(SECTIONS)).split(",")
    options = arguments(__doc__)
    texts = written(target)
    for name, (title, measure) in SECTIONS.items():
        if name in wanted:
            texts[title] = measured(name, measure, options)
            print(f"## {title}\n\n{texts[title]}\n", flush=True)
    if target:
        known = [title for title, _ in SECTIONS.values() if title in texts]
        Path(target).write_text("\n\n".join([INTRODUCTION, *(f"## {title}\n\n{texts[title]}" for title in known)]) + "\n")
