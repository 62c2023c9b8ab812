"""All measurements in one run; with --write FILE as a page."""

import os
import platform
import sys
import time

import endpoint
import growth
import learner
import pipeline
import registry
import start
import transitions
from measure import arguments

if __name__ == "__main__":
    target = None
    if "--write" in sys.argv:
        at = sys.argv.index("--write")
        target = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    options = arguments(__doc__)
    parts = [
        "# Benchmarks\n\nWritten by `make bench`; what is measured and how stands in `Benchmarks/README.md`. Medians, minimum–maximum beside them.",
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release().split('-')[0]}; a shared, noisy machine: ratios matter.",
        "## The whole pipeline\n\n" + pipeline.measure(options),
        "## Start and idle memory\n\n" + start.measure(options),
        "## Endpoints\n\n" + endpoint.measure(options),
        "## Step Functions\n\n" + transitions.measure(options),
        "## Growth\n\n" + growth.measure(options),
        "## linear-learner\n\n" + learner.measure(options),
        "## The container registry\n\n" + registry.measure(options),
    ]
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    print(text)
    if target:
        with open(target, "w") as page:
            page.write(text)
