"""Executions side by side: chains of 100 Pass states, Maps over 1,000 items, single executions, starts."""

import json
import statistics
import tempfile
import threading
import time
import uuid

from measure import Connection, arguments, bar, disk_sync_milliseconds, peers, spread, start_peer, table, trainyard

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


def finish(connection, execution, pause):
    """Looks at once, and then after each pause, until the execution has ended."""
    while True:
        status = connection.states("DescribeExecution", executionArn=execution)["status"]
        if status != "RUNNING":
            assert status == "SUCCEEDED", status
            return
        time.sleep(pause)


def load(server, machine, value, executions):
    """What `executions` cost when `CLIENTS` run them, each the next when its last has ended: executions a second, server CPU
    milliseconds an execution."""
    def client():
        own = Connection(server)
        for _ in range(executions // CLIENTS):
            finish(own, start(own, machine, value), 0.005)

    cpu, began = server.cpu_seconds(), time.perf_counter()
    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    done = executions // CLIENTS * CLIENTS
    return done / (time.perf_counter() - began), (server.cpu_seconds() - cpu) * 1000 / done


def measure_server(server, chains, maps, singles):
    connection = Connection(server)
    machine = create(connection, chain())
    finish(connection, start(connection, machine), 0.005)
    single, starts, looks = [], [], []
    for _ in range(singles):
        began = time.perf_counter()
        execution = start(connection, machine)
        starts.append(connection.seconds * 1000)
        finish(connection, execution, 0.0005)
        single.append((time.perf_counter() - began) * 1000)
        looks.append(connection.seconds * 1000)
    rate, cpu = load(server, machine, "{}", chains)
    mapped, mapped_cpu = load(server, create(connection, mapping()), json.dumps(list(range(ITEMS))), maps)
    return {"single": statistics.median(single), "start": statistics.median(starts),
            "look": statistics.median(looks), "rate": rate * STATES, "cpu": cpu,
            "items": mapped * ITEMS, "map cpu": mapped_cpu}


def bars(figures, sync):
    """Whether what was promised holds, beside the best of the peers of this run."""
    middle = lambda label, key: statistics.median(f[key] for f in figures[label])
    own = lambda key: middle("Trainyard", key)
    others = [label for label in figures if label != "Trainyard"]
    lines = [bar("one execution, start to SUCCEEDED (5 ms and two syncs)", own("single"), 5 + 2 * sync, " ms"),
             bar("StartExecution (1.5 syncs)", own("start"), 1.5 * sync, " ms")]
    if others:
        best = lambda key, choose: choose(middle(label, key) for label in others)
        lines += [bar("transitions a second (10 × the best peer)", own("rate"), 10 * best("rate", max), "", 0, True),
                  bar("CPU an execution (1/15 of the best peer)", own("cpu"), best("cpu", min) / 15, " ms"),
                  bar("Map: items a second (15 × the best peer)", own("items"), 15 * best("items", max), "", 0, True),
                  bar("Map: CPU an execution (1/15 of the best peer)", own("map cpu"), best("map cpu", min) / 15, " ms", 1)]
    return "\n".join(lines)


def measure(options):
    found, missing = ({}, []) if options.no_peers else peers()
    figures, sync = {}, []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as home:
            sync.append(disk_sync_milliseconds(home))
            server = trainyard(options.binary, home + "/data")
            figures.setdefault(server.label, []).append(measure_server(server, 4800, 400, 50))
            server.stop()
        for name, binaries in found.items():
            server = start_peer(name, binaries)
            figures.setdefault(server.label, []).append(measure_server(server, 160, 16, 5))
            server.stop()
    columns = [("transitions a second, 8 clients", "rate", "", 0), ("CPU an execution", "cpu", " ms", 2),
               ("one execution, start to SUCCEEDED", "single", " ms", 1), ("StartExecution", "start", " ms", 2),
               ("DescribeExecution", "look", " ms", 2),
               (f"Map of {ITEMS:,}: items a second", "items", "", 0), ("CPU an execution", "map cpu", " ms", 1)]
    rows = [[label, *(spread([f[key] for f in values], unit, digits) for _, key, unit, digits in columns)]
            for label, values in figures.items()]
    text = table(["server", *(title for title, *_ in columns)], rows)
    text += f"\n\nTrainyard commits each execution to disk; a small write and sync costs {spread(sync, ' ms', 2)} on this disk. The peers keep executions in memory."
    text += f" Could not be installed: {', '.join(missing)}." if missing else ""
    text += "\nEach of the 8 clients runs one execution after the other and looks every 5 ms whether it has ended. They are Python threads\nin one process and share the cores with the server: the rates are lower bounds."
    return text + "\n\n" + bars(figures, statistics.median(sync)) + "\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
