"""Executions of 100 Pass states: transitions a second with 8 clients, server CPU, one execution's latency."""

import statistics
import tempfile
import threading
import time
import uuid

from measure import Connection, arguments, disk_sync_milliseconds, peers, spread, start_peer, table, trainyard

STATES = 100
CLIENTS = 8


def chain():
    import json
    states = {f"P{n}": {"Type": "Pass", "Next": f"P{n + 1}"} for n in range(STATES)}
    states[f"P{STATES - 1}"] = {"Type": "Pass", "End": True}
    return json.dumps({"StartAt": "P0", "States": states})


def finish(connection, execution):
    pause = 0.001
    while True:
        status = connection.states("DescribeExecution", executionArn=execution)["status"]
        if status != "RUNNING":
            assert status == "SUCCEEDED", status
            return
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def measure_server(server, executions):
    connection = Connection(server)
    machine = connection.states("CreateStateMachine", name=f"chain{time.time_ns()}", definition=chain(),
                                roleArn="arn:aws:iam::000000000000:role/r")["stateMachineArn"]
    single = []
    for _ in range(10):
        started = time.perf_counter()
        finish(connection, connection.states("StartExecution", stateMachineArn=machine, name=uuid.uuid4().hex, input="{}")["executionArn"])
        single.append((time.perf_counter() - started) * 1000)

    def client():
        own = Connection(server)
        begun = [own.states("StartExecution", stateMachineArn=machine, name=uuid.uuid4().hex, input="{}")["executionArn"] for _ in range(executions // CLIENTS)]
        for execution in begun:
            finish(own, execution)

    cpu, started = server.cpu_seconds(), time.perf_counter()
    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    seconds = time.perf_counter() - started
    done = executions // CLIENTS * CLIENTS
    return {"single": statistics.median(single), "rate": done * STATES / seconds, "cpu": (server.cpu_seconds() - cpu) * 1000 / done}


def measure(options):
    found, missing = ({}, []) if options.no_peers else peers()
    figures, sync = {}, []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as home:
            sync.append(disk_sync_milliseconds(home))
            server = trainyard(options.binary, home + "/data")
            figures.setdefault(server.label, []).append(measure_server(server, 800))
            server.stop()
        for name, binaries in found.items():
            server = start_peer(name, binaries)
            figures.setdefault(server.label, []).append(measure_server(server, 80))
            server.stop()
    rows = [[label, spread([f["rate"] for f in values], digits=0), spread([f["cpu"] for f in values], " ms", 2),
             spread([f["single"] for f in values], " ms", 1)] for label, values in figures.items()]
    text = table(["server", "transitions a second, 8 clients", "server CPU an execution", "one execution, start to SUCCEEDED"], rows)
    text += f"\n\nTrainyard commits each execution to disk; a small write and sync costs {spread(sync, ' ms', 2)} on this disk. The peers keep executions in memory."
    return text + (f" Could not be installed: {', '.join(missing)}." if missing else "") + \
        "\nThe clients are Python threads in one process and share a core with the server: the rate is a lower bound.\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
