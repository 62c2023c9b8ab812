"""From starting the process to the first S3 answer, and memory when idle."""

import tempfile
import time

from measure import arguments, peers, spread, start_peer, table, trainyard


def measure(options):
    found, missing = ({}, []) if options.no_peers else peers()
    figures = {}
    for turn in range(options.runs):
        with tempfile.TemporaryDirectory() as home:
            take(trainyard(options.binary, home + "/data"), figures)
        if turn < 3:
            for name, binaries in found.items():
                take(start_peer(name, binaries), figures)
    rows = [[label, spread([s * 1000 for s, _ in values], " ms", 0), spread([m for _, m in values], " MiB", 0)]
            for label, values in figures.items()]
    text = table(["server", "start to first S3 answer", "idle memory"], rows)
    return text + "\n\nBars: 50 ms, 30 MiB." + (f" Could not be installed: {', '.join(missing)}." if missing else "")


def take(server, figures):
    time.sleep(1)  # idle is measured after what start-up left running has settled
    figures.setdefault(server.label, []).append((server.start_seconds, server.memory()))
    server.stop()


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
