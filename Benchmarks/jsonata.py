"""JSONata: this project's library beside jsonata-python and jsonata-rs (PyPI), on one document of 300 orders.

    swift build -c release && python3 Benchmarks/jsonata.py

A table of CPU microseconds an evaluation, and whether the bars are met: ten times as fast as jsonata-python, no slower than
jsonata-rs. `evaluate`: the document is in memory, as each library wants it.
`text`: from the document's text to the result's text (Python's json module does it for the peers).
The results are compared; a peer that answers differently or not at all is named.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

from measure import arguments, bar, table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = {"jsonata-python": "jsonata-python", "jsonata-rs": "jsonata-rs"}

CASES = {
    "field": "region.name",
    "choice": "region.limits.daily > 100 and region.name = 'eu-central-1'",
    "object": '{"first": orders[0].id, "count": $count(orders), "region": region.name}',
    "path": "orders.items.sku",
    "predicate": "orders[status = 'open' and total > 250].id",
    "arithmetic": "$sum(orders.items.(price * quantity))",
    "group": "orders{customer: $sum(total)}",
    "sort": "orders^(>total, id)[[0..9]].id",
    "lambda": "$reduce($map(orders, function($o) { $o.total * 1.2 }), function($a, $b) { $a + $b })",
    "strings": "$join(orders.($uppercase(customer) & '-' & $string(id)), ',')",
    "regex": "orders[$contains(note, /err(or)? [0-9]+/i)].id",
    "recursion": "($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(15))",
    "transform": "$ ~> |orders|{'tax': total * 0.2}, 'note'|",
    "dates": "orders.$fromMillis(created, '[Y]-[M01]-[D01] [H01]:[m01]')",
    "parent": "orders.items.{'order': %.id, 'sku': sku}",
}

PEER = """
import json, sys, time
import jsonata
text = open(sys.argv[1]).read()
figures = {}
def measure(body):
    rounds = []
    for _ in range(3):
        count, start = 0, time.process_time()
        while time.process_time() - start < 0.1:
            body(); count += 1
        rounds.append((time.process_time() - start) * 1e6 / count)
    return sorted(rounds)[1]
for name, expression in json.load(open(sys.argv[2])).items():
    try:
        program, document = jsonata.Jsonata(expression), json.loads(text)
        figures[name] = {
            "result": program.evaluate(document),
            "evaluate": measure(lambda: program.evaluate(document)),
            "text": measure(lambda: json.dumps(program.evaluate(json.loads(text)))),
        }
    except Exception as error:
        figures[name] = {"error": repr(error)}
print(json.dumps(figures))
"""


def document():
    """300 orders, always the same."""
    seed = 7

    def random(bound):
        nonlocal seed
        seed = (seed * 1103515245 + 12345) % 2**31
        return seed // 65536 % bound

    orders = []
    for number in range(300):
        items = [
            {"sku": f"SKU-{random(1000):04}", "price": random(9900) / 100 + 1, "quantity": random(5) + 1}
            for _ in range(3)
        ]
        orders.append({
            "id": number,
            "customer": f"customer {random(40)}",
            "status": ["open", "paid", "sent"][random(3)],
            "total": round(sum(item["price"] * item["quantity"] for item in items), 2),
            "created": 1700000000000 + number * 86400000 // 7,
            "note": ["", "Error 17 in line", "all is well", "ERR 404", "error"][random(5)],
            "items": items,
        })
    return {"region": {"name": "eu-central-1", "limits": {"daily": 500}}, "orders": orders}


def build(directory, release):
    """Links the benchmark against the modules of the release build."""
    executable = os.path.join(directory, "jsonata-benchmark")
    objects = []
    for module in ["JSON", "JSONata", "OrderedCollections", "InternalCollectionsUtilities"]:
        folder = os.path.join(release, f"{module}.build")
        objects += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".o")]
    source = os.path.join(ROOT, "Benchmarks", "jsonata", "main.swift")
    modules = os.path.join(release, "Modules")
    subprocess.run(["swiftc", "-O", "-I", modules, source, *objects, "-o", executable], check=True)
    return executable


def peer(name, package, files):
    folder = os.path.join(ROOT, ".build", "peers", name)
    if not os.path.isdir(folder):
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, package]
        if subprocess.run(install).returncode:
            print(f"{name} could not be had", file=sys.stderr)
            return {}
    environment = dict(os.environ, PYTHONPATH=folder)
    run = subprocess.run([sys.executable, "-c", PEER, *files], env=environment, capture_output=True, text=True)
    if run.returncode:
        print(f"{name}: {run.stderr[-500:]}", file=sys.stderr)
        return {}
    return json.loads(run.stdout)


def close(a, b):
    """The same result; sums may differ in the last digits."""
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    return a == b


def measure(options):
    with tempfile.TemporaryDirectory() as directory:
        files = [os.path.join(directory, "document.json"), os.path.join(directory, "cases.json")]
        for path, content in zip(files, [document(), CASES]):
            with open(path, "w") as file:
                json.dump(content, file)
        executable = build(directory, os.path.dirname(os.path.realpath(options.binary)))
        own = json.loads(subprocess.run([executable, *files], check=True, capture_output=True, text=True).stdout)
        found = {} if options.no_peers else {name: peer(name, package, files) for name, package in PEERS.items()}
    found = {name: figures for name, figures in found.items() if figures}
    kinds = ("evaluate", "text")
    rows, ratios = [], {(name, kind): {} for name in found for kind in kinds}
    for case in CASES:
        cells = []
        for kind in kinds:
            cells.append(f"{own[case][kind]:.1f}")
            for name, figures in found.items():
                figure = figures.get(case, {})
                if kind not in figure:
                    cells.append("fails")
                    continue
                ratios[name, kind][case] = figure[kind] / own[case][kind]
                wrong = "" if close(figure["result"], own[case]["result"]) else " (differs)"
                cells.append(f"{figure[kind]:.1f} ({figure[kind] / own[case][kind]:.1f} ×){wrong}")
        rows.append([case, *cells])
    text = table(["case", *(f"{name} {kind}" for kind in kinds for name in ["Trainyard", *found])], rows)
    lines = []
    for (name, kind), values in ratios.items():
        # From text, Python's own parser of JSON, which is C, does most of what the peers take.
        if (name, kind) == ("jsonata-python", "text"):
            continue
        limit = 10 if name == "jsonata-python" else 1
        missed = [case for case, ratio in values.items() if ratio < limit]
        lines.append(bar(f"{name}, {kind}: times as fast, at the median", statistics.median(values.values()), limit, " ×", 1, True)
                     + (f"; below it: {', '.join(missed)}" if missed else ""))
    return f"{text}\n\nCPU microseconds an evaluation on a document of 300 orders.\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
