"""What an event, an item, a branch or a sleeping execution costs, small and large: the cost must not grow with the number;
and whether executions that run together get on alike."""

import json
import socket
import statistics
import tempfile
import threading
import time

from measure import Connection, arguments, table, trainyard
from transitions import chain, create, finish, mapping, start

SLEEPERS = 100000
CROWD = 10000


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
    ("items of an inline Map", 600, 6000, lambda n: (mapping(), list(range(n)))),
    ("items of a distributed Map", 1000, 10000, lambda n: (distributed(), list(range(n)))),
    ("branches of a Parallel state", 100, 1000, lambda n: (parallel(n), {})),
]


def distributed():
    definition = mapping()
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return definition


def cost(binary, shape, count):
    """CPU microseconds for each of `count`, and KiB of memory at the peak of one execution, on a server of its own."""
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(binary, home + "/data")
        connection = Connection(server)
        finish(connection, start(connection, create(connection, chain())))
        definition, value = shape(count)
        machine, value = create(connection, definition), json.dumps(value)
        memory = server.memory()
        server.forget_peak()
        finish(connection, start(connection, machine, value))
        grown = server.peak_memory() - memory
        # The kernel counts CPU in hundredths of a second: the small ones are run often enough for that.
        times = max(3, 30000 // count)
        cpu = server.cpu_seconds()
        for _ in range(times):
            finish(connection, start(connection, machine, value))
        cpu = (server.cpu_seconds() - cpu) / times
        server.stop()
    return cpu * 1e6 / count, max(grown, 0) * 1024 / count


def start_together(server, machine, count, value="{}"):
    """Starts executions as fast as the server (started with --open) takes them: requests one behind the other on eight
    connections, not signed, so that Python is not what is measured."""
    body = json.dumps({"stateMachineArn": machine, "input": value}).encode()
    request = (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AWSStepFunctions.StartExecution\r\n"
               b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n" % len(body)) + body

    def client(count):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            for batch in [50] * (count // 50) + [count % 50] * (count % 50 > 0):
                connection.sendall(request * batch)
                answers = b""
                while answers.count(b'"executionArn"') < batch or not answers.endswith(b"}"):
                    received = connection.recv(1 << 16)
                    if not received or b"HTTP/1.1 4" in received or b"HTTP/1.1 5" in received:
                        raise SystemExit(f"StartExecution: {received[:300]}")
                    answers += received

    clients = [threading.Thread(target=client, args=(count // 8 + (n < count % 8),)) for n in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()


def sleepers(binary, count):
    """Bytes of memory and CPU of executions that wait, and how long a restart takes."""
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(binary, home + "/data", "--open")
        connection = Connection(server)
        machine = create(connection, {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86400, "End": True}}})
        start_together(server, machine, 1000)
        time.sleep(1)
        before, began = server.memory(), time.perf_counter()
        start_together(server, machine, count)
        seconds = time.perf_counter() - began
        time.sleep(2)
        grown, cpu = server.memory() - before, server.cpu_seconds()
        time.sleep(5)
        cpu = server.cpu_seconds() - cpu
        server.stop()
        again = trainyard(binary, home + "/data")
        restart, memory = again.start_seconds, again.memory()
        again.stop()
    return (f"{count:,} executions in a Wait, started at {count / seconds:,.0f} a second: {grown * (1 << 20) / count:,.0f} bytes of "
            f"memory each, {cpu / 5 * 100:.1f} % CPU; taken up {restart:.2f} s after a restart, in {memory:.0f} MiB.")


def crowd(binary, count):
    """Equal executions that go on at one moment, and one small one that comes after them."""
    call = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:listActivities", "Parameters": {"MaxResults": 1}}
    steps = {"W": {"Type": "Wait", "TimestampPath": "$.moment", "Next": "T0"},
             **{f"T{n}": {**call, "Next": f"T{n + 1}"} for n in range(2)}, "T2": {**call, "End": True}}
    with tempfile.TemporaryDirectory() as home:
        server = trainyard(binary, home + "/data", "--open")
        connection = Connection(server)
        machine = create(connection, {"StartAt": "W", "States": steps})
        small = create(connection, {"StartAt": "T", "States": {"T": {**call, "End": True}}})
        began = time.perf_counter()
        start_together(server, small, 500)
        # Long enough for all to be started, which takes as long as the machine is busy.
        moment = int(time.time() + 6 + 3 * count * (time.perf_counter() - began) / 500)
        value = json.dumps({"moment": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))})
        start_together(server, machine, count, value)
        assert time.time() < moment, "the executions could not be started in time"
        time.sleep(moment - time.time())
        newcomers = []
        while not newcomers or executions(connection, machine, "RUNNING", most=1):
            began = time.perf_counter()
            finish(connection, start(connection, small))
            newcomers.append(time.perf_counter() - began)
            time.sleep(0.1)
        ends = sorted(execution["stopDate"] - moment for execution in executions(connection, machine, "SUCCEEDED", count))
        server.stop()
    assert len(ends) == count, f"{len(ends)} of {count} succeeded"
    return (f"{count:,} equal executions of three tasks that go on at one moment: the first ended after {ends[0]:.2f} s, half after "
            f"{ends[count // 2]:.2f} s, 99 % after {ends[count * 99 // 100]:.2f} s, the last after {ends[-1]:.2f} s. Small ones of one task started "
            f"meanwhile took {statistics.median(newcomers):.3f} s, at most {max(newcomers):.3f} s.")


def executions(connection, machine, status, most):
    """The machine's executions of that status."""
    found, page = [], {}
    while len(found) < most:
        page = connection.states("ListExecutions", stateMachineArn=machine, statusFilter=status, maxResults=min(most, 1000),
                                 **({"nextToken": page["nextToken"]} if page.get("nextToken") else {}))
        found += page["executions"]
        if not page.get("nextToken"):
            break
    return found


def measure(options):
    rows = []
    for title, small, large, shape in SHAPES:
        (cpu, memory), (cpu_large, memory_large) = cost(options.binary, shape, small), cost(options.binary, shape, large)
        ratio = cpu_large / cpu
        rows.append([title, f"{small:,} and {large:,}", f"{cpu:.1f} and {cpu_large:.1f} µs",
                     f"{ratio:.2f}, {'met' if ratio <= 2 else '**missed**'}", f"{memory:.1f} and {memory_large:.1f} KiB"])
    text = table(["what grows", "from, to", "server CPU for each", "ratio (bar: 2)", "memory for each at the peak"], rows)
    return f"{text}\n\n{sleepers(options.binary, SLEEPERS)}\n\n{crowd(options.binary, CROWD)}\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
