"""Executions side by side: chains of 100 Pass states, Maps over 1,000 items, single executions, starts."""

import json
import statistics
import tempfile
import threading
import time
import uuid

from measure import Connection, arguments, disk_sync_milliseconds, peers, spread, start_peer, table, trainyard

STATES = 100
ITEMS = 1000
CLIENTS = 8


def chain(count=STATES):
    states = {f"P{n}": {"Type": "Pass", "Next": f"P{n + 1}"} for n in range(count)}
    states[f"P{count - 1}"] = {"Type": "Pass", "End": True}
    return {"StartAt": "P0", "States": states}


def mapping(**fields):
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "End": True, "ItemProcessor": inner, **fields}}}


def create(connection, definition):
    return connection.states("CreateStateMachine", name=f"m{time.time_ns()}", definition=json.dumps(definition),
                             roleArn="arn:aws:iam::000000000000:role/r")["stateMachineArn"]


def start(connection, machine, value="{}"):
    return connection.states("StartExecution", stateMachineArn=machine, name=uuid.uuid4().hex, input=value)["executionArn"]


def finish(connection, execution):
    pause = 0.001
    while True:
        status = connection.states("DescribeExecution", executionArn=execution)["status"]
        if status != "RUNNING":
            assert status == "SUCCEEDED", status
            return
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def load(server, machine, value, executions):
    """What `executions` cost when `CLIENTS` start them together: executions a second, server CPU milliseconds an execution."""
    def client():
        own = Connection(server)
        begun = [start(own, machine, value) for _ in range(executions // CLIENTS)]
        for execution in begun:
            finish(own, execution)

    cpu, began = server.cpu_seconds(), time.perf_counter()
    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    done = executions // CLIENTS * CLIENTS
    return done / (time.perf_counter() - began), (server.cpu_seconds() - cpu) * 1000 / done


def measure_server(server, chains, maps):
    connection = Connection(server)
    machine = create(connection, chain())
    single, starts = [], []
    for _ in range(10):
        began = time.perf_counter()
        execution = start(connection, machine)
        starts.append((time.perf_counter() - began) * 1000)
        finish(connection, execution)
        single.append((time.perf_counter() - began) * 1000)
    rate, cpu = load(server, machine, "{}", chains)
    mapped, mapped_cpu = load(server, create(connection, mapping()), json.dumps(list(range(ITEMS))), maps)
    return {"single": statistics.median(single), "start": statistics.median(starts), "rate": rate * STATES, "cpu": cpu,
            "items": mapped * ITEMS, "map cpu": mapped_cpu}


def measure(options):
    found, missing = ({}, []) if options.no_peers else peers()
    figures, sync = {}, []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as home:
            sync.append(disk_sync_milliseconds(home))
            server = trainyard(options.binary, home + "/data")
            figures.setdefault(server.label, []).append(measure_server(server, 800, 40))
            server.stop()
        for name, binaries in found.items():
            server = start_peer(name, binaries)
            figures.setdefault(server.label, []).append(measure_server(server, 80, 8))
            server.stop()
    columns = [("transitions a second, 8 clients", "rate", "", 0), ("CPU an execution", "cpu", " ms", 2),
               ("one execution, start to SUCCEEDED", "single", " ms", 1), ("StartExecution", "start", " ms", 2),
               (f"Map of {ITEMS:,}: items a second", "items", "", 0), ("CPU an execution", "map cpu", " ms", 1)]
    rows = [[label, *(spread([f[key] for f in values], unit, digits) for _, key, unit, digits in columns)]
            for label, values in figures.items()]
    text = table(["server", *(title for title, *_ in columns)], rows)
    text += f"\n\nTrainyard commits each execution to disk; a small write and sync costs {spread(sync, ' ms', 2)} on this disk. The peers keep executions in memory."
    return text + (f" Could not be installed: {', '.join(missing)}." if missing else "") + \
        "\nThe clients are Python threads in one process and share a core with the server: the rates are lower bounds.\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
