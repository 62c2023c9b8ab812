"""What an event, an item, a branch or a sleeping execution costs, small and large: the cost must not grow with the number."""

import json
import tempfile
import time

from measure import Connection, arguments, table, trainyard
from transitions import chain, create, finish, mapping, start

SLEEPERS = 20000


def loop(count):
    """A machine that goes round `count` times: three states a round."""
    return {"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": count, "Next": "A"}], "Default": "E"},
        "E": {"Type": "Succeed"}}}


def parallel(count):
    branch = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    return {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [branch] * count}}}


# Title, the smaller and the larger number, the definition and the input for a number, and how many events one of them makes.
SHAPES = [
    ("events of a history", 2400, 24000, lambda n: (loop(n // 4), {"n": 0})),
    ("items of an inline Map", 500, 5000, lambda n: (mapping(), list(range(n)))),
    ("items of a distributed Map", 1000, 10000, lambda n: (distributed(), list(range(n)))),
    ("branches of a Parallel state", 100, 1000, lambda n: (parallel(n), {})),
]


def distributed():
    definition = mapping()
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return definition


def cost(binary, shape, count):
    """CPU microseconds and KiB of memory for each of `count`, on a server of its own; the best of three executions."""
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(binary, home + "/data")
        connection = Connection(server)
        finish(connection, start(connection, create(connection, chain())))
        definition, value = shape(count)
        machine, memory, times = create(connection, definition), server.memory(), []
        for _ in range(3):
            cpu = server.cpu_seconds()
            finish(connection, start(connection, machine, json.dumps(value)))
            times.append(server.cpu_seconds() - cpu)
        grown = server.memory() - memory
        server.stop()
    return min(times) * 1e6 / count, max(grown, 0) * 1024 / count


def sleepers(binary, count):
    """Bytes of memory and CPU of executions that wait, and how long a restart takes."""
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(binary, home + "/data")
        connection = Connection(server)
        machine = create(connection, {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86400, "End": True}}})
        for _ in range(1000):
            start(connection, machine)
        before = server.memory()
        for _ in range(count):
            start(connection, machine)
        time.sleep(1)
        grown, cpu = server.memory() - before, server.cpu_seconds()
        time.sleep(5)
        cpu = server.cpu_seconds() - cpu
        server.stop()
        again = trainyard(binary, home + "/data")
        seconds, memory = again.start_seconds, again.memory()
        again.stop()
    return (f"{count:,} executions in a Wait: {grown * (1 << 20) / count:,.0f} bytes of memory each, {cpu / 5 * 100:.1f} % CPU; "
            f"taken up {seconds:.2f} s after a restart, in {memory:.0f} MiB.")


def measure(options):
    rows = []
    for title, small, large, shape in SHAPES:
        (cpu, memory), (cpu_large, memory_large) = cost(options.binary, shape, small), cost(options.binary, shape, large)
        rows.append([title, f"{small:,} and {large:,}", f"{cpu:.1f} and {cpu_large:.1f} µs", f"{cpu_large / cpu:.2f}",
                     f"{memory:.1f} and {memory_large:.1f} KiB"])
    text = table(["what grows", "from, to", "server CPU for each", "ratio (bar: 2)", "memory for each"], rows)
    return text + "\n\n" + sleepers(options.binary, SLEEPERS) + "\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
